"""Networks of IBM Cloud: allowed ranges and sizes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ipplan.addresses import RangeSet
from ipplan.checks.iks import in_iks_window, windows_for
from ipplan.checks.labels import label, ranges_of
from ipplan.checks.registry import rule
from ipplan.checks.sources import IKS, IKS_CREATE, IPS
from ipplan.findings import Related, Source, format_key

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ipplan.catalog import SubnetSize
    from ipplan.checks.context import Context
    from ipplan.findings import Finding
    from ipplan.plan.model import Network

_SUBNETS = Source(
    "IBM Cloud docs, subnets: about subnets",
    "https://github.com/ibm-cloud-docs/subnets/blob/7a63cfe/about.md",
    "2025-06-02",
)


@rule("warning", source=IPS)
def unpublished_subnet(context: Context) -> Iterator[Finding]:
    """A private subnet lies outside the ranges that IBM Cloud publishes for its data center.

    Why: IBM Cloud assigns private subnets from the customer private ranges of the data center, so the range or the
    data center is probably mistyped. The data center is that of the network, else of its cluster, else of its edge,
    else those of plan.data-centers.

    Do: compare with the account (`ibmcloud sl subnet list`), and correct the range or the data center.
    """
    rows = [r for r in context.catalog.reservations if r.category.scope == "private"]
    if not rows:
        return  # editions before 2022-02-10 have no table of customer private ranges
    plan_wide = frozenset(context.plan.data_centers)
    published: dict[frozenset[str], RangeSet] = {}
    for network in context.provided_by("ibm"):
        prefix = network.prefix
        if network.kind.public is not False or prefix is None:
            continue
        stated = context.center_of(network)
        chosen = plan_wide if stated is None else frozenset((stated[0],))
        if chosen not in published:
            published[chosen] = RangeSet(
                r.prefix for r in rows if not chosen or r.data_center is None or r.data_center in chosen
            )
        if published[chosen].covers(prefix):
            continue
        elsewhere = sorted({r.data_center for r in rows if r.data_center and r.prefix.covers(prefix)})
        where = ", ".join(sorted(chosen)) or "any data center"
        help_ = None
        if elsewhere:
            correction = (
                f"add {elsewhere[0]} to plan.data-centers"
                if stated is None
                else f'write {format_key(stated[1])} = "{elsewhere[0]}"'
            )
            help_ = f"if the subnet is really yours, {correction}"
        yield unpublished_subnet.finding(
            f"{label(network)} is not in the customer private ranges that IBM Cloud publishes for {where}",
            network.cidr_key,
            networks=(network.name,),
            cidrs=(prefix,),
            related=() if stated is None else (Related(stated[1]),),
            because=(f"the range is published for {', '.join(elsewhere)}",) if elsewhere else (),
            help=help_,
        )


@rule("error", source=_SUBNETS)
def address_scope_mismatch(context: Context) -> Iterator[Finding]:
    """A public subnet has a private range, or a private subnet a public one.

    Why: public subnets are routed on the internet, private ones only inside IBM Cloud. NAT rules and tunnels that
    use the wrong one never carry a packet.

    Do: correct the range, or the kind of the network.
    """
    private = RangeSet(r.prefix for r in context.catalog.reservations if r.category.name == "iana-private-use")
    customer = RangeSet(r.prefix for r in context.catalog.reservations if r.category.scope == "private")
    for network in context.provided_by("ibm"):
        prefix = network.prefix
        if network.kind.public is None or prefix is None:
            continue
        if network.kind.public and private.overlaps(prefix):
            is_what, has_what, other = "public", "private", "-private"
        elif not network.kind.public and not private.overlaps(prefix) and not customer.overlaps(prefix):
            is_what, has_what, other = "private", "public", "-public"
        else:
            continue
        twin = network.kind.name.rpartition("-")[0] + other
        yield address_scope_mismatch.finding(
            f"{label(network)} is a {has_what} range, but its kind {network.kind.name} is {is_what}",
            network.cidr_key,
            networks=(network.name,),
            cidrs=(prefix,),
            help=f'write kind = "{twin}" if the range is right'
            if network.kind.name.endswith(("-public", "-private"))
            else None,
        )


@rule("error", "warning", source=_SUBNETS, judges="in service")
def unsold_size(context: Context) -> Iterator[Finding]:
    """An IBM-provided subnet has a size that IBM Cloud does not sell or assign for this type of subnet.

    Why: the order would fail, or the range in the plan is not the range of the account. Portable subnets are sold
    in fixed sizes, so another size is an error. Primary subnets are assigned; a size other than the documented one
    is a warning.

    Do: write a size that exists, or compare with the account.
    """
    from ipplan.catalog import subnet_sizes

    sizes: dict[tuple[str, int], list[SubnetSize]] = {}
    for size in subnet_sizes():
        if size.since is None or size.since <= context.catalog.edition:
            sizes.setdefault((size.kind, size.version), []).append(size)
    for network in context.provided_by("ibm"):
        subnet_type = network.kind.subnet_type
        length = network.prefix.length if network.prefix else network.length
        if subnet_type is None or length is None:
            continue
        version = network.prefix.version if network.prefix else (6 if length > 32 else 4)
        scope = "public" if network.kind.public else "private"
        names = (network.kind.name, f"{subnet_type}-{scope}", subnet_type)
        known = next((sizes[name, version] for name in names if (name, version) in sizes), None)
        if known is None:
            if version == 6 and not network.kind.public:
                yield _unsold(network, length, "IBM Cloud's private network has IPv4 only", "error", None)
            continue
        size = max(known, key=lambda s: s.since or "")
        if size.shortest <= length <= size.longest:
            continue
        allowed = f"/{size.longest}" if size.shortest == size.longest else f"/{size.longest} to /{size.shortest}"
        if subnet_type == "portable":
            yield _unsold(network, length, f"portable subnets of this kind are sold as {allowed}", "error", size.source)
        else:
            yield _unsold(
                network,
                length,
                f"IBM Cloud documents {allowed} for this primary subnet",
                "warning",
                size.source,
            )


def _unsold(network: Network, length: int, why: str, severity: str, source: Source | None) -> Finding:
    what = str(network.prefix) if network.prefix else f"/{length}"
    return unsold_size.finding(
        f"{network.name} {what}: IBM Cloud has no {network.kind.name} subnet of this size",
        (*network.key, "cidr" if network.prefix else "prefix"),
        severity="error" if severity == "error" else "warning",
        networks=(network.name,),
        cidrs=ranges_of(network),
        because=(why,),
        source=source,
    )


@rule("error", source=IKS_CREATE)
def iks_subnet_not_allowed(context: Context) -> Iterator[Finding]:
    """A pod or service range of an IKS cluster lies outside the windows that IKS accepts.

    Why: `ibmcloud ks cluster create classic` rejects it. IKS accepts 172.17.0.0/16, 172.21.0.0 to 172.31.255.255,
    192.168.0.0/16 and 198.18.0.0/15, and nothing in 10.0.0.0/8.

    Do: choose a range in one of the windows.
    """
    for network in context.provided_by("default"):
        if network.prefix is None or in_iks_window(network):
            continue
        windows = windows_for(network.kind)
        yield iks_subnet_not_allowed.finding(
            f"{label(network)} is not in a range that IKS accepts for {network.kind.role}s",
            network.cidr_key,
            networks=(network.name,),
            cidrs=(network.prefix, *(w.prefix for w in windows)),
            because=(f"IKS accepts {', '.join(str(w.prefix) for w in windows)}",),
            source=windows[0].source if windows else None,
        )


@rule("error", source=IKS_CREATE, judges="in service")
def iks_subnet_too_small(context: Context) -> Iterator[Finding]:
    """A pod or service range of an IKS cluster is smaller than IKS accepts: /23 for pods, /24 for services.

    Why: the cluster cannot be created with it.

    Do: make the range larger.
    """
    for network in context.provided_by("default"):
        prefix = network.prefix
        if prefix is None:
            continue
        window = next(iter(windows_for(network.kind)), None)
        if window is not None and prefix.version == 4 and prefix.length > window.longest:
            yield iks_subnet_too_small.finding(
                f"{label(network)} is smaller than the /{window.longest} that IKS needs for {network.kind.role}s",
                network.cidr_key,
                networks=(network.name,),
                cidrs=(prefix,),
                source=window.source,
            )


@rule("warning", source=IKS, judges="in service")
def size_without_effect(context: Context) -> Iterator[Finding]:
    """A network states a size, but its platform gives it a default range.

    Why: the plan reads as if the range had the stated size, but it has the size of the default.

    Do: write a cidr, or name a pool to have the range allocated.
    """
    for network in context.provided_by("default"):
        stated = network.length is not None or network.hosts is not None
        if network.prefix is None and network.pool is None and stated:
            default = next(n for n in context.plan.defaults if n.name == network.name)
            yield size_without_effect.finding(
                f"{network.name} gets the default range {default.prefix}; the size that it states has no effect",
                (*network.key, "prefix" if network.length is not None else "hosts"),
                networks=(network.name,),
                cidrs=ranges_of(default),
                help="write a cidr, or name a pool to allocate a range of that size",
            )
