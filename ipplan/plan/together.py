"""Several plans together: a different title for each, and one plan with the entries of all.

This module knows nothing of how the plans relate to each other.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import PurePath
from typing import TYPE_CHECKING

from ipplan.plan import names
from ipplan.plan.methods import ENTERPRISE, IBM_PRIVATE
from ipplan.plan.model import Site

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from ipplan.findings import KeyPath
    from ipplan.plan.model import Link, Network, Plan

SEPARATOR = "/"
"""Separates the title of a plan and a name in it."""


def plan_titles(plans: Sequence[Plan]) -> tuple[str, ...]:
    """Return a title for each plan: its own name, else the name of its file without folder and ending.

    Of plans with the same name, each after the first gets a number, in the order given.
    """
    found: list[str] = []
    for plan in plans:
        # No slash in the title, because the first slash of a prefixed name ends the title.
        title = (plan.name or PurePath(plan.file).stem or plan.file).replace(SEPARATOR, "-")
        unique, number = title, 2
        while unique in found:
            unique, number = f"{title}-{number}", number + 1
        found.append(unique)
    return tuple(found)


def prefixed(plan: Plan, title: str) -> Plan:
    """Return a plan whose clusters, edges and networks are named after it, such as "dallas/vm-db".

    Sites keep their names, because the same name in two plans is the same site. A plan that declares no site has the one
    named enterprise. Groups keep their names too, and addresses unless they have the name of a cluster or edge in
    theirs. Waivers are left out.
    """
    start = title + SEPARATOR
    ends = {*plan.clusters, *plan.edge_names}

    def name(text: str | None) -> str | None:
        return None if text is None else start + text

    def network(own: Network) -> Network:
        addresses = own.addresses and tuple(
            a._replace(name=start + a.name) if any(a.name.removesuffix(w) in ends for w in names.OF_A_PARTNER) else a
            for a in own.addresses
        )
        return own._replace(name=start + own.name, cluster=name(own.cluster), edge=name(own.edge), addresses=addresses)

    def link(own: Link) -> Link:
        first, second = (text if _keeps_name(plan, text) else start + text for text in own.ends)
        return own._replace(
            ends=(first, second),
            networks=tuple(start + n for n in own.networks),
            nat=tuple(entry._replace(network=start + entry.network) for entry in own.nat),
        )

    return replace(
        plan,
        clusters={start + k: c._replace(name=start + k, edge=name(c.edge)) for k, c in plan.clusters.items()},
        edges={start + k: e._replace(name=start + k) for k, e in plan.edges.items()},
        sites=plan.sites or {ENTERPRISE: Site(ENTERPRISE)},
        links=tuple(map(link, plan.links)),
        networks=tuple(map(network, plan.networks)),
        waivers=(),
    )


def _keeps_name(plan: Plan, end: str) -> bool:
    if end == IBM_PRIVATE or end in plan.sites:
        return True
    return end == ENTERPRISE and not plan.sites and end not in plan.clusters and end not in plan.edge_names


def merged(plans: Iterable[Plan]) -> Plan:
    """Return one plan with the networks, clusters, edges, links, pools and avoided space of several prefixed ones.

    It has their entries only: which of them are joined is a matter of each plan by itself.
    """
    plans = tuple(plans)
    links = [link for plan in plans for link in plan.links]
    return replace(
        plans[0],
        name=None,
        integration={},
        asns={},
        data_centers=tuple(dict.fromkeys(c for p in plans for c in p.data_centers)),
        owned_public=tuple(dict.fromkeys(x for p in plans for x in p.owned_public)),
        pools=tuple(pool for p in plans for pool in p.pools),
        clusters={k: c for p in plans for k, c in p.clusters.items()},
        edges={k: e for p in plans for k, e in p.edges.items()},
        sites={k: s for p in plans for k, s in p.sites.items()},
        links=tuple(link._replace(number=number) for number, link in enumerate(links)),
        avoids=tuple(avoid for p in plans for avoid in p.avoids),
        networks=tuple(n for p in plans for n in p.networks),
    )


class Places:
    """Find a key path of the merged plan: in which of the plans it is, and under which key path there."""

    def __init__(self, plans: Sequence[Plan], titles: Sequence[str]) -> None:
        """Take the plans as they are in their files, and their titles."""
        self._of: dict[str, int] = {}
        for at, (plan, title) in enumerate(zip(plans, titles, strict=True)):
            own = (
                *(network.name for network in (*plan.networks, *plan.defaults)),
                *plan.clusters,
                *plan.edges,
            )
            self._of.update((title + SEPARATOR + name, at) for name in own)
        self._titles = tuple(titles)
        lists = [{"byoip": plan.pools, "avoid": plan.avoids, "link": plan.links} for plan in plans]
        self._lists = {
            key: [(at, number) for at, own in enumerate(lists) for number in range(len(own[key]))]
            for key in ("byoip", "avoid", "link")
        }

    def title(self, at: int) -> str:
        """Return the title of a plan."""
        return self._titles[at]

    def of_name(self, name: str) -> int:
        """Return the plan of a network, cluster or edge by its prefixed name."""
        return self._of[name]

    def of_key(self, key: KeyPath) -> tuple[int, KeyPath]:
        """Return the plan that a key path of the merged plan is in, and its own key path."""
        table, second = key[0], key[1]
        if table == "plan":
            at, number = self._lists["byoip"][int(key[2])]
            return at, ("plan", "byoip", number, *key[3:])
        if isinstance(second, int):
            at, number = self._lists[str(table)][second]
            return at, (table, number, *key[2:])
        at = self._of[second]
        return at, (table, second[len(self._titles[at]) + len(SEPARATOR) :], *key[2:])
