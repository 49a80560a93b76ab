"""cluster/config.yaml of the installer of IBM Cloud Private 2.1 to 3.2.

Keys as in the templates of IBM/deploy-ibm-cloud-private @7c902fb. A range that the file leaves out takes the installer's
default, and that is a row as well.
"""

from __future__ import annotations

from ipplan.importers.document import Node, read_documents
from ipplan.importers.reading import Collector, Problem, SourceError, kebab
from ipplan.observed import Observed, ObservedCluster
from ipplan.plan.kinds import ICP_DEFAULTS
from ipplan.plan.names import MASTER_VIP, PROXY_VIP

_RANGES = (("network_cidr", "icp-pod", "pods"), ("service_cluster_ip_range", "icp-service", "services"))
_ADDRESSES = (
    ("cluster_vip", "cluster_lb_address", MASTER_VIP, "virtual address of the masters"),
    ("proxy_vip", "proxy_lb_address", PROXY_VIP, "virtual address of the proxies"),
)
"""Each virtual address: its key, that of a load balancer in its place, and what a plan may call it."""
_OTHERS = ("network_type", "cluster_name", "vip_manager", "management_services")
"""Further keys that tell such a file, which may leave both ranges to the installer."""
_LOOPBACK = "127."
"""The templates come with 127.0.1.1 in the place of a virtual address."""
DEFAULT_NAME = "mycluster"
"""What the installer calls a cluster that config.yaml gives no name."""


def read(data: bytes) -> Observed:
    """Read a config.yaml, or the same as JSON."""
    document = _document(read_documents(data))
    collector = Collector()
    cluster = document.text("cluster_name") or DEFAULT_NAME
    names = []
    for key, load_balancer, own_names, what in _ADDRESSES:
        if (document.text(load_balancer) or "none").lower() == "none":
            names.append(own_names[0])
        for text, line in _texts(document, key, collector):
            if not text.startswith(_LOOPBACK) and text.lower() != "none":
                collector.add_address(
                    text, line, key, name=own_names[0], cluster=cluster, names=own_names,
                    description=f"{what} of ICP cluster {cluster}",
                )  # fmt: skip
    known = (*_OTHERS, *(key for key, *_ in (*_RANGES, *_ADDRESSES)))
    for key, kind, what in _RANGES if any(document.get(key) is not None for key in known) else ():
        stated = _texts(document, key, collector)
        default = "" if stated else f", the installer's default: the file has no {key}"
        for text, line in stated or [(ICP_DEFAULTS[kind], None)]:
            collector.add(
                text, line, key, name=kebab(f"{cluster} {what}"), kind=kind, cluster=cluster,
                description=f"{what} of ICP cluster {cluster}{default}",
            )  # fmt: skip
    return collector.finish(
        {"icp-pod", "icp-service"}, clusters=[ObservedCluster(cluster, "icp")], names=names, one_cluster=True,
        nothing="the file has no network_cidr, service_cluster_ip_range, cluster_vip or proxy_vip",
        help_="the installer then takes 10.1.0.0/16 for pods and 10.0.0.0/16 for services",
    )  # fmt: skip


def _document(documents: tuple[Node, ...]) -> Node:
    """Return the one document of a file that holds keys and values."""
    found = next((document for document in documents if isinstance(document.value, dict)), None)
    if found is None:
        raise SourceError(
            Problem("this is no config.yaml: it holds no keys and values", None, None, "wrong-type")
        )
    return found


def _texts(document: Node, key: str, collector: Collector) -> list[tuple[str, int | None]]:
    """Return the value of a key, or the values of a list of two IP versions, with their lines."""
    node = document.get(key)
    if node is None:
        return []
    text = document.text(key)
    if text is not None:
        return [(part.strip(), node.line) for part in text.split(",") if part.strip()]
    parts: list[tuple[str, int | None]] = [
        (item.value, item.line) for item in node.items() if isinstance(item.value, str)
    ]
    if not parts and node.value != "":
        collector.problem(f"{key} is no text", node.line, None, "wrong-type")
    return parts
