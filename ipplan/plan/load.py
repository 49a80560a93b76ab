"""From TOML text to a `Plan`, with every problem at once.

The reader takes each table by its key path, notes what is wrong with it and goes on; only a plan without
problems becomes a value. Problems are findings, placed at line and column. No file is opened here, and nothing
in a plan is expanded, included or executed.
"""

from __future__ import annotations

import datetime
from typing import TYPE_CHECKING, Any

from ipplan.addresses import (
    WIDTH,
    AddressError,
    HostBitsError,
    Prefix,
    parse_address,
    parse_prefix,
)
from ipplan.findings import Finding, KeyPath, Location, format_key, place
from ipplan.plan.kinds import KINDS
from ipplan.plan.model import (
    ACCOUNT_ROUTING,
    ASN_KEYS,
    INTEGRATION,
    Avoid,
    Cluster,
    NamedAddress,
    Network,
    Plan,
    Pool,
    Waiver,
)
from ipplan.plan.toml_text import decode, find_positions, read_toml

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable

SCHEMA = 1
"""The plan format this version reads."""

MOST = 1_000_000_000
"""Largest count of workers, pods, services or hosts that is taken for meant."""

_SIZE_KEYS = ("cidr", "prefix", "hosts")


class PlanError(Exception):
    """A plan that cannot be read; `problems` holds all of its problems, placed and sorted."""

    def __init__(self, file: str, problems: tuple[Finding, ...]) -> None:
        super().__init__(f"{file}: {len(problems)} problems")
        self.file = file
        self.problems = problems


def parse_plan(data: bytes, file: str) -> Plan:
    """Read a whole plan; raise PlanError with every problem at once.

    `file` is the name to show in messages. Cost is linear in the size of the text.
    """
    document, syntax = read_toml(data)
    reader = _Reader(unreadable=frozenset(p.key for p in syntax))
    plan = reader.plan(document, file)
    problems = reader.problems
    problems += [
        Finding(
            rule=p.rule, severity="error", message=p.message, key=p.key, help=p.help,
            location=Location(file, p.key, p.line, p.column),
        )
        for p in syntax
    ]  # fmt: skip
    if problems:
        raise PlanError(file, place(problems, file, locate_in(data, keys=reader.unknown)))
    return plan


def locate_in(
    data: bytes, keys: Collection[KeyPath] = ()
) -> Callable[[Iterable[KeyPath]], dict[KeyPath, tuple[int, int]]]:
    """Return the function that finds line and column of key paths in the text of a plan.

    A path among `keys` is placed at its key, every other at its value. The text is scanned when asked, not before.
    """

    def locate(wanted: Iterable[KeyPath]) -> dict[KeyPath, tuple[int, int]]:
        paths = set(wanted)
        text = decode(data)
        found = find_positions(text, paths.difference(keys))
        if at_key := paths.intersection(keys):
            found.update(find_positions(text, at_key, at_key=True))
        return found

    return locate


def nearest(word: str, known: Iterable[str]) -> str | None:
    """Return the known word that the given one was probably meant to be, None if none is near."""
    from difflib import get_close_matches

    # A slip of the finger seldom changes the length: of several near words, take the one as long.
    near = get_close_matches(word, sorted(known), n=3, cutoff=0.6)
    return min(near, key=lambda other: abs(len(other) - len(word)), default=None)


def show(value: object) -> str:
    """Return a value of a plan for a message, quoted, escaped and cut at about 80 characters."""
    if isinstance(value, str):
        text = '"' + ascii(value)[1:-1] + '"'
    elif isinstance(value, (datetime.date, datetime.time)):
        text = value.isoformat()
    else:
        text = ascii(value)
    return text if len(text) <= 80 else text[:77] + "..."


def _type_name(value: object) -> str:
    if isinstance(value, bool):
        return "a boolean"
    if isinstance(value, datetime.datetime):
        return "a date and time"
    names: tuple[tuple[type, str], ...] = (
        (str, "a string"), (int, "a number"), (float, "a decimal number"), (datetime.date, "a date"),
        (datetime.time, "a time"), (list, "an array"), (dict, "a table"),
    )  # fmt: skip
    return next((name for kind, name in names if isinstance(value, kind)), "something else")


def _plain_network(name: str, row: Any) -> Network | None:
    """Read a network that states only kind, one of cidr and prefix, and a description, as most do.

    Returns None for any other, and for one with a problem: the careful reader takes those. It exists because it
    halves the time that a plan of a hundred thousand networks takes.
    """
    if type(row) is not dict or not name:
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
        or (text and type(text) is not str)
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
        name, kind, prefix, None, None, length, None, None, None, None, (), text, None, True, False, None, None, None,
    )  # fmt: skip
    return tuple.__new__(Network, fields)


class _Reader:
    """One pass over a document; collects problems, and the key paths that must be placed at their key."""

    def __init__(self, unreadable: frozenset[KeyPath]) -> None:
        self.problems: list[Finding] = []
        self.unknown: set[KeyPath] = set()
        self.unreadable = unreadable

    # -- problems ------------------------------------------------------------------------------------------

    def problem(self, rule: str, key: KeyPath, message: str, help_: str | None = None) -> None:
        self.problems.append(
            Finding(rule=rule, severity="error", message=f"{format_key(key)} {message}", key=key, help=help_)
        )

    def unknown_key(self, key: KeyPath, known: Iterable[str]) -> None:
        self.unknown.add(key)
        word = str(key[-1])
        near = nearest(word, known)
        help_ = f"did you mean {near}?" if near else f"known keys here: {', '.join(known)}"
        self.problem("unknown-key", key, "is not a key that ipplan knows; it would have no effect", help_)

    def wrong_type(self, key: KeyPath, value: object, wanted: str, help_: str | None = None) -> None:
        self.problem(
            "wrong-type", key, f"is {_type_name(value)}, {show(value)}, and has to be {wanted}", help_
        )

    def missing(self, key: KeyPath, why: str, help_: str | None = None) -> None:
        if key not in self.unreadable:
            self.problem("missing-key", key, f"is missing: {why}", help_)

    # -- values of a type ----------------------------------------------------------------------------------

    def table(self, parent: dict[str, Any], key: KeyPath, known: Collection[str]) -> dict[str, Any]:
        """Return the table at the last key, empty where there is none, and report the keys nobody knows."""
        value = parent.get(str(key[-1]), {})
        if not isinstance(value, dict):
            self.wrong_type(key, value, "a table")
            return {}
        for name in value:
            if name not in known:
                self.unknown_key((*key, name), known)
        return value

    def tables(
        self, parent: dict[str, Any], key: KeyPath, known: Collection[str]
    ) -> list[tuple[KeyPath, dict[str, Any]]]:
        """Return the array of tables at the last key as (path, table) pairs."""
        value = parent.get(str(key[-1]), [])
        if not isinstance(value, list):
            self.wrong_type(key, value, "an array of tables", f"write [[{key[-1]}]] above each entry")
            return []
        found: list[tuple[KeyPath, dict[str, Any]]] = []
        for index, row in enumerate(value):
            path = (*key, index)
            if not isinstance(row, dict):
                self.wrong_type(path, row, "a table")
                continue
            for name in row:
                if name not in known:
                    self.unknown_key((*path, name), known)
            found.append((path, row))
        return found

    def text(self, table: dict[str, Any], key: KeyPath) -> str | None:
        value = table.get(str(key[-1]))
        if value is None or isinstance(value, str):
            return value
        self.wrong_type(key, value, "a string", "put it in quotes")
        return None

    def choice(self, table: dict[str, Any], key: KeyPath, known: Collection[str], what: str) -> str | None:
        value = self.text(table, key)
        if value is None or value in known:
            return value
        near = nearest(value, known)
        help_ = f'did you mean "{near}"?' if near else f"write one of {', '.join(known)}"
        self.problem("bad-value", key, f"is {show(value)}, which is no {what}", help_)
        return None

    def number(self, table: dict[str, Any], key: KeyPath, least: int, most: int) -> int | None:
        value = table.get(str(key[-1]))
        if value is None:
            return None
        if type(value) is not int:
            self.wrong_type(key, value, "a whole number")
            return None
        if not least <= value <= most:
            self.problem("bad-value", key, f"is {show(value)}, and has to be from {least:,} to {most:,}")
            return None
        return value

    def texts(self, table: dict[str, Any], key: KeyPath) -> list[tuple[KeyPath, str]]:
        """Return the array of strings at the last key as (path, text) pairs."""
        value = table.get(str(key[-1]), [])
        if not isinstance(value, list):
            self.wrong_type(key, value, "an array of strings", "write it in brackets: [...]")
            return []
        found = []
        for index, item in enumerate(value):
            if isinstance(item, str):
                found.append(((*key, index), item))
            else:
                self.wrong_type((*key, index), item, "a string", "put it in quotes")
        return found

    def prefix(self, value: object, key: KeyPath) -> Prefix | None:
        """Read a CIDR that must be exact; host bits are a problem that names both likely intentions."""
        found = self.block(value, key)
        if found is None or found[1] is None:
            return found[0] if found else None
        block, written = found
        assert written is not None
        try:
            raise HostBitsError(block, written)
        except HostBitsError as error:
            self.problem(
                "bad-value",
                key,
                f"is {show(value)}: {error}",
                f"write {block}, or {error.exact} if only that part is meant",
            )
        return None

    def block(self, value: object, key: KeyPath) -> tuple[Prefix, int | None] | None:
        """Read a CIDR; where host bits are set return the block and the address as written."""
        if not isinstance(value, str):
            help_ = "a CIDR is a string, in quotes" if not isinstance(value, (list, dict)) else None
            self.wrong_type(key, value, 'a CIDR such as "10.1.0.0/16"', help_)
            return None
        try:
            return parse_prefix(value), None
        except HostBitsError as error:
            return error.block, error.address
        except AddressError as error:
            help_ = f'write "{error.suggestion}"' if error.suggestion else None
            self.problem("bad-value", key, f"is {show(value)}, which is no CIDR: {error}", help_)
            return None

    # -- the plan ------------------------------------------------------------------------------------------

    def plan(self, document: dict[str, Any], file: str) -> Plan:
        for name in document:
            if name not in _TOP_KEYS:
                self.unknown_key((name,), _TOP_KEYS)
        schema = document.get("schema", SCHEMA)
        if type(schema) is not int:
            self.wrong_type(("schema",), schema, "the number 1")
        elif schema != SCHEMA:
            self.problem(
                "bad-value", ("schema",), f"is {show(schema)}, and this ipplan reads schema {SCHEMA}",
                "a newer ipplan may read it" if schema > SCHEMA else f"write schema = {SCHEMA}",
            )  # fmt: skip
        head = self.table(document, ("plan",), _PLAN_KEYS)
        pools = self.pools(head)
        clusters = self.clusters(document)
        networks = self.networks(document, clusters, {p.prefix for p in pools})
        return Plan(
            file=file,
            name=self.text(head, ("plan", "name")),
            description=self.text(head, ("plan", "description")),
            data_centers=self.data_centers(head),
            ranges_edition=self.edition(head),
            pools=pools,
            owned_public=self.owned_public(head),
            integration=self.integration(document),
            **self.details(document),
            clusters=clusters,
            avoids=self.avoids(document),
            waivers=self.waivers(document, {n.name for n in networks} if "waive" in document else set()),
            networks=networks,
        )

    def pools(self, head: dict[str, Any]) -> tuple[Pool, ...]:
        blocks = (self.block(text, key) for key, text in self.texts(head, ("plan", "byoip")))
        return tuple(Pool(*found) for found in blocks if found is not None)

    def owned_public(self, head: dict[str, Any]) -> tuple[Prefix, ...]:
        prefixes = (self.prefix(text, key) for key, text in self.texts(head, ("plan", "owned-public")))
        return tuple(found for found in prefixes if found is not None)

    def data_centers(self, head: dict[str, Any]) -> tuple[str, ...]:
        found = []
        for key, text in self.texts(head, ("plan", "data-centers")):
            if (
                len(text) == 5
                and text.isascii()
                and text[:3].isalpha()
                and text[3:].isdigit()
                and text.islower()
            ):
                found.append(text)
            else:
                lower = text.strip().lower()
                help_ = f'write "{lower}"' if lower != text and len(lower) == 5 else None
                self.problem(
                    "bad-value", key, f'is {show(text)}, and a data center is written as in "dal10"', help_
                )
        return tuple(dict.fromkeys(found))

    def edition(self, head: dict[str, Any]) -> str | None:
        from ipplan.catalog import EDITIONS

        key = ("plan", "ranges-edition")
        value = head.get("ranges-edition")
        if isinstance(value, datetime.date):
            self.wrong_type(key, value, "a string", f'put it in quotes: "{value.isoformat()[:10]}"')
            return None
        return self.choice(head, key, EDITIONS, "edition of IBM's published ranges that this ipplan holds")

    def integration(self, document: dict[str, Any]) -> dict[Any, str]:
        table = self.table(document, ("integration",), _INTEGRATION_KEYS)
        chosen = {
            key: self.choice(table, ("integration", key), methods, "method of this integration")
            for key, methods in INTEGRATION.items()
        }
        return {key: method for key, method in chosen.items() if method is not None}

    def details(self, document: dict[str, Any]) -> dict[str, Any]:
        """Return what the integration states beside its methods: numbers of BGP, version of IKE, account routing."""
        table = document.get("integration", {})
        if not isinstance(table, dict):
            return {}
        asns = {
            key: self.number(table, ("integration", key), 1, 4_294_967_294)
            for key in ASN_KEYS
            if key in table
        }
        return {
            "asns": {key: asn for key, asn in asns.items() if asn is not None},
            "ike": self.number(table, ("integration", "ike"), 1, 2),
            "account_routing": self.choice(
                table, ("integration", "account-routing"), ACCOUNT_ROUTING, "way to route in an account"
            ),
        }

    def clusters(self, document: dict[str, Any]) -> dict[str, Cluster]:
        found: dict[str, Cluster] = {}
        value = document.get("clusters", {})
        if not isinstance(value, dict):
            self.wrong_type(("clusters",), value, "a table", "write [clusters.NAME] above each cluster")
            return found
        for name in value:
            key: KeyPath = ("clusters", name)
            if not name:
                self.problem("bad-value", key, "has an empty name")
            row = self.table(value, key, _CLUSTER_KEYS)
            platform = self.choice(row, (*key, "platform"), ("iks", "icp"), "platform")
            if "platform" not in row and isinstance(value[name], dict):
                self.missing(
                    (*key, "platform"),
                    "a cluster is of one platform",
                    'write platform = "iks" or platform = "icp"',
                )
            found[name] = Cluster(
                name, "icp" if platform == "icp" else "iks",
                self.number(row, (*key, "workers"), 1, MOST),
                self.number(row, (*key, "pods-per-worker"), 1, MOST),
                self.number(row, (*key, "services"), 1, MOST),
            )  # fmt: skip
        return found

    def avoids(self, document: dict[str, Any]) -> tuple[Avoid, ...]:
        found = []
        for key, row in self.tables(document, ("avoid",), ("cidr", "reason")):
            if "cidr" not in row:
                self.missing((*key, "cidr"), "it says which space to avoid")
                continue
            prefix = self.prefix(row["cidr"], (*key, "cidr"))
            reason = self.text(row, (*key, "reason"))
            if prefix is not None:
                found.append(Avoid(prefix, reason))
        return tuple(found)

    def waivers(self, document: dict[str, Any], networks: set[str]) -> tuple[Waiver, ...]:
        found = []
        for key, row in self.tables(document, ("waive",), _WAIVE_KEYS):
            for name, why in (("rule", "it names the rule to waive"), ("reason", "a waiver says why")):
                if name not in row:
                    self.missing((*key, name), why)
            names = self.texts(row, (*key, "networks"))
            for path, name in names:
                if name not in networks:
                    self.reference(path, name, networks, "network")
            until = row.get("until")
            if until is not None and (
                not isinstance(until, datetime.date) or isinstance(until, datetime.datetime)
            ):
                self.wrong_type(
                    (*key, "until"),
                    until,
                    "a date such as 2027-03-31",
                    "write it without quotes and without a time",
                )
                until = None
            rule, reason = self.text(row, (*key, "rule")), self.text(row, (*key, "reason"))
            owner = self.text(row, (*key, "owner"))
            found.append(Waiver(rule or "", tuple(name for _, name in names), reason or "", owner, until))
        return tuple(found)

    def reference(self, key: KeyPath, name: str, known: Collection[str], what: str) -> None:
        near = nearest(name, known)
        if near:
            help_ = f'did you mean "{near}"?'
        else:
            help_ = (
                f"known: {', '.join(map(show, list(known)[:8]))}" if known else f"the plan has no {what} yet"
            )
        self.problem("unknown-reference", key, f"is {show(name)}, and the plan has no such {what}", help_)

    # -- networks ------------------------------------------------------------------------------------------

    def networks(
        self, document: dict[str, Any], clusters: dict[str, Cluster], pools: set[Prefix]
    ) -> tuple[Network, ...]:
        rows = document.get("networks", {})
        if not isinstance(rows, dict):
            self.wrong_type(("networks",), rows, "a table", "write [networks.NAME] above each network")
            return ()
        by_platform: dict[str, list[str]] = {}
        for cluster in clusters.values():
            by_platform.setdefault(cluster.platform, []).append(cluster.name)
        only = {platform: names[0] for platform, names in by_platform.items() if len(names) == 1}
        found: list[Network] = []
        for name, row in rows.items():
            network = _plain_network(name, row) or self.network(name, row, clusters, pools, only)
            if network is not None:
                found.append(network)
            # The parsed rows are most of the memory of a large plan: let each go as soon as it is read.
            rows[name] = None
        return tuple(found)

    def network(
        self, name: str, row: Any, clusters: dict[str, Cluster], pools: set[Prefix], only: dict[str, str]
    ) -> Network | None:
        key: KeyPath = ("networks", name)
        if not isinstance(row, dict):
            self.wrong_type(key, row, "a table", f"write [{format_key(key)}] above its keys")
            return None
        if not name:
            self.problem("bad-value", key, "has an empty name")
        seen = 0
        kind = KINDS.get(kind_name) if isinstance(kind_name := row.get("kind"), str) else None
        if kind is None:
            self.choice(row, (*key, "kind"), KINDS, "kind of network")
            if kind_name is None:
                self.missing(
                    (*key, "kind"), "it tells what the network is for", f"write one of {', '.join(KINDS)}"
                )
                seen -= 1
        seen += 1
        prefix: Prefix | None = None
        written: int | None = None
        if (cidr := row.get("cidr")) is not None:
            seen += 1
            prefix, written = self.block(cidr, (*key, "cidr")) or (None, None)
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
        return self.rest(name, row, network, pools, known_kind=kind is not None)

    def rest(
        self, name: str, row: dict[str, Any], network: Network, pools: set[Prefix], *, known_kind: bool
    ) -> Network | None:
        """Read the keys that few networks have."""
        key: KeyPath = ("networks", name)
        for word in row:
            if word not in _NETWORK_KEYS:
                self.unknown_key((*key, word), _NETWORK_KEYS)
        sizes = [word for word in _SIZE_KEYS if word in row]
        for word in sizes[1:]:
            self.problem(
                "bad-value", (*key, word), f"stands beside {sizes[0]}, and a network states one of cidr, prefix and hosts",
                "keep one of them",
            )  # fmt: skip
        kind = network.kind
        if known_kind and kind.provider == "enterprise" and "cidr" not in row:
            self.missing(
                (*key, "cidr"), "the enterprise's own networks exist already, ipplan does not allocate them"
            )
        width = WIDTH[network.prefix.version] if network.prefix else 128
        length = self.number(row, (*key, "prefix"), 0, 128)
        grow_to = self.number(row, (*key, "grow-to"), 0, width)
        own = network.prefix.length if network.prefix else length
        if grow_to is not None and own is not None and grow_to > own:
            self.problem(
                "bad-value", (*key, "grow-to"), f"is /{grow_to}, smaller than the network itself, a /{own}",
                f"write a prefix length below {own}, or leave it out",
            )  # fmt: skip
        pool: Prefix | None = None
        if "pool" in row:
            found = self.block(row["pool"], (*key, "pool"))
            pool = found[0] if found else None
            if known_kind and kind.provider in ("ibm", "enterprise"):
                who = "IBM Cloud provides" if kind.provider == "ibm" else "the enterprise has"
                self.problem(
                    "bad-value",
                    (*key, "pool"),
                    f"has no meaning for {kind.name}: {who} this range",
                    "leave it out",
                )
            elif pool is not None and pool not in pools:
                self.reference(
                    (*key, "pool"), str(pool), [str(p) for p in sorted(pools)], "pool in plan.byoip"
                )
        addresses = self.addresses(row, key)
        if not known_kind:
            return None
        return network._replace(
            length=length,
            hosts=self.number(row, (*key, "hosts"), 1, MOST),
            grow_to=grow_to,
            group=self.text(row, (*key, "group")),
            edge=self.text(row, (*key, "edge")),
            pool=pool,
            addresses=addresses,
            description=self.text(row, (*key, "description")),
        )

    def cluster(
        self, row: dict[str, Any], key: KeyPath, kind_name: object, clusters: dict[str, Cluster]
    ) -> str | None:
        cluster = self.text(row, (*key, "cluster"))
        if cluster is None:
            return None
        if cluster not in clusters:
            self.reference((*key, "cluster"), cluster, clusters, "cluster")
            return None
        kind = KINDS.get(kind_name) if isinstance(kind_name, str) else None
        platform = clusters[cluster].platform
        if kind is not None and kind.platform not in (None, platform):
            self.problem(
                "bad-value", (*key, "cluster"),
                f"is {show(cluster)}, a cluster of platform {platform}, and a network of kind {kind.name} belongs to {kind.platform}",
                f"name an {kind.platform} cluster, or change the kind",
            )  # fmt: skip
        return cluster

    def which_cluster(self, key: KeyPath, platform: str, clusters: dict[str, Cluster]) -> None:
        candidates = [c.name for c in clusters.values() if c.platform == platform]
        if candidates:
            names = ", ".join(map(show, candidates[:8])) + (", …" if len(candidates) > 8 else "")
            self.missing(
                (*key, "cluster"),
                f"the plan has {len(candidates)} {platform} clusters",
                f"write one of {names}",
            )

    def addresses(self, row: dict[str, Any], key: KeyPath) -> tuple[NamedAddress, ...]:
        value = row.get("addresses", {})
        path = (*key, "addresses")
        if not isinstance(value, dict):
            self.wrong_type(path, value, "a table", "write addresses = { gateway = 1 }")
            return ()
        found = []
        for name, what in value.items():
            if type(what) is int:
                if what == 0 or abs(what) > 1 << 64:
                    self.problem(
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
                    self.problem(
                        "bad-value", (*path, name), f"is {show(what)}, which is no address: {error}", help_
                    )
            else:
                self.wrong_type((*path, name), what, "a whole number or an address in quotes")
        return tuple(found)


_INTEGRATION_KEYS = (*INTEGRATION, *ASN_KEYS, "ike", "account-routing")
_TOP_KEYS = ("schema", "plan", "integration", "clusters", "avoid", "waive", "networks")
_PLAN_KEYS = ("name", "description", "data-centers", "ranges-edition", "byoip", "owned-public")
_CLUSTER_KEYS = ("platform", "workers", "pods-per-worker", "services")
_WAIVE_KEYS = ("rule", "networks", "reason", "owner", "until")
_NETWORK_KEYS = (
    "kind", "cluster", "edge", "cidr", "prefix", "hosts", "grow-to", "group", "pool", "addresses", "description",
)  # fmt: skip
