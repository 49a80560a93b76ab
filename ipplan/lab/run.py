"""A whole run: from a landscape to a blueprint, through the lab, to a report."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, NamedTuple

from ipplan.flows import FLOWS, Missing, Tracer, trace, trace_all
from ipplan.flows.machines import find_machine, internet, machine_in
from ipplan.lab import tunnels
from ipplan.lab.compare import compare, not_run
from ipplan.lab.drafts import Drafts
from ipplan.lab.exported import Exports, add_bgp, add_devices
from ipplan.lab.model import Blueprint, LabError, Probe
from ipplan.lab.outside import Process
from ipplan.lab.packets import CLOSED, SERVED
from ipplan.lab.predictions import Prediction, ends_of, predict
from ipplan.lab.requirements import check
from ipplan.lab.scenery import Scenery
from ipplan.proof import LabDevice, Report

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from ipplan.exporters import Request
    from ipplan.flows import Machine, Trace
    from ipplan.lab.model import Heard
    from ipplan.landscape import Landscape
    from ipplan.proof import Pair

_TOGETHER = 24
"""Send at most this many probes together."""
_AGAIN = 1 << 24
"""Added to the number of a probe that is sent again."""
_QUICK, _PATIENT = 0.6, 3.0
"""Wait this many seconds for the predicted result: at first, and when a probe is sent again because it differed."""


class Design(NamedTuple):
    """The design of a lab: the blueprint, the pairs to run, and the devices for the comparison."""

    blueprint: Blueprint
    predictions: tuple[Prediction, ...]
    drafts: Drafts


def documented(landscape: Landscape) -> Iterator[Trace]:
    """Yield a trace of every pair of the documented flows, including pairs that are alike."""
    tracer = Tracer(landscape)
    titles = {flow.letter: flow.title for flow in FLOWS}
    networks = {n.name: n for n in landscape.ends.networks}
    for found in trace_all(landscape):
        if isinstance(found, Missing):
            continue
        pairs = [(a, b) for firsts, seconds in found.alike for a in firsts for b in seconds]
        for first, second in pairs:
            source = internet() if first not in networks else machine_in(landscape, networks[first])
            traced = trace(tracer, source, machine_in(landscape, networks[second]))
            yield traced._replace(flow=found.flow, title=titles[found.flow or ""])


def every_pair(landscape: Landscape) -> Iterator[Trace]:
    """Yield a trace of every network with every other, with the internet in both directions, and with IBM Cloud's DNS."""
    tracer = Tracer(landscape)
    ready = [n for n in landscape.ends.networks if n.prefix is not None]
    ends = [internet(), *(machine_in(landscape, n) for n in ready)]
    for source in ends:
        if source.network is not None and source.network.kind.role in ("ingress", "service"):
            continue  # they only answer
        for goal in (*ends, find_machine(landscape, "dns")):
            if goal != source and not (goal.network is None and source.network is None):
                yield trace(tracer, source, goal)


def design(request: Request, traces: Iterable[Trace]) -> Design:
    """Return the design of a lab for some pairs, with a prediction for each."""
    traced = list(traces)
    lab = Drafts()
    landscape = request.landscape
    exports = Exports(request, lab)
    machines = [m for t in traced for m in (t.source, t.destination)]
    add_devices(exports, ends_of(machines))
    scenery = Scenery(exports)
    scenery.prepare()
    tunnels.add_tunnels(exports)
    add_bgp(exports)
    scenery.build()
    found = [predict(lab, one, scenery.end_of(one.source), scenery.end_of(one.destination)) for one in traced]
    for machine in _others(landscape, machines):
        scenery.end_of(machine)
    return Design(lab.finish(), tuple(found), lab)


def _others(landscape: Landscape, machines: Iterable[Machine]) -> Iterator[Machine]:
    """Yield the machines of overlapping networks that have the same addresses as some machines; the lab has both."""
    tracer = Tracer(landscape)
    for machine in dict.fromkeys(machines):
        if machine.network is None:
            continue
        clashing = {network.name for network in tracer.overlapping(machine.network)}
        for item in tracer.holding(machine.address):
            if item.shown is None and item.network.name in clashing:
                yield machine_in(
                    landscape, item.network, machine.address._replace(network=item.network.name, name=None)
                )


def needs_nft(blueprint: Blueprint) -> bool:
    """Return whether a lab needs nft."""
    return any(device.rules for device in blueprint.devices)


def about(design_: Design, name: str | None) -> dict[str, object]:
    """Return the description of a running lab for `ipplan lab enter`."""
    devices = [[d.label, d.title, f"d{d.number}"] for d in design_.blueprint.devices]
    return {"plan": name, "devices": devices}


def start(design_: Design, name: str | None, progress: Callable[[str], None]) -> Process:
    """Build a lab; raise LabError where that is not possible on this machine."""
    check(needs_nft=needs_nft(design_.blueprint))
    return Process(design_.blueprint, about(design_, name), progress)


def prove(design_: Design, process: Process, plan: bytes, progress: Callable[[str], None]) -> Report:
    """Send a probe for every prediction, and return the comparison."""
    pairs: list[Pair | None] = [None] * len(design_.predictions)
    probes: dict[int, Probe] = {}
    for number, prediction in enumerate(design_.predictions):
        reason = prediction.reason or _not_here(prediction, process)
        if reason is not None or prediction.request is None:
            pairs[number] = not_run(prediction, reason or "not predicted")
        else:
            probes[number] = _probe(number, prediction)
    done = 0
    for batch in _batches(list(probes.values())):
        for heard in process.probe(batch, _QUICK):
            pairs[heard.number] = _judge(design_, process, probes[heard.number], heard)
        done += len(batch)
        progress(f"{done:,} of {len(probes):,} pairs")
    devices = tuple(LabDevice(d.label, d.title, f"d{d.number}") for d in design_.blueprint.devices)
    return Report(
        process.started.isoformat(timespec="seconds"),
        round(process.seconds, 3),
        hashlib.sha256(plan).hexdigest(),
        tuple(process.versions.items()),
        devices,
        design_.blueprint.scenery,
        tuple(p for p in pairs if p is not None),
        tuple(_notes(design_, process)),
    )


def _notes(design_: Design, process: Process) -> Iterator[str]:
    """Yield notes on what the lab simplifies."""
    hops = (hop for p in design_.predictions for hop in (*p.trace.hops, *p.trace.back))
    protocols = {outer.protocol for hop in hops for outer in hop.outer}
    if "IP-in-IP" in protocols:
        yield "the lab has a plain route instead of IP-in-IP between workers; all pods of a cluster are on its first worker"
    if "tunnel" in protocols:
        yield "the lab has a wire instead of the tunnel of the L2 concentrators"
    if process.carries_gre:
        yield "this kernel has no GRE, so the lab itself encapsulates and decapsulates it"
    for what, why in design_.blueprint.absent:
        yield f"{what} is not configured: {why}"


def _judge(design_: Design, process: Process, probe: Probe, heard: Heard) -> Pair:
    """Compare the result of a probe; one that differs is sent again, alone and with a longer wait."""
    prediction = design_.predictions[heard.number]
    found = compare(design_.drafts, prediction, heard)
    if found.outcome == "differs":
        # With another number, because packets of the first probe may still arrive.
        fresh = probe._replace(number=probe.number + _AGAIN, alone=True)
        (again,) = process.probe([fresh], _PATIENT if probe.expected else _QUICK)
        found = compare(design_.drafts, prediction, again)
    return found


def _batches(probes: Sequence[Probe]) -> Iterator[list[Probe]]:
    """Yield probes to send together; those through ESP are sent alone, because ESP packets cannot be assigned to probes."""
    together = [p for p in probes if not p.alone]
    for at in range(0, len(together), _TOGETHER):
        yield together[at : at + _TOGETHER]
    yield from ([p] for p in probes if p.alone)


def _probe(number: int, prediction: Prediction) -> Probe:
    trace_, sender, request = prediction.trace, prediction.sender, prediction.request
    assert sender is not None
    assert request is not None
    # On a machine with several networks the kernel chooses the source, where flows predicts another address of its own.
    source = trace_.source.address.text
    if request.visits and request.visits[0].source != source and sender.group.kind in ("workers", "ESG", "ESXi host"):
        source = ""
    # A virtual address means the ingress behind it, unless the worker that has the address is the destination.
    named = trace_.asked.same(trace_.destination.address) and prediction.receiver is not None
    role = None if trace_.destination.network is None else trace_.destination.network.kind.role
    port = CLOSED if role == "worker" or (named and role == "ingress") else SERVED
    expected = request.arrives and (prediction.answer is None or prediction.answer.arrives)
    alone = "strongswan" in prediction.needs
    return Probe(number, sender.number, source, trace_.asked.text, port, alone, expected, sender.router)


def _not_here(prediction: Prediction, process: Process) -> str | None:
    """Return why a pair cannot be run with the daemons that came up; None where it can."""
    for program in sorted(prediction.needs):
        if program in process.not_up:
            return process.not_up[program]
    if prediction.needs:
        down = [why for key, why in process.not_up.items() if key.rpartition(" ")[2] in prediction.needs]
        if down:
            return down[0]
    return None


__all__ = ["Design", "LabError", "design", "documented", "every_pair", "prove", "start"]
