r"""Labels and named addresses as one line of text, `team=erp; ticket=NET-12`, written and read.

It is the form of one cell in CSV, Markdown, XLSX and NetBox. A text that would not read back as it is gets double
quotes; then a quote inside it is doubled, and a backslash or an invisible character is an escape (`\\`, `\u000a`).
This module knows nothing of tables and files.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from ipplan.addresses import AddressError, format_address, parse_address
from ipplan.plan.choices import VLANS
from ipplan.plan.homes import Homes
from ipplan.plan.model import NamedAddress

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

    from ipplan.plan.model import Cluster, Edge, Labels, Network, Plan, Site

VLAN = "vlan"
"""The name of the VLAN ID among labels, without quotes; a label of the same name is quoted."""

_UNSEEN = "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u3164\uffa0\U000e0100-\U000e01ef]"
"""Invisible characters that count as printable, so that outputs escape them."""
_FIRST = "'=+-@\uff1d\uff0b\uff0d\uff20"
"""A cell that starts with one of these gets an apostrophe in CSV, or loses one when it is read."""
_QUOTED = re.compile(r'"([^"]*(?:""[^"]*)*)"\s*')
_NAME_ENDS = re.compile("[=;]")
_VALUE_ENDS = re.compile(";")
_ESCAPE = re.compile(r"\\(\\|u[0-9a-f]{4}|U[0-9a-f]{8})")


def labels_of(plan: Plan) -> Mapping[str, Mapping[str, str]]:
    """Return the labels of each network that has any, by name: its own, then those of its cluster, edge and site.

    The first value of a name counts. Platform defaults that the plan does not declare are networks too.
    """
    homes = Homes(plan)
    found = {}
    for network in plan.taking_part():
        sources: tuple[Network | Cluster | Edge | Site | None, ...] = (
            plan.sites.get(homes.site_of(network) or ""),
            plan.edges.get(homes.edge_of(network) or ""),
            plan.clusters.get(network.cluster or ""),
            network,
        )
        labels = {name: value for source in sources if source is not None for name, value in source.labels}
        if labels:
            found[network.name] = labels
    return found


class Chosen(NamedTuple):
    """The parts of a plan with some labels: its networks by name, and the tables of all parts."""

    networks: frozenset[str]
    tables: frozenset[tuple[str, str]]

    def concerns(self, networks: Iterable[str], key: Sequence[object]) -> bool:
        """Return whether something about these networks, at this key of the plan, concerns a chosen part."""
        return not self.networks.isdisjoint(networks) or tuple(key[:2]) in self.tables


def known_labels(plan: Plan) -> Mapping[str, set[str]]:
    """Return the values that each label has in any part of a plan."""
    found: dict[str, set[str]] = {}
    for _, part in _parts_of(plan):
        for name, value in part.labels:
            found.setdefault(name, set()).add(value)
    return found


def split_label(text: str, known: Collection[str]) -> tuple[str, str | None]:
    """Return name and value of NAME=VALUE, the value None for a name alone; a known name may contain the sign."""
    if text in known:
        return text, None
    name = max((n for n in known if text.startswith(f"{n}=")), key=len, default=text.partition("=")[0])
    return name, text[len(name) + 1 :] if "=" in text[len(name) :] else None


def choose_labelled(plan: Plan, wanted: Iterable[str]) -> Chosen:
    """Return the parts of a plan with all of the wanted labels, each NAME=VALUE, or NAME for any value."""
    known = known_labels(plan)
    pairs = [split_label(text, known) for text in wanted]

    def matches(labels: Mapping[str, str]) -> bool:
        return all(name in labels and value in (None, labels[name]) for name, value in pairs)

    networks = frozenset(name for name, labels in labels_of(plan).items() if matches(labels))
    tables = {key for key, part in _parts_of(plan) if key[0] != "networks" and matches(dict(part.labels))}
    return Chosen(networks, frozenset(tables | {("networks", name) for name in networks}))


def _parts_of(plan: Plan) -> Iterator[tuple[tuple[str, str], Network | Cluster | Edge | Site]]:
    """Yield every part that can have labels, with the key of its table."""
    yield from ((("networks", n.name), n) for n in plan.networks)
    yield from ((("clusters", c.name), c) for c in plan.clusters.values())
    yield from ((("edges", e.name), e) for e in plan.edges.values())
    yield from ((("sites", s.name), s) for s in plan.sites.values())


def describe_about(part: Network | Cluster | Edge | Site | None) -> dict[str, object]:
    """Return labels, VLAN ID and status of a part, as documents have them; `status` means something else there."""
    if part is None:
        return {"labels": {}, "vlan": None, "lifecycle": None}
    return {"labels": dict(part.labels), "vlan": part.vlan, "lifecycle": part.status}


def format_labels(labels: Iterable[tuple[str, str]]) -> str:
    """Return labels as one line that `parse_labels` reads back, empty for none."""
    return "; ".join(f"{_plain(name)}={_plain(value)}" for name, value in labels)


def parse_labels(text: str) -> Labels:
    """Return the labels of a line, in their order.

    Raises ValueError with the reason for a part that is not a name and a value, and for a name that occurs twice.
    """
    return _unique(_parts(text))


def format_about(labels: Iterable[tuple[str, str]], vlan: int | None) -> str:
    """Return labels and VLAN ID as one line that `parse_about` reads back: `team=erp; vlan=1234`.

    It has no quotes, because NetBox guesses the dialect of a CSV and quotes in cells mislead it. A character that would
    not read back is an escape, such as a backslash and u003b for a semicolon.
    """
    parts = [f"{_code(name[0]) + name[1:] if name == VLAN else _bare(name)}={_bare(value)}" for name, value in labels]
    return "; ".join(parts if vlan is None else [*parts, f"{VLAN}={vlan}"])


def parse_about(text: str) -> tuple[Labels, int | None]:
    """Return labels and VLAN ID of a line. Raises ValueError as `parse_labels` does, and for a wrong VLAN ID."""
    labels, vlans = [], []
    for part in filter(str.strip, text.split(";")):
        written, equals, value = (piece.strip() for piece in part.partition("="))
        name, value = (_ESCAPE.sub(_unescaped, piece) for piece in (written, value))
        _require_pair(name, equals)
        if written == VLAN:
            vlans.append(value)
        else:
            labels.append((name, value))
    if len(vlans) > 1:
        raise ValueError(f"{VLAN} occurs twice")
    return _unique(labels), _vlan(vlans[0]) if vlans else None


def format_addresses(addresses: Iterable[NamedAddress]) -> str:
    """Return named addresses as the plan states them: `gateway=#1; vip=10.0.0.5`, where `#1` is the first usable one."""
    return format_labels(
        (named.name, f"#{named.nth}" if named.address is None else format_address(*named.address))
        for named in addresses
    )


def parse_addresses(text: str) -> tuple[NamedAddress, ...]:
    """Return the named addresses of a line. Raises ValueError with the reason for a text that is not valid."""
    return tuple(_address(name, value) for name, value in parse_labels(text))


def _address(name: str, value: str) -> NamedAddress:
    if re.fullmatch(r"#-?[1-9][0-9]{0,18}", value, re.ASCII):
        return NamedAddress(name, int(value[1:]), None)
    try:
        return NamedAddress(name, None, parse_address(value))
    except AddressError as error:
        raise ValueError(f"address {name[:80]}: {error}; write #1 for the first usable one") from None


def _vlan(text: str) -> int:
    least, most = VLANS
    if not re.fullmatch(r"[0-9]{1,4}", text, re.ASCII) or not least <= int(text) <= most:
        raise ValueError(f"{VLAN} is {text[:80]!r}; it must be from {least} to {most:,}")
    return int(text)


def _require_pair(name: str, equals: str) -> None:
    if not equals:
        raise ValueError(f"{name[:80]!r} has no value: write name=value; name=value")
    if not name:
        raise ValueError("a value has no name: write name=value; name=value")


def _unique(pairs: Iterable[tuple[str, str]]) -> Labels:
    found: dict[str, str] = {}
    for name, value in pairs:
        if name in found:
            raise ValueError(f"{name[:80]!r} occurs twice")
        found[name] = value
    return tuple(found.items())


def _plain(text: str) -> str:
    """Return text as it is if it reads back so, else in quotes."""
    if text.isascii() and text.isalnum():
        return text
    safe = text == text.strip() and text.isprintable() and not re.search('[;="]|' + _UNSEEN, text)
    return text if safe and not text.startswith(tuple(_FIRST)) else _quote(text)


def _quote(text: str) -> str:
    text = (
        "".join(map(_escaped, text))
        if not text.isprintable() or re.search(_UNSEEN, text)
        else text.replace("\\", "\\\\")
    )
    return '"' + text.replace('"', '""') + '"'


def _bare(text: str) -> str:
    """Return text without quotes, with escapes for the characters that would not read back."""
    inner = text.strip()
    start = text.index(inner) if inner else len(text)
    return "".join(
        _code(char)
        if char in ";=\"'" or not start <= at < start + len(inner) or (not at and char in _FIRST)
        else _escaped(char)
        for at, char in enumerate(text)
    )


def _escaped(char: str) -> str:
    if char == "\\":
        return "\\\\"
    if char.isprintable() and not re.match(_UNSEEN, char):
        return char
    return _code(char)


def _code(char: str) -> str:
    return f"\\u{ord(char):04x}" if ord(char) < 0x10000 else f"\\U{ord(char):08x}"


def _unescaped(match: re.Match[str]) -> str:
    if match[1] == "\\":
        return "\\"
    code = int(match[1][1:], 16)
    # Half a surrogate pair is not a character, and nothing could write it.
    return match[0] if code > 0x10FFFF or 0xD800 <= code < 0xE000 else chr(code)


def _parts(text: str) -> Iterator[tuple[str, str]]:
    """Yield name and value of each part between semicolons, without empty parts; linear in the text."""
    at = 0
    while at < len(text):
        name, quoted, at = _token(text, at, _NAME_ENDS)
        if not name and not quoted and text[at : at + 1] != "=":
            at += 1
            continue
        _require_pair(name, text[at : at + 1].strip(";"))
        value, _, at = _token(text, at + 1, _VALUE_ENDS)
        if text[at : at + 1] not in ("", ";"):
            raise ValueError(f"after the value of {name[:80]!r}, a semicolon or the end must follow")
        at += 1
        yield name, value


def _token(text: str, at: int, stops: re.Pattern[str]) -> tuple[str, bool, int]:
    """Return the text that starts here, whether it is in quotes, and where it ends."""
    while text[at : at + 1].isspace():
        at += 1
    if text[at : at + 1] != '"':
        stop = stops.search(text, at)
        end = len(text) if stop is None else stop.start()
        return text[at:end].strip(), False, end
    found = _QUOTED.match(text, at)
    if found is None:
        raise ValueError("a double quote is not closed")
    return _ESCAPE.sub(_unescaped, found[1].replace('""', '"')), True, found.end()
