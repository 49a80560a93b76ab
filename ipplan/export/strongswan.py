"""IPsec tunnels with strongSwan: values of its chart for clusters, and swanctl.conf for a gateway on Linux.

Keys: chart values as shipped (lionelmace/ibmcloud-utils @3351a0f, 2024-05-06), and swanctl.conf(5) of strongSwan 5.9.
No file holds a key, and none works without one. A key of no characters is no lock: strongSwan takes `PSK ""` in
ipsec.secrets for agreed, and signs with what every peer has (keymat_v2.c, get_psk_sig).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ipplan.devices.model import PROPOSAL
from ipplan.export import comment, find_edge, find_tunnel, quoted, refuse

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ipplan.devices.model import Tunnel, TunnelEnd
    from ipplan.export import Landscape
    from ipplan.flows import Address
    from ipplan.plan.methods import IntegrationKey


def export_iks(landscape: Landscape) -> str:
    """Return the chart's values for the IKS end of the tunnel to the ESG."""
    tunnel = find_tunnel(landscape, "iks-vcs")
    return _values(landscape, tunnel, tunnel.near, tunnel.far)


def export_iks_to_icp(landscape: Landscape) -> str:
    """Return the chart's values for the IKS end of the tunnel to ICP."""
    tunnel = find_tunnel(landscape, "iks-icp")
    return _values(landscape, tunnel, tunnel.near, tunnel.far)


def export_icp(landscape: Landscape) -> str:
    """Return the chart's values for the ICP end of the tunnel to IKS."""
    tunnel = find_tunnel(landscape, "iks-icp")
    return _values(landscape, tunnel, tunnel.far, tunnel.near)


def export_conf(landscape: Landscape) -> str:
    """Return swanctl.conf of a gateway in the place of the ESG, for its tunnels to IKS; raises ExportError."""
    key: IntegrationKey = "iks-vcs"
    edge = find_edge(landscape)
    asked = [name for name in (landscape.cluster, landscape.to) if name is not None]
    tunnels = [
        t for t in edge.tunnels if t.key == key and all(name in (t.near.name, t.far.name) for name in asked)
    ]
    if not tunnels:
        find_tunnel(landscape, key)  # tells why the plan has none
        refuse([("this ESG ends no tunnel", "add --edge with another")])
    return _swanctl(landscape, [(tunnel, tunnel.far, tunnel.near) for tunnel in tunnels])


def export_conf_iks(landscape: Landscape) -> str:
    """Return swanctl.conf of the IKS end of a tunnel to the ESG, for labs and to compare; raises ExportError."""
    tunnel = find_tunnel(landscape, "iks-vcs")
    return _swanctl(landscape, [(tunnel, tunnel.near, tunnel.far)])


def _known(address: Address | None) -> Address | None:
    """Return an address that the plan names; an example is nobody's gateway."""
    return None if address is None or address.example else address


def _dials(own: TunnelEnd, far: TunnelEnd) -> bool:
    """Tell whether this end opens the tunnel: IKS does, where it knows whom to call (cs_hybrid.md, 2018-08-27)."""
    return own.site == "iks" and _known(far.gateway) is not None


def _values(landscape: Landscape, tunnel: Tunnel, own: TunnelEnd, far: TunnelEnd) -> str:
    gateway, address = _known(far.gateway), _known(own.gateway) if own.site == "iks" else None
    lines = [
        comment(line)
        for line in landscape.header(f"strongSwan chart in cluster {own.name}, tunnel of {tunnel.key}")
    ]
    lines += [
        "ipsec:",
        f"  keyexchange: {quoted(f'ikev{tunnel.ike}')}",
        f"  esp: {quoted(PROPOSAL)}",
        f"  ike: {quoted(PROPOSAL)}",
        f"  auto: {quoted('start' if _dials(own, far) else 'add')}",
        "local:",
        f"  subnet: {quoted(','.join(map(str, own.subnets)))}",
        f"  id: {quoted(own.identity)}",
        "remote:",
        f"  gateway: {quoted(gateway.text if gateway is not None else '%any')}",
        f"  subnet: {quoted(','.join(map(str, far.subnets)))}",
        f"  id: {quoted(far.identity)}",
        f"loadBalancerIP: {quoted(address.text if address is not None else '')}",
        "# The key belongs into no plan. The one that the chart ships is known to everybody, and with an empty one in",
        "# preshared.secret strongSwan lets everybody in. So ipsec.secrets has none, until helm is given a file with the",
        "# line below and your key in double quotes behind it, at both ends: --set-file overRideIpsecSecrets=FILE",
        f"# {own.identity} {far.identity} : PSK",
        f"overRideIpsecSecrets: {quoted('# no key')}",
    ]
    return "\n".join(lines) + "\n"


def _swanctl(landscape: Landscape, ends: list[tuple[Tunnel, TunnelEnd, TunnelEnd]]) -> str:
    whose = "the ESG's place" if ends[0][1].site == "overlay" else f"the place of cluster {ends[0][1].name}"
    lines = [comment(line) for line in landscape.header(f"swanctl.conf of a gateway in {whose}")]
    lines += ["connections {"]
    for tunnel, own, far in ends:
        lines += [f"    {line}" for line in _connection(tunnel, own, far)]
    lines += [
        "}",
        "# The key belongs into no plan; without one no tunnel comes up. swanctl.conf takes in conf.d/*.conf: put this file",
        "# there, and what follows into another that only root reads, with your key in double quotes behind secret =.",
    ]
    lines += ["# secrets {"]
    for tunnel, own, far in ends:
        lines += [
            f"#     ike-{tunnel.label} {{",
            f"#         id-own = {quoted(own.identity)}",
            f"#         id-far = {quoted(far.identity)}",
            "#         secret =",
            "#     }",
        ]
    return "\n".join([*lines, "# }"]) + "\n"


def _connection(tunnel: Tunnel, own: TunnelEnd, far: TunnelEnd) -> Iterator[str]:
    """Yield the lines of one connection: identities and names are labels, so nothing in them needs quotes."""
    for what, end in (("local", own), ("remote", far)):
        if end.gateway is not None and end.gateway.example:
            yield comment(f"{what}: {end.gateway} is an example: the plan gives it to nothing")
    yield f"{tunnel.label} {{"
    yield f"    version = {tunnel.ike}"
    yield f"    local_addrs = {_address(own)}"
    yield f"    remote_addrs = {_address(far)}"
    yield f"    proposals = {PROPOSAL}"
    yield "    dpd_delay = 30s"
    for what, end in (("local", own), ("remote", far)):
        yield f"    {what} {{"
        yield "        auth = psk"
        yield f"        id = {end.identity}"
        yield "    }"
    yield "    children {"
    # The end that listens keeps no child open by itself, so that the two never dial each other at once.
    action, dead = ("start", "restart") if _dials(own, far) else ("none", "clear")
    for number, (local, remote) in enumerate(_children(tunnel, own, far)):
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


def _address(end: TunnelEnd) -> str:
    return "%any" if end.gateway is None else end.gateway.text


def _children(tunnel: Tunnel, own: TunnelEnd, far: TunnelEnd) -> list[tuple[str, str]]:
    """Return the subnets of each child; IKEv1 has one of each side in a child (RFC 2409 section 5.5)."""
    if tunnel.ike == 1:
        return [(str(local), str(remote)) for local in own.subnets for remote in far.subnets]
    return [(", ".join(map(str, own.subnets)), ", ".join(map(str, far.subnets)))]
