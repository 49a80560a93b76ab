"""Collects the tunnels of a gateway, in whatever format they are configured: ranges of both sides, and both addresses.

Only ranges, addresses and the names of tunnels of such a file reach a row or a message: none of its keys and passwords.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from ipplan.addresses import AddressError, Prefix, parse_address
from ipplan.importers.cells import CellError, parse_range
from ipplan.importers.collecting import Collector
from ipplan.importers.reading import counted
from ipplan.observed import Exchange, Observed, ObservedPrefix
from ipplan.plan.problems import show

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ipplan.observed import Side

_SELECTOR = re.compile(r"\[[^\]]*\]?$")
"""Protocol and port after a range: `10.1.0.0/24[tcp/443]`."""
_DYNAMIC = frozenset({"dynamic", "%dynamic", "%any", "%any4", "%any6", "any", "%priv"})
_ANY = frozenset({"0.0.0.0", "::"})
"""Addresses that mean any peer."""
_WORDS = {"local": "local side", "remote": "remote side", "gateway": "own address", "far-gateway": "peer"}
_MOST_NAMES = 5
"""Name at most 5 tunnels, or lines, in one note."""
_LONGEST_NAME = 200
"""Keep at most 200 characters of the name of a tunnel."""


class Setting(NamedTuple):
    """The value of a setting, and its line."""

    text: str = ""
    line: int = 0


class GatewayRows:
    """Collects the tunnels of one file while its reader goes through it; every row keeps its line."""

    def __init__(self) -> None:
        self.collector = Collector()
        self._exchanges: list[Exchange] = []
        self._skipped: dict[str, dict[str, None]] = {}
        self._includes: list[int] = []
        self._seen: set[tuple[str, Side, Prefix]] = set()

    def ranges(self, tunnel: str, side: Side, text: str, line: int, field: str) -> None:
        """Add the ranges of one side: prefixes, addresses or first-last, separated by commas or spaces."""
        for word in text.replace(",", " ").split():
            plain = _SELECTOR.sub("", word)
            if not plain or plain.lower() in _DYNAMIC or plain.startswith("%"):
                self.skip(f"a {field} that the peer or an interface sets", tunnel)
                continue
            for prefix in self._prefixes(plain, line, field):
                if prefix.length == 0:
                    self.skip(f"a {field} of all addresses", tunnel)
                else:
                    self._add(tunnel, side, prefix, line, field)

    def _prefixes(self, text: str, line: int, field: str) -> Iterator[Prefix]:
        if "-" not in text:
            text = text if "/" in text else _with_length(text)
            if (found := self.collector.block(text, line, field)) is not None:
                yield found.prefix
            return
        try:
            yield from parse_range(text)
        except CellError as error:
            self.collector.problem(f"{field} {error}", line, error.hint)

    def address(self, tunnel: str, side: Side, text: str, line: int, field: str) -> None:
        """Add the address of one end; DNS names, and the addresses that mean any peer, are not added."""
        for word in text.replace(",", " ").split():
            try:
                address = parse_address(word)
            except AddressError:
                continue
            if word not in _ANY:
                self._add(tunnel, side, address.prefix, line, field)

    def _add(self, tunnel: str, side: Side, prefix: Prefix, line: int, field: str) -> None:
        tunnel = tunnel[:_LONGEST_NAME]
        if (tunnel, side, prefix) in self._seen:
            return
        self._seen.add((tunnel, side, prefix))
        self.collector.rows.append(
            ObservedPrefix(
                prefix=prefix,
                name="",
                description=f"{_WORDS[side]} of the tunnel {tunnel} ({field})",
                line=line,
                field=field,
                whole=side in ("local", "remote"),
                side=side,
                tunnel=tunnel,
            )
        )

    def exchange(self, tunnel: str, version: int, line: int, field: str) -> None:
        """Note the version of IKE of a tunnel."""
        self._exchanges.append(Exchange(version, field, line, tunnel[:_LONGEST_NAME]))

    def skip(self, what: str, tunnel: str) -> None:
        """Note a part of a tunnel that is not read."""
        self._skipped.setdefault(what, {})[tunnel[:_LONGEST_NAME]] = None

    def missing(self, what: str, name: str, tunnel: str, line: int, help_: str) -> None:
        """Report a section that another one refers to and that is missing; note it if it may be in an included file."""
        if self._includes:
            self.skip(f"{what} {show(name)}, which may be in an included file", tunnel)
        else:
            self.collector.problem(f"{what} {show(name)}, which is not in the file", line, help_)

    def include(self, line: int) -> None:
        """Note a line that includes another file, which is not read."""
        self._includes.append(line)

    def finish(self, nothing: str, help_: str) -> Observed:
        """Return all tunnels; raise SourceError where anything is wrong, or the file has none."""
        for what, names in self._skipped.items():
            listed = _some([show(name) for name in names])
            self.collector.notes.append(f"skipped: {what}, in {counted(len(names), 'tunnel')}: {listed}")
        if len(self._includes) == 1:
            self.collector.notes.append(f"line {self._includes[0]} includes another file, which is not read")
        elif self._includes:
            lines = _some([str(line) for line in self._includes])
            self.collector.notes.append(
                f"{len(self._includes):,} lines include other files, which are not read: {lines}"
            )
        found = self.collector.finish(exchanges=self._exchanges, nothing=nothing, help_=help_)
        return replace(found, gateway=True)


def _some(words: list[str]) -> str:
    more = f" and {len(words) - _MOST_NAMES:,} more" if len(words) > _MOST_NAMES else ""
    return ", ".join(words[:_MOST_NAMES]) + more


def _with_length(text: str) -> str:
    try:
        return str(parse_address(text).prefix)
    except AddressError:
        return text
