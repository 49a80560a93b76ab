"""The table of export targets: what each writes, into which file, and for which owner. To add a target, add a row."""

from __future__ import annotations

from typing import Literal, NamedTuple

Owner = Literal["plan", "iks", "icp", "cluster", "edge", "site", "tunnel"]
"""What a file is written for: the whole plan, or each cluster (of one platform or of any), edge, site or tunnel."""
Need = Literal["bgp", "ipsec", "ipsec-to-edge", "ipsec-to-cluster"]
"""What an owner must have for `--all` to write a target at all."""


class Target(NamedTuple):
    """One target.

    `title` says in one line what it is. `function` is its function as `module:function`, in a module of
    `ipplan.exporters`: it takes a `Request`, returns text, or bytes for a binary format, and raises ExportError.
    `owner` and `file` say for which owner `--all` writes it, and under which name. `needs` limits that to owners that have it.
    `networks` marks targets that list networks one by one, so that `--label` can select some of them; `addresses`
    those that list every named address.
    """

    name: str
    title: str
    function: str
    owner: Owner
    file: str
    needs: Need | None = None
    networks: bool = False
    addresses: bool = False


_ROWS = (
    Target(
        "icp-config",
        "cluster/config.yaml for the ICP installer",
        "icp_config:export_icp_config",
        "icp",
        "config.yaml",
    ),
    Target(
        "strongswan-iks",
        "values for the strongSwan chart in IKS: tunnel to the ESG",
        "strongswan:export_iks",
        "tunnel",
        "strongswan.yaml",
    ),
    Target(
        "strongswan-iks-icp",
        "values for the strongSwan chart in IKS: tunnel to another cluster",
        "strongswan:export_iks_to_clusters",
        "tunnel",
        "strongswan.yaml",
    ),
    Target(
        "strongswan-icp",
        "values for the strongSwan chart in ICP: tunnel to another cluster",
        "strongswan:export_icp",
        "tunnel",
        "strongswan.yaml",
    ),
    Target(
        "strongswan-conf",
        "swanctl.conf for a Linux gateway that replaces the ESG: all of its tunnels",
        "strongswan:export_conf",
        "edge",
        "swanctl.conf",
        needs="ipsec",
    ),
    Target(
        "strongswan-conf-iks",
        "swanctl.conf for an IKS cluster: tunnels to ESGs",
        "strongswan:export_conf_iks",
        "iks",
        "swanctl.conf",
        needs="ipsec-to-edge",
    ),
    Target(
        "strongswan-conf-iks-icp",
        "swanctl.conf for an IKS cluster: tunnels to other clusters",
        "strongswan:export_conf_iks_to_clusters",
        "iks",
        "swanctl-clusters.conf",
        needs="ipsec-to-cluster",
    ),
    Target(
        "strongswan-conf-icp",
        "swanctl.conf for an ICP cluster: tunnels to other clusters",
        "strongswan:export_conf_icp",
        "icp",
        "swanctl.conf",
        needs="ipsec",
    ),
    Target(
        "strongswan-conf-site",
        "swanctl.conf for the gateway of a site: tunnels to ESGs",
        "strongswan:export_conf_site",
        "site",
        "swanctl.conf",
        needs="ipsec",
    ),
    Target(
        "nsx-esg",
        "NSX-V Edge Services Gateway: XML for the NSX API",
        "nsx_esg:export_nsx_esg",
        "edge",
        "nsx-esg.xml",
    ),
    Target(
        "nsx-esg-table",
        "the ESG as tables: interfaces, NAT, routes, BGP, tunnels, firewall (Markdown)",
        "nsx_esg_table:export_nsx_esg_table",
        "edge",
        "nsx-esg.md",
    ),
    Target("routes", "routes of every device as tables (Markdown)", "routes:export_routes", "plan", "routes.md"),
    Target(
        "ip-route",
        "routes of every device as a shell script (ip route)",
        "routes:export_ip_route",
        "plan",
        "ip-route.sh",
    ),
    Target(
        "ip-address",
        "addresses of every device as a shell script (ip address)",
        "addresses:export_ip_address",
        "plan",
        "ip-address.sh",
    ),
    Target("nftables", "NAT of the ESG as nftables rules (nft -f)", "nftables:export_nftables", "edge", "nat.nft"),
    Target(
        "ibmcloud",
        "IBM Cloud CLI commands that order clusters and subnets (shell)",
        "ibmcloud:export_ibmcloud",
        "plan",
        "ibmcloud.sh",
    ),
    Target(
        "frr",
        "BGP of the ESG, for a Linux gateway that replaces it (frr.conf)",
        "frr:export_frr",
        "edge",
        "frr.conf",
        needs="bgp",
    ),
    Target(
        "bird",
        "BGP of an IKS worker, the other end of these sessions (bird.conf)",
        "bird:export_bird",
        "iks",
        "bird.conf",
        needs="bgp",
    ),
    Target(
        "static-route",
        "routes of IKS workers to the enterprise, for the static-route add-on (YAML)",
        "static_route:export_static_route",
        "iks",
        "static-route.yaml",
    ),
    Target(
        "calico",
        "IP pools and BGP peers of a cluster, for calicoctl (YAML)",
        "calico:export_calico",
        "cluster",
        "calico.yaml",
    ),
    Target(
        "hosts",
        "hosts file with every named address",
        "hosts:export_hosts",
        "plan",
        "hosts",
        networks=True,
        addresses=True,
    ),
    Target(
        "reverse-zones",
        "PTR records of the named addresses, for BIND",
        "reverse_zones:export_reverse_zones",
        "plan",
        "reverse-zones.db",
        networks=True,
        addresses=True,
    ),
    Target(
        "xlsx",
        "the address plan as an Excel workbook",
        "xlsx:export_xlsx",
        "plan",
        "plan.xlsx",
        networks=True,
        addresses=True,
    ),
    Target(
        "netbox",
        "prefixes for the bulk import of NetBox (CSV)",
        "netbox:export_netbox",
        "plan",
        "netbox.csv",
        networks=True,
    ),
    Target(
        "ansible",
        "variables for Ansible (group_vars, YAML)",
        "ansible:export_ansible",
        "plan",
        "group_vars.yaml",
        addresses=True,
    ),
    Target(
        "terraform",
        "variables for Terraform (tfvars.json)",
        "terraform:export_terraform",
        "plan",
        "ipplan.auto.tfvars.json",
        networks=True,
        addresses=True,
    ),
)

TARGETS: dict[str, Target] = {target.name: target for target in _ROWS}
"""Every target by its name, in the order of the documentation."""
LISTING = frozenset(target.name for target in _ROWS if target.networks)
"""The targets that list networks one by one."""
