"""What devices and tools take: a function from a settled plan to the text of a file, one module a target.

A target is a row of `TARGETS`. Nothing here reads or writes files, and nothing that a plan contains can break out of
a value: every writer is the standard library, a well-kept library, or quotes through one function.
"""

from __future__ import annotations

from itertools import islice
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

from ipplan import __version__
from ipplan.output.text import escape
from ipplan.plan.service import HELP

if TYPE_CHECKING:
    import datetime
    from collections.abc import Iterable, Mapping, Sequence

    from ipplan.catalog import Catalog
    from ipplan.landscape import End, Landscape
    from ipplan.landscape.model import Esg, HostAddress
    from ipplan.plan.model import Cluster, Network, Plan


class Options(NamedTuple):
    """What was asked for on the command line, None where nothing was.

    `cluster`, `edge` and `site` say whose file it is, or which devices; `to` is the other end of a tunnel, `worker` a
    worker by its number or address, `domain` the DNS domain of the named addresses.
    """

    cluster: str | None = None
    edge: str | None = None
    site: str | None = None
    to: str | None = None
    worker: str | None = None
    domain: str | None = None


class Request(NamedTuple):
    """What a target is made from: the landscape of a plan whose networks have ranges, and the options.

    Networks that IBM Cloud has yet to provide have no range. `placed` names the networks whose range is not pinned in
    the plan but where allocation would place them; on the day `today` waivers are judged, and without one none expires.
    `stated` are these networks as the plan states them, with their sizes.
    `chosen` names the networks to list, None for all; only a target that lists networks (`LISTING`) looks at it.
    """

    landscape: Landscape
    options: Options = Options()
    placed: frozenset[str] = frozenset()
    today: datetime.date | None = None
    chosen: frozenset[str] | None = None
    stated: Mapping[str, Network] = MappingProxyType({})

    def lists(self, network: Network) -> bool:
        """Tell whether a target that lists networks lists this one."""
        return self.chosen is None or network.name in self.chosen

    @property
    def plan(self) -> Plan:
        """The plan of the landscape: what of it is in service."""
        return self.landscape.plan

    @property
    def whole(self) -> Plan:
        """The plan with what is retired, which holds its ranges and is in no export."""
        return self.plan.whole or self.plan

    @property
    def catalog(self) -> Catalog:
        """The catalogue of the landscape."""
        return self.landscape.catalog

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


_MOST_NAMES = 8
"""Name at most this many of those that an option can choose."""


class Target(NamedTuple):
    """One target: its name, what it is in a line, and where its function is (`module:function`).

    The function takes a `Request` and returns text, or bytes for a binary format; it raises ExportError.
    """

    name: str
    title: str
    function: str


TARGETS: dict[str, Target] = {
    target.name: target
    for target in (
        Target(
            "icp-config", "cluster/config.yaml of the ICP installer", "ipplan.exporters.icp_config:export_icp_config"
        ),
        Target(
            "strongswan-iks",
            "values of the strongSwan chart in IKS, for the tunnel to the ESG",
            "ipplan.exporters.strongswan:export_iks",
        ),
        Target(
            "strongswan-iks-icp",
            "values of the strongSwan chart in IKS, for the tunnel to another cluster",
            "ipplan.exporters.strongswan:export_iks_to_clusters",
        ),
        Target(
            "strongswan-icp",
            "values of the strongSwan chart in ICP, for the tunnel to another cluster",
            "ipplan.exporters.strongswan:export_icp",
        ),
        Target(
            "strongswan-conf",
            "swanctl.conf of a Linux gateway in the place of the ESG, for all of its tunnels",
            "ipplan.exporters.strongswan:export_conf",
        ),
        Target(
            "strongswan-conf-iks",
            "swanctl.conf of an IKS cluster, for its tunnels to ESGs",
            "ipplan.exporters.strongswan:export_conf_iks",
        ),
        Target(
            "strongswan-conf-iks-icp",
            "swanctl.conf of an IKS cluster, for its tunnels to other clusters",
            "ipplan.exporters.strongswan:export_conf_iks_to_clusters",
        ),
        Target(
            "strongswan-conf-icp",
            "swanctl.conf of an ICP cluster, for its tunnels to other clusters",
            "ipplan.exporters.strongswan:export_conf_icp",
        ),
        Target(
            "strongswan-conf-site",
            "swanctl.conf of the gateway of a site, for its tunnels to ESGs",
            "ipplan.exporters.strongswan:export_conf_site",
        ),
        Target(
            "nsx-esg", "NSX-V Edge Services Gateway: XML for the NSX API", "ipplan.exporters.nsx_esg:export_nsx_esg"
        ),
        Target(
            "nsx-esg-table",
            "tables of the ESG to read: interfaces, routes, NAT (Markdown)",
            "ipplan.exporters.nsx_esg:export_nsx_esg_table",
        ),
        Target("routes", "who needs which route, by device (Markdown)", "ipplan.exporters.routes:export_routes"),
        Target("ip-route", "these routes as a shell script with ip route", "ipplan.exporters.routes:export_ip_route"),
        Target(
            "ip-address",
            "addresses of every device as a shell script with ip address",
            "ipplan.exporters.addresses:export_ip_address",
        ),
        Target("nftables", "the NAT of the ESG as Linux rules", "ipplan.exporters.nftables:export_nftables"),
        Target(
            "ibmcloud",
            "what to order from IBM Cloud, as commands of its CLI (shell)",
            "ipplan.exporters.ibmcloud:export_ibmcloud",
        ),
        Target("frr", "BGP of the ESG for a Linux gateway in its place (frr.conf)", "ipplan.exporters.frr:export_frr"),
        Target("bird", "BGP of an IKS worker, the other end (bird.conf)", "ipplan.exporters.bird:export_bird"),
        Target(
            "static-route",
            "routes of IKS workers to the enterprise, for IKS's add-on (YAML)",
            "ipplan.exporters.static_route:export_static_route",
        ),
        Target("calico", "pools and BGP of a cluster for calicoctl (YAML)", "ipplan.exporters.calico:export_calico"),
        Target("hosts", "a hosts file of the named addresses", "ipplan.exporters.hosts:export_hosts"),
        Target(
            "reverse-zones",
            "PTR records of the named addresses, for BIND",
            "ipplan.exporters.reverse_zones:export_reverse_zones",
        ),
        Target("xlsx", "the address plan as an Excel workbook", "ipplan.exporters.xlsx:export_xlsx"),
        Target("netbox", "bulk import of prefixes into NetBox (CSV)", "ipplan.exporters.netbox:export_netbox"),
        Target("ansible", "variables for Ansible (group_vars, YAML)", "ipplan.exporters.ansible:export_ansible"),
        Target("terraform", "variables for Terraform (tfvars.json)", "ipplan.exporters.terraform:export_terraform"),
    )
}
"""Every target by its name, in the order of the documentation."""


LISTING = frozenset({"hosts", "reverse-zones", "xlsx", "netbox", "terraform"})
"""Targets that list networks, each for itself, so that some of them can be chosen."""


def export(target: Target, request: Request) -> str | bytes:
    """Return the text or bytes of a target.

    Raises ExportError where the plan lacks something for it, or what an option names is retired.
    """
    from importlib import import_module

    _refuse_retired(request)
    module, _, function = target.function.partition(":")
    made: str | bytes = getattr(import_module(module), function)(request)
    return made


def _refuse_retired(request: Request) -> None:
    retired, options = request.whole.retired, request.options
    asked = (
        retired.words("cluster", options.cluster or ""),
        retired.words("edge", options.edge or ""),
        retired.words("site", options.site or ""),
        retired.words_of_end(options.to or ""),
    )
    for words in asked:
        if words is not None:
            raise ExportError(words, HELP)


def quoted(text: str) -> str:
    """Return text as a double-quoted string of YAML and JSON, which nothing in it can end."""
    if text.isascii() and text.isprintable() and '"' not in text and "\\" not in text:
        return f'"{text}"'
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


def mark(address: HostAddress | None) -> str:
    """Return an address for a table, with a star if the plan gives it to nothing; "any" where nobody knows one."""
    if address is None or address.value is None:
        return "any"
    return f"{address.text}{'*' if address.example else ''}"


def find_cluster(request: Request, platform: str | None = None) -> Cluster:
    """Return the cluster to export: the one that was asked for, or the only one, of a platform or of any."""
    clusters = [c for c in request.plan.clusters.values() if platform in (None, c.platform)]
    kind = "" if platform is None else f"{platform.upper()} "
    asked = request.options.cluster
    if asked is not None:
        found = [c for c in clusters if c.name == asked]
        if not found:
            raise ExportError(f"the plan has no {kind}cluster {asked}")
        return found[0]
    if not clusters:
        raise ExportError(f"the plan has no {kind}cluster", "add [clusters.NAME]")
    if len(clusters) > 1:
        raise ExportError(
            f"the plan has {len(clusters):,} {kind}clusters",
            f"add --cluster: {_some(c.name for c in clusters)}",
        )
    return clusters[0]


def refuse(missing: Sequence[tuple[str, str]]) -> None:
    """Raise ExportError with all that is missing and what to write, where anything is."""
    if missing:
        raise ExportError(
            "; ".join(dict.fromkeys(what for what, _ in missing)),
            "; ".join(dict.fromkeys(help_ for _, help_ in missing)),
        )


def find_edge(request: Request) -> End:
    """Return the edge to export: the one that was asked for, or the only one."""
    return _find_end("edge", "ESG", request.landscape.ends.edges, request.options.edge)


def find_site(request: Request) -> End:
    """Return the site to export: the one that was asked for, or the only one."""
    return _find_end("site", "site", request.landscape.ends.sites, request.options.site)


def find_esg(request: Request, edge: End, missing: Iterable[tuple[str, str]] = ()) -> Esg:
    """Return the ESG of an edge. Raises ExportError with all that is missing for it, and what the target found missing."""
    esg = request.landscape.esg(edge)
    refuse((*missing, *esg.missing, *request.landscape.homeless))
    return esg


def _find_end(option: str, what: str, ends: Sequence[End], asked: str | None) -> End:
    if asked is not None:
        found = [end for end in ends if end.name == asked]
        if not found:
            raise ExportError(
                f"the plan has no {option} {asked}",
                f"it has: {_some(e.name for e in ends)}" if ends else None,
            )
        return found[0]
    if not ends:
        kinds = "vcs-esg-public, vcs-esg-private and vcs-transit" if option == "edge" else "enterprise"
        raise ExportError(f"the plan has no {what}", f"add networks of kind {kinds}")
    if len(ends) > 1:
        raise ExportError(f"the plan has {len(ends):,} {what}s", f"add --{option}: {_some(e.name for e in ends)}")
    return ends[0]


def _some(names: Iterable[str | None]) -> str:
    return ", ".join(map(str, islice(names, _MOST_NAMES)))
