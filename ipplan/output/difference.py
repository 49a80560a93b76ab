"""Render an edit of a text as a unified difference.

difflib is too slow for this: on a plan of 5,000 networks, with most lines alike, it takes half a minute and pairs the
wrong lines. An edit of a plan only replaces and adds lines, so one pass is enough.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ipplan.output.text import escape

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_CONTEXT = 3
"""Show 3 unchanged lines around a change."""
_NO_END = "\n\\ No newline at end of file"


def render_difference(old: str, new: str, name: str) -> str:
    """Return the unified difference of two texts of a file, empty where they are equal, safe for terminals.

    Right for any two texts, and short where the new one was made by replacing and adding single lines. Carriage
    returns at line ends are not shown.
    """
    steps = list(_steps(_lines(old), _lines(new)))
    changed = [index for index, (sign, _) in enumerate(steps) if sign != " "]
    if not changed:
        return ""
    shown = [f"--- a/{escape(name)}\n", f"+++ b/{escape(name)}\n"]
    before = after = done = 0
    for first, last in _hunks(changed, len(steps)):
        # Between hunks all lines are equal.
        before, after = before + first - done, after + first - done
        hunk = steps[first:last]
        done = last
        lengths = [sum(sign != other for sign, _ in hunk) for other in "+-"]
        shown.append(f"@@ -{_span(before, lengths[0])} +{_span(after, lengths[1])} @@\n")
        shown += [sign + _shown(line) for sign, line in hunk]
        before, after = before + lengths[0], after + lengths[1]
    return "".join(shown)


def _lines(text: str) -> list[str]:
    # Not splitlines(): it also splits at characters that end no line in TOML.
    lines = text.split("\n")
    end = lines.pop()
    return [*lines, end + _NO_END] if end else lines


def _steps(old: Sequence[str], new: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Yield each line with its sign: blank for kept, - for old, + for new."""
    at = 0
    for index, line in enumerate(new):
        if at < len(old) and old[at] == line:
            yield " ", line
            at += 1
            continue
        added = at == len(old) or (index + 1 < len(new) and new[index + 1] == old[at])
        if not added:
            yield "-", old[at]
            at += 1
        yield "+", line
    for line in old[at:]:
        yield "-", line


def _hunks(changed: Sequence[int], total: int) -> Iterator[tuple[int, int]]:
    """Yield the first step and one past the last step of each group of changes, with the lines around it."""
    first = last = changed[0]
    for index in changed:
        if index - last > 2 * _CONTEXT + 1:
            yield max(0, first - _CONTEXT), last + 1 + _CONTEXT
            first = index
        last = index
    yield max(0, first - _CONTEXT), min(total, last + 1 + _CONTEXT)


def _span(lines_before: int, length: int) -> str:
    """Return where a hunk starts and how long it is; an empty one starts at the line before it."""
    start = lines_before + 1 if length else lines_before
    return str(start) if length == 1 else f"{start},{length}"


def _shown(line: str) -> str:
    text, no_end = (line.removesuffix(_NO_END), _NO_END) if line.endswith(_NO_END) else (line, "")
    return "\t".join(map(escape, text.removesuffix("\r").split("\t"))) + no_end + "\n"
