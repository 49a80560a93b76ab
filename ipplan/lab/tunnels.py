"""The tunnels: strongSwan with the exported files, and what a kernel does around it.

The daemon does IPsec through a TUN device, ipsec0, because not every kernel has ESP, and an ordinary user cannot load
it. Policy routing replaces the IPsec policies of a kernel: packets from the subnets of this side to those of the far
side go into the device. The strongSwan chart adds such routes itself, for every source.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ipplan.addresses import Address, Prefix, format_address, parse_address
from ipplan.exporters import ExportError, Options
from ipplan.exporters.gre import tunnels_of
from ipplan.lab.daemons import IKE_MARK
from ipplan.lab.exported import worker_of
from ipplan.lab.link_nat import LinkNat, add_link_nat, nat_chain
from ipplan.lab.model import Command, Daemon, File, Gre
from ipplan.landscape.tunnels import translates_both
from ipplan.plan.sizing import last_usable

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ipplan.lab.drafts import Draft, Drafts
    from ipplan.lab.exported import Exports
    from ipplan.landscape.ends import End
    from ipplan.landscape.model import Translation, Tunnel, TunnelEnd

_DEVICE = "ipsec0"
_FIRST_TABLE = 300
_TO_EDGES = "strongswan-conf-iks"
_TARGETS = {
    "edge": ("strongswan-conf",),
    "site": ("strongswan-conf-site",),
    "icp": ("strongswan-conf-icp",),
    "iks": (_TO_EDGES, "strongswan-conf-iks-icp"),
}
"""The targets that configure the tunnels of an end."""


def draft_of(exports: Exports, end: End) -> Draft | None:
    """Return the device that ends the tunnels of an end, None where the lab has none."""
    lab = exports.lab
    if end.kind in ("iks", "icp"):
        return worker_of(lab, end)
    if end.kind == "edge":
        return lab.find("ESG", end.name)
    return lab.find("on-premises router", exports.landscape.site_name(end))


def add_tunnels(exports: Exports) -> None:
    """Configure every tunnel at both of its ends."""
    landscape = exports.landscape
    by_end: dict[End, list[Tunnel]] = {}
    for tunnel in landscape.all_tunnels():
        for end in (tunnel.near.end, tunnel.far.end):
            by_end.setdefault(end, []).append(tunnel)
    table = _FIRST_TABLE
    for end, tunnels in by_end.items():
        draft = draft_of(exports, end)
        if draft is None:
            continue
        ipsec = [t for t in tunnels if t.joint.method != "gre"]
        if ipsec and _add_daemon(exports, draft, end, ipsec, table):
            for number, tunnel in enumerate(ipsec):
                _add_policy(exports.lab, draft, tunnel, end, table + number)
            if end.kind in ("edge", "site"):
                _leave_out_translated(draft)
        table += len(ipsec)
        _add_gre(exports, draft, end)
    if any(draft.daemons for draft in exports.lab.devices.values()):
        exports.lab.say("pre-shared keys of the tunnels; policy routing into ipsec0 instead of IPsec policies")


# strongSwan.


def _add_daemon(exports: Exports, draft: Draft, end: End, tunnels: Sequence[Tunnel], first: int) -> bool:
    """Give a device strongSwan with its files; return whether there are any files."""
    files: list[File] = []
    for target in _TARGETS[end.kind]:
        mine = [t for t in tunnels if end.kind != "iks" or (t.joint.pair == "iks-edge") == (target == _TO_EDGES)]
        if mine:
            files += (File(name, text, name) for name, text in _exported(exports, draft, target, end, mine))
    if not files:
        return False
    landscape = exports.landscape
    there = [
        t
        for t in tunnels
        if draft_of(exports, t.far_from(end).end) is not None
        and landscape.dials_out(t)
        and any(f"\n    {t.label} {{" in text for text in (file.text for file in files))
    ]
    count = sum(len(t.near.policy) * len(t.far.policy) if t.ike == 1 else 1 for t in there)
    tables = " ".join(str(table) for table in range(first, first + len(tunnels)))
    draft.daemons.append(Daemon("strongswan", tuple(files), (("tables", tables), ("conns", str(count)))))
    draft.late.append(Command(f"ip rule add priority 80 fwmark {IKE_MARK} lookup main", None, "IKE itself"))
    for tunnel in tunnels:
        own = tunnel.end_at(end)
        listening = own.inside if own.inside is not None else own.gateway
        if listening is not None and listening.value is not None and not draft.has(listening.text):
            side = "PRIVATE" if end.kind == "icp" or tunnel.private else "PUBLIC"
            if (interface := draft.interface(side)) is not None:
                draft.hold(f"{listening.text}/32", interface, listening.network)
        _own_addresses(exports, draft, own)
    return True


def _exported(
    exports: Exports, draft: Draft, target: str, end: End, tunnels: Sequence[Tunnel]
) -> Iterator[tuple[str, str]]:
    """Yield the files of a target: one for all tunnels, or else one for each tunnel that can be exported."""
    key = {"edge": "edge", "site": "site"}.get(end.kind, "cluster")
    own = Options(**{key: end.name})
    name = f"{target}-{draft.label}.conf"
    try:
        yield name, exports.write(name, target, own)
    except ExportError:
        for number, tunnel in enumerate(tunnels, 1):
            name = f"{target}-{draft.label}-{number}.conf"
            far = tunnel.far_from(end).end
            try:
                yield name, exports.write(name, target, own._replace(to=far.name))
            except ExportError as error:
                if far.name is not None:
                    exports.lab.absent[tunnel.joint.title] = str(error)


def _own_addresses(exports: Exports, draft: Draft, own: TunnelEnd) -> None:
    """Give a gateway an address in each of its local subnets, because kernel-libipsec requires one."""
    for prefix in own.policy:
        if not any(_holds(prefix, address) for _, address in draft.held):
            value = _free(exports, prefix)
            if value is not None:
                length = 32 if prefix.version == 4 else 128
                # Not on lo: the kernel uses the first address that it finds for its own packets.
                address = format_address(prefix.version, value)
                family = "ip" if prefix.version == 4 else "ip -6"
                draft.late.append(
                    Command(f"{family} address replace {address}/{length} dev {_DEVICE}", None, "kernel-libipsec")
                )
                draft.held.append((None, address))


def _holds(prefix: Prefix, address: str) -> bool:
    return prefix.holds(Address(*parse_address(address)))


def _free(exports: Exports, prefix: Prefix) -> int | None:
    """Return the last address of a prefix that no device in the lab has, None where there is none."""
    taken = {address for draft in exports.lab.devices.values() for _, address in draft.held}
    for network in exports.landscape.ends.networks:
        if network.prefix is not None and network.prefix.overlaps(prefix):
            values = (a.resolve(network.prefix) for a in network.addresses)
            taken |= {format_address(prefix.version, v) for v in values if v is not None}
    last = last_usable(prefix)
    for value in range(last, max(prefix.first, last - len(taken) - 1) - 1, -1):
        if format_address(prefix.version, value) not in taken:
            return value
    return None


# Into the tunnel.


class _Side(NamedTuple):
    """One end of a tunnel, with the NAT of each side: `here` if this end does its own, `both` if it does both."""

    own: tuple[Translation, ...]
    far: tuple[Translation, ...]
    here: bool
    both: bool


def _side(tunnel: Tunnel, end: End) -> _Side:
    own, far = (tunnel.near_nat, tunnel.far_nat) if tunnel.near.end == end else (tunnel.far_nat, tunnel.near_nat)
    there = translates_both(tunnel.joint, tunnel.far_from(end).end)
    return _Side(own, far, not there, translates_both(tunnel.joint, end))


def _add_policy(lab: Drafts, draft: Draft, tunnel: Tunnel, end: End, table: int) -> None:
    """Route into the tunnel what its policies select."""
    own, far = tunnel.end_at(end), tunnel.far_from(end)
    side = _side(tunnel, end)
    chart = end.kind in ("iks", "icp")
    source = f" src {draft.first_address}" if chart else ""
    real = [t.real for t in side.own] if side.here else []
    shown = {t.real for t in side.far} if side.both else set()
    for remote in far.policy:
        family = "ip" if remote.version == 4 else "ip -6"
        draft.late.append(
            Command(
                f"{family} route replace {remote} dev {_DEVICE} table {table}{source}",
                None,
                tunnel.joint.title,
            )
        )
        if remote in shown:
            continue  # routed by the address at which it is shown
        for start in [""] if chart else [f"from {local} " for local in dict.fromkeys((*own.policy, *real))]:
            draft.late.append(
                Command(
                    f"{family} rule add priority 100 {start}to {remote} lookup {table}",
                    None,
                    tunnel.joint.title,
                )
            )
    if chart:
        _give_node_address(draft, own, far)
    if chart and side.here:
        add_link_nat(draft, LinkNat(_DEVICE, side.own, side.far if side.both else (), far.policy, table, shared=True))
    elif end.kind == "site" and side.here:
        add_link_nat(draft, LinkNat(_DEVICE, side.own, (), far.policy, table, shared=True))
    if (side.own or side.far) and end.kind != "edge":
        lab.say(f"NAT of {end.title} on {tunnel.joint.title}, as the chart or the router does it")


def _give_node_address(draft: Draft, own: TunnelEnd, far: TunnelEnd) -> None:
    """Give packets of pods outside of the tunnel's policies the address of the worker, as enablePodSNAT does."""
    node = draft.first_address
    if ":" in node or not any(_holds(prefix, node) for prefix in own.policy):
        return
    local, remote = (", ".join(map(str, policy)) for policy in (own.policy, far.policy))
    draft.rule(
        nat_chain(
            "postrouting",
            95,
            f"oifname {_DEVICE} ip saddr != {{ {local} }} ip daddr {{ {remote} }} snat to {node}",
        ),
        "enablePodSNAT of the chart",
    )


def _leave_out_translated(draft: Draft) -> None:
    """Send packets that get another source by NAT in clear: a kernel checks its IPsec policies again after NAT."""
    draft.commands.append(Command("ip rule add priority 90 fwmark 1 lookup main", None, "policies after NAT"))
    draft.rule(
        "table ip lab-policies {\nchain in {\ntype filter hook prerouting priority -150;\n"
        f"iifname {_DEVICE} ct direction original ct mark set 1\n"
        "ct status dnat ct direction reply ct mark != 1 meta mark set 1\n}\n}\n",
        "policies after NAT",
    )


# GRE.


def _add_gre(exports: Exports, draft: Draft, end: End) -> None:
    if end.kind not in ("edge", "site"):
        return
    for name, tunnel in tunnels_of(exports.request, end).values():
        own, far = tunnel.end_at(end).gateway, tunnel.far_from(end).gateway
        if own is None or far is None or own.value is None or far.value is None:
            exports.lab.absent[tunnel.joint.title] = "an end of the GRE tunnel has no address yet"
            continue
        draft.gre.append(Gre(name, own.text, far.text))
