"""`ipplan topology` and `ipplan flows` as processes."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from conftest import Run

SAMPLES = Path(__file__).parent.parent.parent / "sample-plans"
REFERENCE = str(SAMPLES / "reference-architecture.toml")


def test_the_text_tells_domains_links_reach_tunnels_and_routes(run: Run) -> None:
    done = run("topology", REFERENCE)
    shown = done.stdout.decode()
    assert done.returncode == 0
    for part in (
        'integration: icp-vcs = "nat"', "cluster iks-prod", "IPsec tunnel", "stretched layer 2", "tunnel at",
        "172.21.0.0/16, 172.30.0.0/16", "remote.subnet of the tunnel", "1 route, 2 fewer",
    ):  # fmt: skip
        assert part in shown
    assert done.stderr.decode() == "6 ranges as ipplan allocate would give, not pinned yet\n"


def test_a_diagram_has_a_box_for_each_domain_and_arrows_between_them(run: Run) -> None:
    shown = run("topology", REFERENCE, "-f", "mermaid").stdout.decode()
    boxes = re.findall(r'^  (d\d+)\["(.*)"\]$', shown, re.MULTILINE)
    assert [title for _, title in boxes] == [
        "cluster iks-prod", "cluster icp-prod", "overlay", "ibm-private", "ibm-public", "enterprise", "internet",
    ]  # fmt: skip
    known = {box for box, _ in boxes}
    arrows = re.findall(r'^  (d\d+) -->\|"[^"]+"\| (d\d+)$', shown, re.MULTILINE)
    assert len(shown.splitlines()) == 1 + len(boxes) + len(arrows)
    assert {end for arrow in arrows for end in arrow} == known


@pytest.mark.parametrize("diagram", ["mermaid", "graphviz"])
def test_names_cannot_break_out_of_a_diagram(run: Run, tmp_path: Path, diagram: str) -> None:
    name = 'a"] --> b <script> \\" ; # end'
    text = f"[clusters.{json.dumps(name)}]\nplatform = 'iks'\n"
    (tmp_path / "plan.toml").write_text(text, encoding="utf-8")
    shown = run("topology", "plan.toml", "-f", diagram).stdout.decode()
    line = next(x for x in shown.splitlines() if "cluster a" in x)
    if diagram == "mermaid":
        assert line.count('"') == 2
        assert "<" not in line
    else:
        assert re.fullmatch(r'  d0 \[label="(?:[^"\\]|\\.)*"\];', line)


def test_the_list_of_flows_tells_which_go_through(run: Run) -> None:
    shown = run("flows", REFERENCE).stdout.decode()
    assert [line.split()[0] for line in shown.splitlines()[2:7]] == list("ABCDE")
    assert all(line.rstrip().endswith("yes") for line in shown.splitlines()[2:7])


def test_a_flow_is_told_step_by_step_there_and_back(run: Run) -> None:
    shown = run("flows", REFERENCE, "C").stdout.decode()
    assert shown.startswith(
        "flow C: web tier in a container on IKS to a database VM, from iks-pods (172.30.0.1*)"
    )
    assert re.findall(r"^ ?(\d+)  ", shown.partition("the way back")[0], re.MULTILINE) == [
        str(n) for n in range(1, 11)
    ]
    assert "inside ESP 169.46.49.35 to 169.46.73.18" in shown
    assert "* an example" in shown


def test_any_pair_can_be_traced_also_one_that_stops(run: Run) -> None:
    done = run("flows", REFERENCE, "--from", "internet", "--to", "management")
    assert done.returncode == 0
    assert "stops at FCR: it has no route to 10.176.18.6" in done.stdout.decode()
    document = json.loads(
        run("flows", REFERENCE, "--from", "office", "--to", "10.176.18.70", "--json").stdout
    )
    (flow,) = document["flows"]
    assert flow["flow"] is None
    assert flow["ok"] is False
    assert 'enterprise = "routed"' in flow["stop"]["help"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("X",), "there is no flow 'X'"),
        (("--from", "office"), "--from and --to go together"),
        (("C", "--from", "nobody"), "'nobody' is neither a network of the plan nor an address"),
    ],
)
def test_what_cannot_be_traced_is_a_usage_error(run: Run, arguments: tuple[str, ...], said: str) -> None:
    done = run("flows", REFERENCE, *arguments)
    assert done.returncode == 2
    assert said in done.stderr.decode()
    assert done.stdout == b""


@pytest.mark.parametrize("width", [40, 80, 200])
@pytest.mark.parametrize("command", [("topology",), ("flows",), ("flows", "C")])
def test_addresses_are_whole_at_every_width(
    command: tuple[str, ...], width: int, show_on_terminal: object
) -> None:
    import sys

    assert callable(show_on_terminal)
    name, *rest = command
    shown = show_on_terminal(
        [sys.executable, "-m", "ipplan", name, "reference-architecture.toml", *rest],
        folder=SAMPLES,
        width=width,
    )
    expected = {
        "topology": ["172.21.0.0/16", "10.171.42.128/26"],
        "flows": ["172.24.17.2"] if rest else ["iks-to-vm"],
    }
    for word in expected[name]:
        assert word in shown
    assert "\x1b" not in shown
