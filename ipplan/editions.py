"""Compares two editions of the published ranges: which ranges are new, withdrawn, changed or resized, which addresses
that takes or releases, and how it changes the findings of a plan.

Functions from catalogues and findings to values; nothing here reads a plan, runs a check or prints. Comparing the
editions in the other order gives the mirrored result.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, NamedTuple

from ipplan.addresses import RangeSet
from ipplan.catalog import Catalog

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from ipplan.addresses import Prefix
    from ipplan.catalog import Reservation
    from ipplan.findings import Finding
    from ipplan.plan.model import Plan

ChangeKind = Literal["published", "withdrawn", "changed", "grew", "shrank", "split", "joined"]
CHANGES: tuple[ChangeKind, ...] = ("published", "withdrawn", "changed", "grew", "shrank", "split", "joined")
"""The kinds of changes, in the order of the summary."""

MIRROR: Mapping[ChangeKind, ChangeKind] = {
    "published": "withdrawn",
    "withdrawn": "published",
    "changed": "changed",
    "grew": "shrank",
    "shrank": "grew",
    "split": "joined",
    "joined": "split",
}
"""The kind of each change when the editions are compared in the other order."""


class Difference(NamedTuple):
    """A field of a changed row: its name, and its value in each edition."""

    field: str
    old: str | None
    new: str | None


class RangeChange(NamedTuple):
    """Rows of the old edition, and the rows of the new one that replace them.

    kind: "published" has one new row, "withdrawn" one old row, and "changed" one of each, with the same prefix. In
    "grew", "shrank", "split" and "joined" rows of one category, data center and pod have other prefixes: the new ones
    hold more addresses, fewer, or the same in smaller or in larger pieces. `taken` are the addresses that only the new
    edition takes, `released` those that only the old one takes; see `Comparison`.
    """

    kind: ChangeKind
    old: tuple[Reservation, ...]
    new: tuple[Reservation, ...]
    taken: RangeSet
    released: RangeSet

    @property
    def rows(self) -> tuple[Reservation, ...]:
        """All rows of the change, the old ones first."""
        return (*self.old, *self.new)

    @property
    def differences(self) -> tuple[Difference, ...]:
        """The fields in which a changed row differs; empty for other kinds of changes."""
        if self.kind != "changed":
            return ()
        (old,), (new,) = self.old, self.new
        before, after = _described(old), _described(new)
        # A title follows from its category, and a city from its data center, so neither is a difference of its own.
        implied = {"title": "category", "city": "data_center", "scope": "category"}
        return tuple(
            Difference(name, before[name], after[name])
            for name in before
            if before[name] != after[name] and not (name in implied and before[implied[name]] != after[implied[name]])
        )


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two editions row by row, and address by address.

    Invariant: every compared row of each edition is in `unchanged` or in exactly one change. An address is taken if
    allocation avoids it (`Catalog.avoids`); a row inside a block that stays reserved takes and releases none.
    `old_space` is what the old edition takes within the compared rows, `new_space` what the new one takes:
    `new_space` is `old_space` without `released` and with `taken`.
    """

    old: Catalog
    new: Catalog
    changes: tuple[RangeChange, ...]
    unchanged: tuple[Reservation, ...]
    old_space: RangeSet
    released: RangeSet
    taken: RangeSet
    new_space: RangeSet

    def count(self, kind: ChangeKind) -> int:
        """Return how many changes are of a kind."""
        return sum(change.kind == kind for change in self.changes)

    def one_sided(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Return the categories of compared rows that only the old edition has, then those that only the new one has.

        Such a table was added or removed as a whole, which says more about the page than about the network.
        """
        old, new = ({row.category.name for row in side.reservations} for side in (self.old, self.new))
        compared = {row.category.name for change in self.changes for row in change.rows}
        return tuple(sorted(compared - new)), tuple(sorted(compared - old))


def compare(old: Catalog, new: Catalog, wanted: Callable[[Reservation], bool] | None = None) -> Comparison:
    """Compare two editions; with `wanted`, keep the changes with a wanted row on either side.

    Rows are compared by their content, not by their source, which differs between editions. Changes are in address
    order. Costs n log n in the number of rows.
    """
    unchanged, gone, come = _unchanged(old.reservations, new.reservations)
    pairs, gone, come = _changed(gone, come)
    resized, gone, come = _resized(gone, come)
    replaced = [
        *(_Replaced("changed", (before,), (after,)) for before, after in pairs),
        *resized,
        *(_Replaced("withdrawn", (row,), ()) for row in gone),
        *(_Replaced("published", (), (row,)) for row in come),
    ]
    if wanted is not None:
        replaced = [one for one in replaced if any(map(wanted, (*one.old, *one.new)))]
        unchanged = [row for row in unchanged if wanted(row)]
    old_taken, new_taken = _taken(old.reservations), _taken(new.reservations)
    changes = [
        RangeChange(kind, before, after, _taken(after) - old_taken, _taken(before) - new_taken)
        for kind, before, after in replaced
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


class _Replaced(NamedTuple):
    """Rows of the old edition, and the rows of the new one that replace them."""

    kind: ChangeKind
    old: tuple[Reservation, ...]
    new: tuple[Reservation, ...]


def _taken(rows: Iterable[Reservation]) -> RangeSet:
    return RangeSet(row.prefix for row in rows if Catalog.avoids(row))


def _described(row: Reservation) -> dict[str, str | None]:
    """Return what a row says about its prefix, by name of field."""
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
    """Return the identity of a row, which is also its sort key."""
    # No field is the empty text, so it can stand for None.
    return row.prefix, tuple(value or "" for value in _described(row).values())


Rows = list["Reservation"]


def _unchanged(old: Sequence[Reservation], new: Sequence[Reservation]) -> tuple[Rows, Rows, Rows]:
    """Return the rows that both editions have, and the other rows of each; equal rows count separately."""
    in_old, in_new = Counter(map(_identity_key, old)), Counter(map(_identity_key, new))
    both = in_old & in_new
    same, come = _split(new, both)
    _, gone = _split(old, both)
    return same, gone, come


def _split(rows: Sequence[Reservation], counts: Counter[tuple[Prefix, tuple[str, ...]]]) -> tuple[Rows, Rows]:
    """Return as many equal rows as `counts` says, and the rest."""
    left = Counter(counts)
    counted: Rows = []
    rest: Rows = []
    for row in rows:
        key = _identity_key(row)
        (counted if left[key] > 0 else rest).append(row)
        left[key] -= 1
    return counted, rest


def _changed(gone: Rows, come: Rows) -> tuple[list[tuple[Reservation, Reservation]], Rows, Rows]:
    """Return the pairs of rows with one prefix, and the rows without a partner on each side.

    Where several rows share a prefix, the most similar ones are paired.
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
    """Return a sort key that puts the most similar pair first; it does not depend on the order of the editions."""
    a, b = map(_described, pair)
    weights = {"category": 8, "data_center": 4, "pod": 2}
    score = sum(weights.get(name, 1) for name in a if a[name] == b[name])
    return -score, sorted(map(_identity_key, pair))


class _Member(NamedTuple):
    """A row, and the edition that has it: 0 for the old one, 1 for the new one."""

    row: Reservation
    edition: int


def _resized(gone: Rows, come: Rows) -> tuple[list[_Replaced], Rows, Rows]:
    """Return the old and new rows that replace each other with other prefixes, and the other rows of each edition.

    Such rows have one category, data center and pod, and one of them covers all the others.
    """
    groups: dict[tuple[str | None, ...], list[_Member]] = {}
    for edition, rows in enumerate((gone, come)):
        for row in rows:
            group = (row.category.name, row.data_center, row.pod)
            groups.setdefault(group, []).append(_Member(row, edition))
    resized = []
    left_old: Rows = []
    left_new: Rows = []
    for members in groups.values():
        # A larger prefix comes first, so that the rows that follow an outermost one are inside it or after it.
        members.sort(key=lambda member: (member.row.prefix, member.edition, _identity_key(member.row)))
        for family in _families(members):
            before = tuple(member.row for member in family if member.edition == 0)
            after = tuple(member.row for member in family if member.edition == 1)
            if before and after:
                resized.append(_Replaced(_kind_of_resize(before, after), before, after))
            left_old += () if after else before
            left_new += () if before else after
    return resized, left_old, left_new


def _families(members: Sequence[_Member]) -> Iterator[list[_Member]]:
    """Yield each outermost prefix with the rows inside it."""
    family: list[_Member] = []
    for member in members:
        if family and not family[0].row.prefix.covers(member.row.prefix):
            yield family
            family = []
        family.append(member)
    if family:
        yield family


def _kind_of_resize(before: Sequence[Reservation], after: Sequence[Reservation]) -> ChangeKind:
    old, new = RangeSet(row.prefix for row in before), RangeSet(row.prefix for row in after)
    if old == new:
        # Only one edition has the outermost prefix, so the sizes of the largest rows differ.
        larger = min(row.prefix.length for row in after) < min(row.prefix.length for row in before)
        return "joined" if larger else "split"
    return "grew" if old.size < new.size else "shrank"


# -- what changes for a plan


class Shared(NamedTuple):
    """A range of a finding, besides that of the network itself.

    row: the row that the edition of the finding publishes there, None for another range, such as that of a network.
    change: the change of that row between the editions, None where it is the same in both.
    """

    prefix: Prefix
    row: Reservation | None
    change: ChangeKind | None


class FindingChange(NamedTuple):
    """A finding of only one edition; of a finding of both, the ranges that only one has."""

    finding: Finding
    ranges: tuple[Shared, ...]


class Hit(NamedTuple):
    """A pinned BYOIP network that overlaps published ranges, and these ranges in each edition."""

    network: str
    kind: str
    prefix: Prefix
    old: tuple[Prefix, ...]
    new: tuple[Prefix, ...]


class PlanComparison(NamedTuple):
    """How the findings of one plan differ between the editions.

    new: findings of the new edition that the old one does not give; gone: the reverse; stay: the number of findings
    that both give, so that `new` and `stay` together are all findings of the new edition. hits: every pinned BYOIP
    network that overlaps ranges of either edition, in the order of the plan; pinned: the number of such networks.
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
    """Compare the findings of a plan with each edition; `comparison` is that of the whole editions.

    Two findings are the same if their rule, severity, key, networks, ranges and overlap are; messages may differ,
    because they name editions and suggest free space. A finding with many published ranges is compared range by range.
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
    """Return the identity of a finding with one of its ranges; the overlap follows from these."""
    further = None if finding.overlap is None else finding.cidrs[index : index + 1]
    return finding.rule, finding.severity, finding.key, finding.networks, finding.cidrs[:1], further


def _indices(finding: Finding) -> range:
    """Return the places of the ranges by which a finding is compared, besides that of the network.

    The ranges of a finding without an overlap are context, such as the pools that a network is outside of: they count
    as one.
    """
    return range(1, 2 if finding.overlap is None else max(len(finding.cidrs), 2))


def _parts(findings: Iterable[Finding]) -> Iterator[Part]:
    return (_part(finding, index) for finding in findings for index in _indices(finding))


def _only(findings: Sequence[Finding], parts: Counter[Part], rows: _Rows) -> tuple[FindingChange, ...]:
    """Return the findings that have any of the parts, with the ranges of these parts."""
    left = Counter(parts)
    found = []
    for finding in findings:
        ranges = []
        is_hit = False
        for index in _indices(finding):
            part = _part(finding, index)
            if left[part] > 0:
                left[part] -= 1
                is_hit = True
                if finding.overlap is not None:
                    ranges += [rows.shared(finding, prefix) for prefix in finding.cidrs[index : index + 1]]
        if is_hit:
            found.append(FindingChange(finding, tuple(ranges)))
    return tuple(found)


class _Rows:
    """The rows of one edition by their prefix, and the change of each."""

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
    # Rules about IBM's ranges have the scope of the row in their name; other findings have the source of the row.
    return finding.rule == f"ibm-{row.category.scope}-overlap" or finding.source == row.source


def _hit(findings: Iterable[Finding]) -> dict[str, tuple[Prefix, ...]]:
    """Return the published ranges that each network overlaps, by its name, as the findings list them."""
    # Only a comparison with a plan needs the rules.
    from ipplan.checks import RULES
    from ipplan.checks.published import __name__ as published

    found: dict[str, dict[Prefix, None]] = {}
    for finding in findings:
        rule = RULES.get(finding.rule)
        if rule is not None and rule.check.__module__ == published and finding.overlap is not None:
            found.setdefault(finding.networks[0], {}).update(dict.fromkeys(finding.cidrs[1:]))
    return {name: tuple(prefixes) for name, prefixes in found.items()}
