"""Pod and service networks of Calico: IPPool and BGPConfiguration in JSON or YAML, or the pools of an Installation.

Fields: projectcalico/libcalico-go lib/apis/v3/ippool.go and bgpconfig.go @7d7eb71. A plan has no use for blockSize and the
modes. A pool does not name its cluster: a pool inside the windows that IKS accepts for pods counts as IKS, any other as
ICP. serviceClusterIPs is the service range of the same cluster; serviceExternalIPs and serviceLoadBalancerIPs are in use
too, for addresses outside of the networks of the cluster.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from ipplan.addresses import WIDTH
from ipplan.catalog import iks_windows
from ipplan.importers.collecting import Collector
from ipplan.importers.document import Node, read_documents
from ipplan.importers.reading import counted, decode
from ipplan.importers.text_tables import read_table
from ipplan.plan.problems import show

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ipplan.addresses import Prefix
    from ipplan.observed import Observed, ObservedPrefix

_HELP = "kubectl get ippools.crd.projectcalico.org -o json prints the pools"
_SERVICES = (
    ("serviceClusterIPs", "services"),
    ("serviceExternalIPs", "external addresses of services"),
    ("serviceLoadBalancerIPs", "load balancer addresses of services"),
)
"""Ranges of a BGPConfiguration; the first is the service range, and a plan has no kind for the others."""
_MOST_KINDS = 8
"""Name at most 8 kinds of resources that were skipped."""


def read(data: bytes) -> Observed:
    """Read resources from a list, or from one or several documents; a note counts those without a range."""
    collector = Collector()
    skipped: Counter[str] = Counter()
    table = read_table(decode(data), "calico-ippools")
    for item in _items(read_documents(data)) if table is None else table:
        kind, spec = item.text("kind"), item.get("spec")
        pools = list(_pools(item, kind, spec))
        for name, pool in pools:
            _add_pool(name, pool, collector)
        services = _add_services(item, spec, collector) if kind == "BGPConfiguration" and spec else 0
        if not pools and not services:
            if item.get("apiVersion") is None:
                what = f"is of kind {show(kind)}, not" if kind else "is not an"
                collector.problem(f"the entry {what} IPPool", item.line, _HELP)
            elif kind and not kind.endswith("List"):
                skipped[kind] += 1
    if skipped:
        collector.notes.append(_skipped_note(skipped))
    collector.rows = _with_kinds(collector.rows)
    kinds = {"iks-pod", "icp-pod"}
    if any(row.kind and row.kind.endswith("-service") for row in collector.rows):
        kinds |= {"iks-service", "icp-service"}
    return collector.finish(
        kinds,
        one_cluster=True,
        help_=_HELP,
        nothing="the file has neither an IPPool nor a BGPConfiguration with service ranges",
    )


def _items(documents: tuple[Node, ...]) -> Iterator[Node]:
    for document in documents:
        items = document.get("items")
        yield from items.items() if items is not None else document.items() or [document]


def _pools(item: Node, kind: str | None, spec: Node | None) -> Iterator[tuple[str, Node]]:
    name = item.text("metadata", "name") or "pool"
    if spec is not None and (inner := spec.items("calicoNetwork", "ipPools")):
        yield from ((f"{name}-{index}", pool) for index, pool in enumerate(inner))
    elif kind == "IPPool" or (kind is None and spec is not None):
        yield name, spec or item


def _add_pool(name: str, pool: Node, collector: Collector) -> None:
    cidr, node = pool.text("cidr"), pool.get("cidr")
    if cidr is None or node is None:
        collector.problem(f"pool {show(name)} has no spec.cidr", pool.line, _HELP)
        return
    disabled = (state := pool.get("disabled")) is not None and state.value is True
    collector.add(
        cidr,
        node.line,
        "spec.cidr",
        name=name,
        kind="icp-pod",
        description=f"Calico pool {name}" + (", disabled" if disabled else ""),
    )


def _add_services(item: Node, spec: Node, collector: Collector) -> int:
    """Add the ranges of services of a BGPConfiguration; return how many there are."""
    name = item.text("metadata", "name") or "default"
    found = 0
    for key, what in _SERVICES:
        for entry in spec.items(key):
            found += 1
            if (cidr := entry.text("cidr")) is None:
                collector.problem(f"an entry of {key} has no cidr", entry.line)
                continue
            collector.add(
                cidr,
                entry.line,
                f"spec.{key}",
                name="services" if key == "serviceClusterIPs" else "",
                kind="icp-service" if key == "serviceClusterIPs" else None,
                description=f"{what}, {key} of the BGPConfiguration {name} of Calico",
            )
    return found


def _skipped_note(kinds: Counter[str]) -> str:
    words = [f"{count:,} {show(kind)}" for kind, count in kinds.most_common(_MOST_KINDS)]
    more = sum(kinds.values()) - sum(count for _, count in kinds.most_common(_MOST_KINDS))
    return f"skipped, because they have no range of the cluster: {', '.join(words)}" + (
        f" and {counted(more, 'resource')} of other kinds" if more else ""
    )


def _with_kinds(rows: list[ObservedPrefix]) -> list[ObservedPrefix]:
    """Return the rows with their likely kinds: pods by their range, services like the pods if all of these agree."""
    pods = {_platform(row.prefix, "pod-subnet") for row in rows if row.kind == "icp-pod"}
    found = []
    for row in rows:
        if row.kind == "icp-pod":
            found.append(row._replace(kind=f"{_platform(row.prefix, 'pod-subnet')}-pod"))
        elif row.kind == "icp-service":
            platform = next(iter(pods)) if len(pods) == 1 else _platform(row.prefix, "service-subnet")
            # A single address that is announced is part of the service range.
            whole = row.prefix.length < WIDTH[row.prefix.version]
            found.append(row._replace(kind=f"{platform}-service", whole=whole))
        else:
            found.append(row)
    return found


def _platform(prefix: Prefix, option: str) -> str:
    windows = (window.prefix for window in iks_windows() if window.option == option)
    return "iks" if any(window.covers(prefix) for window in windows) else "icp"
