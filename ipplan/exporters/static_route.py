"""StaticRoute resources for the static-route add-on of IKS: enterprise ranges that workers have no route to.

Fields: IBM/staticroute-operator @0f8bab2518ff, README. Ranges that it rejects: IBM Cloud docs, containers
static-routes.md, 2026-07-27. Without `gateway` the add-on uses the gateway of the private network of the worker, the BCR.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ipplan.exporters import ExportError, comment, find_cluster
from ipplan.exporters.yaml_text import dump
from ipplan.landscape.static_routes import refuses
from ipplan.plan.names import as_label

if TYPE_CHECKING:
    from ipplan.exporters import Request


def export_static_route(request: Request) -> str:
    """Return a YAML document for each range; raise ExportError where no range needs one, or IKS rejects all of them."""
    cluster = find_cluster(request, "iks")
    ranges = request.landscape.enterprise_outside(4)
    if not ranges:
        raise ExportError(
            "no enterprise range needs a static route: none is behind a routed link and outside of 10.0.0.0/8",
            'write enterprise = "routed" under [integration], or a [[link]] of a site with method = "routed"',
        )
    refused = [prefix for prefix, _ in ranges if refuses(prefix)]
    names = ", ".join(map(str, refused))
    if len(refused) == len(ranges):
        raise ExportError(
            f"IKS rejects static routes to {names}", "move these networks, or reach them through a tunnel"
        )
    lines = [
        comment(line) for line in request.header(f"static routes of IKS cluster {cluster.name}, for kubectl apply")
    ]
    lines += [
        "# The cluster needs the static-route add-on. No gateway is set: workers use that of their private network."
    ]
    if refused:
        lines.append(f"# IKS rejects static routes to {names}: workers cannot reach these ranges.")
    documents = [
        f"{comment(text)}\n"
        + dump(
            {
                "apiVersion": "static-route.ibm.com/v1",
                "kind": "StaticRoute",
                "metadata": {"name": as_label(f"enterprise-{prefix}")},
                "spec": {"subnet": str(prefix)},
            }
        )
        for prefix, text in ranges
        if not refuses(prefix)
    ]
    return "---\n".join(["\n".join(lines) + "\n", *documents])
