"""Keep the placements of an earlier allocation that still hold, and say why the others have to move.

Knows nothing of packing: what is kept counts as pinned, and the rest is packed around it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from ipplan.addresses import WIDTH, AddressError, Prefix, PrefixIndex, parse_prefix
from ipplan.allocation.demand import Taken
from ipplan.allocation.spans import span

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from ipplan.allocation.demand import Wanted

_SCHEMA = "ipplan.allocation/1"


class PreviousError(ValueError):
    """A text is not an allocation of `ipplan allocate --json`; the message says why."""


class Kept(NamedTuple):
    """A network that stays where it was: its earlier prefix, the one it has there now, and the block it holds."""

    wanted: Wanted
    before: Prefix
    prefix: Prefix
    held: Prefix

    @property
    def taken(self) -> Taken:
        """The space that it takes from all others."""
        own = self.wanted.network._replace(prefix=self.prefix)
        return Taken(self.held, "kept", f"network {own.name}, kept", None, own)

    @property
    def note(self) -> str:
        """The note for people."""
        if self.prefix == self.before:
            note = "kept from the previous allocation"
        else:
            grown = self.prefix.length < self.before.length
            note = f"{'grown' if grown else 'shrunk'} in place from {self.before} of the previous allocation"
        return note if self.held == self.prefix else f"{note}; room kept to grow to {self.held}"


def parse_previous(data: bytes) -> dict[str, Prefix]:
    """Return the range of each network that an `ipplan.allocation/1` document gives one.

    Raises PreviousError for any other text.
    """
    import json

    try:
        document = json.loads(data.decode("utf-8"))
    except (ValueError, RecursionError):
        raise PreviousError("it is not JSON") from None
    schema = document.get("schema") if isinstance(document, dict) else None
    if schema != _SCHEMA:
        what = f"its schema is {ascii(schema)[:80]}" if isinstance(schema, str) else "it has no schema"
        raise PreviousError(f"{what}; {_SCHEMA} is required")
    rows = document.get("allocations")
    if not isinstance(rows, list):
        raise PreviousError("it has no list of allocations")
    return dict(_ranges(rows))


def _ranges(rows: Iterable[Any]) -> Iterator[tuple[str, Prefix]]:
    seen = set()
    for index, row in enumerate(rows):
        name, cidr = (row.get("network"), row.get("cidr")) if isinstance(row, dict) else (None, None)
        if not isinstance(name, str) or not (cidr is None or isinstance(cidr, str)):
            raise PreviousError(f"allocations[{index}] needs a network name, and a cidr or null")
        if name in seen:
            raise PreviousError(f"allocations[{index}] is a second entry of network {ascii(name)[:80]}")
        seen.add(name)
        if cidr is not None:
            try:
                yield name, parse_prefix(cidr)
            except AddressError as error:
                raise PreviousError(f"allocations[{index}].cidr is {ascii(cidr)[:80]}: {error}") from None


def keep(
    wanted: Sequence[Wanted], taken: Sequence[Taken], previous: Mapping[str, Prefix]
) -> tuple[list[Kept], dict[str, str]]:
    """Return what stays where it was, and the reason for each network that cannot stay.

    A placement stays if it lies, with its room to grow, in a pool that the network may use and outside all
    reserved space. If its size has changed, it grows to the prefix around it or shrinks to its start. Those that
    keep their size come first; of two that overlap, the first of the plan stays.
    """
    ordered = sorted(taken, key=_prefix)
    index = PrefixIndex([t.prefix for t in ordered])
    found: dict[str, Kept] = {}
    moved: dict[str, str] = {}
    held: set[Prefix] = set()
    inner: set[Prefix] = set()
    known = [(w, before) for w in wanted if (before := previous.get(w.network.name)) is not None]
    for w, before in sorted(known, key=_resized):
        name, length = w.network.name, w.sizing.length
        if before.version != w.version:
            moved[name] = f"moved: {before} is IPv{before.version}; it needs IPv{w.version} now"
            continue
        prefix = before.supernet(length) if length <= before.length else Prefix(w.version, before.first, length)
        block = prefix.supernet(min(w.held, length))
        if (why := _obstacle(w, block)) is None:
            at = next(index.overlapping(block), None)
            if at is not None:
                why = f"overlaps {_title(ordered[at])}"
            elif block in inner or any(block.supernet(size) in held for size in range(block.length + 1)):
                why = "overlaps another network of the previous allocation"
        if why is None:
            found[name] = Kept(w, before, prefix, block)
            held.add(block)
            inner.update(block.supernet(size) for size in range(block.length))
        elif block == before:
            moved[name] = f"moved: {before} {why}"
        else:
            room = "now needs" if block == prefix else f"needs, with its room to grow /{block.length},"
            moved[name] = f"moved: {before} {room} {block}, which {why}"
    return [found[w.network.name] for w, _ in known if w.network.name in found], moved


def _prefix(taken: Taken) -> Prefix:
    return taken.prefix


def _resized(known: tuple[Wanted, Prefix]) -> bool:
    return known[0].sizing.length != known[1].length


def _obstacle(wanted: Wanted, block: Prefix) -> str | None:
    """Return why a network may not lie in a block, except for reserved space; None where it may."""
    bits = WIDTH[wanted.version] - block.length
    if any(bits <= wide and block.first >> wide == first >> wide for first, wide in wanted.regions):
        return None
    pool = wanted.network.pool
    return f"lies outside {'every pool that the network may use' if pool is None else f'pool {pool}'}"


def _title(taken: Taken) -> str:
    if taken.own is not None:
        return f"network {taken.own.name} {taken.own.prefix}"
    if taken.category == "avoid":
        return f"avoided space {taken.prefix}"
    return f"{taken.prefix}, {taken.reason}"


def check_kept(kept: Iterable[Kept], taken: Iterable[Taken], version: int) -> None:
    """Check what is kept with the routine that checks what is packed."""
    from ipplan.allocation.verify import Placed, verify

    verify(
        (
            Placed(
                *span(k.held),
                k.wanted.network.name,
                [(first, first + (1 << bits) - 1) for first, bits in k.wanted.regions],
            )
            for k in kept
            if k.held.version == version
        ),
        (span(t.prefix) for t in taken if t.prefix.version == version),
    )
