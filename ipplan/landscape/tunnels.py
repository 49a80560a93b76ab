"""Derive the tunnels of a plan: which end opens each, at which addresses, with which subnets.

Sources: strongSwan chart as shipped (lionelmace/ibmcloud-utils @3351a0f, 2024-05-06); IKS dials out to ICP: IBM Cloud docs,
containers cs_hybrid.md, 2018-08-27; the ends of the reference architecture: architecture.md of vmware-solutions, 2018-11-20.
"""

from __future__ import annotations

from collections import Counter
from functools import cached_property
from typing import TYPE_CHECKING

from ipplan.landscape.edge_addresses import esg_address
from ipplan.landscape.ends import UPLINKS
from ipplan.landscape.holders import find_named, first_named, pick
from ipplan.landscape.model import HostAddress, Translation, Tunnel, TunnelEnd
from ipplan.plan import names
from ipplan.plan.names import as_labels

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from ipplan.addresses import Prefix
    from ipplan.landscape.ends import Carried, End, Joint
    from ipplan.landscape.folding import Folder
    from ipplan.landscape.plan_ends import Ends
    from ipplan.plan.methods import Pair
    from ipplan.plan.model import Network

TUNNELS = frozenset({"strongswan", "ipsec", "gre"})
"""The methods that make a tunnel between two gateways."""
BETWEEN_CLUSTERS: tuple[Pair, ...] = ("iks-icp", "icp-icp")
"""The pairs of clusters with ICP on one side."""
_SITE_END = (*names.TUNNEL, "ipsec", "gre")
"""The names of addresses that an enterprise network sets aside for the end of a tunnel."""


def translations(items: Iterable[Carried]) -> tuple[Translation, ...]:
    """Return the translations of one side of a link, for networks that have a range."""
    return tuple(
        Translation(item.network.name, item.network.prefix, item.shown)
        for item in items
        if item.shown is not None and item.network.prefix is not None
    )


def translates_both(joint: Joint, end: End) -> bool:
    """Return whether one end of a link translates both sides.

    The strongSwan of an IKS cluster does so towards edges and ICP, and the router of a site towards IBM Cloud.
    """
    if end.kind == "site":
        return joint.pair == "site-private"
    return end.kind == "iks" and joint.pair in ("iks-edge", "iks-icp")


class Tunnels:
    """The tunnels of a plan. Ends that do not depend on their far end are shared."""

    def __init__(self, ends: Ends, folder: Folder) -> None:
        self._ends = ends
        self._folder = folder
        self._made: dict[Joint, Tunnel | None] = {}
        # By identity: links of the short form share the tuple of the networks that they carry.
        self._subnets: dict[tuple[int, bool], tuple[Prefix, ...]] = {}
        self._made_ends: dict[tuple[object, ...], TunnelEnd] = {}
        # The ends of clusters that the short form joins with every partner alike.
        self._plain: dict[End, TunnelEnd] = {}

    @cached_property
    def _cluster_labels(self) -> Mapping[str | None, str]:
        found: dict[str | None, str] = {None: "cluster"}
        found.update(as_labels(self._ends.plan.clusters).items())
        return found

    @cached_property
    def _labels(self) -> Mapping[tuple[str, str | None], str]:
        found: dict[tuple[str, str | None], str] = {
            ("edge", name): label for name, label in as_labels(self._ends.plan.edge_names).items()
        }
        found["edge", None] = "esg"
        sites = as_labels(s.name or "" for s in self._ends.sites)
        found |= {("site", name): label for name, label in sites.items()}
        return found

    @cached_property
    def _declared(self) -> Mapping[str, int]:
        """The number of clusters of each platform that the plan declares."""
        return Counter(cluster.platform for cluster in self._ends.plan.clusters.values())

    def of(self, joint: Joint) -> Tunnel | None:
        """Return the tunnel of a link; None for another method, or where one side has no networks."""
        if joint.method not in TUNNELS:
            return None
        if joint not in self._made:
            self._made[joint] = self._make(joint)
        return self._made[joint]

    def of_end(self, end: End) -> list[Tunnel]:
        """Return the tunnels that end at a cluster, an edge or a site."""
        found = (self.of(joint) for joint in self._ends.links.of(end) if joint.method in TUNNELS)
        return [tunnel for tunnel in found if tunnel is not None]

    def far_end(self, joint: Joint, end: End) -> TunnelEnd | None:
        """Return the far end of the tunnel of a link, without making the whole tunnel; None without a tunnel."""
        if joint.method not in TUNNELS:
            return None
        far_end = joint.far(end)
        if joint.link is None and joint.pair == "iks-icp":
            near, far = self._plain.get(end), self._plain.get(far_end)
            if near is not None and far is not None:
                return far if near.subnets and far.subnets else None
        private = self.ends_privately(joint)
        near, far = self._end(joint, end, private=private), self._end(joint, far_end, private=private)
        return far if near.subnets and far.subnets else None

    def of_icp(self, cluster: End) -> Iterator[Tunnel]:
        """Yield the tunnels of an ICP cluster to other clusters."""
        for pair in BETWEEN_CLUSTERS:
            for joint in self._ends.links.of_pair(cluster, pair):
                if (tunnel := self.of(joint)) is not None:
                    yield tunnel

    def end_of(self, joint: Joint, end: End) -> TunnelEnd:
        """Return one end of a tunnel, even if the other has no networks yet."""
        return self._end(joint, end, private=self.ends_privately(joint))

    def ends_privately(self, joint: Joint) -> bool:
        """Return whether a tunnel runs between private addresses.

        For a cluster and an edge the named addresses decide. The tunnel of a site is private where a routed link joins the
        site with IBM Cloud, that between edges where one of them has no public uplink.
        """
        ends = self._ends
        if joint.pair == "iks-edge":
            return ends.tunnel_addresses.ends_privately(joint, joint.first)
        if joint.pair == "site-edge":
            return any(j.pair == "site-private" and j.link is not None for j in ends.links.of(joint.first)) or (
                not ends.of_edge(joint.second, UPLINKS["public"])
            )
        if joint.pair == "edge-edge":
            return not all(ends.of_edge(e, UPLINKS["public"]) for e in (joint.first, joint.second))
        return False

    def _make(self, joint: Joint) -> Tunnel | None:
        private = self.ends_privately(joint)
        near, far = (self._end(joint, end, private=private) for end in (joint.first, joint.second))
        if not near.subnets or not far.subnets:
            return None
        ike = self._ends.plan.ike or 2
        near_nat: tuple[Translation, ...] = ()
        far_nat: tuple[Translation, ...] = ()
        if joint.link is not None and joint.link.nat:
            near_nat = translations(self._ends.carriage.carried(joint, joint.first))
            far_nat = translations(self._ends.carriage.carried(joint, joint.second))
        if joint.first.kind == joint.second.kind and far.gateway is None and near.gateway is not None:
            # Only one end has an address to listen at, whichever the link names first.
            return Tunnel(joint, far, near, ike, private, far_nat, near_nat)
        return Tunnel(joint, near, far, ike, private, near_nat, far_nat)

    def subnets(self, joint: Joint, end: End) -> tuple[Prefix, ...]:
        """Return the networks of one side of a link in the fewest prefixes, as machines on the far side see them."""
        return self._fold(self._ends.carriage.carried(joint, end), real=False)

    def policy(self, joint: Joint, end: End) -> tuple[Prefix, ...]:
        """Return the same prefixes as they are inside the tunnel.

        These are the shown ones if their own side translates, and the real ones if the strongSwan of an IKS cluster at the
        other end does.
        """
        if joint.link is None or not joint.link.nat:
            return self.subnets(joint, end)
        return self._fold(self._ends.carriage.carried(joint, end), real=translates_both(joint, joint.far(end)))

    def _fold(self, items: tuple[Carried, ...], *, real: bool) -> tuple[Prefix, ...]:
        # Unlimited links of one end carry the same networks: fold them once. A translated network is not folded, because
        # remoteSubnetNAT of the chart has to name an entry of remote.subnet.
        key = (id(items), real)
        if key not in self._subnets:
            own = self._folder.fold(item for item in items if item.shown is None)
            single = [i.network.prefix if real else i.shown for i in items if i.shown is not None]
            self._subnets[key] = tuple(sorted({*own, *filter(None, single)})) if single else own
        return self._subnets[key]

    def _end(self, joint: Joint, end: End, *, private: bool) -> TunnelEnd:
        """Return one end of a tunnel; tunnels share it if it does not depend on the far end."""
        alike = joint.link is None and joint.pair == "iks-icp"
        if alike and (plain := self._plain.get(end)) is not None:
            return plain
        subnets, policy = self.subnets(joint, end), self.policy(joint, end)
        named = self._named_for(joint, end) if end.kind == "iks" and not private else None
        key = (end, joint.pair, private, id(subnets), id(policy), named)
        if key not in self._made_ends:
            self._made_ends[key] = self._make_end(joint, end, subnets, policy, named, private=private)
        if alike and (end.kind == "icp" or not self._ends.tunnel_addresses.by_name(end)):
            self._plain[end] = self._made_ends[key]
        return self._made_ends[key]

    def _make_end(
        self,
        joint: Joint,
        end: End,
        subnets: tuple[Prefix, ...],
        policy: tuple[Prefix, ...],
        named: HostAddress | None,
        *,
        private: bool,
    ) -> TunnelEnd:
        if end.kind == "edge":
            gateway = esg_address(self._ends, end, "private" if private else "public", names.ESG_TUNNEL)
            label = self._labels["edge", end.name]
            identity = "on-prem" if end.name is None else f"on-prem-{label}"
            return TunnelEnd(end, label, gateway, None, identity, subnets, policy)
        if end.kind == "site":
            label = self._labels["site", end.name]
            own = [n for n in self._ends.of_site(end) if n.kind.provider == "enterprise"]
            return TunnelEnd(end, label, first_named(own, *_SITE_END), None, f"site-{label}", subnets, policy)
        label = self._cluster_labels[end.name]
        alone = self._declared.get(end.kind, 0) < 2
        if end.kind == "iks":
            identity = "ibm-cloud" if alone else f"ibm-cloud-{label}"
            gateway = None if private else named or self._iks_gateway(joint, end)
            return TunnelEnd(end, label, gateway, None, identity, subnets, policy)
        identity = "icp" if alone else f"icp-{label}"
        return TunnelEnd(end, label, *self._icp_gateway(end), identity, subnets, policy)

    def icp_gateway(self, cluster: End) -> HostAddress | None:
        """Return the public address of the ESG for the strongSwan of an ICP cluster, None where the plan names none."""
        return self._icp_gateway(cluster)[0]

    def _named_for(self, joint: Joint, cluster: End) -> HostAddress | None:
        """Return the address that an IKS cluster names for the tunnel to one end, None without one."""
        far = joint.far(cluster)
        name = self._ends.tunnel_addresses.name_for(cluster, far)
        return None if name is None else find_named(self._ends.tunnel_addresses.by_name(cluster)[name], name)

    def _iks_gateway(self, joint: Joint, cluster: End) -> HostAddress | None:
        """Return the public load balancer address of a cluster's tunnels.

        A load balancer has its address for one release of the chart; the release with the tunnel to an ESG comes first.
        """
        own = self._ends.of_cluster(cluster, "iks-ingress-public")
        if joint.pair == "iks-edge":
            return first_named(own, *names.TUNNEL)
        taken = any(j.method == "strongswan" for j in self._ends.links.of_pair(cluster, "iks-edge"))
        wanted = names.ICP_TUNNEL if taken else (*names.ICP_TUNNEL, *names.TUNNEL)
        return first_named(own, *wanted)

    def _icp_gateway(self, cluster: End) -> tuple[HostAddress | None, HostAddress | None]:
        """Return the public address of the ESG for the strongSwan of an ICP cluster, and the address at which that listens.

        The plan has to name the public address, because the ESG may end other tunnels itself and IKE has one port.
        """
        if cluster not in self._icp_gateways:
            ends = self._ends
            edge = ends.edge_of_cluster(cluster)
            workers = ends.of_cluster(cluster, "icp-worker")
            ready = [n for n in workers if n.prefix is not None] or workers
            inside = first_named(ready, *names.TUNNEL) or (pick(ready[0]) if ready else None)
            gateway = None
            if edge is not None:
                wanted = [f"{cluster.name}-strongswan", f"{cluster.name}-vpn"] if cluster.name else []
                if len(ends.icp_behind[edge]) == 1:
                    wanted += names.ICP_TUNNEL
                    if not any(j.method in ("strongswan", "ipsec") for j in self._ending_at(edge)):
                        wanted += names.ESG_TUNNEL
                uplinks: Sequence[Network] = ends.of_edge(edge, UPLINKS["public"])
                gateway = next((a for n in uplinks if (a := find_named(n, *wanted)) is not None), None)
            self._icp_gateways[cluster] = gateway, inside
        return self._icp_gateways[cluster]

    @cached_property
    def _icp_gateways(self) -> dict[End, tuple[HostAddress | None, HostAddress | None]]:
        return {}

    def _ending_at(self, edge: End) -> list[Joint]:
        found = [j for j in self._ends.links.written_of(edge) if j.method in TUNNELS]
        short = next(iter(self._ends.links.of_pair(edge, "iks-edge")), None)
        return [*found, *([short] if short is not None else [])]
