"""The `[networks]` of a plan: each entry as a `Network`, checked against clusters, pools and sites of the plan."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ipplan.addresses import AddressError, parse_prefix
from ipplan.findings import LONGEST_NAME, KeyPath, format_key
from ipplan.plan.format import LONGEST_TEXT, TABLES
from ipplan.plan.kinds import KINDS
from ipplan.plan.methods import ENTERPRISE
from ipplan.plan.model import Network
from ipplan.plan.problems import list_names, show
from ipplan.plan.values import check_name, read_entry

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from ipplan.addresses import Prefix
    from ipplan.plan.kinds import Kind
    from ipplan.plan.model import Cluster
    from ipplan.plan.problems import Problems

_TABLE = TABLES["networks"]
_UNKNOWN = KINDS["enterprise"]
"""Stands for a kind that is not known, while the other values of the network are checked."""


def read_networks(
    problems: Problems,
    document: dict[str, Any],
    clusters: Mapping[str, Cluster],
    pools: Collection[Prefix],
    sites: Collection[str],
) -> tuple[Network, ...]:
    """Return the networks of a document, in its order; linear in their number.

    The rows of the document are removed one by one: they are most of the memory of a large plan.
    """
    rows = document.get(_TABLE.name, {})
    if not isinstance(rows, dict):
        problems.wrong_type((_TABLE.name,), rows, "a table", f"write {_TABLE.heading} above each network")
        return ()
    reader = _NetworkReader(problems, clusters, pools, sites)
    found: list[Network] = []
    for name, row in rows.items():
        network = _read_plain(name, row) or reader.network(name, row)
        if network is not None:
            found.append(network)
        rows[name] = None
    return tuple(found)


def _read_plain(name: str, row: Any) -> Network | None:
    """Return a network that has only a kind, one of cidr and prefix, and a description, as most have.

    Returns None for any other network, and for one with a problem: `_NetworkReader` reads those. This halves the time
    to read a plan of a hundred thousand networks.
    """
    if type(row) is not dict or not 0 < len(name) <= LONGEST_NAME:
        return None
    kind_name, cidr, length, text = row.get("kind"), row.get("cidr"), row.get("prefix"), row.get("description")
    kind = KINDS.get(kind_name) if type(kind_name) is str else None
    if (
        kind is None
        or kind.platform
        or len(row) != (2 if text is None else 3)
        or (text and (type(text) is not str or len(text) > LONGEST_TEXT))
    ):
        return None
    prefix = None
    if type(cidr) is str:
        try:
            prefix = parse_prefix(cidr)
        except AddressError:
            return None
    elif type(length) is not int or not 0 <= length <= 128 or kind.provider == "enterprise":
        return None
    # Replace the fields of a tuple of defaults: a call with keywords takes twice as long.
    fields = (name, kind, prefix, None, None, length, None, None, None, None, (), text, *_LAST_DEFAULTS)
    return tuple.__new__(Network, fields)


_LAST_DEFAULTS = tuple(Network._field_defaults[field] for field in Network._fields[12:])
"""The defaults of the fields after `description`."""


class _NetworkReader:
    """Reads networks one by one; holds what they can refer to."""

    def __init__(
        self,
        problems: Problems,
        clusters: Mapping[str, Cluster],
        pools: Collection[Prefix],
        sites: Collection[str],
    ) -> None:
        self._problems = problems
        self._clusters = clusters
        self._pools = pools
        self._sites = sites or (ENTERPRISE,)
        self._by_platform: dict[str, list[str]] = {}
        for cluster in clusters.values():
            self._by_platform.setdefault(cluster.platform, []).append(cluster.name)

    def network(self, name: str, row: Any) -> Network | None:
        """Return the network, None if its kind is not known; a network with another problem is not a valid one."""
        at: KeyPath = (_TABLE.name, name)
        if not isinstance(row, dict):
            self._problems.wrong_type(at, row, "a table", f"write [{format_key(at)}] above its keys")
            return None
        check_name(self._problems, at)
        values = read_entry(self._problems, row, at, _TABLE)
        kind = KINDS.get(values.get("kind", ""))
        cluster = self._cluster(row, values, at, kind)
        prefix, written = values.get("cidr", (None, None))
        network = Network(
            name,
            kind or _UNKNOWN,
            prefix,
            written,
            cluster,
            values.get("prefix"),
            values.get("hosts"),
            values.get("grow-to"),
            values.get("group"),
            self._pool(values, at),
            values.get("addresses", ()),
            values.get("description"),
            values.get("edge"),
            site=values.get("site"),
            gateway_on=values.get("gateway-on"),
            data_center=values.get("data-center"),
            labels=values.get("labels", ()),
            vlan=values.get("vlan"),
            status=values.get("status"),
        )
        self._check(network)
        return None if kind is None else network

    def _cluster(self, row: Mapping[str, Any], values: Mapping[str, Any], at: KeyPath, kind: Kind | None) -> str | None:
        """Return the cluster of a network: the one that it names, else the only one of its platform."""
        name = values.get("cluster")
        if "cluster" not in row and kind is not None and kind.platform is not None:
            candidates = self._by_platform.get(kind.platform, [])
            if len(candidates) == 1:
                return candidates[0]
            if candidates:
                why = f"the plan has {len(candidates)} {kind.platform} clusters"
                self._problems.missing((*at, "cluster"), why, f"write one of {list_names(candidates)}")
            return None
        if name is None:
            return None
        if name not in self._clusters:
            self._problems.unknown_reference((*at, "cluster"), name, self._clusters, "cluster")
            return None
        platform = self._clusters[name].platform
        if kind is not None and kind.platform not in (None, platform):
            self._problems.bad_value(
                (*at, "cluster"),
                f"is {show(name)}, a cluster of platform {platform}; a network of kind {kind.name} belongs to {kind.platform}",
                f"name an {kind.platform} cluster, or change the kind",
            )
        return str(name)

    def _pool(self, values: Mapping[str, Any], at: KeyPath) -> Prefix | None:
        """Return the pool that a network is allocated from, which has to be one of the plan."""
        pool: Prefix | None = values.get("pool", (None,))[0]
        if pool is not None and pool not in self._pools:
            known = () if self._problems.full else [str(prefix) for prefix in sorted(self._pools)]
            self._problems.unknown_reference((*at, "pool"), str(pool), known, "pool in plan.byoip")
        return pool

    def _check(self, network: Network) -> None:
        """Report values that are valid by themselves and contradict each other."""
        at, kind = network.key, network.kind
        own = network.prefix.length if network.prefix else network.length
        if network.grow_to is not None and own is not None and network.grow_to > own:
            self._problems.bad_value(
                (*at, "grow-to"),
                f"is /{network.grow_to}, smaller than the network itself, a /{own}",
                f"write a prefix length below {own}, or leave it out",
            )
        if network.site is not None and kind.provider == "enterprise" and network.site not in self._sites:
            self._problems.unknown_reference((*at, "site"), network.site, self._sites, "site")
        cluster = self._clusters.get(network.cluster or "")
        if (
            kind.router is not None
            and cluster is not None
            and None not in (network.edge, cluster.edge)
            and network.edge != cluster.edge
        ):
            self._problems.bad_value(
                (*at, "edge"),
                f"is {show(network.edge)}, and its cluster {cluster.name} is behind edge {show(cluster.edge)}",
                "name the edge in one of the two places",
            )
