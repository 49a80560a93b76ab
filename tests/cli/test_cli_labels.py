"""Labels, VLAN IDs and statuses where users meet them: what is looked up, compared, drawn and filtered."""

from __future__ import annotations

import csv
import io
import json
from typing import TYPE_CHECKING, Any

import pytest

from ipplan.plan.labels import parse_about

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import Run

PLAN = """\
[plan]
byoip = ["172.24.0.0/14"]
[edges.dallas]
labels = { rack = "r1", team = "net" }
vlan = 7
[sites.hq]
labels = { city = "Bonn" }
status = "live"
[clusters.icp]
platform = "icp"
labels = { team = "kube" }
[networks.web]
kind = "vcs-vm"
cidr = "172.24.0.0/24"
labels = { team = "erp", ticket = "NET-12" }
vlan = 12
status = "live"
description = "shop"
addresses = { gateway = 1 }
[networks.old]
kind = "vcs-vm"
cidr = "172.24.1.0/24"
status = "retired"
[networks.workers]
kind = "icp-worker"
cluster = "icp"
cidr = "172.24.2.0/24"
addresses = { gateway = 1 }
[networks.office]
kind = "enterprise"
cidr = "192.168.0.0/24"
"""


ICP = ("icp (pods, default)", "icp (services, default)")
"""What the cluster takes undeclared: behind the edge, as all of it."""


@pytest.fixture
def plan(tmp_path: Path) -> Path:
    """Write the plan as plan.toml where commands run."""
    path = tmp_path / "plan.toml"
    path.write_text(PLAN, encoding="utf-8")
    return path


def document(run: Run, *args: str) -> Any:
    done = run(*args, "--json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_lookup_tells_them(run: Run, plan: Path) -> None:
    assert plan.exists()
    (query, other) = document(run, "lookup", "172.24.0.9", "172.24.1.9", "--plan", "plan.toml")["queries"]
    match, retired = query["matches"][0], other["matches"][0]
    assert (match["labels"], match["vlan"]) == ({"team": "erp", "ticket": "NET-12"}, 12)
    assert (match["lifecycle"], match["retired"], match["note"]) == ("live", False, "shop")
    assert (retired["labels"], retired["lifecycle"], retired["retired"]) == ({}, "retired", True)
    text = run("lookup", "172.24.0.9", "172.24.1.9", "--plan", "plan.toml").stdout.decode()
    assert "live; shop; team=erp; ticket=NET-12; vlan=12" in text
    assert "old is retired" in text


def test_domains_of_the_topology_have_those_of_their_part(run: Run, plan: Path) -> None:
    assert plan.exists()
    domains = {d["domain"]: d for d in document(run, "topology", "plan.toml")["domains"]}
    about = {name: (d["labels"], d["vlan"], d["lifecycle"]) for name, d in domains.items()}
    assert about["overlay dallas"] == ({"rack": "r1", "team": "net"}, 7, None)
    assert about["cluster icp"] == ({"team": "kube"}, None, None)
    assert about["site hq"] == ({"city": "Bonn"}, None, "live")
    assert about["ibm-private"] == ({}, None, None)


def test_a_difference_is_a_change(run: Run, plan: Path) -> None:
    text = PLAN.replace('team = "erp", ticket = "NET-12"', 'team = "crm", owner = "x"').replace(
        "vlan = 12", "vlan = 13"
    )
    text = text.replace('status = "live"\ndescription', 'status = "retired"\ndescription').replace("vlan = 7\n", "")
    text = text.replace('city = "Bonn"', 'city = "Köln"').replace('team = "kube"', 'team = "kube", tier = "1"')
    plan.with_name("new.toml").write_text(text, encoding="utf-8")
    changes = document(run, "diff", "plan.toml", "new.toml")["changes"]
    assert [(c["what"], c["name"], c["old"], c["new"], c["note"]) for c in changes] == [
        ("cluster", "icp", None, "1", "label tier"),
        ("edge", "dallas", "7", None, "vlan"),
        ("site", "hq", "Bonn", "Köln", "label city"),
        ("network", "web", "erp", "crm", "label team"),
        ("network", "web", "NET-12", None, "label ticket"),
        ("network", "web", None, "x", "label owner"),
        ("network", "web", "12", "13", "vlan"),
        ("network", "web", "live", "retired", "status"),
    ]


def test_allocate_has_them_for_pipelines(run: Run, plan: Path) -> None:
    assert plan.exists()
    web = document(run, "allocate", "plan.toml")["allocations"][0]
    assert (web["labels"], web["vlan"], web["lifecycle"]) == ({"team": "erp", "ticket": "NET-12"}, 12, "live")
    rows = list(csv.DictReader(io.StringIO(run("allocate", "plan.toml", "-f", "csv").stdout.decode())))
    assert (rows[0]["labels"], rows[0]["vlan"], rows[0]["lifecycle"]) == (
        "team=erp; ticket=NET-12",
        "12",
        "live",
    )


@pytest.mark.parametrize(
    ("options", "names"),
    [
        (["team=erp"], ["web"]),
        (["team=net"], ["old"]),
        (["team=kube"], ["workers", *ICP]),
        (["rack=r1"], ["web", "old", "workers", *ICP]),
        (["rack"], ["web", "old", "workers", *ICP]),
        (["rack", "ticket=NET-12"], ["web"]),
        (["rack", "city"], []),
        (["city=Bonn"], ["office"]),
    ],
)
def test_show_has_the_networks_with_all_of_the_labels(
    run: Run, plan: Path, options: list[str], names: list[str]
) -> None:
    assert plan.exists()
    args = [word for option in options for word in ("--label", option)]
    assert [n["network"] for n in document(run, "show", "plan.toml", *args)["networks"]] == names


@pytest.mark.parametrize(
    ("label", "message"),
    [
        ("taem=erp", 'plan.toml has no label "taem=erp"; did you mean team?'),
        ("team=epr", 'plan.toml has no label "team=epr"; did you mean team=erp?'),
        ("xyz", 'plan.toml has no label "xyz"'),
        ("", 'plan.toml has no label ""'),
        ("\x1b[31m=1", 'plan.toml has no label "\\x1b[31m=1"'),
    ],
)
@pytest.mark.parametrize("command", [("show", "plan.toml"), ("check", "plan.toml"), ("export", "plan.toml", "hosts")])
def test_an_unknown_label_ends_with_two_and_the_nearest(
    run: Run, plan: Path, command: tuple[str, ...], label: str, message: str
) -> None:
    assert plan.exists()
    done = run(*command, "--label", label)
    assert (done.returncode, done.stdout) == (2, b"")
    assert done.stderr.decode().rstrip("\n") == f"error: {message}"


def test_a_name_may_hold_the_sign(run: Run, plan: Path) -> None:
    plan.write_text(PLAN.replace('team = "erp"', '"a=b" = "c=d"'), encoding="utf-8")
    for label in ("a=b", "a=b=c=d"):
        assert [n["network"] for n in document(run, "show", "plan.toml", "--label", label)["networks"]] == ["web"]


def test_check_reports_what_concerns_such_a_network_and_judges_by_it(run: Run, plan: Path) -> None:
    plan.write_text(PLAN.replace('cidr = "192.168.0.0/24"', 'cidr = "172.24.0.0/25"'), encoding="utf-8")
    whole = run("check", "plan.toml", "--json")
    found = json.loads(whole.stdout)["findings"]
    assert {tuple(f["networks"]) for f in found} >= {("office", "web")}
    for label, hit in (("team=erp", True), ("city", True), ("team=kube", False)):
        done = run("check", "plan.toml", "--label", label, "--json")
        report = json.loads(done.stdout)
        named = {name for f in report["findings"] for name in f["networks"]}
        assert ("office" in named) is hit
        assert report["summary"]["error"] == sum(f["severity"] == "error" for f in report["findings"])
        assert done.returncode == (0 if report["ok"] else 1)
    kube = json.loads(run("check", "plan.toml", "--label", "team=kube", "--json").stdout)["findings"]
    assert ("incomplete-cluster", "clusters.icp") in {(f["rule"], f["location"]["key"]) for f in kube}


def test_a_label_of_one_of_several_plans_is_known(run: Run, plan: Path) -> None:
    plan.with_name("other.toml").write_text('[networks.x]\nkind = "vcs-vm"\n', encoding="utf-8")
    assert run("check", "plan.toml", "other.toml", "--label", "rack=r1").returncode in (0, 1)
    assert run("check", "other.toml", "plan.toml", "--label", "rack=r2").returncode == 2


def test_exports_that_list_networks_list_the_chosen_ones(run: Run, plan: Path) -> None:
    assert plan.exists()

    def export(target: str, *labels: str) -> str:
        args = [word for label in labels for word in ("--label", label)]
        done = run("export", "plan.toml", target, *args, "--force")
        assert done.returncode == 0, done.stderr
        return done.stdout.decode()

    assert "gateway.web" in export("hosts")
    assert "gateway.workers" not in export("hosts", "team=erp")
    assert "web" not in export("reverse-zones", "team=kube")
    assert list(json.loads(export("terraform", "team=erp"))["ipplan"]["networks"]) == ["web"]
    (row,) = csv.DictReader(io.StringIO(export("netbox", "team=erp")))
    assert row["prefix"] == "172.24.0.0/24"
    refused = run("export", "plan.toml", "routes", "--label", "team=erp")
    assert refused.returncode == 2
    assert refused.stderr.decode() == (
        "error: --label has no effect on routes\n"
        "help: it affects only targets that list networks: hosts, netbox, reverse-zones, terraform, xlsx\n"
    )


def test_exports_with_data_have_them(run: Run, plan: Path) -> None:
    assert plan.exists()
    networks = json.loads(run("export", "plan.toml", "terraform", "--force").stdout)["ipplan"]["networks"]
    web = networks["web"]
    assert (web["labels"], web["vlan"], web["lifecycle"]) == ({"team": "erp", "ticket": "NET-12"}, 12, "live")
    assert "old" not in networks
    ansible = run("export", "plan.toml", "ansible", "--force").stdout.decode()
    assert '      lifecycle: "live"\n' in ansible


def test_netbox_has_them_as_comments_that_read_back(run: Run, plan: Path) -> None:
    text = PLAN.replace('ticket = "NET-12"', "ticket = 'a;\"b\", c'").replace(
        'status = "live"\nd', 'status = "ordered"\nd'
    )
    plan.write_text(text, encoding="utf-8")
    made = run("export", "plan.toml", "netbox", "--force").stdout.decode()
    rows = {row["prefix"]: row for row in csv.DictReader(io.StringIO(made))}
    assert "172.24.1.0/24" not in rows
    assert {rows[pool]["comments"] for pool in ("172.24.0.0/14", "172.24.2.0/24")} == {""}
    web = rows["172.24.0.0/24"]
    assert (web["status"], rows["172.24.2.0/24"]["status"]) == ("reserved", "active")
    assert parse_about(web["comments"]) == ((("team", "erp"), ("ticket", 'a;"b", c')), 12)
    # NetBox guesses the form of a CSV with the standard library.
    dialect = csv.Sniffer().sniff(made, delimiters=",;\t|")
    assert (dialect.delimiter, dialect.quotechar) == (",", '"')


def test_of_several_plans_findings_between_them_are_filtered_too(run: Run, plan: Path) -> None:
    other = '[networks.lan]\nkind = "enterprise"\ncidr = "172.24.0.0/25"\nlabels = { owner = "bob" }\n'
    other += '[networks.lab]\nkind = "enterprise"\ncidr = "172.24.2.0/25"\n'
    plan.with_name("other.toml").write_text(other, encoding="utf-8")

    def overlaps(*labels: str) -> list[list[str]]:
        args = [word for label in labels for word in ("--label", label)]
        report = json.loads(
            run("check", "plan.toml", "other.toml", "--select", "network-overlap", *args, "--json").stdout
        )
        found = (
            [f for part in report["reports"] for f in part["findings"]]
            if "reports" in report
            else report["between"]["findings"]
        )
        return sorted(sorted(f["networks"]) for f in found)

    whole = overlaps()
    assert len(whole) == 2
    (bob,) = overlaps("owner=bob")
    assert [name.rpartition("lan")[1] for name in bob if name.endswith("lan")] == ["lan"]
    assert overlaps("team=erp") == [bob]
    assert overlaps("team=net") == []
