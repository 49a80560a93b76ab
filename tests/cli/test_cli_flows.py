"""`ipplan flows` as a process: the list, one flow hop by hop, other pairs, and what cannot be traced."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from conftest import Run

HERE = Path(__file__).parent
SAMPLES = HERE.parent.parent / "sample-plans"
BEFORE = HERE.parent / "landscape" / "before"
REFERENCE = str(BEFORE / "reference-architecture.toml")
TWO = str(BEFORE / "two-clusters.toml")


def test_the_list_shows_what_each_flow_comes_to_failures_first(run: Run) -> None:
    done = run("flows", REFERENCE)
    lines = done.stdout.decode().splitlines()[2:7]
    assert done.returncode == 0
    assert [line.split()[0] for line in lines] == list("EABCD")
    assert "undetermined on the way back: DLR: no stretched network names the address" in lines[0]
    assert all(line.rstrip().endswith(" reachable") for line in lines[1:])


def test_the_list_has_one_line_for_what_is_alike(run: Run) -> None:
    lines = run("flows", TWO).stdout.decode().splitlines()
    (flow,) = (line for line in lines if line.startswith("C "))
    assert re.split(r"  +", flow)[2:4] == ["iks-dal-pods, iks-fra-pods", "vm-dal, vm-fra"]


def test_one_flow_is_shown_hop_by_hop_there_and_back(run: Run, *, update_golden: bool) -> None:
    shown = run("flows", REFERENCE, "C").stdout.decode()
    file = HERE.parent / "golden" / "reference-architecture.flow-c.txt"
    if update_golden:
        file.write_text(shown, encoding="utf-8", newline="")
    assert shown == file.read_text(encoding="utf-8")
    there, _, back = shown.partition("\nthe answer\n")
    for part, hops in ((there, 10), (back, 7)):
        assert re.findall(r"^ ?(\d+)  ", part, re.MULTILINE) == [str(n) for n in range(1, hops + 1)]


def test_a_stop_names_device_table_nearest_entry_and_remedy(run: Run) -> None:
    shown = run("flows", REFERENCE, "--from", "office", "--to", "management").stdout.decode()
    assert "unreachable: stops at on-premises router (no-route)" in shown
    assert "looked up in: routes of site enterprise; the nearest entry is" in shown
    assert "= help: " in shown


@pytest.mark.parametrize("flow", ["c", "C", "iks-to-vm", "IKS-TO-VM"])
def test_a_flow_is_its_letter_or_its_name(run: Run, flow: str) -> None:
    (found,) = json.loads(run("flows", REFERENCE, flow, "--json").stdout)["flows"]
    assert (found["flow"], found["name"], found["result"]) == ("C", "iks-to-vm", "reachable")


def test_the_document_of_a_pair(run: Run) -> None:
    done = run("flows", REFERENCE, "--from", "iks-workers-private", "--to", "esg-private.icp-proxy", "--json")
    (flow,) = json.loads(done.stdout)["flows"]
    assert (flow["ok"], flow["result"], flow["end"]) == (False, "unreachable", "delivered")
    assert flow["stop"] is None
    assert flow["back_stop"]["end"] == "no-session"
    assert flow["asked"]["address"] == "10.176.18.196"
    (dnat,) = (hop for hop in flow["hops"] if hop["action"] == "dnat")
    assert dnat["changes"] == [{"field": "destination", "old": "10.176.18.196", "new": "172.24.18.11"}]
    assert [entry["entry"] for entry in dnat["decided_by"]] == ["dnat", "route"]


@pytest.mark.parametrize("form", ["csv", "markdown"])
def test_tables_have_every_hop_and_the_stop_is_told_beside_them(run: Run, form: str) -> None:
    done = run("flows", REFERENCE, "--from", "office", "--to", "management", "-f", form)
    assert "asks for its destination by name" in done.stdout.decode()
    assert "office to management is unreachable: on-premises router: it has no route" in done.stderr.decode()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("X",), "'X' is not a flow"),
        (("--from", "office"), "--from and --to go together"),
        (("C", "--from", "nobody"), "'nobody' is neither a network of the plan nor an address"),
        (("--from", "vm-web", "--to", "vm-wbe"), "did you mean vm-web?"),
    ],
)
def test_what_cannot_be_traced_is_a_usage_error(run: Run, arguments: tuple[str, ...], said: str) -> None:
    done = run("flows", REFERENCE, *arguments)
    assert done.returncode == 2
    assert said in done.stderr.decode()
    assert done.stdout == b""


@pytest.mark.parametrize("width", [40, 80, 200])
@pytest.mark.parametrize("rest", [(), ("C",)])
def test_words_are_whole_at_every_width(rest: tuple[str, ...], width: int, show_on_terminal: object) -> None:
    assert callable(show_on_terminal)
    command = [sys.executable, "-m", "ipplan", "flows", "reference-architecture.toml", *rest]
    shown = show_on_terminal(command, folder=SAMPLES, width=width)
    assert ("172.24.17.2" if rest else "iks-to-vm") in shown
    assert "\x1b" not in shown
