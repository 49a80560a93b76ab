"""Reads a run of the lab from its document, `ipplan.lab/1`, as `ipplan lab PLAN --json` writes it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from ipplan.proof import Difference, Pair, Point, Report, Way

if TYPE_CHECKING:
    from collections.abc import Callable

SCHEMA = "ipplan.lab/1"
_OUTCOMES = ("agree", "differs", "not-run")


class LabResultError(ValueError):
    """A file that is not a result of the lab; the message says what is wrong and where."""


def read_lab_result(data: bytes) -> Report:
    """Return the run in a document; raise LabResultError for anything else."""
    try:
        document = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise LabResultError(f"not JSON: {error}") from None
    top = _Part(document, "")
    if top.get("schema", str) != SCHEMA:
        raise LabResultError(f"schema is not {SCHEMA}")
    return Report(
        started=top.get("started", str),
        seconds=float(top.get("seconds", int, float)),
        digest=top.part("plan").get("digest", str),
        versions=top.each("versions", lambda p: (p.get("program", str), p.maybe("version", str))),
        devices=top.each("devices", lambda p: (p.get("device", str), p.get("title", str), p.get("namespace", str))),
        scenery=top.texts("scenery"),
        pairs=top.each("pairs", _pair),
        notes=top.texts("notes"),
    )


class _Part:
    """An object of the document. Raises LabResultError for a key that is missing or of another type."""

    def __init__(self, value: object, place: str) -> None:
        if not isinstance(value, dict):
            raise LabResultError(f"{place or 'the document'} is not an object")
        self._value: dict[str, Any] = value
        self._place = place

    def get(self, key: str, *types: type) -> Any:
        """Return the value of a key."""
        found = self._value.get(key)
        # In Python, True and False are numbers too.
        if not isinstance(found, types) or isinstance(found, bool):
            raise LabResultError(f"{self._place}{key} is missing or of the wrong type")
        return found

    def maybe(self, key: str, *types: type) -> Any:
        """Return the value of a key, None where it is null or missing."""
        return None if self._value.get(key) is None else self.get(key, *types)

    def part(self, key: str) -> _Part:
        """Return the object at a key."""
        return _Part(self.get(key, dict), f"{self._place}{key}.")

    def each(self, key: str, make: Callable[[_Part], Any]) -> tuple[Any, ...]:
        """Return what `make` makes of each object of a list."""
        return tuple(
            make(_Part(item, f"{self._place}{key}[{number}].")) for number, item in enumerate(self.get(key, list))
        )

    def texts(self, key: str) -> tuple[str, ...]:
        """Return a list of texts."""
        found = self.get(key, list)
        if not all(isinstance(item, str) for item in found):
            raise LabResultError(f"{self._place}{key} has an element that is not text")
        return tuple(found)


def _pair(pair: _Part) -> Pair:
    outcome = pair.get("outcome", str)
    if outcome not in _OUTCOMES:
        raise LabResultError(f"an outcome is {outcome[:40]!r}, not one of: {', '.join(_OUTCOMES)}")
    source, destination = pair.part("from"), pair.part("to")
    predicted, seen = pair.part("predicted"), pair.part("seen")
    return Pair(
        pair.maybe("flow", str),
        source.get("name", str),
        source.get("address", str),
        destination.get("name", str),
        destination.get("address", str),
        pair.get("asked", str),
        pair.get("result", str),
        outcome,
        pair.maybe("reason", str),
        _way(predicted, "request"),
        _way(predicted, "answer"),
        _way(seen, "request"),
        _way(seen, "answer"),
        pair.each("differences", _difference),
        pair.maybe("proof", str),
    )


def _way(part: _Part, key: str) -> Way | None:
    if part.maybe(key, dict) is None:
        return None
    way = part.part(key)
    return Way(
        points=way.each(
            "points",
            lambda p: Point(
                p.get("device", str), p.get("source", str), p.get("destination", str), p.maybe("decided", str)
            ),
        ),
        end=way.get("end", str),
        where=way.maybe("where", str),
        outer=way.each("outer", lambda p: (p.get("protocol", str), p.get("source", str), p.get("destination", str))),
    )


def _difference(part: _Part) -> Difference:
    return Difference(
        part.get("way", str),
        part.get("device", str),
        part.get("what", str),
        part.get("expected", str),
        part.get("actual", str),
        part.maybe("decided", str),
    )
