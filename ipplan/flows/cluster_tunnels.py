"""Steps through the tunnels of a cluster: into its strongSwan, and out of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ipplan.flows.links import outer_address, translate_in, translate_out
from ipplan.flows.walk import Place, inside
from ipplan.flows.workers import assume_public, node_address
from ipplan.landscape.holders import free_number

if TYPE_CHECKING:
    from ipplan.flows.model import Action, Changed
    from ipplan.flows.walk import Walk
    from ipplan.landscape.ends import End
    from ipplan.landscape.model import DestinationNat, SourceNat, Tunnel


def into_tunnel(walk: Walk, tunnel: Tunnel, cluster: End, *, pod: bool) -> Place | None:
    """Send a packet through the strongSwan of a cluster into one of its tunnels."""
    near, far = tunnel.end_at(cluster), tunnel.far_from(cluster)
    if tunnel.far.gateway is None:
        _no_gateway(walk, tunnel, cluster)
        return None
    restored = walk.restore(("strongSwan", cluster))
    changed = restored or _translate_out(walk, tunnel, cluster)
    case = "the pod range is in local.subnet; otherwise enablePodSNAT translates the source to the worker's address"
    text = "keeps the pod's address, which is in local.subnet, and encrypts the packet for the tunnel"
    if not pod:
        text, case = "accepts the worker's address, which is in local.subnet, and encrypts the packet", ""
    if changed:
        text, case = "translates it as the link says, and encrypts the packet for the tunnel", ""
    if not inside(walk.source, near.policy):
        node = node_address(walk, cluster)
        if not pod or walk.answering or not inside(node, near.policy):
            _add_translation_hop(walk, cluster, changed)
            walk.halt(
                "strongSwan",
                "outside-tunnel",
                f"the tunnel accepts packets from {_listed(near.policy)} only, not from {walk.source}",
                "add its network to the link",
                name=cluster.name,
                table="local.subnet of the tunnel",
            )
            return None
        changed = walk.translate(("worker", cluster), source=node)
        text, case = "translates the source to the worker's address, which is in local.subnet, and encrypts it", ""
    listening = tunnel.far.gateway
    if listening.value is None:
        walk.assume(f"{listening.network} gets a range: the tunnel ends at its address {listening.name}")
    if not walk.landscape.dials_out(tunnel):
        _add_translation_hop(walk, cluster, changed)
        _cannot_dial(walk, tunnel, cluster)
        return None
    # The strongSwan of ICP sends from its own address, which the ESG translates.
    outside = outer_address(walk, tunnel, near.end)
    walk.wrap("ESP", near.inside or outside, outer_address(walk, tunnel, far.end))
    walk.hop("strongSwan", "ipsec", text, name=cluster.name, changed=changed, case=case or None)
    return _carry(walk, tunnel, cluster)


def _add_translation_hop(walk: Walk, cluster: End, changed: tuple[Changed, ...]) -> None:
    """Add a hop for the translation of a packet that stops here."""
    if changed:
        walk.hop("strongSwan", "snat", "translates it as the link says", name=cluster.name, changed=changed)


def _cannot_dial(walk: Walk, tunnel: Tunnel, cluster: End) -> None:
    """Stop where the tunnel does not come up, because the ESG of the cluster that opens it does not translate for it."""
    edge = walk.landscape.ends.edge_of_cluster(tunnel.near.end)
    assert edge is not None
    internet = walk.landscape.internet_of(edge)
    help_ = (
        f'to create the rule, set icp-vcs = "nat", or add a [[link]] between {tunnel.near.end.title} and {edge.title}'
        ' with method = "nat"'
    )
    if internet != "snat":
        help_ = f'to create the rule, set internet = "snat" in [edges.{edge.name}]'
    walk.halt(
        "strongSwan",
        "not-translated",
        f"the tunnel to {tunnel.far_from(cluster).end.title} does not come up: {tunnel.near.end.title} opens it from"
        f" {tunnel.near.inside}, and no SNAT rule of {edge.title} translates that on the public interface",
        help_,
        name=cluster.name,
    )


def _listed(prefixes: tuple[object, ...]) -> str:
    return ", ".join(map(str, prefixes[:4])) + (", ..." if len(prefixes) > 4 else "")


def _no_gateway(walk: Walk, tunnel: Tunnel, cluster: End) -> None:
    far = tunnel.far.end
    edge = walk.landscape.ends.edge_of_cluster(far) if far.kind == "icp" else far
    own = () if edge is None else walk.landscape.ends.of_edge(edge, "vcs-esg-public")
    if far.kind == "icp" and own and (number := free_number(own[0])) is not None:
        alone = edge is not None and len(walk.landscape.ends.icp_behind.get(edge, ())) == 1
        help_ = f"write {'icp' if alone else far.name}-strongswan = {number} in the addresses of {own[0].name}"
    else:
        help_ = "add a network of kind vcs-esg-public, and name its address uplink"
    where = edge.title if edge is not None else "the edge"
    walk.halt(
        "strongSwan",
        "undetermined",
        f"the plan names no address of {where} at which the tunnel to {far.title} ends",
        help_,
        name=cluster.name,
    )


def _carry(walk: Walk, tunnel: Tunnel, cluster: End) -> Place | None:
    """Send the tunnel's packet from the worker to the other end."""
    if cluster.kind == "icp":
        walk.hop(
            "worker",
            "forward",
            "sends the tunnel's packet to the ESG, the gateway of its VXLAN",
            name=cluster.name,
        )
        _out_of_the_esg(walk, tunnel, cluster)
    else:
        router = "BCR" if tunnel.private else "FCR"
        wanted = walk.outer[0].destination
        route = walk.tracer.worker(cluster).find(wanted)
        if route is not None and route.via != router:
            route = None
        if not tunnel.private:
            assume_public(walk, cluster)
        walk.hop("worker", "forward", f"sends the tunnel's packet to the {router}", name=cluster.name, route=route)
    return Place("tunnel", tunnel.far_from(cluster).end, tunnel=tunnel)


def _out_of_the_esg(walk: Walk, tunnel: Tunnel, cluster: End) -> None:
    """Send the packet of the strongSwan of ICP out of the ESG, which translates its source to its public address."""
    edge = walk.landscape.ends.edge_of_cluster(cluster)
    inside_, outside = walk.outer[0].source, outer_address(walk, tunnel, cluster)
    walk.outer = (walk.outer[0]._replace(source=outside), *walk.outer[1:])
    route = None if edge is None else walk.tracer.esg(edge).find(walk.outer[0].destination)
    text = "sends the tunnel's packet to the FCR"
    dialling = None if edge is None or tunnel.near.end != cluster else _dialling_rule(walk, tunnel, edge)
    rules: list[DestinationNat] | list[SourceNat] = _tunnel_rules(walk, tunnel, cluster)
    if rules:
        how = "by the session of its DNAT, " if dialling is None else ""
        text = f"translates the tunnel's source {inside_} to {outside}, {how}and sends it to the FCR"
    if dialling is not None:
        rules = [dialling]
    action: Action = "forward" if not rules else "session" if dialling is None else "snat"
    walk.hop(
        "ESG",
        action,
        text,
        name=edge.name if edge is not None else None,
        by=rules,
        route=route if route is not None and route.via == "FCR" else None,
    )


def _dialling_rule(walk: Walk, tunnel: Tunnel, edge: End) -> SourceNat | None:
    """Return the SNAT of a strongSwan of ICP that opens a tunnel."""
    own, far = tunnel.near.inside, tunnel.far.gateway
    return next(
        (
            r
            for r in walk.landscape.esg(edge).source_nat
            if own is not None and far is not None and r.source == own.prefix and r.match == far.prefix
        ),
        None,
    )


def _tunnel_rules(walk: Walk, tunnel: Tunnel, cluster: End) -> list[DestinationNat]:
    """Return the DNAT of the ESG to the strongSwan of ICP, behind which ESP travels in UDP port 4500."""
    edge, at = walk.landscape.ends.edge_of_cluster(cluster), tunnel.end_at(cluster)
    if edge is None or at.gateway is None:
        return []
    return [r for r in walk.landscape.esg(edge).destination_nat if r.address.same(at.gateway) and r.port == 4500]


def out_of_tunnel(walk: Walk, tunnel: Tunnel, cluster: End) -> Place | None:
    """Receive a tunnel's packet at the strongSwan of a cluster."""
    if cluster.kind == "icp":
        _through_dnat(walk, tunnel, cluster)
    walk.hop("worker", "forward", "receives the tunnel's packet for strongSwan", name=cluster.name)
    walk.unwrap()
    changed = walk.restore(("strongSwan", cluster)) or _translate_in(walk, tunnel, cluster)
    walk.hop("strongSwan", "ipsec", "decrypts it", name=cluster.name, changed=changed)
    return Place("arrive", cluster, "tunnel")


def _through_dnat(walk: Walk, tunnel: Tunnel, cluster: End) -> None:
    """Send a tunnel's packet from the ESG to the strongSwan of ICP, by DNAT."""
    edge = walk.landscape.ends.edge_of_cluster(cluster)
    if edge is None:
        return
    at = tunnel.end_at(cluster)
    if at.inside is not None and walk.outer:
        walk.outer = (walk.outer[0]._replace(destination=at.inside), *walk.outer[1:])
    walk.hop(
        "ESG",
        "dnat",
        "receives it from the FCR, and sends the tunnel's packet to the strongSwan of ICP",
        name=edge.name,
        by=_tunnel_rules(walk, tunnel, cluster),
    )


def _translate_out(walk: Walk, tunnel: Tunnel, cluster: End) -> tuple[Changed, ...]:
    source, destination = translate_out(walk, tunnel.joint, cluster)
    return walk.translate(("strongSwan", cluster), source=source, destination=destination)


def _translate_in(walk: Walk, tunnel: Tunnel, cluster: End) -> tuple[Changed, ...]:
    source, destination = translate_in(walk, tunnel.joint, cluster)
    return walk.translate(("strongSwan", cluster), source=source, destination=destination)
