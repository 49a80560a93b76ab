"""Name the publications that rules of several modules cite."""

from __future__ import annotations

from ipplan.findings import Source

ARCHITECTURE = Source(
    "IBM Cloud docs, vmware-solutions: integration, IP addressing, and network flows",
    "https://github.com/ibm-cloud-docs/vmwaresolutions/blob/ddb0278/archiref/vcsnsxt/vcsnsxt-overview-integration.md",
    "2018-11-20",
)
DIRECT_LINK = Source(
    "IBM Cloud docs, direct-link: configuring IBM Cloud Direct Link",
    "https://github.com/ibm-cloud-docs/direct-link/blob/981d3a2/subnet-configuration.md",
    "2025-07-11",
)
IKS = Source(
    "IBM Cloud docs, containers: subnets for classic clusters",
    "https://github.com/ibm-cloud-docs/containers/blob/005fbfe/subnets.md",
    "2026-07-27",
)
IKS_CREATE = Source(
    "IBM Cloud docs, containers: creating classic clusters",
    "https://github.com/ibm-cloud-docs/containers/blob/002e8d0/cluster-create-classic.md",
    "2026-02-20",
)
IPS = Source(
    "IBM Cloud docs: IBM Cloud IP ranges",
    "https://github.com/ibm-cloud-docs/infrastructure-hub/blob/c0135fb/ips.md",
    "2025-10-03",
)
