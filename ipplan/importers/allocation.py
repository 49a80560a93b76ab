"""An allocation of ipplan itself: the document `ipplan.allocation/1`, with its pools."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ipplan.importers.collecting import Collector
from ipplan.importers.document import read_json
from ipplan.importers.reading import Problem, SourceError, counted
from ipplan.plan.kinds import KINDS
from ipplan.plan.problems import show

if TYPE_CHECKING:
    from ipplan.observed import Observed

SCHEMA = "ipplan.allocation/1"


def read(data: bytes) -> Observed:
    """Read the networks that have a range, and the pools; a note counts the networks without a range."""
    (document, *_) = read_json(data)
    schema = document.text("schema")
    if schema != SCHEMA:
        raise SourceError(
            Problem(
                f"the schema of the document is {show(schema)}, not {SCHEMA}"
                if schema
                else f"the document has no schema {SCHEMA}",
                document.line,
                "ipplan allocate PLAN --json prints one",
                "bad-value",
            )
        )
    collector = Collector()
    waiting = 0
    for item in document.items("allocations"):
        name, kind = item.text("network") or "", item.text("kind")
        if kind not in KINDS:
            collector.problem(f"network {show(name)} has the kind {show(kind or '')}, which does not exist", item.line)
            continue
        cidr = item.get("cidr")
        if cidr is None:
            waiting += 1
            continue
        collector.add(
            str(cidr.value),
            cidr.line,
            "cidr",
            name=name,
            kind=kind,
            description=f"{item.text('status') or 'placed'}: {item.text('reason') or name}",
        )
        addresses = item.get("addresses")
        for word, node in addresses.value.items() if addresses and isinstance(addresses.value, dict) else ():
            collector.add_address(str(node.value), node.line, word, name=word, description=f"{word} of {name}")
    pools = [
        found.prefix
        for pool in document.items("pools")
        if (found := collector.block(pool.text("cidr") or "", pool.line, "pool")) is not None
    ]
    if waiting:
        collector.notes.append(f"skipped, because they have no range: {counted(waiting, 'network')}")
    kinds = {row.kind for row in collector.rows if row.kind}
    return collector.finish(kinds, pools=pools, nothing="no network of the allocation has a range")
