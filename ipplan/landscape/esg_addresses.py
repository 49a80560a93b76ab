"""Give the ESG its addresses: on each interface its own one, and those that NAT and tunnels use."""

from __future__ import annotations

from collections import Counter
from itertools import chain
from typing import TYPE_CHECKING

from ipplan.landscape.edge_addresses import esg_address, esg_networks, gateway_on_esg, on_transit
from ipplan.landscape.ends import UPLINKS
from ipplan.landscape.holders import first_named, free_addresses, gateway_address, machines, pick
from ipplan.landscape.model import ROLES, AddressGroup, HostAddress, Interface
from ipplan.plan import names

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ipplan.landscape.edge_facts import EdgeFacts
    from ipplan.landscape.model import Role
    from ipplan.plan.model import Network


class EsgAddresses:
    """The addresses of one ESG; remembers which free ones it has given as examples, and which are in use."""

    def __init__(self, edge: EdgeFacts) -> None:
        self.edge = edge
        self._given: dict[tuple[str, names.Names], HostAddress] = {}
        self._used: dict[str, dict[str, HostAddress]] = {role: {} for role in ROLES}
        self.short: Counter[str] = Counter()
        """The number of missing addresses of each interface."""
        self.primaries = {role: self._primary(role) for role in ROLES}
        taken = {a.text for a in self.primaries.values() if a is not None}
        self._free = {
            role: (a for a in chain.from_iterable(map(free_addresses, self._pool(role))) if a.text not in taken)
            for role in UPLINKS
        }

    def _primary(self, role: str) -> HostAddress | None:
        """Return the ESG's own address on an interface."""
        if role == "transit":
            return on_transit(self.edge.at["transit"], names.TRANSIT_ESG, 0)
        return esg_address(self.edge.ends, self.edge.end, role) if self.edge.at[role] else None

    def _pool(self, role: str) -> list[Network]:
        """Return the networks of an interface in which its own and its further addresses lie: of one IP version."""
        return esg_networks(self.edge.ends, self.edge.end, role)

    def named(self, role: str, wanted: names.Names) -> HostAddress | None:
        """Return the address of an interface with a wanted name, None without one."""
        return first_named(self._pool(role), *wanted)

    def take(self, role: str, wanted: names.Names) -> HostAddress | None:
        """Return the address with a wanted name, else a free one as an example; None where no address is left."""
        key = (role, wanted)
        found = self._given.get(key) or self.named(role, wanted) or next(self._free[role], None)
        if found is None:
            self.short[role] += 1
            return None
        self._given[key] = found
        return self.use(role, found)

    def use(self, role: str, address: HostAddress) -> HostAddress:
        """Remember that an interface has an address."""
        self._used[role][address.text] = address
        return address

    def interfaces(self) -> Iterator[Interface]:
        """Yield the interfaces: uplinks and transit, then one for each network that the ESG is the gateway of."""
        roles: dict[Role, str] = ROLES
        for number, role in enumerate(roles):
            primary = self.primaries[role]
            if primary is None:
                continue
            groups = tuple(self._groups(role, primary))
            if role == "transit":
                gateway = on_transit(self.edge.at["transit"], names.TRANSIT_DLR, 1)
            else:
                gateway = gateway_address(self.edge.at[role][0])
            yield Interface(role, number, groups, gateway)
        own = [n for n in self.edge.behind if gateway_on_esg(n)]
        for number, network in enumerate(own, len(roles)):
            yield Interface("workers", number, (AddressGroup(network, gateway_address(network), ()),), None)

    def _groups(self, role: str, primary: HostAddress) -> Iterator[AddressGroup]:
        """Yield the addresses of an interface by network: those in use, and those that the plan names."""
        for network in self.edge.at[role]:
            own = [a for a in self._used[role].values() if a.network == network.name]
            if role != "transit":
                own += machines(network)
            by_text = {a.text: a for a in reversed(own) if a.value is not None}
            ordered = sorted(by_text.values(), key=lambda a: a.value or 0)
            first = primary if primary.network == network.name else pick(network, *names.UPLINK)
            yield AddressGroup(network, first, tuple(a for a in ordered if a.text != first.text))
