"""What all readers share: problems with their line, text from bytes, and words that name a kind of network.

Knows nothing of any format.
"""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING, NamedTuple

from ipplan.findings import Finding, Location
from ipplan.plan.kinds import KINDS
from ipplan.plan.load import PlanError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from ipplan.plan.model import Labels


_LONGEST_NAME = 60
"""Characters of a name that is made from what a file says."""


class Problem(NamedTuple):
    """Why a file cannot be read: the message, the 1-based line, what to do about it, and the rule that reports it."""

    message: str
    line: int | None = None
    help: str | None = None
    rule: str = "bad-value"


class SourceError(Exception):
    """A file that cannot be read; `problems` are in the order of the file, `hidden` counts the ones not kept."""

    def __init__(self, *problems: Problem, hidden: int = 0) -> None:
        super().__init__(f"{len(problems) + hidden} problems")
        self.problems = tuple(sorted(problems, key=lambda problem: problem.line or 0))
        self.hidden = hidden


def source_problems(error: SourceError, file: str) -> PlanError:
    """Return the problems of a file of another tool in the form of the problems of a plan."""
    findings = tuple(
        Finding(
            rule=problem.rule,
            severity="error",
            message=problem.message,
            help=problem.help,
            location=Location(file, (), problem.line),
        )
        for problem in error.problems
    )
    return PlanError(file, findings, error.hidden)


# -- text --------------------------------------------------------------------------------------------------

_PACKED = (
    (b"PK\x03\x04", "a spreadsheet or another archive", "save the sheet as CSV, or unpack the archive"),
    (b"\xd0\xcf\x11\xe0", "a spreadsheet", "save the sheet as CSV"),
    (b"\x1f\x8b", "compressed", "unpack it with gunzip"),
)
"""First bytes of files that hold no text until another program has unpacked them."""
_UTF8 = 'save it as UTF-8 (spreadsheets call that "CSV UTF-8"), or: iconv -f WINDOWS-1252 -t UTF-8'


def is_workbook(data: bytes) -> bool:
    """Return whether the bytes are an Excel workbook (.xlsx)."""
    return data.startswith(b"PK\x03\x04") and b"xl/" in data


def decode(data: bytes) -> str:
    """Return the text of a file in UTF-8, or in UTF-16 with a byte order mark, as PowerShell writes it."""
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
        message = "the file has bytes of value zero: it is not text, or it is UTF-16 without a byte order mark"
        raise SourceError(Problem(message, text.count("\n", 0, nul) + 1, "save it as UTF-8", "not-text"))
    return text


# -- words -------------------------------------------------------------------------------------------------

KIND_WORDS = ("kind", "role", "type", "purpose", "usage", "tags")
"""What tables call the field that may name the kind of a network."""
_TITLES = {kind.title.lower(): kind.name for kind in KINDS.values()}


def kind_named(*texts: str | None) -> str | None:
    """Return the kind of network that one of the texts names, by its name or its title; None for other words."""
    for text in texts:
        word = (text or "").strip().lower()
        name = "-".join(word.replace("_", " ").split())
        if name in KINDS:
            return name
        if word in _TITLES:
            return _TITLES[word]
    return None


def as_labels(fields: Mapping[str, str], *, besides: Iterable[str], kind: str) -> Labels:
    """Return the fields of a network as labels, except those in `besides` and those that only name its kind."""
    return tuple(
        (kebab(name) or name, value)
        for name, value in fields.items()
        if value and name not in besides and not (name in KIND_WORDS and kind_named(value) == kind)
    )


def kebab(text: str) -> str:
    """Return the text as a name of lower-case words with hyphens, empty where it has no letter or digit to keep."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain)[:_LONGEST_NAME].strip("-")


def counted(count: int, what: str) -> str:
    """Return a number and what it counts, in the plural unless there is one."""
    plural = "" if count == 1 else "es" if what.endswith(("s", "x")) else "s"
    return f"{count:,} {what}{plural}"
