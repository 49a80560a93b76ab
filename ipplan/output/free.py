"""Render the free space of the pools: as a document, a table and text.

Must not decide anything: every number here is read from the answer.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from ipplan.addresses import WIDTH, format_address
from ipplan.output.documents import made_by
from ipplan.output.table import ALL, Cell, Column, Table, render_for_people
from ipplan.output.text import render_error, wrap

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from ipplan.cleanest import Advice, Touch
    from ipplan.free import Free, FreePool
    from ipplan.output.table import Choice

_DIGITS = 4
"""Show the fragmentation with 4 decimals."""
_MOST_TOUCHES = 20
"""List at most 20 ranges for one block in CSV and Markdown; the document has all."""
_FEW_TOUCHES = 3
"""Show at most 3 ranges for one block."""
_MOST_FITS = 8
"""Show at most 8 prefix lengths for a pool, from the first that fits; the document has all."""


def document(free: Free, length: int | None) -> dict[str, Any]:
    """Return the document `ipplan.free/1`; with a prefix length, only the blocks with room for it."""
    return {
        "schema": "ipplan.free/1",
        "made_by": made_by(free.edition),
        "plan": {"name": free.plan_name, "file": free.file},
        "ok": free.ok,
        "after_allocation": free.after_allocation,
        "prefix": length,
        "totals": [total._asdict() for total in free.totals],
        "pools": [_pool(pool, length) for pool in free.pools],
        "wanted": [
            {
                "network": w.network.name,
                "kind": w.network.kind.name,
                "length": w.sizing.length,
                "held_length": w.held,
                "pool": None if w.network.pool is None else str(w.network.pool),
            }
            for w in free.wanted
        ],
        "advice": None if free.advice is None else _advice(free.advice),
        "failures": [
            {
                "network": f.network,
                "needs": f"/{f.needs}",
                "largest_free": None if f.largest_free is None else f"/{f.largest_free}",
                "message": f.message,
                "help": f.help,
            }
            for f in free.shortfalls
        ],
    }


def _advice(advice: Advice) -> dict[str, Any]:
    return {
        "length": advice.length,
        "data_centers": list(advice.data_centers),
        "blocks": advice.blocks,
        "untouched": advice.untouched,
        "not_listed": advice.not_listed,
        "candidates": [
            {
                "cidr": str(candidate.prefix),
                "pool": str(candidate.pool),
                "free": candidate.free,
                "score": candidate.score._asdict(),
                "touches": [
                    {
                        "why": touch.why,
                        "cidr": str(touch.prefix),
                        "title": touch.title,
                        "data_center": touch.data_center,
                        "pod": touch.pod,
                        "edition": touch.edition,
                    }
                    for touch in candidate.touches
                ],
            }
            for candidate in advice.candidates
        ],
    }


def _pool(pool: FreePool, length: int | None) -> dict[str, Any]:
    report, fragmentation = pool.report, pool.fragmentation
    return {
        "cidr": str(report.prefix),
        "given": report.given,
        "size": report.prefix.size,
        "unusable": report.unusable,
        "allocated": report.allocated,
        "free": report.free,
        "largest_free": None if report.largest_free is None else str(report.largest_free),
        "fragmentation": None if fragmentation is None else round(fragmentation, _DIGITS),
        "uses": [use._asdict() for use in pool.uses],
        "fits": [{"length": fit.length, "count": fit.number} for fit in pool.fits],
        "blocks": [str(block) for block in pool.blocks_for(length)],
    }


COLUMNS = (
    Column("pool", "address", goes=1, apart=True),
    Column("free block", "address"),
    Column("first", "address", goes=3),
    Column("last", "address", goes=3),
    Column("addresses", "number", goes=2),
)
"""The columns of a free block."""


def table(free: Free, length: int | None) -> Table:
    """Return the free blocks, one a row; with a prefix length, those with room for it, and how many times it fits.

    With advice, return the cleanest blocks instead.
    """
    if free.advice is not None:
        return _advice_table(free.advice, _MOST_TOUCHES)
    columns = list(COLUMNS)
    if length is not None:
        columns.append(Column(f"room for /{length}", "number"))
    rows: list[tuple[Cell, ...]] = []
    for pool in free.pools:
        for block in pool.blocks_for(length):
            first, last = (format_address(block.version, at) for at in (block.first, block.last))
            room = () if length is None else (1 << length - block.length,)
            rows.append((str(pool.report.prefix), str(block), first, last, block.size, *room))
    return Table(tuple(columns), rows)


def _advice_table(advice: Advice, most: int) -> Table:
    columns = (
        Column("block", "address"),
        Column("free"),
        Column("avoided", "number", goes=2),
        Column("named", "number", goes=2),
        Column("other", "number", goes=3),
        Column("service", "number", goes=3),
        Column("platform", "number", goes=3),
        Column("earlier", "number", goes=4),
        Column("growth", "number", goes=4),
        Column("touched by", goes=1, long="note"),
    )
    return Table(
        columns,
        [(str(c.prefix), "yes" if c.free else "no", *c.score, _touched(c.touches, most)) for c in advice.candidates],
    )


def _touched(touches: Sequence[Touch], most: int) -> str | None:
    """Return the first ranges in words, and the number of further ones."""
    shown = [_describe(touch) for touch in touches[:most]]
    if rest := len(touches) - len(shown):
        shown.append(f"and {rest:,} more")
    return "; ".join(shown) or None


def _describe(touch: Touch) -> str:
    where = "".join(f" {word}" for word in (touch.data_center, touch.pod) if word)
    when = {"earlier": "until", "growth": "new in"}.get(touch.why)
    edition = f", {when} {touch.edition}" if when else ""
    return f"{touch.prefix}{where} ({touch.title}{edition})"


def _advice_text(free: Free, advice: Advice, width: int | None, *, color: bool, choice: Choice) -> str:
    whole = _advice_table(advice, _MOST_TOUCHES if choice.wide else _FEW_TOUCHES)
    parts = []
    if whole.rows:
        parts.append(render_for_people(whole, width=width, color=color, choice=choice))
    pools = len({candidate.pool for candidate in advice.candidates})
    where = f" in {free.pools[0].report.prefix}" if len(free.pools) == 1 and pools else ""
    lines = [
        f"{_counted(advice.blocks, 'block')} of /{advice.length}{where}, {advice.untouched:,} of them touched by no range now"
    ]
    if advice.data_centers:
        lines.append(f"named data centers: {', '.join(advice.data_centers)}")
    if advice.not_listed:
        lines.append(f"{advice.not_listed:,} more that are less clean or have higher addresses; --limit lists more")
    parts.append("".join(line + "\n" for line in _wrapped(lines, width)))
    return "\n".join(parts)


def _pool_table(free: Free) -> Table:
    columns = (
        Column("pool", "address"),
        Column("size", "number", goes=3),
        Column("free", "number", goes=2),
        Column("share", "number", goes=1),
        Column("largest free", "address"),
        Column("fragmentation", "number", goes=4),
    )
    return Table(columns, [_pool_row(pool) for pool in free.pools])


def _pool_row(pool: FreePool) -> tuple[Cell, ...]:
    report, fragmentation = pool.report, pool.fragmentation
    largest = None if report.largest_free is None else str(report.largest_free)
    shown = None if fragmentation is None else f"{fragmentation:.{_DIGITS}f}"
    size = report.prefix.size
    return str(report.prefix), size, report.free, _share(report.free, size), largest, shown


def _use_table(free: Free) -> Table:
    columns = (
        Column("pool", "address"),
        Column("taken by"),
        Column("addresses", "number", goes=1),
        Column("share", "number"),
    )
    rows = [
        (str(pool.report.prefix), use.category, use.size, _share(use.size, pool.report.prefix.size))
        for pool in free.pools
        for use in pool.uses
    ]
    return Table(columns, rows)


def _share(part: int, whole: int) -> str:
    """Return a part in percent; 0% and 100% only where they are exact."""
    text = f"{part / whole:.1%}"
    if text == "0.0%" and part:
        return "<0.1%"
    return ">99.9%" if text == "100.0%" and part < whole else text


def _fit_table(free: Free, length: int | None) -> Table:
    """Return for each pool how many networks still fit, for the most useful prefix lengths."""
    columns = (Column("pool", "address"), Column("networks of one size that still fit", long="wrap"))
    rows = []
    for pool in free.pools:
        fits = [(at, count) for at, count in pool.fits if count]
        chosen = fits[:_MOST_FITS]
        # And the length that is asked for, else the longest.
        chosen += [fit for fit in fits[_MOST_FITS:] if fit[0] == length or (length is None and fit == fits[-1])]
        text = ", ".join(f"{count:,} of /{at}" for at, count in chosen)
        rows.append((str(pool.report.prefix), text or "none"))
    return Table(columns, rows)


def render_text(free: Free, length: int | None, *, width: int | None, color: bool, choice: Choice = ALL) -> str:
    """Return text for people: pools, their use, what fits, the free blocks, and a summary last.

    With advice, return the cleanest blocks and their number instead.
    """
    if free.advice is not None:
        return _advice_text(free, free.advice, width, color=color, choice=choice)
    parts = []
    others = (_pool_table(free), _use_table(free), _fit_table(free, length))
    for shown, chosen in (*((other, choice.elsewhere) for other in others), (table(free, length), choice)):
        if shown.rows:
            parts.append(render_for_people(shown, width=width, color=color, choice=chosen))
    parts += [render_error(f.message, f.help, width, color=color) for f in free.shortfalls]
    parts.append("".join(line + "\n" for line in _wrapped(_summary(free, length), width)))
    return "\n".join(parts)


def _wrapped(lines: Iterable[str], width: int | None) -> Iterator[str]:
    for line in lines:
        yield from [line] if width is None else wrap(line, width)


def _summary(free: Free, length: int | None) -> Iterator[str]:
    if not free.pools:
        yield "no pool, so nothing is free; add one: byoip under [plan], or --byoip"
        return
    many = len(free.totals) > 1
    for version, size, left in free.totals:
        pools = [pool for pool in free.pools if pool.report.prefix.version == version]
        blocks = sum(len(pool.blocks_for(length)) for pool in pools)
        yield (
            f"free: {left:,} of {size:,} {f'IPv{version} ' if many else ''}addresses in {_counted(len(pools), 'pool')}; "
            f"{_counted(blocks, 'block')}{'' if length is None else f' with room for a /{length}'}"
        )
    if free.wanted:
        yield _wanted(free)


def _wanted(free: Free) -> str:
    """Return what the plan still asks for, larger networks first."""
    counts = Counter((w.version, w.held) for w in free.wanted)
    many = len({version for version, _ in counts}) > 1
    sizes = ", ".join(
        f"{count:,} of /{held}" + (f" (IPv{version})" if many else "")
        for (version, held), count in sorted(counts.items())
    )
    networks = _counted(len(free.wanted), "network")
    total = sum(count << max(WIDTH[version] - held, 0) for (version, held), count in counts.items())
    end = "nothing is allocated" if free.after_allocation else "--after-allocation counts them"
    return f"not counted as taken: {networks} without a range, {total:,} addresses ({sizes}); {end}"


def _counted(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}"
