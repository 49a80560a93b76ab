"""Compare two plans: what differs, and what has to be rebuilt for it.

A function of two plans; it places nothing and knows nothing of outputs. Networks are compared by name. One that is
removed and added under another name with the same kind, cluster and range counts as renamed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, NamedTuple

from ipplan.addresses import format_address
from ipplan.findings import Source
from ipplan.landscape.model import HOW, DestinationNat, RangeNat, SourceNat
from ipplan.plan.choices import INTEGRATION

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from ipplan.addresses import Prefix
    from ipplan.findings import Finding
    from ipplan.landscape import Landscape
    from ipplan.landscape.model import DeviceTable, Esg
    from ipplan.plan.kinds import Kind
    from ipplan.plan.model import Cluster, Edge, Link, Network, Plan, Site

    _Described = Network | Cluster | Edge | Site

Rule = SourceNat | RangeNat | DestinationNat
What = Literal["network", "address", "cluster", "edge", "site", "link", "integration", "pool", "avoid", "plan"]
How = Literal["moved", "grew", "shrank", "pinned", "unpinned", "renamed", "appeared", "went", "changed"]

_IKS = Source(
    "IBM Cloud docs, containers: creating classic clusters",
    "https://github.com/ibm-cloud-docs/containers/blob/002e8d0/cluster-create-classic.md",
    "2026-02-20",
)
_ICP = Source(
    "IBM/deploy-ibm-cloud-private: config.yaml as the installer takes it",
    "https://github.com/IBM/deploy-ibm-cloud-private/tree/7c902fb/nutanix/roles/icp/templates",
    "2023-10-23",
)
_SUBNETS = Source(
    "IBM Cloud docs, subnets: about subnets",
    "https://github.com/ibm-cloud-docs/subnets/blob/7a63cfe/about.md",
    "2025-06-02",
)


class Rebuild(NamedTuple):
    """What a change requires on running systems, and the source that says so."""

    text: str
    source: Source | None


class Change(NamedTuple):
    """One difference. `old` and `new` are the values in the two plans, None where a plan has none."""

    what: What
    how: How
    name: str
    old: str | None
    new: str | None
    note: str | None = None
    rebuild: Rebuild | None = None


class RouteChange(NamedTuple):
    """The routes of a device in one direction that are added and removed.

    A route with another next hop is both: the old one is removed, the new one added.
    """

    device: str
    towards: str
    purpose: str
    added: tuple[Prefix, ...]
    removed: tuple[Prefix, ...]


class RuleChange(NamedTuple):
    """The NAT rules of an ESG that are added and removed."""

    edge: str | None
    added: tuple[Rule, ...]
    removed: tuple[Rule, ...]


class Side(NamedTuple):
    """One of the two plans: the landscape of what is in service, and the findings of the whole plan."""

    landscape: Landscape
    findings: tuple[Finding, ...]

    @property
    def plan(self) -> Plan:
        """The whole plan; the landscape is that of what is in service."""
        return self.landscape.plan.whole or self.landscape.plan


@dataclass(frozen=True)
class Difference:
    """Everything that differs between two plans; findings are compared by rule, severity, networks and ranges."""

    changes: tuple[Change, ...]
    routes: tuple[RouteChange, ...]
    rules: tuple[RuleChange, ...]
    appeared: tuple[Finding, ...]
    went: tuple[Finding, ...]

    @property
    def empty(self) -> bool:
        """Whether nothing differs."""
        return not (self.changes or self.routes or self.rules or self.appeared or self.went)


def compare_plans(before: Side, after: Side) -> Difference:
    """Return what differs between two plans."""
    old, new = before.plan, after.plan
    changes = [
        *_heads(old, new),
        *_clusters(old, new),
        *_edges(old, new),
        *_links(old, new),
        *_networks(old, new),
    ]
    was, now = {_identity(f): f for f in before.findings}, {_identity(f): f for f in after.findings}
    return Difference(
        changes=tuple(changes),
        routes=tuple(_routes(before.landscape, after.landscape)),
        rules=tuple(_rules(before.landscape, after.landscape)),
        appeared=tuple(f for key, f in now.items() if key not in was),
        went=tuple(f for key, f in was.items() if key not in now),
    )


def _identity(finding: Finding) -> tuple[object, ...]:
    # Which of two networks with one range comes first depends on the order of the file.
    networks, cidrs = tuple(sorted(finding.networks)), tuple(sorted(finding.cidrs))
    return finding.rule, finding.severity, networks, cidrs, finding.overlap, finding.waived


def _heads(old: Plan, new: Plan) -> Iterator[Change]:
    """Yield the differences in keys of [plan] and [integration], in pools and in avoided space."""
    for what, a, b in (
        ("data-centers", ", ".join(old.data_centers), ", ".join(new.data_centers)),
        ("ranges-edition", old.ranges_edition, new.ranges_edition),
        ("keep-clear", _names(old.keep_clear), _names(new.keep_clear)),
        ("ranges-file", old.ranges_file, new.ranges_file),
        ("owned-public", ", ".join(map(str, old.owned_public)), ", ".join(map(str, new.owned_public))),
    ):
        yield from _changed("plan", what, a or None, b or None)
    for key in INTEGRATION:
        yield from _changed("integration", key, old.integration.get(key), new.integration.get(key))
    for asn in sorted({*old.asns, *new.asns}):
        yield from _changed("integration", asn, _text(old.asns.get(asn)), _text(new.asns.get(asn)))
    yield from _changed("integration", "ike", _text(old.ike), _text(new.ike))
    yield from _changed("integration", "account-routing", old.account_routing, new.account_routing)
    pools = [{str(pool.prefix): None for pool in plan.pools} for plan in (old, new)]
    yield from _sets("pool", *pools)
    if pools[0].keys() == pools[1].keys() and list(pools[0]) != list(pools[1]):
        yield Change("pool", "changed", "order", ", ".join(pools[0]), ", ".join(pools[1]), "pools are tried in order")
    yield from _sets("avoid", *({str(a.prefix): a.reason for a in plan.avoids} for plan in (old, new)))


def _changed(what: What, name: str, old: str | None, new: str | None) -> Iterator[Change]:
    if old != new:
        how: How = "appeared" if old is None else "went" if new is None else "changed"
        yield Change(what, how, name, old, new)


def _sets(what: What, old: Mapping[str, str | None], new: Mapping[str, str | None]) -> Iterator[Change]:
    for name in old:
        if name not in new:
            yield Change(what, "went", name, name, None, old[name])
    for name in new:
        if name not in old:
            yield Change(what, "appeared", name, None, name, new[name])


def _names(names: Sequence[str] | None) -> str | None:
    return None if names is None else ", ".join(names) or "none"


def _text(value: object) -> str | None:
    return None if value is None else str(value)


def _clusters(old: Plan, new: Plan) -> Iterator[Change]:
    for name, cluster in old.clusters.items():
        if name not in new.clusters:
            yield Change("cluster", "went", name, cluster.platform, None)
            continue
        other = new.clusters[name]
        if cluster.platform != other.platform:
            rebuild = Rebuild(f"create cluster {name} again on the other platform", None)
            yield Change("cluster", "changed", name, cluster.platform, other.platform, "platform", rebuild)
        for what in ("workers", "pods_per_worker", "services", "data_center", "edge"):
            a, b = getattr(cluster, what), getattr(other, what)
            if a != b:
                yield Change("cluster", "changed", name, _text(a), _text(b), what.replace("_", "-"))
        yield from _about("cluster", cluster, other)
    for name, cluster in new.clusters.items():
        if name not in old.clusters:
            yield Change("cluster", "appeared", name, None, cluster.platform)


def _edges(old: Plan, new: Plan) -> Iterator[Change]:
    """Yield the differences in declared edges and sites."""
    for name in dict.fromkeys([*old.edges, *new.edges]):
        was, now = old.edges.get(name), new.edges.get(name)
        if was is None or now is None:
            yield from _changed("edge", name, was and name, now and name)
            continue
        for key, a, b in (
            ("data-center", was.data_center, now.data_center),
            ("internet", was.internet, now.internet),
        ):
            if a != b:
                yield Change("edge", "changed", name, a, b, key)
        yield from _about("edge", was, now)
    yield from _sets("site", *(dict.fromkeys(plan.sites) for plan in (old, new)))
    for name, site in old.sites.items():
        if name in new.sites:
            yield from _about("site", site, new.sites[name])


def _about(what: What, old: _Described, new: _Described) -> Iterator[Change]:
    """Yield the differences in labels, VLAN ID and status."""
    labels, others = dict(old.labels), dict(new.labels)
    for name in dict.fromkeys([*labels, *others]):
        if labels.get(name) != others.get(name):
            yield Change(what, "changed", old.name, labels.get(name), others.get(name), f"label {name}")
    for key, a, b in (("vlan", old.vlan, new.vlan), ("status", old.status, new.status)):
        if a != b:
            yield Change(what, "changed", old.name, _text(a), _text(b), key)


def _links(old: Plan, new: Plan) -> Iterator[Change]:
    """Yield the differences in links. Two links are the same one where both ends and the method are the same.

    If the method differs too, the only link left of a pair of ends on either side counts as changed.
    """
    was, now = _by_ends(old), _by_ends(new)
    for ends in dict.fromkeys([*was, *now]):
        before, after = was.get(ends, []), now.get(ends, [])
        pairs: list[tuple[Link, Link]] = []
        for link in list(before):
            twin = next((other for other in after if other.method == link.method), None)
            if twin is not None:
                pairs.append((link, twin))
                before.remove(link)
                after.remove(twin)
        if len(before) == len(after) == 1:
            pairs.append((before.pop(), after.pop()))
        name = " to ".join(ends)
        for link, twin in pairs:
            for key, a, b in zip(("method", "networks", "nat"), _words(link), _words(twin), strict=True):
                if a != b:
                    yield Change("link", "changed", name, a, b, key)
        for link in before:
            yield Change("link", "went", name, _written(link), None)
        for link in after:
            yield Change("link", "appeared", name, None, _written(link))


def _by_ends(plan: Plan) -> dict[tuple[str, str], list[Link]]:
    """Return the links of each pair of ends; two ends of one kind have no order."""
    found: dict[tuple[str, str], list[Link]] = {}
    clusters, edges = set(plan.clusters), set(plan.edge_names)
    for link in plan.links:
        alike = clusters.issuperset(link.ends) or edges.issuperset(link.ends)
        found.setdefault((min(link.ends), max(link.ends)) if alike else link.ends, []).append(link)
    return found


def _words(link: Link) -> tuple[str, str | None, str | None]:
    """Return method, networks and translations of a link as text."""
    shown = sorted(f"{nat.network} as {nat.shown}" for nat in link.nat)
    return link.method, ", ".join(sorted(link.networks)) or None, ", ".join(shown) or None


def _written(link: Link) -> str:
    """Return everything that a link states except its ends."""
    method, networks, nat = _words(link)
    carries = "" if networks is None else f"; networks {networks}"
    return method + carries + ("" if nat is None else f"; nat {nat}")


def _networks(old: Plan, new: Plan) -> Iterator[Change]:
    was, now = _by_name(old), _by_name(new)
    gone = {_place(n): n for name, n in was.items() if name not in now and n.prefix is not None}
    renamed = {
        n.name: gone[_place(n)]
        for name, n in now.items()
        if name not in was and n.prefix is not None and _place(n) in gone
    }
    left = {n.name for n in renamed.values()}
    for name, network in was.items():
        if name in now:
            yield from _network(network, now[name])
        elif name not in left:
            rebuild = Rebuild("remove its routes, rules and addresses", None)
            yield Change("network", "went", name, _range(network), None, network.kind.name, rebuild)
    for name, network in now.items():
        if name in renamed:
            yield Change("network", "renamed", name, renamed[name].name, name, str(network.prefix))
            yield from _network(renamed[name]._replace(name=name), network)
        elif name not in was:
            yield Change("network", "appeared", name, None, _range(network), network.kind.name)


def _by_name(plan: Plan) -> dict[str, Network]:
    """Return every network by name; those on a platform's default have its range."""
    defaults = {n.name: n for n in plan.defaults}
    found = {n.name: defaults.pop(n.name, n) for n in plan.networks}
    return found | defaults


def _place(network: Network) -> tuple[str, str | None, Prefix | None]:
    return network.kind.name, network.cluster, network.prefix


def _range(network: Network) -> str:
    """Return the range of a network, or that it is to be allocated or ordered."""
    if network.prefix is not None:
        return str(network.prefix)
    size = f"/{network.length}" if network.length is not None else None
    size = f"{network.hosts:,} hosts" if network.hosts is not None else size
    verb = "to be ordered" if network.kind.provider == "ibm" else "to allocate"
    return verb if size is None else f"{verb}, {size}"


def _network(old: Network, new: Network) -> Iterator[Change]:
    a, b = old.prefix, new.prefix
    if _range(old) != _range(new):
        yield _moved(old, new)
    for what, was, now in (
        ("kind", old.kind.name, new.kind.name),
        ("cluster", old.cluster, new.cluster),
        ("group", old.group, new.group),
        ("edge", old.edge, new.edge),
        ("site", old.site, new.site),
        ("gateway-on", old.gateway_on, new.gateway_on),
        ("data-center", old.data_center, new.data_center),
        ("pool", _text(old.pool), _text(new.pool)),
        ("grow-to", _text(old.grow_to), _text(new.grow_to)),
    ):
        if was != now:
            yield Change("network", "changed", old.name, was, now, what)
    yield from _about("network", old, new)
    was_named = {n.name: None if a is None else n.resolve(a) for n in old.addresses}
    now_named = {n.name: None if b is None else n.resolve(b) for n in new.addresses}
    for name in dict.fromkeys([*was_named, *now_named]):
        one, two = _address(a, was_named.get(name)), _address(b, now_named.get(name))
        here, there = name in was_named, name in now_named
        if here == there and one == two:
            continue
        how: How = "moved" if here and there else "appeared" if there else "went"
        rebuild = Rebuild("change the rules, names and routes that use the address", None) if here else None
        yield Change("address", how, f"{old.name}.{name}", one, two, None, rebuild)


def _address(prefix: Prefix | None, value: int | None) -> str | None:
    return None if prefix is None or value is None else format_address(prefix.version, value)


def _moved(old: Network, new: Network) -> Change:
    """Return the change of a network whose range or size differs."""
    a, b = old.prefix, new.prefix
    how: How
    note = None
    if a is None or b is None:
        how = "pinned" if a is None and b is not None else "unpinned" if b is None and a is not None else "changed"
    elif a.version == b.version and b.covers(a):
        how = "grew"
    elif a.version == b.version and a.covers(b):
        how = "shrank"
    else:
        how = "moved"
        if a.length != b.length or a.version != b.version:
            note = f"its size changes too, from {a.size:,} to {b.size:,} addresses"
    rebuild = _rebuild(new.kind, how) if a is not None and b is not None else None
    return Change("network", how, new.name, _range(old), _range(new), note, rebuild)


def _rebuild(kind: Kind, how: How) -> Rebuild:
    """Return what has to be rebuilt if the range of a network of this kind changes."""
    if kind.internal and kind.platform == "iks":
        return Rebuild("create the cluster again: IKS cannot change the range of a running cluster", _IKS)
    if kind.internal:
        return Rebuild("install the cluster again: config.yaml is read only at installation", _ICP)
    if kind.provider == "ibm":
        what = "replace the workers in it" if kind.role == "worker" else "move its devices there"
        return Rebuild(f"order the new subnet from IBM Cloud, {what}, then cancel the old one", _SUBNETS)
    if how == "grew":
        return Rebuild("change the prefix length on every host, gateway and route; addresses stay", None)
    texts = {
        "vm": "give the VMs and their gateway on the DLR new addresses; update routes, rules and names",
        "worker": "give the workers new addresses; update certificates, VIPs and NAT rules",
        "transit": "give the interfaces of ESG and DLR new addresses; update the routes between them",
        "enterprise": "update routers and announcements on premises",
    }
    return Rebuild(texts.get(kind.role, "give the hosts new addresses; update routes and rules"), None)


_BY_ITSELF = ("connected", "base")
"""Kinds of routes that appear in a table without configuration."""


def _routes(old: Landscape, new: Landscape) -> Iterator[RouteChange]:
    """Yield the differences between the tables of the devices; both plans mostly have them in the same order."""
    waiting: dict[str, DeviceTable] = {}
    before = old.devices()
    for device in new.devices():
        key = device.title
        while key not in waiting and (was := next(before, None)) is not None:
            waiting[was.title] = was
        yield from _table(waiting.pop(key, None), device)
    for was in (*waiting.values(), *before):
        yield from _table(was, None)


def _table(old: DeviceTable | None, new: DeviceTable | None) -> Iterator[RouteChange]:
    """Yield the differences between the tables of one device."""
    if old is not None and new is not None and old.routes == new.routes:
        return
    was, now = _by_direction(old), _by_direction(new)
    for key in dict.fromkeys([*was, *now]):
        a, b = was.get(key, set()), now.get(key, set())
        if a != b:
            added, removed = (tuple(sorted({prefix for prefix, _ in part})) for part in (b - a, a - b))
            yield RouteChange(*key, added, removed)


def _by_direction(device: DeviceTable | None) -> dict[tuple[str, str, str], set[tuple[Prefix, str | None]]]:
    found: dict[tuple[str, str, str], set[tuple[Prefix, str | None]]] = {}
    for route in () if device is None else device.routes:
        if device is not None and route.how not in _BY_ITSELF:
            hop = None if route.next_hop is None else route.next_hop.text
            found.setdefault((device.title, route.via, HOW[route.how]), set()).add((route.prefix, hop))
    return found


def _rules(old: Landscape, new: Landscape) -> Iterator[RuleChange]:
    was, now = ({end: _nat(landscape.esg(end)) for end in landscape.ends.edges} for landscape in (old, new))
    for end in dict.fromkeys([*was, *now]):
        before, after = was.get(end, ()), now.get(end, ())
        if before == after:
            continue
        a, b = ({_translation(rule): rule for rule in rules} for rules in (before, after))
        if a.keys() != b.keys():
            added = tuple(rule for key, rule in b.items() if key not in a)
            yield RuleChange(end.name, added, tuple(rule for key, rule in a.items() if key not in b))


def _nat(esg: Esg | None) -> tuple[Rule, ...]:
    """Return the NAT rules of an ESG."""
    return () if esg is None else (*esg.source_nat, *esg.range_nat, *esg.destination_nat)


def _translation(rule: Rule) -> tuple[object, ...]:
    """Return what a rule does, without the text that describes its purpose."""
    if isinstance(rule, SourceNat):
        interface, source, match, address, _, shown = rule
        return "source", interface, source, match, None if address is None else address.text, shown
    if isinstance(rule, RangeNat):
        return ("range", *rule[:-1])
    return "destination", rule.interface, rule.address.text, rule.target.text, rule.protocol, rule.port
