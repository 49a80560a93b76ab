"""Files as each tool writes them, each with the plan that ipplan makes of it; and the errors for broken files.

`pytest --update-golden` rewrites the plans; read the difference before it is committed.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from ipplan.catalog import load_catalog
from ipplan.checks import check_plan
from ipplan.checks.drift import Against
from ipplan.importers import IMPORTERS, Options, SourceError, read_source
from ipplan.importers.plan_text import make_plan
from ipplan.plan.load import parse_plan

if TYPE_CHECKING:
    from conftest import Run

FILES = Path(__file__).parent / "files"
GOOD = {
    "subnets-2021.json": "ibmcloud-subnets",
    "subnets-2022.json": "ibmcloud-subnets",
    "subnets-now.json": "ibmcloud-subnets",
    "subnets-of-iks.json": "ibmcloud-subnets",
    "cluster-get.json": "ks-cluster",
    "vlan-ip-config.json": "ks-cluster",
    "vlan-ip-config.yaml": "ks-cluster",
    "vlanipmap.json": "ks-cluster",
    "nodes-iks.json": "kubectl-nodes",
    "nodes-icp.json": "kubectl-nodes",
    "ippools.json": "calico-ippools",
    "calico.yaml": "calico-ippools",
    "calicoctl.yaml": "calico-ippools",
    "installation.yaml": "calico-ippools",
    "config.yaml": "icp-config",
    "config-of-defaults.yaml": "icp-config",
    "values.yaml": "strongswan",
    "ks-subnets.txt": "ibmcloud-subnets",
    "sl-subnets.txt": "ibmcloud-subnets",
    "cluster-get.txt": "ks-cluster",
    "workers.txt": "ks-workers",
    "workers.json": "ks-workers",
    "nodes-wide.txt": "kubectl-nodes",
    "ippools-wide.txt": "calico-ippools",
    "hosts": "icp-hosts",
    "ip-route.json": "ip-route",
    "ip-addr.json": "ip-route",
    "terraform.tfstate": "terraform-state",
    "terraform-show.json": "terraform-state",
    "ipsec.conf": "ipsec-conf",
    "swanctl.conf": "swanctl",
    "vyos.commands": "vyos",
    "vyos.boot": "vyos",
    "netbox-table.csv": "netbox",
    "netbox-all.csv": "netbox",
    "netbox-bulk.csv": "netbox",
    "netbox-page.json": "netbox",
    "nautobot.json": "netbox",
    "phpipam-export.csv": "phpipam",
    "phpipam-import.csv": "phpipam",
    "infoblox.csv": "infoblox",
    "excel.csv": "csv",
    "vpcs.csv": "csv",
    "unnamed-column.csv": "csv",
}
"""Each file, and its source as guessed from its content."""
BAD = {
    "bad-subnets-quote.json": (28, "expecting ',' delimiter at column 23", "does not escape quotes in notes"),
    "bad-cut-off.json": (31, "expecting property name enclosed in double quotes", "the file ends too early"),
}


@pytest.mark.parametrize("name", GOOD)
def test_lenient_reads_a_good_file_in_the_same_way(name: str) -> None:
    data = (FILES / name).read_bytes()
    assert read_source("auto", data, name, Options(lenient=True)) == read_source("auto", data, name)


@pytest.mark.parametrize("name", GOOD)
def test_the_plan_that_comes_of_a_file(name: str, *, update_golden: bool) -> None:
    observed = read_source("auto", (FILES / name).read_bytes(), name)
    made = make_plan([observed], None)
    notes = "".join(f"# note: {note}\n" for note in observed.remarks)
    golden = FILES / f"{name}.plan.toml"
    if update_golden:
        golden.write_text(notes + made.text, encoding="utf-8", newline="\n")

    assert observed.source == GOOD[name]
    assert notes + made.text == golden.read_text(encoding="utf-8")


@pytest.mark.parametrize("name", GOOD)
def test_that_plan_has_every_prefix_of_the_file_and_does_not_drift_from_it(name: str) -> None:
    observed = read_source("auto", (FILES / name).read_bytes(), name)
    text = make_plan([observed], None).text
    plan = parse_plan(text.encode(), "plan.toml")

    found = check_plan(plan, load_catalog(), None, Against(plan, (observed,)))

    networks = [network.prefix for network in plan.networks if network.prefix is not None]
    for row in observed.rows:
        inside = not row.whole and any(prefix.covers(row.prefix) for prefix in networks)
        assert row.cidr in text or str(row.prefix) in text or inside
    # The values of a tunnel do not say what is at its other end, so no plan can have it from them.
    tunnel = "an IPsec tunnel" if observed.gateway else "a strongSwan tunnel"
    assert [f.message for f in found if f.rule == "drift"] == (
        [f"{name} describes {tunnel}, but the plan has none"] if any(row.side for row in observed.rows) else []
    )


@pytest.mark.parametrize("name", BAD)
def test_a_broken_file_is_reported_with_its_line(name: str) -> None:
    line, message, help_ = BAD[name]
    with pytest.raises(SourceError) as caught:
        read_source("auto", (FILES / name).read_bytes(), name)
    (problem,) = caught.value.problems
    assert problem.line == line
    assert message in problem.message
    assert help_ in (problem.help or "")


def test_no_file_is_left_over() -> None:
    names = {path.name for path in FILES.iterdir()}
    assert names == {*GOOD, *BAD, *(f"{name}.plan.toml" for name in GOOD)}
    assert set(GOOD.values()) == set(IMPORTERS) - {"json"}


def test_tags_and_vlans_that_ipplan_pushed_are_not_labels(run: Run, tmp_path: Path) -> None:
    tags = ["ipplan", "ipplan-plan-a", "ipplan-label-team--erp", "critical"]
    row = {
        "id": 1,
        "prefix": "10.224.0.0/24",
        "status": {"value": "active"},
        "role": {"name": "vcs-vm", "slug": "vcs-vm"},
        "vlan": {"vid": 12, "name": "vlan-12"},
        "description": "web, VMs on VXLAN, web tier",
        "comments": "team=erp; vlan=12",
        "tags": [{"slug": tag} for tag in tags],
    }
    (tmp_path / "n.json").write_text(json.dumps({"count": 1, "results": [row]}), encoding="utf-8")
    (tmp_path / "n.csv").write_text(
        "Prefix,Status,VLAN,Role,Description,Tags,Comments\n"
        '10.224.0.0/24,Active,vlan-12 (12),vcs-vm,"web, VMs on VXLAN, web tier","ipplan,ipplan plan a,team:erp,critical",'
        '"team=erp; vlan=12"\n',
        encoding="utf-8",
    )
    for file in ("n.json", "n.csv"):
        made = run("import", "netbox", file).stdout.decode()
        assert made.partition("[networks.web]\n")[2] == (
            'kind = "vcs-vm"\ncidr = "10.224.0.0/24"\nvlan = 12\nlabels = { team = "erp", tags = "critical" }\n'
            'description = "web tier"\n'
        )
