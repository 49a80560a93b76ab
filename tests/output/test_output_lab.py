"""A run in the lab as text, tables and a document: what must stand out, what is never cut, and names that do harm.

`pytest --update-golden` rewrites tests/golden/lab.*.txt; read the difference before it is committed.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, get_args, get_type_hints

import pytest
from jsonschema import Draft202012Validator, FormatChecker

from ipplan.flows.model import Result
from ipplan.output.documents import render_json
from ipplan.output.lab import devices_table, document, render, table
from ipplan.output.table import render_csv, render_markdown, render_plain
from ipplan.output.text import cells
from ipplan.plan.load import parse_plan
from ipplan.proof import Difference, LabDevice, Outcome, OuterPacket, Pair, Point, Report, Way

if TYPE_CHECKING:
    from typing import Any

ROOT = Path(__file__).parent.parent.parent
GOLDEN = ROOT / "tests" / "golden"
SCHEMA = json.loads((ROOT / "ipplan" / "schemas" / "lab.json").read_text(encoding="utf-8"))
VALIDATOR = Draft202012Validator(SCHEMA, format_checker=FormatChecker())
PLAN = parse_plan(b'[plan]\nname = "acme"\n', "plan.toml")

POD, WORKER, ESG, DLR, VM = "172.30.0.1", "10.176.18.7", "172.24.18.129", "172.24.18.130", "172.24.16.66"
FROM_POD = (
    Point("pod of iks-pods", POD, VM),
    Point("worker of iks-prod", POD, VM, "route 172.24.16.0/24 to strongSwan"),
    Point("ESG of dallas", POD, VM, "route 172.24.16.64/26 to DLR"),
    Point("DLR of dallas", POD, VM),
    Point("VM of vm-web", POD, VM),
)
BACK = tuple(Point(p.device, VM, POD) for p in reversed(FROM_POD))
THERE = Way(FROM_POD, "delivered", "VM of vm-web", (OuterPacket("IPsec", "169.46.10.2", "169.46.73.19"),))
HOME = Way(BACK, "delivered", "pod of iks-pods")


def pair(
    outcome: Outcome = "agree",
    *,
    flow: str | None = "C",
    ends: tuple[str, str, str, str] = ("iks-pods", POD, "vm-web", VM),
    ways: tuple[Way | None, Way | None, Way | None, Way | None] = (THERE, HOME, THERE, HOME),
    reason: str | None = None,
    differences: tuple[Difference, ...] = (),
    positive: str | None = None,
    predicted: str = "reachable",
) -> Pair:
    source, source_address, destination, destination_address = ends
    return Pair(
        flow,
        source,
        source_address,
        destination,
        destination_address,
        destination_address,
        predicted,
        outcome,
        reason,
        *ways,
        differences,
        positive,
    )


def report(*pairs: Pair) -> Report:
    return Report(
        started="2026-08-01T09:30:00Z",
        seconds=7.25,
        digest="ab" * 32,
        versions=(("Linux", "6.1.0"), ("nft", "1.0.6"), ("bird", None)),
        devices=(LabDevice("esg-dallas", "ESG of dallas", "d1"), LabDevice("dlr-dallas", "DLR of dallas", "d2")),
        scenery=("FCR and BCR", "the keys of tunnels"),
        notes=("IP-in-IP is a plain route here",),
        pairs=pairs,
    )


AGREES = pair()
STOP = Way(
    (
        Point("user of office", "192.168.64.2", VM),
        Point("DLR of dallas", "192.168.64.2", VM, "no route"),
    ),
    "no-route",
    "DLR of dallas",
)
STOPS = pair(
    flow="E",
    ends=("office", "192.168.64.2", "vm-web", VM),
    ways=(STOP, None, STOP, None),
    positive="DLR of dallas answered: network unreachable; the control packet to 172.24.18.130 arrived",
    predicted="unreachable",
)
SOURCE = pair(
    "differs",
    flow="D",
    ends=("icp-pods", "10.224.0.1", "vm-db", "172.24.25.10"),
    ways=(
        Way(
            (
                Point("worker of icp-prod", "172.24.18.12", "172.24.25.10"),
                Point("ESG of dallas", "172.24.18.12", "172.24.25.10", "no rule matched"),
                Point("DLR of dallas", "172.24.18.12", "172.24.25.10"),
                Point("VM of vm-db", "172.24.18.12", "172.24.25.10"),
            ),
            "delivered",
            "VM of vm-db",
        ),
        HOME,
        Way(
            (
                Point("worker of icp-prod", "172.24.18.12", "172.24.25.10"),
                Point("ESG of dallas", "169.46.73.18", "172.24.25.10"),
            ),
            "lost",
            "ESG of dallas",
        ),
        None,
    ),
    differences=(
        Difference(
            "request", "ESG of dallas", "source", "172.24.18.12", "169.46.73.18", "rule 4 of nftables: keep the source"
        ),
        Difference("request", "ESG of dallas", "path", "then DLR of dallas", "then nothing"),
        Difference("request", "VM of vm-db", "end", "delivered", "lost at ESG of dallas"),
    ),
)
MISSING = "needs swanctl (strongSwan), which is not installed"
NOT_RUN = tuple(
    pair("not-run", ends=("iks-pods", POD, name, VM), ways=(THERE, HOME, None, None), reason=MISSING)
    for name in ("vm-app", "vm-cache")
)
LONELY = pair(
    "not-run",
    flow=None,
    ways=(None,) * 4,
    reason="the plan has no address for office",
    predicted="undetermined",
)
V6 = "fd00:ab:1:ffff:ffff:ffff:ffff:fff1"
V6_WAY = Way((Point("pod", V6, "fd00:ab:2::1"), Point("VM", V6, "fd00:ab:2::1")), "delivered", "VM")
IPV6 = pair(flow=None, ends=("pods-six", V6, "vm-six", "fd00:ab:2::1"), ways=(V6_WAY, None, V6_WAY, None))
EVIL = "a\x1b[2J[bold]\r\n:smile:\u202e" + "x" * 300
HOSTILE_WAY = Way((Point(EVIL, POD, VM, EVIL),), EVIL, EVIL, (OuterPacket(EVIL, EVIL, EVIL),))
HOSTILE = tuple(
    pair(
        outcome,
        flow=EVIL,
        ends=(EVIL, POD, EVIL, VM),
        ways=(HOSTILE_WAY,) * 4,
        reason=EVIL,
        differences=(Difference("answer", EVIL, "outer", EVIL, EVIL, EVIL),) if outcome == "differs" else (),
        positive=EVIL,
    )
    for outcome in get_args(Outcome)
)

REPORTS = {
    "agree": report(AGREES, STOPS, IPV6),
    "mixed": report(AGREES, *NOT_RUN, SOURCE, STOPS, LONELY),
    "hostile": report(AGREES, *HOSTILE),
    "empty": report(),
}
WIDTHS = (None, 80, 40)


def text(name: str, width: int | None = None, *, verbose: bool = False, color: bool = False) -> str:
    return render(REPORTS[name], width=width, color=color, verbose=verbose)


def words(shown: str) -> list[str]:
    """Return the words of a text; the rule below the titles of a table is none."""
    return [word for word in shown.split() if set(word) != {"-"}]


# -- text


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("name", ["agree", "mixed"])
@pytest.mark.parametrize("verbose", [False, True], ids=["short", "verbose"])
def test_golden(name: str, width: int | None, *, verbose: bool, update_golden: bool) -> None:
    parts = ["lab", name, *(["verbose"] if verbose else []), *([] if width is None else [str(width)]), "txt"]
    file = GOLDEN / ".".join(parts)
    shown = text(name, width, verbose=verbose)
    if update_golden:
        file.write_text(shown, encoding="utf-8", newline="")
    assert shown == file.read_bytes().decode("utf-8")


def test_pairs_that_agree_are_one_line_each() -> None:
    for width in (None, 80, 120):
        shown = text("agree", width).splitlines()
        for flow, result in (("C", "delivered, 5 devices"), ("E", "no-route at DLR of dallas (a stop)")):
            assert len([line for line in shown if line.startswith("agree") and result in line]) == 1, flow
    assert POD in text("agree")
    assert POD not in text("agree", 80)
    assert POD in text("agree", 140)


def test_one_long_name_breaks_no_other_line() -> None:
    long = pair(ends=("x" * 70, POD, "y" * 70, VM))
    shown = render(report(AGREES, long, STOPS), width=80, color=False, verbose=False).splitlines()
    assert f"agree  C  iks-pods ({POD}) to vm-web ({VM}): delivered, 5 devices" in shown
    assert "agree  E  office to vm-web: no-route at DLR of dallas (a stop)" in shown


def test_differences_come_first_and_name_both_sides() -> None:
    shown = text("mixed")
    assert shown.index("\ndiffers") < shown.index("\nnot run: ") < shown.index("\nagree")
    assert "request - ESG of dallas - source - Expected: 172.24.18.12 Actual: 169.46.73.18\n" in shown
    assert "decided: rule 4 of nftables: keep the source" in shown
    assert "packet there: predicted 172.24.18.12 > 172.24.25.10; seen 169.46.73.18 > 172.24.25.10\n" in shown
    assert "packet there: predicted 172.24.18.12 > 172.24.25.10; seen none\n" in shown
    assert "worker of icp-prod" not in shown  # it is as predicted


def test_reasons_are_said_once() -> None:
    shown = text("mixed")
    assert shown.count(MISSING) == 1
    assert shown.index(MISSING) < shown.index("to vm-app") < shown.index("to vm-cache")


def test_many_pairs_of_one_reason_are_counted_on_a_terminal_only() -> None:
    many = report(*NOT_RUN * 10)
    assert render(many, width=80, color=False, verbose=False).count("iks-pods") == 10
    assert "  and 10 more: --verbose lists all\n" in render(many, width=80, color=False, verbose=False)
    assert render(many, width=None, color=False, verbose=False).count("iks-pods") == 20


@pytest.mark.parametrize(
    ("pairs", "last"),
    [
        ((AGREES, STOPS, IPV6, AGREES, SOURCE), "5 pairs: 4 agree, 1 differs, 0 not run"),
        ((AGREES,), "1 pair: 1 agrees, 0 differ, 0 not run"),
        ((SOURCE, SOURCE, LONELY), "3 pairs: 0 agree, 2 differ, 1 not run"),
        ((), "0 pairs: 0 agree, 0 differ, 0 not run"),
    ],
)
@pytest.mark.parametrize("verbose", [False, True])
def test_the_last_line_counts(pairs: tuple[Pair, ...], last: str, *, verbose: bool) -> None:
    assert render(report(*pairs), width=80, color=False, verbose=verbose).splitlines()[-1] == last


def test_verbose_shows_every_device_the_proof_and_what_it_ran_with() -> None:
    shown = text("mixed", verbose=True)
    for found in REPORTS["mixed"].pairs:
        for way in (found.request, found.answer, found.seen_request, found.seen_answer):
            for point in way.points if way else ():
                assert f"{point.device}: {point.source} > {point.destination}\n" in shown
    assert f"proof: {STOPS.positive}\n" in shown
    assert "carried in IPsec from 169.46.10.2 to 169.46.73.19\n" in shown
    for part in ("FCR and BCR", "nft: 1.0.6", "bird: not found", "2026-08-01T09:30:00Z", "ab" * 32):
        assert part in shown
        assert part not in text("mixed")


def test_an_answer_that_stops_is_said() -> None:
    back = Way(BACK[:2], "no-session", "DLR of dallas")
    shown = render(
        report(pair(ways=(THERE, back, THERE, back), predicted="unreachable")), width=None, color=False, verbose=False
    )
    assert "delivered, 5 devices; answer: no-session at DLR of dallas (a stop)" in shown


def test_a_pair_of_which_nothing_was_seen() -> None:
    found = pair("differs", ways=(THERE, HOME, None, None))
    assert "  seen: nothing\n" in render(report(found), width=None, color=False, verbose=False)


@pytest.mark.parametrize("name", REPORTS)
@pytest.mark.parametrize("verbose", [False, True])
@pytest.mark.parametrize("width", [*WIDTHS, 1, 20, 200])
def test_nothing_is_cut_and_only_words_are_wider_than_the_terminal(
    name: str, width: int | None, *, verbose: bool
) -> None:
    shown = text(name, width, verbose=verbose)
    assert set(shown.split()) >= set(_addresses(text(name), verbose or width is None or width >= 200))
    if width is not None:
        for line in shown.splitlines():
            assert cells(line) <= width or " " not in line.strip(), line


def _addresses(shown: str, everything: bool) -> list[str]:
    """Return the addresses that stand alone in the text that is never cut."""
    parts = re.split(r"^verdict .*\n", shown, flags=re.MULTILINE)
    kept = shown if everything else parts[0]
    return [
        word for word in kept.split() if re.fullmatch(r"\(?[0-9a-f.:]+\)?", word) and len(re.findall("[.:]", word)) >= 3
    ]


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("color", [False, True])
@pytest.mark.parametrize("verbose", [False, True])
def test_hostile_names_are_harmless(width: int | None, *, color: bool, verbose: bool) -> None:
    shown = text("hostile", width, color=color, verbose=verbose)
    without = re.sub(r"\x1b\[[0-9;]*m", "", shown) if color else shown
    assert re.search(r"[^\n -~]", without) is None
    assert "[bold]" in without
    assert ":smile:" in without
    assert "x" * 300 in without
    plain = text("hostile", width, verbose=verbose)
    assert words(without) == words(plain)


def test_colour_adds_nothing_but_colour() -> None:
    for name, width in (("mixed", None), ("mixed", 80), ("agree", 40)):
        shown = text(name, width, color=True)
        assert "\x1b[" in shown
        assert words(re.sub(r"\x1b\[[0-9;]*m", "", shown)) == words(text(name, width))
    assert "\x1b[1;31mdiffers\x1b[0m  D  icp-pods" in text("mixed", 80, color=True)
    assert text("agree", color=True).endswith("\x1b[1;32m3 pairs: 3 agree, 0 differ, 0 not run\x1b[0m\n")


# -- tables


def test_the_table_has_a_row_for_each_pair() -> None:
    shown = table(REPORTS["mixed"])
    assert all(len(row) == len(shown.columns) for row in shown.rows)
    titles = [column.title for column in shown.columns]
    rows = [dict(zip(titles, row, strict=True)) for row in shown.rows]
    assert [row["verdict"] for row in rows] == ["differs", *["not run"] * 3, *["agree"] * 2]
    assert rows[0]["predicted"] == "delivered, 4 devices"
    assert rows[0]["seen"] == "lost at ESG of dallas"
    assert str(rows[0]["reason or difference"]).startswith(
        "request - ESG of dallas - source - Expected: 172.24.18.12 Actual: 169.46.73.18"
    )
    assert (rows[1]["seen"], rows[1]["reason or difference"]) == (None, MISSING)
    assert rows[3]["predicted"] == "undetermined"
    assert rows[-1]["reason or difference"] == STOPS.positive


def test_tables_with_hostile_names_stay_whole() -> None:
    for shown in (table(REPORTS["hostile"]), devices_table([LabDevice(EVIL, EVIL, "d0")])):
        assert len(render_csv(shown).splitlines()) == 1 + len(shown.rows)
        markdown = render_markdown(shown)
        assert len(markdown.splitlines()) == 2 + len(shown.rows)
        assert re.search(r"[^\n -~]", render_csv(shown) + markdown) is None


def test_the_devices_have_a_table() -> None:
    assert render_plain(devices_table(REPORTS["mixed"].devices)) == (
        "device      title          namespace\n"
        "----------  -------------  ---------\n"
        "esg-dallas  ESG of dallas  d1\n"
        "dlr-dallas  DLR of dallas  d2\n"
    )


# -- the document


@pytest.mark.parametrize("name", REPORTS)
def test_the_document_obeys_its_schema(name: str) -> None:
    made = document(PLAN, REPORTS[name], "2025-10-03")
    VALIDATOR.validate(json.loads(render_json(made)))
    assert list(made) == SCHEMA["required"]


def test_what_the_document_says() -> None:
    made: dict[str, Any] = document(PLAN, REPORTS["mixed"], "2025-10-03")
    assert made["plan"] == {"name": "acme", "file": "plan.toml", "digest": "ab" * 32}
    assert (made["ok"], made["summary"]) == (False, {"agree": 2, "differs": 1, "not_run": 3})
    assert [found["outcome"] for found in made["pairs"]] == ["differs", *["not-run"] * 3, *["agree"] * 2]
    first, last = made["pairs"][0], made["pairs"][-1]
    assert first["from"] == {"name": "icp-pods", "address": "10.224.0.1"}
    assert first["differences"][0]["actual"] == "169.46.73.18"
    assert first["seen"]["answer"] is None
    assert last["proof"] == STOPS.positive
    assert last["predicted"]["request"] == last["seen"]["request"]
    assert document(PLAN, REPORTS["agree"], "2025-10-03")["ok"] is True
    assert document(PLAN, REPORTS["empty"], "2025-10-03")["ok"] is False


def test_the_schema_lists_what_the_values_can_be() -> None:
    defs = SCHEMA["$defs"]
    assert set(defs["pair"]["properties"]["outcome"]["enum"]) == set(get_args(Outcome))
    assert tuple(defs["pair"]["properties"]["result"]["enum"]) == get_args(Result)
    hints = get_type_hints(Difference)
    for key in ("way", "what"):
        assert tuple(defs["difference"]["properties"][key]["enum"]) == get_args(hints[key])
