"""Pod networks of Calico: IPPool resources in JSON or YAML, or the pools of an Installation.

Fields: projectcalico/libcalico-go lib/apis/v3/ippool.go @7d7eb71. blockSize and the modes say nothing of a plan. A pool does not say of what cluster it is; one inside
the windows that IKS accepts for pods is taken for IKS, any other for ICP.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ipplan.catalog import iks_windows
from ipplan.importers.document import Node, read_documents
from ipplan.importers.reading import Collector
from ipplan.plan.load import show

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ipplan.addresses import Prefix
    from ipplan.observed import Observed

_HELP = "kubectl get ippools.crd.projectcalico.org -o json prints the pools"


def read(data: bytes) -> Observed:
    """Read pools: a list, one or several documents; resources of other kinds beside them are passed over."""
    collector = Collector()
    for document in read_documents(data):
        for name, pool in _pools(document, collector):
            cidr = pool.text("cidr")
            node = pool.get("cidr")
            if cidr is None or node is None:
                collector.problem(f"pool {show(name)} has no spec.cidr", pool.line, _HELP)
                continue
            disabled = (state := pool.get("disabled")) is not None and state.value is True
            collector.add(
                cidr, node.line, "spec.cidr", name=name,
                description=f"Calico pool {name}" + (", disabled" if disabled else ""),
            )  # fmt: skip
    collector.rows = [row._replace(kind=_likely_kind(row.prefix)) for row in collector.rows]
    return collector.finish(
        {"iks-pod", "icp-pod"}, one_cluster=True, nothing="the file has no IPPool", help_=_HELP
    )


def _pools(document: Node, collector: Collector) -> Iterator[tuple[str, Node]]:
    items = document.get("items")
    for item in items.items() if items is not None else document.items() or [document]:
        kind, name = item.text("kind"), item.text("metadata", "name") or "pool"
        spec = item.get("spec")
        inner = [] if spec is None else spec.items("calicoNetwork", "ipPools")
        if inner:
            yield from ((f"{name}-{index}", pool) for index, pool in enumerate(inner))
        elif kind == "IPPool" or (kind is None and spec is not None):
            yield name, spec or item
        elif item.get("apiVersion") is None:
            what = f"is of kind {show(kind)}, not" if kind else "is no"
            collector.problem(f"the entry {what} IPPool", item.line, _HELP)


def _likely_kind(prefix: Prefix) -> str:
    windows = (window.prefix for window in iks_windows() if window.option == "pod-subnet")
    return "iks-pod" if any(window.covers(prefix) for window in windows) else "icp-pod"
