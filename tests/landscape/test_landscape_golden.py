"""Everything that the landscape derives from whole plans: devices, tables, NAT, tunnels, sessions, links, and overlaps."""

from __future__ import annotations

import re
from itertools import combinations
from typing import TYPE_CHECKING

import pytest
from walking import HERE, REFERENCE, TWO, catalog, integrate, settled

from ipplan.landscape import Landscape
from ipplan.landscape.bgp import bcr_sessions
from ipplan.landscape.ends import Carried, End, Joint
from ipplan.landscape.instances import list_instances
from ipplan.landscape.overview import build_overview
from ipplan.landscape.verdicts import judge
from ipplan.plan.load import parse_plan

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from ipplan.landscape.model import Esg, Route, Session, Speaker, Tunnel
    from ipplan.landscape.overview import Side

GOLDEN = HERE / "golden" / "landscape"
SAMPLES = HERE.parent / "sample-plans"
LINKED = (HERE / "landscape" / "linked.toml").read_text("utf-8")
ASN = "[integration]\nesg-asn = 64998\niks-asn = 64999\n"


def sample(name: str) -> str:
    """Return the text of a sample plan."""
    return (SAMPLES / f"{name}.toml").read_text("utf-8")


# Clusters that name no cluster, and three clusters of which each names what BGP carries.
UNNAMED = """\
[integration]
iks-vcs = "strongswan"
icp-vcs = "nat"
[networks.pods]
kind = "iks-pod"
cidr = "172.30.0.0/16"
[networks.nodes]
kind = "iks-worker-private"
cidr = "10.171.42.128/26"
[networks.icp-nodes]
kind = "icp-worker"
cidr = "172.24.18.0/27"
[networks.vm]
kind = "vcs-vm"
cidr = "172.24.16.0/24"
[networks.public]
kind = "vcs-esg-public"
cidr = "169.46.73.16/28"
"""
LIMITED = (
    "[integration]\nesg-asn = 64998\niks-asn = 64999\n[edges.dal]\n"
    + "".join(
        f'[clusters.{name}]\nplatform = "iks"\n'
        f'[networks.{name}-pods]\nkind = "iks-pod"\ncluster = "{name}"\ncidr = "172.2{n}.0.0/16"\n'
        f'[networks.{name}-nodes]\nkind = "iks-worker-private"\ncluster = "{name}"\ncidr = "10.171.{n}.0/26"\n'
        f'[[link]]\nbetween = ["{name}", "dal"]\nmethod = "bgp"\n{limit}'
        for n, (name, limit) in enumerate(
            (
                ("a", 'networks = ["vm-web"]\n'),
                ("b", 'networks = ["vm-db", "vm-web", "b-pods"]\n'),
                ("c", 'networks = ["c-pods"]\n'),
            ),
            start=6,
        )
    )
    + "".join(
        f'[networks.{name}]\nkind = "{kind}"\nedge = "dal"\ncidr = "{cidr}"\n'
        for name, kind, cidr in (
            ("vm-web", "vcs-vm", "172.24.16.0/24"),
            ("vm-db", "vcs-vm", "172.24.17.0/24"),
            ("vm-log", "vcs-vm", "172.24.18.0/24"),
            ("private", "vcs-esg-private", "10.176.18.192/27"),
            ("transit", "vcs-transit", "172.24.255.0/29"),
        )
    )
)

PLANS = {
    "unnamed": UNNAMED,
    "limited": LIMITED,
    "reference-strongswan": REFERENCE,
    "reference-static-nat": integrate(REFERENCE, iks_vcs="static-nat", iks_icp="none"),
    "reference-common-vlan": integrate(REFERENCE, iks_vcs="common-vlan", enterprise="none").replace(
        "[integration]\n", ASN
    ),
    "reference-bgp": integrate(REFERENCE, iks_vcs="bgp", enterprise="routed").replace("[integration]\n", ASN),
    "reference-none": integrate(REFERENCE, iks_vcs="none", icp_vcs="none", iks_icp="none", enterprise="none"),
    "reference-undecided": integrate(REFERENCE, iks_vcs=None, icp_vcs=None, iks_icp=None, enterprise=None),
    "two-clusters": integrate(TWO, iks_vcs="strongswan", iks_icp="strongswan"),
    "three-sites": sample("three-sites"),
    "conflicts": sample("conflicts"),
    "ipv6": sample("ipv6"),
    "linked": LINKED,
    "bare": "[edges.one]\n[edges.two]\n[sites.hq]\n[sites.lab]\n"
    + "".join(f'[networks.vm{n}]\nkind = "vcs-vm"\nprefix = 24\n' for n in range(9))
    + '[networks.office]\nkind = "enterprise"\ncidr = "192.168.0.0/24"\n'
    + '[networks.transit]\nkind = "vcs-transit"\nedge = "one"\n',
}
"""Plans that together have every platform, every method, both IP versions, and facts that are missing."""


def words(values: Iterable[object]) -> str:
    """Return values in one line."""
    return ", ".join("?" if value is None else str(value) for value in values)


def of_route(route: Route) -> str:
    by = f" by {route.interface}" if route.interface else ""
    end = f" ({route.to.title})" if route.to else ""
    return f"  {route.prefix} via {route.via}{end} {route.next_hop}{by}, {route.how}: {route.text}"


def of_esg(esg: Esg) -> Iterator[str]:
    yield f"ESG of {esg.name}: behind {words(n.name for n in esg.behind)}; clusters {words(esg.clusters)}"
    for interface in esg.interfaces:
        for group in interface.groups:
            own = words((group.primary, *group.secondary))
            yield f"  {interface.number} {interface.role} {group.network.name}: {own}; gateway {interface.gateway}"
    for snat in esg.source_nat:
        yield f"  SNAT {snat.interface} {snat.source} to {snat.match}: {snat.address or snat.shown}; {snat.text}"
    for dnat in esg.destination_nat:
        yield f"  DNAT {dnat.interface} {dnat.address} {dnat.protocol} {dnat.port}: {dnat.target}; {dnat.text}"
    for rule in esg.range_nat:
        yield f"  NAT {rule.interface} {rule.shown} from {rule.match}: {rule.target}; {rule.text}"
    for what, remedy in esg.missing:
        yield f"  missing: {what}; {remedy}"


def of_speaker(speaker: Speaker) -> str:
    example = " (example)" if speaker.example else ""
    who = f"{speaker.device} of {speaker.name} {speaker.address} in {speaker.subnet}"
    return f"{who}, AS {speaker.asn}{example}, announces {words(speaker.announces)}"


def of_session(session: Session) -> str:
    return f"{of_speaker(session.first)}; {of_speaker(session.second)}; across {session.across}"


def of_tunnel(tunnel: Tunnel) -> Iterator[str]:
    yield f"tunnel {tunnel.label}: {tunnel.joint.method}, IKE {tunnel.ike}, private {tunnel.private}"
    for end, nat in ((tunnel.near, tunnel.near_nat), (tunnel.far, tunnel.far_nat)):
        place = f"{end.gateway} ({end.inside}), identity {end.identity}"
        yield f"  {end.end.title} at {place}: {words(end.subnets)}; policy {words(end.policy)}"
        for entry in nat:
            yield f"    {entry.network} {entry.real} as {entry.shown}"


def of_side(sides: tuple[Side, ...]) -> str:
    carries = (f"{s.end.title} [{words(c.network.name for c in s.carries)}] {words(s.subnets)}" for s in sides)
    return "; ".join(carries)


def of_overview(landscape: Landscape) -> Iterator[str]:
    found = build_overview(landscape)
    for domain in found.domains:
        yield f"domain {domain.name} ({domain.kind}), {domain.title}: {words(n.name for n in domain.networks)}"
    yield f"in no domain: {words(n.name for n in found.unplaced)}"
    for link in found.links:
        bundle = link.bundle
        yield f"link {bundle.method}, {bundle.title}, {bundle.size}: {of_side(link.first)} | {of_side(link.second)}"
    for reach in found.reach:
        through = f"{reach.addresses}, {words(reach.through)}: {words(reach.kinds)}"
        yield f"{words(reach.origins)} reach {words(reach.targets)} by {through}"
    for row in found.routes:
        sets = (f"{s.end.title}: {words(s.prefixes)} as {words(s.merged)}, around {s.cover}" for s in row.sets)
        at = words(end.title for end in row.at)
        yield f"{row.device} of {at} needs routes to {row.towards} for {row.purpose} ({row.key}): {'; '.join(sets)}"


def of_overlaps(landscape: Landscape) -> Iterator[str]:
    shown = [item for item, _, _ in landscape.tables.translated]
    for one, two in combinations([*map(Carried, landscape.ends.networks), *shown], 2):
        if one.prefix is None or two.prefix is None or not one.prefix.overlaps(two.prefix):
            continue
        verdict = judge(landscape, one, two)
        pair = f"overlap {one.network.name} {one.prefix} and {two.network.name} {two.prefix}:"
        if verdict is None or verdict.conflict is None:
            yield f"{pair} {'intended' if verdict is None else verdict.kind}"
        else:
            table, first, second = verdict.conflict
            yield f"{pair} {verdict.kind} in the table of {table.title}, {first.words}, {second.words}"


def of_set(key: Iterable[object]) -> str:
    parts = []
    for part in key:
        if isinstance(part, Joint):
            parts.append(f"{part.first.title} to {part.second.title}")
        else:
            parts.append(part.title if isinstance(part, End) else str(part))
    return " ".join(parts)


def report(landscape: Landscape) -> str:
    """Return a line for each fact that the landscape derives."""
    lines = [*of_overview(landscape)]
    for instance in list_instances(landscape):
        ports = (f"{p.name} {p.network.name} {words(p.addresses)} to {p.gateway}" for p in instance.ports)
        lines.append(f"device {instance.title}: {'; '.join(ports)}")
    for table in landscape.devices():
        lines += [f"table {table.kind} of {table.name}, {table.title}", *map(of_route, table.routes)]
    for edge in landscape.ends.edges:
        lines += of_esg(landscape.esg(edge))
    for tunnel in landscape.all_tunnels():
        lines += [*of_tunnel(tunnel), f"  dials out: {landscape.dials_out(tunnel)}"]
    lines += map(of_session, landscape.sessions())
    for cluster in landscape.ends.clusters:
        lines.append(f"workers of {cluster.title}: {words(landscape.nodes(cluster))}")
        lines += (f"  {of_session(session)}" for session in landscape.sessions_of(cluster) if cluster.kind == "iks")
    for key, entries in landscape.tables.table_index.items():
        for to, entry in entries.items():
            over = f" (link of {of_set([entry.joint])})" if entry.joint else ""
            lines.append(f"{key.title} leads to {of_set(to)}: {entry.words}{over}")
    lines += of_overlaps(landscape)
    lines += [f"in no table: {what}; {remedy}" for what, remedy in landscape.homeless]
    return "\n".join([*lines, ""])


def compare(name: str, actual: str, *, update: bool) -> None:
    file = GOLDEN / f"{name}.txt"
    if update:
        file.parent.mkdir(exist_ok=True)
        file.write_text(actual, encoding="utf-8", newline="")
    assert actual == file.read_text(encoding="utf-8")


@pytest.mark.parametrize("name", PLANS)
def test_what_follows_from_a_plan_is_as_it_was_read(name: str, *, update_golden: bool) -> None:
    compare(name, report(Landscape(settled(PLANS[name]), catalog())), update=update_golden)


def test_what_follows_from_a_plan_before_its_ranges_are_assigned(*, update_golden: bool) -> None:
    text = re.sub(r'(?m)^(kind = "(?:vcs|iks|icp)-.*(?:\n(?!cidr|\[).*)*\n)cidr = .*\n', r"\1", LINKED)
    compare(
        "linked-without-ranges",
        report(Landscape(parse_plan(text.encode(), "plan.toml"), catalog())),
        update=update_golden,
    )


@pytest.mark.parametrize("name", PLANS)
def test_topology_lists_what_the_sessions_announce(name: str) -> None:
    """Prefixes of networks that links limit differently are announced apart, so that workers can refuse some of them."""
    landscape = Landscape(settled(PLANS[name]), catalog())
    shown = {
        (row.purpose, at): {prefix for route_set in row.sets for prefix in route_set.merged}
        for row in build_overview(landscape).routes
        for at in row.at or (None,)
    }
    for edge in landscape.ends.edges:
        if landscape.announces(edge):
            assert shown["announced by the ESG", None] >= set(landscape.announced_by(edge))
    for cluster in landscape.ends.of_platform("iks"):
        for session in bcr_sessions(landscape, cluster):
            assert shown["learned by BGP from the BCR", cluster] == set(session.second.announces)
