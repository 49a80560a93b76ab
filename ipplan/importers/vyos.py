"""VyOS, Vyatta or EdgeOS: the IPsec tunnels of a router, as `set` commands or in braces.

Words: VyOS documentation, docs/configuration/vpn/site2site_ipsec.rst (1.3 and 1.4); IBM's Virtual Router Appliance has the
same below `security vpn ipsec`, and older Vyatta local-subnet and remote-subnet. The name of a peer is its address, or a
word with remote-address. The reader drops everything below authentication.
"""

from __future__ import annotations

import re
import shlex
from typing import TYPE_CHECKING

from ipplan.importers.cells import is_address
from ipplan.importers.gateway_rows import GatewayRows, Setting
from ipplan.importers.reading import decode

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ipplan.observed import Observed, Side

_HELP = "show configuration commands | match ipsec, or show configuration, prints them"
_DEEPEST = 32
"""Read at most 32 levels of braces."""
_MOST_WORDS = 24
"""Keep at most 24 words of a setting, with those of the braces around it."""
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
_VERSIONS = {"ikev1": 1, "ikev2": 2}
_BLOCK_COMMENT = re.compile(r"/\*.*?(?:\*/|\Z)", re.DOTALL)
_SKIPPED = ("#", "//", "[edit", "!")

_Path = tuple[str, ...]


def read(data: bytes) -> Observed:
    """Read the site-to-site peers of a router; each is a tunnel with the ranges of all its parts."""
    rows = GatewayRows()
    paths = [(path, line) for path, line in _paths(decode(data), rows)]
    versions: dict[str, Setting] = {}
    off: set[_Path] = set()
    for path, line in paths:
        if path[:1] == ("ike-group",) and path[2:3] == ("key-exchange",) and path[3:] and path[3] in _VERSIONS:
            versions[path[1]] = Setting(path[3], line)
        elif path[:1] == ("peer",) and path[-1] == "disable" and len(path) in (3, 5):
            off.add(path[:-1])
    for path, line in paths:
        if path[:1] != ("peer",) or len(path) < 2:
            continue
        name = path[1]
        if path[:2] in off or path[:4] in off:
            rows.skip("a part that is disabled", name)
            continue
        if is_address(name):
            rows.address(name, "far-gateway", name, line, "peer")
        _add(name, path[2:], line, versions, rows)
    return rows.finish("the file has no site-to-site peer of IPsec", _HELP)


def _add(name: str, words: _Path, line: int, versions: dict[str, Setting], rows: GatewayRows) -> None:
    if len(words) == 2 and words[0] in _ADDRESSES:
        rows.address(name, _ADDRESSES[words[0]], words[1], line, words[0])
    elif len(words) == 2 and words[0] == "ike-group" and words[1] in versions:
        version = versions[words[1]]
        rows.exchange(name, _VERSIONS[version.text], version.line, "key-exchange")
    elif words[:2] == ("vti", "bind"):
        rows.skip("a tunnel whose ranges depend on routes (vti)", name)
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
                rows.collector.problem("this closing brace has no opening brace", number, _HELP)
                return
            stack.pop()
            opened.pop()
            continue
        words = _words(line)
        around = stack[-1] if stack else ()
        if words is None:
            rows.collector.problem("the line has no closing quote", number, _HELP)
        elif words[-1:] == ("{",):
            stack.append((*around, *words[:-1])[:_MOST_WORDS])
            opened.append(number)
            if len(stack) > _DEEPEST:
                rows.collector.problem(f"ipplan reads at most {_DEEPEST} levels of braces", number)
                return
            yield from _below(stack[-1], number)
        elif words:
            yield from _below((*around, *(words[1:] if words[0] == "set" else words))[:_MOST_WORDS], number)
    if opened:
        rows.collector.problem("the file ends before the closing brace of this line", opened[-1], "get the file again")


def _below(path: _Path, line: int) -> Iterator[tuple[_Path, int]]:
    """Yield the part of a path from its peer or group on; nothing for other settings and for authentication."""
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
