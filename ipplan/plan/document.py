"""From a TOML document to a `Plan`, table after table.

Each function reads one table of the plan and reports its problems; the plan that `read_document` returns is valid only
if there are none.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ipplan.catalog import KEEP_CLEAR
from ipplan.findings import KeyPath, format_key
from ipplan.plan.choices import ASN_KEYS, INTEGRATION
from ipplan.plan.format import SCHEMA, TABLES, TOP_KEYS
from ipplan.plan.links import read_links
from ipplan.plan.methods import IBM_PRIVATE
from ipplan.plan.model import Avoid, Cluster, Edge, Plan, Pool, Site, Waiver
from ipplan.plan.networks import read_networks
from ipplan.plan.problems import show
from ipplan.plan.values import read_array, read_entry, read_named, read_single

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from ipplan.plan.problems import Problems


def read_document(problems: Problems, document: dict[str, Any], file: str) -> Plan:
    """Read every table of a document; the rows of its networks are removed on the way, to save memory."""
    _check_top(problems, document)
    head = read_single(problems, document, TABLES["plan"])
    joined = read_single(problems, document, TABLES["integration"])
    pools = tuple(Pool(*block) for block in _items(head, "byoip"))
    clusters = {name: Cluster(name, **_fields(values)) for name, values in _clusters(problems, document)}
    edges = {name: Edge(name, **_fields(v)) for name, _, v in read_named(problems, document, TABLES["edges"])}
    sites = {name: Site(name, **_fields(v)) for name, _, v in read_named(problems, document, TABLES["sites"])}
    _check_names(problems, document, {"clusters": clusters, "edges": edges, "sites": sites})
    networks = read_networks(problems, document, clusters, {pool.prefix for pool in pools}, sites)
    named = set(_items(head, "keep-clear"))
    return Plan(
        file=file,
        name=head.get("name"),
        description=head.get("description"),
        data_centers=tuple(dict.fromkeys(_items(head, "data-centers"))),
        ranges_edition=head.get("ranges-edition"),
        # Each platform once, in the order of the catalogue; None where the plan does not say.
        keep_clear=tuple(name for name in KEEP_CLEAR if name in named) if "keep-clear" in head else None,
        ranges_file=head.get("ranges-file"),
        pools=pools,
        owned_public=_items(head, "owned-public"),
        integration={key: joined[key] for key in INTEGRATION if key in joined},
        asns={key: joined[key] for key in ASN_KEYS if key in joined},
        ike=joined.get("ike"),
        account_routing=joined.get("account-routing"),
        clusters=clusters,
        edges=edges,
        sites=sites,
        links=read_links(problems, document, clusters, edges, sites, networks),
        avoids=tuple(_avoids(problems, document)),
        waivers=_read_waivers(
            problems, document, [network.name for network in networks] if "waive" in document else ()
        ),
        networks=networks,
    )


def _items(values: Mapping[str, Any], name: str) -> tuple[Any, ...]:
    """Return the values of an array without their key paths."""
    return tuple(item for _, item in values.get(name, ()))


def _fields(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return values by the names of the fields in the model."""
    return {name.replace("-", "_"): value for name, value in values.items()}


def _check_top(problems: Problems, document: Mapping[str, Any]) -> None:
    """Report unknown tables, and a plan format of another version."""
    for name in document:
        if name not in TOP_KEYS:
            problems.unknown_key((name,), TOP_KEYS)
    schema = document.get("schema", SCHEMA)
    if type(schema) is not int:
        problems.wrong_type(("schema",), schema, f"the number {SCHEMA}")
    elif schema != SCHEMA:
        problems.bad_value(
            ("schema",),
            f"is {show(schema)}, and this ipplan reads schema {SCHEMA}",
            "a newer ipplan may read it" if schema > SCHEMA else f"write schema = {SCHEMA}",
        )


def _clusters(problems: Problems, document: Mapping[str, Any]) -> Iterable[tuple[str, dict[str, Any]]]:
    """Yield name and values of each cluster; one without a valid platform counts as IKS, to find its other problems."""
    for name, _, values in read_named(problems, document, TABLES["clusters"]):
        yield name, {"platform": "iks", **values}


def _check_names(problems: Problems, document: Mapping[str, Any], names: Mapping[str, Collection[str]]) -> None:
    """Report equal names of clusters, edges and sites, because a link could mean either.

    A cluster may have the name of IBM's private network in a plan that has neither links, edges nor sites.
    """
    reserved = any(title in document for title in ("link", "edges", "sites"))
    taken: dict[str, KeyPath] = {}
    for title, found in names.items():
        for name in found:
            at: KeyPath = (title, name)
            if name == IBM_PRIVATE and reserved:
                problems.bad_value(
                    at, "has the name that links use for IBM Cloud's private network", "choose another name"
                )
            elif name in taken:
                problems.bad_value(
                    at,
                    f"has the same name as {format_key(taken[name])}: clusters, edges and sites need different names",
                    "rename one of them",
                )
            taken.setdefault(name, at)


def _avoids(problems: Problems, document: Mapping[str, Any]) -> Iterable[Avoid]:
    table = TABLES["avoid"]
    for at, row in read_array(problems, document, ("avoid",), table):
        values = read_entry(problems, row, at, table)
        if "cidr" in values:
            yield Avoid(values["cidr"], values.get("reason"))


def _read_waivers(problems: Problems, document: Mapping[str, Any], networks: Iterable[str]) -> tuple[Waiver, ...]:
    table, known = TABLES["waive"], dict.fromkeys(networks)
    found = []
    for at, row in read_array(problems, document, ("waive",), table):
        values = read_entry(problems, row, at, table)
        for path, name in values.get("networks", ()):
            # With a slash, it is a network of another plan, which only a check of both plans knows.
            if name not in known and "/" not in name:
                problems.unknown_reference(path, name, known, "network")
        found.append(
            Waiver(
                values.get("rule", ""),
                _items(values, "networks"),
                values.get("reason", ""),
                values.get("owner"),
                values.get("until"),
            )
        )
    return tuple(found)
