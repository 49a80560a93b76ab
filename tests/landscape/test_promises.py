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
    return list(dict.fromkeys(joint for end in every for joint in ends.links.of(end)))


def carried_pairs(landscape: Landscape) -> Iterator[tuple[Joint, Network, Network]]:
    """Yield both directions of what links carry, but towards a /32 that stands for many; services only answer."""
    ends = landscape.ends

    def side(joint: Joint, end: End) -> list[Carried]:
        return [item for item in ends.carriage.carried(joint, end) if item.network.prefix is not None]

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
@pytest.mark.parametrize("start", range(1_000, 3_000, 100))
def test_what_links_carry_is_traced_in_many_plans(start: int) -> None:
    for seed in range(start, start + 100):
        landscape = landscape_of(seed)
        if landscape is not None:
            hold_classes_against_pairs(landscape)


def hold_classes_against_pairs(landscape: Landscape) -> None:
    alike, traces = Alike(landscape), Traces(landscape)
    by_joint, by_pair = {}, {}
    for promise in list_promises(landscape):
        if promise.source is not None and promise.front is None:
            classes = alike.network(promise.source), alike.network(promise.destination)
            by_pair[pair_class(alike, promise.source, promise.destination)] = promise
            if promise.joint is not None:
                by_joint[(alike.joint(promise.joint), *classes)] = promise
    for joint, source, destination in carried_pairs(landscape):
        key = (alike.joint(joint), alike.network(source), alike.network(destination))
        # A pair that a documented flow has as well is traced for that one only.
        told = by_joint.get(key) or by_pair.get(pair_class(alike, source, destination))
        assert told is not None, (joint.title, source.name, destination.name)
        mine, theirs = traces.of(source, destination), traces.of(told.source, told.destination)
        assert comes_to(mine) == comes_to(theirs), (mine.title, theirs.title)


def pair_class(alike: Alike, source: Network | None, destination: Network) -> object:
    ((key, block),) = alike.blocks([source], [destination])
    assert block.size == 1
    return key


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
                mine = traces.of(source, destination)
                key = (flow.letter, pair_class(alike, source, destination))
                first = seen.setdefault(key, mine)
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
