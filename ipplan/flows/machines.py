"""Find the ends of flows: a machine with an address for the text that people type, or for a network."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ipplan.addresses import AddressError, Prefix, parse_address, parse_prefix
from ipplan.flows.model import FlowError, Machine
from ipplan.landscape.edge_addresses import on_transit
from ipplan.landscape.ends import BEHIND, TRANSIT, End
from ipplan.landscape.holders import find_named, gateway_address, machines, name_at, pick, worker_addresses
from ipplan.landscape.model import HostAddress
from ipplan.plan import names
from ipplan.plan.service import HELP

if TYPE_CHECKING:
    from ipplan.flows.model import Domain
    from ipplan.landscape import Landscape
    from ipplan.plan.model import Network, Plan

_INTERNET = HostAddress(4, parse_address("198.51.100.10")[1], example=True)
"""A host on the internet: documentation space (RFC 5737), always an example."""
_INTERNET_6 = HostAddress(6, parse_address("2001:db8::10")[1], example=True)
"""The same for IPv6 (RFC 3849)."""
_IBM_DNS = HostAddress(4, parse_address("161.26.0.10")[1], name="dns")
"""IBM Cloud's private DNS (ibm-cloud-docs/vpc vpc-endpoints.md, 2026-06-26)."""
_IBM_NTP = HostAddress(4, parse_address("161.26.0.6")[1], name="ntp")
"""IBM Cloud's private NTP (the same page)."""
NOT_ON_THE_INTERNET = tuple(
    map(
        parse_prefix,
        (
            "10.0.0.0/8",
            "172.16.0.0/12",
            "192.168.0.0/16",
            "100.64.0.0/10",
            "0.0.0.0/8",
            "127.0.0.0/8",
            "169.254.0.0/16",
            "224.0.0.0/3",
        ),
    )
)
"""IPv4 space without hosts on the internet (RFC 1918, 6598, 1122, 3927, 1112): private, or not a valid destination."""


def is_public(address: HostAddress) -> bool:
    """Return whether a host on the internet may have an address."""
    own = address.prefix
    if own is None:
        return True
    if own.version == 6:
        return own.first >> 125 == 1
    return not any(block.covers(own) for block in NOT_ON_THE_INTERNET)


def domain_of(network: Network) -> Domain:
    """Return the domain of a network."""
    kind = network.kind
    if kind.internal:
        return "iks" if kind.platform == "iks" else "icp"
    if kind.public is not None:
        return "ibm-public" if kind.public else "ibm-private"
    return "enterprise" if kind.provider == "enterprise" else "overlay"


def machine_in(landscape: Landscape, network: Network, address: HostAddress | None = None) -> Machine:
    """Return a machine of a network: one that the plan names, else an example. Raises FlowError without a range."""
    if network.prefix is None:
        raise FlowError(
            f"{network.name} has no range yet",
            "order it from IBM Cloud, or run ipplan allocate PLAN --write"
            if network.kind.provider == "ibm"
            else "run ipplan allocate PLAN --write",
        )
    ends = landscape.ends
    end: End | None = None
    if network.kind.platform is not None:
        end = End("iks" if network.kind.platform == "iks" else "icp", network.cluster)
    elif network.kind.provider == "enterprise":
        end = ends.site_of(network)
    elif network.kind.name in (*BEHIND, TRANSIT):
        end = ends.edge_of(network)
    if address is None:
        address = _example(network)
    return Machine(domain_of(network), network, address, end)


def _example(network: Network) -> HostAddress:
    """Return an address for a network: its ESG, ingress, first worker or VM as exports write it, else a free one.

    Skip VMs that serve others, such as a DNS server: these have names of their own on the command line.
    """
    if network.kind.role == "esg":
        return pick(network, *names.UPLINK)
    if network.kind.role == "ingress":
        return pick(network, *names.INGRESS)
    if network.kind.name == TRANSIT:
        return on_transit([network], names.TRANSIT_ESG, 0) or pick(network)
    own = []
    if network.kind.role == "worker":
        own = worker_addresses(None, [network])
    elif network.kind.name == "vcs-vm":
        own = [a for a in machines(network) if a.name not in names.SERVICES]
    return own[0] if own else pick(network)


def internet(version: int = 4) -> Machine:
    """Return a host on the internet, which has an address of each IP version."""
    return Machine("internet", None, _INTERNET if version == 4 else _INTERNET_6)


def find_machine(landscape: Landscape, text: str) -> Machine:
    """Return the machine for a text; raise FlowError.

    The text is the name of a network; "internet"; an address, which belongs to the smallest network that holds it;
    NETWORK@ADDRESS, which distinguishes equal ranges; NETWORK.NAME, a named address; dns, ntp or web-proxy. An address
    in no network belongs to a service of IBM Cloud or to the internet.
    """
    if text == "internet":
        return internet()
    networks = {n.name: n for n in reversed(landscape.ends.networks)}
    if text in networks:
        return machine_in(landscape, networks[text])
    if text in names.SERVICES:
        return _service(landscape, text)
    name, at, rest = text.rpartition("@")
    if at and name in networks:
        return _at(landscape, networks[name], rest)
    name, dot, rest = text.rpartition(".")
    if dot and name in networks and (found := find_named(networks[name], rest)) is not None:
        return machine_in(landscape, networks[name], found)
    whole = landscape.plan.whole
    if whole is not None:
        _refuse_retired(whole, text)
    try:
        version, value = parse_address(text)
    except AddressError:
        from ipplan.plan.problems import nearest

        near = nearest(text, networks)
        raise FlowError(
            f"{text[:80]!r} is neither a network of the plan nor an address", near and f"did you mean {near}?"
        ) from None
    return _by_address(landscape, HostAddress(version, value))


def _refuse_retired(whole: Plan, text: str) -> None:
    """Raise FlowError where the text names a retired network, in any of its forms."""
    names = (text, text.rpartition("@")[0], text.rpartition(".")[0])
    for words in (whole.retired.words("network", name) for name in names):
        if words is not None:
            raise FlowError(words, HELP)


def _service(landscape: Landscape, name: str) -> Machine:
    """Return the machine with this name in a management or VM network, else that of IBM Cloud."""
    for kind in ("vcs-management", "vcs-vm"):
        for network in landscape.ends.by_kind[kind]:
            found = find_named(network, name)
            if found is not None:
                return machine_in(landscape, network, found)
    if name == "web-proxy":
        raise FlowError(
            "no network of the plan names a web-proxy",
            "write addresses = { web-proxy = 10 } in a network of kind vcs-management or vcs-vm",
        )
    return Machine("ibm-services", None, _IBM_DNS if name == "dns" else _IBM_NTP)


def _at(landscape: Landscape, network: Network, text: str) -> Machine:
    try:
        version, value = parse_address(text)
    except AddressError as error:
        raise FlowError(f"{text[:80]!r} after {network.name}@ is not a valid address: {error}") from None
    machine = machine_in(landscape, network)
    prefix = network.prefix
    if prefix is None or not prefix.covers(_host(version, value)):
        raise FlowError(f"{network.name} {prefix} does not hold {text}", "name an address in it")
    return machine._replace(address=_named_at(network, version, value))


def _named_at(network: Network, version: int, value: int) -> HostAddress:
    name = name_at(network, value)
    gateway = gateway_address(network)
    if name is None and not network.kind.internal and gateway.value == value:
        name = "gateway"
    return HostAddress(version, value, network.name, name)


def _host(version: int, value: int) -> Prefix:
    return Prefix(version, value, 32 if version == 4 else 128)


def _by_address(landscape: Landscape, address: HostAddress) -> Machine:
    assert address.value is not None
    own = _host(address.version, address.value)
    holding = [n for n in landscape.ends.networks if n.prefix is not None and n.prefix.covers(own)]
    if holding:
        network = max(holding, key=lambda n: n.prefix.length if n.prefix is not None else 0)
        return machine_in(landscape, network, _named_at(network, address.version, address.value))
    whole = landscape.plan.whole
    if whole is not None:
        for network in whole.ranges():
            if network.prefix is not None and network.prefix.covers(own):
                words = whole.retired.words("network", network.name)
                raise FlowError(f"{address} is in {network.prefix}, and {words}", HELP)
    if any(r.category.scope == "service" for r in landscape.catalog.overlapping(own)) or (
        any(p.covers(own) for p in landscape.classic) and is_public(address)
    ):
        return Machine("ibm-services", None, address)
    if is_public(address):
        return Machine("internet", None, address)
    raise FlowError(f"no network of the plan holds {address}", "name a network, or an address in one")
