"""The changes that bring a NetBox to what a plan wants, applied to a small model with the rules of NetBox, for random plans.

tests/judges has the same against NetBox itself.
"""

from __future__ import annotations

import copy
import re
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ipplan.addresses import parse_prefix
from ipplan.netbox.difference import WRITING, ObjectChange, difference, payload, read_found
from ipplan.netbox.wanted import Desired, slug_of_plan, want
from ipplan.plan.kinds import KINDS
from ipplan.plan.labels import parse_about
from ipplan.plan.model import Avoid, Edge, Network, Plan, Pool

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ipplan.netbox.wanted import What

PREFIXES = ["10.0.0.0/24", "10.0.1.0/24", "10.0.0.0/16", "fd00::/64", "::102:300/120", "172.24.0.0/14"]
KIND_NAMES = ["vcs-vm", "vcs-management", "enterprise"]
LENGTHS = {
    "tag": {"name": 100, "slug": 100},
    "role": {"name": 100, "slug": 100},
    "VLAN group": {"name": 100, "slug": 100},
    "VLAN": {"name": 64},
    "prefix": {},
}
UNIQUE = {"tag": ["name", "slug"], "role": ["name", "slug"], "VLAN group": ["slug"]}


class World:
    """Objects as the REST API of NetBox returns them, and the rules by which NetBox refuses a change."""

    def __init__(self) -> None:
        self.objects: dict[What, dict[int, dict[str, Any]]] = {
            "tag": {},
            "role": {},
            "VLAN group": {},
            "VLAN": {},
            "prefix": {},
        }
        self.last = 0

    def found(self) -> tuple[Any, ...]:
        return read_found({what: copy.deepcopy(list(rows.values())) for what, rows in self.objects.items()})

    def make(self, changes: Iterable[ObjectChange]) -> None:
        for change in changes:
            if change.action in WRITING:
                self._make(change)

    def _make(self, change: ObjectChange) -> None:
        rows = self.objects[change.what]
        if change.action == "delete":
            assert change.number is not None
            used = [p for p in self.objects["prefix"].values() if (p["vlan"] or {}).get("id") == change.number]
            assert change.what != "VLAN" or not used, "a VLAN that is used stays"
            assert change.what != "VLAN group" or not self._in_group(change.number), "and so does its group"
            del rows[change.number]
            return
        body = payload(change, None)
        number = body.pop("id", None)
        if number is None:
            assert change.action == "create"
            self.add(change.what, **{key: self._resolved(key, value) for key, value in body.items()})
        else:
            rows[number].update({key: self._resolved(key, value) for key, value in body.items()})
            self._check(change.what, rows[number])

    def _in_group(self, number: int) -> list[dict[str, Any]]:
        return [vlan for vlan in self.objects["VLAN"].values() if (vlan["group"] or {}).get("id") == number]

    def _resolved(self, key: str, value: Any) -> Any:
        """Return the answer of the API to a request; fail where the request names an object that does not exist."""
        if key == "tags":
            return [self._by("tag", slug=tag["slug"]) for tag in value]
        if key == "status":
            return {"value": value}
        if key in ("role", "group") and value is not None:
            return self._by("role" if key == "role" else "VLAN group", **value)
        if key == "vlan" and value is not None:
            group = self._by("VLAN group", **value["group"])
            return next(v for v in self._in_group(group["id"]) if v["vid"] == value["vid"])
        return value

    def _by(self, what: What, **fields: Any) -> dict[str, Any]:
        (row,) = [r for r in self.objects[what].values() if all(r[k] == v for k, v in fields.items())]
        return row

    def add(self, what: What, **fields: Any) -> dict[str, Any]:
        self.last += 1
        empty: dict[str, Any] = {"tags": [], "description": ""}
        if what == "prefix":
            empty |= {"status": {"value": "active"}, "role": None, "vlan": None, "comments": ""}
        elif what == "VLAN":
            empty |= {"status": {"value": "active"}, "group": None}
        row = {**empty, **fields, "id": self.last}
        self._check(what, row)
        self.objects[what][self.last] = row
        return row

    def _check(self, what: What, row: dict[str, Any]) -> None:
        assert len(row["description"]) <= 200
        for text in (row["description"], row.get("name", ""), row.get("comments", "")):
            assert text == text.strip(), "NetBox strips it, and it would differ for ever"
        assert all(len(row[key]) <= most and row[key] for key, most in LENGTHS[what].items())
        assert what == "prefix" or row["name"].isprintable()
        if "slug" in row:
            assert re.fullmatch("[-a-zA-Z0-9_]+", row["slug"])
        others = [other for other in self.objects[what].values() if other["id"] != row["id"]]
        for field in UNIQUE.get(what, []):
            assert row[field] not in [other[field] for other in others], (what, field)
        if what == "VLAN" and row["group"]:
            same = [o for o in others if o["group"] and o["group"]["id"] == row["group"]["id"]]
            assert row["vid"] not in [o["vid"] for o in same]
            assert row["name"] not in [o["name"] for o in same]
        if what == "prefix":
            assert row["prefix"] not in [other["prefix"] for other in others]


texts = st.text(max_size=12) | st.sampled_from(
    ["a", "A", "a b", "a\tb", "=x", "b:c", "c", "x" * 300, "ipplan", "é", "<b>\n"]
)
names = texts.filter(bool)
labels = st.dictionaries(
    st.sampled_from(["team", "ipplan plan a", "Team", "a", "a:b", "a\tb"]) | names, texts, max_size=2
)


@st.composite
def plans(draw: st.DrawFn) -> Plan:
    """Return a random plan of a few networks, pools and avoided ranges, some with the same prefix."""
    networks = tuple(
        Network(
            name,
            KINDS[draw(st.sampled_from(KIND_NAMES))],
            draw(st.none() | st.sampled_from(PREFIXES).map(parse_prefix)),
            description=draw(st.none() | texts),
            labels=tuple(draw(labels).items()),
            vlan=draw(st.none() | st.integers(1, 3)),
            edge=draw(st.sampled_from(["e", "f"])),
            status=draw(st.sampled_from([None, "planned", "live", "retired"])),
        )
        for name in draw(st.lists(names, unique=True, max_size=4))
    )
    return Plan(
        "plan.toml",
        networks=networks,
        edges={"e": Edge("e", data_center="dal10"), "f": Edge("f", labels=tuple(draw(labels).items()))},
        pools=tuple(Pool(parse_prefix(p)) for p in draw(st.sets(st.sampled_from(PREFIXES), max_size=1))),
        avoids=tuple(
            Avoid(parse_prefix(p), draw(st.none() | texts))
            for p in draw(st.sets(st.sampled_from(PREFIXES), max_size=1))
        ),
    )


@st.composite
def worlds(draw: st.DrawFn) -> World:
    """Return a NetBox that others use too, with tags and roles named like those of ipplan or of another plan."""
    world = World()
    for name in draw(st.sets(st.sampled_from(["ipplan", "ipplan plan a", "team:", "a:a", "mine"]))):
        world.add("tag", name=name, slug=f"their-{len(world.objects['tag'])}")
    if draw(st.booleans()):
        world.add("role", name="vcs-vm", slug="virtual-machines")
    if draw(st.booleans()):
        world.make(difference(want(draw(plans()), "other"), world.found()))
    foreign = world.add("VLAN", vid=1, name="theirs")
    held = {row["prefix"] for row in world.objects["prefix"].values()}
    for prefix in draw(st.sets(st.sampled_from(PREFIXES))) - held:
        tags = (
            draw(st.lists(st.sampled_from(list(world.objects["tag"].values())), max_size=2))
            if world.objects["tag"]
            else []
        )
        vlan = draw(st.sampled_from([None, foreign]))
        world.add(
            "prefix",
            prefix=prefix,
            vlan=vlan,
            description="theirs",
            tags=list({t["id"]: t for t in tags}.values()),
        )
    return world


def of_others(world: World, tag: str) -> dict[str, Any]:
    """Return a copy of every object that does not belong to the plan."""
    return copy.deepcopy(
        {
            what: {number: row for number, row in rows.items() if tag not in {t["slug"] for t in row["tags"]}}
            for what, rows in world.objects.items()
        }
    )


TAG = slug_of_plan("a")


@settings(max_examples=80, deadline=None)
@given(plan=plans(), later=plans(), world=worlds(), prune=st.booleans(), adopt=st.booleans())
def test_after_a_push_nothing_differs_but_what_was_to_be_left(
    plan: Plan, later: Plan, world: World, prune: bool, adopt: bool
) -> None:
    for desired in (want(plan, "a"), want(later, "a")):
        world.make(difference(desired, world.found(), prune=prune, adopt=adopt))
        left = difference(desired, world.found(), prune=prune, adopt=adopt)
        allowed = ({"unplanned"} if not prune else set()) | ({"conflict"} if not adopt else set())
        assert {change.action for change in left} <= allowed
        assert held(world) >= wanted_prefixes(desired)
        if prune:
            assert held(world, TAG) <= wanted_prefixes(desired)


def held(world: World, tag: str | None = None) -> set[str]:
    """Return the prefixes of a world, all or only those of the plan."""
    rows = [row for row in world.objects["prefix"].values() if tag in (None, *(t["slug"] for t in row["tags"]))]
    return {str(parse_prefix(row["prefix"])) for row in rows}


def wanted_prefixes(desired: Desired) -> set[str]:
    return {wanted.key for wanted in desired.of("prefix")}


@settings(max_examples=80, deadline=None)
@given(plan=plans(), later=plans(), world=worlds(), prune=st.booleans())
def test_what_others_made_stays_as_it_is(plan: Plan, later: Plan, world: World, prune: bool) -> None:
    before = of_others(world, TAG)
    for desired in (want(plan, "a"), want(later, "a")):
        world.make(difference(desired, world.found(), prune=prune))
    after = of_others(world, TAG)
    for what, rows in before.items():
        assert {number: after[what].get(number) for number in rows} == rows


@settings(max_examples=40, deadline=None)
@given(plan=plans(), world=worlds())
def test_a_plan_that_goes_takes_all_of_it_along(plan: Plan, world: World) -> None:
    before = of_others(world, TAG)
    world.make(difference(want(plan, "a"), world.found()))
    world.make(difference(want(Plan("plan.toml"), "a"), world.found(), prune=True))
    for what in ("prefix", "VLAN", "VLAN group"):
        assert world.objects[what] == before[what]


@given(one=texts, other=texts)
def test_two_plans_never_have_the_same_tag(one: str, other: str) -> None:
    assert (slug_of_plan(one) == slug_of_plan(other)) == (one == other)
    assert re.fullmatch("ipplan-plan-[-a-z0-9]{1,80}", slug_of_plan(one))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (("a", "b:c"), ("a:b", "c")),
        (("a", "b=c"), ("a=b", "c")),
        (("a-b", "c"), ("a", "b-c")),
        (("a", "-b"), ("a-", "b")),
        (("team", "A"), ("team", "a")),
        (("a\t", "b"), ("a", "b")),
        (("x" * 99, "1"), ("x" * 99, "2")),
        (("ipplan", "b"), ("a", "b")),
        (("ipplan plan a", ""), ("ipplan plan a:", "")),
    ],
)
def test_two_labels_never_have_the_same_tag(one: tuple[str, str], other: tuple[str, str]) -> None:
    tags = [tag for label in (one, other) for tag in small(labels=(label,)).of("tag")]
    for field in ("name", "slug"):
        assert len({tag.fields[field] for tag in tags}) == 4, field


@settings(max_examples=40, deadline=None)
@given(plan=plans())
def test_labels_and_vlans_read_back_from_comments(plan: Plan) -> None:
    own = {str(n.prefix): n for n in reversed(plan.networks) if n.prefix is not None}
    for wanted in want(plan, "a").of("prefix"):
        if (network := own.get(wanted.key)) is not None:
            assert parse_about(str(wanted.fields["comments"])) == (network.labels, network.vlan)


def small(**fields: Any) -> Desired:
    network = Network("web", KINDS["vcs-vm"], parse_prefix("10.0.0.0/24"), **fields)
    return want(Plan("plan.toml", networks=(network,)), "a")


@pytest.mark.parametrize(
    ("status", "expected"),
    [(None, "active"), ("live", "active"), ("planned", "reserved"), ("ordered", "reserved"), ("retired", "deprecated")],
)
def test_the_status_of_a_network(status: str | None, expected: str) -> None:
    (prefix,) = small(status=status).of("prefix")
    assert prefix.fields["status"] == expected


def test_what_nobody_states_in_the_plan_stays() -> None:
    world = World()
    world.make(difference(small(), world.found()))
    (prefix,) = world.objects["prefix"].values()
    prefix["vlan"] = world.add("VLAN", vid=7, name="theirs")
    prefix["tags"] = [*prefix["tags"], world.add("tag", name="critical", slug="critical")]
    assert difference(small(), world.found()) == ()
    # A VLAN of another group stays as long as its ID is the one of the plan.
    world.make(difference(small(vlan=7), world.found()))
    assert prefix["vlan"]["name"] == "theirs"
    world.make(difference(small(vlan=8), world.found()))
    assert prefix["vlan"]["name"] == "vlan-8"
    world.make(difference(small(), world.found()))
    assert prefix["vlan"] is None
    assert {tag["slug"] for tag in prefix["tags"]} == {"ipplan", TAG, "critical"}


def test_a_network_without_a_range_waits_and_one_range_is_there_once() -> None:
    plan = Plan(
        "plan.toml",
        pools=(Pool(parse_prefix("10.0.0.0/24")),),
        networks=(
            Network("web", KINDS["vcs-vm"], parse_prefix("10.0.0.0/24")),
            Network("same", KINDS["vcs-vm"], parse_prefix("10.0.0.0/24")),
            Network("later", KINDS["vcs-vm"], length=24),
            Network("never", KINDS["vcs-vm"], length=24, status="retired"),
        ),
    )
    desired = want(plan, "a")
    assert desired.waiting == ("later",)
    assert [tuple(shared) for shared in desired.shared] == [("same", "10.0.0.0/24", "web")]
    assert [wanted.fields["status"] for wanted in desired.of("prefix")] == ["active"]


def test_the_owner_of_a_conflict_is_named() -> None:
    world = World()
    world.make(difference(want(Plan("p", pools=(Pool(parse_prefix("10.0.0.0/24")),)), "b"), world.found()))
    (conflict,) = [c for c in difference(small(), world.found()) if c.action == "conflict"]
    assert conflict.reason == "belongs to another plan (tag ipplan-plan-b)"
    assert ("status", "container", "active") in {tuple(field) for field in conflict.fields}
