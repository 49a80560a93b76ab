"""The network section: the IP plan, VLANs, pools with their free space, and named addresses."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ipplan.output.show import COLUMNS, row_of
from ipplan.output.table import Column
from ipplan.plan.homes import Homes
from ipplan.plan.labels import labels_of
from ipplan.report.grids import choose_columns, from_sheet
from ipplan.report.model import Grid, Section

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from ipplan.exporters.workbook import Sheet
    from ipplan.inventory import Entry
    from ipplan.plan.model import Cluster, Edge, Network, Plan, Site
    from ipplan.report.model import Cell
    from ipplan.report.subject import Subject

_TITLES = (
    "network",
    "cidr",
    "kind",
    "first",
    "last",
    "gateway",
    "usable",
    "grow to",
    "status",
    "lifecycle",
    "provided by",
    "cluster",
    "edge",
    "site",
    "data center",
    "vlan",
    "labels",
    "group",
    "description",
)
_STATUS = {
    "allocated": "allocated, not pinned",
    "to-allocate": "to allocate",
    "to-order": "to be ordered",
    "no-range": "no range",
}
_CHOICES = ("kind", "edge", "labels", "cluster", "site", "status", "lifecycle")


def networks_section(subject: Subject, sheets: Mapping[str, Sheet]) -> Section:
    """Return the IP plan, then VLANs, pools, free blocks and named addresses."""
    places = Places(subject.plan)
    blocks = (
        _ip_plan(subject, places),
        _vlans(subject, places),
        _pools(subject),
        _free(sheets["Free"]),
        _names(sheets["Addresses"]),
    )
    return Section("networks", "Networks", None, blocks)


class Places:
    """The edge, site and data center of each network, also where it has them from its cluster, edge or site."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._homes = Homes(plan)

    def edge_of(self, network: Network) -> str | None:
        """Return the edge of a network."""
        return self._homes.edge_of(network)

    def site_of(self, network: Network) -> str | None:
        """Return the site of a network."""
        return self._homes.site_of(network)

    def parents_of(self, network: Network) -> Iterator[Cluster | Edge | Site]:
        """Yield the cluster, edge and site of a network, the nearest first."""
        plan = self._plan
        for parent in (
            plan.clusters.get(network.cluster or ""),
            plan.edges.get(self.edge_of(network) or ""),
            plan.sites.get(self.site_of(network) or ""),
        ):
            if parent is not None:
                yield parent

    def data_center_of(self, network: Network) -> str | None:
        """Return the data center of a network, also where only its cluster or edge states it."""
        if network.data_center is not None:
            return network.data_center
        found = (getattr(parent, "data_center", None) for parent in self.parents_of(network))
        return next((name for name in found if name is not None), None)


def _ip_plan(subject: Subject, places: Places) -> Grid:
    """Return every network, with the labels, edge and site that it has from its cluster, edge or site."""
    plan = subject.plan
    at = {column.title: place for place, column in enumerate(COLUMNS)}
    labels = labels_of(plan)
    rows: list[tuple[Cell, ...]] = []
    for entry in subject.entries:
        network = entry.network
        if not subject.lists(network.name):
            continue
        row: list[Cell] = list(row_of(entry, plan))
        row[at["edge"]], row[at["site"]] = places.edge_of(network), places.site_of(network)
        row[at["data center"]] = places.data_center_of(network)
        row[at["labels"]] = tuple(f"{name}={value}" for name, value in labels.get(network.name, {}).items())
        row[at["status"]] = _STATUS.get(entry.status, entry.status)
        row[at["lifecycle"]] = lifecycle_of(entry)
        if entry.prefix is None and entry.length is not None:
            row[at["cidr"]] = f"/{entry.length}"
        rows.append(tuple(row))
    columns, shown = choose_columns(COLUMNS, rows, _TITLES)
    titles = {column.title for column in columns}
    return Grid(
        "ip-plan",
        "IP plan",
        columns,
        shown,
        (),
        tuple(c for c in _CHOICES if c in titles),
        "Every network of the plan. Networks without a pinned range are shown where ipplan allocate would place them.",
        "The plan has no network.",
    )


def lifecycle_of(entry: Entry) -> str | None:
    """Return the lifecycle of a network; for one that is retired with its cluster, edge or site, with which."""
    if entry.retired is None:
        return entry.network.status
    return "retired" if not entry.retired else f"retired with {entry.retired}"


_VLAN_COLUMNS = (
    Column("traffic type"),
    Column("VLAN ID", "number"),
    Column("name"),
    Column("CIDR", "address"),
    Column("gateway", "address"),
    Column("data center"),
    Column("subnet"),
    Column("lifecycle"),
)


def _vlans(subject: Subject, places: Places) -> Grid:
    """Return everything on VLANs: IBM Cloud's subnets, and all networks, clusters, edges and sites with a VLAN ID."""
    entries = [entry for entry in subject.entries if subject.lists(entry.network.name) and _is_on_vlan(entry.network)]
    missing = sum(entry.network.vlan is None for entry in entries)
    note = None
    if missing:
        have = "has" if missing == 1 else "have"
        note = f"{missing:,} of these IBM Cloud subnets {have} no vlan in the plan."
    rows = [_vlan_of_network(entry, subject.plan, places) for entry in entries]
    return Grid(
        "vlans",
        "VLANs",
        _VLAN_COLUMNS,
        [*rows, *_other_vlans(subject.plan)],
        (),
        ("traffic type", "data center"),
        note,
        "No network is on a VLAN.",
    )


def _is_on_vlan(network: Network) -> bool:
    return network.vlan is not None or network.kind.subnet_type is not None


def _vlan_of_network(entry: Entry, plan: Plan, places: Places) -> tuple[Cell, ...]:
    network, row = entry.network, row_of(entry, plan)
    return (
        network.kind.title,
        network.vlan,
        network.name,
        row.cidr,
        row.gateway,
        places.data_center_of(network),
        network.kind.subnet_type,
        lifecycle_of(entry),
    )


def _other_vlans(plan: Plan) -> Iterator[tuple[Cell, ...]]:
    """Yield the rows of clusters, edges and sites with a VLAN ID."""
    for cluster in plan.clusters.values():
        if cluster.vlan is not None:
            yield "cluster", cluster.vlan, cluster.name, None, None, cluster.data_center, None, cluster.status
    for edge in plan.edges.values():
        if edge.vlan is not None:
            yield "edge", edge.vlan, edge.name, None, None, edge.data_center, None, edge.status
    for site in plan.sites.values():
        if site.vlan is not None:
            yield "site", site.vlan, site.name, None, None, None, None, site.status


def _pools(subject: Subject) -> Grid:
    columns = (
        Column("pool", "address"),
        Column("size", "number"),
        Column("unusable", "number"),
        Column("allocated", "number"),
        Column("free", "number"),
        Column("free (%)", "number"),
        Column("largest free block", "address"),
    )
    rows: list[tuple[Cell, ...]] = []
    for pool in subject.free.pools:
        report = pool.report
        largest = None if report.largest_free is None else str(report.largest_free)
        rows.append(
            (
                str(report.prefix),
                report.prefix.size,
                report.unusable,
                report.allocated,
                report.free,
                report.free * 100 // report.prefix.size,
                largest,
            )
        )
    return Grid("pools", "Pools", columns, rows, empty="The plan has no pool.")


def _free(sheet: Sheet) -> Grid:
    return from_sheet(
        "free", "Free blocks", sheet.titles, sheet.rows, "ipplan free PLAN", empty="No pool has a free block."
    )


def _names(sheet: Sheet) -> Grid:
    return from_sheet(
        "names",
        "Services and names",
        sheet.titles,
        sheet.rows,
        "ipplan export PLAN hosts",
        empty="No network names an address.",
        choices=("kind", "cluster"),
        text=frozenset({"network"}),
    )
