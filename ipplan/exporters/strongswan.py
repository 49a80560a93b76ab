"""IPsec tunnels with strongSwan: values of its chart for clusters, and swanctl.conf for a gateway on Linux.

Options: chart values as shipped (lionelmace/ibmcloud-utils @3351a0f, 2024-05-06), and swanctl.conf(5) of strongSwan 5.9.
No file has a pre-shared key, and no tunnel works without one. An empty key gives no protection: strongSwan accepts
`PSK ""` in ipsec.secrets, and signs with what every peer has (keymat_v2.c, get_psk_sig).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ipplan.exporters import ExportError, choose_with, comment, find_edge, find_esg, find_site, quoted, refuse
from ipplan.exporters.gateways import missing_gateway
from ipplan.landscape.model import PROPOSAL

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from ipplan.exporters import Request
    from ipplan.landscape import End
    from ipplan.landscape.ends import Joint
    from ipplan.landscape.model import HostAddress, Translation, Tunnel, TunnelEnd
    from ipplan.plan.methods import IntegrationKey, Pair

_TO_EDGES: tuple[Pair, ...] = ("iks-edge",)
_BETWEEN_CLUSTERS: tuple[Pair, ...] = ("iks-icp", "iks-iks", "icp-icp")
_IPSEC = ("strongswan", "ipsec")
"""Methods of links that are IPsec tunnels."""
_MOST_NAMES = 8
"""Name at most this many tunnels or clusters that an option can choose."""


class _Side(NamedTuple):
    """A tunnel as seen from one of its ends."""

    tunnel: Tunnel
    own: TunnelEnd
    far: TunnelEnd

    @property
    def dials(self) -> bool:
        """Whether this end initiates the tunnel; IKS does (IBM Cloud docs, containers cs_hybrid.md, 2018-08-27)."""
        return self.own is self.tunnel.near


def export_iks(request: Request) -> str:
    """Return the chart's values for the IKS end of the tunnel to an ESG."""
    return _values(request, _one(_sides_of_clusters(request, "iks", _TO_EDGES)))


def export_iks_to_clusters(request: Request) -> str:
    """Return the chart's values for the IKS end of the tunnel to another cluster."""
    return _values(request, _one(_sides_of_clusters(request, "iks", _BETWEEN_CLUSTERS)))


def export_icp(request: Request) -> str:
    """Return the chart's values for the ICP end of the tunnel to another cluster."""
    return _values(request, _one(_sides_of_clusters(request, "icp", _BETWEEN_CLUSTERS)))


def export_conf(request: Request) -> str:
    """Return swanctl.conf of a gateway that replaces an ESG, for all of its tunnels; raise ExportError without any."""
    edge = find_edge(request)
    tunnels = [t for t in find_esg(request, edge).tunnels if t.joint.method in _IPSEC]
    return _swanctl(request, _asked(request, edge, tunnels), f"a gateway that replaces {edge.name or 'the ESG'}")


def export_conf_site(request: Request) -> str:
    """Return swanctl.conf of the gateway of a site, for all of its tunnels; raise ExportError without any."""
    site = find_site(request)
    tunnels = [t for t in request.landscape.tunnels.of_end(site) if t.joint.method in _IPSEC]
    return _swanctl(request, _asked(request, site, tunnels), f"the gateway of {site.title}")


def export_conf_iks(request: Request) -> str:
    """Return swanctl.conf of the IKS end of the tunnels to ESGs, for labs and for comparison."""
    return _swanctl_of_cluster(request, "iks", _TO_EDGES)


def export_conf_iks_to_clusters(request: Request) -> str:
    """Return swanctl.conf of the IKS end of the tunnels to other clusters, for labs and for comparison."""
    return _swanctl_of_cluster(request, "iks", _BETWEEN_CLUSTERS)


def export_conf_icp(request: Request) -> str:
    """Return swanctl.conf of the ICP end of the tunnels to other clusters, for labs and for comparison."""
    return _swanctl_of_cluster(request, "icp", _BETWEEN_CLUSTERS)


# The tunnels to export.


def _asked(request: Request, end: End, tunnels: Sequence[Tunnel]) -> list[_Side]:
    """Return the tunnels of an end to the far ends that the options name, or all; raise ExportError without any."""
    options = request.options
    names = [n for n in (options.cluster, options.site, options.edge, options.to) if n is not None and n != end.name]
    if not tunnels:
        raise ExportError(
            f"no IPsec tunnel ends at {end.title}",
            'add a [[link]] of it with method = "ipsec"'
            if end.kind == "site"
            else 'add a [[link]] of it with method = "strongswan" or "ipsec", or write iks-vcs = "strongswan" under [integration]',
        )
    found = [_Side(t, t.end_at(end), t.far_from(end)) for t in tunnels]
    if names:
        found = [side for side in found if side.far.name in names]
    if not found:
        raise ExportError(f"no tunnel joins {end.title} with {' and '.join(names)}")
    return found


def _sides_of_clusters(request: Request, platform: str, pairs: Sequence[Pair]) -> list[_Side]:
    """Return the tunnels that the options choose, as seen from clusters of a platform.

    --cluster names the cluster, --to and --edge the far end; also the other way round, where only one fits.
    """
    ends = request.landscape.ends
    options = request.options
    own = ends.of_platform(platform)
    if not own:
        raise ExportError(f"the plan has no {platform.upper()} cluster", "add [clusters.NAME]")
    asked = [name for name in (options.cluster, options.edge, options.to) if name is not None]
    named = [end for end in own if end.name == options.cluster]
    # The names may be the other way round, where only one of the two clusters is of the platform.
    chosen = named or [end for end in own if end.name in asked] or own
    known = {None, *request.plan.clusters, *ends.plan.edge_names}
    if unknown := [name for name in asked if name not in known]:
        raise ExportError(f"the plan has no cluster or edge {' and '.join(unknown)}")
    found: list[_Side] = []
    empty: list[Joint] = []
    for end in chosen:
        rest = [name for name in asked if name != end.name]
        for joint in _joints(request, end, pairs, rest):
            if joint.method != "strongswan" or any(name != joint.far(end).name for name in rest):
                continue
            tunnel = request.landscape.tunnels.of(joint)
            if tunnel is None:
                empty.append(joint)
            else:
                found.append(_Side(tunnel, tunnel.end_at(end), tunnel.far_from(end)))
    if not found:
        raise _no_tunnel(request, platform, pairs, asked, empty)
    return found


def _joints(request: Request, end: End, pairs: Sequence[Pair], names: Sequence[str]) -> Iterator[Joint]:
    """Yield the links of a cluster for some pairs of kinds; with names only those to these far ends."""
    ends = request.landscape.ends
    for pair in pairs:
        if end.kind not in pair.split("-"):
            continue
        yield from (j for j in ends.links.of_pair(end, pair) if not names or j.far(end).name in names)


def _no_tunnel(
    request: Request, platform: str, pairs: Sequence[Pair], asked: Sequence[str], empty: Sequence[Joint]
) -> ExportError:
    """Return the error that says why there is no tunnel to export."""
    if empty:
        return ExportError(
            f"{empty[0].title} has no network on one of its sides",
            "add the networks that it joins, and run ipplan allocate PLAN --write",
        )
    to_edge = "iks-edge" in pairs
    key: IntegrationKey = "iks-vcs" if to_edge else "iks-icp"
    others = "edges" if to_edge else "other clusters"
    written = request.plan.integration.get(key)
    if not request.plan.links and written != "strongswan":
        return ExportError(f'{key} is not "strongswan" in this plan', f'write {key} = "strongswan" under [integration]')
    whose = " and ".join(asked) if asked else f"an {platform.upper()} cluster"
    what = "between" if len(asked) > 1 else f"to {others} at"
    return ExportError(
        f"no strongSwan tunnel {what} {whose}",
        f'write {key} = "strongswan" under [integration], or a [[link]] with method = "strongswan"',
    )


def _one(sides: Sequence[_Side]) -> _Side:
    """Return the only tunnel; raise ExportError where there are several."""
    if len(sides) > 1:
        names = ", ".join(f"{s.own.name} and {s.far.name}" for s in sides[:_MOST_NAMES])
        raise ExportError(
            f"the plan has {len(sides):,} such tunnels: {names}",
            "add --cluster for one end, and --to for the other",
        )
    return sides[0]


# The chart.


def _values(request: Request, side: _Side) -> str:
    tunnel, own, far = side
    refuse(tuple(_missing(request, [side], examples=False)))
    lines = [
        comment(line) for line in request.header(f"strongSwan chart in {own.end.title}, tunnel to {far.end.title}")
    ]
    gateway = far.gateway if _known(far.gateway) else None
    address = own.gateway if own.end.kind == "iks" and _known(own.gateway) else None
    translated = _translations(side)
    lines += [
        "ipsec:",
        f"  keyexchange: {quoted(f'ikev{tunnel.ike}')}",
        f"  esp: {quoted(PROPOSAL)}",
        f"  ike: {quoted(PROPOSAL)}",
        f"  auto: {quoted('start' if side.dials else 'add')}",
        "local:",
        f"  subnet: {quoted(','.join(map(str, own.policy)))}",
        f"  id: {quoted(own.identity)}",
        "remote:",
        f"  gateway: {quoted(gateway.text if gateway is not None else '%any')}",
        f"  subnet: {quoted(','.join(map(str, far.policy)))}",
        f"  id: {quoted(far.identity)}",
    ]
    if tunnel.private:
        lines += [
            "# The tunnel runs between private addresses. loadBalancerIP accepts only public ones, so strongSwan uses the",
            "# private address of the worker that it runs on.",
            f"connectUsingLoadBalancerIP: {quoted('false')}",
        ]
    lines.append(f"loadBalancerIP: {quoted(address.text if address is not None else '')}")
    for key, items in translated.items():
        lines.append(f"{key}: {quoted(','.join(f'{t.real}={t.shown}' for t in items))}")
    if translated:
        lines.append(f"enablePodSNAT: {quoted('false')}")
    lines += [
        "# A plan must not hold the pre-shared key. The key in the chart is public, and with an empty one in",
        "# preshared.secret strongSwan accepts every peer. So ipsec.secrets has no key. At both ends, write the line below",
        "# and your key in double quotes behind it into a file, and pass it to helm: --set-file overRideIpsecSecrets=FILE",
        f"# {own.identity} {far.identity} : PSK",
        f"overRideIpsecSecrets: {quoted('# no key')}",
    ]
    return "\n".join(lines) + "\n"


def _translations(side: _Side) -> dict[str, tuple[Translation, ...]]:
    """Return the NAT that the chart at this end does, by the key of its values.

    Each chart translates its own side. The chart in IKS also translates what an ESG or ICP shows to it.
    """
    tunnel, own, far = side
    kind, other = own.end.kind, far.end.kind
    mine, others = (tunnel.near_nat, tunnel.far_nat) if own is tunnel.near else (tunnel.far_nat, tunnel.near_nat)
    found: dict[str, tuple[Translation, ...]] = {}
    if mine and (kind == "iks" or (kind == "icp" and other == "icp")):
        found["localSubnetNAT"] = mine
    if others and kind == "iks" and other != "iks":
        found["remoteSubnetNAT"] = others
    return found


def _known(address: HostAddress | None) -> bool:
    """Return whether the plan names an address; an example cannot be a gateway."""
    return address is not None and address.value is not None and not address.example


def _missing(request: Request, sides: Iterable[_Side], *, examples: bool) -> Iterator[tuple[str, str]]:
    """Yield what is missing for tunnels, and what to write: the end that listens needs an address.

    `examples` also allows an address that the plan does not assign, where the file marks it as an example.
    """
    for side in sides:
        end = side.tunnel.far
        if not _known(end.gateway) and not (examples and end.gateway is not None and end.gateway.value is not None):
            yield missing_gateway(request, end)


# swanctl.conf.


def _swanctl_of_cluster(request: Request, platform: str, pairs: Sequence[Pair]) -> str:
    sides = _sides_of_clusters(request, platform, pairs)
    own = dict.fromkeys(side.own.end for side in sides)
    if len(own) > 1:
        raise ExportError(
            f"the plan has {len(own):,} {platform.upper()} clusters with such tunnels",
            choose_with("cluster", [str(end.name) for end in own]),
        )
    return _swanctl(request, sides, next(iter(own)).title)


def _swanctl(request: Request, sides: Sequence[_Side], place: str) -> str:
    refuse(tuple(_missing(request, sides, examples=True)))
    lines = [comment(line) for line in request.header(f"swanctl.conf for {place}")]
    lines += ["connections {"]
    for side in sides:
        lines += [f"    {line}" for line in _connection(side)]
    lines += [
        "}",
        "# A plan must not hold the pre-shared key; without one no tunnel comes up. Put this file into conf.d, which",
        "# swanctl.conf includes. Put the lines below into another file there that only root can read, with your key in",
        "# double quotes behind secret =.",
    ]
    lines += ["# secrets {"]
    for side in sides:
        lines += [
            f"#     ike-{side.tunnel.label} {{",
            f"#         id-own = {quoted(side.own.identity)}",
            f"#         id-far = {quoted(side.far.identity)}",
            "#         secret =",
            "#     }",
        ]
    return "\n".join([*lines, "# }"]) + "\n"


def _connection(side: _Side) -> Iterator[str]:
    """Yield the lines of one connection; identities and names are labels, so they need no quotes."""
    tunnel, own, far = side
    for what, end in (("local", own), ("remote", far)):
        if end.gateway is not None and end.gateway.value is not None and end.gateway.example:
            yield comment(f"{what}: {end.gateway} is an example: the plan does not assign it")
    if tunnel.private:
        whose = "; the end of IKS is the private address of its worker" if "iks" in (own.end.kind, far.end.kind) else ""
        yield comment(f"between private addresses{whose}")
    yield from (comment(text) for text in _translated_elsewhere(side))
    yield f"{tunnel.label} {{"
    yield f"    version = {tunnel.ike}"
    yield f"    local_addrs = {_listens_at(own)}"
    yield f"    remote_addrs = {_address(far)}"
    yield f"    proposals = {PROPOSAL}"
    yield "    dpd_delay = 30s"
    for what, end in (("local", own), ("remote", far)):
        yield f"    {what} {{"
        yield "        auth = psk"
        yield f"        id = {end.identity}"
        yield "    }"
    yield "    children {"
    # The end that listens starts no child by itself, so that the ends never initiate at the same time.
    action, dead = ("start", "restart") if side.dials else ("none", "clear")
    for number, (local, remote) in enumerate(_children(side)):
        name = tunnel.label if not number else f"{tunnel.label}-{number + 1}"
        yield f"        {name} {{"
        yield f"            local_ts = {local}"
        yield f"            remote_ts = {remote}"
        yield f"            esp_proposals = {PROPOSAL}"
        yield f"            start_action = {action}"
        yield f"            dpd_action = {dead}"
        yield "        }"
    yield "    }"
    yield "}"


def _translated_elsewhere(side: _Side) -> Iterator[str]:
    """Yield comments on NAT that has to happen before the IPsec policies, which swanctl.conf cannot configure."""
    for key, items in _translations(side).items():
        for item in items:
            yield (
                f"{key} of the chart, {item.real} as {item.shown}: swanctl.conf cannot configure it, so translate before"
                " the tunnel"
            )


def _address(end: TunnelEnd) -> str:
    return "%any" if end.gateway is None or end.gateway.value is None else end.gateway.text


def _listens_at(end: TunnelEnd) -> str:
    """Return the address at which an end listens; behind the NAT of the ESG it differs from the one that peers use."""
    if end.inside is not None and end.inside.value is not None:
        return end.inside.text
    return _address(end)


def _children(side: _Side) -> list[tuple[str, str]]:
    """Return the subnets of each child; with IKEv1 a child has one subnet of each side (RFC 2409 section 5.5)."""
    own, far = side.own.policy, side.far.policy
    if side.tunnel.ike == 1:
        return [(str(local), str(remote)) for local in own for remote in far]
    return [(", ".join(map(str, own)), ", ".join(map(str, far)))]
