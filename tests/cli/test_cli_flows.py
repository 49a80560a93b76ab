"""`ipplan flows` as a process: the list, one flow hop by hop, other pairs, and what cannot be traced."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

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
    assert "asks DNS for the address of its destination" in done.stdout.decode()
    assert "office to management is unreachable: on-premises router: it has no route" in done.stderr.decode()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("X",), "'X' is not a flow"),
        (("--from", "office"), "write both"),
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


@pytest.mark.parametrize("flow", list("ABCDE"))
def test_what_is_shown_of_the_packet_adds_up_to_the_packet_at_every_step(run: Run, flow: str) -> None:
    """Follow the marked changes from the first packet on: they lead to what the document has at each step."""
    plan = str(SAMPLES / "reference-architecture.toml")
    (document,) = json.loads(run("flows", plan, flow, "--json").stdout)["flows"]
    there, _, back = run("flows", plan, flow).stdout.decode().partition("\nthe answer\n")
    assert document["back"], "the answer is traced"
    for text, hops in ((there, document["hops"]), (back, document["back"])):
        steps = re.split(r"^ ?\d+  ", text, flags=re.MULTILINE)[1:]
        assert len(steps) == len(hops)
        assert sum(" > " in step for step in steps) == 1, "the packet is not repeated"
        packet = {"outer": ""}
        for step, hop in zip(steps, hops, strict=True):
            if (whole := re.search(r"^ {6}(\S+) > (\S+?)(?:, inside (.*))?$", step, re.MULTILINE)) is not None:
                packet = {"source": whole[1], "destination": whole[2], "outer": whole[3] or ""}
            for field, old, new in re.findall(r"^ {3}=> (source|destination): (\S+) -> (\S+)$", step, re.MULTILINE):
                assert packet[field] == old
                packet[field] = new
            for inside in re.findall(r"^ {3}=> inside (.*)$", step, re.MULTILINE):
                packet["outer"] = inside
            if "=> no longer inside" in step:
                packet["outer"] = ""
            assert packet["source"].rstrip("*") == hop["source"]["address"]
            assert packet["destination"].rstrip("*") == hop["destination"]["address"]
            around = [
                f"{o['protocol']} {o['source']['address']} to {o['destination']['address']}" for o in hop["outer"]
            ]
            assert packet["outer"].replace("*", "") == ", inside ".join(reversed(around))


def test_changes_are_bold_where_there_is_colour_and_marked_without(run: Run) -> None:
    plan = str(SAMPLES / "reference-architecture.toml")
    change = "=> destination: 169.46.73.20 -> 172.24.18.11"
    assert f"\n   {change}\n" in run("flows", plan, "B").stdout.decode()
    assert f"\n   \x1b[1m{change}\x1b[0m\n" in run("flows", plan, "B", "--color", "always").stdout.decode()


def test_on_a_terminal_the_list_has_a_line_a_flow_and_reasons_below(
    show_on_terminal: Callable[..., str],
) -> None:
    for width in (60, 80, 200):
        command = [sys.executable, "-m", "ipplan", "flows", "three-sites.toml"]
        lines = show_on_terminal(command, folder=SAMPLES, width=width).splitlines()
        assert all(len(line) <= width for line in lines)
        if width >= 80:
            stopped = [line for line in lines if " unreachable " in line]
            assert [line.split()[-1] for line in stopped][:3] == ["[1]", "[2]", "[3]"]
            assert sum(line.startswith("[") for line in lines) == 8
