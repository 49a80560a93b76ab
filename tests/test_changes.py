"""What differs between two plans: tables of cases, and laws that hold for any two."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from ipplan.catalog import load_catalog
from ipplan.changes import Change, Difference, Side, compare_plans
from ipplan.checks import check_plan
from ipplan.landscape import Landscape
from ipplan.landscape.model import DestinationNat
from ipplan.plan.load import parse_plan

if TYPE_CHECKING:
    from conftest import Run

SAMPLES = Path(__file__).parent.parent / "sample-plans"


def compare(old: str, new: str) -> Difference:
    return compare_plans(side(old, "old"), side(new, "new"))


def side(text: str, name: str) -> Side:
    plan = parse_plan(text.encode(), name)
    catalog = load_catalog(plan.ranges_edition)
    return Side(Landscape(plan, catalog), tuple(check_plan(plan, catalog)))


def net(name: str, more: str, kind: str = "vcs-vm") -> str:
    return f'[networks.{name}]\nkind = "{kind}"\n{more}\n'


IKS = '[clusters.iks]\nplatform = "iks"\n'
ICP = '[clusters.icp]\nplatform = "icp"\n'

EDGES = (
    "[edges.a]\n[edges.b]\n[sites.s]\n"
    '[networks.v]\nkind = "vcs-vm"\nedge = "a"\ncidr = "10.225.0.0/24"\n'
    '[networks.o]\nkind = "enterprise"\nsite = "s"\ncidr = "192.168.0.0/24"\n'
)


def link(one: str, other: str, method: str, more: str = "") -> str:
    return f'[[link]]\nbetween = ["{one}", "{other}"]\nmethod = "{method}"\n{more}\n'


# name: (old, new, (what, change, name, old, new) of each change, a word of what the first one rebuilds)
CASES: dict[str, tuple[str, str, list[tuple[str, str, str, str | None, str | None]], str | None]] = {
    "moved": (
        net("a", 'cidr = "10.225.0.0/24"'),
        net("a", 'cidr = "10.226.0.0/24"'),
        [("network", "moved", "a", "10.225.0.0/24", "10.226.0.0/24")],
        "the VMs",
    ),
    "grew": (
        net("a", 'cidr = "10.225.1.0/24"'),
        net("a", 'cidr = "10.225.0.0/23"'),
        [("network", "grew", "a", "10.225.1.0/24", "10.225.0.0/23")],
        "addresses stay",
    ),
    "shrank": (
        net("a", 'cidr = "10.225.0.0/23"'),
        net("a", 'cidr = "10.225.0.0/24"'),
        [("network", "shrank", "a", "10.225.0.0/23", "10.225.0.0/24")],
        "the VMs",
    ),
    "pinned": (
        net("a", "prefix = 24"),
        net("a", 'cidr = "10.225.0.0/24"'),
        [("network", "pinned", "a", "to allocate, /24", "10.225.0.0/24")],
        None,
    ),
    "resized before it is allocated": (
        net("a", "prefix = 24"),
        net("a", "hosts = 60"),
        [("network", "changed", "a", "to allocate, /24", "to allocate, 60 hosts")],
        None,
    ),
    "appeared": ("", net("a", "prefix = 24"), [("network", "appeared", "a", None, "to allocate, /24")], None),
    "went": (
        net("a", 'cidr = "10.225.0.0/24"'),
        "",
        [("network", "went", "a", "10.225.0.0/24", None)],
        "remove its routes",
    ),
    "renamed": (
        net("a", 'cidr = "10.225.0.0/24"'),
        net("b", 'cidr = "10.225.0.0/24"'),
        [("network", "renamed", "b", "a", "b")],
        None,
    ),
    "iks pods of a running cluster": (
        IKS + net("p", 'cidr = "172.30.0.0/16"', "iks-pod"),
        IKS + net("p", 'cidr = "172.22.0.0/16"', "iks-pod"),
        [("network", "moved", "p", "172.30.0.0/16", "172.22.0.0/16")],
        "create the cluster again",
    ),
    "iks pods that leave the default": (
        IKS + net("p", "", "iks-pod"),
        IKS + net("p", 'cidr = "172.22.0.0/16"', "iks-pod"),
        [("network", "moved", "p", "172.30.0.0/16", "172.22.0.0/16")],
        "create the cluster again",
    ),
    "icp services": (
        ICP + net("s", 'cidr = "10.225.0.0/16"', "icp-service"),
        ICP + net("s", 'cidr = "10.226.0.0/16"', "icp-service"),
        [("network", "moved", "s", "10.225.0.0/16", "10.226.0.0/16")],
        "install the cluster again",
    ),
    "a subnet of IBM Cloud": (
        net("w", 'cidr = "10.48.0.0/26"', "iks-worker-private"),
        net("w", 'cidr = "10.48.1.0/26"', "iks-worker-private"),
        [("network", "moved", "w", "10.48.0.0/26", "10.48.1.0/26")],
        "order the new subnet",
    ),
    "an address moves with its network": (
        net("a", 'cidr = "10.225.0.0/24"\naddresses = { vip = 10 }'),
        net("a", 'cidr = "10.226.0.0/24"\naddresses = { vip = 10 }'),
        [
            ("network", "moved", "a", "10.225.0.0/24", "10.226.0.0/24"),
            ("address", "moved", "a.vip", "10.225.0.10", "10.226.0.10"),
        ],
        "the VMs",
    ),
    "an address by itself": (
        net("a", 'cidr = "10.225.0.0/24"\naddresses = { vip = 10, old = 3 }'),
        net("a", 'cidr = "10.225.0.0/24"\naddresses = { vip = 11, new = 4 }'),
        [
            ("address", "moved", "a.vip", "10.225.0.10", "10.225.0.11"),
            ("address", "went", "a.old", "10.225.0.3", None),
            ("address", "appeared", "a.new", None, "10.225.0.4"),
        ],
        "rules",
    ),
    "what else a network states": (
        net("a", 'prefix = 24\ngroup = "x"'),
        net("a", "prefix = 24\ngrow-to = 22"),
        [("network", "changed", "a", "x", None), ("network", "changed", "a", None, "22")],
        None,
    ),
    "clusters and their sizes": (
        IKS + "workers = 3\n",
        IKS + "workers = 9\n" + ICP.replace("icp]", "new]"),
        [
            ("cluster", "changed", "iks", "3", "9"),
            ("cluster", "appeared", "new", None, "icp"),
            ("network", "appeared", "new (pods, default)", None, "10.1.0.0/16"),
            ("network", "appeared", "new (services, default)", None, "10.0.0.0/16"),
        ],
        None,
    ),
    "integration": (
        '[integration]\niks-vcs = "bgp"\niks-asn = 64999\n',
        '[integration]\niks-vcs = "strongswan"\nike = 2\n',
        [
            ("integration", "changed", "iks-vcs", "bgp", "strongswan"),
            ("integration", "went", "iks-asn", "64999", None),
            ("integration", "appeared", "ike", None, "2"),
        ],
        None,
    ),
    "what stays clear": (
        '[plan]\nkeep-clear = ["vpc", "iks"]\n',
        "[plan]\nkeep-clear = []\n",
        [("plan", "changed", "keep-clear", "iks, vpc", "none")],
        None,
    ),
    "what stays clear by default": (
        "[plan]\n",
        '[plan]\nkeep-clear = ["vpc"]\n',
        [("plan", "appeared", "keep-clear", None, "vpc")],
        None,
    ),
    "pools and avoided space": (
        '[plan]\nbyoip = ["10.224.0.0/16", "10.225.0.0/16"]\n',
        '[plan]\nbyoip = ["10.225.0.0/16", "10.224.0.0/16"]\n[[avoid]]\ncidr = "10.224.0.0/24"\nreason = "x"\n',
        [
            ("pool", "changed", "order", "10.224.0.0/16, 10.225.0.0/16", "10.225.0.0/16, 10.224.0.0/16"),
            ("avoid", "appeared", "10.224.0.0/24", None, "10.224.0.0/24"),
        ],
        None,
    ),
    "edges and sites": (
        '[edges.a]\ndata-center = "dal10"\n[edges.b]\n[sites.s]\n',
        '[edges.a]\ninternet = "none"\n[edges.c]\n[sites.t]\n',
        [
            ("edge", "changed", "a", "dal10", None),
            ("edge", "changed", "a", None, "none"),
            ("edge", "went", "b", "b", None),
            ("edge", "appeared", "c", None, "c"),
            ("site", "went", "s", "s", None),
            ("site", "appeared", "t", None, "t"),
        ],
        None,
    ),
    "links": (
        EDGES + link("a", "b", "ipsec") + link("s", "a", "l2-extension", 'networks = ["v"]') + link("s", "b", "gre"),
        EDGES + link("s", "a", "gre") + link("s", "a", "l2-extension") + link("b", "a", "routed"),
        [
            ("link", "changed", "a to b", "ipsec", "routed"),
            ("link", "changed", "s to a", "v", None),
            ("link", "appeared", "s to a", None, "gre"),
            ("link", "went", "s to b", "gre", None),
        ],
        None,
    ),
    "what a link translates": (
        EDGES
        + link(
            "s",
            "a",
            "ipsec",
            'nat = [{ network = "v", as = "172.24.0.0/24" }, { network = "o", as = "172.24.1.0/24" }]',
        ),
        EDGES + link("s", "a", "ipsec", 'networks = ["o", "v"]\nnat = [{ network = "o", as = "172.24.1.0/24" }]'),
        [
            ("link", "changed", "s to a", None, "o, v"),
            ("link", "changed", "s to a", "o as 172.24.1.0/24, v as 172.24.0.0/24", "o as 172.24.1.0/24"),
        ],
        None,
    ),
    "where a network and a cluster stand": (
        ICP + 'edge = "a"\n' + EDGES,
        ICP
        + 'edge = "b"\ndata-center = "dal10"\n'
        + EDGES.replace('edge = "a"', 'edge = "b"\ngateway-on = "dlr"\ndata-center = "fra02"').replace(
            'site = "s"\n', ""
        ),
        [
            ("cluster", "changed", "icp", None, "dal10"),
            ("cluster", "changed", "icp", "a", "b"),
            ("network", "changed", "v", "a", "b"),
            ("network", "changed", "v", None, "dlr"),
            ("network", "changed", "v", None, "fra02"),
            ("network", "changed", "o", "s", None),
        ],
        None,
    ),
}


def fields_of(change: Change) -> tuple[str, str, str, str | None, str | None]:
    return change.what, change.how, change.name, change.old, change.new


@pytest.mark.parametrize("name", CASES)
def test_each_difference_is_reported_with_what_it_rebuilds(name: str) -> None:
    old, new, expected, rebuild = CASES[name]
    changes = compare(old, new).changes
    assert [fields_of(change) for change in changes] == expected
    first = changes[0].rebuild
    assert (first is None) == (rebuild is None)
    assert first is None or rebuild is None or rebuild in first.text


def test_the_order_of_what_stays_clear_is_no_difference() -> None:
    one, other = ('["vpc", "iks"]', '["iks", "vpc", "iks"]')

    assert compare(f"[plan]\nkeep-clear = {one}\n", f"[plan]\nkeep-clear = {other}\n").changes == ()


@pytest.mark.parametrize("name", CASES)
def test_the_way_back_is_the_mirror(name: str) -> None:
    old, new, _, _ = CASES[name]
    mirror = {
        "appeared": "went",
        "went": "appeared",
        "grew": "shrank",
        "shrank": "grew",
        "pinned": "unpinned",
        "unpinned": "pinned",
    }
    there, back = compare(old, new), compare(new, old)
    expected = {
        (c.what, mirror.get(c.how, c.how), c.new if c.how == "renamed" else c.name, c.old, c.new) for c in there.changes
    }
    assert {(c.what, c.how, c.old if c.how == "renamed" else c.name, c.new, c.old) for c in back.changes} == expected
    assert {(r.device, r.towards, r.added, r.removed) for r in there.routes} == {
        (r.device, r.towards, r.removed, r.added) for r in back.routes
    }
    assert [f.message for f in there.appeared] == [f.message for f in back.went]


@pytest.mark.parametrize("sample", sorted(SAMPLES.glob("*.toml")), ids=lambda path: path.stem)
def test_a_plan_does_not_differ_from_itself_nor_from_another_order(sample: Path) -> None:
    text = sample.read_text(encoding="utf-8")
    assert compare(text, text).empty
    start = text.index("[networks.")
    parts = ["[networks." + part for part in text[start:].split("[networks.")[1:]]
    # The last table of the networks ends with the file, wherever it is put.
    random.Random(2).shuffle(parts)
    assert compare(text, text[:start] + "\n".join(part.rstrip() + "\n" for part in parts)).empty


def test_routes_and_findings_follow() -> None:
    base = '[integration]\niks-vcs = "strongswan"\n' + IKS
    difference = compare(base + net("a", 'cidr = "10.225.0.0/24"'), base + net("a", 'cidr = "172.30.0.0/24"'))
    routes = {(r.device, r.towards): (list(map(str, r.added)), list(map(str, r.removed))) for r in difference.routes}
    assert routes["IKS workers of iks", "strongSwan"] == (["172.30.0.0/24"], ["10.225.0.0/24"])
    assert routes["ESG", "DLR"] == (["172.30.0.0/24"], ["10.225.0.0/24"])
    assert "network-overlap" in {f.rule for f in difference.appeared}


def test_exit_status_and_document(run: Run, tmp_path: Path) -> None:
    (tmp_path / "a.toml").write_text(net("a", 'cidr = "10.225.0.0/24"'), encoding="utf-8")
    (tmp_path / "b.toml").write_text(net("a", 'cidr = "10.225.0.0/23"'), encoding="utf-8")
    assert run("diff", "a.toml", "b.toml").returncode == 0
    done = run("diff", "a.toml", "b.toml", "--exit-code", "--json")
    assert done.returncode == 1
    document = json.loads(done.stdout)
    assert (document["same"], document["changes"][0]["change"]) == (False, "grew")
    assert run("diff", "a.toml", "a.toml", "--exit-code").returncode == 0
    piped = run("diff", "-", "b.toml", input=b"")
    assert piped.returncode == 0
    assert b"<stdin> to b.toml" in piped.stdout
    assert run("diff", "-", "-", input=b"").returncode == 2


def test_nat_rules_change_with_the_addresses_that_they_hold() -> None:
    reference = (SAMPLES / "reference-architecture.toml").read_text("utf-8")
    pinned = reference.replace('grow-to = 24\npool = "172.24.0.0/14"\naddresses', 'cidr = "172.24.18.0/27"\naddresses')
    (change,) = compare(pinned, pinned.replace("proxy-vip = 11", "proxy-vip = 15")).rules
    assert [
        [(r.address.text, r.target.text) for r in rules if isinstance(r, DestinationNat)]
        for rules in (change.added, change.removed)
    ] == [
        [("10.176.18.196", "172.24.18.15"), ("169.46.73.20", "172.24.18.15")],
        [("10.176.18.196", "172.24.18.11"), ("169.46.73.20", "172.24.18.11")],
    ]
    assert compare(pinned, pinned.replace("icp-prod", "icp-live")).rules == (), "words are no rules"


def test_the_document_holds_the_rules_that_the_table_shows(run: Run, tmp_path: Path) -> None:
    reference = SAMPLES / "reference-architecture.toml"
    text = reference.read_text("utf-8").replace("icp-master = 3, icp-proxy = 4 }", "icp-master = 5, icp-proxy = 4 }")
    (tmp_path / "new.toml").write_text(text, encoding="utf-8")
    done = run("diff", str(reference), "new.toml", "--allocated", "--json")
    (found,) = json.loads(done.stdout)["rules"]
    (added,), (removed,) = found["added"], found["removed"]
    assert (found["edge"], added["action"], added["interface"]) == (None, "dnat", "private")
    assert (removed["original"], added["original"]) == ("10.176.18.195", "10.176.18.197")
    assert removed["translated"] == added["translated"]
    shown = run("diff", str(reference), "new.toml", "--allocated").stdout.decode()
    assert f"DNAT 10.176.18.197 to {added['translated']}" in shown
