"""What all readers share: text from bytes, prefixes from text, and every problem with its line at once.

Knows nothing of any format.
"""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING, NamedTuple

from ipplan.addresses import (
    WIDTH,
    AddressError,
    HostBitsError,
    Prefix,
    parse_address,
    parse_prefix,
)
from ipplan.findings import MOST_PROBLEMS
from ipplan.observed import Observed, Row
from ipplan.plan.kinds import KINDS
from ipplan.plan.load import show

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ipplan.observed import Exchange, ObservedCluster, Side


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


def kebab(text: str) -> str:
    """Return the text as a name of lower case words joined by hyphens, empty where nothing of it can be kept."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain)[:_LONGEST_NAME].strip("-")


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


class Collector:
    """Rows and problems of one file, as its reader goes along; `finish` returns the rows, or raises the problems.

    Keeps the first `MOST_PROBLEMS` problems and counts the others as `hidden`.
    """

    def __init__(self, problems: Iterable[Problem] = (), hidden: int = 0) -> None:
        self.rows: list[Row] = []
        self.problems = list(problems)
        self.hidden = hidden
        self.notes: list[str] = []

    def problem(
        self, message: str, line: int | None, help_: str | None = None, rule: str = "bad-value"
    ) -> None:
        """Note what is wrong with a line."""
        if len(self.problems) >= MOST_PROBLEMS:
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
    ) -> None:
        """Add the row of a prefix, written as a CIDR or as an address and a mask; host bits are kept as written."""
        found = self.block(cidr, line, field, mask)
        seen = self.block(shown, line, field) if shown is not None else None
        if found is not None:
            prefix, written = found
            self.rows.append(
                Row(
                    prefix, name, kind, cluster, description or None, line, field, written,
                    whole=whole, container=container, side=side, shown=None if seen is None else seen[0],
                )
            )  # fmt: skip

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
                address.prefix, name, kind, cluster, description or None, line, field,
                whole=False, names=names, side=side,
            )
        )  # fmt: skip

    def block(
        self, cidr: str, line: int | None, field: str, mask: str | None = None
    ) -> tuple[Prefix, int | None] | None:
        """Return the prefix that a text means, and the address as written where host bits are set."""
        text = cidr.strip()
        if mask is not None and mask.strip() and "/" not in text:
            length = parse_mask(mask, 6 if ":" in text else 4)
            if length is None:
                self.problem(
                    f"{field} {show(text)} has the mask {show(mask)}, which is no prefix length and no netmask", line
                )  # fmt: skip
                return None
            text = f"{text}/{length}"
        elif "/" in text:
            # A netmask after the slash is common in tables.
            address, _, length_text = text.partition("/")
            dotted = parse_mask(length_text, 4) if "." in length_text else None
            text = text if dotted is None else f"{address}/{dotted}"
        try:
            return parse_prefix(text), None
        except HostBitsError as error:
            return error.block, error.address
        except AddressError as error:
            help_ = f"it may mean {error.suggestion}" if error.suggestion else None
            self.problem(f"{field} is {show(cidr)}, which is no prefix: {error}", line, help_)
            return None

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
        nothing: str = "there is no prefix in the file",
        help_: str | None = None,
    ) -> Observed:
        """Return everything that was read; raise SourceError where anything is wrong, or there is nothing at all."""
        if self.problems:
            raise SourceError(*self.problems, hidden=self.hidden)
        pools = tuple(dict.fromkeys(pools))
        if not self.rows and not pools:
            raise SourceError(Problem(nothing, None, help_, "no-prefix"))
        return Observed(
            rows=tuple(self.rows),
            clusters=tuple(dict.fromkeys(clusters)),
            kinds=frozenset(kinds),
            names=frozenset(names),
            one_cluster=one_cluster,
            partial=partial,
            pools=pools,
            data_centers=tuple(sorted({name for name in data_centers if _is_data_center(name)})),
            notes=(*self.notes, *self._host_bits()),
            exchanges=tuple(exchanges),
        )

    def _host_bits(self) -> list[str]:
        return [
            f"{row.field} {row.cidr} has host bits set; the block that holds it is {row.prefix}"
            + (f" (line {row.line})" if row.line else "")
            for row in self.rows
            if row.written is not None
        ]


def _is_data_center(name: str) -> bool:
    return len(name) == 5 and name.isascii() and name.islower() and name[:3].isalpha() and name[3:].isdigit()
