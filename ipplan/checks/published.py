"""Published ranges: overlaps with IBM Cloud, Kubernetes platforms, and special-purpose space of IANA.

One network and one published row make one finding. Of rows with the same addresses, only the gravest is named, and
of those the most specific. IBM's own rows overlap each other by design (customer /24s are inside service networks),
so IBM is never reported against IBM.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ipplan.addresses import PrefixIndex, RangeSet, parse_prefix
from ipplan.catalog import KEEP_CLEAR, PLATFORM_TITLES
from ipplan.checks.iks import in_iks_window, is_old_service_range
from ipplan.checks.labels import label
from ipplan.checks.registry import rule
from ipplan.checks.sources import IKS, IPS
from ipplan.findings import SEVERITIES, Finding, Severity, Source
from ipplan.plan.model import Shown

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from ipplan.addresses import Prefix
    from ipplan.catalog import Reservation
    from ipplan.checks.context import Context
    from ipplan.checks.registry import Rule
    from ipplan.findings import KeyPath
    from ipplan.landscape.ends import End
    from ipplan.plan.model import Network

_IANA = Source(
    "IANA IPv4 and IPv6 Special-Purpose Address Registries",
    "https://www.iana.org/assignments/iana-ipv4-special-registry/",
)
_DOCKER = Source(
    "moby/moby libnetwork/ipamutils/utils.go",
    "https://github.com/moby/moby/blob/1a6ba91/libnetwork/ipamutils/utils.go",
)
_VPC = Source(
    "IBM Cloud docs, vpc: regions and subnets",
    "https://github.com/ibm-cloud-docs/vpc/blob/5e35410b/vpc-regions-and-subnets.md",
    "2026-07-02",
)
_BRIDGE = parse_prefix("172.17.0.0/16")
_SINGLE = 3
"""Report up to this many rows under one network one by one; more rows share one finding."""


class _Used(NamedTuple):
    """A range that the plan uses: that of a network, or what a link translates a network to.

    `provider` and `public` are those of the network that the addresses belong to.
    """

    of: Network | Shown
    prefix: Prefix
    provider: str
    public: bool | None

    @property
    def network(self) -> str:
        """The network that it is about."""
        return self.of.network if isinstance(self.of, Shown) else self.of.name

    @property
    def key(self) -> KeyPath:
        """Where the plan states the range."""
        return self.of.key if isinstance(self.of, Shown) else self.of.cidr_key

    @property
    def label(self) -> str:
        """Name and range for a message."""
        return f"{self.prefix}, {self.of.title}," if isinstance(self.of, Shown) else label(self.of)

    def suggest(self, context: Context) -> str | None:
        """Return where the range could move to, if it is a network's own."""
        return None if isinstance(self.of, Shown) else context.space.suggest(self.of)


_SCOPES = ("service", "private", "public")
"""The scopes of what IBM Cloud publishes; each has a rule of its own."""


@rule("error", source=IPS)
def ibm_service_overlap(context: Context) -> Iterator[Finding]:
    """A network overlaps the services network of IBM Cloud.

    Why: DNS, NTP, storage, operating system updates and provisioning are there in every data center, and every
    classic server has routes to it. Direct Link and VRFs drop the range. ICP's own defaults, 10.1.0.0/16 and
    10.0.0.0/16, are inside it.

    Do: move the network to space that IBM Cloud does not publish.
    """
    return _ibm(ibm_service_overlap, context, "service")


@rule("error", "warning", source=IPS)
def ibm_private_overlap(context: Context) -> Iterator[Finding]:
    """A network overlaps private space that IBM Cloud gives to its customers.

    Why: in the plan's own data centers IBM Cloud can assign these addresses to servers of the account, so it is an
    error; a plan that names no data center may use any. In other data centers it is a warning: it becomes an error
    when the account grows there.

    Do: move the network, or name the plan's data centers under plan.data-centers.
    """
    return _ibm(ibm_private_overlap, context, "private")


@rule("error", source=IPS)
def ibm_public_overlap(context: Context) -> Iterator[Finding]:
    """A network overlaps public ranges that IBM Cloud uses itself, such as front-end, load balancer and VPN.

    Why: traffic to IBM Cloud's own services would go to the plan's network.

    Do: use private space, or public space that the enterprise owns.
    """
    return _ibm(ibm_public_overlap, context, "public")


def _ibm(rule: Rule, context: Context, scope: str) -> Iterator[Finding]:
    for used, rows in context.once(_ibm_hits):
        hits = [(severity, row) for severity, row in rows if row.category.scope == scope]
        for severity in ("error", "warning"):
            yield from _on_rows(rule, context, severity, used, [row for s, row in hits if s == severity])


def _ibm_hits(context: Context) -> list[tuple[_Used, list[tuple[Severity, Reservation]]]]:
    """Return each range that overlaps IBM's ranges, with the rows to name: gravest first, then most specific."""
    rows = [r for r in context.catalog.reservations if r.category.scope in _SCOPES]
    special = RangeSet(r.prefix for r in context.special)

    def severity(row: Reservation) -> Severity:
        chosen = context.data_centers
        elsewhere = row.category.scope == "private" and row.data_center and chosen and row.data_center not in chosen
        return "warning" if elsewhere else "error"

    def look(used: _Used) -> list[tuple[Severity, Reservation]] | None:
        prefix = used.prefix
        touching = [
            row
            for row in context.catalog.overlapping(prefix)
            if row.category.scope in _SCOPES
            and not (used.public and row.category.scope == "public")
            # A block that IANA sets aside is reported once, by special-purpose-overlap.
            and not (row.category.name == "ibm-reserved-block" and special.covers(row.prefix))
        ]
        if used.public is False and any(
            row.category.scope == "private" and row.prefix.covers(prefix) for row in touching
        ):
            return None  # IBM Cloud provides this one, from space that it publishes for it
        if used.provider == "ibm":
            touching = [row for row in touching if row.category.scope == "service"]
        return _gravest(prefix, [(severity(row), row) for row in touching])

    # Thousands of networks may be equal; one look at the catalogue is enough for them.
    known: dict[tuple[Prefix, str, bool | None], list[tuple[Severity, Reservation]] | None] = {}
    hits = []
    for used in _touching(context, (r.prefix for r in rows)):
        if not isinstance(used.of, Shown) and is_old_service_range(used.of):
            continue  # IKS itself assigned it
        key = used.prefix, used.provider, used.public
        if key not in known:
            known[key] = look(used)
        if found := known[key]:
            hits.append((used, found))
    return hits


def _touching(context: Context, prefixes: Iterable[Prefix]) -> Iterator[_Used]:
    """Yield the ranges of the plan that overlap a prefix: networks, then what links translate them to."""
    rows = list(prefixes)
    for network in context.touching(rows):
        if network.prefix is not None and network.declared:
            yield _Used(network, network.prefix, network.kind.provider, network.kind.public)
    if context.shown:
        ranges = RangeSet(rows)
        for shown, around in context.shown:
            if ranges.overlaps(shown.prefix):
                if around is None:
                    yield _Used(shown, shown.prefix, "byoip", None)
                else:
                    yield _Used(shown, shown.prefix, around.kind.provider, around.kind.public)


def _gravest(prefix: Prefix, hits: list[tuple[Severity, Reservation]]) -> list[tuple[Severity, Reservation]]:
    """Return which rows to name: of those around a network one, of those inside it the outermost ones, if graver."""
    around = [(s, row) for s, row in hits if row.prefix.covers(prefix)]
    kept: list[tuple[Severity, Reservation]] = []
    graver = SEVERITIES
    if around:
        kept.append(min(around, key=lambda hit: (SEVERITIES.index(hit[0]), -hit[1].prefix.length)))
        graver = SEVERITIES[: SEVERITIES.index(kept[0][0])]
    inside = [(s, row) for s, row in hits if not row.prefix.covers(prefix)]
    for wanted in graver:
        covering = {row.prefix for _, row in kept if not around}
        lengths = {found.length for found in covering}
        for hit in sorted((h for h in inside if h[0] == wanted), key=lambda h: (h[1].prefix.length, h[1].prefix)):
            found = hit[1].prefix
            if not any(found.supernet(length) in covering for length in lengths):
                covering.add(found)
                lengths.add(found.length)
                kept.append(hit)
    return sorted(kept, key=lambda hit: hit[1].prefix)


def _on_rows(
    rule: Rule, context: Context, severity: Severity, used: _Used, rows: list[Reservation]
) -> Iterator[Finding]:
    """Yield one finding for each row, or one for all if there are many."""
    if not rows:
        return
    if len(rows) > _SINGLE:
        largest = min(rows, key=lambda r: (r.prefix.length, r.prefix))
        centers = {r.data_center for r in rows if r.data_center}
        where = f" in {len(centers)} data centers" if len(centers) > 1 else ""
        yield rule.finding(
            f"{used.label} overlaps {len(rows):,} ranges of IBM Cloud{where}, the largest {_row(largest)}",
            used.key,
            severity=severity,
            networks=(used.network,),
            cidrs=(used.prefix, *(r.prefix for r in rows)),
            overlap=used.prefix.shared(largest.prefix),
            help=used.suggest(context),
            source=largest.source,
        )
        return
    for row in rows:
        yield rule.finding(
            f"{used.label} overlaps {_row(row)}",
            used.key,
            severity=severity,
            networks=(used.network,),
            cidrs=(used.prefix, row.prefix),
            overlap=used.prefix.shared(row.prefix),
            because=_doubts(row),
            help=used.suggest(context),
            source=row.source,
        )


def _doubts(row: Reservation) -> tuple[str, ...]:
    return (f"the published row is doubtful: {row.note}",) if row.note and "suspect" in row.note else ()


def _row(row: Reservation) -> str:
    """Return a published row for a message: title, range, data center, pod, edition."""
    title, details = row.title, [x for x in (row.data_center, row.pod) if x]
    if row.category.owner == "ibm":
        if not title.startswith("IBM Cloud") and not row.category.name.startswith("ibm-platform-"):
            title = f"IBM Cloud {title}"
        if row.category.scope in _SCOPES and not row.category.name.endswith("-block"):
            details.append(f"edition {row.source.date}")
    return f"{title} {row.prefix}" + (f" ({', '.join(details)})" if details else "")


@rule("error", source=_IANA)
def special_purpose_overlap(context: Context) -> Iterator[Finding]:
    """A network overlaps space that IANA reserves for a special purpose other than private use.

    Why: hosts and routers treat loopback, link-local, multicast, documentation and similar space in special ways.
    They drop packets to it, or send them elsewhere.

    Do: use private space: 10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16 or fc00::/7.
    """
    for used, rows in _hits(context, context.special):
        if not _in_iks_window(used):
            yield from _most_specific(special_purpose_overlap, context, used, rows)


@rule("error", "warning", "note", source=IKS)
def kubernetes_reserved_overlap(context: Context) -> Iterator[Finding]:
    """A network overlaps space that a Kubernetes platform reserves for itself.

    Why: the control plane of IKS uses 172.16.0.0/16 and 172.18.0.0 to 172.20.255.255, and workers can reach nothing
    else at these addresses. OpenShift and Satellite reserve ranges of their own. It is an error if the plan has the
    platform, a warning if keep-clear names it, and otherwise a note for BYOIP networks. For pods and services of
    IKS, iks-subnet-not-allowed decides instead.

    Do: move the network. If you will never use the platform with the plan, remove it from keep-clear under [plan].
    """
    return _platform_hits(kubernetes_reserved_overlap, context, "kubernetes")


@rule("warning", source=_VPC)
def cloud_platform_overlap(context: Context) -> Iterator[Finding]:
    """A network overlaps space of IBM Cloud VPC or VCF as a Service, and keep-clear names that platform.

    Why: a transit gateway joins all prefixes of a VPC and all subnets of the classic network, so they must not
    overlap. A VDC of VCF as a Service reaches the transit gateway over 198.18.0.0/15, so pods in that range cannot
    reach the VDC.

    Do: move the network. The default prefixes of VPC differ by account: write your own under [[avoid]], and remove
    vpc from keep-clear under [plan].
    """
    return _platform_hits(cloud_platform_overlap, context, "ibm")


def _platform_hits(rule: Rule, context: Context, owner: str) -> Iterator[Finding]:
    """Yield a finding for each range of the plan and each row of a platform that matters to it.

    Rows that another rule always reports are skipped: special-purpose space, and IBM Cloud's services network.
    """
    named = context.plan.keep_clear or ()
    rows = [
        row
        for row in context.catalog.reservations
        if row.category.owner == owner
        and row.prefix != _BRIDGE
        and row.keep_clear is not None
        and (row.category.scope == "reserved" or row.keep_clear in named)
    ]
    index = PrefixIndex([row.prefix for row in rows])
    for used in _touching(context, index.prefixes) if rows else ():
        reported, in_use = context.once(_reported_elsewhere)
        accepted = _in_iks_window(used)
        hits: list[tuple[Severity, Reservation]] = []
        for row in (rows[i] for i in index.overlapping(used.prefix)):
            if reported.covers(row.prefix) and not accepted:
                continue
            if row.keep_clear == "iks" and row.prefix in in_use:
                continue  # network-overlap reports it
            if (severity := _severity(context, used, row, accepted=accepted)) is not None:
                hits.append((severity, row))
        hits.sort(key=lambda hit: KEEP_CLEAR.index(hit[1].keep_clear or ""))
        for severity, row in _gravest(used.prefix, hits):
            equal = [r.keep_clear for s, r in hits if s == severity and r.prefix == row.prefix]
            yield _platform_finding(rule, context, severity, used, row, equal)


def _reported_elsewhere(context: Context) -> tuple[RangeSet, frozenset[Prefix | None]]:
    """Return special-purpose space with IBM Cloud's services network, and the pod and service ranges of IKS in use."""
    services = (r.prefix for r in context.catalog.reservations if r.category.scope == "service")
    in_use = (n.prefix for n in (*context.provided_by("default"), *context.plan.defaults))
    return RangeSet([*(r.prefix for r in context.special), *services]), frozenset(in_use)


def _severity(context: Context, used: _Used, row: Reservation, *, accepted: bool) -> Severity | None:
    """Return the severity of an overlap with a row of a platform; None if it does not matter.

    `accepted` says that the range is a pod or service range that IKS accepts.
    """
    plan = context.plan
    if row.keep_clear in ("iks", "vpc") and accepted:
        return None  # of VPC, only default prefixes of VPCs with classic access lie there, and none is new
    if row.keep_clear in plan.platforms and row.category.scope == "reserved":
        return "error"
    if row.keep_clear in (plan.keep_clear or ()):
        return "warning"
    return "note" if used.provider == "byoip" and row.category.scope == "reserved" else None


def _platform_finding(
    rule: Rule,
    context: Context,
    severity: Severity,
    used: _Used,
    row: Reservation,
    platforms: Iterable[str | None],
) -> Finding:
    """Return the finding about a row; `platforms` are those that reserve it, as keep-clear names them."""
    names = [PLATFORM_TITLES[p] for p in dict.fromkeys(platforms) if p is not None]
    because = {
        "error": f"the plan has {PLATFORM_TITLES[row.keep_clear or '']}",
        "warning": f"keep-clear under [plan] names {row.keep_clear}",
        "note": f"it matters only with {' or '.join(names)}, which the plan does not have",
    }
    return rule.finding(
        f"{used.label} overlaps {_row(row)}",
        used.key,
        severity=severity,
        networks=(used.network,),
        cidrs=(used.prefix, row.prefix),
        overlap=used.prefix.shared(row.prefix),
        because=(because[severity], *_doubts(row)),
        help=None if severity == "note" else used.suggest(context),
        source=row.source,
    )


@rule("error", "warning", "note", source=_DOCKER)
def container_bridge_overlap(context: Context) -> Iterator[Finding]:
    """A network overlaps 172.17.0.0/16, the range of the bridge docker0 that Docker creates on every host.

    Why: every ICP node has this bridge, and packets to the range stay on the node. So it is an error for a network
    that ICP nodes have to reach. For other networks it is a warning if keep-clear names containers or openshift,
    and otherwise a note for BYOIP networks. IKS accepts the range for pods and services.

    Do: move the network, or give the hosts another bridge range ("bip" in Docker's daemon.json).
    """
    rows = context.catalog.reservations
    row = next((r for r in rows if r.platform == "docker" and r.prefix == _BRIDGE), None)
    if row is None:
        return
    named = {"containers", "openshift"}.intersection(context.plan.keep_clear or ())
    for used in _touching(context, (_BRIDGE,)):
        cluster = _icp_cluster_reaching(context, used)
        severity: Severity
        if cluster is not None:
            severity, because = "error", f"the nodes of {cluster.title} have to reach it"
        elif _in_iks_window(used):
            continue
        elif named:
            severity, because = "warning", f"keep-clear under [plan] names {min(named)}"
        elif used.provider == "byoip":
            severity, because = (
                "note",
                "it matters only to hosts with Docker, and no ICP node has to reach it",
            )
        else:
            continue
        yield container_bridge_overlap.finding(
            f"{used.label} overlaps {_row(row)}",
            used.key,
            severity=severity,
            networks=(used.network,),
            cidrs=(used.prefix, _BRIDGE),
            overlap=used.prefix.shared(_BRIDGE),
            because=(because,),
            help=None if severity == "note" else used.suggest(context),
            source=row.source,
        )


def _icp_cluster_reaching(context: Context, used: _Used) -> End | None:
    """Return the first ICP cluster by name whose nodes have to reach a range of the plan; None if none has to."""
    if "containers" not in context.plan.platforms:
        return None
    from ipplan.landscape.ends import Carried, End

    if isinstance(used.of, Shown):
        item = Carried(context.once(_by_name)[used.network], used.prefix)
    elif used.of.kind.platform == "icp":
        return End("icp", used.of.cluster)
    else:
        item = Carried(used.of)
    return context.landscape.tables.icp_cluster_leading_to(item)


def _by_name(context: Context) -> dict[str, Network]:
    return {network.name: network for network in context.plan.taking_part()}


@rule("note", source=IPS)
def classic_route_overlap(context: Context) -> Iterator[Finding]:
    """BYOIP networks lie in 10.0.0.0/8, which every classic server routes to the BCR.

    Why: classic servers, gateways and firewalls have a static route for the whole block to IBM's back-end customer
    router (BCR), which does not know networks behind an ESG.

    Do: add a more specific route to the ESG on every device that has to reach them.
    """
    routes = [r for r in context.catalog.reservations if r.category.scope == "route" and r.prefix.length > 0]
    names, first = [], None
    for network in context.touching(r.prefix for r in routes):
        if network.kind.provider == "byoip" and network.declared and not network.kind.internal:
            first = first or network
            names.append(network.name)
    if first is not None:
        one = len(names) == 1
        count = "one network lies" if one else f"{len(names):,} networks lie"
        need = "it needs a more specific route" if one else "they need more specific routes"
        yield classic_route_overlap.finding(
            f"{count} in {routes[0].prefix}, which every classic server routes to the BCR: {need}",
            first.cidr_key,
            networks=tuple(names),
            cidrs=(routes[0].prefix,),
            source=routes[0].source,
        )


def _hits(context: Context, rows: Iterable[Reservation]) -> Iterator[tuple[_Used, list[Reservation]]]:
    """Yield each range of the plan that overlaps a row, with those rows."""
    rows = list(rows)
    for used in _touching(context, (r.prefix for r in rows)):
        yield used, [row for row in rows if row.prefix.overlaps(used.prefix)]


def _in_iks_window(used: _Used) -> bool:
    return not isinstance(used.of, Shown) and in_iks_window(used.of)


def _most_specific(rule: Rule, context: Context, used: _Used, rows: list[Reservation]) -> Iterator[Finding]:
    """Yield a finding for the most specific row around a range, or for each outermost row inside it."""
    prefix = used.prefix
    around = [row for row in rows if row.prefix.covers(prefix)]
    if around:
        chosen = [max(around, key=lambda row: row.prefix.length)]
    else:
        chosen = []
        for row in sorted(rows, key=lambda row: row.prefix):
            if not any(other.prefix.covers(row.prefix) for other in chosen):
                chosen.append(row)
    for row in chosen:
        yield rule.finding(
            f"{used.label} overlaps {_row(row)}",
            used.key,
            networks=(used.network,),
            cidrs=(prefix, row.prefix),
            overlap=prefix.shared(row.prefix),
            help=used.suggest(context),
            source=row.source,
        )
