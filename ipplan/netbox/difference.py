"""What a plan wants in a NetBox against what is there: the changes, each a value, in the order in which they can be made.

An object is the plan's if it has two tags: `MARK` and the plan's own. Nothing else is changed or deleted, unless it is
adopted. Tags, roles and VLAN groups are only created: somebody may rename or recolour them, and plans share them. Fields
that a plan does not state stay as they are, except a role or VLAN that ipplan gave.
"""

from __future__ import annotations

from ipaddress import ip_network
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from ipplan.netbox.wanted import KINDS_OF_OBJECTS, MARK, VlanName, key_of_vlan
from ipplan.plan.kinds import KINDS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from ipplan.netbox.wanted import Desired, Value, Wanted, What

Action = Literal["create", "update", "adopt", "delete", "unplanned", "conflict"]
ACTIONS: tuple[Action, ...] = ("create", "update", "adopt", "delete", "unplanned", "conflict")
"""What becomes of an object. The last two change nothing: unplanned is the plan's and no longer in it, and conflict is
somebody else's in the place of what the plan wants."""
WRITING: frozenset[Action] = frozenset({"create", "update", "adopt", "delete"})
"""Actions that change a NetBox."""

Raw = dict[str, Any]
"""An object as the REST API returns it."""


class Found(NamedTuple):
    """An object of a NetBox: its number, and the fields that a plan has a say in, in the form of `Wanted.fields`."""

    what: What
    key: str
    number: int
    fields: Mapping[str, Value]

    @property
    def tags(self) -> frozenset[str]:
        """The slugs of its tags."""
        tags = self.fields.get("tags")
        return frozenset(tags) if isinstance(tags, tuple) and not isinstance(tags, VlanName) else frozenset()


class Field(NamedTuple):
    """A field that changes: its name, its value before, None where there was none, and after."""

    name: str
    old: Value
    new: Value


class Change(NamedTuple):
    """What becomes of one object; `number` is that of NetBox, None for one that is created. `reason` is for conflicts."""

    action: Action
    what: What
    key: str
    number: int | None = None
    fields: tuple[Field, ...] = ()
    reason: str | None = None


def read_found(raw: Mapping[What, Iterable[Raw]]) -> tuple[Found, ...]:
    """Return objects as the REST API of NetBox writes them, as values.

    A VLAN of a prefix is written without its group there, so it is looked up among the VLANs that are given.
    """
    groups = {int(row["id"]): str(row["slug"]) for row in raw.get("VLAN group", ())}
    vlans: dict[int, VlanName] = {}
    found = []
    for what in KINDS_OF_OBJECTS:
        for row in raw.get(what, ()):
            fields: dict[str, Value] = {"tags": tuple(sorted(tag["slug"] for tag in row.get("tags") or ()))}
            if what in ("tag", "role", "VLAN group"):
                key = str(row["slug"])
                fields |= {"name": row["name"], "slug": key}
            elif what == "VLAN":
                vlan = VlanName(groups.get((row["group"] or {"id": 0})["id"]), row["vid"])
                vlans[row["id"]] = vlan
                key = key_of_vlan(vlan)
                fields |= {
                    "group": vlan.group,
                    "vid": vlan.vid,
                    "name": row["name"],
                    "status": row["status"]["value"],
                    "description": row["description"],
                }
            else:
                key = same_prefix(row["prefix"])
                held = row["vlan"]
                fields |= {
                    "status": row["status"]["value"],
                    "role": (row["role"] or {}).get("slug"),
                    "vlan": None if held is None else vlans.get(held["id"], VlanName(None, held["vid"])),
                    "description": row["description"],
                    "comments": row["comments"],
                }
            found.append(Found(what, key, row["id"], fields))
    return tuple(found)


def same_prefix(text: str) -> str:
    """Return a prefix in one form, because programs write some IPv6 addresses in different ones."""
    return str(ip_network(text))


def difference(
    desired: Desired, found: Sequence[Found], *, prune: bool = False, adopt: bool = False
) -> tuple[Change, ...]:
    """Return the changes from what is found to what is desired; linear in both, and nothing for what is as it should be.

    What has to be there first comes first, and what is deleted comes last, in the opposite order. With `prune` what is the
    plan's and not desired is deleted, with `adopt` what is somebody else's in its place becomes the plan's.
    """
    return tuple(_Comparison(desired, found, prune=prune, adopt=adopt).changes())


class _Comparison:
    def __init__(self, desired: Desired, found: Sequence[Found], *, prune: bool, adopt: bool) -> None:
        self._desired, self._prune, self._adopt = desired, prune, adopt
        self._found: dict[tuple[What, str], list[Found]] = {}
        for one in found:
            self._found.setdefault((one.what, one.key), []).append(one)
        self._names: dict[What, dict[str, str]] = {"tag": {}, "role": {}}
        for one in found:
            if one.what in self._names:
                self._names[one.what][str(one.fields["name"])] = one.key

    def changes(self) -> Iterator[Change]:
        for wanted in self._desired.objects:
            if wanted.what in ("tag", "role", "VLAN group"):
                yield from self._shared(wanted)
            else:
                yield from self._own(wanted)
        yield from self._rest()

    def _shared(self, wanted: Wanted) -> Iterator[Change]:
        """Create what is missing of what is never changed."""
        if (wanted.what, wanted.key) in self._found:
            return
        fields = dict(wanted.fields)
        name = str(fields["name"])
        if name in self._names.get(wanted.what, {}):
            if wanted.what == "role":
                return  # one of this name serves, whatever its slug
            fields["name"] = f"{name[:90]} (ipplan)"
        yield _create(wanted._replace(fields=fields))

    def _own(self, wanted: Wanted) -> Iterator[Change]:
        key = same_prefix(wanted.key) if wanted.what == "prefix" else wanted.key
        there = self._found.get((wanted.what, key), [])
        mine = [one for one in there if self._is_mine(one)]
        if not there:
            yield _create(wanted._replace(fields=self._resolved(wanted)))
            return
        for one in (mine or there)[:1]:
            fields = self._changed(one, self._resolved(wanted))
            if mine or self._adopt:
                if fields:
                    yield Change("update" if mine else "adopt", one.what, wanted.key, one.number, fields)
                continue
            yield Change("conflict", one.what, wanted.key, one.number, fields, _owner(one))

    def _rest(self) -> Iterator[Change]:
        """Yield what is the plan's and not desired."""
        wanted = {(w.what, same_prefix(w.key) if w.what == "prefix" else w.key) for w in self._desired.objects}
        for what in reversed(KINDS_OF_OBJECTS):
            for (kind, key), there in self._found.items():
                if kind != what or (kind, key) in wanted or what in ("tag", "role"):
                    continue
                for one in there:
                    if self._is_mine(one):
                        yield Change("delete" if self._prune else "unplanned", what, key, one.number)

    def _is_mine(self, one: Found) -> bool:
        return one.tags >= {MARK, self._desired.tag}

    def _resolved(self, wanted: Wanted) -> Mapping[str, Value]:
        """Return the fields with the slug of the role that is there under the name of the wanted one."""
        role = wanted.fields.get("role")
        if not isinstance(role, str) or ("role", role) in self._found:
            return wanted.fields
        return {**wanted.fields, "role": self._names["role"].get(role, role)}

    def _changed(self, one: Found, wanted: Mapping[str, Value]) -> tuple[Field, ...]:
        fields = []
        for name, new in wanted.items():
            old = one.fields[name]
            if name == "tags":
                new = _merged(one.tags, wanted["tags"])
            if old != new and not _stays(name, old, new):
                fields.append(Field(name, old, new))
        return tuple(fields)


def _create(wanted: Wanted) -> Change:
    fields = (Field(name, None, value) for name, value in wanted.fields.items() if value not in (None, "", ()))
    return Change("create", wanted.what, wanted.key, None, tuple(fields))


def _merged(there: Iterable[str], wanted: Value) -> tuple[str, ...]:
    """Return the wanted tags, and those that are there and not ipplan's."""
    assert isinstance(wanted, tuple)
    others = (slug for slug in there if slug != MARK and not slug.startswith(f"{MARK}-"))
    return tuple(sorted({*map(str, wanted), *others}))


def _stays(name: str, old: Value, new: Value) -> bool:
    """Tell whether a field that differs is left as it is.

    A role or VLAN that ipplan did not give stays where the plan has none, and so does a VLAN of another group that has
    the ID of the plan's.
    """
    if name == "role":
        return new is None and old not in KINDS
    if name == "vlan" and isinstance(old, VlanName):
        return old.group is None and (new is None or (isinstance(new, VlanName) and new.vid == old.vid))
    return False


def _owner(one: Found) -> str:
    plans = sorted(slug for slug in one.tags if slug.startswith(f"{MARK}-plan-"))
    if MARK in one.tags and plans:
        return f"ipplan made it from another plan (tag {', '.join(plans)})"
    return "somebody else made it"


def payload(change: Change, vrf: int | None) -> Raw:
    """Return what the REST API takes to make a change: all fields of what is created, those that change of what is there.

    Other objects are named by their slugs, so that they can be created in the same run.
    """
    body: Raw = {field.name: _sent(field.name, field.new) for field in change.fields}
    if change.number is not None:
        body["id"] = change.number
    elif change.what == "prefix":
        body |= {"prefix": change.key, "vrf": vrf}
    return body


def _sent(name: str, value: Value) -> Any:
    if isinstance(value, VlanName):
        return {"vid": value.vid, "group": {"slug": value.group}}
    if isinstance(value, tuple):
        return [{"slug": slug} for slug in value]
    return {"slug": value} if name in ("role", "group") and value is not None else value
