"""The kinds of network, as a table: who provides each, what it belongs to, how large it is by default.

To add a kind, add a row; then run `python -m tools.build_schema` and `python -m tools.build_reference`. Sources of the columns: the reference
architecture (IBM Cloud docs, vmware-solutions, "Integration, IP addressing, and network flows", 2018-11-20) for
provider and place; the default sizes name theirs below.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

Provider = Literal["default", "ibm", "byoip", "enterprise"]
Role = Literal["pod", "service", "worker", "ingress", "host", "esg", "vcs", "vm", "transit", "enterprise"]


class Kind(NamedTuple):
    """One row of the table.

    provider: where the range comes from: a platform default, IBM Cloud, BYOIP or the enterprise.
    role: what the addresses are for.
    platform: of the cluster that the network belongs to ("iks", "icp"), None for networks without a cluster.
    subnet_type: "primary" or "portable", IBM's words for what IBM Cloud provides; None for others.
    public: True and False for IBM-provided public and private subnets; None where it does not apply.
    internal: only reachable inside its cluster: pod and service ranges.
    default_lengths: prefix length by IP version for a network that states no size and has no cluster to size it.
    default_source: where that size is documented.
    of_edge: whether it belongs to a vCenter Server instance, that is to an edge, or is behind one.
    router: the router of the network, if the plan does not name one; None where the plan cannot choose the router.
    """

    name: str
    provider: Provider
    role: Role
    title: str
    platform: str | None = None
    subnet_type: Literal["primary", "portable"] | None = None
    public: bool | None = None
    internal: bool = False
    default_lengths: tuple[int, int] | None = None
    default_source: str | None = None
    of_edge: bool = False
    router: Literal["dlr", "esg"] | None = None


_VM = "sample workload network of vCenter Server (vmwaresolutions vcenter/vc_esg_config.md, 2018-11-20)"
_NODE = "day-1 overlay network for ICP (vmwaresolutions archiref/vcsnsxt/vcsnsxt-techpreview.md, 2019-06-28)"
_POD = "ICP's own network_cidr (IBM/deploy-ibm-cloud-private config templates, 3.1.2 and 3.2.0)"
_SERVICE = "ICP's own service_cluster_ip_range (IBM/deploy-ibm-cloud-private config templates, 3.1.2 and 3.2.0)"
_TRANSIT = "ESG, and forwarding and protocol address of the DLR in one subnet (NSX for vSphere API guide 6.4)"


def _ibm(name: str, role: Role, title: str, subnet_type: Literal["primary", "portable"], *, public: bool) -> Kind:
    platform = "iks" if name.startswith("iks-") else None
    return Kind(name, "ibm", role, title, platform, subnet_type, public, of_edge=platform is None)


KINDS: dict[str, Kind] = {
    kind.name: kind
    for kind in (
        Kind("iks-pod", "default", "pod", "IKS pods", "iks", internal=True, default_lengths=(16, 112)),
        Kind("iks-service", "default", "service", "IKS services", "iks", internal=True, default_lengths=(16, 112)),
        _ibm("iks-ingress-public", "ingress", "IKS public ingress", "portable", public=True),
        _ibm("iks-ingress-private", "ingress", "IKS private ingress", "portable", public=False),
        _ibm("iks-worker-public", "worker", "IKS workers, public", "primary", public=True),
        _ibm("iks-worker-private", "worker", "IKS workers, private", "primary", public=False),
        _ibm("vcs-host-public", "host", "ESXi hosts, public", "primary", public=True),
        _ibm("vcs-host-private", "host", "ESXi hosts, private", "primary", public=False),
        _ibm("vcs-esg-public", "esg", "ESG uplink, public", "portable", public=True),
        _ibm("vcs-esg-private", "esg", "ESG uplink, private", "portable", public=False),
        _ibm("vcs-management", "vcs", "management VMs", "portable", public=False),
        _ibm("vcs-vtep", "vcs", "VTEPs", "portable", public=False),
        _ibm("vcs-vmotion", "vcs", "vMotion", "portable", public=False),
        _ibm("vcs-vsan", "vcs", "vSAN", "portable", public=False),
        _ibm("vcs-nfs", "vcs", "NFS", "portable", public=False),
        _ibm("vcs-hcx", "vcs", "HCX", "portable", public=False),
        Kind(
            "vcs-vm",
            "byoip",
            "vm",
            "VMs on VXLAN",
            default_lengths=(24, 64),
            default_source=_VM,
            of_edge=True,
            router="dlr",
        ),
        Kind(
            "vcs-transit",
            "byoip",
            "transit",
            "ESG to DLR",
            default_lengths=(29, 64),
            default_source=_TRANSIT,
            of_edge=True,
        ),
        Kind(
            "icp-pod",
            "byoip",
            "pod",
            "ICP pods",
            "icp",
            internal=True,
            default_lengths=(16, 112),
            default_source=_POD,
        ),
        Kind(
            "icp-service",
            "byoip",
            "service",
            "ICP services",
            "icp",
            internal=True,
            default_lengths=(16, 112),
            default_source=_SERVICE,
        ),
        Kind(
            "icp-worker",
            "byoip",
            "worker",
            "ICP workers",
            "icp",
            default_lengths=(24, 64),
            default_source=_NODE,
            of_edge=True,
            router="esg",
        ),
        Kind("enterprise", "enterprise", "enterprise", "on-premises networks"),
    )
}
"""Every kind by its name, in the order of the documentation."""

IKS_DEFAULTS = {"iks-pod": "172.30.0.0/16", "iks-service": "172.21.0.0/16"}
"""What IKS takes when a cluster names no range (IBM Cloud docs, containers, subnets.md, 2026-07-27)."""

IKS_OLD_SERVICES = "10.10.10.0/24"
"""The services of IKS clusters from before October 2017 (IBM Cloud docs, containers, cs_network_cluster.md, 2018-08-27)."""

ICP_DEFAULTS = {"icp-pod": "10.1.0.0/16", "icp-service": "10.0.0.0/16"}
"""What the ICP installer takes when config.yaml names no range (IBM/deploy-ibm-cloud-private, 3.1.2 and 3.2.0)."""
