"""What is retired holds its ranges, and is to flows and exports as if it were not in the plan."""

from __future__ import annotations

from functools import cache
from random import Random
from typing import TYPE_CHECKING

import pytest
from random_plans import Draft, draft_plan

from ipplan.allocation import allocate
from ipplan.catalog import load_catalog
from ipplan.changes import Side, compare_plans
from ipplan.checks import check_plan
from ipplan.exporters import TARGETS, ExportError, Options, Request, export
from ipplan.flows import FlowError, find_machine, trace_all
from ipplan.free import find_free
from ipplan.landscape import Landscape
from ipplan.landscape.instances import list_instances
from ipplan.landscape.overview import build_overview
from ipplan.output.topology import Shown, document
from ipplan.plan.load import parse_plan

if TYPE_CHECKING:
    from ipplan.plan.model import Plan

catalog = cache(load_catalog)

TWO_EDGES = """\
[plan]
byoip = ["172.24.0.0/14"]
[edges.dallas]
[edges.frankfurt]
[clusters.iks]
platform = "iks"
[clusters.icp]
platform = "icp"
edge = "dallas"
[sites.hq]
[sites.branch]
[[link]]
between = ["hq", "dallas"]
method = "ipsec"
networks = ["office", "vm-app"]
[[link]]
between = ["dallas", "frankfurt"]
method = "ipsec"
networks = ["vm-app", "vm-fra"]
nat = [{ network = "vm-db", as = "10.232.0.0/24" }]
[[link]]
between = ["iks", "dallas"]
method = "strongswan"
networks = ["vm-app"]
[[link]]
between = ["icp", "dallas"]
method = "nat"
[networks.office]
kind = "enterprise"
site = "hq"
cidr = "192.168.0.0/24"
[networks.vm-app]
kind = "vcs-vm"
edge = "dallas"
cidr = "172.24.0.0/24"
[networks.vm-db]
kind = "vcs-vm"
edge = "dallas"
cidr = "172.24.1.0/24"
[networks.vm-fra]
kind = "vcs-vm"
edge = "frankfurt"
cidr = "172.24.2.0/24"
[networks.icp-workers]
kind = "icp-worker"
cluster = "icp"
cidr = "172.24.3.0/24"
[networks.icp-pods]
kind = "icp-pod"
cluster = "icp"
cidr = "172.24.8.0/21"
[networks.workers]
kind = "iks-worker-private"
cluster = "iks"
cidr = "10.160.0.0/26"
"""


def load(text: str) -> Plan:
    return parse_plan(text.encode(), "plan.toml")


def retire(text: str, *tables: str) -> Plan:
    """Return a plan in which some tables say that they are retired."""
    for table in tables:
        assert f"[{table}]\n" in text
        text = text.replace(f"[{table}]\n", f'[{table}]\nstatus = "retired"\n')
    return load(text)


def everything(plan: Plan) -> dict[object, object]:
    """Return every export of a plan, its topology and its flows."""
    landscape = Landscape(plan, catalog())
    shown = Shown(build_overview(landscape), tuple(list_instances(landscape)))
    found: dict[object, object] = {"topology": document(shown, ""), "flows": repr(trace_all(landscape))}
    chosen = [
        Options(),
        *(Options(cluster=c) for c in plan.clusters),
        *(Options(edge=e) for e in plan.edge_names),
    ]
    for target in TARGETS.values():
        for options in chosen if target.name != "xlsx" else ():
            try:
                found[target.name, options] = export(target, Request(landscape, options))
            except ExportError as error:
                found[target.name, options] = str(error), error.help
    return found


def without(draft: Draft, name: str) -> Draft:
    """Return a plan without a network, nor its name in links, of which each names others of the same sides."""
    tables = []
    for title, row in draft.tables:
        if title != f"networks.{name}":
            kept = dict(row)
            if "networks" in row:
                kept["networks"] = [other for other in row["networks"] if other != name]
            if "nat" in row:
                kept["nat"] = [entry for entry in row["nat"] if entry["network"] != name]
            tables.append((title, kept))
    return Draft(tables)


@pytest.mark.parametrize("seed", range(24))
def test_exports_and_flows_are_those_of_the_plan_without_the_network(seed: int) -> None:
    random = Random(seed)
    draft = draft_plan(random, disjoint=seed % 2 == 0)
    named = {name for link in draft.links for name in link.get("networks", ())}
    named |= {entry["network"] for link in draft.links for entry in link.get("nat", ())}
    name = random.choice([n for n in draft.rows("networks") if n not in named])
    row = draft.rows("networks")[name]
    expected = everything(load(without(draft, name).text()))
    row["status"] = "retired"
    plan = load(draft.text())
    assert everything(plan.in_service) == expected
    assert [n.name for n in plan.networks] == list(draft.rows("networks"))


@pytest.mark.parametrize("seed", range(12))
def test_allocate_gives_out_nothing_of_a_retired_range(seed: int) -> None:
    random = Random(seed)
    text = '[plan]\nbyoip = ["172.24.0.0/22"]\n'
    for number in range(6):
        text += f'[networks.n{number}]\nkind = "vcs-vm"\n'
        if number < 3:
            text += f'cidr = "172.24.{random.randrange(4)}.{random.choice((0, 64, 128))}/26"\nstatus = "retired"\n'
        else:
            text += f"prefix = {random.choice((26, 27))}\n"
    plan = load(text)
    allocation = allocate(plan, catalog())
    given = [row.prefix for row in allocation.placements if row.status == "allocated" and row.prefix is not None]
    held = [n.prefix for n in plan.networks if n.prefix is not None]
    assert len(given) == 3
    assert not any(prefix.overlaps(other) for prefix in given for other in held)
    (pool,) = find_free(plan, catalog()).pools
    assert not any(block.overlaps(other) for block in pool.blocks for other in held)


def test_nothing_retired_costs_no_second_plan() -> None:
    plan = load(TWO_EDGES)
    assert plan.in_service is plan
    assert plan.whole is None


def test_a_retired_edge_takes_what_stands_behind_it() -> None:
    plan = retire(TWO_EDGES, "edges.dallas")
    served = plan.in_service
    assert list(served.clusters) == ["iks"]
    assert [n.name for n in served.networks] == ["office", "vm-fra", "workers"]
    assert served.links == ()
    assert served.edge_names == ("frankfurt",)
    assert plan.retired.words("network", "icp-pods") == "icp-pods is retired with cluster icp"
    assert plan.retired.words("network", "vm-db") == "vm-db is retired with edge dallas"
    assert plan.retired.words("cluster", "icp") == "cluster icp is retired with edge dallas"
    assert plan.retired.words("edge", "dallas") == "edge dallas is retired"
    assert plan.retired.words("edge", "frankfurt") is None


@pytest.mark.parametrize(
    ("tables", "expected"),
    [
        (("sites.hq",), {"office"}),
        (("clusters.icp",), {"icp-workers", "icp-pods", "icp (services, default)"}),
        (("clusters.iks",), {"workers", "iks (pods, default)", "iks (services, default)"}),
        (("networks.vm-app", "networks.office"), {"vm-app", "office"}),
        (("edges.frankfurt", "sites.branch"), {"vm-fra"}),
    ],
)
def test_what_is_retired_with_what(tables: tuple[str, ...], expected: set[str]) -> None:
    assert set(retire(TWO_EDGES, *tables).retired.networks) == expected


def test_links_lose_retired_networks_and_keep_their_numbers() -> None:
    served = retire(TWO_EDGES, "networks.vm-fra").in_service
    assert [(link.number, link.networks) for link in served.links] == [
        (0, ("office", "vm-app")),
        (1, ("vm-app",)),
        (2, ("vm-app",)),
        (3, ()),
    ]


def test_a_link_whose_names_are_all_retired_carries_nothing_rather_than_everything() -> None:
    plan = retire(TWO_EDGES, "networks.vm-app")
    assert [link.number for link in plan.in_service.links] == [0, 1, 3]
    ends = Landscape(plan.in_service, catalog()).ends
    # Of the first link the whole side of dallas is retired, so it has nothing left to carry; the second shows vm-db.
    assert [joint.key for joint in ends.links.written] == [("link", 1), ("link", 3)]


def test_a_retired_link_does_not_open_the_short_form() -> None:
    text = TWO_EDGES.replace("[edges.dallas]", '[integration]\niks-vcs = "strongswan"\n[edges.dallas]', 1)
    ends = Landscape(retire(text, "networks.vm-app").in_service, catalog()).ends
    (iks,) = ends.of_platform("iks")
    assert ends.links.of(iks) == ()


def test_a_network_of_the_only_edge_needs_not_name_it() -> None:
    text = '[edges.a]\nstatus = "retired"\n[clusters.icp]\nplatform = "icp"\n[networks.vm]\nkind = "vcs-vm"\n'
    plan = load(
        text
        + '[networks.w]\nkind = "icp-worker"\ncluster = "icp"\n[networks.e]\nkind = "enterprise"\ncidr = "192.168.0.0/24"\n'
    )
    assert list(plan.retired.networks) == ["vm", "w", "icp (pods, default)", "icp (services, default)"]
    assert plan.retired.clusters == {"icp": "edge a"}


def test_the_last_site_does_not_come_back_under_another_name() -> None:
    text = (
        '[integration]\nenterprise = "l2-extension"\n[sites.hq]\nstatus = "retired"\n[networks.vm]\nkind = "vcs-vm"\n'
    )
    assert Landscape(load(text).in_service, catalog()).ends.sites == ()


def test_overlaps_with_what_is_retired_stay_and_nothing_is_missing_of_it() -> None:
    text = '[integration]\niks-vcs = "strongswan"\n[clusters.iks]\nplatform = "iks"\nworkers = 9\n'
    text += '[networks.pods]\nkind = "iks-pod"\ncluster = "iks"\ncidr = "172.30.0.0/29"\n'
    text += '[networks.vm]\nkind = "vcs-vm"\ncidr = "172.30.0.0/30"\n'
    before = {f.rule for f in check_plan(load(text), catalog())}
    after = {f.rule for f in check_plan(retire(text, "clusters.iks"), catalog())}
    gone = {
        "pod-capacity",
        "incomplete-cluster",
        "incomplete-integration",
        "account-routing",
        "tunnel-address",
    }
    assert before - after >= gone & before
    assert {"incomplete-cluster", "incomplete-integration", "pod-capacity"} <= before
    assert "network-overlap" in after


def test_a_retired_network_without_a_range_is_left_out_and_reported() -> None:
    text = '[plan]\nbyoip = ["172.24.0.0/24"]\n[networks.old]\nkind = "vcs-vm"\nstatus = "retired"\n'
    text += '[networks.order]\nkind = "vcs-vsan"\nstatus = "retired"\n[networks.new]\nkind = "vcs-vm"\n'
    plan = load(text)
    allocation = allocate(plan, catalog())
    assert [(row.network.name, str(row.prefix)) for row in allocation.placements] == [("new", "172.24.0.0/24")]
    found = [f for f in check_plan(plan, catalog()) if f.rule == "retired-without-range"]
    assert [f.message for f in found] == [f"{name} is retired, but has no range to keep" for name in ("old", "order")]
    assert [f.key for f in found] == [("networks", "old", "status"), ("networks", "order", "status")]


def test_retiring_shows_what_it_takes_away() -> None:
    old, new = load(TWO_EDGES), retire(TWO_EDGES, "edges.frankfurt")
    difference = compare_plans(*(Side(Landscape(p.in_service, catalog()), ()) for p in (old, new)))
    assert [(c.what, c.name, c.old, c.new, c.note) for c in difference.changes] == [
        ("edge", "frankfurt", None, "retired", "status")
    ]
    assert any(r.device == "ESG dallas" and "172.24.2.0/24" in map(str, r.removed) for r in difference.routes)
    assert not any(r.added for r in difference.routes)


@pytest.mark.parametrize("text", ["office", "office@192.168.0.9", "office.gateway", "192.168.0.9"])
def test_a_flow_from_what_is_retired_says_so(text: str) -> None:
    landscape = Landscape(retire(TWO_EDGES, "networks.office").in_service, catalog())
    with pytest.raises(FlowError, match="office is retired"):
        find_machine(landscape, text)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (Options(cluster="icp"), "cluster icp is retired with edge dallas"),
        (Options(edge="dallas"), "edge dallas is retired"),
        (Options(site="hq"), "site hq is retired"),
        (Options(to="icp"), "cluster icp is retired with edge dallas"),
    ],
)
def test_an_export_of_what_is_retired_says_so(options: Options, words: str) -> None:
    landscape = Landscape(retire(TWO_EDGES, "edges.dallas", "sites.hq").in_service, catalog())
    for target in TARGETS.values():
        with pytest.raises(ExportError, match=f"^{words}$"):
            export(target, Request(landscape, options))
