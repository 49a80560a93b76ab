"""Two editions of the published ranges compared: what is published anew, withdrawn, changed or only of another
size, which addresses that takes or gives back, and what it does to the findings of a plan.

Functions from catalogues and findings to values; nothing here reads a plan, runs a check or prints. Comparing the
other way round gives the mirrored result.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, NamedTuple

from ipplan.addresses import RangeSet

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from ipplan.addresses import Prefix
    from ipplan.catalog import Catalog, Reservation
    from ipplan.findings import Finding
    from ipplan.plan.model import Plan

ChangeKind = Literal["published", "withdrawn", "changed", "grew", "shrank", "split", "joined"]
CHANGES: tuple[ChangeKind, ...] = ("published", "withdrawn", "changed", "grew", "shrank", "split", "joined")
"""What can happen to rows, in the order in which it is counted."""

MIRROR: Mapping[ChangeKind, ChangeKind] = {
    "published": "withdrawn",
    "withdrawn": "published",
    "changed": "changed",
    "grew": "shrank",
    "shrank": "grew",
    "split": "joined",
    "joined": "split",
}
"""What each is when the editions are compared the other way round."""


class Difference(NamedTuple):
    """What a changed row says in another way: the name of the field, and its value in each edition."""

    field: str
    old: str | None
    new: str | None


class Change(NamedTuple):
    """Rows of the old edition, and the rows of the new one that stand in their place.

    kind: "published" has only new rows, one; "withdrawn" only old ones, one; "changed" one of each, of the same
    prefix. In "grew", "shrank", "split" and "joined" rows of one category, data center and pod have other
    prefixes: the new ones hold more addresses, fewer, or the same in smaller or in larger pieces. `taken` are the
    addresses that are taken since, `released` those that no longer are; see `Comparison`.
    """

    kind: ChangeKind
    old: tuple[Reservation, ...]
    new: tuple[Reservation, ...]
    taken: RangeSet
    released: RangeSet

    @property
    def rows(self) -> tuple[Reservation, ...]:
        """All of its rows, the old ones first."""
        return (*self.old, *self.new)

    @property
    def differences(self) -> tuple[Difference, ...]:
        """In what a changed row differs; empty for other changes, whose rows differ in being there."""
        if self.kind != "changed":
            return ()
        (old,), (new,) = self.old, self.new
        before, after = _described(old), _described(new)
        # A title follows from its category, and a city from its data center: neither is told twice.
        implied = {"title": "category", "city": "data_center", "scope": "category"}
        return tuple(
            Difference(name, before[name], after[name])
            for name in before
            if before[name] != after[name] and not (name in implied and before[implied[name]] != after[implied[name]])
        )


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two editions row by row, and address by address.

    Invariant: every compared row of the old edition is in `unchanged` or in one change, and so is every one of the
    new edition. An address is taken where allocation keeps clear of it (`Catalog.avoids`); a row inside a block that
    stays reserved takes none by coming and releases none by going. `old_space` is what is taken by the old edition
    within the compared rows, `new_space` by the new one: without `released` and with `taken` the one is the other.
    """

    old: Catalog
    new: Catalog
    changes: tuple[Change, ...]
    unchanged: tuple[Reservation, ...]
    old_space: RangeSet
    released: RangeSet
    taken: RangeSet
    new_space: RangeSet

    def count(self, kind: ChangeKind) -> int:
        """How many changes are of a kind."""
        return sum(change.kind == kind for change in self.changes)

    def one_sided(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Return the categories of compared rows that the new edition has no row of, then those of the old one.

        Such a table was dropped or begun as a whole: that says more about the page than about the network.
        """
        old, new = ({row.category.name for row in side.reservations} for side in (self.old, self.new))
        compared = {row.category.name for change in self.changes for row in change.rows}
        return tuple(sorted(compared - new)), tuple(sorted(compared - old))


def compare(old: Catalog, new: Catalog, wanted: Callable[[Reservation], bool] | None = None) -> Comparison:
    """Compare two editions; with `wanted`, keep what concerns a wanted row on either side.

    Rows are compared by what they say, not by their source, which differs between editions. Changes stand in address
    order. Costs n log n in the number of rows.
    """
    unchanged, gone, come = _unchanged(old.reservations, new.reservations)
    pairs, gone, come = _changed(gone, come)
    moved, gone, come = _resized(gone, come)
    sides: list[tuple[ChangeKind, tuple[Reservation, ...], tuple[Reservation, ...]]] = [
        *(("changed", (before,), (after,)) for before, after in pairs),
        *((_verdict(before, after), before, after) for before, after in moved),
        *(("withdrawn", (row,), ()) for row in gone),
        *(("published", (), (row,)) for row in come),
    ]
    if wanted is not None:
        sides = [side for side in sides if any(map(wanted, (*side[1], *side[2])))]
        unchanged = [row for row in unchanged if wanted(row)]
    old_taken, new_taken = _taken(old.reservations), _taken(new.reservations)
    changes = [
        Change(kind, before, after, _taken(after) - old_taken, _taken(before) - new_taken)
        for kind, before, after in sides
    ]
    changes.sort(key=lambda change: sorted(map(_identity_key, change.rows)))
    listed_old = _taken([*unchanged, *(row for change in changes for row in change.old)])
    listed_new = _taken([*unchanged, *(row for change in changes for row in change.new)])
    return Comparison(
        old,
        new,
        tuple(changes),
        tuple(unchanged),
        old_space=listed_old | (listed_new & old_taken),
        released=listed_old - new_taken,
        taken=listed_new - old_taken,
        new_space=listed_new | (listed_old & new_taken),
    )


def _taken(rows: Iterable[Reservation]) -> RangeSet:
    from ipplan.catalog import Catalog

    return RangeSet(row.prefix for row in rows if Catalog.avoids(row))


def _described(row: Reservation) -> dict[str, str | None]:
    """Return what a row says about its prefix, by the name of the field."""
    return {
        "category": row.category.name,
        "scope": row.category.scope,
        "title": row.title,
        "data_center": row.data_center,
        "city": row.city,
        "pod": row.pod,
        "platform": row.platform,
        "note": row.note,
    }


def _identity_key(row: Reservation) -> tuple[Prefix, tuple[str, ...]]:
    """Return what makes two rows the same, as a key by which rows are also sorted."""
    # Nothing sorts before the empty text, and no field is empty: None and text stay apart.
    return row.prefix, tuple(value or "" for value in _described(row).values())


Rows = list["Reservation"]


def _unchanged(old: Sequence[Reservation], new: Sequence[Reservation]) -> tuple[Rows, Rows, Rows]:
    """Return the rows that both have (as the new one words them), and what is left of each; equal rows count."""
    in_old, in_new = Counter(map(_identity_key, old)), Counter(map(_identity_key, new))
    both = in_old & in_new
    same, come = _split(new, both)
    _, gone = _split(old, both)
    return same, gone, come


def _split(rows: Sequence[Reservation], counts: Counter[tuple[Prefix, tuple[str, ...]]]) -> tuple[Rows, Rows]:
    """Return as many of the rows as are counted, and the rest."""
    left = Counter(counts)
    counted: Rows = []
    rest: Rows = []
    for row in rows:
        key = _identity_key(row)
        (counted if left[key] > 0 else rest).append(row)
        left[key] -= 1
    return counted, rest


def _changed(gone: Rows, come: Rows) -> tuple[list[tuple[Reservation, Reservation]], Rows, Rows]:
    """Return the pairs of rows of one prefix, and the rows that have no partner.

    Where several rows share a prefix, those that have most in common are paired.
    """
    by_prefix: dict[Prefix, tuple[Rows, Rows]] = {}
    for index, rows in enumerate((gone, come)):
        for row in rows:
            by_prefix.setdefault(row.prefix, ([], []))[index].append(row)
    pairs: list[tuple[Reservation, Reservation]] = []
    left_old: Rows = []
    left_new: Rows = []
    for before, after in by_prefix.values():
        while before and after:
            old, new = min(((a, b) for a in before for b in after), key=_unlikeness)
            before.remove(old)
            after.remove(new)
            pairs.append((old, new))
        left_old += before
        left_new += after
    return pairs, left_old, left_new


def _unlikeness(pair: tuple[Reservation, Reservation]) -> tuple[object, ...]:
    """Return a key by which the most alike of several pairs comes first; it takes both sides alike."""
    a, b = map(_described, pair)
    weights = {"category": 8, "data_center": 4, "pod": 2}
    score = sum(weights.get(name, 1) for name in a if a[name] == b[name])
    return -score, sorted(map(_identity_key, pair))


def _resized(
    gone: Rows, come: Rows
) -> tuple[list[tuple[tuple[Reservation, ...], tuple[Reservation, ...]]], Rows, Rows]:
    """Return the old and new rows that stand in each other's place, and the rows that do so in nobody's.

    These are rows of one category, data center and pod, inside one outermost prefix that is a row of either side.
    """
    groups: dict[tuple[str | None, ...], list[tuple[Prefix, int, Reservation]]] = {}
    for side, rows in enumerate((gone, come)):
        for row in rows:
            group = (row.category.name, row.data_center, row.pod)
            groups.setdefault(group, []).append((row.prefix, side, row))
    moved = []
    left_old: Rows = []
    left_new: Rows = []
    for members in groups.values():
        # In address order the larger prefix stands first, so what follows an outermost one is inside it or past it.
        members.sort(key=lambda member: (member[0], member[1], _identity_key(member[2])))
        for family in _families(members):
            before = tuple(row for _, side, row in family if side == 0)
            after = tuple(row for _, side, row in family if side == 1)
            if before and after:
                moved.append((before, after))
            left_old += () if after else before
            left_new += () if before else after
    return moved, left_old, left_new


def _families(
    members: Sequence[tuple[Prefix, int, Reservation]],
) -> Iterator[list[tuple[Prefix, int, Reservation]]]:
    """Yield each outermost prefix with all that is inside it."""
    family: list[tuple[Prefix, int, Reservation]] = []
    for member in members:
        if family and not family[0][0].covers(member[0]):
            yield family
            family = []
        family.append(member)
    if family:
        yield family


def _verdict(before: Sequence[Reservation], after: Sequence[Reservation]) -> ChangeKind:
    old, new = RangeSet(row.prefix for row in before), RangeSet(row.prefix for row in after)
    if old == new:
        # The outermost prefix is on one side only, so the sizes of the largest differ.
        larger = min(row.prefix.length for row in after) < min(row.prefix.length for row in before)
        return "joined" if larger else "split"
    return "grew" if old.size < new.size else "shrank"


# -- what it does to a plan


class Shared(NamedTuple):
    """A range that a finding is about, beside the network's own.

    row: what the edition of the finding publishes there, None for a range that is nobody's row, such as another
    network's. change: what happened to that row between the editions, None where it is the same in both.
    """

    prefix: Prefix
    row: Reservation | None
    change: ChangeKind | None


class FindingChange(NamedTuple):
    """A finding that only one edition gives, or gives for further ranges, which alone are listed then."""

    finding: Finding
    ranges: tuple[Shared, ...]


class Hit(NamedTuple):
    """A pinned BYOIP network that published ranges overlap, and which ones in each edition."""

    network: str
    kind: str
    prefix: Prefix
    old: tuple[Prefix, ...]
    new: tuple[Prefix, ...]


class PlanComparison(NamedTuple):
    """What the editions do to one plan.

    new: findings of the new edition that the old one does not give; gone: the reverse; stay: how many findings of
    the new edition the old one gives as well, so that all of the new edition are in `new` or counted there. hits:
    every pinned BYOIP network that either edition's ranges overlap, in the order of the plan; pinned: how many of
    such networks the plan has.
    """

    new: tuple[FindingChange, ...]
    gone: tuple[FindingChange, ...]
    stay: int
    hits: tuple[Hit, ...]
    pinned: int

    @property
    def differs(self) -> bool:
        """Whether the editions give different findings."""
        return bool(self.new or self.gone)


def compare_findings(
    comparison: Comparison, plan: Plan, old: Sequence[Finding], new: Sequence[Finding]
) -> PlanComparison:
    """Compare what a check of the plan finds with each edition; `comparison` is that of the whole editions.

    Two findings are the same if rule, severity, place in the plan (its key), networks, ranges and what they share
    are; the words may differ, for they name editions and suggest what is free. A finding that counts many published
    ranges is compared range by range.
    """
    in_old, in_new = Counter(_parts(old)), Counter(_parts(new))
    appeared = _only(new, in_new - in_old, _Rows(comparison.new, comparison, "new"))
    gone = _only(old, in_old - in_new, _Rows(comparison.old, comparison, "old"))
    pinned = [(n, n.prefix) for n in plan.networks if n.kind.provider == "byoip" and n.prefix is not None]
    hit_old, hit_new = _hit(old), _hit(new)
    return PlanComparison(
        appeared,
        gone,
        len(new) - len(appeared),
        tuple(
            Hit(n.name, n.kind.name, prefix, hit_old.get(n.name, ()), hit_new.get(n.name, ()))
            for n, prefix in pinned
            if n.name in hit_old or n.name in hit_new
        ),
        len(pinned),
    )


Part = tuple[object, ...]


def _part(finding: Finding, index: int) -> Part:
    """Return the identity of a finding as far as one of its further ranges goes; what is shared follows from it."""
    further = None if finding.overlap is None else finding.cidrs[index : index + 1]
    return finding.rule, finding.severity, finding.key, finding.networks, finding.cidrs[:1], further


def _indices(finding: Finding) -> range:
    """Return the places of the further ranges by which a finding is compared, of one only if they are mere context.

    Such are the ranges of a finding that shares no addresses, for example the pools that a network is outside of.
    """
    return range(1, 2 if finding.overlap is None else max(len(finding.cidrs), 2))


def _parts(findings: Iterable[Finding]) -> Iterator[Part]:
    return (_part(finding, index) for finding in findings for index in _indices(finding))


def _only(findings: Sequence[Finding], parts: Counter[Part], rows: _Rows) -> tuple[FindingChange, ...]:
    """Return the findings that have any of the parts, with the ranges that those parts are about."""
    left = Counter(parts)
    found = []
    for finding in findings:
        ranges = []
        hit = False
        for index in _indices(finding):
            part = _part(finding, index)
            if left[part] > 0:
                left[part] -= 1
                hit = True
                if finding.overlap is not None:
                    ranges += [rows.shared(finding, prefix) for prefix in finding.cidrs[index : index + 1]]
        if hit:
            found.append(FindingChange(finding, tuple(ranges)))
    return tuple(found)


class _Rows:
    """The rows of one edition by their prefix, and what happened to each."""

    def __init__(self, catalog: Catalog, comparison: Comparison, side: Literal["old", "new"]) -> None:
        self._by_prefix: dict[Prefix, Rows] = {}
        for row in catalog.reservations:
            self._by_prefix.setdefault(row.prefix, []).append(row)
        self._changes = {
            _identity_key(row): change.kind
            for change in comparison.changes
            for row in (change.old if side == "old" else change.new)
        }

    def shared(self, finding: Finding, prefix: Prefix) -> Shared:
        row = next((row for row in self._by_prefix.get(prefix, ()) if _is_about(finding, row)), None)
        return Shared(prefix, row, None if row is None else self._changes.get(_identity_key(row)))


def _is_about(finding: Finding, row: Reservation) -> bool:
    # IBM's rules are named for the scope of their rows; those of others take the source of the row for their own.
    return finding.rule == f"ibm-{row.category.scope}-overlap" or finding.source == row.source


def _hit(findings: Iterable[Finding]) -> dict[str, tuple[Prefix, ...]]:
    """Return the published ranges that each network overlaps, by its name, as the findings tell them."""
    from ipplan.checks import RULES
    from ipplan.checks.published import __name__ as published

    found: dict[str, dict[Prefix, None]] = {}
    for finding in findings:
        rule = RULES.get(finding.rule)
        if rule is not None and rule.check.__module__ == published and finding.overlap is not None:
            found.setdefault(finding.networks[0], {}).update(dict.fromkeys(finding.cidrs[1:]))
    return {name: tuple(prefixes) for name, prefixes in found.items()}
