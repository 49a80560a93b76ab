"""The values: what devices have and do, each a tuple without behaviour."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

from ipplan.addresses import parse_prefix

if TYPE_CHECKING:
    from ipplan.addresses import Prefix
    from ipplan.flows import Address
    from ipplan.plan.methods import IntegrationKey
    from ipplan.plan.model import Network
    from ipplan.topology import Site

Role = Literal["public", "private", "transit"]
"""What an interface of the ESG is for."""
How = Literal["static", "link", "connected", "bgp", "ipsec", "chart", "layer-2", "request"]
"""How a route comes into a table: by hand through a hop or on the link, by an interface, protocol, policy or IBM."""

ROLES: dict[Role, str] = {
    "public": "vcs-esg-public",
    "private": "vcs-esg-private",
    "transit": "vcs-transit",
}
"""The interfaces of an ESG in the order of their numbers, and the kind of network on each."""
BCR_ASN = 13884
"""IBM's number on Direct Link, an example for the BCR: IBM tells the real one when it approves the peering."""
PROPOSAL = "aes256-sha256-modp2048"
"""Encryption, integrity and Diffie-Hellman group 14 of every tunnel, for IKE and ESP, in the words of strongSwan.

Stronger than what the chart takes by itself (AES-128, 3DES, SHA-1), and within what NSX-V has (API guide 6.4).
"""
DEFAULT_ROUTES = {4: parse_prefix("0.0.0.0/0"), 6: parse_prefix("::/0")}
"""The default route by IP version."""
ON_THE_LINK = (
    "on the common VLAN, not through the BCR, which drops what goes to networks that it did not assign"
)
"""Why two subnets of one VLAN need a route to each other."""
BEHIND = ("vcs-vm", "icp-worker")
"""The kinds of network that the DLR serves; the transit network joins it with the ESG."""
OF_AN_EDGE = frozenset((*ROLES.values(), *BEHIND))
"""The kinds of network that belong to one ESG."""


class AddressGroup(NamedTuple):
    """The addresses of an interface in one network: its own, and those that stand for others."""

    network: Network
    primary: Address
    secondary: tuple[Address, ...]


class Interface(NamedTuple):
    """An interface of the ESG. `gateway` is the router out there: FCR or BCR; for the transit network the DLR."""

    role: Role
    number: int
    groups: tuple[AddressGroup, ...]
    gateway: Address

    @property
    def address(self) -> Address:
        """The address that packets of the ESG itself come from."""
        return self.groups[0].primary


class SourceNat(NamedTuple):
    """New source on the way out of an interface; `address` None keeps the source, for what is met by its own.

    `match` limits it to a destination. Rules hold in their order: those that keep come first.
    """

    interface: Role
    source: Prefix
    match: Prefix | None
    address: Address | None
    text: str


class DestinationNat(NamedTuple):
    """New destination for what comes in: `address` stands for `target`; `port` None for all ports."""

    interface: Role
    address: Address
    target: Address
    protocol: str | None
    port: int | None
    text: str


class Route(NamedTuple):
    """A prefix in the table of a device: where it leads, and how it gets there.

    `device` and `name` say whose table; `via` is the next device, `next_hop` its address where there is one.
    """

    device: str
    name: str | None
    prefix: Prefix
    via: str
    next_hop: Address | None
    interface: Role | None
    how: How
    text: str


class Speaker(NamedTuple):
    """One end of a BGP session; `asn` is None where the plan states none, `example` where it is IBM's to tell.

    `subnet` is the one that its address stands in.
    """

    device: Literal["ESG", "vRouter", "BCR"]
    name: str | None
    address: Address
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

    `label` tells it from all other ends on its side, of letters, digits and hyphens.
    `gateway` is the public address that the other end knows it by, None where the plan names none: the other end
    then takes any. `inside` is where strongSwan really listens, if that is behind the NAT of the ESG. `subnets` are what the other end may reach through it.
    """

    site: Site
    name: str | None
    label: str
    gateway: Address | None
    inside: Address | None
    identity: str
    subnets: tuple[Prefix, ...]


class Tunnel(NamedTuple):
    """An IPsec tunnel: IKS dials (`near`), the ESG or the strongSwan of ICP listens (`far`)."""

    key: IntegrationKey
    near: TunnelEnd
    far: TunnelEnd
    ike: int

    @property
    def label(self) -> str:
        """A name of letters, digits and hyphens, the same at both ends."""
        return f"{self.near.label}-{self.far.label}"


class Edge(NamedTuple):
    """One ESG with its DLR. `missing` says what the plan lacks for it, and what to write."""

    name: str | None
    interfaces: tuple[Interface, ...]
    behind: tuple[Network, ...]
    clusters: tuple[str, ...]
    source_nat: tuple[SourceNat, ...]
    destination_nat: tuple[DestinationNat, ...]
    routes: tuple[Route, ...]
    sessions: tuple[Session, ...]
    tunnels: tuple[Tunnel, ...]
    missing: tuple[tuple[str, str], ...]

    def interface(self, role: Role) -> Interface | None:
        """Return the interface for a purpose, None where the plan has no network for it."""
        return next((i for i in self.interfaces if i.role == role), None)


class Devices(NamedTuple):
    """Everything that the devices of a plan need. `routes` are those of all devices, the ESGs' among them."""

    edges: tuple[Edge, ...]
    sessions: tuple[Session, ...]
    tunnels: tuple[Tunnel, ...]
    routes: tuple[Route, ...]
