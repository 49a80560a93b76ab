"""swanctl.conf of strongSwan: the gateway at the other end of a cluster's tunnel.

Keys: swanctl.conf(5), syntax: strongswan.conf(5) of strongSwan 5.9, with sections that inherit others (`name : base {`).
Files that `include` names are not read, and nothing of `secrets` and of authentication is kept.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from ipplan.importers.gateway_rows import GatewayRows, Setting
from ipplan.importers.reading import decode

if TYPE_CHECKING:
    from ipplan.observed import Observed, Side

_HELP = "give the gateway's swanctl.conf, with the content of the files that it includes"
_SPACE = re.compile(r"(?:\s+|#[^\n]*)+")
_INCLUDE = re.compile(r"include[ \t]+[^\n]*")
_NAME = re.compile(r'[^\s{}=#":,]+')
_BLANK = re.compile(r"\s*")
_BASES = re.compile(r":([^{}=\n]*)\{")
_VALUE = re.compile(r'[ \t]*=[ \t]*((?:"(?:[^"\\]|\\.)*"|[^"#{}\n])*)')
_DEEPEST = 16
"""Read at most 16 levels of sections; a connection needs three."""
_MOST_INHERITED = 500_000
"""Copy at most 500,000 settings and sections from sections to those that inherit them."""
_ENDS: tuple[tuple[str, Side], ...] = (("local_addrs", "gateway"), ("remote_addrs", "far-gateway"))
_SELECTORS: tuple[tuple[str, Side], ...] = (("local_ts", "local"), ("remote_ts", "remote"))


class _Section(NamedTuple):
    """A section: its settings and sections by name, and the paths of the sections that it inherits."""

    values: dict[str, Setting]
    sections: dict[str, _Section]
    bases: list[str]
    line: int


def read(data: bytes) -> Observed:
    """Read the connections of a swanctl.conf; each is a tunnel with the ranges of all its children."""
    rows = GatewayRows()
    tree = _Tree(_parse(decode(data), rows), rows)
    for name, own in tree.whole(tree.root.sections.get("connections")).sections.items():
        connection = tree.whole(own)
        for key, side in _ENDS:
            rows.address(name, side, *connection.values.get(key, Setting("", own.line)), key)
        version, line = connection.values.get("version", Setting("", own.line))
        if version in ("1", "2"):
            rows.exchange(name, int(version), line, "version")
        children = connection.sections.get("children")
        for child in tree.whole(children).sections.values():
            settings = tree.whole(child)
            if settings.values.get("mode", Setting()).text.lower() in ("pass", "drop"):
                rows.skip("a child that is not a tunnel", name)
                continue
            for key, side in _SELECTORS:
                # Without a selector the tunnel carries the addresses of its ends, or what they negotiate.
                rows.ranges(name, side, *settings.values.get(key, Setting("dynamic", child.line)), key)
    return rows.finish("the file has no connections with addresses or traffic selectors", _HELP)


def _parse(text: str, rows: GatewayRows) -> _Section:
    """Return the tree of sections; report what is wrong by its line, without its text."""
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
                rows.collector.problem("this closing brace has no opening brace", line, _HELP)
            else:
                stack.pop()
        elif (include := _INCLUDE.match(text, at)) is not None:
            rows.include(line)
            at = include.end()
        else:
            at = _entry(text, at, line, stack, rows)
        if len(stack) > _DEEPEST:
            rows.collector.problem(f"ipplan reads at most {_DEEPEST} levels of sections", line)
            return root
    if len(stack) > 1:
        rows.collector.problem(
            "the file ends before the closing brace of this section", stack[-1].line, "get the file again"
        )
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
            stack[-1].values[name[0]] = Setting(value[1].strip().strip('"'), line)
            return value.end()
    rows.collector.problem("the line is neither a section nor a setting of swanctl.conf", line, _HELP)
    end = text.find("\n", at)
    return len(text) if end < 0 else end


class _Tree:
    """The sections of a file, each combined once with what it inherits."""

    def __init__(self, root: _Section, rows: GatewayRows) -> None:
        self.root = root
        self.rows = rows
        self._made: dict[int, _Section] = {}
        self._inherited = 0

    def whole(self, section: _Section | None, depth: int = 0) -> _Section:
        """Return a section with what it inherits; its own settings take precedence."""
        if section is None or not section.bases:
            return section or _Section({}, {}, [], 1)
        if depth > _DEEPEST:
            self.rows.collector.problem(
                f"the section inherits itself, or more than {_DEEPEST} levels of others", section.line
            )
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
                self.rows.missing("the section inherits", path, f"line {section.line}", section.line, _HELP)
                continue
            whole = self.whole(base, depth + 1)
            self._inherited += len(whole.values) + len(whole.sections)
            if self._inherited > _MOST_INHERITED:
                message = f"sections inherit more than {_MOST_INHERITED:,} settings; ipplan reads no more"
                self.rows.collector.problem(message, section.line)
                break
            found.values.update(whole.values)
            found.sections.update(whole.sections)
        found.values.update(section.values)
        for name, own in section.sections.items():
            under = found.sections.get(name)
            found.sections[name] = own
            if under is not None:
                # Both have a section of this name, such as `children`: the settings of both count.
                found.sections[name] = _Section(
                    {**under.values, **own.values},
                    {**under.sections, **own.sections},
                    [*under.bases, *own.bases],
                    own.line,
                )
        return found
