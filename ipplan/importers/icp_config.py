"""cluster/config.yaml of the installer of IBM Cloud Private 2.1 to 3.2.

Keys as in the templates of IBM/deploy-ibm-cloud-private @7c902fb. A range that the file leaves out takes the installer's
default, which gives a row too. On OpenShift or another Kubernetes the installer does not choose the ranges
(kubernetes_cluster_type, openshift and cluster_nodes, as in the config.yaml that IBM's Terraform module for ICP on OpenShift
writes): there every range that the file states is only avoided, and there are no defaults.
"""

from __future__ import annotations

from ipplan.importers.collecting import Collector
from ipplan.importers.document import Node, read_documents
from ipplan.importers.reading import Problem, SourceError, kebab
from ipplan.observed import Observed, ObservedCluster
from ipplan.plan.kinds import ICP_DEFAULTS
from ipplan.plan.names import MASTER_VIP, PROXY_VIP
from ipplan.plan.problems import show

_RANGES = (("network_cidr", "icp-pod", "pods"), ("service_cluster_ip_range", "icp-service", "services"))
_ADDRESSES = (
    ("cluster_vip", "cluster_lb_address", MASTER_VIP, "virtual address of the masters"),
    ("proxy_vip", "proxy_lb_address", PROXY_VIP, "virtual address of the proxies"),
)
"""Each virtual address: its key, the key of a load balancer used instead, and its names in a plan."""
_OTHERS = ("network_type", "cluster_name", "vip_manager", "management_services")
"""More keys of such a file, which may leave both ranges to the installer."""
_OWN_TYPES = frozenset({"", "icp"})
"""Values of kubernetes_cluster_type with which the installer creates the Kubernetes cluster."""
_FOREIGN = ("openshift", "cluster_nodes")
"""Keys that only a config.yaml for an existing Kubernetes cluster has."""
_IPV6_DEFAULTS = {"icp-pod": "fd03::/112", "icp-service": "fd02::/112"}
"""The installer's defaults with network_ip_version: ipv6 (icp_config_3.2.0.j2 in the same repository)."""
_LOOPBACK = "127."
"""The templates have 127.0.1.1 where a virtual address belongs."""
DEFAULT_NAME = "mycluster"
"""The installer's name for a cluster without a name in config.yaml."""


def read(data: bytes) -> Observed:
    """Read a config.yaml, or the same as JSON."""
    document = _document(read_documents(data))
    collector = Collector()
    if (foreign := _foreign(document)) is not None:
        return _read_foreign(document, foreign, collector)
    cluster = document.text("cluster_name") or DEFAULT_NAME
    names = []
    for key, load_balancer, own_names, what in _ADDRESSES:
        if (document.text(load_balancer) or "none").lower() == "none":
            names.append(own_names[0])
        for text, line in _addresses(document, key, collector):
            collector.add_address(
                text,
                line,
                key,
                name=own_names[0],
                cluster=cluster,
                names=own_names,
                description=f"{what} of ICP cluster {cluster}",
            )
    kinds = set()
    known = (*_OTHERS, *(key for key, *_ in (*_RANGES, *_ADDRESSES)))
    for key, kind, what in _RANGES if any(document.get(key) is not None for key in known) else ():
        stated = _texts(document, key, collector)
        default = "" if stated else f", the installer's default: the file has no {key}"
        for text, line in stated or [(cidr, None) for cidr in _defaults(document, key, kind, collector)]:
            kinds.add(kind)
            collector.add(
                text,
                line,
                key,
                name=kebab(f"{cluster} {what}"),
                kind=kind,
                cluster=cluster,
                description=f"{what} of ICP cluster {cluster}{default}",
            )
    return collector.finish(
        kinds,
        clusters=[ObservedCluster(cluster, "icp")],
        names=names,
        one_cluster=True,
        nothing="the file has no network_cidr, service_cluster_ip_range, cluster_vip or proxy_vip",
        help_="the installer then uses 10.1.0.0/16 for pods and 10.0.0.0/16 for services",
    )


def _foreign(document: Node) -> str | None:
    """Return the reason why the installer does not create the Kubernetes cluster, None where it does."""
    stated = document.text("kubernetes_cluster_type") or ""
    if stated.lower() not in _OWN_TYPES:
        return f"kubernetes_cluster_type is {show(stated)}"
    return next((f"the file has the key {key}" for key in _FOREIGN if document.get(key) is not None), None)


def _read_foreign(document: Node, why: str, collector: Collector) -> Observed:
    """Read a config.yaml for another Kubernetes cluster: avoid the ranges that it states, and add no defaults."""
    for key, _, what in _RANGES:
        for text, line in _texts(document, key, collector):
            collector.add(
                text,
                line,
                key,
                description=f"{key} of config.yaml, {what} of a cluster that ICP did not create",
            )
    for key, _, _, what in _ADDRESSES:
        for text, line in _addresses(document, key, collector):
            collector.add_address(text, line, key, name=key, description=what)
    collector.notes.append(
        f"{why}: the Kubernetes cluster has its own pod and service ranges, so the defaults of ICP do not apply;"
        " add the ranges of the cluster to the plan as [[avoid]]"
    )
    if not collector.rows and not collector.problems:
        return Observed((), notes=tuple(collector.notes))
    return collector.finish()


def _defaults(document: Node, key: str, kind: str, collector: Collector) -> list[str]:
    """Return the installer's default for a range that the file leaves out; note where another key excludes it."""
    network = document.text("network_type") or "calico"
    version = (document.text("network_ip_version") or "ipv4").lower()
    if kind == "icp-pod" and network.lower() != "calico":
        collector.notes.append(
            f"network_type is {show(network)}, and the file has no {key}: the pod range is unknown; add it to the plan"
        )
        return []
    if version not in ("ipv4", "ipv6"):
        collector.notes.append(
            f"network_ip_version is {show(version)}, and the file has no {key}: the range is unknown; add it to the plan"
        )
        return []
    return [ICP_DEFAULTS[kind] if version == "ipv4" else _IPV6_DEFAULTS[kind]]


def _addresses(document: Node, key: str, collector: Collector) -> list[tuple[str, int | None]]:
    """Return the virtual addresses of a key, without "none" and the placeholder of the templates."""
    found = _texts(document, key, collector)
    return [(text, line) for text, line in found if not text.startswith(_LOOPBACK) and text.lower() != "none"]


def _document(documents: tuple[Node, ...]) -> Node:
    """Return the one document of a file that holds keys and values."""
    found = next((document for document in documents if isinstance(document.value, dict)), None)
    if found is None:
        raise SourceError(Problem("this is not a config.yaml: it has no keys and values", None, None, "wrong-type"))
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
        collector.problem(f"{key} is not text", node.line, None, "wrong-type")
    return parts
