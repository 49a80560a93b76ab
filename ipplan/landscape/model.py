"""Define the values of devices: addresses, interfaces, NAT rules, routes, tunnels and BGP sessions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

from ipplan.addresses import Prefix, format_address, parse_prefix

if TYPE_CHECKING:
    from ipplan.landscape.ends import End, Joint
    from ipplan.plan.model import Network

DeviceKind = Literal[
    "ESG", "DLR", "VM", "ICP worker", "IKS worker", "BCR", "FCR", "on-premises router", "server", "internet"
]
"""The kinds of device. VM and server mean the machines of a network, workers those of a cluster."""
Role = Literal["public", "private", "transit", "workers", "gre"]
"""The purpose of an interface of the ESG; `gre` means the interfaces of its GRE tunnels, which have no address here."""
How = Literal[
    "static",
    "link",
    "connected",
    "bgp",
    "ipsec",
    "gre",
    "chart",
    "layer-2",
    "request",
    "base",
    "static-route",
]
"""The origin of a route. `base` is there from the start, `static-route` is the add-on of IKS, `request` is up to IBM."""

HOW: dict[How, str] = {
    "static": "static",
    "link": "static, directly connected",
    "connected": "connected",
    "bgp": "BGP",
    "ipsec": "IPsec policy",
    "gre": "static, into the GRE tunnel",
    "chart": "strongSwan chart",
    "layer-2": "stretched network",
    "request": "to be requested from IBM",
    "base": "preconfigured",
    "static-route": "static-route add-on",
}
"""The origins for people."""
ROLES: dict[Role, str] = {
    "public": "vcs-esg-public",
    "private": "vcs-esg-private",
    "transit": "vcs-transit",
}
"""The interfaces of every ESG in the order of their numbers, each with the kind of its network."""
MOST_INTERFACES = 10
"""An ESG has at most this many interfaces (NSX for vSphere API guide 6.4, edge vNICs 0 to 9)."""
BCR_ASN = 13884
"""The AS number of IBM on Direct Link, an example for the BCR: IBM names the real one when it approves the peering."""
PROPOSAL = "aes256-sha256-modp2048"
"""Encryption, integrity and Diffie-Hellman group 14 of every tunnel, for IKE and ESP, in the words of strongSwan.

Stronger than the defaults of the chart (AES-128, 3DES, SHA-1), and supported by NSX-V (API guide 6.4).
"""
DEFAULT_ROUTES = {4: parse_prefix("0.0.0.0/0"), 6: parse_prefix("::/0")}
"""The default route by IP version."""
ON_THE_LINK = "on the common VLAN, not through the BCR, which drops packets to networks that it did not assign"
"""The reason for a route between two subnets of one VLAN."""


class HostAddress(NamedTuple):
    """An address of a host. `example` marks one that the plan does not assign.

    `value` is None for an address that is not known yet, which `words` then describe. `network` is the network of the plan
    that holds it, `name` its name in the plan.
    """

    version: int
    value: int | None
    network: str | None = None
    name: str | None = None
    example: bool = False
    words: str = ""

    @property
    def text(self) -> str:
        """The address, or words in parentheses."""
        return self.words if self.value is None else format_address(self.version, self.value)

    @property
    def prefix(self) -> Prefix | None:
        """The address as a prefix of its own, None for one that is not known."""
        return None if self.value is None else Prefix(self.version, self.value, 32 if self.version == 4 else 128)

    def same(self, other: HostAddress) -> bool:
        """Return whether both are the same address, whatever their names and networks."""
        if self.value is None or other.value is None:
            return self.value is other.value and self.words == other.words
        return (self.version, self.value) == (other.version, other.value)

    def __str__(self) -> str:
        return self.text


class AddressGroup(NamedTuple):
    """The addresses of an interface in one network: its own, and those that NAT and tunnels use."""

    network: Network
    primary: HostAddress
    secondary: tuple[HostAddress, ...]


class Interface(NamedTuple):
    """An interface of the ESG. `gateway` is the next router: FCR, BCR or DLR; None where the ESG itself is the gateway."""

    role: Role
    number: int
    groups: tuple[AddressGroup, ...]
    gateway: HostAddress | None

    @property
    def address(self) -> HostAddress:
        """The source address of packets that the ESG itself sends."""
        return self.groups[0].primary


class SourceNat(NamedTuple):
    """A rule for the source of packets that leave by an interface; without `address` and `shown` it keeps the source.

    `match` limits the rule to a destination. `shown` replaces `address` where a whole range is translated 1 to 1. The
    first rule that matches applies: rules that keep the source and those of links come first.
    """

    interface: Role
    source: Prefix
    match: Prefix | None
    address: HostAddress | None
    text: str
    shown: Prefix | None = None


class DestinationNat(NamedTuple):
    """A rule that translates destination `address` to `target` on an interface; `port` is None for all ports."""

    interface: Role
    address: HostAddress
    target: HostAddress
    protocol: str | None
    port: int | None
    text: str


class RangeNat(NamedTuple):
    """A rule that translates destinations in `shown` 1 to 1 to `target`, for senders in `match`."""

    interface: Role
    shown: Prefix
    target: Prefix
    match: Prefix
    text: str


class Route(NamedTuple):
    """A route in the table of a device, which `device` and `name` identify.

    `via` is the next device, `to` its end, and `next_hop` its address where it has one. `text` describes the destination.
    """

    device: DeviceKind
    name: str | None
    prefix: Prefix
    via: str
    next_hop: HostAddress | None
    interface: Role | None
    how: How
    text: str
    to: End | None = None
    joint: Joint | None = None


class DeviceTable(NamedTuple):
    """The routing table of one device, which `kind` and `name` identify; `title` is for people."""

    kind: DeviceKind
    name: str | None
    title: str
    routes: tuple[Route, ...]


class Speaker(NamedTuple):
    """One end of a BGP session. `asn` is None where the plan states none; `example` marks one that IBM decides.

    `subnet` holds its address.
    """

    device: Literal["ESG", "vRouter", "BCR"]
    name: str | None
    address: HostAddress
    asn: int | None
    announces: tuple[Prefix, ...]
    subnet: Prefix
    example: bool = False


class Session(NamedTuple):
    """A BGP session between two speakers."""

    first: Speaker
    second: Speaker

    @property
    def across(self) -> bool:
        """Whether the two are in different subnets of the common VLAN.

        Each then needs a route on the link to the subnet of the other: the BCR, which routes between them, drops packets to
        networks that it did not assign.
        """
        return not self.first.subnet.overlaps(self.second.subnet)


class TunnelEnd(NamedTuple):
    """One end of a tunnel.

    `label` is unique on its side and has only letters, digits and hyphens. `gateway` is the address at which the other end
    sees it; without one in the plan the other end accepts any. `inside` is the address at which strongSwan listens behind
    the NAT of the ESG. `subnets` are the networks behind it as the other end sees them. `policy` are the subnets on which
    both ends agree: the same, except for those that the strongSwan of an IKS cluster translates on its far side.
    """

    end: End
    label: str
    gateway: HostAddress | None
    inside: HostAddress | None
    identity: str
    subnets: tuple[Prefix, ...]
    policy: tuple[Prefix, ...]

    @property
    def name(self) -> str | None:
        """The name of its cluster, edge or site."""
        return self.end.name


class Translation(NamedTuple):
    """A range that a gateway translates on a link: an entry of `nat`, `real` here and `shown` to the far side."""

    network: str
    real: Prefix
    shown: Prefix


class Tunnel(NamedTuple):
    """A tunnel: `near` dials and `far` listens.

    IKS dials. Between two ends of one kind the first end of the link dials, unless only that one has a named address.
    `near_nat` and `far_nat` are the translations of each side.
    """

    joint: Joint
    near: TunnelEnd
    far: TunnelEnd
    ike: int
    private: bool
    near_nat: tuple[Translation, ...] = ()
    far_nat: tuple[Translation, ...] = ()

    @property
    def key(self) -> str:
        """The kind of pair that it joins."""
        return self.joint.pair

    @property
    def label(self) -> str:
        """A name with only letters, digits and hyphens, the same at both ends."""
        return f"{self.near.label}-{self.far.label}"

    def end_at(self, end: End) -> TunnelEnd:
        """Return the end of the tunnel at a cluster, edge or site."""
        return self.near if self.near.end == end else self.far

    def far_from(self, end: End) -> TunnelEnd:
        """Return the opposite end."""
        return self.far if self.near.end == end else self.near


class Esg(NamedTuple):
    """One ESG. `missing` lists facts that the plan does not contain, each with what to write."""

    end: End
    interfaces: tuple[Interface, ...]
    behind: tuple[Network, ...]
    clusters: tuple[str | None, ...]
    source_nat: tuple[SourceNat, ...]
    destination_nat: tuple[DestinationNat, ...]
    range_nat: tuple[RangeNat, ...]
    routes: tuple[Route, ...]
    dlr_routes: tuple[Route, ...]
    sessions: tuple[Session, ...]
    tunnels: tuple[Tunnel, ...]
    missing: tuple[tuple[str, str], ...]

    @property
    def name(self) -> str | None:
        """The edge that it belongs to."""
        return self.end.name

    def interface(self, role: Role) -> Interface | None:
        """Return the interface for a purpose, None where the plan has no network for it."""
        return next((i for i in self.interfaces if i.role == role), None)

    def holds(self, address: HostAddress) -> bool:
        """Return whether one of its interfaces has an address."""
        return any(self.holds_on(interface.role, address) for interface in self.interfaces)

    def holds_on(self, role: Role, address: HostAddress) -> bool:
        """Return whether an interface for a purpose has an address."""
        own = (g for i in self.interfaces if i.role == role for g in i.groups)
        return any(a.same(address) for g in own for a in (g.primary, *g.secondary))
