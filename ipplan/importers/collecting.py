"""Collects the rows and problems of one file while its reader goes through it.

Every problem keeps its line, so that one run reports all of them. Knows nothing of any format.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn

from ipplan.addresses import AddressError, parse_address, parse_prefix
from ipplan.findings import MOST_PROBLEMS
from ipplan.importers.cells import Block, Cell, CellError, parse_cell, parse_one
from ipplan.importers.reading import Problem, SourceError, counted
from ipplan.observed import NOTHING, Observed, ObservedPrefix, SkippedLine
from ipplan.plan.problems import show

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from ipplan.addresses import Prefix
    from ipplan.observed import About, ColumnUse, Exchange, ObservedCluster, Side, Wish

_MOST_NOTES = 20
"""Write at most 20 notes about host bits; one more note counts the others."""
_UNREADABLE = Cell(())


class Collector:
    """Rows and problems of one file; `finish` returns the rows, or raises all problems.

    Keeps the first `MOST_PROBLEMS` problems and counts the others as `hidden`. A `lenient` collector skips a line
    with a problem, and rejects only a file without any row. `cells` are those of the line that is being read.
    """

    def __init__(self, *, lenient: bool = False) -> None:
        self.rows: list[ObservedPrefix] = []
        self.wishes: list[Wish] = []
        self.problems: list[Problem] = []
        self.hidden = 0
        self.notes: list[str] = []
        self.lenient = lenient
        self.cells: Sequence[str] = ()
        self.skipped: list[SkippedLine] = []
        self._respelled = 0
        self._respelled_first = ""

    # -- problems ------------------------------------------------------------------------------------------

    def problem(self, message: str, line: int | None, help_: str | None = None, rule: str = "bad-value") -> None:
        """Note what is wrong with a line."""
        if self.lenient and line is not None:
            self.skip(line, self.cells, message)
        elif len(self.problems) >= MOST_PROBLEMS:
            self.hidden += 1
        else:
            self.problems.append(Problem(message, line, help_, rule))

    def skip(self, line: int, cells: Iterable[str], why: str) -> None:
        """Note a line that gives no row."""
        text = ", ".join(cell[:80] for cell in cells if cell)
        self.skipped.append(SkippedLine(line, text if len(text) <= 80 else f"{text[:77]}...", why))

    # -- rows ----------------------------------------------------------------------------------------------

    def add(
        self,
        cidr: str,
        line: int | None,
        field: str,
        *,
        mask: str | None = None,
        name: str = "",
        kind: str | None = None,
        cluster: str | None = None,
        description: str | None = None,
        whole: bool = True,
        container: bool = False,
        side: Side | None = None,
        shown: str | None = None,
        about: About = NOTHING,
        exact: bool = False,
    ) -> bool:
        """Add the row of a prefix, written as a CIDR or as an address and a mask; return whether there is a row.

        Host bits are kept as written. A range "first-last" and a list give one row for each of the prefixes that
        make it up. A network, which is a row with a kind, has to be one prefix.
        """
        cell = self._cell(cidr, line, field, mask, kind)
        seen = None if shown is None else self.block(shown, line, field)
        if cell.comment or len(cell.blocks) > 1:
            words = (description, cell.comment, f"of {cidr}" if len(cell.blocks) > 1 else "")
            description = "; ".join(word for word in words if word)
        for block in cell.blocks:
            self.rows.append(
                ObservedPrefix(
                    prefix=block.prefix,
                    name=name,
                    kind=kind,
                    cluster=cluster,
                    description=description or None,
                    line=line,
                    field=field,
                    written=block.written,
                    whole=whole,
                    container=container,
                    side=side,
                    shown=None if seen is None else seen.prefix,
                    about=about,
                    exact=exact,
                )
            )
        return bool(cell.blocks)

    def _cell(self, text: str, line: int | None, field: str, mask: str | None, kind: str | None) -> Cell:
        """Return the prefixes of a cell; none, and a problem, where any of it cannot be read."""
        try:
            # Most cells are a plain prefix.
            return Cell((Block(parse_prefix(text)),))
        except AddressError:
            pass
        try:
            cell = parse_cell(text, mask, kind)
        except CellError as error:
            self.problem(f"{field} {error}", line, error.hint)
            return _UNREADABLE
        for block in cell.blocks:
            self._note_spelling(text, block, line)
        return cell

    def block(self, cidr: str, line: int | None, field: str, mask: str | None = None) -> Block | None:
        """Return the prefix of a CIDR, or of an address and a mask; None, and a problem, for anything else."""
        try:
            block = parse_one(cidr, mask)
        except CellError as error:
            self.problem(f"{field} {error}", line, error.hint)
            return None
        self._note_spelling(cidr, block, line)
        return block

    def _note_spelling(self, text: str, block: Block, line: int | None) -> None:
        if block.read_as is not None:
            self._respelled += 1
            where = "" if line is None else f" (line {line})"
            self._respelled_first = self._respelled_first or f"{show(text)}{where} is read as {block.read_as}"

    def add_address(
        self,
        text: str,
        line: int | None,
        field: str,
        *,
        name: str = "",
        kind: str | None = None,
        cluster: str | None = None,
        description: str | None = None,
        names: tuple[str, ...] = (),
        side: Side | None = None,
    ) -> None:
        """Add the row of one address in a network."""
        try:
            address = parse_address(text.strip())
        except AddressError as error:
            self.problem(f"{field} {show(text)} is not a valid address: {error}", line)
            return
        self.rows.append(
            ObservedPrefix(
                prefix=address.prefix,
                name=name,
                kind=kind,
                cluster=cluster,
                description=description or None,
                line=line,
                field=field,
                whole=False,
                names=names,
                side=side,
            )
        )

    # -- the result ----------------------------------------------------------------------------------------

    def finish(
        self,
        kinds: Iterable[str] = (),
        *,
        clusters: Iterable[ObservedCluster] = (),
        names: Iterable[str] = (),
        one_cluster: bool = False,
        partial: bool = False,
        pools: Iterable[Prefix] = (),
        data_centers: Iterable[str] = (),
        exchanges: Iterable[Exchange] = (),
        columns: Iterable[ColumnUse] = (),
        nothing: str = "there is no prefix in the file",
        help_: str | None = None,
    ) -> Observed:
        """Return everything that was read; raise SourceError where anything is wrong, or the file has no row.

        `nothing` is the message for a file without a row, and `help_` what to do about it.
        """
        if self.problems:
            raise SourceError(*self.problems, hidden=self.hidden)
        self.skipped.sort(key=lambda one: one.line)
        pools = tuple(dict.fromkeys(pools))
        if not self.rows and not self.wishes and not pools:
            self._reject_empty(nothing, help_)
        return Observed(
            rows=tuple(self.rows),
            clusters=tuple(dict.fromkeys(clusters)),
            kinds=frozenset(kinds),
            names=frozenset(names),
            one_cluster=one_cluster,
            partial=partial,
            pools=pools,
            data_centers=tuple(sorted({name for name in data_centers if _is_data_center(name)})),
            notes=(*self.notes, *self._spellings(), *self._host_bits()),
            exchanges=tuple(exchanges),
            wishes=tuple(self.wishes),
            columns=tuple(columns),
            skipped=tuple(self.skipped),
        )

    def _reject_empty(self, nothing: str, help_: str | None) -> NoReturn:
        """Raise for a file without a row, with the reason of each line that was skipped."""
        lines = [Problem(f"skipped: {one.why}", one.line) for one in self.skipped]
        shown = lines[: MOST_PROBLEMS - 1]
        raise SourceError(Problem(nothing, None, help_, "no-prefix"), *shown, hidden=len(lines) - len(shown))

    def _spellings(self) -> list[str]:
        if not self._respelled:
            return []
        more = f", and {counted(self._respelled - 1, 'other')} likewise" if self._respelled > 1 else ""
        return [f"{self._respelled_first}{more}"]

    def _host_bits(self) -> list[str]:
        rows = [row for row in self.rows if row.written is not None]
        notes = [
            f"{row.field} {row.cidr} has host bits set; the enclosing block is {row.prefix}"
            + (f" (line {row.line})" if row.line else "")
            for row in rows[:_MOST_NOTES]
        ]
        if len(rows) > _MOST_NOTES:
            notes.append(f"{len(rows) - _MOST_NOTES:,} more have host bits set")
        return notes


def _is_data_center(name: str) -> bool:
    return len(name) == 5 and name.isascii() and name.islower() and name[:3].isalpha() and name[3:].isdigit()
