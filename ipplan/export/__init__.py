"""What devices and tools take: a function from a settled plan to the text of a file, one module a target.

A target is a row of `TARGETS`. Nothing here reads or writes files, and nothing that a plan contains can break out of
a value: every writer is the standard library, a well-kept library, or quotes through one function.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ipplan import __version__
from ipplan.output.text import escape

if TYPE_CHECKING:
    import datetime
    from collections.abc import Sequence

    from ipplan.catalog import Catalog
    from ipplan.devices.model import Devices, Edge, Tunnel
    from ipplan.flows import Address
    from ipplan.plan.methods import IntegrationKey
    from ipplan.plan.model import Cluster, Plan
    from ipplan.topology import Topology


class Landscape(NamedTuple):
    """What a target is made from: a plan whose networks have ranges, its topology, and the catalogue.

    `cluster`, `edge` and `to` are the cluster, the ESG and the other end of a tunnel that were asked for, None where
    nothing was; networks that IBM Cloud has yet to provide have no range. `domain` is the DNS domain of the named
    addresses, None where none was given; `placed` names the networks whose range is not pinned in the plan but where
    allocation would place them; on the day `today` waivers are judged, and without one none expires.
    """

    plan: Plan
    topology: Topology
    catalog: Catalog
    cluster: str | None = None
    edge: str | None = None
    to: str | None = None
    domain: str | None = None
    placed: frozenset[str] = frozenset()
    today: datetime.date | None = None

    @property
    def devices(self) -> Devices:
        """What each device needs, derived from the plan."""
        from ipplan.devices import derive_devices

        return derive_devices(self.plan, self.catalog)

    def header(self, purpose: str) -> list[str]:
        """Return the lines that every target starts with, without comment signs: what for, and made from what."""
        name = self.plan.name or self.plan.file
        return [
            purpose,
            f"made by ipplan {__version__} from plan {name}, IBM Cloud ranges of {self.catalog.edition}",
        ]


class ExportError(ValueError):
    """A target that cannot be made from this plan; says what is missing and what to do."""

    def __init__(self, message: str, help_: str | None = None) -> None:
        super().__init__(message)
        self.help = help_


class Target(NamedTuple):
    """One target: its name, what it is in a line, and where its function is (`module:function`).

    The function takes a `Landscape` and returns text, or bytes for a binary format; it raises ExportError.
    """

    name: str
    title: str
    function: str


TARGETS: dict[str, Target] = {
    target.name: target
    for target in (
        Target("icp-config", "cluster/config.yaml of the ICP installer", "ipplan.export.icp_config:export_icp_config"),
        Target(
            "strongswan-iks", "values of the strongSwan chart in IKS, for the tunnel to the ESG",
            "ipplan.export.strongswan:export_iks",
        ),
        Target(
            "strongswan-iks-icp", "values of the strongSwan chart in IKS, for the tunnel to ICP",
            "ipplan.export.strongswan:export_iks_to_icp",
        ),
        Target(
            "strongswan-icp", "values of the strongSwan chart in ICP, for the tunnel to IKS",
            "ipplan.export.strongswan:export_icp",
        ),
        Target(
            "strongswan-conf", "swanctl.conf of a Linux gateway in the place of the ESG, for the tunnel to IKS",
            "ipplan.export.strongswan:export_conf",
        ),
        Target(
            "strongswan-conf-iks", "swanctl.conf of the other end of that tunnel",
            "ipplan.export.strongswan:export_conf_iks",
        ),
        Target("nsx-esg", "NSX-V Edge Services Gateway: XML for the NSX API", "ipplan.export.nsx_esg:export_nsx_esg"),
        Target(
            "nsx-esg-table", "the same as tables to read (Markdown)", "ipplan.export.nsx_esg:export_nsx_esg_table"
        ),
        Target("routes", "who needs which route, by device (Markdown)", "ipplan.export.routes:export_routes"),
        Target("ip-route", "the same as a shell script with ip route", "ipplan.export.routes:export_ip_route"),
        Target("nftables", "the NAT of the ESG as Linux rules", "ipplan.export.nftables:export_nftables"),
        Target(
            "ibmcloud", "what to order from IBM Cloud, as commands of its CLI (shell)",
            "ipplan.export.ibmcloud:export_ibmcloud",
        ),
        Target("frr", "BGP of the ESG for a Linux gateway in its place (frr.conf)", "ipplan.export.frr:export_frr"),
        Target("bird", "BGP of an IKS worker, the other end (bird.conf)", "ipplan.export.bird:export_bird"),
        Target("calico", "pools and BGP of a cluster for calicoctl (YAML)", "ipplan.export.calico:export_calico"),
        Target("hosts", "a hosts file of the named addresses", "ipplan.export.hosts:export_hosts"),
        Target(
            "reverse-zones", "PTR records of the named addresses, for BIND",
            "ipplan.export.reverse_zones:export_reverse_zones",
        ),
        Target("xlsx", "the address plan as an Excel workbook", "ipplan.export.xlsx:export_xlsx"),
        Target("netbox", "bulk import of prefixes into NetBox (CSV)", "ipplan.export.netbox:export_netbox"),
        Target("ansible", "variables for Ansible (group_vars, YAML)", "ipplan.export.ansible:export_ansible"),
        Target("terraform", "variables for Terraform (tfvars.json)", "ipplan.export.terraform:export_terraform"),
    )
}  # fmt: skip
"""Every target by its name, in the order of the documentation."""


def export(target: Target, landscape: Landscape) -> str | bytes:
    """Return the text or bytes of a target. Raises ExportError where the plan lacks something for it."""
    from importlib import import_module

    module, _, function = target.function.partition(":")
    made: str | bytes = getattr(import_module(module), function)(landscape)
    return made


def quoted(text: str) -> str:
    """Return text as a double-quoted string of YAML and JSON, which nothing in it can end."""
    import re
    from json import dumps

    # YAML takes the two halves of a JSON escape for two characters, so what is above U+FFFF stays as it is.
    return re.sub(
        r"[^\x20-\x7e\U00010000-\U0010ffff]",
        lambda found: f"\\u{ord(found.group()):04x}",
        dumps(text, ensure_ascii=False),
    )


def comment(text: str, sign: str = "#") -> str:
    """Return text as a comment line, which nothing in it can end: line breaks in it become escapes."""
    return f"{sign} {escape(text)}"


def mark(address: Address | None) -> str:
    """Return an address for a table, with a star if the plan gives it to nothing; "any" where there is none."""
    if address is None:
        return "any"
    return f"{address.text}{'*' if address.example else ''}"


def find_cluster(landscape: Landscape, platform: str | None = None) -> Cluster:
    """Return the cluster to export: the one that was asked for, or the only one, of a platform or of any."""
    clusters = [c for c in landscape.plan.clusters.values() if platform in (None, c.platform)]
    kind = "" if platform is None else f"{platform.upper()} "
    if landscape.cluster is not None:
        found = [c for c in clusters if c.name == landscape.cluster]
        if not found:
            raise ExportError(f"the plan has no {kind}cluster {landscape.cluster}")
        return found[0]
    if not clusters:
        raise ExportError(f"the plan has no {kind}cluster", "add [clusters.NAME]")
    if len(clusters) > 1:
        names = ", ".join(c.name for c in clusters[:8])
        raise ExportError(f"the plan has {len(clusters):,} {kind}clusters", f"add --cluster: {names}")
    return clusters[0]


def refuse(missing: Sequence[tuple[str, str]]) -> None:
    """Raise ExportError with all that is missing and what to write, where anything is."""
    if missing:
        raise ExportError(
            "; ".join(what for what, _ in missing), "; ".join(dict.fromkeys(help_ for _, help_ in missing))
        )


def find_edge(landscape: Landscape, missing: Sequence[tuple[str, str]] = ()) -> Edge:
    """Return the ESG to export: the one that was asked for, or the only one.

    Raises ExportError with all that is missing: what it lacks itself, and what the target found `missing` before.
    """
    edges = landscape.devices.edges
    if landscape.edge is not None:
        found = [e for e in edges if e.name == landscape.edge]
        if not found:
            raise ExportError(f"no network of the plan names edge {landscape.edge}")
        edge = found[0]
    elif len(edges) > 1:
        names = ", ".join(str(e.name) for e in edges[:8])
        raise ExportError(f"the plan has {len(edges):,} ESGs", f"add --edge: {names}")
    else:
        edge = edges[0]
    refuse((*missing, *edge.missing))
    return edge


def find_tunnel(landscape: Landscape, key: IntegrationKey) -> Tunnel:
    """Return the tunnel to export, of those of an integration that the options choose; raise ExportError."""
    if landscape.plan.integration.get(key) != "strongswan":
        raise ExportError(
            f'{key} is not "strongswan" in this plan', f'write {key} = "strongswan" under [integration]'
        )
    tunnels = [t for t in landscape.devices.tunnels if t.key == key]
    if not tunnels:
        raise ExportError(
            f"the tunnel of {key} has nothing on one of its sides",
            "add the networks that it joins, and ipplan allocate PLAN --write",
        )
    asked = [name for name in (landscape.cluster, landscape.edge, landscape.to) if name is not None]
    found = [t for t in tunnels if all(name in (t.near.name, t.far.name) for name in asked)]
    if not found:
        raise ExportError(f"no tunnel of {key} has {' and '.join(asked)} at its ends")
    if len(found) > 1:
        ends = ", ".join(f"{t.near.name} and {t.far.name}" for t in found[:8])
        raise ExportError(
            f"the plan has {len(found):,} tunnels of {key}: {ends}",
            "add --cluster for one end, and --to for the other",
        )
    return found[0]
