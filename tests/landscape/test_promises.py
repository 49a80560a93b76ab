"""Law 5 of LANDSCAPE: a flow that check calls unreachable stops, and a promised one that stops is a finding.

In plans without overlaps, so that nothing is ambiguous. Each promised pair is traced by itself here; check traces one of
those that are alike.
"""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING

import pytest
from test_routes import landscape_of, load_catalog_once

from ipplan.checks import check_plan
from ipplan.flows import Tracer, trace
from ipplan.flows.alike import Alike
from ipplan.flows.documented import ends_of, joins
from ipplan.flows.machines import internet, machine_in
from ipplan.flows.model import FLOWS
from ipplan.flows.promises import list_promises

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ipplan.flows import Trace
    from ipplan.landscape import Landscape
    from ipplan.landscape.ends import Carried, End, Joint
    from ipplan.plan.model import Network

OWN_ADDRESSES = {"common-vlan", "strongswan", "bgp", "ipsec", "gre", "l2-extension", "routed"}


def joints(landscape: Landscape) -> list[Joint]:
    ends = landscape.ends
    every = (*ends.clusters, *ends.edges, *ends.sites)
    return list(dict.fromkeys(joint for end in every for joint in ends.joints_of(end)))


def carried_pairs(landscape: Landscape) -> Iterator[tuple[Joint, Network, Network]]:
    """Yield both directions of what links carry, but towards a /32 that stands for many; services only answer."""
    ends = landscape.ends

    def side(joint: Joint, end: End) -> list[Carried]:
        return [item for item in ends.carried(joint, end) if item.network.prefix is not None]

    for joint in joints(landscape):
        if joint.method not in OWN_ADDRESSES:
            continue
        for one in side(joint, joint.first):
            for two in side(joint, joint.second):
                if ends.on_premises(one.network) and ends.on_premises(two.network):
                    continue  # both are the site's
                for source, target in ((one, two), (two, one)):
                    if not target.outbound_only and source.network.kind.role not in ("service", "ingress"):
                        yield joint, source.network, target.network


def comes_to(traced: Trace) -> tuple[object, ...]:
    """Return what check would report of a trace."""
    stop = traced.stop or traced.back_stop
    return (
        traced.result,
        stop and stop.device,
        stop and stop.end,
        traced.stop is None,
    )


class Traces:
    """Traces of one landscape, each pair by itself."""

    def __init__(self, landscape: Landscape) -> None:
        self.landscape = landscape
        self.tracer = Tracer(landscape)
        self.found: dict[tuple[str | None, str], Trace] = {}

    def of(self, source: Network | None, destination: Network) -> Trace:
        key = (source and source.name, destination.name)
        if key not in self.found:
            start = internet() if source is None else machine_in(self.landscape, source)
            self.found[key] = trace(self.tracer, start, machine_in(self.landscape, destination))
        return self.found[key]


@pytest.mark.parametrize("start", range(0, 60, 10))
def test_what_links_carry_is_traced_for_every_pair_or_for_one_that_is_alike(start: int) -> None:
    for seed in range(start, start + 10):
        landscape = landscape_of(seed)
        if landscape is not None:
            hold_classes_against_pairs(landscape)


@pytest.mark.slow
@pytest.mark.parametrize("start", range(1_000, 4_000, 100))
def test_what_links_carry_is_traced_in_many_plans(start: int) -> None:
    for seed in range(start, start + 100):
        landscape = landscape_of(seed)
        if landscape is not None:
            hold_classes_against_pairs(landscape)


def hold_classes_against_pairs(landscape: Landscape) -> None:
    alike, traces = Alike(landscape), Traces(landscape)
    chosen: dict[object, list[tuple[Network, Network]]] = {}
    for p in list_promises(landscape):
        if p.joint is not None and p.source is not None and p.front is None:
            pair, classes = (p.source, p.destination), (alike.network(p.source), alike.network(p.destination))
            chosen.setdefault((alike.joint(p.joint), *classes), []).append(pair)
            # Two links of one site may carry the same pair, whose packets take one way and are traced once.
            chosen.setdefault(classes, []).append(pair)
    for joint, source, destination in carried_pairs(landscape):
        classes = alike.network(source), alike.network(destination)
        mine = comes_to(traces.of(source, destination))
        pairs = chosen.get((alike.joint(joint), *classes))
        if pairs is not None:
            assert {comes_to(traces.of(*pair)) for pair in pairs} == {mine}, (source.name, destination.name)
        else:
            assert mine in {comes_to(traces.of(*pair)) for pair in chosen.get(classes, ())}, (
                joint.title, source.name, destination.name,
            )  # fmt: skip


@pytest.mark.parametrize("start", range(100, 160, 10))
def test_documented_pairs_that_are_alike_come_to_the_same(start: int) -> None:
    for seed in range(start, start + 10):
        landscape = landscape_of(seed)
        if landscape is None:
            continue
        alike, traces = Alike(landscape), Traces(landscape)
        seen: dict[object, Trace] = {}
        for flow in FLOWS:
            pairs = [pair for pair in product(*ends_of(landscape, flow)) if joins(landscape, flow, *pair)]
            for source, destination in pairs:
                ((key, block),) = alike.blocks([source], [destination])
                assert block.size == 1
                mine = traces.of(source, destination)
                first = seen.setdefault((flow.letter, key), mine)
                assert comes_to(mine) == comes_to(first), (seed, flow.letter, mine.title, first.title)


@pytest.mark.parametrize("start", range(200, 260, 10))
def test_findings_are_the_promised_flows_that_stop(start: int) -> None:
    for seed in range(start, start + 10):
        landscape = landscape_of(seed)
        if landscape is None:
            continue
        traces = Traces(landscape)
        by_name = {network.name: network for network in landscape.ends.networks}
        told = set()
        for finding in check_plan(landscape.plan, load_catalog_once()):
            if finding.rule == "unreachable-flow" and " through " not in finding.message.split(" stops")[0]:
                first, *rest = finding.networks
                source = by_name[first] if rest else None
                traced = traces.of(source, by_name[rest[0] if rest else first])
                assert traced.result == "unreachable", (seed, finding.message)
                stop = traced.stop or traced.back_stop
                assert stop is not None
                assert stop.reason in finding.message
                told.add((by_name[finding.networks[-1]].kind.name, *comes_to(traced)[1:]))
        stops = {
            (p.destination.kind.name, *comes_to(traced)[1:])
            for p in list_promises(landscape)
            if p.front is None
            and p.destination.prefix is not None
            and (p.source is None or p.source.prefix is not None)
            and (traced := traces.of(p.source, p.destination)).result == "unreachable"
        }
        assert stops == told, seed
