"""From TOML text to a `Plan`, with every problem at once.

The reader takes each table by its key path, notes what is wrong with it and goes on; only a plan without
problems becomes a value. Problems are findings, placed at line and column. No file is opened here, and nothing
in a plan is expanded, included or executed.
"""

from __future__ import annotations

import datetime
from typing import TYPE_CHECKING, Any

from ipplan.addresses import WIDTH, AddressError, Prefix, parse_address, parse_prefix
from ipplan.findings import LONGEST_NAME, MOST_PROBLEMS, Finding, KeyPath, Location, format_key, place
from ipplan.plan.kinds import KINDS
from ipplan.plan.links import read_links
from ipplan.plan.methods import ENTERPRISE, IBM_PRIVATE
from ipplan.plan.model import (
    ACCOUNT_ROUTING,
    ASN_KEYS,
    GATEWAY_ON,
    INTEGRATION,
    INTERNET,
    STATUSES,
    VLANS,
    Avoid,
    Cluster,
    Edge,
    Labels,
    NamedAddress,
    Network,
    Plan,
    Pool,
    Site,
    Waiver,
)
from ipplan.plan.reader import LONGEST_TEXT, Reader, nearest, show
from ipplan.plan.toml_text import decode, read_toml

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Sequence

__all__ = ["SCHEMA", "PlanError", "locate_in", "nearest", "parse_plan", "show"]

SCHEMA = 1
"""The plan format this version reads."""

MOST = 1_000_000_000
"""Largest count of workers, pods, services or hosts that is taken for meant."""

_SIZE_KEYS = ("cidr", "prefix", "hosts")


class PlanError(Exception):
    """A plan that cannot be read; `problems` holds its problems, placed and sorted, `hidden` counts further ones.

    At most `MOST_PROBLEMS` are held.
    """

    def __init__(self, file: str, problems: Sequence[Finding], hidden: int = 0) -> None:
        first = problems[0].message if problems else "cannot be read"
        more = len(problems) + hidden - 1
        super().__init__(f"{file}: {first}" + (f" (and {more:,} more)" if more > 0 else ""))
        self.file = file
        self.problems = tuple(problems[:MOST_PROBLEMS])
        self.hidden = hidden + len(problems) - len(self.problems)


def parse_plan(data: bytes, file: str) -> Plan:
    """Read a whole plan; raise PlanError with every problem at once.

    `file` is the name to show in messages. Cost is linear in the size of the text.
    """
    reading = read_toml(data)
    reader = Reader(unreadable=(p.key for p in reading.problems))
    plan = _PlanReader(reader).plan(reading.document, file)
    problems = reader.problems
    problems += [
        Finding(
            rule=p.rule,
            severity="error",
            message=p.message,
            key=p.key,
            help=p.help,
            location=Location(file, p.key, p.line, p.column),
        )
        for p in reading.problems
    ]
    if problems:
        text = decode(data) if reading.blanked is None else reading.blanked
        placed = place(problems, file, lambda wanted: _find(text, wanted, reader.unknown))
        raise PlanError(file, placed, reader.hidden + reading.hidden)
    return plan


def locate_in(data: bytes) -> Callable[[Iterable[KeyPath]], dict[KeyPath, tuple[int, int]]]:
    """Return the function that finds line and column of key paths in the text of a plan that was read.

    The text is scanned when asked, not before.
    """
    return lambda wanted: _find(decode(data), wanted)


def _find(text: str, wanted: Iterable[KeyPath], keys: Collection[KeyPath] = ()) -> dict[KeyPath, tuple[int, int]]:
    """Find key paths in a text that tomli accepts: those among `keys` at their key, every other at its value."""
    from ipplan.plan.toml_positions import find_positions

    paths = set(wanted)
    found = find_positions(text, paths.difference(keys))
    if at_key := paths.intersection(keys):
        found.update(find_positions(text, at_key, at_key=True))
    return found


def _plain_network(name: str, row: Any) -> Network | None:
    """Read a network that states only kind, one of cidr and prefix, and a description, as most do.

    Returns None for any other, and for one with a problem: the careful reader takes those. It exists because it
    halves the time that a plan of a hundred thousand networks takes.
    """
    if type(row) is not dict or not 0 < len(name) <= LONGEST_NAME:
        return None
    kind_name, cidr, length, text = (
        row.get("kind"),
        row.get("cidr"),
        row.get("prefix"),
        row.get("description"),
    )
    kind = KINDS.get(kind_name) if type(kind_name) is str else None
    if (
        kind is None
        or kind.platform
        or len(row) != (2 if text is None else 3)
        or (text and (type(text) is not str or len(text) > LONGEST_TEXT))
    ):
        return None
    prefix = None
    if type(cidr) is str:
        try:
            prefix = parse_prefix(cidr)
        except AddressError:
            return None
    elif type(length) is not int or not 0 <= length <= 128 or kind.provider == "enterprise":
        return None
    # Straight into the tuple: the fields are all given, and going by keywords takes twice as long.
    fields = (
        name,
        kind,
        prefix,
        None,
        None,
        length,
        None,
        None,
        None,
        None,
        (),
        text,
        None,
        True,
        False,
        None,
        None,
        None,
        (),
        None,
        None,
    )
    return tuple.__new__(Network, fields)


class _PlanReader:
    """One pass over a document, table after table."""

    def __init__(self, read: Reader) -> None:
        self.read = read

    # -- the plan ------------------------------------------------------------------------------------------

    def plan(self, document: dict[str, Any], file: str) -> Plan:
        for name in document:
            if name not in _TOP_KEYS:
                self.read.unknown_key((name,), _TOP_KEYS)
        schema = document.get("schema", SCHEMA)
        if type(schema) is not int:
            self.read.wrong_type(("schema",), schema, "the number 1")
        elif schema != SCHEMA:
            self.read.problem(
                "bad-value",
                ("schema",),
                f"is {show(schema)}, and this ipplan reads schema {SCHEMA}",
                "a newer ipplan may read it" if schema > SCHEMA else f"write schema = {SCHEMA}",
            )
        head = self.read.table(document, ("plan",), _PLAN_KEYS)
        pools = self.pools(head)
        clusters, edges, sites = self.clusters(document), self.edges(document), self.sites(document)
        self.names(document, clusters, edges, sites)
        networks = self.networks(document, clusters, {p.prefix for p in pools}, sites)
        return Plan(
            file=file,
            name=self.read.name(head, ("plan", "name")),
            description=self.read.text(head, ("plan", "description")),
            data_centers=self.data_centers(head),
            ranges_edition=self.edition(head),
            keep_clear=self.keep_clear(head),
            ranges_file=self.ranges_file(head),
            pools=pools,
            owned_public=self.owned_public(head),
            integration=self.integration(document),
            **self.details(document),
            clusters=clusters,
            edges=edges,
            sites=sites,
            links=read_links(self.read, document, clusters, edges, sites, networks),
            avoids=self.avoids(document),
            waivers=self.waivers(document, dict.fromkeys(n.name for n in networks) if "waive" in document else {}),
            networks=networks,
        )

    def pools(self, head: dict[str, Any]) -> tuple[Pool, ...]:
        blocks = (self.read.block(text, key) for key, text in self.read.texts(head, ("plan", "byoip")))
        return tuple(Pool(*found) for found in blocks if found is not None)

    def owned_public(self, head: dict[str, Any]) -> tuple[Prefix, ...]:
        prefixes = (self.read.prefix(text, key) for key, text in self.read.texts(head, ("plan", "owned-public")))
        return tuple(found for found in prefixes if found is not None)

    def data_centers(self, head: dict[str, Any]) -> tuple[str, ...]:
        texts = self.read.texts(head, ("plan", "data-centers"))
        found = (self.data_center(text, key) for key, text in texts)
        return tuple(dict.fromkeys(name for name in found if name is not None))

    def data_center(self, text: str | None, key: KeyPath) -> str | None:
        """Return the name of a data center; one of another form is a problem."""
        if text is None or (
            len(text) == 5 and text.isascii() and text[:3].isalpha() and text[3:].isdigit() and text.islower()
        ):
            return text
        lower = text.strip().lower()
        help_ = f'write "{lower}"' if lower != text and len(lower) == 5 else None
        self.read.problem("bad-value", key, f'is {show(text)}, and a data center is written as in "dal10"', help_)
        return None

    def place(self, row: dict[str, Any], key: KeyPath) -> str | None:
        """Return the data center that a table names under `data-center`."""
        path = (*key, "data-center")
        return self.data_center(self.read.text(row, path), path)

    def edition(self, head: dict[str, Any]) -> str | None:
        from ipplan.catalog import EDITIONS

        key = ("plan", "ranges-edition")
        value = head.get("ranges-edition")
        if isinstance(value, datetime.date):
            self.read.wrong_type(key, value, "a string", f'put it in quotes: "{value.isoformat()[:10]}"')
            return None
        return self.read.choice(head, key, EDITIONS, "edition of IBM's published ranges that this ipplan holds")

    def keep_clear(self, head: dict[str, Any]) -> tuple[str, ...] | None:
        """Return the platforms to keep clear of, each once in the order of the catalogue, None where the plan is silent."""
        from ipplan.catalog import KEEP_CLEAR

        if "keep-clear" not in head:
            return None
        texts = self.read.texts(head, ("plan", "keep-clear"))
        named = {
            self.read.one_of(name, key, KEEP_CLEAR, "platform that ipplan can keep clear of") for key, name in texts
        }
        return tuple(name for name in KEEP_CLEAR if name in named)

    def ranges_file(self, head: dict[str, Any]) -> str | None:
        key = ("plan", "ranges-file")
        if "ranges-file" in head and "ranges-edition" in head:
            self.read.problem(
                "bad-value",
                key,
                "and ranges-edition exclude each other: both say which of IBM's ranges to take",
                "remove one of them",
            )
        return self.read.name(head, key)

    def integration(self, document: dict[str, Any]) -> dict[Any, str]:
        table = self.read.table(document, ("integration",), _INTEGRATION_KEYS)
        chosen = {
            key: self.read.choice(table, ("integration", key), methods, "method of this integration")
            for key, methods in INTEGRATION.items()
        }
        return {key: method for key, method in chosen.items() if method is not None}

    def details(self, document: dict[str, Any]) -> dict[str, Any]:
        """Return what the integration states beside its methods: numbers of BGP, version of IKE, account routing."""
        table = document.get("integration", {})
        if not isinstance(table, dict):
            return {}
        asns = {
            key: self.read.number(table, ("integration", key), 1, 4_294_967_294) for key in ASN_KEYS if key in table
        }
        return {
            "asns": {key: asn for key, asn in asns.items() if asn is not None},
            "ike": self.read.number(table, ("integration", "ike"), 1, 2),
            "account_routing": self.read.choice(
                table, ("integration", "account-routing"), ACCOUNT_ROUTING, "way to route in an account"
            ),
        }

    def clusters(self, document: dict[str, Any]) -> dict[str, Cluster]:
        found: dict[str, Cluster] = {}
        value = document.get("clusters", {})
        if not isinstance(value, dict):
            self.read.wrong_type(("clusters",), value, "a table", "write [clusters.NAME] above each cluster")
            return found
        for name in value:
            key: KeyPath = ("clusters", name)
            self.read.check_name(key)
            row = self.read.table(value, key, _CLUSTER_KEYS)
            platform = self.read.choice(row, (*key, "platform"), ("iks", "icp"), "platform")
            if "platform" not in row and isinstance(value[name], dict):
                self.read.missing(
                    (*key, "platform"),
                    "a cluster is of one platform",
                    'write platform = "iks" or platform = "icp"',
                )
            found[name] = Cluster(
                name,
                "icp" if platform == "icp" else "iks",
                self.read.number(row, (*key, "workers"), 1, MOST),
                self.read.number(row, (*key, "pods-per-worker"), 1, MOST),
                self.read.number(row, (*key, "services"), 1, MOST),
                self.place(row, key),
                self.read.name(row, (*key, "edge")),
                *self.about(row, key),
            )
        return found

    def edges(self, document: dict[str, Any]) -> dict[str, Edge]:
        return {
            name: Edge(
                name,
                self.place(row, key),
                self.read.choice(row, (*key, "internet"), INTERNET, "way to reach the internet"),
                *self.about(row, key),
            )
            for name, key, row in self.named_tables(document, "edges", _EDGE_KEYS)
        }

    def sites(self, document: dict[str, Any]) -> dict[str, Site]:
        return {
            name: Site(name, *self.about(row, key))
            for name, key, row in self.named_tables(document, "sites", _SITE_KEYS)
        }

    def about(self, row: dict[str, Any], key: KeyPath) -> tuple[Labels, int | None, str | None]:
        """Return what a table says for people: labels, VLAN and status."""
        return (
            self.labels(row, key),
            self.read.number(row, (*key, "vlan"), *VLANS),
            self.read.choice(row, (*key, "status"), STATUSES, "status"),
        )

    def labels(self, row: dict[str, Any], key: KeyPath) -> Labels:
        if "labels" not in row:
            return ()
        path = (*key, "labels")
        value = row["labels"]
        if not isinstance(value, dict):
            self.read.wrong_type(path, value, "a table", 'write labels = { team = "erp" }')
            return ()
        found = []
        for name in value:
            self.read.check_name((*path, name))
            text = self.read.name(value, (*path, name))
            if text is not None:
                found.append((name, text))
        return tuple(found)

    def named_tables(
        self, document: dict[str, Any], title: str, known: Collection[str]
    ) -> Iterator[tuple[str, KeyPath, dict[str, Any]]]:
        """Yield name, path and content of each table under a title."""
        value = document.get(title, {})
        if not isinstance(value, dict):
            self.read.wrong_type((title,), value, "a table", f"write [{title}.NAME] above each entry")
            return
        for name in value:
            key: KeyPath = (title, name)
            self.read.check_name(key)
            yield name, key, self.read.table(value, key, known)

    def names(
        self,
        document: dict[str, Any],
        clusters: Collection[str],
        edges: Collection[str],
        sites: Collection[str],
    ) -> None:
        """Report names that cannot be told apart as ends of a link.

        The name of IBM's private network is free for a cluster in a plan that has neither links, edges nor sites.
        """
        plain = not any(title in document for title in ("link", "edges", "sites"))
        taken: dict[str, KeyPath] = {}
        for title, names in (("clusters", clusters), ("edges", edges), ("sites", sites)):
            for name in names:
                key: KeyPath = (title, name)
                if name == IBM_PRIVATE and not plain:
                    self.read.problem(
                        "bad-value",
                        key,
                        "has the name that links use for IBM Cloud's private network",
                        "choose another name",
                    )
                elif name in taken:
                    self.read.problem(
                        "bad-value",
                        key,
                        f"has the same name as {format_key(taken[name])}: clusters, edges and sites need different names",
                        "rename one of them",
                    )
                taken.setdefault(name, key)

    def avoids(self, document: dict[str, Any]) -> tuple[Avoid, ...]:
        found = []
        for key, row in self.read.tables(document, ("avoid",), ("cidr", "reason")):
            if "cidr" not in row:
                self.read.missing((*key, "cidr"), "it says which space to avoid")
                continue
            prefix = self.read.prefix(row["cidr"], (*key, "cidr"))
            reason = self.read.text(row, (*key, "reason"))
            if prefix is not None:
                found.append(Avoid(prefix, reason))
        return tuple(found)

    def waivers(self, document: dict[str, Any], networks: Collection[str]) -> tuple[Waiver, ...]:
        found = []
        for key, row in self.read.tables(document, ("waive",), _WAIVE_KEYS):
            for name, why in (("rule", "it names the rule to waive"), ("reason", "a waiver says why")):
                if name not in row:
                    self.read.missing((*key, name), why)
            names = self.read.texts(row, (*key, "networks"))
            for path, name in names:
                # A slash: the network of another plan, which only `check` of both knows.
                if name not in networks and "/" not in name:
                    self.read.reference(path, name, networks, "network")
            until = row.get("until")
            if until is not None and (not isinstance(until, datetime.date) or isinstance(until, datetime.datetime)):
                self.read.wrong_type(
                    (*key, "until"),
                    until,
                    "a date such as 2027-03-31",
                    "write it without quotes and without a time",
                )
                until = None
            rule, reason = self.read.name(row, (*key, "rule")), self.read.text(row, (*key, "reason"))
            owner = self.read.name(row, (*key, "owner"))
            found.append(Waiver(rule or "", tuple(name for _, name in names), reason or "", owner, until))
        return tuple(found)

    # -- networks ------------------------------------------------------------------------------------------

    def networks(
        self,
        document: dict[str, Any],
        clusters: dict[str, Cluster],
        pools: set[Prefix],
        sites: Collection[str],
    ) -> tuple[Network, ...]:
        rows = document.get("networks", {})
        if not isinstance(rows, dict):
            self.read.wrong_type(("networks",), rows, "a table", "write [networks.NAME] above each network")
            return ()
        by_platform: dict[str, list[str]] = {}
        for cluster in clusters.values():
            by_platform.setdefault(cluster.platform, []).append(cluster.name)
        only = {platform: names[0] for platform, names in by_platform.items() if len(names) == 1}
        found: list[Network] = []
        for name, row in rows.items():
            network = _plain_network(name, row) or self.network(name, row, clusters, pools, only, sites)
            if network is not None:
                found.append(network)
            # The parsed rows are most of the memory of a large plan: let each go as soon as it is read.
            rows[name] = None
        return tuple(found)

    def network(
        self,
        name: str,
        row: Any,
        clusters: dict[str, Cluster],
        pools: set[Prefix],
        only: dict[str, str],
        sites: Collection[str],
    ) -> Network | None:
        key: KeyPath = ("networks", name)
        if not isinstance(row, dict):
            self.read.wrong_type(key, row, "a table", f"write [{format_key(key)}] above its keys")
            return None
        self.read.check_name(key)
        seen = 0
        kind = KINDS.get(kind_name) if isinstance(kind_name := row.get("kind"), str) else None
        if kind is None:
            self.read.choice(row, (*key, "kind"), KINDS, "kind of network")
            if kind_name is None:
                self.read.missing(
                    (*key, "kind"), "it tells what the network is for", f"write one of {', '.join(KINDS)}"
                )
                seen -= 1
        seen += 1
        prefix: Prefix | None = None
        written: int | None = None
        if (cidr := row.get("cidr")) is not None:
            seen += 1
            prefix, written = self.read.block(cidr, (*key, "cidr")) or (None, None)
        cluster = row.get("cluster")
        if cluster is not None:
            seen += 1
            cluster = self.cluster(row, key, kind_name, clusters)
        elif kind is not None and kind.platform:
            cluster = only.get(kind.platform)
            if cluster is None:
                self.which_cluster(key, kind.platform, clusters)
        if len(row) == seen and kind is not None and (cidr is not None or kind.provider != "enterprise"):
            return Network(name, kind, prefix, written, cluster)
        network = Network(name, kind or KINDS["enterprise"], prefix, written, cluster)
        network = self.rest(row, network, pools, known_kind=kind is not None)
        return self.standing(row, network, clusters, sites) if kind is not None else None

    def rest(self, row: dict[str, Any], network: Network, pools: set[Prefix], *, known_kind: bool) -> Network:
        """Read the keys that few networks have."""
        key = network.key
        for word in row:
            if word not in _NETWORK_KEYS:
                self.read.unknown_key((*key, word), _NETWORK_KEYS)
        sizes = [word for word in _SIZE_KEYS if word in row]
        for word in sizes[1:]:
            self.read.problem(
                "bad-value",
                (*key, word),
                f"stands beside {sizes[0]}, and a network states one of cidr, prefix and hosts",
                "keep one of them",
            )
        kind = network.kind
        if known_kind and kind.provider == "enterprise" and "cidr" not in row:
            self.read.missing(
                (*key, "cidr"), "the enterprise's own networks exist already, ipplan does not allocate them"
            )
        width = WIDTH[network.prefix.version] if network.prefix else 128
        length = self.read.number(row, (*key, "prefix"), 0, 128)
        grow_to = self.read.number(row, (*key, "grow-to"), 0, width)
        own = network.prefix.length if network.prefix else length
        if grow_to is not None and own is not None and grow_to > own:
            self.read.problem(
                "bad-value",
                (*key, "grow-to"),
                f"is /{grow_to}, smaller than the network itself, a /{own}",
                f"write a prefix length below {own}, or leave it out",
            )
        pool = self.pool(row, network, pools, known_kind=known_kind)
        labels, vlan, status = self.about(row, key)
        return network._replace(
            length=length,
            hosts=self.read.number(row, (*key, "hosts"), 1, MOST),
            grow_to=grow_to,
            group=self.read.name(row, (*key, "group")),
            edge=self.read.name(row, (*key, "edge")),
            pool=pool,
            addresses=self.addresses(row, key),
            description=self.read.text(row, (*key, "description")),
            data_center=self.place(row, key),
            labels=labels,
            vlan=vlan,
            status=status,
        )

    def pool(self, row: dict[str, Any], network: Network, pools: set[Prefix], *, known_kind: bool) -> Prefix | None:
        """Read the pool that a network has to be from, one of the plan's."""
        key, kind = network.key, network.kind
        if "pool" not in row:
            return None
        found = self.read.block(row["pool"], (*key, "pool"))
        pool = found[0] if found else None
        if known_kind and kind.provider in ("ibm", "enterprise"):
            who = "IBM Cloud provides" if kind.provider == "ibm" else "the enterprise has"
            self.read.problem(
                "bad-value",
                (*key, "pool"),
                f"has no meaning for {kind.name}: {who} this range",
                "leave it out",
            )
        elif pool is not None and pool not in pools:
            self.read.reference(
                (*key, "pool"),
                str(pool),
                () if self.read.full else [str(p) for p in sorted(pools)],
                "pool in plan.byoip",
            )
        return pool

    def standing(
        self, row: dict[str, Any], network: Network, clusters: dict[str, Cluster], sites: Collection[str]
    ) -> Network:
        """Read where a network stands: its site, and the router of one behind an edge."""
        key, kind = network.key, network.kind
        site = self.read.name(row, (*key, "site"))
        known = sites or (ENTERPRISE,)
        if site is not None and kind.provider != "enterprise":
            self.read.problem(
                "bad-value",
                (*key, "site"),
                f"has no effect on a network of kind {kind.name}: only enterprise networks are at a site",
                "remove it",
            )
        elif site is not None and site not in known:
            self.read.reference((*key, "site"), site, known, "site")
        gateway_on = self.read.choice(row, (*key, "gateway-on"), GATEWAY_ON, "place of a gateway")
        if gateway_on is not None and kind.router is None:
            kinds = " and ".join(k.name for k in KINDS.values() if k.router is not None)
            self.read.problem(
                "bad-value",
                (*key, "gateway-on"),
                f"has no effect on a network of kind {kind.name}: it is for {kinds}",
                "remove it",
            )
        cluster = clusters.get(network.cluster) if network.cluster is not None else None
        if (
            kind.router is not None
            and cluster is not None
            and None not in (network.edge, cluster.edge)
            and network.edge != cluster.edge
        ):
            self.read.problem(
                "bad-value",
                (*key, "edge"),
                f"is {show(network.edge)}, and its cluster {cluster.name} is behind edge {show(cluster.edge)}",
                "name the edge in one of the two places",
            )
        return network._replace(site=site, gateway_on=gateway_on)

    def cluster(self, row: dict[str, Any], key: KeyPath, kind_name: object, clusters: dict[str, Cluster]) -> str | None:
        cluster = self.read.name(row, (*key, "cluster"))
        if cluster is None:
            return None
        if cluster not in clusters:
            self.read.reference((*key, "cluster"), cluster, clusters, "cluster")
            return None
        kind = KINDS.get(kind_name) if isinstance(kind_name, str) else None
        platform = clusters[cluster].platform
        if kind is not None and kind.platform not in (None, platform):
            self.read.problem(
                "bad-value",
                (*key, "cluster"),
                f"is {show(cluster)}, a cluster of platform {platform}, and a network of kind {kind.name} belongs to {kind.platform}",
                f"name an {kind.platform} cluster, or change the kind",
            )
        return cluster

    def which_cluster(self, key: KeyPath, platform: str, clusters: dict[str, Cluster]) -> None:
        if self.read.full and any(c.platform == platform for c in clusters.values()):
            self.read.missing((*key, "cluster"), "the plan has several")
            return
        candidates = [c.name for c in clusters.values() if c.platform == platform]
        if candidates:
            names = ", ".join(map(show, candidates[:8])) + (", …" if len(candidates) > 8 else "")
            self.read.missing(
                (*key, "cluster"),
                f"the plan has {len(candidates)} {platform} clusters",
                f"write one of {names}",
            )

    def addresses(self, row: dict[str, Any], key: KeyPath) -> tuple[NamedAddress, ...]:
        value = row.get("addresses", {})
        path = (*key, "addresses")
        if not isinstance(value, dict):
            self.read.wrong_type(path, value, "a table", "write addresses = { gateway = 1 }")
            return ()
        found = []
        for name, what in value.items():
            if len(name) > LONGEST_NAME:
                self.read.check_name((*path, name))
            if type(what) is int:
                if what == 0 or abs(what) > 1 << 64:
                    self.read.problem(
                        "bad-value",
                        (*path, name),
                        f"is {show(what)}, and usable addresses are counted from 1, or from -1 at the end",
                    )
                else:
                    found.append(NamedAddress(name, what, None))
            elif isinstance(what, str):
                try:
                    found.append(NamedAddress(name, None, parse_address(what)))
                except AddressError as error:
                    help_ = "leave out the prefix length" if "/" in what else None
                    self.read.problem(
                        "bad-value", (*path, name), f"is {show(what)}, which is no address: {error}", help_
                    )
            else:
                self.read.wrong_type((*path, name), what, "a whole number or an address in quotes")
        return tuple(found)


_ABOUT_KEYS = ("labels", "vlan", "status")
_INTEGRATION_KEYS = (*INTEGRATION, *ASN_KEYS, "ike", "account-routing")
_TOP_KEYS = (
    "schema",
    "plan",
    "integration",
    "clusters",
    "edges",
    "sites",
    "link",
    "avoid",
    "waive",
    "networks",
)
_PLAN_KEYS = (
    "name",
    "description",
    "data-centers",
    "ranges-edition",
    "ranges-file",
    "keep-clear",
    "byoip",
    "owned-public",
)
_CLUSTER_KEYS = ("platform", "workers", "pods-per-worker", "services", "data-center", "edge", *_ABOUT_KEYS)
_EDGE_KEYS = ("data-center", "internet", *_ABOUT_KEYS)
_SITE_KEYS = _ABOUT_KEYS
_WAIVE_KEYS = ("rule", "networks", "reason", "owner", "until")
_NETWORK_KEYS = (
    "kind",
    "cluster",
    "edge",
    "site",
    "gateway-on",
    "data-center",
    "cidr",
    "prefix",
    "hosts",
    "grow-to",
    "group",
    "pool",
    "addresses",
    "description",
    *_ABOUT_KEYS,
)
