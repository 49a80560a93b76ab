"""VyOS, Vyatta or EdgeOS: the IPsec tunnels of a router, as `set` commands or in braces.

Words: VyOS documentation, docs/configuration/vpn/site2site_ipsec.rst (1.3 and 1.4); IBM's Virtual Router Appliance has the
same below `security vpn ipsec`, and older Vyatta local-subnet and remote-subnet. A peer is named by its address, or by
a word with remote-address. Whatever stands below authentication is dropped as it is read.
"""

from __future__ import annotations

import re
import shlex
from typing import TYPE_CHECKING

from ipplan.importers.gateway_rows import GatewayRows, is_address
from ipplan.importers.reading import decode

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ipplan.observed import Observed, Side

_HELP = "show configuration commands | match ipsec, or show configuration, prints them"
_DEEPEST = 32
"""Braces inside one another that are read at most."""
_MOST_WORDS = 24
"""Words of a setting, with those of the braces around it, that are kept."""
_ADDRESSES: dict[str, Side] = {
    "local-address": "gateway",
    "local-ip": "gateway",
    "remote-address": "far-gateway",
}
_RANGES: dict[tuple[str, ...], Side] = {
    ("local", "prefix"): "local",
    ("local", "subnet"): "local",
    ("local-subnet",): "local",
    ("remote", "prefix"): "remote",
    ("remote", "subnet"): "remote",
    ("remote-subnet",): "remote",
}
_BLOCK_COMMENT = re.compile(r"/\*.*?(?:\*/|\Z)", re.DOTALL)
_SKIPPED = ("#", "//", "[edit", "!")

_Path = tuple[str, ...]


def read(data: bytes) -> Observed:
    """Read the site-to-site peers of a router, each of them a tunnel with the ranges of all its parts."""
    rows = GatewayRows()
    paths = [(path, line) for path, line in _paths(decode(data), rows)]
    versions: dict[str, tuple[int, int]] = {}
    off: set[_Path] = set()
    for path, line in paths:
        if path[:1] == ("ike-group",) and path[2:3] == ("key-exchange",) and path[3:] in (("ikev1",), ("ikev2",)):
            versions[path[1]] = (int(path[3][-1]), line)
        elif path[:1] == ("peer",) and path[-1] == "disable" and len(path) in (3, 5):
            off.add(path[:-1])
    for path, line in paths:
        if path[:1] != ("peer",) or len(path) < 2:
            continue
        name = path[1]
        if path[:2] in off or path[:4] in off:
            rows.leave_out("a part that is disabled", name)
            continue
        if is_address(name):
            rows.address(name, "far-gateway", name, line, "peer")
        _add(name, path[2:], line, versions, rows)
    return rows.finish("the file has no site-to-site peer of IPsec", _HELP)


def _add(name: str, words: _Path, line: int, versions: dict[str, tuple[int, int]], rows: GatewayRows) -> None:
    if len(words) == 2 and words[0] in _ADDRESSES:
        rows.address(name, _ADDRESSES[words[0]], words[1], line, words[0])
    elif len(words) == 2 and words[0] == "ike-group" and words[1] in versions:
        version, at = versions[words[1]]
        rows.exchange(name, version, at, "key-exchange")
    elif words[:2] == ("vti", "bind"):
        rows.leave_out("a tunnel whose ranges its routes decide (vti)", name)
    elif words[:1] == ("tunnel",) and words[2:-1] in _RANGES:
        rows.ranges(name, _RANGES[words[2:-1]], words[-1], line, " ".join(words[2:-1]))


def _paths(text: str, rows: GatewayRows) -> Iterator[tuple[_Path, int]]:
    """Yield every setting of IPsec as words below `ipsec` or `site-to-site`, with its line."""
    text = _BLOCK_COMMENT.sub(lambda found: "\n" * found[0].count("\n"), text)
    stack: list[_Path] = []
    opened: list[int] = []
    for number, raw in enumerate(text.split("\n"), 1):
        line = raw.strip()
        if not line or line.startswith(_SKIPPED):
            continue
        if line == "}":
            if not stack:
                rows.collector.problem("a brace is closed that was not opened", number, _HELP)
                return
            stack.pop()
            opened.pop()
            continue
        words = _words(line)
        around = stack[-1] if stack else ()
        if words is None:
            rows.collector.problem("the line has a quote that is not closed", number, _HELP)
        elif words[-1:] == ("{",):
            stack.append((*around, *words[:-1])[:_MOST_WORDS])
            opened.append(number)
            if len(stack) > _DEEPEST:
                rows.collector.problem("its braces stand inside one another too deeply to be read", number)
                return
            yield from _below(stack[-1], number)
        elif words:
            yield from _below((*around, *(words[1:] if words[0] == "set" else words))[:_MOST_WORDS], number)
    if opened:
        rows.collector.problem("the file ends before the brace is closed", opened[-1], "get it once more")


def _below(path: _Path, line: int) -> Iterator[tuple[_Path, int]]:
    """Yield a path from its peer or group on; anything else, and what authenticates, is nobody's business."""
    if "authentication" in path:
        return
    for place, word in enumerate(path):
        before = path[place - 1] if place else None
        if (word == "peer" and before in (None, "site-to-site")) or (word == "ike-group" and before in (None, "ipsec")):
            yield path[place:], line
            return


def _words(line: str) -> _Path | None:
    if "'" not in line and '"' not in line:
        return tuple(line.split())
    try:
        return tuple(shlex.split(line))
    except ValueError:
        return None
