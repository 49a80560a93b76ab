"""Join the landscapes of several plans to find conflicts between them.

Each plan keeps its own links, short form and account. Plans share the sites of the enterprise, by name, and the internet.
Plans that declare the same private subnet of IBM Cloud also share an account. A table of one plan leads to a network of
another only through these; as in one plan, two networks conflict if one table leads to both.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from ipplan.landscape import Landscape
from ipplan.landscape.conflicts import Conflicts, Entry, TableKey

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ipplan.catalog import Catalog
    from ipplan.landscape.conflicts import SetKey
    from ipplan.landscape.ends import Carried, End, Joint
    from ipplan.landscape.plan_ends import Ends
    from ipplan.plan.model import Network, Plan
    from ipplan.plan.together import Places

_SHARED = frozenset({"site", "site-from-workers", "site-classic", "public"})
"""The sorts of sets that all plans share."""
_OF_AN_ACCOUNT = frozenset({"private", "learned", "learned-classic"})
"""The sorts of sets that plans of one account share."""
_PROVIDED: SetKey = ("provided",)
"""The private subnets of all accounts: IBM assigns each range once."""


class JoinedLandscape:
    """The landscapes of several prefixed plans, and the networks that two plans share."""

    def __init__(self, plan: Plan, plans: Sequence[Plan], places: Places, catalog: Catalog) -> None:
        """Take the merged plan, its prefixed plans, and the places that map a name to its plan."""
        self.plan = plan
        self.places = places
        self.landscapes = tuple(Landscape(own, catalog) for own in plans)
        self.tables = JoinedTables(self)

    def ends_for(self, network: Network) -> Ends:
        """Return the ends of the plan that a network is in."""
        return self.landscapes[self.places.of_name(network.name)].ends

    def is_one(self, first: Network, second: Network) -> bool:
        """Return whether two networks are in one plan, or the plan of one also declares the other.

        In both cases the check of a single plan judges them.
        """
        one, two = self.places.of_name(first.name), self.places.of_name(second.name)
        return one == two or two in self.owners(first) or one in self.owners(second)

    def owners(self, network: Network) -> frozenset[int]:
        """Return the plans that declare a network with its range; none for a network that plans cannot share."""
        found: set[int] = set()
        for key in self._identities(network, self.places.of_name(network.name)):
            found.update(self._owners.get(key, ()))
        return frozenset(found)

    @cached_property
    def _owners(self) -> Mapping[tuple[object, ...], set[int]]:
        found: dict[tuple[object, ...], set[int]] = {}
        for at, landscape in enumerate(self.landscapes):
            for network in landscape.plan.networks:
                for key in self._identities(network, at):
                    found.setdefault(key, set()).add(at)
        return found

    def _identities(self, network: Network, at: int) -> tuple[tuple[object, ...], ...]:
        """Return what identifies a network in several plans.

        For the enterprise this is the range with its site or its name, for IBM Cloud the range with its kind.
        """
        if network.prefix is None:
            return ()
        provider = network.kind.provider
        if provider == "ibm":
            return ((network.prefix, network.kind.name),)
        if provider != "enterprise":
            return ()
        site = self.landscapes[at].ends.site_of(network)
        name = network.name[len(self.places.title(at)) :]
        return ((network.prefix, "name", name), *([(network.prefix, site)] if site is not None else []))

    @cached_property
    def accounts(self) -> tuple[int, ...]:
        """The account of each plan, by its first plan; plans that share a private subnet of IBM Cloud share an account."""
        first = list(range(len(self.landscapes)))

        def root(at: int) -> int:
            while first[at] != at:
                at = first[at]
            return at

        seen: dict[tuple[object, ...], int] = {}
        for at, landscape in enumerate(self.landscapes):
            for network in landscape.plan.networks:
                if network.kind.provider == "ibm" and network.kind.public is False and network.prefix:
                    other = seen.setdefault((network.prefix, network.kind.name), at)
                    low, high = sorted((root(at), root(other)))
                    first[high] = low
        return tuple(map(root, first))


class JoinedTables(Conflicts):
    """The tables of several plans; sets and tables that they do not share have the number of their plan."""

    def __init__(self, joined: JoinedLandscape) -> None:
        self._joined = joined

    def _scoped(self, key: SetKey, at: int) -> SetKey:
        if key[0] in _SHARED:
            return key
        return (key[0], self._joined.accounts[at] if key[0] in _OF_AN_ACCOUNT else at, *key[1:])

    def _table(self, key: TableKey, at: int) -> TableKey:
        """Return the key of a table among all plans."""
        if key.device == "router":
            return key
        if key.device in ("bcr", "server"):
            at = self._joined.accounts[at]
        return key._replace(plan=self._joined.places.title(at))

    def sets_of(self, item: Carried) -> tuple[SetKey, ...]:
        """Return the sets that a destination is in, among all plans."""
        network = item.network
        at = self._joined.places.of_name(network.name)
        key = network.name, item.shown
        if key not in self._sets:
            own = self._joined.landscapes[at].tables.sets_of(item)
            found = tuple(self._scoped(to, at) for to in own)
            provided = network.kind.provider == "ibm" and network.kind.public is False
            self._sets[key] = (*found, _PROVIDED) if provided and item.shown is None else found
        return self._sets[key]

    @cached_property
    def _sets(self) -> dict[tuple[object, ...], tuple[SetKey, ...]]:
        return {}

    @cached_property
    def table_index(self) -> Mapping[TableKey, Mapping[SetKey, Entry]]:
        """The entries of each table by the set that they lead to; a router of a site has those of every plan."""
        found: dict[TableKey, dict[SetKey, Entry]] = {
            TableKey("bcr", None): {_PROVIDED: Entry(_PROVIDED, "directly: IBM assigns a range once")}
        }
        for at, landscape in enumerate(self._joined.landscapes):
            for key, entries in landscape.tables.table_index.items():
                own = found.setdefault(self._table(key, at), {})
                for to, entry in entries.items():
                    scoped = self._scoped(to, at)
                    own.setdefault(scoped, entry._replace(to=scoped))
        return found

    @cached_property
    def translated(self) -> Sequence[tuple[Carried, Joint, End]]:
        """Every network that a link of any plan shows at other addresses."""
        return [row for landscape in self._joined.landscapes for row in landscape.tables.translated]
