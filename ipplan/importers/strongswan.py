"""Values of the strongSwan chart: local.subnet, remote.subnet, loadBalancerIP, and the translations of subnets.

Keys as in the values that ship with the chart (lionelmace/ibmcloud-utils iks/strongswan/strongswan-config-orig.yaml
@3351a0f, 2024-05-06). Both keys of translations are lists of REAL=SHOWN. Where localSubnetNAT translates a subnet,
local.subnet has the translated one, and the row has the subnet of the cluster; the left side of remoteSubnetNAT is an
entry of remote.subnet. Both ranges of a translation are in use, also where the tunnel does not carry them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ipplan.addresses import AddressError, Prefix, parse_address, parse_block
from ipplan.importers.collecting import Collector
from ipplan.importers.document import Node, read_documents
from ipplan.observed import Exchange
from ipplan.plan.names import TUNNEL
from ipplan.plan.problems import show

if TYPE_CHECKING:
    from ipplan.observed import Observed, Side

_HELP = "get the values with: helm get values RELEASE --all -o yaml"
_SIDES: tuple[tuple[str, Side, str], ...] = (
    ("local", "local", "localSubnetNAT"),
    ("remote", "remote", "remoteSubnetNAT"),
)


class _Nat(NamedTuple):
    """One translation: the real subnet, and the one that the other side of the tunnel sees."""

    real: str
    shown: str
    line: int


def read(data: bytes) -> Observed:
    """Read a values file, nested or with dotted keys, as YAML or JSON."""
    collector = Collector()
    documents = read_documents(data)
    for document in documents:
        for part, side, key in _SIDES:
            _add_side(document, part, side, key, collector)
        _add_zones(document, collector)
        _add_gateways(document, collector)
        if (own := document.get("overRideIpsecConf")) is not None and isinstance(own.value, str) and own.value.strip():
            collector.notes.append(
                f"overRideIpsecConf is set (line {own.line}), and the chart then uses that text in place of the other"
                " values: save the text as a file and import it as ipsec-conf"
            )
    return collector.finish(
        exchanges=[found for document in documents if (found := _exchange(document)) is not None],
        nothing="the file has no local.subnet, remote.subnet or loadBalancerIP of a strongSwan chart",
        help_=_HELP,
    )


def _add_side(document: Node, part: str, side: Side, key: str, collector: Collector) -> None:
    """Add the subnets of one side with their translations, then the translations of subnets that it does not list."""
    nats = _translations(document, key, collector)
    entries = _list(document, part, "subnet")
    if side == "local" and _text(document, "enableSingleSourceIP") == "true":
        for text, line in entries:
            _add_source(text, line, "local.subnet", collector)
        entries = []
    carried = [(nat, _prefix(nat.shown if side == "local" else nat.real)) for nat in nats]
    ends = {_prefix(nat.real) for nat in nats} | {prefix for _, prefix in carried}
    listed: set[Prefix] = set()
    for text, line in entries:
        if text.startswith("%"):
            collector.notes.append(f"{part}.subnet is {text}, which is not a range and is not compared (line {line})")
            continue
        prefix = _prefix(text)
        if prefix is None or prefix not in ends:
            _add_subnet(text, line, f"{part}.subnet", side, None, collector)
        elif prefix not in listed:
            # A real subnet that is listed next to its translation is added with that.
            for nat in (nat for nat, shown in carried if shown == prefix):
                _add_subnet(text, line, f"{part}.subnet", side, nat, collector)
        listed |= {prefix} if prefix is not None else set()
    for nat, prefix in carried:
        if prefix is not None and prefix in listed:
            continue
        _add_subnet(nat.real, nat.line, key, side, nat, collector)
        if listed and prefix is not None and not any(own.covers(prefix) for own in listed):
            collector.notes.append(
                f"{key} translates {nat.real} to {nat.shown} (line {nat.line}), but {part}.subnet does not list {prefix},"
                " so the tunnel does not carry it"
            )


def _add_subnet(text: str, line: int, field: str, side: Side, nat: _Nat | None, collector: Collector) -> None:
    """Add a subnet of one side: its real range, and its translation."""
    shown = None if nat is None else nat.shown
    collector.add(
        _with_length(text if nat is None else nat.real),
        line,
        field,
        side=side,
        shown=None if shown is None else _with_length(shown),
        description=f"{side}.subnet of a strongSwan tunnel" + (f", translated to {shown}" if shown else ""),
    )


def _add_source(text: str, line: int, field: str, collector: Collector) -> None:
    """Add the single address that all traffic of the cluster comes from, which is not one of its networks."""
    collector.add(
        _with_length(text),
        line,
        field,
        side="source",
        description="single source address of a strongSwan tunnel (enableSingleSourceIP)",
    )


def _add_zones(document: Node, collector: Collector) -> None:
    """Add the addresses that the far side sees of each zone: `dal10=192.168.168.10/32`."""
    for text, line in _list(document, "local", "zoneSubnet"):
        zone, _, cidr = text.rpartition("=")
        collector.add(
            _with_length(cidr),
            line,
            "local.zoneSubnet",
            side="source",
            description="local.zoneSubnet of a strongSwan tunnel" + (f" in {zone}" if zone else ""),
        )


def _add_gateways(document: Node, collector: Collector) -> None:
    zones = [
        (text.partition("=")[2].strip(), line, "zoneLoadBalancer") for text, line in _list(document, "zoneLoadBalancer")
    ]
    # With an address for each zone the chart ignores the single one.
    own = zones or [(text, line, "loadBalancerIP") for text, line in _list(document, "loadBalancerIP")]
    for text, line, field in own:
        collector.add_address(
            text,
            line,
            field,
            name=TUNNEL[0],
            names=TUNNEL,
            side="gateway",
            description=f"{field} of a strongSwan tunnel",
        )
    for text, line in _list(document, "remote", "gateway"):
        # %any and DNS names are not addresses.
        if _is_address(text):
            collector.add_address(
                text,
                line,
                "remote.gateway",
                name="remote gateway",
                side="far-gateway",
                description="remote.gateway of a strongSwan tunnel",
            )


def _is_address(text: str) -> bool:
    try:
        parse_address(text)
    except AddressError:
        return text.replace(".", "").isdigit()
    return True


def _node(document: Node, *path: str) -> Node | None:
    return document.get(*path) or document.get(".".join(path))


def _text(document: Node, key: str) -> str | None:
    node = document.get(key)
    return None if node is None else str(node.value).lower()


def _list(document: Node, *path: str) -> list[tuple[str, int]]:
    """Return the words of a value or a list with their lines; commas, spaces and line breaks separate words."""
    node = _node(document, *path)
    if node is None:
        return []
    nodes = node.items() or [node]
    return [
        (word, part.line)
        for part in nodes
        if isinstance(part.value, str)
        for word in part.value.replace(",", " ").split()
    ]


def _translations(document: Node, key: str, collector: Collector) -> list[_Nat]:
    """Return the translations of localSubnetNAT or remoteSubnetNAT; report entries that are not REAL=SHOWN."""
    found = []
    for text, line in _list(document, key):
        real, equals, shown = text.partition("=")
        if equals and real and shown:
            found.append(_Nat(real, shown, line))
        else:
            collector.problem(f"{key} {show(text)} is not of the form REAL=SHOWN", line)
    return found


def _with_length(text: str) -> str:
    """Return a subnet unchanged, a single address with its full prefix length."""
    if "/" in text:
        return text
    try:
        return str(parse_address(text).prefix)
    except AddressError:
        return text


def _prefix(text: str) -> Prefix | None:
    try:
        return parse_block(_with_length(text))
    except AddressError:
        return None


def _exchange(document: Node) -> Exchange | None:
    """Return the version of IKE; None where the file does not fix one."""
    node = _node(document, "ipsec", "keyexchange")
    version = None if node is None else {"ikev1": 1, "ikev2": 2}.get(str(node.value).lower())
    return None if node is None or version is None else Exchange(version, "ipsec.keyexchange", node.line)
