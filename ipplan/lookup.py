"""Find who owns an address or prefix: the plan, IBM Cloud, a Kubernetes platform or IANA, the most specific first.

A function from a prefix, a catalogue and perhaps a plan to matches; it reads nothing and prints nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

from ipplan.findings import Source

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ipplan.addresses import Prefix
    from ipplan.catalog import Catalog
    from ipplan.plan.model import Labels, Plan

Relation = Literal["equal", "covers", "within"]


class Match(NamedTuple):
    """A range that shares addresses with the query.

    relation: whether the match is equal to the query, covers it, or lies within it. `network` is set for a network of
    the plan, with its labels, VLAN ID and status, and words where it is retired; data center (of VPC, the zone), city
    and pod for a row of IBM's; `platform` for a row of a platform.
    """

    owner: Literal["plan", "ibm", "kubernetes", "iana"]
    relation: Relation
    prefix: Prefix
    category: str
    title: str
    data_center: str | None = None
    city: str | None = None
    pod: str | None = None
    network: str | None = None
    note: str | None = None
    source: Source | None = None
    platform: str | None = None
    labels: Labels = ()
    vlan: int | None = None
    status: str | None = None
    retired: str | None = None


def lookup(prefix: Prefix, catalog: Catalog, plan: Plan | None = None) -> tuple[Match, ...]:
    """Return all ranges that share addresses with the prefix.

    First those that are equal to it or cover it, the most specific first and of equals the plan's own first; then
    those within it, in address order.
    """
    found = [*(_planned(prefix, plan) if plan else ()), *_published(prefix, catalog)]
    around = [m for m in found if m.relation != "within"]
    within = [m for m in found if m.relation == "within"]
    around.sort(key=lambda m: -m.prefix.length)  # stable: the plan before IBM before the others
    within.sort(key=lambda m: m.prefix)
    return (*around, *within)


def _relation(prefix: Prefix, other: Prefix) -> Relation:
    if prefix == other:
        return "equal"
    return "covers" if other.covers(prefix) else "within"


def _planned(prefix: Prefix, plan: Plan) -> Iterator[Match]:
    source = Source(f"plan {plan.file}")
    for network in plan.ranges():
        if network.prefix is not None and network.prefix.overlaps(prefix):
            title = f"{network.kind.title}{' (default)' if network.default else ''}"
            yield Match(
                "plan",
                _relation(prefix, network.prefix),
                network.prefix,
                network.kind.name,
                title,
                network=network.name,
                note=network.description,
                source=source,
                labels=network.labels,
                vlan=network.vlan,
                status=network.status,
                retired=plan.retired.words("network", network.name),
            )
    for pool in plan.pools:
        if pool.prefix.overlaps(prefix):
            yield Match("plan", _relation(prefix, pool.prefix), pool.prefix, "pool", "BYOIP pool", source=source)
    for avoid in plan.avoids:
        if avoid.prefix.overlaps(prefix):
            relation = _relation(prefix, avoid.prefix)
            yield Match("plan", relation, avoid.prefix, "avoid", "avoided", note=avoid.reason, source=source)
    for shown in plan.shown:
        if shown.prefix.overlaps(prefix):
            relation = _relation(prefix, shown.prefix)
            yield Match("plan", relation, shown.prefix, "link", shown.title, source=source)


def _published(prefix: Prefix, catalog: Catalog) -> Iterator[Match]:
    order = {"ibm": 0, "kubernetes": 1, "iana": 2}
    for row in sorted(catalog.overlapping(prefix), key=lambda r: (-r.prefix.length, order[r.category.owner])):
        if row.prefix.length == 0 and prefix.length:
            continue  # the default route belongs to nobody
        yield Match(
            row.category.owner,
            _relation(prefix, row.prefix),
            row.prefix,
            row.category.name,
            row.title,
            row.data_center,
            row.city,
            row.pod,
            None,
            row.note,
            row.source,
            row.platform,
        )
