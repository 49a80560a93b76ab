"""`ipplan show`, run as a user runs it."""

from __future__ import annotations

import csv
import io
import json
import time
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from jsonschema import Draft202012Validator

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Run

ROOT = Path(__file__).parent.parent.parent
SAMPLES = sorted((ROOT / "sample-plans").glob("*.toml"))
SCHEMA = json.loads((ROOT / "ipplan" / "schemas" / "show.json").read_text(encoding="utf-8"))

PLAN = """\
schema = 1
[plan]
name = "small"
byoip = ["10.224.0.0/16"]
[clusters.icp]
platform = "icp"
[networks.vm]
kind = "vcs-vm"
cidr = "10.224.4.0/24"
grow-to = 22
addresses = { gateway = -1, dns = 10, far = "10.224.9.9" }
description = "tier"
[networks.later]
kind = "vcs-vm"
prefix = 25
addresses = { vip = 5 }
[networks.pods]
kind = "icp-pod"
cluster = "icp"
[networks.vtep]
kind = "vcs-vtep"
"""


@pytest.fixture
def plan(tmp_path: Path) -> str:
    (tmp_path / "plan.toml").write_text(PLAN, encoding="utf-8")
    return "plan.toml"


def shown(run: Run, *args: str, status: int = 0) -> Any:
    done = run("show", *args, "--json")
    assert done.returncode == status, done.stderr
    document = json.loads(done.stdout)
    Draft202012Validator(SCHEMA).validate(document)
    return document


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda path: path.stem)
@pytest.mark.parametrize("args", [(), ("--map",), ("--map", "--allocated")], ids=" ".join)
def test_samples_follow_the_schema_and_agree_with_allocate(run: Run, sample: Path, args: tuple[str, ...]) -> None:
    failing = sample.stem == "conflicts" and "--allocated" in args
    document = shown(run, str(sample), *args, status=1 if failing else 0)
    allocation = json.loads(run("allocate", str(sample), "--json").stdout)
    rows = {row["network"]: row for row in allocation["allocations"]}
    for network in document["networks"]:
        row = rows.get(network["network"])
        if network["cidr"] is None or row is None:
            continue
        for key in ("cidr", "status", "size", "usable", "gateway"):
            assert network[key] == row[key], network["network"]
        for name, address in row["addresses"].items():
            assert network["addresses"][name] == address
    if "--allocated" in args and not failing:
        assert {n["status"] for n in document["networks"]} <= {"allocated", "pinned", "default", "to-order"}
    assert (document["spaces"] is None) == (args == ())
    for space in document["spaces"] or ():
        whole = ip_network(space["cidr"])
        assert sum(block["size"] for block in space["blocks"]) == space["size"] == whole.num_addresses
        assert space["free"] == sum(b["size"] for b in space["blocks"] if b["what"] == "free")
        edges = [(ip_address(b["first"]), ip_address(b["last"])) for b in space["blocks"]]
        assert edges[0][0] == whole[0]
        assert all(int(a[1]) + 1 == int(b[0]) for a, b in zip(edges, edges[1:]))  # noqa: B905, RUF007


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda path: path.stem)
def test_every_network_that_has_a_range_is_in_a_space(run: Run, sample: Path) -> None:
    document = shown(run, str(sample), "--map")
    mapped = {name for s in document["spaces"] for b in s["blocks"] for name in b["networks"]}
    assert mapped == {n["network"] for n in document["networks"] if n["cidr"] is not None}


def test_the_map_and_the_check_agree_on_overlaps(run: Run) -> None:
    sample = str(ROOT / "sample-plans" / "conflicts.toml")
    findings = json.loads(run("check", sample, "--json").stdout)["findings"]
    checked = {f["rule"] for f in findings if f["overlap"] and f["networks"] and f["severity"] != "note"}
    blocks = [b for s in shown(run, sample, "--map")["spaces"] for b in s["blocks"]]
    assert {rule for b in blocks for rule in b["rules"]} == checked
    assert all(b["what"] == "overlap" for b in blocks if b["rules"])


def test_a_network_is_told_in_full(run: Run, plan: str) -> None:
    vm, later, pods, vtep, services = shown(run, plan)["networks"]
    assert vm == {
        "network": "vm",
        "kind": "vcs-vm",
        "cluster": None,
        "declared": True,
        "provider": "byoip",
        "subnet_type": None,
        "status": "pinned",
        "cidr": "10.224.4.0/24",
        "prefix_length": 24,
        "pool": None,
        "first_usable": "10.224.4.1",
        "last_usable": "10.224.4.254",
        "size": 256,
        "usable": 254,
        "gateway": "10.224.4.254",
        "grow_to": {"prefix_length": 22, "cidr": "10.224.4.0/22", "blocked_by": None},
        "group": None,
        "edge": None,
        "site": None,
        "gateway_on": None,
        "data_center": None,
        "addresses": {"gateway": "10.224.4.254", "dns": "10.224.4.10", "far": None},
        "description": "tier",
        "labels": {},
        "vlan": None,
        "lifecycle": None,
        "retired": False,
    }
    assert (later["status"], later["prefix_length"], later["addresses"]) == ("to-allocate", 25, {"vip": None})
    assert (pods["status"], pods["cluster"]) == ("to-allocate", "icp")
    assert (vtep["status"], vtep["provider"], vtep["subnet_type"]) == ("to-order", "ibm", "portable")
    assert (services["declared"], services["cidr"]) == (False, "10.0.0.0/16")


def test_people_read_what_becomes_of_each_network(run: Run, plan: str) -> None:
    text = run("show", plan).stdout.decode()
    assert "to allocate /25" in text
    assert "to be ordered\n" in text or "to be ordered " in text
    assert "10.0.0.0/16 (default)" in text
    assert "vm: gateway=10.224.4.254 dns=10.224.4.10 far=outside\nlater: vip=#5\n" in text
    assert text.endswith("\nnetworks: 1 pinned, 1 on a default range, 2 to allocate, 1 to be ordered\n")


def test_csv_has_every_network_and_whole_numbers(run: Run, plan: str) -> None:
    rows = list(csv.DictReader(io.StringIO(run("show", plan, "--format", "csv").stdout.decode())))
    assert [row["network"] for row in rows[:2]] == ["vm", "later"]
    assert (rows[0]["size"], rows[0]["grow to"], rows[1]["cidr"]) == ("256", "10.224.4.0/22", "")


SEVERAL = """\
[edges.dallas]
[sites.hq]
[sites.lab]
[networks.vm]
kind = "vcs-vm"
prefix = 24
edge = "frankfurt"
gateway-on = "on-premises"
[networks.office]
kind = "enterprise"
cidr = "192.168.0.0/24"
site = "hq"
data-center = "fra02"
"""


def test_edge_and_site_are_columns_where_the_plan_has_several(run: Run, tmp_path: Path) -> None:
    (tmp_path / "plan.toml").write_text(SEVERAL, encoding="utf-8")
    rows = list(csv.DictReader(io.StringIO(run("show", "plan.toml", "-f", "csv").stdout.decode())))
    assert [(row["edge"], row["site"]) for row in rows] == [("frankfurt", ""), ("", "hq")]
    text = run("show", "plan.toml").stdout.decode()
    assert text.split("\n")[0].split() == [
        "network",
        "kind",
        "edge",
        "site",
        "provided",
        "by",
        "cidr",
        "first",
        "last",
        "gateway",
        "size",
        "usable",
    ]
    networks = shown(run, "plan.toml")["networks"]
    assert [(n["edge"], n["site"], n["gateway_on"], n["data_center"]) for n in networks] == [
        ("frankfurt", None, "on-premises", None),
        (None, "hq", None, "fra02"),
    ]


def test_of_one_edge_and_site_people_see_no_column_and_csv_has_what_networks_state(run: Run, tmp_path: Path) -> None:
    one = SEVERAL.replace("[edges.dallas]\n[sites.hq]\n[sites.lab]", "[sites.hq]")
    (tmp_path / "plan.toml").write_text(one, "utf-8")
    (row, _) = csv.DictReader(io.StringIO(run("show", "plan.toml", "-f", "csv").stdout.decode()))
    assert row["edge"] == "frankfurt"
    assert "edge" not in run("show", "plan.toml").stdout.decode().split("\n")[0].split()
    none = "\n".join(line for line in one.split("\n") if not line.startswith(("edge", "site")))
    (tmp_path / "plan.toml").write_text(none, "utf-8")
    (first, *_) = run("show", "plan.toml", "-f", "csv").stdout.decode().split("\n")
    assert not {"edge", "site"}.intersection(first.split(","))


ABOUT = """\
[plan]
byoip = ["172.24.0.0/14"]
[edges.dallas]
[clusters.icp]
platform = "icp"
status = "retired"
[networks.web]
kind = "vcs-vm"
hosts = 20
grow-to = 25
pool = "172.24.0.0/14"
edge = "dallas"
gateway-on = "esg"
labels = { team = "erp", "note; on" = 'a "b"' }
vlan = 12
status = "planned"
addresses = { gateway = 1, "the vip" = 5, last = -1 }
[networks.db]
kind = "vcs-vm"
cidr = "172.24.9.0/24"
addresses = { gateway = 1, vip = "172.24.9.9" }
[networks.small]
kind = "vcs-vm"
prefix = 28
grow-to = 28
[networks.pods]
kind = "icp-pod"
cluster = "icp"
"""


def test_csv_has_all_that_a_network_states(run: Run, tmp_path: Path) -> None:
    (tmp_path / "plan.toml").write_text(ABOUT, encoding="utf-8")
    rows = list(csv.DictReader(io.StringIO(run("show", "plan.toml", "-f", "csv").stdout.decode())))
    web, db, small, pods, _ = rows
    assert list(web)[-10:] == [
        "data center",
        "gateway on",
        "pool",
        "prefix",
        "hosts",
        "stated grow to",
        "stated addresses",
        "labels",
        "vlan",
        "lifecycle",
    ]
    assert (web["edge"], web["gateway on"], web["pool"]) == ("dallas", "esg", "172.24.0.0/14")
    assert (web["prefix"], web["hosts"], web["stated grow to"]) == ("", "20", "25")
    assert web["stated addresses"] == "gateway=#1; the vip=#5; last=#-1"
    assert (web["labels"], web["vlan"], web["lifecycle"]) == (
        'team=erp; "note; on"="a ""b"""',
        "12",
        "planned",
    )
    assert (db["addresses"], db["stated addresses"]) == (
        "gateway=172.24.9.1 vip=172.24.9.9",
        "gateway=#1; vip=172.24.9.9",
    )
    assert (small["prefix"], small["stated grow to"]) == ("28", "28")
    assert (pods["status"], pods["lifecycle"]) == ("no-range", "")


def test_people_see_labels_vlan_and_what_is_retired(run: Run, tmp_path: Path) -> None:
    (tmp_path / "plan.toml").write_text(ABOUT, encoding="utf-8")
    lines = run("show", "plan.toml").stdout.decode().split("\n")
    assert lines[0].split()[-3:] == ["labels", "vlan", "lifecycle"]
    assert next(line for line in lines if line.startswith("web")).endswith('"a ""b"""    12  planned')
    assert next(line for line in lines if line.startswith("pods")).endswith("  retired with cluster icp")
    assert lines[-2] == "networks: 1 pinned, 1 on a default range, 2 to allocate, 1 retired without a range"
    networks = {n["network"]: n for n in shown(run, "plan.toml")["networks"]}
    assert networks["web"]["labels"] == {"team": "erp", "note; on": 'a "b"'}
    assert (networks["web"]["vlan"], networks["web"]["lifecycle"], networks["web"]["retired"]) == (
        12,
        "planned",
        False,
    )
    assert (networks["pods"]["lifecycle"], networks["pods"]["retired"]) == (None, True)


def test_csv_of_the_map_has_every_block(run: Run, plan: str) -> None:
    rows = list(csv.DictReader(io.StringIO(run("show", plan, "--map", "-f", "csv").stdout.decode())))
    pool = [row for row in rows if row["space"] == "10.224.0.0/16"]
    assert [(row["first"], row["what"], row["networks"]) for row in pool] == [
        ("10.224.0.0", "free", ""),
        ("10.224.4.0", "network", "vm"),
        ("10.224.5.0", "room", ""),
        ("10.224.8.0", "free", ""),
    ]


@pytest.mark.parametrize(
    ("args", "names"),
    [
        (("--kind", "vcs-vm"), ["vm", "later"]),
        (("--kind", "vcs-vm", "--kind", "vcs-vtep"), ["vm", "later", "vtep"]),
        (("--cluster", "icp"), ["pods", "icp (services, default)"]),
        (("--network", "later", "--network", "vm"), ["vm", "later"]),
        (("--network", "vm", "--cluster", "icp"), []),
    ],
)
def test_filters(run: Run, plan: str, args: tuple[str, ...], names: list[str]) -> None:
    assert [n["network"] for n in shown(run, plan, *args)["networks"]] == names
    assert run("show", plan, *args).returncode == 0
    assert run("show", plan, *args, "--map").returncode == 0


def test_a_filter_chooses_the_spaces_of_a_map(run: Run, plan: str) -> None:
    assert [s["cidr"] for s in shown(run, plan, "--map", "--network", "vm")["spaces"]] == ["10.224.0.0/16"]
    assert shown(run, plan, "--map", "--network", "vtep")["spaces"] == []
    assert run("show", plan, "--map", "--network", "vtep").stdout.startswith(b"nothing to draw: ")


@pytest.mark.parametrize(
    ("args", "says"),
    [
        (("--kind", "vcs-vn"), 'unknown kind of network "vcs-vn"; did you mean vcs-vm?'),
        (("--cluster", "ipc"), 'plan.toml has no cluster "ipc"; did you mean icp?'),
        (("--network", "lter"), 'plan.toml has no network "lter"; did you mean later?'),
        (("--network", "\x1b[2J"), 'plan.toml has no network "\\x1b[2J"'),
        (("--ranges-edition", "1999-01-01"), "no edition 1999-01-01"),
    ],
)
def test_a_filter_that_chooses_nothing_known(run: Run, plan: str, args: tuple[str, ...], says: str) -> None:
    done = run("show", plan, *args)
    assert (done.returncode, done.stdout) == (2, b"")
    assert says in done.stderr.decode()


def test_networks_as_large_as_the_address_space(run: Run) -> None:
    text = '[plan]\nbyoip = ["0.0.0.0/0"]\n'
    text += "".join(
        f'[networks.{name}]\nkind = "enterprise"\ncidr = "{cidr}"\n'
        for name, cidr in (("all4", "0.0.0.0/0"), ("all6", "::/0"), ("half", "8000::/1"), ("one", "::1/128"))
    )
    done = run("show", "-", "--map", input=text.encode())
    assert (done.returncode, done.stderr) == (0, b"")
    assert len(done.stdout.splitlines()) < 100
    document = json.loads(run("show", "-", "--map", "--json", input=text.encode()).stdout)
    Draft202012Validator(SCHEMA).validate(document)
    assert [space["cidr"] for space in document["spaces"]] == ["0.0.0.0/0", "::/0", "::/126", "8000::/1"]


def test_a_plan_without_anything(run: Run) -> None:
    assert run("show", "-", input=b"").stdout == b"networks: none\n"
    done = run("show", "-", "--map", input=b"")
    assert (done.returncode, done.stdout[:16]) == (0, b"nothing to draw:")


def test_a_plan_on_standard_input(run: Run) -> None:
    done = run("show", "-", "--json", input=PLAN.encode())
    assert json.loads(done.stdout)["plan"] == {"name": "small", "file": "<stdin>"}


def test_a_plan_that_cannot_be_read(run: Run, unreadable_plan: Path) -> None:
    done = run("show", unreadable_plan.name, "--json")
    assert done.returncode == 2
    assert json.loads(done.stdout)["schema"] == "ipplan.error/1"


def test_allocated_says_what_finds_no_place(run: Run, tmp_path: Path) -> None:
    (tmp_path / "plan.toml").write_text(PLAN.replace("prefix = 25", "prefix = 12"), encoding="utf-8")
    done = run("show", "plan.toml", "--allocated")
    assert done.returncode == 1
    assert b"error: later needs a /12" in done.stderr
    assert b"to allocate /12" in done.stdout


def test_shading_only_where_the_stream_has_it(run: Run, tmp_path: Path, plan: str) -> None:
    ascii_only = {"PYTHONIOENCODING": "ascii"}
    plain = run("show", plan, "--map", env=ascii_only).stdout
    assert plain.isascii()
    shaded = run("show", plan, "--map").stdout
    assert shaded.decode("utf-8").translate(str.maketrans("·░▒▓", ".-/#")).encode() == plain
    # A file is UTF-8 whoever writes it.
    run("show", plan, "--map", "-o", "map.txt", env=ascii_only)
    assert (tmp_path / "map.txt").read_bytes() == shaded


@pytest.mark.parametrize("width", [20, 40, 63, 110, 200, 300])
def test_the_map_follows_the_width_of_the_terminal(
    show_on_terminal: Callable[..., str], tmp_path: Path, plan: str, width: int
) -> None:
    import sys

    text = show_on_terminal([sys.executable, "-m", "ipplan", "show", plan, "--map"], folder=tmp_path, width=width)
    widest = max(len(line) for line in text.splitlines())
    assert widest <= min(max(width, 40), 200)
    assert "10.224.4.0/24" in text.split()


def test_a_large_plan_is_mapped_in_bounded_space_and_time(run: Run, tmp_path: Path) -> None:
    count = 20_000
    lines = ['schema = 1\n[plan]\nbyoip = ["10.224.0.0/12"]\n']
    for index in range(count):
        value = (10 << 24) + (224 << 16) + index * 32
        lines.append(f'[networks.n{index}]\nkind = "vcs-vm"\ncidr = "{ip_address(value)}/28"\n')
    (tmp_path / "plan.toml").write_text("".join(lines), encoding="utf-8")
    start = time.monotonic()
    done = run("show", "plan.toml", "--map")
    assert done.returncode == 0
    assert len(done.stdout.splitlines()) < 100
    assert b"further networks" in done.stdout
    assert time.monotonic() - start < 30
