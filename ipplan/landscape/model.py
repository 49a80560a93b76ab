"""The values: what devices have and do, each a tuple without behaviour of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

from ipplan.addresses import Prefix, format_address, parse_prefix

if TYPE_CHECKING:
    from ipplan.landscape.ends import End, Joint
    from ipplan.plan.model import Network

DeviceKind = Literal[
    "ESG", "DLR", "VM", "ICP worker", "IKS worker", "BCR", "FCR", "on-premises router", "server", "internet"
]
"""What a device is. VM and server stand for the machines of a network, the workers for those of a cluster."""
Role = Literal["public", "private", "transit", "workers", "gre"]
"""What an interface of the ESG is for; `gre` stands for those of its GRE tunnels, and no address is on it."""
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
"""How a route comes into a table: by hand through a hop or on the link, by an interface, a protocol, a policy, the
strongSwan chart, the stretched network, IBM; `base` is already there, `static-route` is the add-on of IKS."""

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
"""The same in words."""
ROLES: dict[Role, str] = {
    "public": "vcs-esg-public",
    "private": "vcs-esg-private",
    "transit": "vcs-transit",
}
"""The interfaces that every ESG has, in the order of their numbers, and the kind of network on each."""
MOST_INTERFACES = 10
"""Interfaces that an ESG has at most (NSX for vSphere API guide 6.4, edge vNICs 0 to 9)."""
BCR_ASN = 13884
"""IBM's number on Direct Link, an example for the BCR: IBM tells the real one when it approves the peering."""
PROPOSAL = "aes256-sha256-modp2048"
"""Encryption, integrity and Diffie-Hellman group 14 of every tunnel, for IKE and ESP, in the words of strongSwan.

Stronger than what the chart takes by itself (AES-128, 3DES, SHA-1), and within what NSX-V has (API guide 6.4).
"""
DEFAULT_ROUTES = {4: parse_prefix("0.0.0.0/0"), 6: parse_prefix("::/0")}
"""The default route by IP version."""
ON_THE_LINK = "on the common VLAN, not through the BCR, which drops packets to networks that it did not assign"
"""Why two subnets of one VLAN need a route to each other."""


class HostAddress(NamedTuple):
    """An address of a host. `example` says that the plan assigns it to nothing in particular.

    `value` is None where nobody knows it yet; `words` then say whose it is. `network` is the plan's network that it
    lies in, `name` the name that the plan gives it.
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
        """The address as a prefix of its own, None where nobody knows it."""
        return None if self.value is None else Prefix(self.version, self.value, 32 if self.version == 4 else 128)

    def same(self, other: HostAddress) -> bool:
        """Tell whether both are one address, whatever is known of it besides."""
        if self.value is None or other.value is None:
            return self.value is other.value and self.words == other.words
        return (self.version, self.value) == (other.version, other.value)

    def __str__(self) -> str:
        return self.text


class AddressGroup(NamedTuple):
    """The addresses of an interface in one network: its own, and those that stand for others."""

    network: Network
    primary: HostAddress
    secondary: tuple[HostAddress, ...]


class Interface(NamedTuple):
    """An interface of the ESG. `gateway` is the router out there: FCR, BCR or DLR; None where it is one itself."""

    role: Role
    number: int
    groups: tuple[AddressGroup, ...]
    gateway: HostAddress | None

    @property
    def address(self) -> HostAddress:
        """The address that packets of the ESG itself come from."""
        return self.groups[0].primary


class SourceNat(NamedTuple):
    """New source on the way out of an interface; `address` None keeps the source, for what is met by its own.

    `match` limits it to a destination. `shown` takes the place of `address` where a whole range is translated 1 to 1.
    Rules hold in their order: those that keep and those of links come first.
    """

    interface: Role
    source: Prefix
    match: Prefix | None
    address: HostAddress | None
    text: str
    shown: Prefix | None = None


class DestinationNat(NamedTuple):
    """New destination for what comes in: `address` stands for `target`; `port` None for all ports."""

    interface: Role
    address: HostAddress
    target: HostAddress
    protocol: str | None
    port: int | None
    text: str


class RangeNat(NamedTuple):
    """New destination 1 to 1 for a whole range that a link shows: `shown` stands for `target`, for senders in `match`."""

    interface: Role
    shown: Prefix
    target: Prefix
    match: Prefix
    text: str


class Route(NamedTuple):
    """A prefix in the table of a device: where it leads, and how it gets there.

    `device` and `name` say whose table; `via` is the next device and `to` whose that is, `next_hop` its address where
    there is one.
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
    """The routing table of one device. `kind` and `name` say which, `title` is what it is for people."""

    kind: DeviceKind
    name: str | None
    title: str
    routes: tuple[Route, ...]


class Speaker(NamedTuple):
    """One end of a BGP session; `asn` is None where the plan states none, `example` where it is IBM's to tell.

    `subnet` is the one that its address stands in.
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
        """Whether the two stand in different subnets of the common VLAN.

        Each then needs a route on the link to the subnet of the other: the BCR, which routes between them, drops what
        goes to networks that it did not assign.
        """
        return not self.first.subnet.overlaps(self.second.subnet)


class TunnelEnd(NamedTuple):
    """One end of an IPsec tunnel.

    `label` tells it from all other ends on its side, of letters, digits and hyphens. `gateway` is the address that the
    other end knows it by, None where the plan names none: the other end then takes any. `inside` is where strongSwan
    really listens, if that is behind the NAT of the ESG. `subnets` are what the other end may reach through it, as it
    is shown there. `policy` is what passes through the tunnel, and so what both ends agree on: the same, but for what
    the strongSwan of an IKS cluster translates of its far side.
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
        """Whose end it is."""
        return self.end.name


class Translation(NamedTuple):
    """A range that a gateway shows at another on a link: the two halves of an entry of `nat`."""

    network: str
    real: Prefix
    shown: Prefix


class Tunnel(NamedTuple):
    """An IPsec tunnel: `near` dials and `far` listens. IKS dials; between two of a sort, the first of the link
    does, unless only that one has a named address to listen at.

    `near_nat` and `far_nat` are what is translated of each side.
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
        """A name of letters, digits and hyphens, the same at both ends."""
        return f"{self.near.label}-{self.far.label}"

    def end_at(self, end: End) -> TunnelEnd:
        """Return the end that is there."""
        return self.near if self.near.end == end else self.far

    def far_from(self, end: End) -> TunnelEnd:
        """Return the end on the other side."""
        return self.far if self.near.end == end else self.near


class Esg(NamedTuple):
    """One ESG. `missing` says what the plan lacks for it, and what to write."""

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
        """Tell whether an address stands on one of its interfaces."""
        return any(self.holds_on(interface.role, address) for interface in self.interfaces)

    def holds_on(self, role: Role, address: HostAddress) -> bool:
        """Tell whether an address stands on an interface for a purpose."""
        own = (g for i in self.interfaces if i.role == role for g in i.groups)
        return any(a.same(address) for g in own for a in (g.primary, *g.secondary))
