"""Compare the objects that a plan wants with those in a NetBox: the changes, in an order in which they can be made.

An object belongs to the plan if it has two tags: `MARK` and the plan's own tag. Other objects are not changed or
deleted, unless --adopt takes them over. Tags, roles and VLAN groups are only created: plans share them, and people may
rename or recolour them. Fields that the plan does not state stay as they are, except a role or VLAN that ipplan set.
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
"""What happens to an object. The last two change nothing. Unplanned: the object belongs to the plan, which no longer
has it. Conflict: the plan wants an object where one exists that does not belong to it."""
WRITING: frozenset[Action] = frozenset({"create", "update", "adopt", "delete"})
"""Actions that change a NetBox."""

Raw = dict[str, Any]
"""An object as the REST API returns it."""


class Found(NamedTuple):
    """An object in a NetBox: its ID there, and the fields that a plan sets, in the form of `Wanted.fields`."""

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
    """A field that changes: its name, its old value (None where there was none), and its new value."""

    name: str
    old: Value
    new: Value


class ObjectChange(NamedTuple):
    """The change of one object. `number` is its ID in NetBox, None for a new object; only conflicts have a `reason`."""

    action: Action
    what: What
    key: str
    number: int | None = None
    fields: tuple[Field, ...] = ()
    reason: str | None = None


def read_found(raw: Mapping[What, Iterable[Raw]]) -> tuple[Found, ...]:
    """Return objects of the REST API of NetBox as values.

    The API gives the VLAN of a prefix without its group, so the group comes from the VLANs in `raw`.
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
    """Return a prefix in one form: programs write some IPv6 addresses in different ways."""
    return str(ip_network(text))


def difference(
    desired: Desired, found: Sequence[Found], *, prune: bool = False, adopt: bool = False
) -> tuple[ObjectChange, ...]:
    """Return the changes that turn what is found into what is desired; linear in both.

    An object comes before those that name it. Deletions come last, in the opposite order. With `prune`, objects of the
    plan that are no longer desired are deleted. With `adopt`, foreign objects in the place of desired ones become the
    plan's.
    """
    return tuple(_Comparison(desired, found, prune=prune, adopt=adopt).changes())


class _Comparison:
    """The comparison of wanted and found objects, by kind and key."""

    def __init__(self, desired: Desired, found: Sequence[Found], *, prune: bool, adopt: bool) -> None:
        self._desired, self._prune, self._adopt = desired, prune, adopt
        self._found: dict[tuple[What, str], list[Found]] = {}
        for one in found:
            self._found.setdefault((one.what, one.key), []).append(one)
        self._names: dict[What, dict[str, str]] = {"tag": {}, "role": {}}
        for one in found:
            if one.what in self._names:
                self._names[one.what][str(one.fields["name"])] = one.key

    def changes(self) -> Iterator[ObjectChange]:
        for wanted in self._desired.objects:
            if wanted.what in ("tag", "role", "VLAN group"):
                yield from self._shared(wanted)
            else:
                yield from self._own(wanted)
        yield from self._rest()

    def _shared(self, wanted: Wanted) -> Iterator[ObjectChange]:
        """Create a missing tag, role or VLAN group; an existing one is never changed."""
        if (wanted.what, wanted.key) in self._found:
            return
        fields = dict(wanted.fields)
        name = str(fields["name"])
        if name in self._names.get(wanted.what, {}):
            if wanted.what == "role":
                return  # a role of this name is good enough, whatever its slug
            fields["name"] = f"{name[:90]} (ipplan)"
        yield _create(wanted._replace(fields=fields))

    def _own(self, wanted: Wanted) -> Iterator[ObjectChange]:
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
                    yield ObjectChange("update" if mine else "adopt", one.what, wanted.key, one.number, fields)
                continue
            yield ObjectChange("conflict", one.what, wanted.key, one.number, fields, _owner(one))

    def _rest(self) -> Iterator[ObjectChange]:
        """Yield the objects that belong to the plan and are no longer desired."""
        wanted = {(w.what, same_prefix(w.key) if w.what == "prefix" else w.key) for w in self._desired.objects}
        for what in reversed(KINDS_OF_OBJECTS):
            for (kind, key), there in self._found.items():
                if kind != what or (kind, key) in wanted or what in ("tag", "role"):
                    continue
                for one in there:
                    if self._is_mine(one):
                        yield ObjectChange("delete" if self._prune else "unplanned", what, key, one.number)

    def _is_mine(self, one: Found) -> bool:
        return one.tags >= {MARK, self._desired.tag}

    def _resolved(self, wanted: Wanted) -> Mapping[str, Value]:
        """Return the fields; where a role of the wanted name exists in NetBox, they have its slug."""
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


def _create(wanted: Wanted) -> ObjectChange:
    fields = (Field(name, None, value) for name, value in wanted.fields.items() if value not in (None, "", ()))
    return ObjectChange("create", wanted.what, wanted.key, None, tuple(fields))


def _merged(there: Iterable[str], wanted: Value) -> tuple[str, ...]:
    """Return the wanted tags, and the present tags that are not from ipplan."""
    assert isinstance(wanted, tuple)
    others = (slug for slug in there if slug != MARK and not slug.startswith(f"{MARK}-"))
    return tuple(sorted({*map(str, wanted), *others}))


def _stays(name: str, old: Value, new: Value) -> bool:
    """Return whether a field that differs stays as it is.

    Where the plan has no role or VLAN, one that ipplan did not set stays. A VLAN of another group with the same ID as
    the plan's stays too.
    """
    if name == "role":
        return new is None and old not in KINDS
    if name == "vlan" and isinstance(old, VlanName):
        return old.group is None and (new is None or (isinstance(new, VlanName) and new.vid == old.vid))
    return False


def _owner(one: Found) -> str:
    plans = sorted(slug for slug in one.tags if slug.startswith(f"{MARK}-plan-"))
    if MARK in one.tags and plans:
        return f"belongs to another plan (tag {', '.join(plans)})"
    return "not created by ipplan"


def payload(change: ObjectChange, vrf: int | None) -> Raw:
    """Return the body of the REST request for a change: all fields of a new object, or the changed fields of another.

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
