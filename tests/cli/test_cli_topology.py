"""`ipplan topology` as a process."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING
from xml.etree import ElementTree

import pytest

if TYPE_CHECKING:
    from conftest import Run

SAMPLES = Path(__file__).parent.parent.parent / "sample-plans"
REFERENCE = str(SAMPLES / "reference-architecture.toml")


def test_the_text_tells_domains_links_devices_reach_tunnels_and_routes(run: Run) -> None:
    done = run("topology", REFERENCE)
    shown = done.stdout.decode()
    assert done.returncode == 0
    for part in (
        'integration: icp-vcs = "nat"',
        "cluster iks-prod",
        "strongSwan tunnel",
        "stretched layer 2",
        "listens at",
        "172.21.0.0/16, 172.30.0.0/16",
        "remote.subnet of the tunnel",
        "1 route, 2 fewer",
        "IKS workers of iks-prod",
    ):
        assert part in shown
    assert done.stderr.decode() == "note: 6 networks have no range yet; placed as ipplan allocate would place them\n"


def test_a_diagram_names_devices_clusters_and_networks(run: Run) -> None:
    shown = run("topology", REFERENCE, "-f", "mermaid").stdout.decode()
    assert [line.strip() for line in shown.splitlines() if "subgraph" in line] == [
        'subgraph site1["site enterprise"]',
        'subgraph cloud["IBM Cloud"]',
        'subgraph edge1["edge"]',
    ]
    boxes = re.findall(r'^ +(\w+)\["<b>(.*?)</b>.*"\]:::\w+$', shown, re.MULTILINE)
    assert [title for _, title in boxes] == [
        "networks",
        "on-premises router",
        "L2 concentrator",
        "internet",
        "XCR  Direct Link",
        "FCR  public network",
        "BCR  private network",
        "IKS cluster iks-prod",
        "ESG",
        "DLR",
        "VM networks",
        "ICP cluster icp-prod",
        "private subnets",
        "public subnets",
    ]
    for part in (
        "iks-pods  172.30.0.0/16",
        "office  192.168.64.0/20",
        "icp-master  169.46.73.19",
        "transit  172.24.19.0/29",
        'iks1 ==="strongSwan tunnel'.replace('"', '|"') + "<br/>169.46.49.35 - 169.46.73.18",
        'esg1 ===|"NAT"| icp1',
    ):
        assert part in shown
    known = {box for box, _ in boxes}
    arrows = re.findall(r'^  (\w+) (?:---|===|-\.-)(?:\|"[^"]+"\|)? (\w+)$', shown, re.MULTILINE)
    assert {end for arrow in arrows for end in arrow} == known


HOSTILE = 'a"] --> b <script> \\" ; # end \x1b[31m\u202e'


@pytest.mark.parametrize("diagram", ["mermaid", "graphviz"])
def test_names_cannot_break_out_of_a_diagram(run: Run, tmp_path: Path, diagram: str) -> None:
    name = json.dumps(HOSTILE)
    text = (
        f"[clusters.{name}]\nplatform = 'iks'\n[edges.{name[:-1]} edge\"]\n[sites.{name[:-1]} site\"]\n"
        f"[networks.{name}]\nkind = 'vcs-vm'\ncidr = '172.24.0.0/24'\n"
    )
    (tmp_path / "plan.toml").write_text(text, encoding="utf-8")
    done = run("topology", "plan.toml", "-f", diagram)
    assert done.returncode == 0, done.stderr
    shown = done.stdout.decode()
    lines = [line for line in shown.splitlines() if "script" in line]
    assert len(lines) >= 4
    assert shown.isascii()
    assert shown.replace("\n", "").isprintable()
    for line in lines:
        assert "<script" not in line
        if diagram == "mermaid":
            assert line.count('"') == 2
            assert "#lt;script#gt;" in line
        else:
            text = re.sub(r"<BR(?: ALIGN=\"LEFT\")?/>|</?B>|(?:label=)<|>(?=[,;])", "", line)
            assert not re.search(r"[<>]", text)
            assert "&lt;script&gt;" in line


@pytest.mark.skipif(shutil.which("dot") is None, reason="needs Graphviz")
@pytest.mark.parametrize("plan", ["hostile", "reference-architecture.toml", "two-clusters.toml"])
def test_graphviz_reads_the_diagram(run: Run, tmp_path: Path, plan: str) -> None:
    path = SAMPLES / plan
    if plan == "hostile":
        path = tmp_path / "plan.toml"
        path.write_text(f"[clusters.{json.dumps(HOSTILE)}]\nplatform = 'iks'\n", encoding="utf-8")
    drawing = run("topology", str(path), "-f", "graphviz").stdout
    done = subprocess.run(["dot", "-Tdot"], input=drawing, capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (0, b"")


def test_many_clusters_edges_and_sites_are_one_box_of_each(run: Run, tmp_path: Path) -> None:
    text = "[integration]\nicp-vcs = 'nat'\niks-vcs = 'strongswan'\nenterprise = 'l2-extension'\n"
    for number in range(13):
        text += (
            f"[clusters.iks{number}]\nplatform = 'iks'\n[clusters.icp{number}]\nplatform = 'icp'\nedge = 'e{number}'\n"
        )
        text += f"[edges.e{number}]\n[sites.s{number}]\n"
    (tmp_path / "plan.toml").write_text(text, encoding="utf-8")
    shown = run("topology", "plan.toml", "-f", "mermaid").stdout.decode()
    for title in ("13 IKS clusters", "13 ICP clusters", "13 edges", "13 sites"):
        assert shown.count(title) == 1
    assert len(shown.splitlines()) < 40


def test_the_document_has_all_keys_and_every_link(run: Run, tmp_path: Path) -> None:
    document = json.loads(run("topology", REFERENCE, "--json").stdout)
    first, second = document["links"][0]["first"], document["links"][0]["second"]
    assert [side["end"] for side in (*first, *second)] == [
        {"kind": "iks", "name": "iks-prod"},
        {"kind": "edge", "name": None},
    ]
    assert (first[0]["gateway"]["address"], second[0]["gateway"]["address"]) == (
        "169.46.49.35",
        "169.46.73.18",
    )
    assert second[0]["cidrs"] == ["172.24.16.0/23"]


def test_a_plan_of_a_thousand_clusters_is_shown_in_short(run: Run, tmp_path: Path) -> None:
    text = "[integration]\niks-icp = 'strongswan'\n" + "".join(
        f"[clusters.a{i}]\nplatform = 'iks'\n[clusters.b{i}]\nplatform = 'icp'\n" for i in range(500)
    )
    (tmp_path / "plan.toml").write_text(text, encoding="utf-8")
    shown = run("topology", "plan.toml").stdout.decode()
    assert "a0, a1, a2, a3 and 496 more" in shown
    assert "more rows; --json shows all" in shown
    assert len(shown.splitlines()) < 250
    document = run("topology", "plan.toml", "--json").stdout
    (link,) = (found for found in json.loads(document)["links"] if found["pair"] == "iks-icp")
    assert (link["pairs"], len(link["first"]), len(link["second"])) == (250_000, 500, 500)
    assert len(document) < 2_000_000


@pytest.mark.parametrize("width", [40, 80, 200])
def test_addresses_are_whole_at_every_width(width: int, show_on_terminal: object) -> None:
    import sys

    assert callable(show_on_terminal)
    command = [sys.executable, "-m", "ipplan", "topology", "reference-architecture.toml"]
    shown = show_on_terminal(command, folder=SAMPLES, width=width)
    for word in ("172.21.0.0/16", "10.171.42.128/26"):
        assert word in shown
    assert "\x1b" not in shown


def test_what_an_esg_announces_to_the_bcr_is_drawn_once(run: Run) -> None:
    drawn = run("topology", str(SAMPLES / "two-clusters.toml"), "--format", "graphviz").stdout.decode()
    lines = [line.split(" [")[0].strip() for line in drawn.splitlines() if "BGP" in line]
    assert sorted(lines) == ["bcr -- esg1", "bcr -- esg2", "bcr -- iks1", "bcr -- iks2"]


# The picture.


def test_the_name_of_a_file_chooses_the_picture(run: Run, tmp_path: Path) -> None:
    shown = run("topology", REFERENCE, "--format", "svg")
    done = run("topology", REFERENCE, "-o", "landscape.SVG")
    assert (shown.returncode, done.returncode, done.stdout) == (0, 0, b"")
    assert (tmp_path / "landscape.SVG").read_bytes() == shown.stdout
    assert ElementTree.fromstring(shown.stdout).tag == "{http://www.w3.org/2000/svg}svg"
    run("topology", REFERENCE, "--format", "json", "-o", "named.svg")
    assert json.loads((tmp_path / "named.svg").read_text())["schema"] == "ipplan.topology/2"


@pytest.mark.parametrize("flow", ["C", "c", "iks-to-vm"])
def test_a_flow_is_chosen_by_letter_or_name(run: Run, flow: str) -> None:
    shown = run("topology", REFERENCE, "-f", "svg", "--flow", flow).stdout
    assert shown == run("topology", REFERENCE, "-f", "svg", "--flow", "C").stdout
    assert b"flow C: web tier in a container on IKS to a database VM, iks-pods to vm-web: reachable" in shown


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            ("--flow", "C"),
            "--flow highlights a flow in a diagram, not in table; add -o FILE.svg or --format svg",
        ),
        (("--flow", "C", "--json"), "--flow highlights a flow in a diagram, not in json"),
        (("--flow", "\x1b[31mZ", "-f", "svg"), "'\\x1b[31mZ' is not a flow"),
    ],
)
def test_a_flow_that_cannot_be_shown_is_said_and_nothing_is_written(
    run: Run, options: tuple[str, ...], message: str
) -> None:
    done = run("topology", REFERENCE, *options)
    assert (done.returncode, done.stdout) == (2, b"")
    assert message in done.stderr.decode()


def test_a_flow_that_the_plan_lacks_leaves_no_file(run: Run, tmp_path: Path) -> None:
    (tmp_path / "plan.toml").write_text('[networks.vm]\nkind = "vcs-vm"\ncidr = "172.24.0.0/24"\n', encoding="utf-8")
    done = run("topology", "plan.toml", "--flow", "A", "-o", "x.svg")
    assert done.returncode == 2
    assert "flow A needs a network of kind iks-pod" in done.stderr.decode()
    assert not (tmp_path / "x.svg").exists()


def test_the_picture_in_the_documentation_is_what_the_command_draws(run: Run, *, update_golden: bool) -> None:
    path = SAMPLES.parent / "docs" / "landscape.svg"
    shown = run("topology", REFERENCE, "--flow", "C", "-f", "svg").stdout
    if update_golden:
        path.write_bytes(shown)
    assert path.read_bytes() == shown


def test_hash_seeds_change_no_byte_of_the_picture(run: Run) -> None:
    plan = str(SAMPLES / "three-sites.toml")
    shown = {
        run("topology", plan, "-f", "svg", "--flow", "E", env={"PYTHONHASHSEED": str(seed)}).stdout for seed in range(3)
    }
    assert len(shown) == 1
