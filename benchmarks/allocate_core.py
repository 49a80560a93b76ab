"""The core of `ipplan allocate` without TOML and command line: `python -m benchmarks.allocate_core NETWORKS AVOIDED`.

Builds the plan as values, allocates, and writes the JSON document.
"""

from __future__ import annotations

import gc
import sys

from benchmarks.plans import allocation_plan
from ipplan.allocation import allocate
from ipplan.catalog import load_catalog
from ipplan.output.allocation import document
from ipplan.output.documents import render_json

if __name__ == "__main__":
    gc.disable()  # as the command does
    allocation = allocate(allocation_plan(int(sys.argv[1]), int(sys.argv[2])), load_catalog())
    sys.stdout.write(render_json(document(allocation)))
    sys.exit(0 if allocation.ok else 1)
