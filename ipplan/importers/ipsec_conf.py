"""ipsec.conf of strongSwan or Libreswan: the gateway at the other end of a cluster's tunnel.

Keys: ipsec.conf(5) of strongSwan 5.9 and of Libreswan 4; samples: strongswan/strongswan testing/tests/ikev2/net2net-psk/
hosts/moon/etc/ipsec.conf. `left` is the gateway's own side, as in both programs. Sections are combined as they do it:
`%default` first, then what `also` names, then the section itself. Files that `include` names are not read.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from ipplan.importers.cells import is_address
from ipplan.importers.gateway_rows import GatewayRows, Setting
from ipplan.importers.reading import decode
from ipplan.plan.problems import show

if TYPE_CHECKING:
    from ipplan.observed import Observed, Side

_HELP = "give the gateway's ipsec.conf, with the content of the files that it includes"
_SECTION = re.compile(r"(config|conn|ca)[ \t]+(\S+)")
_SETTING = re.compile(r"[ \t]*([A-Za-z][\w.-]*)[ \t]*=[ \t]*(.*)")
_SIDES: tuple[tuple[str, Side, Side], ...] = (
    ("left", "local", "gateway"),
    ("right", "remote", "far-gateway"),
)
_KEYS = frozenset(
    {
        "left",
        "right",
        "leftsubnet",
        "rightsubnet",
        "leftsubnets",
        "rightsubnets",
        "keyexchange",
        "ikev2",
        "auto",
        "type",
    }
)
"""The settings that are kept; all others, and so every secret, are dropped at once."""
_VERSIONS = {
    ("keyexchange", "ikev1"): 1,
    ("keyexchange", "ikev2"): 2,
    ("ikev2", "insist"): 2,
    ("ikev2", "yes"): 2,
    ("ikev2", "no"): 1,
    ("ikev2", "never"): 1,
}
_IDLE = frozenset({"ignore"})
_NO_TUNNEL = frozenset({"passthrough", "pass", "drop", "reject"})
_DEFAULT = "%default"

_Settings = dict[str, Setting]
_UNSET = Setting()


class _Section(NamedTuple):
    """A section `conn`: its own settings, and the names of the sections that it includes by `also`."""

    settings: _Settings
    also: list[Setting]
    line: int


def read(data: bytes) -> Observed:
    """Read the tunnels of an ipsec.conf, except those of `auto=ignore` and sections that only others include."""
    rows = GatewayRows()
    sections = _sections(decode(data), rows)
    included = {name for section in sections.values() for name, _ in section.also}
    made: dict[str, _Settings] = {}
    for name, section in sections.items():
        settings = _whole(name, sections, made, rows)
        auto = settings.get("auto", _UNSET).text.lower()
        if name == _DEFAULT or (name in included and auto in ("", *_IDLE)):
            continue
        if auto in _IDLE:
            rows.skip("auto=ignore", name)
        elif settings.get("type", _UNSET).text.lower() in _NO_TUNNEL:
            rows.skip("a connection that is not a tunnel", name)
        else:
            _add(name, settings, section.line, rows)
    return rows.finish("the file has no conn with addresses or subnets", _HELP)


def _sections(text: str, rows: GatewayRows) -> dict[str, _Section]:
    """Return the sections `conn` by name; report lines that do not belong in such a file, without their text."""
    found: dict[str, _Section] = {}
    current: _Section | None = None
    inside = False
    for number, raw in enumerate(text.split("\n"), 1):
        line = raw.partition("#")[0].rstrip()
        if not line or line.startswith(("version ", "version\t")):
            continue
        if line.split()[0] == "include":
            rows.include(number)
        elif (section := _SECTION.fullmatch(line)) is not None:
            inside, current = True, None
            if section[1] == "conn":
                current = found.setdefault(section[2], _Section({}, [], number))
        elif inside and (setting := _SETTING.fullmatch(line)) is not None:
            if current is not None:
                _keep(current, setting[1].lower(), setting[2], number)
        else:
            rows.collector.problem("the line is neither a section nor a setting of ipsec.conf", number, _HELP)
    return found


def _keep(section: _Section, key: str, value: str, line: int) -> None:
    value = value.strip().strip('"{}').strip()
    if key == "also":
        section.also.extend(Setting(name, line) for name in value.replace(",", " ").split())
    elif key in _KEYS:
        section.settings[key] = Setting(value, line)


def _whole(name: str, sections: dict[str, _Section], made: dict[str, _Settings], rows: GatewayRows) -> _Settings:
    """Return the settings of a section with those that it includes, without recursion: chains may be long."""
    waiting = {} if name in made else {name: iter(sections[name].also)}
    while waiting:
        top = next(reversed(waiting))
        for other, line in waiting[top]:
            if other in waiting:
                rows.collector.problem(f"conn {show(other)} includes itself by also", line)
            elif other in sections and other not in made:
                waiting[other] = iter(sections[other].also)
                break
        else:
            made[top] = _merged(top, sections, made, rows)
            del waiting[top]
    return made[name]


def _merged(name: str, sections: dict[str, _Section], made: dict[str, _Settings], rows: GatewayRows) -> _Settings:
    found: _Settings = {}
    if name != _DEFAULT and _DEFAULT in sections:
        found.update(sections[_DEFAULT].settings)
    for other, line in sections[name].also:
        if other not in sections:
            rows.missing("also names conn", other, name, line, _HELP)
        found.update(made.get(other, {}))
    found.update(sections[name].settings)
    return found


def _add(name: str, settings: _Settings, line: int, rows: GatewayRows) -> None:
    peer = settings.get("right", _UNSET).text
    tunnel = peer if is_address(peer) else name
    for word, side, end in _SIDES:
        own = settings.get(word, Setting("", line))
        rows.address(tunnel, end, *own, word)
        listed = [(key, settings[key]) for key in (f"{word}subnet", f"{word}subnets") if key in settings]
        for key, (text, at) in listed:
            rows.ranges(tunnel, side, text, at, key)
        if not listed and is_address(own.text):
            # Without a subnet the tunnel carries the address of the end itself.
            rows.ranges(tunnel, side, *own, word)
    for key in ("keyexchange", "ikev2"):
        text, at = settings.get(key, Setting("", line))
        if (version := _VERSIONS.get((key, text.lower()))) is not None:
            rows.exchange(tunnel, version, at, key)
