"""What all readers share: text from bytes, prefixes from text, and every problem with its line at once.

Knows nothing of any format.
"""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING, NamedTuple, NoReturn

from ipplan.addresses import (
    WIDTH,
    AddressError,
    HostBitsError,
    Prefix,
    Range,
    parse_address,
    parse_block,
    parse_prefix,
)
from ipplan.findings import MOST_PROBLEMS
from ipplan.observed import NOTHING, LeftOut, Observed, Row
from ipplan.plan.kinds import KINDS
from ipplan.plan.load import show

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from ipplan.observed import About, ColumnUse, Exchange, ObservedCluster, Side, Wish
    from ipplan.plan.model import Labels


_LONGEST_NAME = 60
"""Characters of a name that is made from what a file says."""


class Problem(NamedTuple):
    """What keeps a file from being read: the rule that it breaks, the 1-based line, what to do about it."""

    message: str
    line: int | None = None
    help: str | None = None
    rule: str = "bad-value"


class SourceError(Exception):
    """A file that cannot be read; `problems` holds them in the order of the file, `hidden` counts further ones."""

    def __init__(self, *problems: Problem, hidden: int = 0) -> None:
        super().__init__(f"{len(problems) + hidden} problems")
        self.problems = tuple(sorted(problems, key=lambda problem: problem.line or 0))
        self.hidden = hidden


_PACKED = (
    (b"PK\x03\x04", "a spreadsheet or another archive", "save the sheet as CSV, or unpack the archive"),
    (b"\xd0\xcf\x11\xe0", "a spreadsheet", "save the sheet as CSV"),
    (b"\x1f\x8b", "compressed", "unpack it with gunzip"),
)
"""First bytes of files that hold text only after another program has been at them."""
_UTF8 = 'save it as UTF-8 (spreadsheets call that "CSV UTF-8"), or: iconv -f WINDOWS-1252 -t UTF-8'


def is_workbook(data: bytes) -> bool:
    """Tell whether the bytes are an Excel workbook (.xlsx)."""
    return data.startswith(b"PK\x03\x04") and b"xl/" in data


def decode(data: bytes) -> str:
    """Return the text of a file: UTF-8, or UTF-16 with its mark, which is what PowerShell writes."""
    for mark, what, help_ in _PACKED:
        if data.startswith(mark):
            raise SourceError(Problem(f"the file is {what}, not text", None, help_, "not-text"))
    wide = data[:2] in (b"\xff\xfe", b"\xfe\xff")
    try:
        text = data.decode("utf-16" if wide else "utf-8-sig")
    except UnicodeDecodeError as error:
        line = None if wide else data.count(b"\n", 0, error.start) + 1
        byte = f"byte 0x{data[error.start]:02x} cannot be read"
        message = f"the file is not {'UTF-16, as its first bytes say' if wide else 'UTF-8'}: {byte}"
        raise SourceError(Problem(message, line, _UTF8, "not-text")) from None
    if (nul := text.find("\0")) >= 0:
        message = "the file has bytes of value zero: it is no text, or UTF-16 without its mark"
        raise SourceError(Problem(message, text.count("\n", 0, nul) + 1, "save it as UTF-8", "not-text"))
    return text


def kind_named(*texts: str | None) -> str | None:
    """Return the kind of network that one of the texts names, by its name or its title; None for any other word."""
    for text in texts:
        word = (text or "").strip().lower()
        name = "-".join(word.replace("_", " ").split())
        if name in KINDS:
            return name
        if word in _TITLES:
            return _TITLES[word]
    return None


_TITLES = {kind.title.lower(): kind.name for kind in KINDS.values()}


def as_labels(told: Mapping[str, str], *, besides: Iterable[str], kind: str) -> Labels:
    """Return what a file says of a network as labels: no field of `besides`, and none that only names its kind."""
    return tuple(
        (kebab(name) or name, value)
        for name, value in told.items()
        if value and name not in besides and not (name in KIND_WORDS and kind_named(value) == kind)
    )


KIND_WORDS = ("kind", "role", "type", "purpose", "usage", "tags")
"""What tables call the field that may name the kind of a network."""


def kebab(text: str) -> str:
    """Return the text as a name of lower case words joined by hyphens, empty where nothing of it can be kept."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain)[:_LONGEST_NAME].strip("-")


def is_prefix(cell: str) -> bool:
    """Tell whether a cell is an address, a slash and a prefix length."""
    try:
        parse_block(cell)
    except AddressError:
        return False
    return True


def is_address(cell: str) -> bool:
    """Tell whether a cell is one address without a length."""
    try:
        parse_address(cell)
    except AddressError:
        return False
    return True


def parse_mask(text: str, version: int) -> int | None:
    """Return the prefix length that "24", "/24" or "255.255.255.0" stands for, None for anything else."""
    text = text.strip().removeprefix("/")
    if text.isascii() and text.isdigit() and len(text) <= 3:
        return int(text) if int(text) <= WIDTH[version] else None
    try:
        mask = parse_address(text)
    except AddressError:
        return None
    host = mask.value ^ 0xFFFFFFFF
    if version != 4 or mask.version != 4 or host & (host + 1):
        return None
    return 32 - host.bit_length()


def counted(count: int, what: str) -> str:
    """Return a number with its thing, in the plural where that is due."""
    plural = "" if count == 1 else "es" if what.endswith(("s", "x")) else "s"
    return f"{count:,} {what}{plural}"


_RANGE = re.compile(r"[-\u2013\u2014~]| to ")
"""What stands between the first and the last address of a range."""
_UNSEEN = re.compile("[\u200b-\u200f\u2060\ufeff]")
"""Characters without a width, which come along where text is copied from web pages."""
_COMMENTED = re.compile(r"(\S+)\s*(?:\((.*)\)|#(.*))", re.DOTALL)


def _parts(cell: str) -> tuple[list[str], str]:
    """Return the ranges of a cell, which may hold several, and the comment behind the only one."""
    if (
        cell.isascii()
        and "(" not in cell
        and "#" not in cell
        and "," not in cell
        and ";" not in cell
        and "\n" not in cell
    ):
        return [cell], ""
    if (found := _COMMENTED.fullmatch(cell)) is not None and is_prefix(found[1]):
        return [found[1]], (found[2] or found[3] or "").strip()
    texts = [text for part in re.split(r"[,;\n]", cell) if (text := part.strip())]
    return texts or [cell], ""


def _spoilt(cell: str) -> str | None:
    """Return what to do about a cell that a spreadsheet took for a date, a number or a formula."""
    if _DATE.match(cell) or _FIGURE.fullmatch(cell):
        return (
            "a spreadsheet may have taken it for a date or a number: format the column as text, and write it once more"
        )
    if cell.startswith("#") and cell.rstrip("!?") in (
        "#REF",
        "#VALUE",
        "#NAME",
        "#NULL",
        "#NUM",
        "#DIV/0",
        "#N/A",
    ):
        return "the formula of the cell has an error: mend it, or write the value"
    return None


_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}\b|[0-9]{1,2}[./-](Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)\b")
_FIGURE = re.compile(r"[0-9]{4,}|[0-9]+[.,][0-9]+([eE]\+?[0-9]+)?|[0-9]+[eE]\+?[0-9]+")


def is_range(cell: str) -> bool:
    """Tell whether a cell is a range of addresses, such as "10.1.0.0-10.1.0.255"."""
    first, _, last = _RANGE.sub("-", cell, count=1).partition("-")
    return is_address(first.strip()) and is_address(last.strip())


_MOST_TOLD = 20
"""Lines that are left out of which each is told in a note of its own."""


class Collector:
    """Rows and problems of one file, as its reader goes along; `finish` returns the rows, or raises the problems.

    Keeps the first `MOST_PROBLEMS` problems and counts the others as `hidden`. A `lenient` one leaves out a line with a
    problem, and refuses nothing but a file without any row; `cells` are those of the line that it is at.
    """

    def __init__(self, *, lenient: bool = False) -> None:
        self.rows: list[Row] = []
        self.wishes: list[Wish] = []
        self.problems: list[Problem] = []
        self.hidden = 0
        self.notes: list[str] = []
        self.lenient = lenient
        self.cells: Sequence[str] = ()
        self.left_out: list[LeftOut] = []
        self._respelled = 0
        self._respelled_first = ""

    def leave_out(self, line: int, cells: Iterable[str], why: str) -> None:
        """Note a line that is not taken over."""
        text = ", ".join(cell[:80] for cell in cells if cell)
        self.left_out.append(LeftOut(line, text if len(text) <= 80 else f"{text[:77]}...", why))

    def problem(self, message: str, line: int | None, help_: str | None = None, rule: str = "bad-value") -> None:
        """Note what is wrong with a line."""
        if self.lenient and line is not None:
            self.leave_out(line, self.cells, message)
        elif len(self.problems) >= MOST_PROBLEMS:
            self.hidden += 1
        else:
            self.problems.append(Problem(message, line, help_, rule))

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
        """Add the row of a prefix, written as a CIDR or as an address and a mask; host bits are kept as written.

        A range of addresses "a-b" gives the fewest prefixes that hold it, a row for each; a network has to be one.
        Returns whether there is a row.
        """
        try:
            # Most cells are a plain prefix.
            blocks: list[tuple[Prefix, int | None]] = [(parse_prefix(cidr), None)]
        except AddressError:
            blocks, comment = self._blocks(cidr, line, field, mask, kind)
            if comment:
                description = f"{description}; {comment}" if description else comment
        seen = self.block(shown, line, field) if shown is not None else None
        if len(blocks) > 1:
            description = f"{description}; of {cidr}" if description else f"of {cidr}"
        for prefix, written in blocks:
            self.rows.append(
                Row(
                    prefix,
                    name,
                    kind,
                    cluster,
                    description or None,
                    line,
                    field,
                    written,
                    whole,
                    container,
                    (),
                    side,
                    None if seen is None else seen[0],
                    None,
                    about,
                    exact,
                )
            )
        return bool(blocks)

    def _blocks(
        self, cell: str, line: int | None, field: str, mask: str | None, kind: str | None
    ) -> tuple[list[tuple[Prefix, int | None]], str]:
        """Return the prefixes of a cell and the comment in it; none, and a problem, where any of it cannot be read."""
        texts, comment = _parts(cell)
        if kind is not None and len(texts) > 1:
            self.problem(
                f"{field} is {show(cell)}, which is {len(texts)} ranges, and a network of kind {kind} has one",
                line,
                "write a row for each",
            )
            return [], ""
        blocks: list[tuple[Prefix, int | None]] = []
        for text in texts:
            if _RANGE.search(text):
                found = self._span(text, line, field, kind)
            else:
                one = self.block(text, line, field, mask)
                found = [] if one is None else [one]
            if not found:
                return [], ""
            blocks += found
        return blocks, comment

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
            self.problem(f"{field} is {show(text)}, which is no address: {error}", line)
            return
        self.rows.append(
            Row(
                address.prefix,
                name,
                kind,
                cluster,
                description or None,
                line,
                field,
                whole=False,
                names=names,
                side=side,
            )
        )

    def block(
        self, cidr: str, line: int | None, field: str, mask: str | None = None
    ) -> tuple[Prefix, int | None] | None:
        """Return the prefix that a text means, and the address as written where host bits are set."""
        if mask is None or "/" in cidr:
            try:
                return parse_prefix(cidr), None
            except AddressError:
                pass
        text = self._spelled(cidr, line, field, mask)
        if text is None:
            return None
        try:
            return parse_prefix(text), None
        except HostBitsError as error:
            return error.block, error.address
        except AddressError as error:
            help_ = f"it may mean {error.suggestion}" if error.suggestion else _spoilt(cidr)
            self.problem(f"{field} is {show(cidr)}, which is no prefix: {error}", line, help_)
            return None

    def _spelled(self, cidr: str, line: int | None, field: str, mask: str | None) -> str | None:
        """Return the text of a prefix as address, slash and length; None, and a problem, where the mask is none."""
        text = _UNSEEN.sub("", cidr).replace("\u00a0", " ").strip()
        if mask is not None and mask.strip() and "/" not in text:
            length = parse_mask(mask, 6 if ":" in text else 4)
            if length is None:
                self.problem(
                    f"{field} {show(text)} has the mask {show(mask)}, which is no prefix length and no netmask", line
                )
                return None
            return f"{text}/{length}"
        _, slash, rest = text.partition("/")
        if slash and " " not in text and "." not in rest:
            return text
        words = text.replace("/", " / ").split()
        if len(words) == 2 or (len(words) == 3 and words[1] == "/"):
            # "10.1.2.0 /24", "10.1.2.0 255.255.255.0", and a netmask after the slash, are common in tables.
            length = parse_mask(words[-1], 6 if ":" in text else 4)
            if length is None:
                return text
            spelled = f"{words[0]}/{length}"
            if " " in text:
                self._respelled += 1
                where = "" if line is None else f" (line {line})"
                self._respelled_first = self._respelled_first or f"{show(text)}{where} is read as {spelled}"
            return spelled
        return text

    def _span(self, text: str, line: int | None, field: str, kind: str | None) -> list[tuple[Prefix, int | None]]:
        """Return the fewest prefixes of the range "a-b"; a problem, and none, where it is no range or no network."""
        first_text, _, last_text = _RANGE.sub("-", text).partition("-")
        first_text, last_text = first_text.strip(), last_text.strip()
        if last_text.isascii() and last_text.isdigit() and "." in first_text:
            # "10.1.2.10-20" counts in the last byte.
            last_text = f"{first_text.rpartition('.')[0]}.{last_text}"
        try:
            first, last = parse_address(first_text), parse_address(last_text)
        except AddressError as error:
            self.problem(
                f"{field} is {show(text)}, which is no prefix and no range of addresses: {error}", line, _spoilt(text)
            )
            return []
        if first.version != last.version or first.value > last.value:
            self.problem(f"{field} is {show(text)}, a range whose first address is not below its last", line)
            return []
        found = list(Range(first.version, first.value, last.value).prefixes())
        if kind is not None and len(found) > 1:
            listed = ", ".join(map(str, found[:4])) + (", ..." if len(found) > 4 else "")
            self.problem(
                f"{field} is {show(text)}, a range that is no single prefix, and a network of kind {kind} is one",
                line,
                f"the range is {listed}",
            )
            return []
        return [(prefix, None) for prefix in found]

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
        """Return everything that was read; raise SourceError where anything is wrong, or there is nothing at all."""
        if self.problems:
            raise SourceError(*self.problems, hidden=self.hidden)
        self.left_out.sort(key=lambda left: left.line)
        pools = tuple(dict.fromkeys(pools))
        if not self.rows and not self.wishes and not pools:
            self._refuse_nothing(nothing, help_)
        return Observed(
            rows=tuple(self.rows),
            clusters=tuple(dict.fromkeys(clusters)),
            kinds=frozenset(kinds),
            names=frozenset(names),
            one_cluster=one_cluster,
            partial=partial,
            pools=pools,
            data_centers=tuple(sorted({name for name in data_centers if _is_data_center(name)})),
            notes=(*self.notes, *self._spellings(), *self._host_bits(), *self._lines_left_out()),
            exchanges=tuple(exchanges),
            wishes=tuple(self.wishes),
            columns=tuple(columns),
            left_out=tuple(self.left_out),
        )

    def _refuse_nothing(self, nothing: str, help_: str | None) -> NoReturn:
        """Raise for a file without a row: each line that was left out says why."""
        lines = [Problem(f"left out: {o.why}", o.line) for o in self.left_out]
        shown = lines[: MOST_PROBLEMS - 1]
        raise SourceError(Problem(nothing, None, help_, "no-prefix"), *shown, hidden=len(lines) - len(shown))

    def _spellings(self) -> list[str]:
        if not self._respelled:
            return []
        more = f", and {counted(self._respelled - 1, 'other')} likewise" if self._respelled > 1 else ""
        return [f"{self._respelled_first}{more}"]

    def _host_bits(self) -> list[str]:
        rows = [row for row in self.rows if row.written is not None]
        told = [
            f"{row.field} {row.cidr} has host bits set; the block that holds it is {row.prefix}"
            + (f" (line {row.line})" if row.line else "")
            for row in rows[:_MOST_TOLD]
        ]
        if len(rows) > _MOST_TOLD:
            told.append(f"{len(rows) - _MOST_TOLD:,} more have host bits set")
        return told

    def _lines_left_out(self) -> list[str]:
        told = [f"line {o.line} is left out: {o.why}" for o in self.left_out[:_MOST_TOLD]]
        if len(self.left_out) > _MOST_TOLD:
            more = counted(len(self.left_out) - _MOST_TOLD, "more line")
            told.append(f"{more} left out; --explain lists all")
        return told


def _is_data_center(name: str) -> bool:
    return len(name) == 5 and name.isascii() and name.islower() and name[:3].isalpha() and name[3:].isdigit()
