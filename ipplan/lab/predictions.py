"""What the lab has to see of a traced flow: the devices in order, and the addresses of the packet after each."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ipplan.flows.model import ARRIVED
from ipplan.lab.drafts import UNNAMED, Group
from ipplan.landscape.model import DestinationNat, RangeNat, Route
from ipplan.proof import OuterPacket, Point, Way

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from ipplan.flows.model import Hop, Machine, Stop, Trace
    from ipplan.lab.drafts import Draft, Drafts
    from ipplan.landscape.model import SourceNat

CARRYING = ("ESP", "GRE", "VXLAN")
"""Protocols that the lab can see around packets; the tunnel of HCX is a wire."""
_INSIDE = ("vRouter", "kube-proxy", "worker", "strongSwan", "load balancer", "ingress")
"""Devices that flows distinguishes inside a cluster; in the lab they are one device or a few."""
_NO_DEVICE = ("DNS", "L2 concentrator", "remote L2 concentrator")
"""Devices of flows that do not exist in the lab."""
_ON_FIRST = ("vRouter", "kube-proxy", "strongSwan", "load balancer", "ingress", "pod")
"""Devices of flows that only the first worker of a cluster has in the lab."""
_ON_BOTH = ("ESXi host",)
"""Devices that may have their other side in a network that the plan does not have; workers get a public side."""


class Visit(NamedTuple):
    """A device on the way, with the addresses of the packet as it leaves (None: not known), and what decides there."""

    group: Group
    title: str
    source: str | None
    destination: str | None
    decided: str | None


class Expected(NamedTuple):
    """One way as predicted. `group` is its last device; `outer` are the known outer packets, `protocols` all of theirs."""

    visits: tuple[Visit, ...]
    end: str
    group: Group | None
    title: str | None
    outer: tuple[OuterPacket, ...]
    protocols: frozenset[str]

    @property
    def arrives(self) -> bool:
        """Whether the packet arrives."""
        return self.end in ARRIVED

    @property
    def way(self) -> Way:
        """The way for reports."""
        points = tuple(
            Point(v.title, v.source or "unknown", v.destination or "unknown", v.decided) for v in self.visits
        )
        return Way(points, self.end, self.title, self.outer)


def title_of(lab: Drafts, group: Group) -> str:
    """Return the title of a group of devices."""
    kind, name = group
    if kind == "workers":
        return f"{name} workers" if name in UNNAMED else f"workers of {name}"
    found = lab.find(*group)
    return found.title if found is not None else kind if name is None else f"{kind} of {name}"


def expect(lab: Drafts, hops: Sequence[Hop], end: str, stop: Stop | None, start: Draft, goal: Draft | None) -> Expected:
    """Return the predicted way from the sending device to the receiving one."""
    visits: list[Visit] = []
    carried: set[str] = set()
    protocols: set[str] = set()
    outer: dict[OuterPacket, None] = {}
    for index, hop in enumerate(hops):
        for around in hop.outer:
            # The worker of a pod is an example.
            if around.protocol == "VXLAN" and hop.device in _INSIDE:
                continue
            if around.protocol in CARRYING and None not in (around.source.value, around.destination.value):
                outer[OuterPacket(around.protocol, around.source.text, around.destination.text)] = None
        inside = {around.protocol for around in hop.outer} - {"VXLAN", "IP-in-IP"}
        hidden, carried = bool(carried & inside), inside
        protocols |= inside
        if hop.device in _NO_DEVICE or hidden or hop.action == "dns":
            continue
        last = index == len(hops) - 1
        group = (
            start.group if not visits else _group(_Way(lab, start, goal, visits), hop, deliver=last and end in ARRIVED)
        )
        _add(lab, visits, group, hop)
    if goal is not None and end in ARRIVED and (not visits or visits[-1].group != goal.group):
        _add(lab, visits, goal.group, hops[-1])
    where = None
    if stop is not None:
        where = _stop_group(_Way(lab, start, goal, visits), stop)
    elif goal is not None:
        where = goal.group
    title = None if where is None else title_of(lab, where)
    return Expected(tuple(visits), end, where, title, tuple(outer), frozenset(protocols))


def _add(lab: Drafts, visits: list[Visit], group: Group, hop: Hop) -> None:
    source, destination = (None if a.value is None else a.text for a in (hop.source, hop.destination))
    decided = "; ".join(map(_entry, hop.decided)) or None
    if hop.unmatched is not None:
        decided = f"no rule of {hop.unmatched} matches"
    if visits and visits[-1].group == group:
        decided = decided or visits[-1].decided
        visits.pop()
    visits.append(Visit(group, title_of(lab, group), source, destination, decided))


def _entry(entry: Route | SourceNat | DestinationNat | RangeNat) -> str:
    """Return a description of a route or NAT rule."""
    if isinstance(entry, Route):
        return f"route {entry.prefix} towards {entry.via}"
    if isinstance(entry, DestinationNat):
        return f"DNAT {entry.address} to {entry.target}"
    if isinstance(entry, RangeNat):
        return f"DNAT {entry.shown} to {entry.target}"
    shown = entry.shown or entry.address
    return f"SNAT {entry.source} to {shown}" if shown is not None else f"no SNAT of {entry.source}"


class _Way(NamedTuple):
    """A way while it is followed: its sending and receiving device, and the devices so far."""

    lab: Drafts
    start: Draft
    goal: Draft | None
    visits: Sequence[Visit]

    def workers(self, name: str | None) -> Group:
        """Return the workers of a cluster; without a name those near the current end of the way."""
        if name is not None:
            return Group("workers", name)
        unnamed = dict.fromkeys(d.group for d in self.lab.of_group("workers") if d.group.owner in UNNAMED)
        away = any(visit.group.kind not in ("workers", "pod") for visit in self.visits)
        near = self.goal if away else self.start
        if near is not None and near.cluster in unnamed:
            return near.cluster
        return next(iter(unnamed), Group("workers", None))

    def find(self, device: str, name: str | None) -> Group:
        """Return the group of a device that flows names."""
        if device in _INSIDE:
            return self.workers(name)
        if device in ("internet user", "internet host"):
            return Group("internet", None)
        if device in ("BCR", "FCR", "IBM Cloud's services"):
            return Group(device, None)
        if device == "ESXi host":
            holding = (d for d in self.lab.of_group("ESXi host") if any(n == name for n, _ in d.held))
            return next((d.group for d in holding), Group("ESXi host", name))
        return Group(device, name)


def _group(way: _Way, hop: Hop, *, deliver: bool) -> Group:
    if deliver and way.goal is not None and hop.action == "deliver":
        return way.goal.group
    return way.find(hop.device, hop.name)


def _stop_group(way: _Way, stop: Stop) -> Group:
    """Return the device at which a packet stops; the sender itself, where flows names a part of it."""
    if stop.device == "pod":
        return Group("pod", None)
    found = way.find(stop.device, stop.name)
    if way.lab.find(*found) is None and way.visits:
        same = [v.group for v in way.visits if v.group.kind == found.kind]
        return same[-1] if same else way.visits[-1].group
    return found


class Prediction(NamedTuple):
    """A pair with its devices and both predicted ways; `reason` says why it cannot be run, `needs` are its programs."""

    trace: Trace
    sender: Draft | None
    receiver: Draft | None
    request: Expected | None
    answer: Expected | None
    needs: frozenset[str]
    reason: str | None


def predict(lab: Drafts, trace: Trace, sender: Draft | None, receiver: Draft | None) -> Prediction:
    """Return the prediction for a traced flow."""
    needs = _needs(trace)
    reason = _not_predicted(trace)
    if reason is None and sender is None:
        reason = f"no device in the lab has {trace.source.address}, the address of the sender"
    if reason is not None or sender is None:
        return Prediction(trace, sender, receiver, None, None, needs, reason)
    request = expect(lab, trace.hops, trace.end, trace.stop, sender, receiver)
    answer = None
    if trace.stop is None and trace.back and receiver is not None:
        back_end = "delivered" if trace.back_stop is None else trace.back_stop.end
        answer = expect(lab, trace.back, back_end, trace.back_stop, receiver, sender)
    if sender is receiver or sender.has(trace.asked.text):
        reason = "the sender is asked itself, so no packet leaves it"
    elif trace.stop is None and receiver is None:
        reason = f"no device in the lab has {trace.destination.address}, the address of the receiver"
    else:
        reason = (
            _not_exported(lab, trace)
            or _elsewhere(lab, trace, sender)
            or _elsewhere(lab, trace, receiver)
            or _unknown_side(trace)
        )
    return Prediction(trace, sender, receiver, request, answer, needs, reason)


def _not_predicted(trace: Trace) -> str | None:
    """Return why flows makes no prediction that can be run, None where it does."""
    stop = trace.stop or trace.back_stop
    if trace.result == "undetermined" and stop is not None:
        return f"not predicted: {stop.reason}"
    if trace.asked.value is None:
        return f"not predicted: {trace.asked} is not known"
    own, asked = trace.source.address.version, trace.asked.version
    if own != asked:
        return f"{trace.source.title} has IPv{own} addresses, and {trace.asked} is an IPv{asked} address"
    return None


def _not_exported(lab: Drafts, trace: Trace) -> str | None:
    """Return which device on the way has no configuration, because it cannot be exported."""
    for hop in (*trace.hops, *trace.back):
        if (why := lab.refused.get(Group(hop.device, hop.name))) is not None:
            return why
    return None


def _elsewhere(lab: Drafts, trace: Trace, end: Draft | None) -> str | None:
    """Return why a worker cannot be an end of a flow in the lab: only the first one has pods, tunnels and BGP."""
    if end is None or end.group.kind != "workers" or lab.find(*end.group) is end:
        return None
    name = None if end.group.owner in UNNAMED else end.group.owner
    own = [hop for hop in (*trace.hops, *trace.back) if hop.name == name]
    same = trace.source.end is not None and trace.source.end == trace.destination.end
    if same or any(_on_first(hop) for hop in own):
        return f"{end.title} cannot run it in the lab: only the first worker of a cluster has its pods, tunnels and BGP"
    return None


def _on_first(hop: Hop) -> bool:
    learned = any(isinstance(entry, Route) and entry.how in ("bgp", "chart", "link") for entry in hop.decided)
    return hop.device in _ON_FIRST or (hop.device == "worker" and (learned or bool(hop.changed)))


def _unknown_side(trace: Trace) -> str | None:
    """Return why a machine on both networks of IBM Cloud cannot send: no network of the plan has its other address."""
    first = trace.hops[0].source
    for hop in trace.hops:
        if hop.device in _ON_BOTH and hop.source.value is None and not hop.source.same(first):
            return f"not predicted: {hop.source} is not known"
    return None


def _needs(trace: Trace) -> frozenset[str]:
    """Return the programs that the lab needs to run a flow."""
    found = set()
    for hop in (*trace.hops, *trace.back):
        if any(outer.protocol == "ESP" for outer in hop.outer):
            found.add("strongswan")
        for entry in hop.decided:
            if isinstance(entry, Route) and (
                entry.how in ("bgp", "request") and entry.device in ("IKS worker", "ESG", "BCR") and entry.via != "XCR"
            ):
                found |= {"frr", "bird"} if entry.device != "BCR" or entry.via == "ESG" else {"bird"}
    return frozenset(found)


def ends_of(machines: Iterable[Machine]) -> set[str]:
    """Return the known addresses of machines."""
    return {m.address.text for m in machines if m.address.value is not None}
