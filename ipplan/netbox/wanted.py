"""The objects that a plan wants in a NetBox: tags, roles, VLAN groups, VLANs and prefixes.

Lengths and status values are those of NetBox 4.7 (models extras.Tag, ipam.Role, ipam.VLANGroup, ipam.VLAN and
ipam.Prefix). This module does not know what exists in a NetBox.
"""

from __future__ import annotations

import re
from hashlib import sha256
from typing import TYPE_CHECKING, Literal, NamedTuple

from ipplan.plan.homes import Homes
from ipplan.plan.labels import format_about, labels_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from ipplan.plan.model import Network, Plan

What = Literal["tag", "role", "VLAN group", "VLAN", "prefix"]
KINDS_OF_OBJECTS: tuple[What, ...] = ("tag", "role", "VLAN group", "VLAN", "prefix")
"""The kinds of objects that ipplan writes, each after the kinds that it refers to."""

MARK = "ipplan"
"""The slug of the tag on every object that ipplan created; slugs of its other tags start with it and a hyphen."""
_MOST_DESCRIPTION = 200
"""A description has at most 200 characters."""
_MOST_NAME = 100
"""A name has at most 100 characters."""
_PLAIN = re.compile("[a-z0-9]+(?:-[a-z0-9]+)*")
"""Text that can be a slug unchanged; without two hyphens in a row, because two hyphens join two such texts."""
STATUSES = {"planned": "reserved", "ordered": "reserved", "retired": "deprecated"}
"""The status in NetBox of networks that do not exist yet or only keep their range; all others are active."""
_MOST_USED = ("active", "reserved", "deprecated")
"""The status of a VLAN is the first of these that any of its networks has."""


class VlanName(NamedTuple):
    """A VLAN as a prefix refers to it: the slug of its group (None for a group that is not the plan's), and its ID."""

    group: str | None
    vid: int


Value = str | int | VlanName | tuple[str, ...] | None
"""The value of a field; only tags are a tuple: their slugs, sorted."""


class Wanted(NamedTuple):
    """An object that the plan wants: its kind, the key by which it is found, and the fields that the plan sets."""

    what: What
    key: str
    fields: Mapping[str, Value]


class Shared(NamedTuple):
    """A network whose prefix another part of the plan has too: NetBox gets each prefix once, for that other part."""

    network: str
    prefix: str
    other: str


class Desired(NamedTuple):
    """Everything that a plan wants in a NetBox.

    `tag` is the slug of the plan's own tag. `waiting` names the networks without a range, `shared` those without a
    prefix of their own. Invariant: no two objects have the same kind and key.
    """

    tag: str
    objects: tuple[Wanted, ...]
    waiting: tuple[str, ...]
    shared: tuple[Shared, ...]

    def of(self, what: What) -> list[Wanted]:
        """Return the objects of a kind."""
        return [wanted for wanted in self.objects if wanted.what == what]


def describe(text: str) -> str:
    """Return text on one line, without double quotes, cut to fit, and safe from being a spreadsheet formula (CWE-1236)."""
    line = " ".join("".join(c if c.isprintable() else " " for c in text.replace('"', "'")).split())
    safe = f"'{line}" if line.startswith(("=", "+", "-", "@")) else line
    return safe[:_MOST_DESCRIPTION].rstrip()


def describe_network(network: Network) -> str:
    """Return the description of a network's prefix, which `ipplan import` reads back: name, kind, description."""
    words = (network.name, network.kind.title, network.description or "")
    return describe(", ".join(word for word in words if word))


def slug_of_plan(name: str) -> str:
    """Return the slug of the tag of a plan; two names never have the same one."""
    return f"{MARK}-plan-{_slug(name)}"


def want(plan: Plan, name: str) -> Desired:
    """Return what a plan, marked with `name`, wants in a NetBox; linear in the plan.

    Only networks with a range are included: pinned ones, and those on the default of their platform. Where networks,
    pools and avoided ranges have the same prefix, the first of these counts. Retired networks are deprecated.
    """
    prefixes = _Prefixes(plan, slug_of_plan(name))
    for network in plan.taking_part():
        prefixes.add_network(network)
    for pool in plan.pools:
        prefixes.add(str(pool.prefix), "BYOIP pool", status="container", description="BYOIP pool")
    for avoid in plan.avoids:
        words = describe(avoid.reason or "avoided")
        prefixes.add(str(avoid.prefix), "avoided space", status="reserved", description=words)
    vlans = prefixes.vlans()
    return Desired(
        prefixes.tag,
        (
            *_tags(name, prefixes.tag, prefixes.labels),
            *_roles(prefixes.kinds),
            *_groups(name, prefixes.tag, vlans),
            *vlans,
            *prefixes.wanted,
        ),
        tuple(prefixes.waiting),
        tuple(prefixes.shared),
    )


class _Prefixes:
    """The prefixes of a plan as they are added, and what they refer to: kinds, labels and VLANs."""

    def __init__(self, plan: Plan, tag: str) -> None:
        self.tag = tag
        self.wanted: list[Wanted] = []
        self.waiting: list[str] = []
        self.shared: list[Shared] = []
        self.kinds: dict[str, str] = {}
        self.labels: dict[str, tuple[str, str]] = {}
        self._plan = plan
        self._homes = Homes(plan)
        self._labels = labels_of(plan)
        self._holders: dict[str, str] = {}
        self._vlans: dict[VlanName, list[Network]] = {}

    def add_network(self, network: Network) -> None:
        """Add a network with a range; record one without a range as waiting, unless it is retired."""
        status = self._status(network)
        if network.prefix is None:
            if status != "deprecated":
                self.waiting.append(network.name)
            return
        vlan = None
        if network.vlan is not None:
            vlan = VlanName(self._group(network), network.vlan)
            self._vlans.setdefault(vlan, []).append(network)
        labels = {_slug_of_label(*pair): pair for pair in self._labels.get(network.name, {}).items()}
        added = self.add(
            str(network.prefix),
            network.name,
            status=status,
            description=describe_network(network),
            role=network.kind.name,
            vlan=vlan,
            comments=format_about(network.labels, network.vlan),
            labels=labels,
        )
        if added:
            self.kinds[network.kind.name] = network.kind.title
            self.labels |= labels

    def add(
        self,
        prefix: str,
        holder: str,
        *,
        status: str,
        description: str,
        role: str | None = None,
        vlan: VlanName | None = None,
        comments: str = "",
        labels: Iterable[str] = (),
    ) -> bool:
        """Add a prefix and return True; where another part of the plan has it, record a network as shared, return False."""
        if prefix in self._holders:
            if role is not None:
                self.shared.append(Shared(holder, prefix, self._holders[prefix]))
            return False
        self._holders[prefix] = holder
        fields: dict[str, Value] = {
            "status": status,
            "role": role,
            "vlan": vlan,
            "description": description,
            "comments": comments,
            "tags": tuple(sorted({MARK, self.tag, *labels})),
        }
        self.wanted.append(Wanted("prefix", prefix, fields))
        return True

    def vlans(self) -> list[Wanted]:
        """Return a VLAN for each ID of a group, named after its ID, because networks move between VLANs."""
        return [
            Wanted(
                "VLAN",
                key_of_vlan(vlan),
                {
                    "group": vlan.group,
                    "vid": vlan.vid,
                    "name": f"vlan-{vlan.vid}",
                    "status": min(map(self._status, networks), key=_MOST_USED.index),
                    "description": describe(", ".join(n.name for n in networks)),
                    "tags": tuple(sorted((MARK, self.tag))),
                },
            )
            for vlan, networks in sorted(self._vlans.items(), key=lambda item: (item[0].group or "", item[0].vid))
        ]

    def _status(self, network: Network) -> str:
        if network.name in self._plan.retired.networks:
            return "deprecated"
        return STATUSES.get(network.status or "", "active")

    def _group(self, network: Network) -> str:
        """Return the group of a network's VLAN: one for each data center, because each has its own VLAN IDs."""
        cluster = self._plan.clusters.get(network.cluster or "")
        edge = self._plan.edges.get(self._homes.edge_of(network) or "")
        stated = (network.data_center, cluster and cluster.data_center, edge and edge.data_center)
        place = next((name for name in stated if name), None)
        return self.tag if place is None or (place,) == self._plan.data_centers else f"{self.tag}--{place}"


def key_of_vlan(vlan: VlanName) -> str:
    """Return the key of a VLAN: its group and its ID."""
    return f"{vlan.group}/{vlan.vid}"


def _tags(name: str, tag: str, labels: Mapping[str, tuple[str, str]]) -> list[Wanted]:
    rows = [
        (MARK, MARK, "made by ipplan"),
        (tag, _fit(f"ipplan plan {name}", _MOST_NAME), f"made by ipplan from plan {name}"),
        *(
            (slug, _name_of_label(slug, label, value), f"label {label}={value}")
            for slug, (label, value) in sorted(labels.items())
        ),
    ]
    return [
        Wanted("tag", slug, {"name": words, "slug": slug, "description": describe(about)})
        for slug, words, about in rows
    ]


def _name_of_label(slug: str, label: str, value: str) -> str:
    """Return the name of a label's tag, different from those of other labels and of the tags that mark objects."""
    return _fit(f"{label}:{value}", _MOST_NAME, key=slug, marked=label.startswith(MARK) or ":" in label)


def _roles(kinds: Mapping[str, str]) -> list[Wanted]:
    return [
        Wanted("role", kind, {"name": kind, "slug": kind, "description": describe(title), "tags": (MARK,)})
        for kind, title in sorted(kinds.items())
    ]


def _groups(name: str, tag: str, vlans: Iterable[Wanted]) -> list[Wanted]:
    found = []
    for slug in dict.fromkeys(str(vlan.fields["group"]) for vlan in vlans):
        place = slug.removeprefix(tag).lstrip("-")
        words = f"ipplan plan {name}, {place}" if place else f"ipplan plan {name}"
        fields: dict[str, Value] = {
            "name": _fit(words, _MOST_NAME),
            "slug": slug,
            "description": describe(f"VLANs of {words}"),
            "tags": tuple(sorted((MARK, tag))),
        }
        found.append(Wanted("VLAN group", slug, fields))
    return found


def _slug_of_label(name: str, value: str) -> str:
    if _PLAIN.fullmatch(name) and _PLAIN.fullmatch(value) and len(name) + len(value) < 60:
        return f"{MARK}-label-{name}--{value}"
    return f"{MARK}-label-{_readable(f'{name}-{value}')}--{_digest(f'{len(name)} {name}={value}')}"


def _slug(text: str) -> str:
    if _PLAIN.fullmatch(text) and len(text) < 60:
        return text
    return f"{_readable(text)}--{_digest(text)}"


def _readable(text: str) -> str:
    """Return the readable part of a slug; different texts may have the same one."""
    return re.sub("[^a-z0-9]+", "-", text.lower()).strip("-")[:40].strip("-") or "x"


def _digest(text: str) -> str:
    return sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:8]


def _fit(text: str, most: int, *, key: str | None = None, marked: bool = False) -> str:
    """Return a name that fits and can be shown; one that had to be changed, or is `marked`, ends in a digest.

    The digest is that of `key`, which makes equal texts different, or of the whole text.
    """
    shown = describe(text)
    if shown == text and len(text) <= most and not marked:
        return text
    return f"{shown[: most - 10].rstrip()} #{_digest(key or text)}"
