"""swanctl.conf of strongSwan: the gateway at the other end of a cluster's tunnel.

Keys: swanctl.conf(5), syntax: strongswan.conf(5) of strongSwan 5.9, with sections that take in others (`name : base {`).
Files that `include` names are not read, and of `secrets` and of authentication not a word is kept.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from ipplan.importers.gateway_rows import GatewayRows
from ipplan.importers.reading import decode

if TYPE_CHECKING:
    from ipplan.observed import Observed, Side

_HELP = "swanctl.conf of the gateway, with the files that it includes put in their places"
_SPACE = re.compile(r"(?:\s+|#[^\n]*)+")
_INCLUDE = re.compile(r"include[ \t]+[^\n]*")
_NAME = re.compile(r'[^\s{}=#":,]+')
_BLANK = re.compile(r"\s*")
_BASES = re.compile(r":([^{}=\n]*)\{")
_VALUE = re.compile(r'[ \t]*=[ \t]*((?:"(?:[^"\\]|\\.)*"|[^"#{}\n])*)')
_DEEPEST = 16
"""Sections inside one another that are read at most; a connection needs three."""
_MOST_TAKEN_IN = 500_000
"""Settings and sections that sections may take in from others, all in all."""
_ENDS: tuple[tuple[str, Side], ...] = (("local_addrs", "gateway"), ("remote_addrs", "far-gateway"))
_SELECTORS: tuple[tuple[str, Side], ...] = (("local_ts", "local"), ("remote_ts", "remote"))


class _Section(NamedTuple):
    """A section: its values and sections by name, and the paths of those that it takes in."""

    values: dict[str, tuple[str, int]]
    sections: dict[str, _Section]
    bases: list[str]
    line: int


def read(data: bytes) -> Observed:
    """Read the connections of a swanctl.conf, each of them a tunnel with the ranges of all its children."""
    rows = GatewayRows()
    tree = _Tree(_parse(decode(data), rows), rows)
    for name, own in tree.whole(tree.root.sections.get("connections")).sections.items():
        connection = tree.whole(own)
        for key, side in _ENDS:
            rows.address(name, side, *connection.values.get(key, ("", own.line)), key)
        version, line = connection.values.get("version", ("", own.line))
        if version in ("1", "2"):
            rows.exchange(name, int(version), line, "version")
        children = connection.sections.get("children")
        for child in tree.whole(children).sections.values():
            settings = tree.whole(child)
            if settings.values.get("mode", ("", 0))[0].lower() in ("pass", "drop"):
                rows.leave_out("a child that is no tunnel", name)
                continue
            for key, side in _SELECTORS:
                # Without a selector the tunnel carries the addresses of its ends, or what they agree on.
                rows.ranges(name, side, *settings.values.get(key, ("dynamic", child.line)), key)
    return rows.finish("the file has no connections with addresses or traffic selectors", _HELP)


def _parse(text: str, rows: GatewayRows) -> _Section:
    """Return the tree of sections; what is wrong is told with its line, and without its words."""
    root = _Section({}, {}, [], 1)
    stack = [root]
    at, line, counted = 0, 1, 0
    while True:
        if (space := _SPACE.match(text, at)) is not None:
            at = space.end()
        line += text.count("\n", counted, at)
        counted = at
        if at >= len(text):
            break
        if text[at] == "}":
            at += 1
            if len(stack) == 1:
                rows.collector.problem("a section is closed that was not opened", line, _HELP)
            else:
                stack.pop()
        elif (include := _INCLUDE.match(text, at)) is not None:
            rows.include(line)
            at = include.end()
        else:
            at = _entry(text, at, line, stack, rows)
        if len(stack) > _DEEPEST:
            rows.collector.problem("its sections stand inside one another too deeply to be read", line)
            return root
    if len(stack) > 1:
        rows.collector.problem("the file ends before the section is closed", stack[-1].line, "get it once more")
    return root


def _entry(text: str, at: int, line: int, stack: list[_Section], rows: GatewayRows) -> int:
    """Read a setting or the head of a section, and return where it ends."""
    name = _NAME.match(text, at)
    if name is not None:
        blank = _BLANK.match(text, name.end())
        after = blank.end() if blank is not None else at
        bases = _BASES.match(text, after)
        if bases is not None or text.startswith("{", after):
            section = stack[-1].sections.setdefault(name[0], _Section({}, {}, [], line))
            section.bases.extend([] if bases is None else bases[1].replace(",", " ").split())
            stack.append(section)
            return after + 1 if bases is None else bases.end()
        if (value := _VALUE.match(text, name.end())) is not None:
            stack[-1].values[name[0]] = (value[1].strip().strip('"'), line)
            return value.end()
    rows.collector.problem("the line is neither a section nor a setting of swanctl.conf", line, _HELP)
    end = text.find("\n", at)
    return len(text) if end < 0 else end


class _Tree:
    """The sections of a file, each with what it takes in, put together once."""

    def __init__(self, root: _Section, rows: GatewayRows) -> None:
        self.root = root
        self.rows = rows
        self._made: dict[int, _Section] = {}
        self._taken_in = 0

    def whole(self, section: _Section | None, depth: int = 0) -> _Section:
        """Return a section with what it takes in; what it says itself counts first."""
        if section is None or not section.bases:
            return section or _Section({}, {}, [], 1)
        if depth > _DEEPEST:
            self.rows.collector.problem("a section takes in others without end", section.line)
            return _Section({}, {}, [], section.line)
        if id(section) not in self._made:
            self._made[id(section)] = self._merged(section, depth)
        return self._made[id(section)]

    def _merged(self, section: _Section, depth: int) -> _Section:
        found = _Section({}, {}, [], section.line)
        for path in dict.fromkeys(section.bases):
            base: _Section | None = self.root
            for name in path.split("."):
                base = base.sections.get(name) if base is not None else None
            if base is None:
                self.rows.missing("the section takes in", path, f"line {section.line}", section.line, _HELP)
                continue
            whole = self.whole(base, depth + 1)
            self._taken_in += len(whole.values) + len(whole.sections)
            if self._taken_in > _MOST_TAKEN_IN:
                self.rows.collector.problem("sections take in more of others than can be read", section.line)
                break
            found.values.update(whole.values)
            found.sections.update(whole.sections)
        found.values.update(section.values)
        for name, own in section.sections.items():
            under = found.sections.get(name)
            found.sections[name] = own
            if under is not None:
                # One inside the other: `children` of both.
                found.sections[name] = _Section(
                    {**under.values, **own.values},
                    {**under.sections, **own.sections},
                    [*under.bases, *own.bases],
                    own.line,
                )
        return found
