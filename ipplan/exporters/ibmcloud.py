"""Orders for IBM Cloud as a POSIX shell script for its CLI: IKS clusters and portable subnets.

Commands and options: IBM Cloud docs, containers, kubernetes-service-cli.md (2023-06-06), `ibmcloud ks cluster create
classic`, `cluster subnet create`, `cluster subnet add` and `vlan ls`; softlayer/softlayer-cli
plugin/commands/subnet/create.go @5e5db8a (2025-12-18), `ibmcloud sl subnet create`.
"""

from __future__ import annotations

import re
from shlex import quote
from typing import TYPE_CHECKING, NamedTuple

from ipplan.catalog import subnet_sizes
from ipplan.exporters import ExportError, comment
from ipplan.inventory import list_networks
from ipplan.plan.kinds import IKS_DEFAULTS, IKS_OLD_SERVICES
from ipplan.plan.names import as_label

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ipplan.exporters import Request
    from ipplan.inventory import Entry
    from ipplan.plan.model import Cluster, Network

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9.-]{0,34}\Z")
"""Names of clusters that IKS accepts (kubernetes-service-cli.md, --name)."""
_IKS_SIZES = (8, 16, 32, 64)
"""Sizes of a portable subnet that IKS orders, in addresses (kubernetes-service-cli.md, cluster subnet create)."""
_SL_SIZES = {(4, True): (4, 8, 16, 32), (4, False): (4, 8, 16, 32, 64), (6, True): (64,)}
"""Quantities of `ibmcloud sl subnet create` by IP version and whether the subnet is public (create.go)."""
_PUBLIC_V6 = 64
"""The quantity that stands for an IPv6 /64 in that command."""
_USUAL = {
    "vcs-management": 64,
    "vcs-vtep": 64,
    "vcs-vmotion": 64,
    "vcs-vsan": 64,
    "vcs-esg-public": 16,
    "vcs-hcx": 64,
}
"""Usual sizes of the portable subnets of a vCenter Server instance, in addresses (IBM Cloud docs, vmwaresolutions
vcenter/vcenter_chg_impact.md and services/hcx_considerations.md @ddb0278, 2018-11-20)."""
_VLAN_B = frozenset(("vcs-vmotion", "vcs-vsan", "vcs-nfs"))
"""Kinds on the second private VLAN of an instance (archiref/vcsnsxt/vcsnsxt-overview-ic4vnetwork.md @ddb0278)."""
_OPTIONS = (("iks-pod", "--pod-subnet", "pods"), ("iks-service", "--service-subnet", "services"))


class _Order(NamedTuple):
    """A portable subnet to order: the number of addresses, None where it cannot be ordered, and the reason for it."""

    version: int
    quantity: int | None
    reason: str


class _Step:
    """One step of the script: its lines, and the variables that it checks before it orders anything."""

    def __init__(self) -> None:
        self.needs: dict[str, str] = {}
        self.lines: list[str] = []

    def ask(self, variable: str, what: str) -> str:
        """Require a variable and return it as a shell word; `what` describes it, and must hold no text of the plan."""
        self.needs.setdefault(variable, what)
        return f'"${variable}"'

    def say(self, text: str) -> None:
        """Add a comment."""
        self.lines.append(comment(text))

    def render(self, name: str) -> list[str]:
        """Return the step as a branch of `case`."""
        needed = [f': "${{{variable}:?{what}}}"' for variable, what in self.needs.items()]
        return [f"{name})", *(f"    {line}" if line else "" for line in (*needed, *self.lines)), "    ;;"]


def export_ibmcloud(request: Request) -> str:
    """Return the script; raise ExportError where there is nothing to order, or a range of a cluster is missing.

    It has two steps, because a subnet can only be added to a cluster whose workers are on its VLAN. VLANs and flavors
    are not in the plan, so they are variables of the script. The ranges of pods and services are written even where
    they are the defaults of IKS: these have changed before, in October 2017.
    """
    plan = request.plan
    clusters = [c for c in plan.clusters.values() if c.platform == "iks"]
    entries = [e for e in list_networks(plan) if e.network.kind.provider == "ibm"]
    if not clusters and all(e.prefix is not None for e in entries):
        raise ExportError(
            "there is nothing to order: the plan has no IKS cluster, and every subnet from IBM Cloud has its range",
            "to order a subnet, add a network of a vcs- or iks- kind without cidr",
        )
    suffixes = _suffixes([c.name for c in clusters])
    create, subnets = _Step(), _Step()
    for cluster in clusters:
        suffix = suffixes[cluster.name] if len(clusters) > 1 else ""
        own = [e for e in entries if e.network.cluster == cluster.name]
        _create(create, request, cluster, own, suffix)
        _cluster_subnets(subnets, cluster, own, suffix)
    known = {c.name for c in clusters}
    _instance_subnets(subnets, [e for e in entries if e.network.cluster not in known and e.prefix is None])
    lines = [
        *request.header("orders for IBM Cloud: IKS clusters and portable subnets"),
        "Read it before you run it: IBM bills what it orders. Log in first: ibmcloud login.",
        "usage: sh FILE clusters; when the workers are deployed: sh FILE subnets",
        "Give VLANs by their ID (ibmcloud ks vlan ls --zone ZONE, ibmcloud sl vlan list).",
        "Primary subnets cannot be ordered: IBM Cloud assigns them with the VLAN.",
    ]
    text = ["#!/bin/sh", *map(comment, lines), "set -eu", "", 'case "${1-}" in']
    text += [*create.render("clusters"), *subnets.render("subnets")]
    text += ["*)", '    printf "%s\\n" "usage: sh $0 clusters|subnets" >&2', "    exit 2", "    ;;", "esac"]
    return "\n".join(text) + "\n"


def _suffixes(names: Iterable[str]) -> dict[str, str]:
    """Return a suffix for the variables of each name, different for each: _IKS_DAL for iks-dal."""
    found: dict[str, str] = {}
    for name in names:
        base = suffix = "_" + as_label(name).upper().replace("-", "_")
        number = 2
        while suffix in found.values():
            suffix = f"{base}_{number}"
            number += 1
        found[name] = suffix
    return found


def _name(step: _Step, cluster: Cluster, suffix: str) -> str:
    """Return the name of a cluster as a shell word; a variable where IKS does not accept the name in the plan."""
    if _NAME.match(cluster.name):
        return quote(cluster.name)
    step.say("IKS does not accept this name: it needs a letter, then letters, digits, periods and hyphens, 35 at most")
    return step.ask(f"CLUSTER{suffix}", "a name for the cluster that IKS accepts")


def _zone(step: _Step, request: Request, own: list[Entry], suffix: str) -> str:
    """Return the zone of a cluster as a shell word; a variable where the plan does not decide it.

    Of several data centers, it is the one whose ranges contain all subnets of the cluster.
    """
    centers = request.plan.data_centers
    found = {
        row.data_center
        for entry in own
        if entry.prefix is not None
        for row in request.catalog.overlapping(entry.prefix)
        if row.data_center in centers and row.prefix.covers(entry.prefix)
    }
    sure = [center for center in centers if len(centers) == 1 or found == {center}]
    if sure:
        return quote(sure[0])
    if centers:
        step.say(f"its zone is one of {', '.join(centers)}")
    return step.ask(f"ZONE{suffix}", "the zone of the cluster")


def _create(step: _Step, request: Request, cluster: Cluster, own: list[Entry], suffix: str) -> None:
    """Add the command that creates a cluster."""
    step.lines.append("")
    step.say(f"cluster {cluster.name}")
    if _inside(request, cluster, "iks-service") == IKS_OLD_SERVICES:
        step.say(f"it exists already: only clusters from before October 2017 have services in {IKS_OLD_SERVICES}")
        return
    for entry in own:
        if entry.network.kind.subnet_type == "primary":
            what = f"the primary subnet of {entry.network.name}"
            step.say(
                f"{what} comes with the VLAN"
                if entry.prefix is None
                else f"{_vlan(entry.network, suffix)} has to be the VLAN of {entry.prefix}, {what}"
            )
    flavor = step.ask(f"FLAVOR{suffix}", "the flavor of the workers, such as b3c.4x16")
    private = step.ask(f"PRIVATE_VLAN{suffix}", "the ID of the private VLAN of the workers")
    words = [
        f"--name {_name(step, cluster, suffix)}",
        f"--zone {_zone(step, request, own, suffix)}",
        f"--flavor {flavor}",
        f"--private-vlan {private}",
    ]
    # A plan without any subnet of the cluster says nothing about its VLANs.
    if own and not any(e.network.kind.public for e in own):
        step.say("the plan has no public network: the cluster needs the private service endpoint or a gateway")
        words.append("--private-only")
        if request.plan.account_routing == "vrf":
            words.append("--private-service-endpoint")
    else:
        public = step.ask(f"PUBLIC_VLAN{suffix}", "the ID of the public VLAN of the workers")
        words.append(f"--public-vlan {public}")
    if cluster.workers is not None:
        words.append(f"--workers {cluster.workers}")
    for kind, option, what in _OPTIONS:
        cidr = _inside(request, cluster, kind)
        if cidr == IKS_DEFAULTS[kind]:
            step.say(f"{cidr} is the default of IKS for {what}")
        words.append(f"{option} {quote(cidr)}")
    if any(e.network.kind.subnet_type == "portable" for e in own):
        step.say("without the two portable /29 of IKS: the plan has its own subnets, ordered in the step subnets")
        words.append("--no-subnet")
    step.lines.append(" \\\n        ".join(["ibmcloud ks cluster create classic", *words]))


def _inside(request: Request, cluster: Cluster, kind: str) -> str:
    """Return the range of a cluster's pods or services; raise ExportError without one, or with several."""
    found = [n for n in request.plan.taking_part() if n.kind.name == kind and n.cluster == cluster.name]
    if len(found) > 1:
        names = ", ".join(n.name for n in found[:8])
        raise ExportError(
            f"cluster {cluster.name} has {len(found):,} networks of kind {kind}, and IKS can have one: {names}"
        )
    if found[0].prefix is None:
        raise ExportError(f"network {found[0].name} has no range", "run ipplan allocate PLAN --write")
    return str(found[0].prefix)


def _vlan(network: Network, suffix: str) -> str:
    return f"{'PUBLIC' if network.kind.public else 'PRIVATE'}_VLAN{suffix}"


def _cluster_subnets(step: _Step, cluster: Cluster, own: list[Entry], suffix: str) -> None:
    """Add the commands that give a cluster its portable subnets."""
    portable = [e for e in own if e.network.kind.subnet_type == "portable"]
    step.lines.append("")
    step.say(f"cluster {cluster.name}")
    if not portable:
        step.say("IKS creates its two portable /29 subnets with the cluster")
    for entry in portable:
        network = entry.network
        if entry.prefix is not None:
            step.say(
                f"{network.name} is {entry.prefix} already; if the cluster does not have it yet: "
                "ibmcloud ks cluster subnet add --cluster CLUSTER --subnet-id ID"
            )
            continue
        order = _order(entry, _IKS_SIZES)
        step.say(f"{network.name}: {order.reason}")
        if order.quantity is not None:
            name = _name(step, cluster, suffix)
            vlan = step.ask(_vlan(network, suffix), "the ID of a VLAN of the workers of the cluster")
            step.lines.append(
                f"ibmcloud ks cluster subnet create --cluster {name} --size {order.quantity} --vlan {vlan}"
            )


def _instance_subnets(step: _Step, entries: list[Entry]) -> None:
    """Add the commands that order subnets of vCenter Server, on the VLANs of each ESG's instance."""
    edges = _suffixes(dict.fromkeys(e.network.edge for e in entries if e.network.edge is not None))
    if entries:
        step.lines.append("")
        step.say("vCenter Server: skip subnets that came with the order of the instance or of HCX")
        step.say("add --test to one of these commands to get only a quote")
    for entry in entries:
        network = entry.network
        if network.kind.subnet_type == "primary":
            step.say(f"{network.name}: a primary subnet, which comes with the VLAN")
            continue
        if network.kind.platform is not None:
            step.say(f"{network.name}: not ordered, because the plan names no cluster for it")
            continue
        order = _order(entry, None)
        step.say(f"{network.name}: {order.reason}")
        if order.quantity is None:
            continue
        side = "public" if network.kind.public else "private"
        part = "" if network.kind.public else "_B" if network.kind.name in _VLAN_B else "_A"
        vlan = step.ask(
            f"VCS_{side.upper()}_VLAN{part}{'' if network.edge is None else edges[network.edge]}",
            f"the ID of the {side} VLAN{part.replace('_', ' ')} of the instance",
        )
        six = " --ipv6" if order.version == 6 else ""
        step.lines.append(f"ibmcloud sl subnet create {side} {order.quantity} {vlan}{six}")


def _order(entry: Entry, sizes: tuple[int, ...] | None) -> _Order:
    """Return how many addresses to order for a network; `sizes` are those of IKS, None for a subnet of the account.

    The size is the one in the plan, or the usual size of the kind. For a number of hosts it is the smallest subnet for
    sale that has room for them.
    """
    network, length = entry.network, entry.length
    version = 6 if length is not None and length > 32 else 4
    sold = _SL_SIZES.get((version, bool(network.kind.public)), ()) if sizes is None else sizes
    quantity: int | None
    if version == 6:
        quantity = _PUBLIC_V6 if length == 64 and sizes is None else 0
        reason = f"a /{length} of IPv6"
    elif length is not None:
        quantity = 1 << 32 - length
        # A few hosts may need less than the smallest subnet for sale; a stated prefix length is used as it is.
        quantity = max(quantity, 8) if network.hosts is not None else quantity
        reason = f"{quantity:,} addresses"
    else:
        typical = [s.typical for s in subnet_sizes() if s.kind == network.kind.name and s.typical is not None]
        quantity = 1 << 32 - typical[0] if typical else _USUAL.get(network.kind.name)
        if quantity is None:
            return _Order(
                version,
                None,
                "not ordered: the plan states no size, and this kind has no usual size: write prefix or hosts",
            )
        reason = f"{quantity} addresses, the usual size, because the plan states none"
    if quantity not in sold:
        offer = ", ".join(map(str, sold)) or "none"
        return _Order(
            version, None, f"{reason}: not ordered, because no command orders this size; sizes for sale: {offer}"
        )
    return _Order(version, quantity, reason)
