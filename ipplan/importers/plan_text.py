"""Writes what was gathered as the text of a plan that holds each range once.

No text of a file can break out of its value: all text goes through `quote`.
"""

from __future__ import annotations

import re
from io import StringIO
from typing import TYPE_CHECKING, NamedTuple

from ipplan.addresses import format_address
from ipplan.importers.gathering import Names, gather, joined
from ipplan.observed import Wish
from ipplan.plan.format import LONGEST_TEXT, SCHEMA
from ipplan.plan.toml_text import quote

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from ipplan.addresses import Prefix
    from ipplan.importers.gathering import Draft, Gathered
    from ipplan.importers.tunnel_links import TunnelLink
    from ipplan.observed import Observed

_BARE = re.compile(r"[A-Za-z0-9_-]+")
"""A key that needs no quotes in TOML."""


class Imported(NamedTuple):
    """The text of a plan, and how many networks, named addresses, avoided ranges and pools it has.

    `wishes` counts the networks without a range, `duplicates` the rows that repeat another row, `joined` those whose
    description was added to an avoided range. `containers` only group other ranges and become comments; `everything`
    are ranges of all addresses, which are skipped.
    """

    text: str
    networks: int
    wishes: int
    addresses: int
    avoids: int
    pools: int
    duplicates: int
    joined: int
    containers: tuple[Prefix, ...]
    everything: tuple[str, ...]


def make_plan(observed: Sequence[Observed], name: str | None) -> Imported:
    """Return the plan that several files describe; costs n log n in the number of rows."""
    gathered = gather(observed)
    text = StringIO(newline="")
    for line in _plan_lines(gathered, observed, name):
        text.write(line)
        text.write("\n")
    return summarize(gathered, text.getvalue())


def summarize(gathered: Gathered, text: str) -> Imported:
    """Return the text of a plan with the counts of what was gathered for it."""
    return Imported(
        text=text,
        networks=len(gathered.networks),
        wishes=sum(isinstance(network.row, Wish) for network in gathered.networks),
        addresses=sum(len(n.addresses) + len(n.about.addresses) for n in gathered.networks),
        avoids=len(gathered.avoids),
        pools=len(gathered.pools),
        duplicates=gathered.duplicates,
        joined=gathered.joined,
        containers=tuple(gathered.containers),
        everything=tuple(f"{row.prefix}" for row in gathered.everything if row.side is None),
    )


def _plan_lines(gathered: Gathered, observed: Sequence[Observed], name: str | None) -> Iterator[str]:
    files = ", ".join(f"{quote(one.file)} ({one.source})" for one in observed)
    yield f"# Imported by ipplan from {files}."
    yield f"schema = {SCHEMA}"
    yield from ("", "[plan]")
    if name:
        yield f"name = {quote(name)}"
    if gathered.data_centers:
        yield f"data-centers = [{', '.join(map(quote, gathered.data_centers))}]"
    if gathered.pools:
        yield f"byoip = [{_listed(gathered.pools)}]"
    elif gathered.containers:
        yield f"# These containers can be pools to allocate from: byoip = [{_listed(gathered.containers)}]"
    yield from standing_lines(gathered)
    yield from entry_lines(gathered, Names())


def _listed(prefixes: Iterable[Prefix]) -> str:
    return ", ".join(quote(str(prefix)) for prefix in prefixes)


def standing_lines(gathered: Gathered, besides: Mapping[str, Iterable[str]] | None = None) -> Iterator[str]:
    """Yield the tables of clusters, edges and sites, except those that `besides` names for each kind of table."""
    known = besides or {}
    for cluster, platform in gathered.clusters.items():
        if cluster in known.get("clusters", ()):
            continue
        yield from ("", f"[clusters.{key(cluster)}]", f"platform = {quote(platform)}")
        if cluster in gathered.workers:
            yield f"workers = {gathered.workers[cluster]}"
        if cluster in gathered.cluster_edges:
            yield f"edge = {quote(gathered.cluster_edges[cluster])}"
    for title, names in (("edges", gathered.edges), ("sites", gathered.sites)):
        for name in names:
            if name not in known.get(title, ()):
                yield from ("", f"[{title}.{key(name)}]")


def entry_lines(gathered: Gathered, names: Names) -> Iterator[str]:
    """Yield the entries of avoided ranges, links and networks; `names` gives each network its name."""
    for prefix, words in gathered.containers.items():
        about = f": {joined(words)}" if joined(words) else ""
        yield from ("", f"# Container, not avoided because other ranges are inside it: {prefix}{_one_line(about)}")
    for prefix, reason in gathered.avoids.items():
        yield f'\n[[avoid]]\ncidr = "{prefix}"'
        if reason:
            yield f"reason = {quote(_cut(reason))}"
    given = [network.name(names) for network in gathered.networks]
    for link in gathered.links:
        yield from _link_lines(link, given)
    for network, own_name in zip(gathered.networks, given, strict=True):
        yield from _network_lines(network, own_name)


def _network_lines(network: Draft, name: str) -> Iterator[str]:
    row, about = network.row, network.about
    yield from ("", f"[networks.{key(name)}]", f"kind = {quote(network.kind)}")
    if network.cluster is not None:
        yield f"cluster = {quote(network.cluster)}"
    for title, value in (
        ("edge", about.edge),
        ("site", about.site),
        ("data-center", about.data_center),
        ("gateway-on", about.gateway_on),
    ):
        if value is not None:
            yield f"{title} = {quote(value)}"
    if isinstance(row, Wish):
        sizes: tuple[tuple[str, int | None], ...] = (("prefix", row.length), ("hosts", row.hosts))
        yield from (f"{title} = {number}" for title, number in sizes if number is not None)
    else:
        yield f"cidr = {quote(row.cidr)}"
    if about.grow_to is not None:
        yield f"grow-to = {about.grow_to}"
    if about.group is not None:
        yield f"group = {quote(about.group)}"
    if about.pool is not None:
        yield f"pool = {quote(str(about.pool))}"
    if addresses := list(_addresses(network)):
        yield f"addresses = {{ {', '.join(addresses)} }}"
    if about.vlan is not None:
        yield f"vlan = {about.vlan}"
    if about.status is not None:
        yield f"status = {quote(about.status)}"
    if about.labels:
        labels = (f"{key(label)} = {quote(text)}" for label, text in about.labels)
        yield f"labels = {{ {', '.join(labels)} }}"
    if words := joined(network.words):
        yield f"description = {quote(_cut(words))}"


def _addresses(network: Draft) -> Iterator[str]:
    """Yield each named address as a plan states it: by its number, or in full."""
    stated = set()
    for address, name in network.addresses.items():
        stated.add(name)
        yield f"{key(name)} = {quote(address)}"
    for named in network.about.addresses:
        if named.name not in stated:
            value = str(named.nth) if named.address is None else quote(format_address(*named.address))
            yield f"{key(named.name)} = {value}"


def _link_lines(link: TunnelLink, names: Sequence[str]) -> Iterator[str]:
    """Yield the entry of a tunnel between two clusters.

    It lists the other networks too, because `nat` alone would limit the tunnel to those that it translates.
    """
    yield from (
        "",
        "[[link]]",
        f"between = [{', '.join(map(quote, link.clusters))}]",
        'method = "strongswan"',
    )
    if link.networks:
        yield f"networks = [{', '.join(quote(names[place]) for place in link.networks)}]"
    yield "nat = ["
    for place, shown in link.nat:
        yield f"  {{ network = {quote(names[place])}, as = {quote(str(shown))} }},"
    yield "]"


def key(name: str) -> str:
    """Return a name as a key in TOML."""
    return name if _BARE.fullmatch(name) else quote(name)


def _cut(text: str) -> str:
    """Return the text, cut to the length that a plan accepts."""
    return text if len(text) <= LONGEST_TEXT else f"{text[: LONGEST_TEXT - 3]}..."


def _one_line(text: str) -> str:
    """Return the text for a comment; characters that TOML does not allow there are escaped as in a string."""
    return quote(text)[1:-1]
