"""Workers of an IKS cluster: `ibmcloud ks worker ls --output json`, or its table.

Fields: IBM-Cloud/bluemix-go api/container/containerv1/workers.go (privateIP, publicIP, location) and containerv2/workers.go
@71bc1d28 (networkInterfaces with ipAddress and cidr, on VPC); newer outputs have both addresses in networkInformation.
Only workers on VPC state the length of their subnet, and a plan has no kind for those subnets.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ipplan.importers.collecting import Collector
from ipplan.importers.document import Node, looks_like_json, read_documents
from ipplan.importers.reading import SourceError, decode
from ipplan.importers.text_tables import no_table, read_table

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ipplan.observed import Observed

_HELP = "ibmcloud ks worker ls --cluster NAME --output json prints them"
_ADDRESSES = (("privateIP", "iks-worker-private"), ("publicIP", "iks-worker-public"))


def read(data: bytes) -> Observed:
    """Read a list of workers; a note counts those without an address, which are not deployed yet."""
    collector = Collector()
    zones: list[str] = []
    waiting = 0
    for worker in _workers(data):
        if not isinstance(worker.value, dict):
            collector.problem("the entry is not a worker", worker.line, _HELP)
            continue
        before = len(collector.rows)
        _add(worker, collector)
        waiting += len(collector.rows) == before
        zones.append(worker.text("location") or worker.text("zone") or "")
    if waiting and collector.rows:
        collector.notes.append(f"skipped, because they have no address yet: {waiting:,} of the workers")
    kinds = {row.kind for row in collector.rows if row.kind}
    return collector.finish(
        kinds, one_cluster=True, data_centers=zones, nothing="no worker in the file has an address", help_=_HELP
    )


def _workers(data: bytes) -> Iterator[Node]:
    text = decode(data)
    table = read_table(text, "ks-workers")
    if table is not None:
        yield from table
        return
    if not looks_like_json(text):
        raise SourceError(no_table("ks-workers"))
    for document in read_documents(data):
        yield from document.items() if isinstance(document.value, list) else [document]


def _add(worker: Node, collector: Collector) -> None:
    name = worker.text("id") or "worker"
    inside = worker.get("networkInformation")
    for key, kind in _ADDRESSES:
        for place in (worker, inside):
            node = None if place is None else place.get(key)
            text = None if place is None else place.text(key)
            if node is None or text is None or text == "-":
                continue
            collector.add_address(text, node.line, key, name=name, kind=kind, description=f"{key} of worker {name}")
            break
    # A worker with neither is on VPC: its subnet is known, and a plan has no kind for it.
    if worker.text("privateIP") is not None or (inside is not None and inside.text("privateIP") is not None):
        return
    for interface in worker.items("networkInterfaces"):
        cidr, address = interface.text("cidr"), interface.text("ipAddress")
        if cidr is not None:
            collector.add(cidr, interface.line, "cidr", description="VPC subnet of workers")
        elif address is not None:
            collector.add_address(address, interface.line, "ipAddress", name=name, description=f"worker {name} on VPC")
    primary = worker.text("primaryIP")
    if primary is not None:
        collector.add_address(
            primary, worker.line, "Primary IP", name=name, description=f"address of worker {name}, on VPC or Satellite"
        )
