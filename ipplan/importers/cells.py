"""What one value says about addresses: a prefix, an address or a range, however people and spreadsheets write it.

Knows nothing of files, lines and networks.
"""

from __future__ import annotations

import re
from typing import NamedTuple

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
from ipplan.plan.problems import show


class CellError(ValueError):
    """A value that is not a prefix or a range of addresses.

    The message continues the name of the field; `hint` says what to do about it.
    """

    def __init__(self, message: str, hint: str | None = None) -> None:
        super().__init__(message)
        self.hint = hint


class Block(NamedTuple):
    """A prefix that a value states.

    `written` is the address as typed, where its host bits are set. `read_as` is the CIDR that a text such as
    "10.1.2.0 255.255.255.0" was read as, None for a text that is a CIDR.
    """

    prefix: Prefix
    written: int | None = None
    read_as: str | None = None


class Cell(NamedTuple):
    """The prefixes of a value that may list several, and the comment after the only one."""

    blocks: tuple[Block, ...]
    comment: str = ""


# -- yes or no ---------------------------------------------------------------------------------------------


def is_prefix(cell: str) -> bool:
    """Return whether a cell is an address, a slash and a prefix length."""
    try:
        parse_block(cell)
    except AddressError:
        return False
    return True


def is_address(cell: str) -> bool:
    """Return whether a cell is one address without a prefix length."""
    try:
        parse_address(cell)
    except AddressError:
        return False
    return True


def is_range(cell: str) -> bool:
    """Return whether a cell is a range of addresses, such as "10.1.0.0-10.1.0.255"."""
    first, _, last = _DASH.sub("-", cell, count=1).partition("-")
    return is_address(first.strip()) and is_address(last.strip())


# -- values ------------------------------------------------------------------------------------------------


def parse_mask(text: str, version: int) -> int | None:
    """Return the prefix length that "24", "/24" or "255.255.255.0" states, None for anything else."""
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


def parse_cell(cell: str, mask: str | None = None, kind: str | None = None) -> Cell:
    """Return the prefixes of a cell: one, a list of them, or the fewest prefixes that make up a range "first-last".

    A cell with a `kind` of network has to be one prefix. Raises CellError for anything else.
    """
    texts, comment = _split(cell)
    if kind is not None and len(texts) > 1:
        raise CellError(
            f"{show(cell)} lists {len(texts)} ranges, and a network of kind {kind} has one range",
            "write a row for each range",
        )
    blocks: list[Block] = []
    for text in texts:
        if not _DASH.search(text):
            blocks.append(parse_one(text, mask))
            continue
        found = parse_range(text)
        if kind is not None and len(found) > 1:
            listed = ", ".join(map(str, found[:4])) + (", ..." if len(found) > 4 else "")
            raise CellError(
                f"{show(text)} is {len(found):,} prefixes, and a network of kind {kind} is one prefix",
                f"the prefixes of this range are {listed}",
            )
        blocks += map(Block, found)
    return Cell(tuple(blocks), comment)


def parse_one(cidr: str, mask: str | None = None) -> Block:
    """Return the prefix of a CIDR, or of an address and a mask; raise CellError for anything else."""
    if mask is None or "/" in cidr:
        try:
            return Block(parse_prefix(cidr))
        except AddressError:
            pass
    text, is_respelled = _as_cidr(cidr, mask)
    try:
        return Block(parse_prefix(text), None, text if is_respelled else None)
    except HostBitsError as error:
        return Block(error.block, error.address, text if is_respelled else None)
    except AddressError as error:
        hint = f"did you mean {error.suggestion}?" if error.suggestion else _spreadsheet_hint(cidr)
        raise CellError(f"{show(cidr)} is not a valid prefix: {error}", hint) from None


def parse_range(text: str) -> list[Prefix]:
    """Return the fewest prefixes of the range "first-last"; raise CellError where it is not a range."""
    first_text, _, last_text = _DASH.sub("-", text).partition("-")
    first_text, last_text = first_text.strip(), last_text.strip()
    if last_text.isascii() and last_text.isdigit() and "." in first_text:
        # "10.1.2.10-20" counts in the last byte.
        last_text = f"{first_text.rpartition('.')[0]}.{last_text}"
    try:
        first, last = parse_address(first_text), parse_address(last_text)
    except AddressError as error:
        raise CellError(
            f"{show(text)} is neither a prefix nor a range of addresses: {error}", _spreadsheet_hint(text)
        ) from None
    if first.version != last.version:
        raise CellError(f"{show(text)} is not a valid range: it mixes IPv4 and IPv6")
    if first.value > last.value:
        raise CellError(f"{show(text)} is not a valid range: its first address is above its last")
    return list(Range(first.version, first.value, last.value).prefixes())


# -- how people write them ---------------------------------------------------------------------------------

_DASH = re.compile(r"[-\u2013\u2014~]| to ")
"""What people write between the first and the last address of a range."""
_UNSEEN = re.compile("[\u200b-\u200f\u2060\ufeff]")
"""Characters without a width, which come along with text that is copied from web pages."""
_COMMENTED = re.compile(r"(\S+)\s*(?:\((.*)\)|#(.*))", re.DOTALL)
_PLAIN = frozenset("(#,;\n")
"""Characters without which a cell is one range and has no comment."""


def _split(cell: str) -> tuple[list[str], str]:
    """Return the ranges that a cell lists, and the comment after the only one."""
    if cell.isascii() and _PLAIN.isdisjoint(cell):
        return [cell], ""
    if (found := _COMMENTED.fullmatch(cell)) is not None and is_prefix(found[1]):
        return [found[1]], (found[2] or found[3] or "").strip()
    texts = [text for part in re.split(r"[,;\n]", cell) if (text := part.strip())]
    return texts or [cell], ""


def _as_cidr(cidr: str, mask: str | None) -> tuple[str, bool]:
    """Return a text as address, slash and length, and whether it needs a note; raise CellError for a wrong mask."""
    text = _UNSEEN.sub("", cidr).replace("\u00a0", " ").strip()
    if mask is not None and mask.strip() and "/" not in text:
        length = parse_mask(mask, 6 if ":" in text else 4)
        if length is None:
            raise CellError(f"{show(text)} has the mask {show(mask)}, which is neither a prefix length nor a netmask")
        return f"{text}/{length}", False
    _, slash, rest = text.partition("/")
    if slash and " " not in text and "." not in rest:
        return text, False
    words = text.replace("/", " / ").split()
    if len(words) == 2 or (len(words) == 3 and words[1] == "/"):
        # "10.1.2.0 /24", "10.1.2.0 255.255.255.0", and a netmask after the slash, are common in tables.
        length = parse_mask(words[-1], 6 if ":" in text else 4)
        if length is not None:
            return f"{words[0]}/{length}", " " in text
    return text, False


def _spreadsheet_hint(cell: str) -> str | None:
    """Return what to do about a cell that a spreadsheet took for a date, a number or a formula."""
    if _DATE.match(cell) or _FIGURE.fullmatch(cell):
        return "a spreadsheet may have changed it to a date or a number: format the column as text, and enter the value again"
    if cell.startswith("#") and cell.rstrip("!?") in _FORMULA_ERRORS:
        return "the formula of the cell has an error: fix it, or enter the value"
    return None


_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}\b|[0-9]{1,2}[./-](Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)\b")
_FIGURE = re.compile(r"[0-9]{4,}|[0-9]+[.,][0-9]+([eE]\+?[0-9]+)?|[0-9]+[eE]\+?[0-9]+")
_FORMULA_ERRORS = frozenset({"#REF", "#VALUE", "#NAME", "#NULL", "#NUM", "#DIV/0", "#N/A"})
