"""Traffic flows, hop by hop, with the addresses of the plan: the five documented ones, and any other pair.

A flow is a walk along the ways of the topology. Each piece of the walk is written once, so a documented flow and
any other pair pass the same devices. Knows nothing of outputs, and places no network.

Source of the steps: IBM Cloud docs, vmware-solutions, "Integration, IP addressing, and network flows", 2018-11-20.
"""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Literal, NamedTuple

from ipplan.addresses import format_address
from ipplan.plan import names
from ipplan.plan.model import INTEGRATION
from ipplan.plan.sizing import first_usable, last_usable
from ipplan.topology import SITES, choice, find_path, list_ways, sees, site_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from ipplan.addresses import Prefix
    from ipplan.plan.model import Network, Plan
    from ipplan.topology import Choice, Site, Way

Action = Literal[
    "request", "dns", "forward", "route", "snat", "dnat", "service", "ip-in-ip", "vxlan", "ipsec", "l2-extension",
    "deliver", "reply",
]  # fmt: skip
_INTERNET = "198.51.100.10"
"""Stands for a host on the internet: documentation space (RFC 5737), always an example."""
_CLASSIC_ROUTE = "10.0.0.0/8"
"""The route to the BCR that every classic server holds (IBM Cloud docs, IBM Cloud IP ranges, 2025-10-03)."""


class Address(NamedTuple):
    """An address in a packet; `example` says that the plan assigns it to nothing in particular."""

    text: str
    network: str | None = None
    name: str | None = None
    example: bool = False

    def __str__(self) -> str:
        return self.text


class Outer(NamedTuple):
    """The packet around the packet."""

    protocol: str
    source: Address
    destination: Address


class Hop(NamedTuple):
    """One step: which device does what with a packet of these addresses, as they are after it.

    `route` is the prefix that decides and `route_network` whose it is; `case` says which of several cases is shown.
    """

    device: str
    action: Action
    source: Address
    destination: Address
    text: str
    outer: Outer | None = None
    route: str | None = None
    route_network: str | None = None
    case: str | None = None


class Stop(NamedTuple):
    """Where and why a flow ends before its destination, and what would let it through."""

    device: str
    reason: str
    help: str | None


class End(NamedTuple):
    """One end of a flow: a network or an address of it, in its domain. `network` is None on the internet."""

    site: Site
    network: Network | None
    address: Address

    @property
    def cluster(self) -> str | None:
        """The cluster that the end is inside of, if it is inside one."""
        return self.network.cluster if self.network is not None else None


class Trace(NamedTuple):
    """A flow traced: hops up to the destination or up to the stop, and the way back of the answer."""

    flow: str | None
    title: str
    source: End
    destination: End
    hops: tuple[Hop, ...]
    stop: Stop | None
    back: tuple[Hop, ...]
    back_stop: Stop | None

    @property
    def ok(self) -> bool:
        """Whether the request arrives and the answer comes back."""
        return self.stop is None and self.back_stop is None


class Missing(NamedTuple):
    """A documented flow for which the plan lacks an end."""

    flow: str
    title: str
    reason: str
    help: str | None


class Flow(NamedTuple):
    """A documented flow: its letter, name and title, the kinds of its ends, and how many steps it has there."""

    letter: str
    name: str
    title: str
    source: str | None
    destination: str
    steps: int


FLOWS: tuple[Flow, ...] = (
    Flow("A", "internet-to-iks", "internet user to a web tier in a container on IKS", None, "iks-pod", 6),
    Flow("B", "internet-to-icp", "internet user to a web tier in a container on ICP", None, "icp-pod", 6),
    Flow("C", "iks-to-vm", "web tier in a container on IKS to a database VM", "iks-pod", "vcs-vm", 10),
    Flow("D", "icp-to-vm", "web tier in a container on ICP to a database VM", "icp-pod", "vcs-vm", 9),
    Flow(
        "E",
        "enterprise-to-vm",
        "enterprise user to a VM over the enterprise's link",
        "enterprise",
        "vcs-vm",
        7,
    ),
)
"""The five flows of the reference architecture, 38 steps together."""


class FlowError(ValueError):
    """A flow or an end that the plan cannot give; says which and what to do."""

    def __init__(self, message: str, help_: str | None = None) -> None:
        super().__init__(message)
        self.help = help_


def trace_all(plan: Plan) -> list[Trace | Missing]:
    """Trace the five documented flows; those for which the plan lacks an end are told as missing."""
    found: list[Trace | Missing] = []
    for flow in FLOWS:
        try:
            found.append(trace_flow(plan, flow))
        except FlowError as error:
            found.append(Missing(flow.letter, flow.title, str(error), error.help))
    return found


def name_of(letter: str | None) -> str | None:
    """Return the name of a documented flow by its letter."""
    return next((flow.name for flow in FLOWS if flow.letter == letter), None)


def find_flow(text: str) -> Flow:
    """Return the documented flow with that letter or name; raise FlowError."""
    for flow in FLOWS:
        if text.upper() == flow.letter or text.lower() == flow.name:
            return flow
    raise FlowError(
        f"there is no flow {text!r}", "flows: " + ", ".join(f"{f.letter} ({f.name})" for f in FLOWS)
    )


def find_end(plan: Plan, text: str) -> End:
    """Return the end that a network's name, an address or "internet" means; raise FlowError.

    An address belongs to the smallest network of the plan that holds it; one that none holds, and that is neither
    private nor special, is on the internet.
    """
    from ipplan.addresses import AddressError, parse_address

    networks = plan.taking_part()
    if text == "internet":
        return End("internet", None, Address(_INTERNET, example=True))
    for network in networks:
        if network.name == text:
            return _end(network)
    try:
        version, value = parse_address(text)
    except AddressError:
        from ipplan.plan.load import nearest

        near = nearest(text, [n.name for n in networks])
        raise FlowError(
            f"{text[:80]!r} is neither a network of the plan nor an address", near and f"did you mean {near}?"
        ) from None
    holding = [
        n for n in networks
        if n.prefix is not None and n.prefix.version == version and n.prefix.first <= value <= n.prefix.last
    ]  # fmt: skip
    if holding:
        network = max(holding, key=lambda n: n.prefix.length if n.prefix is not None else 0)
        named = next(
            (a.name for a in network.addresses if network.prefix and a.resolve(network.prefix) == value), None
        )
        return End(
            site_of(network.kind), network, Address(format_address(version, value), network.name, named)
        )
    if version == 4 and not _is_private(value):
        return End("internet", None, Address(format_address(version, value)))
    raise FlowError(f"no network of the plan holds {text}", "name a network, or an address in one")


def _is_private(value: int) -> bool:
    blocks = (
        (10, 8),
        (172 << 4 | 1, 12),
        (192 << 8 | 168, 16),
        (100 << 2 | 1, 10),
        (0, 8),
        (127, 8),
        (14, 4),
        (15, 4),
    )
    return any(value >> 32 - length == start for start, length in blocks)


def trace_flow(plan: Plan, flow: Flow, source: End | None = None, destination: End | None = None) -> Trace:
    """Trace a documented flow; ends that are not given are the plan's first of their kind. Raises FlowError."""
    if source is None:
        source = (
            End("internet", None, Address(_INTERNET, example=True))
            if flow.source is None
            else _first(plan, flow, flow.source)
        )
    if destination is None:
        destination = _first(plan, flow, flow.destination, stretched=source if flow.letter == "E" else None)
    return trace(plan, source, destination)._replace(flow=flow.letter, title=flow.title)


def _first(plan: Plan, flow: Flow, kind: str, stretched: End | None = None) -> End:
    found = [n for n in plan.taking_part() if n.kind.name == kind]
    placed = [n for n in found if n.prefix is not None]
    if not placed:
        what = "has no range yet" if found else "is missing in the plan"
        raise FlowError(
            f"flow {flow.letter} needs a network of kind {kind}, which {what}",
            f'add [networks.NAME] with kind = "{kind}"'
            if not found
            else "ipplan allocate PLAN --write gives it one",
        )
    if stretched is not None and stretched.network is not None:
        # A VM network equal to the enterprise's own is the one that is stretched.
        placed.sort(key=lambda n: n.prefix != (stretched.network and stretched.network.prefix))
    return _end(placed[0])


def _end(network: Network) -> End:
    if network.prefix is None:
        raise FlowError(
            f"{network.name} has no range yet", "order it from IBM Cloud, or run ipplan allocate PLAN --write"
        )
    return End(site_of(network.kind), network, pick(network))


def pick(network: Network, *wanted: str, skip: int = 0) -> Address:
    """Return the address of a network with the first of these names, else the first usable one that is free.

    Free are those that the plan names nothing for; the gateway, the first usable one where no other is named so,
    is not. `skip` passes over so many of them.
    """
    prefix = network.prefix
    if prefix is None:
        return Address(f"({network.name}: no range yet)", network.name, example=True)
    resolved = {a.name: a.resolve(prefix) for a in network.addresses}
    for name in wanted:
        if (value := resolved.get(name)) is not None:
            return Address(format_address(prefix.version, value), network.name, name)
    last = Address(format_address(prefix.version, last_usable(prefix)), network.name, example=True)
    return next(islice(free_addresses(network), skip, None), last)


def free_addresses(network: Network) -> Iterator[Address]:
    """Yield the usable addresses of a network that the plan gives to nothing, in order, as examples."""
    prefix = network.prefix
    if prefix is None:
        return
    taken = {a.resolve(prefix) for a in network.addresses}
    first = first_usable(prefix)
    named = {a.name for a in network.addresses}
    if "gateway" not in named and prefix.size > 4 and not network.kind.internal:
        taken.add(first)
    for value in range(first, last_usable(prefix) + 1):
        if value not in taken:
            yield Address(format_address(prefix.version, value), network.name, example=True)


def trace(plan: Plan, source: End, destination: End) -> Trace:
    """Trace a request from one end to the other, and its answer on the way back."""
    walk = _Walk(plan, source, destination)
    walk.run()
    back, back_stop = walk.back()
    return Trace(
        None, f"{_title(source)} to {_title(destination)}", source, destination, tuple(walk.hops), walk.stop,
        back, back_stop,
    )  # fmt: skip


def _title(end: End) -> str:
    return end.network.name if end.network is not None else "the internet"


class _Walk:
    """A packet on its way: its addresses as they are now, and the hops so far."""

    def __init__(self, plan: Plan, source: End, destination: End) -> None:
        self.plan = plan
        self.chosen: Choice = choice(plan.integration)
        self.start, self.end = source, destination
        self.source, self.destination = source.address, destination.address
        self.outer: Outer | None = None
        self.hops: list[Hop] = []
        self.stop: Stop | None = None
        self.translated_source = False
        self.networks: dict[str, list[Network]] = {}
        for network in plan.taking_part():
            self.networks.setdefault(network.kind.name, []).append(network)

    # What a hop is made of.

    def hop(
        self, device: str, action: Action, text: str, *, to: Prefix | str | None = None, of: str | None = None,
        case: str | None = None,
    ) -> None:  # fmt: skip
        """Add a hop with the addresses as they are now."""
        route = None if to is None else str(to)
        self.hops.append(
            Hop(device, action, self.source, self.destination, text, self.outer, route, of, case)
        )

    def choose(self, kind: str, *wanted: str, cluster: str | None = None, skip: int = 0) -> Address:
        """Return an address of the plan's network of a kind, of the given cluster if there is one."""
        found = self.networks.get(kind, [])
        own = [n for n in found if cluster is None or n.cluster == cluster] or found
        named = [n for n in own if any(a.name in wanted for a in n.addresses)]
        ready = named or [n for n in own if n.prefix is not None] or own
        if not ready:
            return Address(f"(no {kind} network in the plan)", example=True)
        return pick(ready[0], *wanted, skip=skip)

    def halt(self, device: str, reason: str, help_: str | None = None) -> None:
        self.stop = Stop(device, reason, help_)

    # The walk.

    def run(self) -> None:
        """Fill `hops`, and `stop` where the packet does not arrive."""
        path, hidden = self.path()
        final, self.destination = self.destination, Address(f"({_title(self.end)})", example=True)
        self.hop(_host(self.start), "request", "asks for its destination by name")
        self.destination = final
        if not path and not hidden and not self.local():
            self.hop("DNS", "dns", f"answers with {self.destination}")
            self.no_way()
            return
        if hidden:
            self.destination = self.front(hidden[-1])
        what = "the address that stands for it" if hidden else "its address"
        self.hop("DNS", "dns", f"answers with {self.destination}, {what}")
        if not path and not hidden:
            self.stay()
            return
        ways = hidden or path
        for index, way in enumerate(ways):
            self.go(way, ways[index + 1] if index + 1 < len(ways) else None)
        self.arrive(ways[-1])

    def local(self) -> bool:
        """Whether both ends are in one domain, and of one cluster where it is inside one."""
        inside = self.start.site in ("iks", "icp")
        return self.start.site == self.end.site and (not inside or self.start.cluster == self.end.cluster)

    def path(self) -> tuple[tuple[Way, ...], tuple[Way, ...]]:
        """Return the ways under the destination's own address, or else those to a device that stands for it."""
        if self.local():
            return (), ()
        if self.end.network is None:
            return find_path(self.chosen, self.start.site, "internet"), ()
        kind = self.end.network.kind.name
        sight = sees(self.chosen, self.start.site).get((kind, False))
        if sight is not None:
            return sight.path, ()
        fronts: list[tuple[Way, ...]] = []
        seen = sees(self.chosen, self.start.site)
        for way in list_ways(self.chosen):
            if kind not in way.hidden:
                continue
            if way.origin == self.start.site:
                fronts.append((way,))
            for at in way.at:
                sight = seen.get((at, False))
                if (
                    sight is not None
                    and sight.path
                    and sight.path[-1].target == way.origin
                    and self.networks.get(at)
                ):
                    fronts.append((*sight.path, way))
        return (), min(fronts, key=len, default=())

    def front(self, way: Way) -> Address:
        """Return the address at which a device stands for what lies behind it."""
        kind = way.at[0]
        cluster = self.end.cluster if kind.startswith("iks-") else None
        known = names.INGRESS if way.device == "worker" else _names_for(self.end)
        return self.choose(kind, *known, cluster=cluster)

    def no_way(self) -> None:
        """Say where the packet stops: no way of this integration leads to the destination."""
        first = {"iks": "vRouter", "icp": "vRouter", "overlay": "ESG", "enterprise": "on-premises router"}
        device = first.get(self.start.site, "BCR" if self.start.site == "ibm-private" else "FCR")
        reason = (
            f"it has no route to {self.end.address}: nothing leads from {SITES[self.start.site]} to "
            f"{SITES[self.end.site]}"
        )
        would = " or ".join(f'{key} = "{method}"' for key, method in self.changes())
        self.halt(device, reason, f"{would} under [integration] would open it" if would else None)

    def changes(self) -> Iterator[tuple[str, str]]:
        """Yield the changes of one integration with which the destination is reached."""
        for index, (key, now) in enumerate(self.chosen):
            for method in INTEGRATION[key]:
                other = _Walk(self.plan, self.start, self.end)
                other.chosen = (*self.chosen[:index], (key, method), *self.chosen[index + 1 :])
                if method != now and any(other.path()):
                    yield key, method

    def go(self, way: Way, further: Way | None) -> None:
        """Walk along one way, up to the edge of the domain that it leads to."""
        if way.origin in ("iks", "icp"):
            self.leave_cluster(way)
        elif way.origin == "overlay":
            self.leave_overlay(way)
        elif way.origin == "enterprise":
            self.leave_enterprise(way)
        elif way.method == "routed" and way.target == "enterprise":
            self.hop("BCR", "forward", "sends it over Direct Link to the XCR", **self.route())
            self.hop("XCR", "forward", "sends it to the WAN of the enterprise", **self.route())
        elif way.method == "routed" and way.target in ("internet", "ibm-public") and further is None:
            pass  # arrive() tells the public network
        elif (
            way.origin == "ibm-private"
            and way.target in ("overlay", "iks")
            and self.start.site == "ibm-private"
        ):
            self.hop("BCR", "forward", "takes it from the host", to=_CLASSIC_ROUTE)

    def route(self) -> dict[str, str | None]:
        """Return the route to the destination as it is now: the prefix of its network."""
        for found in self.networks.values():
            for network in found:
                if network.name == self.destination.network and network.prefix is not None:
                    return {"to": str(network.prefix), "of": network.name}
        return {"to": None, "of": None}

    def leave_cluster(self, way: Way) -> None:
        """From a pod to the edge of the domain that it leaves for."""
        platform = way.origin.upper()
        inside_pod = self.start.site == way.origin
        cluster = self.start.cluster if inside_pod else None
        if not inside_pod:
            return
        self.hop("vRouter", "forward", f"takes it from the pod on the {platform} worker")
        route = self.route()
        self.hop("vRouter", "route", _table_text(way), to=route["to"], of=route["of"])
        worker_kind = "icp-worker" if way.origin == "icp" else (
            "iks-worker-public" if way.target == "ibm-public" else "iks-worker-private"
        )  # fmt: skip
        worker = self.choose(worker_kind, cluster=cluster)
        if way.method == "tunnel":
            outer = self.tunnel(way, cluster)
            self.outer = outer
            self.hop(
                "strongSwan", "ipsec",
                "keeps the pod's address, which is in local.subnet, and encrypts the packet for the tunnel",
                case="the pod range is in local.subnet; without it enablePodSNAT gives the worker's address",
            )  # fmt: skip
        else:
            self.source = worker
            self.translated_source = True
            self.hop("worker", "snat", "gives the pod's packet the address of the worker")
        if way.origin == "icp":
            self.hop("worker", "forward", "sends it to the ESG, the gateway of its VXLAN", **route)
            if way.target in ("ibm-private", "ibm-public"):
                self.esg_out(way)
            elif way.target == "iks":
                router, classic = self.router()
                self.hop("ESG", "forward", f"sends the tunnel's packet to the {router}", to=classic)
            return
        if way.target == "ibm-public":
            self.hop("worker", "forward", "sends it to the FCR")
            return
        vlan = (
            way.key == "iks-vcs"
            and way.method == "snat"
            and self.plan.integration.get("iks-vcs") == "common-vlan"
        )
        case = "worker and ESG are on the common VLAN: the BCR is passed by" if vlan else None
        router, classic = self.router()
        self.hop("worker", "forward", f"sends it to the {router}", to=classic, case=case)
        if way.target in ("overlay", "icp"):
            via = "takes it from the worker on the common VLAN" if vlan else f"gets it from the {router}"
            if way.method == "tunnel" and way.target == "overlay":
                self.outer = None
                self.hop("ESG", "ipsec", f"{via} and decrypts it", **route)
            elif way.method == "tunnel" and self.outer is not None:
                inside = self.choose("icp-worker", *names.TUNNEL, cluster=self.end.cluster)
                self.outer = self.outer._replace(destination=inside)
                self.hop("ESG", "dnat", f"{via}, and sends the tunnel's packet to the strongSwan of ICP")
            else:
                self.hop("ESG", "forward", via, **route)

    def router(self) -> tuple[str, str | None]:
        """Return the router of IBM Cloud that takes the packet, and the route to it; a public tunnel's is the FCR."""
        public = self.outer is not None and self.outer.source.network in {
            n.name for kind in ("iks-ingress-public", "vcs-esg-public") for n in self.networks.get(kind, ())
        }
        return ("FCR", None) if public else ("BCR", _CLASSIC_ROUTE)

    def tunnel(self, way: Way, cluster: str | None) -> Outer:
        """Return the packet around the packet: from one gateway of the tunnel to the other."""
        far = names.ESG_TUNNEL if way.key == "iks-vcs" else (*names.ICP_TUNNEL, *names.ESG_TUNNEL)
        # A load balancer holds its address for one release of the chart, the one with the tunnel to the ESG.
        taken = way.key == "iks-icp" and self.plan.integration.get("iks-vcs") == "strongswan"
        near = () if taken else names.TUNNEL
        gateway = self.choose("iks-ingress-private", *near, cluster=cluster)
        esg = self.choose("vcs-esg-private", *far)
        if gateway.name is None:
            public = self.choose("iks-ingress-public", *near, cluster=cluster)
            if public.name is not None or (taken and public.network is not None):
                gateway = public
                esg = self.choose("vcs-esg-public", *far)
        ends = (gateway, esg) if way.origin == "iks" else (esg, gateway)
        return Outer("ESP", *ends)

    def esg_out(self, way: Way) -> None:
        """Through the SNAT of the ESG to one of IBM Cloud's networks."""
        public = way.target == "ibm-public"
        self.source = self.choose("vcs-esg-public" if public else "vcs-esg-private", *names.SNAT)
        self.translated_source = True
        router = "FCR" if public else "BCR"
        self.hop("ESG", "snat", f"gives it the address of its uplink and sends it to the {router}")

    def leave_overlay(self, way: Way) -> None:
        """From a VM through DLR and ESG."""
        if self.start.site != "overlay":
            if way.target in ("ibm-private", "ibm-public") and self.start.site == "icp":
                self.esg_out(way)
            elif way.method == "tunnel":
                self.outer = self.tunnel(way, self.end.cluster)
                router, classic = self.router()
                self.hop(
                    "ESG", "ipsec", f"encrypts it for the tunnel and sends it to the {router}", to=classic
                )
            elif way.target == "iks":
                self.hop("ESG", "forward", f"sends it by {way.through}", **self.route())
            return
        if way.method == "dnat":
            self.hop("DLR", "route", "routes it between two VXLANs", **self.route())
            return
        if way.method == "layer-2":
            hcx = self.choose("vcs-hcx", *names.CONCENTRATOR)
            self.outer = Outer("tunnel", hcx, Address("(the concentrator on premises)", example=True))
            self.hop(
                "L2 concentrator", "l2-extension", "takes it off the stretched VXLAN into its secure tunnel"
            )
            self.hop("BCR", "forward", "sends the tunnel's packet to the XCR and the WAN", to=_CLASSIC_ROUTE)
            self.outer = None
            return
        self.hop("DLR", "forward", "takes it from the VM on its VXLAN, and sends it to the ESG")
        if way.method == "tunnel":
            self.outer = self.tunnel(way, self.end.cluster)
            router, classic = self.router()
            self.hop("ESG", "ipsec", f"encrypts it for the tunnel and sends it to the {router}", to=classic)
        elif way.target in ("ibm-private", "ibm-public"):
            self.esg_out(way)
        else:
            self.hop("ESG", "route", f"sends it by {way.through}", **self.route())

    def leave_enterprise(self, way: Way) -> None:
        """From a user on premises to the WAN, or into the concentrator's tunnel."""
        if way.method == "layer-2":
            self.hop(
                "on-premises router", "forward",
                "sends it to the ESXi host of the local L2 concentrator, which stands in the stretched network",
                **self.route(),
            )  # fmt: skip
            hcx = self.choose("vcs-hcx", *names.CONCENTRATOR)
            self.outer = Outer("tunnel", Address("(the local concentrator)", example=True), hcx)
            self.hop(
                "L2 concentrator", "l2-extension", "puts it into the secure tunnel to the remote concentrator"
            )
            self.hop(
                "on-premises router", "forward", "sends the tunnel's packet to the WAN, through XCR and BCR",
                to=_CLASSIC_ROUTE,
            )  # fmt: skip
            return
        if way.target == "internet":
            self.source = Address("(the enterprise's public address)", example=True)
            self.translated_source = True
            self.hop("on-premises router", "snat", "gives it a public address and sends it to the internet")
            return
        self.hop("on-premises router", "forward", "sends it to the WAN", **self.route())
        self.hop("XCR", "forward", "takes it from Direct Link to the BCR", **self.route())

    def arrive(self, way: Way) -> None:
        """The last domain: from its edge to the destination."""
        site = self.end.site
        if way.method == "dnat" and way.device == "ESG":
            self.through_esg(way)
        elif way.method == "dnat":
            self.through_ingress(way)
        elif site == "overlay":
            if way.method == "layer-2":
                self.outer = None
                self.onto_vxlan("remote L2 concentrator", "puts it on the VXLAN of the stretched network")
            else:
                self.into_overlay(way)
        elif site in ("iks", "icp"):
            self.into_cluster(way)
        elif site == "internet":
            self.hop("internet", "deliver", "brings it to the host")
        elif site == "enterprise":
            self.hop("on-premises router", "forward", "takes it to the network of the user", **self.route())
            self.hop(_host(self.end), "deliver", "receives it")
        else:
            router = "BCR" if site == "ibm-private" else "FCR"
            self.hop(router, "forward", "brings it to the host on its VLAN", **self.route())
            self.hop(_host(self.end), "deliver", "receives it")

    def into_overlay(self, way: Way) -> None:
        if way.origin == "icp" and self.outer is not None:
            # Through the tunnel between the clusters to a worker of ICP, which stands in the overlay.
            self.hop("worker", "forward", "of the ICP cluster gets the tunnel's packet for strongSwan")
            self.outer = None
            self.hop("strongSwan", "ipsec", "decrypts it", **self.route())
            self.onto_vxlan("worker", "sends it to the other worker on their VXLAN")
            return
        if way.origin in ("ibm-private", "enterprise"):
            self.hop("ESG", "forward", "gets it from the BCR", **self.route())
        self.hop("ESG", "route", "sends it to the DLR over the transit network", **self.route())
        self.onto_vxlan("DLR", "puts it on the VXLAN of the VM")

    def onto_vxlan(self, device: str, text: str) -> None:
        """Onto the VXLAN and to the VM."""
        one, other = self.choose("vcs-vtep"), self.choose("vcs-vtep", skip=1)
        self.outer = Outer("VXLAN", one, other)
        self.hop(
            device, "vxlan", text, **self.route(),
            case="the VM runs on another host; on the same host there is no VXLAN frame",
        )  # fmt: skip
        self.outer = None
        self.hop(_host(self.end), "deliver", "receives it")

    def through_esg(self, way: Way) -> None:
        """Through the DNAT of the ESG: to a VM, or to the ingress of ICP and on to the pod."""
        public = way.origin == "ibm-public"
        network = "public" if public else "private"
        front = self.destination
        if self.start.site == "iks":
            self.hop("ESG", "forward", "gets it from the BCR", to=_CLASSIC_ROUTE)
        else:
            self.hop(
                f"{network} network", "forward",
                f"brings it to the ESXi host that runs the ESG, which holds {front}", **self.route(),
            )  # fmt: skip
        if self.end.site == "overlay":
            self.destination = self.end.address
            self.hop(
                "ESG",
                "dnat",
                f"turns {front} into the address behind it, and sends it to the DLR",
                **self.route(),
            )
            self.onto_vxlan("DLR", "puts it on the VXLAN of the VM")
            return
        self.destination = self.choose("icp-worker", *names.PROXY_VIP, cluster=self.end.cluster)
        self.outer = Outer("VXLAN", self.choose("vcs-vtep"), self.choose("vcs-vtep", skip=1))
        self.hop(
            "ESG", "dnat", f"turns {front} into the cluster's own address and port of the ingress", **self.route(),
            case="ESG and ingress run on different hosts, so it travels in a VXLAN frame",
        )  # fmt: skip
        self.outer = None
        self.inside("icp")

    def through_ingress(self, way: Way) -> None:
        """Through the worker that holds the address of the ingress."""
        platform: Literal["iks", "icp"] = "iks" if self.end.site == "iks" else "icp"
        network = {"ibm-public": "public network", "ibm-private": "BCR"}.get(way.origin, "DLR")
        front = self.destination
        self.hop(network, "forward", f"brings it to the worker that holds {front}", **self.route())
        self.destination = self.choose(f"{platform}-service", *names.INGRESS, cluster=self.end.cluster)
        self.hop(
            "worker", "service", "forwards it to the cluster-internal address and port, reachable only inside",
            **self.route(),
        )  # fmt: skip
        self.inside(platform)

    def inside(self, platform: Literal["iks", "icp"]) -> None:
        """From the service address to the ingress, and on to the pod of the app."""
        self.destination = self.choose(f"{platform}-pod", *names.INGRESS, cluster=self.end.cluster, skip=1)
        self.hop("kube-proxy", "service", "routes it to a pod of the ALB or Ingress", **self.route())
        self.destination = self.end.address
        kind = "iks-worker-private" if platform == "iks" else "icp-worker"
        one, other = (
            self.choose(kind, cluster=self.end.cluster),
            self.choose(kind, cluster=self.end.cluster, skip=1),
        )
        self.outer = Outer("IP-in-IP", one, other)
        case = "the pod runs on another worker; on the same worker iptables picks its interface"
        if platform == "iks":
            case += ". IP-in-IP only where that worker is on another subnet"
        else:
            case += ". That packet travels in a VXLAN frame to the host of the other worker"
        self.hop(
            "vRouter",
            "ip-in-ip",
            "routes it to the other worker, and it reaches the pod",
            **self.route(),
            case=case,
        )
        self.outer = None

    def into_cluster(self, way: Way) -> None:
        """To a pod or service under its own address: out of a tunnel, or by a route of the vRouters."""
        platform = self.end.site.upper()
        if way.method == "tunnel":
            self.hop(
                "worker", "forward", f"of the {platform} cluster gets the tunnel's packet for strongSwan"
            )
            self.outer = None
            self.hop("strongSwan", "ipsec", "decrypts it", **self.route())
        else:
            self.hop(
                "worker",
                "forward",
                f"of the {platform} cluster gets it by the route to its pods",
                **self.route(),
            )
        if self.end.network is not None and self.end.network.kind.role == "service":
            self.hop(
                "kube-proxy",
                "service",
                "turns the service address into that of one of its pods",
                **self.route(),
            )
        else:
            self.hop("vRouter", "forward", "hands it to the pod", **self.route())
        self.hop(_host(self.end), "deliver", "receives it")

    def stay(self) -> None:
        """Both ends in one domain."""
        site = self.start.site
        if site in ("iks", "icp"):
            self.hop("vRouter", "forward", "takes it from the pod")
            role = self.end.network.kind.role if self.end.network is not None else ""
            if role == "service":
                self.hop(
                    "kube-proxy",
                    "service",
                    "turns the service address into that of one of its pods",
                    **self.route(),
                )
            kind = "iks-worker-private" if site == "iks" else "icp-worker"
            one = self.choose(kind, cluster=self.end.cluster)
            self.outer = Outer("IP-in-IP", one, self.choose(kind, cluster=self.end.cluster, skip=1))
            self.hop(
                "vRouter", "ip-in-ip", "routes it to the other worker", **self.route(),
                case="the pod runs on another worker; on the same worker iptables picks its interface",
            )  # fmt: skip
            self.outer = None
        elif site == "overlay":
            self.hop("DLR", "route", "routes it between two VXLANs", **self.route())
            self.onto_vxlan("DLR", "puts it on the VXLAN of the VM")
            return
        elif site == "ibm-private":
            self.hop(
                "BCR", "route", "routes it between two subnets", **self.route(),
                case="the account has VLAN spanning or a VRF; without, the BCR drops it",
            )  # fmt: skip
        else:
            router = {"enterprise": "on-premises router", "ibm-public": "FCR"}.get(site, "internet")
            self.hop(router, "route", "routes it", **self.route())
        self.hop(_host(self.end), "deliver", "receives it")

    def back(self) -> tuple[tuple[Hop, ...], Stop | None]:
        """Return the hops of the answer, and where it stops if it does.

        An answer to a translated source goes back through the device that translated it, whose table turns the
        addresses round again; an answer to the sender's own address needs a route of its own.
        """
        if self.stop is not None:
            return (), None
        if not self.translated_source and not self.local() and self.start.network is not None:
            kind = self.start.network.kind.name
            if (kind, False) not in sees(self.chosen, self.end.site) and not self.fronted():
                device = (
                    "vRouter"
                    if self.end.site in ("iks", "icp")
                    else "ESG"
                    if self.end.site == "overlay"
                    else "BCR"
                )
                return (), Stop(
                    device,
                    f"the answer to {self.source} has no route: nothing leads from {SITES[self.end.site]} to "
                    f"{SITES[self.start.site]}",
                    "translate the source on the way (SNAT), or choose an integration that routes both ways",
                )
        return tuple(_answer(self.hops)), None

    def fronted(self) -> bool:
        """Whether a device that stands for the destination takes the answer back."""
        return any(hop.action in ("dnat", "service") for hop in self.hops)


def _answer(hops: Iterable[Hop]) -> Iterator[Hop]:
    """Yield the same devices in reverse, the addresses changed over."""
    there = list(hops)
    asked = there[1].destination if len(there) > 1 else there[0].destination
    for hop in reversed([h for h in there if h.action != "dns"]):
        if hop.action == "request":
            hop = hop._replace(destination=asked)
        outer = hop.outer and Outer(hop.outer.protocol, hop.outer.destination, hop.outer.source)
        text = (
            "receives the answer"
            if hop.action == "request"
            else "answers"
            if hop.action == "deliver"
            else _undo(hop)
        )
        yield Hop(hop.device, "reply", hop.destination, hop.source, text, outer)


def _undo(hop: Hop) -> str:
    undone = {
        "snat": "turns the destination back into the sender's own address",
        "dnat": "turns the source back into the address that was asked",
        "service": "turns the source back into the address that was asked",
        "ipsec": "takes it through the tunnel",
        "l2-extension": "takes it through the concentrators' tunnel",
        "vxlan": "takes it off the VXLAN",
        "ip-in-ip": "takes it between the workers",
    }
    return undone.get(hop.action, "passes it on")


def _table_text(way: Way) -> str:
    """Say how the vRouter's table got the route."""
    if way.key == "iks-vcs":
        filled = {
            "tunnel": "its table leads to the strongSwan container, by the routes that the chart adds",
            "snat": f"its table holds the range, by {way.through}",
        }
        return filled.get(way.method, f"its table leads to {way.through}")
    if way.method == "tunnel":
        return "its table leads to the strongSwan container, by the routes that the chart adds"
    if way.target == "overlay":
        return "its table holds the ranges of the vCenter Server instance"
    return "its table leads out through the worker, by the default and the 10.0.0.0/8 route"


def _names_for(end: End) -> tuple[str, ...]:
    """Return the names under which an ESG network may hold the address that stands for an end."""
    own = end.network.name if end.network is not None else ""
    if end.network is not None and end.network.kind.platform == "icp":
        return (own, *names.ICP_PROXY)
    return (own, end.address.name or own, "dnat")


def _host(end: End) -> str:
    """Return what stands at an end."""
    if end.network is None:
        return "internet user"
    titles = {
        "pod": "pod", "service": "pod", "vm": "VM", "worker": "worker", "enterprise": "enterprise user",
        "ingress": "load balancer", "host": "ESXi host", "esg": "ESG", "vcs": "host", "transit": "ESG",
    }  # fmt: skip
    return titles[end.network.kind.role]
