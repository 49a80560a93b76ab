"""The workbook, read back by another library: its content, the same bytes each time, and text that stays text."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import zipfile
from datetime import datetime
from ipaddress import ip_network
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from openpyxl import load_workbook

from ipplan.catalog import load_catalog
from ipplan.exporters import ExportError, Request
from ipplan.exporters.xlsx import MOST_CHARACTERS, export_xlsx
from ipplan.landscape import Landscape
from ipplan.plan.load import parse_plan

if TYPE_CHECKING:
    from conftest import Run
    from openpyxl import Workbook

ROOT = Path(__file__).parent.parent.parent
SAMPLES = ROOT / "sample-plans"
REFERENCE = SAMPLES / "reference-architecture.toml"
SHEETS = ["Plan", "Networks", "Addresses", "Findings", "Map", "Free", "Routes", "NAT", "Links", "Tunnels"]


def rows(book: Workbook, name: str) -> list[dict[str, Any]]:
    titles, *values = book[name].values
    return [dict(zip(map(str, titles), row, strict=True)) for row in values]


def exported(run: Run, plan: Path, *more: str) -> Workbook:
    done = run("export", str(plan), "xlsx", *more)
    assert done.returncode == 0, done.stderr
    return load_workbook(io.BytesIO(done.stdout))


def made(text: str) -> bytes:
    plan = parse_plan(text.encode(), "plan.toml")
    return export_xlsx(Request(Landscape(plan, load_catalog())))


@pytest.mark.parametrize("sample", ["reference-architecture", "two-clusters", "ipv6", "conflicts"])
def test_networks_are_those_of_show(run: Run, sample: str) -> None:
    plan = SAMPLES / f"{sample}.toml"
    book = exported(run, plan, "--force")
    assert book.sheetnames == SHEETS
    shown = json.loads(run("show", str(plan), "--allocated", "--json").stdout)["networks"]
    shown = [network for network in shown if not network["retired"]]
    found = rows(book, "Networks")
    assert [row["name"] for row in found] == [n["network"] for n in shown]
    for row, network in zip(found, shown, strict=True):
        assert (row["kind"], row["cluster"], row["group"]) == (
            network["kind"],
            network["cluster"],
            network["group"],
        )
        assert (row["status"] == "allocated, not pinned") == (network["status"] == "allocated")
        if network["cidr"] is not None:
            block = ip_network(row["CIDR"])
            assert (row["CIDR"], row["gateway"]) == (network["cidr"], network["gateway"])
            assert (row["first address"], row["last address"]) == (str(block[0]), str(block[-1]))
            assert row["netmask"] == (str(block.netmask) if block.version == 4 else None)
            # Excel keeps 15 digits, so larger numbers are text.
            large = network["usable"] >= 10**15
            assert row["usable"] == (str(network["usable"]) if large else network["usable"])


def test_the_other_sheets_say_what_the_commands_say(run: Run) -> None:
    plan = SAMPLES / "conflicts.toml"
    book = exported(run, plan, "--force")
    checked = json.loads(run("check", str(plan), "--json").stdout)["findings"]
    assert {(r["severity"], r["rule"]) for r in rows(book, "Findings")} >= {(f["severity"], f["rule"]) for f in checked}
    order = [("error", "warning", "note").index(r["severity"]) for r in rows(book, "Findings")]
    assert order == sorted(order)
    book = exported(run, REFERENCE)
    free = json.loads(run("free", str(REFERENCE), "--after-allocation", "--json").stdout)["pools"]
    blocks = rows(book, "Free")
    for pool in free:
        own = [b for b in blocks if b["pool"] == pool["cidr"]]
        assert sum(b["addresses"] for b in own) == pool["free"]
        assert all(ip_network(b["free block"]).num_addresses == b["addresses"] for b in own)
    to_dlr = [r for r in rows(book, "Routes") if (r["device"], r["towards"]) == ("ESG", "DLR")]
    assert [r["network"] for r in to_dlr] == ["172.24.16.0/23"]
    assert [r["method"] for r in rows(book, "Links")] == ["strongswan", "strongswan", "nat", "l2-extension"]
    assert [r["name"] for r in rows(book, "Tunnels")] == ["iks-prod-esg", "iks-prod-icp-prod"]
    assert {(r["original"], r["translated"]) for r in rows(book, "NAT") if r["service"] == "udp 500"} == {
        ("169.46.73.21", "172.24.18.12")
    }
    addresses = {(r["network"], r["name"]): r["address"] for r in rows(book, "Addresses")}
    assert addresses["icp-workers", "master-vip"] == "172.24.18.10"
    about = {r["what"]: r["value"] for r in rows(book, "Plan")}
    # Four of HSRP, and one of DNAT past which the tunnel answers, which shows once ICP workers have a range.
    assert about["findings"] == "5 warnings"
    assert about["integration iks-vcs"] == "strongswan"


STATED = """
[plan]
byoip = ["172.24.0.0/14"]
[edges.dallas]
[networks.web]
kind = "vcs-vm"
hosts = 20
grow-to = 25
edge = "dallas"
gateway-on = "esg"
pool = "172.24.0.0/14"
labels = { team = "erp", "a;b" = "c=d" }
vlan = 12
status = "planned"
addresses = { gateway = 1, "the vip" = 5 }
[networks.old]
kind = "vcs-vm"
cidr = "172.24.0.0/26"
status = "retired"
[networks.order]
kind = "vcs-vsan"
prefix = 26
data-center = "dal10"
"""
"""A plan with every key of a network, a retired network, and one to order."""


def test_networks_have_all_that_the_plan_states(run: Run, tmp_path: Path) -> None:
    (tmp_path / "plan.toml").write_text(STATED, encoding="utf-8")
    book = exported(run, tmp_path / "plan.toml", "--force")
    web, order = rows(book, "Networks")
    titles = [
        "edge",
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
    assert [web[title] for title in titles] == [
        "dallas",
        "esg",
        "172.24.0.0/14",
        None,
        20,
        25,
        "gateway=#1; the vip=#5",
        'team=erp; "a;b"="c=d"',
        12,
        "planned",
    ]
    assert (web["CIDR"], web["status"]) == ("172.24.0.128/27", "allocated, not pinned")
    assert (order["CIDR"], order["status"], order["prefix"], order["data center"]) == (
        "/26",
        "to be ordered",
        26,
        "dal10",
    )
    about = {row["what"]: row["value"] for row in rows(book, "Plan")}
    assert about["retired"] == "1 network: only in the sheet Findings; their ranges are not free"
    assert "172.24.0.0/26" not in {row["free block"] for row in rows(book, "Free")}
    (only,) = rows(exported(run, tmp_path / "plan.toml", "--label", "team", "--force"), "Networks")
    assert only["name"] == "web"


def test_rows_beyond_those_measured_are_there_in_order_and_filtered() -> None:
    plan = "schema = 1\n" + "".join(
        f'[networks.n{i}]\nkind = "enterprise"\ncidr = "10.{i // 256}.{i % 256}.0/24"\n' for i in range(2_600)
    )
    data = made(plan)
    book = load_workbook(io.BytesIO(data))
    assert [row["name"] for row in rows(book, "Networks")] == [f"n{i}" for i in range(2_600)]
    assert book["Networks"].auto_filter.ref == book["Networks"].dimensions == "A1:Y2601"
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert "Networks!$A$1:$Y$2601<" in archive.read("xl/workbook.xml").decode()
    quick = load_workbook(io.BytesIO(data), read_only=True)
    assert sum(1 for _ in quick["Networks"].values) == 2_601


def test_every_sheet_can_be_filtered_and_printed(run: Run) -> None:
    for page in exported(run, REFERENCE):
        assert page.freeze_panes == "A2"
        assert page.auto_filter.ref == page.dimensions
        assert page.page_setup.orientation == "landscape"
        assert page.sheet_properties.pageSetUpPr is not None
        assert page.sheet_properties.pageSetUpPr.fitToPage
        assert page.page_setup.fitToHeight == 0
        assert page.print_title_rows == "$1:$1"


def test_the_same_plan_gives_the_same_bytes_dated_by_the_edition(run: Run, tmp_path: Path) -> None:
    first = run("export", str(REFERENCE), "xlsx").stdout
    second = run("export", str(REFERENCE), "xlsx", "-o", "plan.xlsx", env={"TZ": "Asia/Tokyo", "PYTHONHASHSEED": "7"})
    assert second.stdout == b""
    assert (tmp_path / "plan.xlsx").read_bytes() == first
    properties = load_workbook(io.BytesIO(first)).properties
    assert properties.created == properties.modified == datetime(2025, 10, 3)


HOSTILE = (
    "=1+1",
    "+1",
    "-1",
    "@SUM(A1)",
    "=cmd|' /C calc'!A0",
    "{=1}",
    "http://example.com/",
    "mailto:a@b",
    "internal:Plan!A1",
    "<b>&amp;]]>",
    "_x0041_",
    'a"b',
    "a\tb\nc\rd\x01\x7f",
    "a\u2028b\u202ec\ufffe\uffff",
    "\U0001f600",
    "0012",
    "1e3",
    " ",
)


@pytest.mark.parametrize("text", HOSTILE)
def test_text_stays_text(text: str) -> None:
    word = json.dumps(text, ensure_ascii=True)
    plan = f"""
schema = 1
[plan]
name = {word}
description = {word}
byoip = ["172.24.0.0/14"]
[networks.{word}]
kind = "vcs-vm"
cidr = "172.24.1.0/24"
description = {word}
addresses = {{ {word} = 1 }}
"""
    if "\U0001f600" in text:
        plan = plan.replace(word, f'"{text}"')
    data = made(plan)
    book = load_workbook(io.BytesIO(data))
    (network,) = rows(book, "Networks")
    (address,) = rows(book, "Addresses")
    assert isinstance(network["name"], str)
    assert network["name"] == network["description"] == address["name"] == address["network"]
    if text.isprintable() and text != "_x0041_":
        assert network["name"] == text
    for page in book:
        for cell in (cell for row in page.iter_rows() for cell in row):
            assert cell.data_type in ("s", "n"), "a formula"
            assert cell.hyperlink is None
            assert isinstance(cell.value, (str, int, type(None)))
            assert not any(ord(c) < 32 for c in str(cell.value))
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        names = archive.namelist()
        assert not any("rels" in name and "sheet" in name for name in names), "a link out of a sheet"
        assert not any(b"<f>" in archive.read(name) for name in names)


def test_the_longest_text_of_a_plan_fits_into_a_cell() -> None:
    plan = f'schema = 1\n[networks.a]\nkind = "enterprise"\ncidr = "10.1.0.0/16"\ndescription = "{"x" * 10_000}"'
    (network,) = rows(load_workbook(io.BytesIO(made(plan))), "Networks")
    assert len(network["description"]) == 10_000 < MOST_CHARACTERS


def test_an_empty_plan_has_its_sheets_too() -> None:
    assert load_workbook(io.BytesIO(made("schema = 1\n"))).sheetnames == SHEETS


def test_a_missing_library_is_reported(run: Run, tmp_path: Path) -> None:
    (tmp_path / "xlsxwriter.py").write_text("raise ImportError\n", encoding="utf-8")
    done = run("export", str(REFERENCE), "xlsx", env={"PYTHONPATH": f"{tmp_path}{os.pathsep}{ROOT}"})
    assert (done.returncode, done.stdout) == (1, b"")
    assert "needs XlsxWriter" in done.stderr.decode()
    assert "pip install 'ipplan[xlsx]'" in done.stderr.decode()


def test_more_rows_than_a_sheet_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ipplan.exporters.xlsx.MOST_ROWS", 5)
    with pytest.raises(ExportError, match="a worksheet has 5"):
        made("schema = 1\n")


def test_a_terminal_gets_no_binary_file() -> None:
    pty = pytest.importorskip("pty", reason="needs pseudo-terminals")
    master, terminal = pty.openpty()
    try:
        done = subprocess.run(
            [sys.executable, "-m", "ipplan", "export", str(REFERENCE), "xlsx"],
            stdin=subprocess.DEVNULL,
            stdout=terminal,
            stderr=subprocess.PIPE,
            cwd=ROOT,
            timeout=60,
            check=False,
        )
    finally:
        os.close(terminal)
        os.close(master)
    assert done.returncode == 2
    assert "binary" in done.stderr.decode()
    assert "add -o FILE" in done.stderr.decode()


def test_a_full_disk_leaves_no_half_a_workbook(run: Run, tmp_path: Path) -> None:
    if not Path("/dev/full").exists():
        pytest.skip("needs /dev/full")
    with open("/dev/full", "wb") as full:
        done = run("export", str(REFERENCE), "xlsx", stdout=full)
    assert done.returncode == 2
    folder = tmp_path / "missing"
    assert run("export", str(REFERENCE), "xlsx", "-o", f"{folder}/a.xlsx").returncode == 2
    assert not folder.exists()


def test_the_whole_of_it(run: Run, *, update_golden: bool) -> None:
    file = ROOT / "tests" / "golden" / "export" / "reference-architecture.xlsx.txt"
    book = exported(run, REFERENCE)
    lines = []
    for page in book:
        lines.append(f"[{page.title}]")
        lines += ["\t".join("" if value is None else str(value) for value in row) for row in page.values]
    text = "\n".join(lines) + "\n"
    if update_golden:
        file.parent.mkdir(exist_ok=True)
        file.write_bytes(text.encode())
    assert text == file.read_bytes().decode()


def test_the_map_covers_each_pool_and_colours_stand_beside_words(run: Run) -> None:
    book = exported(run, REFERENCE)
    blocks = rows(book, "Map")
    pools = [ip_network(pool) for pool in ("10.224.0.0/12", "172.24.0.0/14")]
    for pool in pools:
        assert sum(row["addresses"] for row in blocks if row["space"] == str(pool)) == pool.num_addresses
    assert {row["what"] for row in blocks} <= {"overlap", "network", "reserved", "avoid", "room", "free"}
    page = book["Map"]
    shaded = {rule.formula[0] for area in page.conditional_formatting for rule in area.rules if rule.formula}
    assert {f'"{word}"' for word in ("overlap", "network", "free")} <= shaded
    assert page.print_area == f"'Map'!$A$1:$G${len(blocks) + 1}"
    found = {rule.formula[0] for area in book["Findings"].conditional_formatting for rule in area.rules}
    assert found == {'"error"', '"warning"', '"note"'}
