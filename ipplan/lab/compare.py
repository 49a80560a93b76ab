"""Compare what packets did with what `ipplan flows` predicts: the devices in order, their addresses, and the end."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

from ipplan.lab.drafts import Group
from ipplan.lab.predictions import Visit, title_of
from ipplan.proof import Difference, Pair, Point, Way

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from ipplan.lab.drafts import Draft, Drafts
    from ipplan.lab.model import Event, Heard
    from ipplan.lab.predictions import Expected, Prediction
    from ipplan.proof import OuterPacket

_TRANSIT = "internet"
"""The device between two routers that `ipplan flows` has no device for."""
_IN_CLEAR = ("not-translated", "outside-tunnel")
"""Ends for which `ipplan flows` names the device that has no rule; in the lab the router after it drops the packet."""
_NEXT = ("FCR", "BCR", _TRANSIT)


class Seen(NamedTuple):
    """One way as it was seen. `group` is the last device; `loop` says that the packet came to a device repeatedly."""

    visits: tuple[Visit, ...]
    group: Group | None
    outer: tuple[OuterPacket, ...]
    loop: bool


def compare(lab: Drafts, prediction: Prediction, heard: Heard) -> Pair:
    """Return the result for a pair with all differences."""
    by_number = {draft.number: draft for draft in lab.devices.values()}
    request = prediction.request
    assert request is not None
    seen = _seen(lab, by_number, heard, "request")
    differences: list[Difference] = []
    answer, seen_answer = prediction.answer, None
    positive = None
    received = None if heard.receiver is None else by_number[heard.receiver]
    right = _is_right(prediction, seen, received)
    if right:
        seen = _at_the_end(seen, heard.source)
        if request.arrives:
            seen = _translated_at_the_end(seen, request)
    if request.arrives:
        if not right:
            differences.append(_end("request", request, _what_happened(lab, seen, heard, received), lab, seen))
        odd = _differences(lab, "request", request, seen)
        # A device with several addresses sends into a tunnel with any of them.
        differences += (d for d in odd if not (request.protocols and _own_address(prediction, d)))
    else:
        positive = _proof(lab, request, seen, heard, received)
        if right and request.end == "ambiguous":
            assert received is not None
            return not_run(
                prediction, f"not predicted: {_reason(prediction)}; in the lab it arrives at {received.title}"
            )
        if right or positive is None:
            differences.append(_end("request", request, _what_happened(lab, seen, heard, received), lab, seen))
        elif request.end != "ambiguous" and not _another(request, received):
            odd = _differences(lab, "request", request, seen)
            differences += (d for d in odd if not _own_address(prediction, d))
    if answer is not None and right:
        if answer.end == "ambiguous" and heard.answer == prediction.trace.asked.text:
            return not_run(prediction, f"not predicted: {_reason(prediction)}; in the lab the answer arrives")
        seen_answer = _at_the_end(_seen(lab, by_number, heard, "answer"), heard.answer)
        if answer.arrives and heard.answer == prediction.trace.asked.text:
            seen_answer = _translated_at_the_end(seen_answer, answer)
        found, positive = _compare_answer(lab, prediction, answer, seen_answer, heard)
        differences += found
    return _pair(lab, prediction, seen, seen_answer, received, heard, tuple(differences), positive)


def _another(request: Expected, received: Draft | None) -> bool:
    """Return whether a wrong machine got the packet that is not the example of a wrong machine in `ipplan flows`."""
    return request.end == "wrong-network" and received is not None and received.group != request.group


def _reason(prediction: Prediction) -> str:
    stop = prediction.trace.stop or prediction.trace.back_stop
    return "" if stop is None else stop.reason


def _at_the_end(seen: Seen, source: str | None) -> Seen:
    """Return a way whose last source is the one that the machine at its end sees, after NAT on that machine."""
    if source is None or not seen.visits:
        return seen
    return seen._replace(visits=(*seen.visits[:-1], seen.visits[-1]._replace(source=source)))


def _translated_at_the_end(seen: Seen, expected: Expected) -> Seen:
    """Return a way to workers whose last destination is the one after their own NAT, which no capture shows."""
    if not seen.visits or not expected.visits or seen.visits[-1].group.kind != "workers":
        return seen
    wanted = expected.visits[-1].destination
    return seen._replace(visits=(*seen.visits[:-1], seen.visits[-1]._replace(destination=wanted)))


def _is_right(prediction: Prediction, seen: Seen, received: Draft | None) -> bool:
    """Return whether the intended machine got the packet, at the intended address if it is a router with several."""
    if received is None or received is not prediction.receiver:
        return False
    goal = prediction.trace.destination
    if (goal.network is not None and goal.network.kind.role == "service") or not seen.visits:
        return True
    last = seen.visits[-1].destination
    # NAT on the machine itself happens after the capture.
    return last == goal.address.text or (received.group.kind == "workers" and not received.has(last or ""))


def _compare_answer(
    lab: Drafts, prediction: Prediction, answer: Expected, seen: Seen, heard: Heard
) -> tuple[list[Difference], str | None]:
    asked = prediction.trace.asked.text
    found: list[Difference] = []
    if answer.arrives:
        if heard.answer != asked:
            actual = "no answer" if heard.answer is None else f"answer from {heard.answer}"
            if heard.answer is None and seen.group is not None:
                actual += f", last seen at {title_of(lab, seen.group)}"
            found.append(Difference("answer", _last_title(answer), "answering address", f"answer from {asked}", actual))
        found += (d for d in _differences(lab, "answer", answer, seen) if not _own_address(prediction, d))
        return found, None
    if heard.answer == asked:
        found.append(_end("answer", answer, f"answer from {asked}", lab, seen))
        return found, None
    proof = _stop_proof(lab, answer, seen, heard)
    if heard.answer is not None:
        proof = f"another address answers: {heard.answer}"
    if proof is None:
        found.append(_end("answer", answer, _what_happened(lab, seen, heard, None), lab, seen))
    elif answer.end not in ("ambiguous", "no-session"):
        found += _differences(lab, "answer", answer, seen)
    return found, proof


def _own_address(prediction: Prediction, found: Difference) -> bool:
    """Return whether the only difference is which of its own addresses a sender on several networks uses."""
    sender = prediction.sender
    return (
        sender is not None
        and found.what == ("destination" if found.way == "answer" else "source")
        and sender.has(found.expected)
        and sender.has(found.actual)
    )


def _last_title(way: Expected) -> str:
    return way.visits[-1].title if way.visits else way.title or ""


def _end(way: Literal["request", "answer"], expected: Expected, actual: str, lab: Drafts, seen: Seen) -> Difference:
    where = expected.title or _last_title(expected)
    wanted = f"arrives at {where}" if expected.arrives else f"{expected.end} at {where}"
    at = next((v for v in reversed(expected.visits) if seen.group is not None and v.group == seen.group), None)
    device = title_of(lab, seen.group) if seen.group is not None else where
    return Difference(way, device, "end", wanted, actual, None if at is None else at.decided)


def _what_happened(lab: Drafts, seen: Seen, heard: Heard, received: Draft | None) -> str:
    if received is not None:
        return f"arrives at {received.title}, from {heard.source}"
    if heard.error is not None and len(seen.visits) <= 1:
        return f"not sent: {heard.error}"
    if seen.loop:
        return "loops"
    if not seen.visits:
        return "not seen anywhere"
    last = seen.visits[-1]
    return f"last seen at {title_of(lab, last.group)}, from {last.source} to {last.destination}"


# The packets that were seen.


def _seen(lab: Drafts, by_number: Mapping[int, Draft], heard: Heard, kind: Literal["request", "answer"]) -> Seen:
    """Return the way of the request or of the answer according to the captures."""
    visits: list[Visit] = []
    outer: dict[OuterPacket, None] = {}
    first_answer = next((e.time for e in heard.events if e.kind == "answer" and e.outer is None), None)
    count: dict[tuple[int, str, str], int] = {}
    for event in heard.events:
        if event.kind == "hidden" and event.outer is not None:
            if (first_answer is not None and event.time >= first_answer) == (kind == "answer"):
                outer[event.outer] = None
            continue
        if event.kind != kind:
            continue
        if event.outer is not None:
            outer[event.outer] = None
            continue
        group = by_number[event.device].group
        if event.inward:
            key = (event.device, event.source, event.destination)
            count[key] = count.get(key, 0) + 1
        _visit(lab, visits, group, event)
    loop = any(number > 3 for number in count.values())
    ended = visits[-1].group if visits else None
    return Seen(tuple(visits[:64]), ended, tuple(outer), loop)


def _visit(lab: Drafts, visits: list[Visit], group: Group, event: Event) -> None:
    if visits and visits[-1].group == group:
        visits.pop()
    visits.append(Visit(group, title_of(lab, group), event.source, event.destination, None))


# Differences on a way.


def _differences(
    lab: Drafts, way: Literal["request", "answer"], expected: Expected, seen: Seen
) -> Iterator[Difference]:
    """Yield the differences on the way: in the devices, or else in the addresses; then in the outer packets."""
    wanted, found = list(expected.visits), _without_transit(expected, seen)
    if not expected.arrives and found and found[-1].group.kind in _NEXT and expected.end in _IN_CLEAR:
        found = found[: 1 + max((n for n, v in enumerate(found) if v.group == expected.group), default=len(found))]
    if (
        not expected.arrives
        and found
        and found[-1].group == expected.group
        and expected.group not in {v.group for v in wanted}
    ):
        found = found[:-1]  # in flows this way stops at the device before it
    paths = [[v.title for v in visits] for visits in (wanted, found)]
    if [v.group for v in wanted] != [v.group for v in found]:
        at = next(
            (n for n, (a, b) in enumerate(zip(wanted, found, strict=False)) if a.group != b.group),
            min(len(wanted), len(found)),
        )
        device = paths[0][min(at, len(wanted)) - 1] if at else (paths[0] or [""])[0]
        decided = wanted[at - 1].decided if 0 < at <= len(wanted) else None
        yield Difference(way, device, "path", " > ".join(paths[0]), " > ".join(paths[1]) or "nothing seen", decided)
    else:
        for want, have in zip(wanted, found, strict=True):
            for what, one, other in (
                ("source", want.source, have.source),
                ("destination", want.destination, have.destination),
            ):
                if one is not None and one != other:
                    yield Difference(way, want.title, what, one, other or "unknown", want.decided)  # type: ignore[arg-type]
    yield from _outer_differences(lab, way, expected, seen)


def _without_transit(expected: Expected, seen: Seen) -> list[Visit]:
    """Return the visits without the internet between two routers, and the FCR beside it, for which flows has no hops."""
    wanted = {v.group for v in expected.visits}
    found = list(seen.visits)
    kept: list[Visit] = []
    for index, visit in enumerate(found):
        beside = [v.group.kind for v in found[max(index - 1, 0) : index + 2]]
        if visit.group not in wanted and (
            visit.group.kind == _TRANSIT or (visit.group.kind == "FCR" and _TRANSIT in beside)
        ):
            continue
        if kept and kept[-1].group == visit.group:
            kept.pop()
        kept.append(visit)
    return kept


def _outer_differences(
    lab: Drafts, way: Literal["request", "answer"], expected: Expected, seen: Seen
) -> Iterator[Difference]:
    """Yield outer addresses that are predicted but not seen, and tunnels that are seen but not predicted.

    The placement of machines on hosts is an example, so a VXLAN may have the opposite direction.
    """
    for item in expected.outer:
        same = [outer for outer in seen.outer if outer.protocol == item.protocol]
        if item.protocol == "VXLAN" and not lab.vxlans:
            continue
        turned = item._replace(source=item.destination, destination=item.source)
        if item not in same and not (item.protocol == "VXLAN" and turned in same):
            actual = "; ".join(f"{outer.source} > {outer.destination}" for outer in same) or "none seen"
            wanted = f"{item.protocol} {item.source} > {item.destination}"
            yield Difference(way, _last_title(expected), "outer", wanted, actual)
    for item in seen.outer:
        if item.protocol in ("ESP", "GRE") and item.protocol not in expected.protocols:
            ends = f"{item.source} > {item.destination}"
            yield Difference(way, _last_title(expected), "outer", f"no {item.protocol}", ends)


# Evidence that a packet stopped.


def _proof(lab: Drafts, expected: Expected, seen: Seen, heard: Heard, received: Draft | None) -> str | None:
    """Return the evidence that a request stopped where predicted; None where there is none."""
    if received is not None:
        if expected.end in ("ambiguous", "wrong-network") or _same(expected.group, received.group):
            return f"received by {received.title}, another machine"
        return None
    return _stop_proof(lab, expected, seen, heard)


def _same(wanted: Group | None, group: Group) -> bool:
    if wanted is None:
        return False
    # A pod has a group of its own, but flows may name its worker instead.
    return wanted == group or ("pod" in (wanted.kind, group.kind) and {wanted.kind, group.kind} <= {"pod", "workers"})


def _stop_proof(lab: Drafts, expected: Expected, seen: Seen, heard: Heard) -> str | None:
    if expected.end == "loop":
        return "seen repeatedly at the same device" if seen.loop else None
    if heard.error is not None and len(seen.visits) <= 1:
        return f"the kernel of the sender rejects it: {heard.error}" if len(expected.visits) <= 1 else None
    if seen.group is None or expected.group is None:
        return None
    where = title_of(lab, seen.group)
    refusal = next((e.source for e in heard.events if e.kind == "refusal"), None)
    if refusal is None and heard.control is False:
        return None
    if expected.end == "ambiguous":
        refused = any(v.group == expected.group for v in seen.visits) or seen.group == expected.group
        return f"last seen at {where}" if refused else None
    after = expected.end in _IN_CLEAR and seen.group.kind in _NEXT
    if after and any(v.group == expected.group for v in seen.visits):
        return f"{title_of(lab, expected.group)} forwards it unchanged, and {where} drops it"
    if not _same(expected.group, seen.group) and not (expected.group.kind == "FCR" and seen.group.kind == _TRANSIT):
        return None
    if refusal is not None:
        return f"seen at {where}, and rejected by {refusal}"
    control = "" if heard.control is None else "; the router of the sender answers"
    return f"last seen at {where}, at no later device{control}"


# The result for a pair.


def _pair(
    lab: Drafts,
    prediction: Prediction,
    seen: Seen,
    seen_answer: Seen | None,
    received: Draft | None,
    heard: Heard,
    differences: Sequence[Difference],
    positive: str | None,
) -> Pair:
    trace, request, answer = prediction.trace, prediction.request, prediction.answer
    right = _is_right(prediction, seen, received)
    answered = heard.answer is not None and heard.answer == trace.asked.text
    return Pair(
        trace.flow,
        trace.source.title,
        trace.source.address.text,
        trace.destination.title,
        trace.destination.address.text,
        trace.asked.text,
        trace.result,
        "differs" if differences else "agree",
        None,
        request.way if request is not None else None,
        answer.way if answer is not None else None,
        _way(lab, seen, request, arrived=right),
        None if seen_answer is None else _way(lab, seen_answer, answer, arrived=answered),
        tuple(differences),
        positive,
    )


def _way(lab: Drafts, seen: Seen, expected: Expected | None, *, arrived: bool) -> Way:
    """Return a seen way for reports, with the end of the prediction where it ended as predicted."""
    visits = seen.visits if expected is None else _without_transit(expected, seen)
    points = tuple(Point(v.title, v.source or "", v.destination or "") for v in visits)
    where = None if seen.group is None else title_of(lab, seen.group)
    end = "delivered" if arrived else "loop" if seen.loop else "stopped"
    if (expected is not None and expected.arrives and arrived) or (
        expected is not None
        and not expected.arrives
        and not arrived
        and _same(expected.group, seen.group or Group("", None))
    ):
        end = expected.end
    return Way(points, end, where, seen.outer)


def not_run(prediction: Prediction, reason: str) -> Pair:
    """Return the result for a pair that was not run."""
    trace = prediction.trace
    request, answer = prediction.request, prediction.answer
    return Pair(
        trace.flow,
        trace.source.title,
        trace.source.address.text,
        trace.destination.title,
        trace.destination.address.text,
        trace.asked.text,
        trace.result,
        "not-run",
        reason,
        request.way if request is not None else None,
        answer.way if answer is not None else None,
        None,
        None,
    )
