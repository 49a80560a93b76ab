"""What the landscape holds for a device is what exports write for it, and nothing else: on random plans."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections import Counter
from dataclasses import replace
from functools import cache
from random import Random
from typing import TYPE_CHECKING

import pytest
import yaml
from random_plans import draft_plan

from ipplan.catalog import load_catalog
from ipplan.exporters import TARGETS, ExportError, Options, Request, export
from ipplan.landscape import Landscape
from ipplan.landscape.model import HOW, RangeNat
from ipplan.plan.load import parse_plan
from ipplan.plan.names import as_labels

if TYPE_CHECKING:
    from ipplan.landscape.model import DestinationNat, HostAddress, Route, SourceNat, TunnelEnd

SEEDS = range(7_000, 7_060)
IPSEC = ("strongswan", "ipsec")

catalog = cache(load_catalog)


@pytest.fixture(params=SEEDS)
def landscape(request: pytest.FixtureRequest) -> Landscape:
    """The landscape of a random plan, whose BGP speakers have numbers."""
    draft = draft_plan(Random(request.param))
    plan = parse_plan(draft.text().encode(), "plan.toml")
    return Landscape(replace(plan, asns={"esg-asn": 64998, "iks-asn": 64999}), catalog())


def made(landscape: Landscape, target: str, **options: str | None) -> str | None:
    """Return the text of a target, None where the plan lacks something for it."""
    try:
        text = export(TARGETS[target], Request(landscape, Options(**options)))
    except ExportError:
        return None
    assert isinstance(text, str)
    return text


def known(address: HostAddress | None) -> str:
    return "" if address is None or address.value is None else address.text


def sections(text: str, start: str, end: str) -> dict[str, list[str]]:
    """Return the lines of each part of a text, by the title in the line that starts it."""
    found: dict[str, list[str]] = {}
    lines: list[str] = []
    for line in text.splitlines():
        if opened := re.fullmatch(start, line):
            assert opened[1] not in found
            lines = found[opened[1]] = []
        elif re.fullmatch(end, line):
            lines = []
        else:
            lines.append(line)
    return found


def test_the_tables_hold_every_route_and_no_other(landscape: Landscape) -> None:
    text = made(landscape, "routes")
    devices = list(landscape.devices())
    assert (text is None) == (not devices)
    parts = sections(text or "", "## (.*)", "## Missing in the plan")
    expected: dict[str, Counter[tuple[str, ...]]] = {}
    for device in devices:
        rows = ((str(r.prefix), known(r.next_hop), r.via, HOW[r.how], r.text) for r in device.routes)
        expected[device.title] = Counter(rows)
    found = {
        title: Counter(
            tuple(cell.strip().replace("\\*", "").replace("\\", "") for cell in line.strip("|").split("|"))
            for line in lines[2:]
            if line.startswith("| ") and not line.startswith(("| network", "| ---"))
        )
        for title, lines in parts.items()
        if title != "Missing in the plan"
    }
    assert found == expected


def has_ends(landscape: Landscape, route: Route) -> bool:
    tunnel = None if route.joint is None else landscape.tunnels.of(route.joint)
    return tunnel is not None and None not in (tunnel.near.gateway, tunnel.far.gateway)


def test_the_script_has_a_line_for_every_route_and_runs_those_to_be_written(landscape: Landscape) -> None:
    text = made(landscape, "ip-route")
    if text is None:
        return
    parts = sections(text, r"'?([a-z0-9-]+)'?\)", "    ;;")
    devices = list(landscape.devices())
    assert list(parts) == list(as_labels(d.title for d in devices).values())
    for device, lines in zip(devices, parts.values(), strict=True):
        commands = Counter(
            found[1] for line in lines if (found := re.match(r" +ip (?:-6 )?route replace (\S+) ", line))
        )
        comments = Counter(found[1] for line in lines if (found := re.match(r" +# (\S+/\d+) towards ", line)))
        run = Counter(
            str(r.prefix)
            for r in device.routes
            if r.how == "link"
            or (r.how == "gre" and has_ends(landscape, r))
            or (r.how in ("static", "static-route") and known(r.next_hop))
        )
        assert commands == run, device.title
        assert commands + comments == Counter(str(r.prefix) for r in device.routes), device.title


def source_rule(rule: SourceNat) -> tuple[str, ...]:
    new = str(rule.shown) if rule.shown is not None else known(rule.address)
    return "source", rule.interface, str(rule.source), "" if rule.match is None else str(rule.match), new


def destination_rule(rule: DestinationNat | RangeNat) -> tuple[str, ...]:
    if isinstance(rule, RangeNat):
        return "destination", rule.interface, str(rule.shown), str(rule.match), str(rule.target)
    port = "" if rule.port is None else f"{rule.protocol} {rule.port}"
    return "destination", rule.interface, rule.address.text, port, rule.target.text


def test_both_kinds_of_gateway_get_every_nat_rule_in_its_order(landscape: Landscape) -> None:
    for edge in landscape.ends.edges:
        esg = landscape.esg(edge)
        nft = made(landscape, "nftables", edge=edge.name)
        xml = made(landscape, "nsx-esg", edge=edge.name)
        assert (nft is None) == (xml is None) == bool(esg.missing or landscape.homeless)
        if nft is None or xml is None:
            continue
        assert ":" not in re.sub(r"map \{.*?\}|  #.*|^#.*", "", nft, flags=re.MULTILINE).replace("ip ", "")
        found = []
        for line in nft.splitlines():
            rule = line.strip().partition("  #")[0]
            if match := re.fullmatch(
                r"oifname \$(\w+) ip saddr (\S+)(?: ip daddr (\S+))? (?:accept|snat to (\S+)|snat ip prefix to ip saddr map \{ \2 : (\S+) \})",
                rule,
            ):
                found.append(("source", match[1], match[2], match[3] or "", match[4] or match[5] or ""))
            elif match := re.fullmatch(
                r"iifname \$(\w+) ip saddr (\S+) ip daddr (\S+) dnat ip prefix to ip daddr map \{ \3 : (\S+) \}",
                rule,
            ):
                found.append(("destination", match[1], match[3], match[2], match[4]))
            elif match := re.fullmatch(r"iifname \$(\w+) ip daddr (\S+?)(?: (udp) dport (\d+))? dnat to (\S+)", rule):
                found.append(
                    (
                        "destination",
                        match[1],
                        match[2],
                        f"{match[3]} {match[4]}" if match[3] else "",
                        match[5],
                    )
                )
        expected = [source_rule(rule) for rule in esg.source_nat]
        expected += [*map(destination_rule, esg.range_nat), *map(destination_rule, esg.destination_nat)]
        assert found == expected
        rules = ET.fromstring(xml).findall(".//natRule")
        assert len(rules) == len(expected)
        for element, (kind, _, original, match_, new) in zip(rules, expected, strict=True):
            assert element.findtext("action") == ("snat" if kind == "source" else "dnat")
            assert element.findtext("originalAddress") == original
            assert element.findtext("translatedAddress") == (new or original)
            limit = "snatMatchDestinationAddress" if kind == "source" else "dnatMatchSourceAddress"
            assert (element.findtext(limit) or "") == ("" if match_.startswith("udp") else match_)


def test_nsx_writes_the_static_routes_and_none_to_what_is_connected(landscape: Landscape) -> None:
    for edge in landscape.ends.edges:
        xml = made(landscape, "nsx-esg", edge=edge.name)
        if xml is None:
            continue
        root = ET.fromstring(xml)
        static = [r for r in landscape.esg(edge).routes if r.how == "static" and known(r.next_hop)]
        found = [(r.findtext("network"), r.findtext("nextHop")) for r in root.iter("route")]
        found += [("0.0.0.0/0", r.findtext("gatewayAddress")) for r in root.iter("defaultRoute")]
        assert sorted(map(str, found)) == sorted(str((str(r.prefix), known(r.next_hop))) for r in static)


def test_every_ipsec_tunnel_is_written_at_both_of_its_ends(landscape: Landscape) -> None:
    sides: Counter[str] = Counter()
    ends = landscape.ends
    for edge in ends.edges:
        text = made(landscape, "strongswan-conf", edge=edge.name)
        sides.update(re.findall(r"(?m)^    (\S+) \{$", text or ""))
    for site in ends.sites:
        text = made(landscape, "strongswan-conf-site", site=site.name)
        sides.update(re.findall(r"(?m)^    (\S+) \{$", text or ""))
    for cluster in ends.clusters:
        if cluster.name is not None:
            for target in ("strongswan-conf-iks", "strongswan-conf-iks-icp", "strongswan-conf-icp"):
                if target.split("-")[2] == cluster.kind:
                    text = made(landscape, target, cluster=cluster.name)
                    sides.update(re.findall(r"(?m)^    (\S+) \{$", text or ""))
    tunnels = {t.label: t for t in landscape.all_tunnels() if t.joint.method in IPSEC}
    assert set(sides) <= set(tunnels)
    assert set(sides.values()) <= {1, 2}
    for label, tunnel in tunnels.items():
        for end in (tunnel.near, tunnel.far):
            alone = end.end.kind in ("iks", "icp") and end.name is not None
            if alone and known(tunnel.far.gateway) and ready(landscape, end):
                assert sides[label] >= 1, label


def ready(landscape: Landscape, end: TunnelEnd) -> bool:
    """Return whether all tunnels of a cluster have an end that listens, so that its file can be written."""
    return all(known(t.far.gateway) for t in landscape.tunnels.of_end(end.end))


def test_the_policies_of_both_ends_mirror_each_other(landscape: Landscape) -> None:
    for tunnel in landscape.all_tunnels():
        assert tunnel.near.policy
        assert tunnel.far.policy
        if not tunnel.near_nat and not tunnel.far_nat:
            assert (tunnel.near.policy, tunnel.far.policy) == (tunnel.near.subnets, tunnel.far.subnets)
        for end, nat in ((tunnel.near, tunnel.near_nat), (tunnel.far, tunnel.far_nat)):
            for item in nat:
                assert any(p.covers(item.shown) for p in end.subnets)
                assert any(p.covers(item.shown) or p == item.real for p in end.policy)


def test_the_daemons_announce_what_their_sessions_do(landscape: Landscape) -> None:
    for edge in landscape.ends.edges:
        text = made(landscape, "frr", edge=edge.name)
        if text is None:
            continue
        sessions = landscape.esg(edge).sessions
        announced = {str(p) for s in sessions for p in s.first.announces}
        assert set(re.findall(r"(?m)^  network (\S+)$", text)) == announced
        routed = set(re.findall(r"(?m)^ip route (\S+) [0-9.]+$", text))
        connected = {str(r.prefix) for r in landscape.esg(edge).routes if r.how == "connected"}
        assert announced <= routed | connected, "what has no route is not announced"
        lists: dict[str, set[str]] = {}
        for name, prefix in re.findall(r"(?m)^ip prefix-list (\S+) seq \d+ permit (\S+?)(?: le 32)?$", text):
            lists.setdefault(name, set()).add(prefix)
        for way, speakers in (("out", 0), ("in", 1)):
            written = {
                frozenset(lists.get(name, ())) for name in re.findall(rf"prefix-list (\S+) {way}$", text, re.MULTILINE)
            }
            assert written == {frozenset(map(str, s[speakers].announces)) for s in sessions}


def test_variables_hold_every_route_rule_session_and_tunnel(landscape: Landscape) -> None:
    text = made(landscape, "ansible")
    assert text is not None

    class Loader(yaml.SafeLoader):
        pass

    Loader.add_constructor("!unsafe", Loader.construct_yaml_str)  # type: ignore[type-var]
    found = yaml.load(text, Loader)["ipplan"]
    assert len(found["routes"]) == sum(len(device.routes) for device in landscape.devices())
    assert [t["name"] for t in found["tunnels"]] == [t.label for t in landscape.all_tunnels()]
    assert len(found["bgp"]) == sum(1 for _ in landscape.sessions())
    for described, edge in zip(found["edges"], landscape.ends.edges, strict=True):
        esg = landscape.esg(edge)
        assert len(described["source_nat"]) == len(esg.source_nat)
        assert len(described["destination_nat"]) == len(esg.range_nat) + len(esg.destination_nat)
