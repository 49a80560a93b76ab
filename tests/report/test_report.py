"""`ipplan report`: it has everything that the check reports, names inject nothing, and the same plan gives the same bytes."""

from __future__ import annotations

import json
import re
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest
from conftest import ROOT
from pages import Page

from ipplan.files import read_files
from ipplan.inventory import list_networks
from ipplan.output.table import literal
from ipplan.output.text import escape
from ipplan.plan.load import parse_plan
from ipplan.report.grids import MOST_CHARACTERS, MOST_ROWS, limited

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from conftest import Run

SAMPLES = sorted((ROOT / "sample-plans").glob("*.toml"))
NAMES = [
    "<script>alert(1)</script>",
    "[bold]",
    ":ab:",
    "\\u001b[31mred",
    "a" * 300,
    "</style><b>",
    "{{ 1 + 1 }}",
    "{% raw %}",
    "<!--",
    "]]>",
    "&amp;",
    "\\u202egpj",
    "| a | b |",
    "`x` ~~y~~",
    "'\\\" onload=x",
    "%s %(a)s",
    "javascript:0",
]
"""Names of networks in TOML, each of which would be active somewhere."""

pytest.importorskip("jinja2")


def report(run: Run, plan: Path | str, *options: str) -> str:
    """Return what a run writes to standard output."""
    done = run("report", str(plan), *options)
    assert done.returncode == 0, done.stderr
    return done.stdout.decode()


def page(run: Run, plan: Path | str, *options: str) -> Page:
    """Return the page that a run writes."""
    return Page(report(run, plan, *options))


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda path: path.stem)
def test_all_that_the_exit_status_comes_from_is_in_it(run: Run, sample: Path) -> None:
    checked = json.loads(run("check", str(sample), "--json").stdout)
    plan = parse_plan(sample.read_bytes(), str(sample))
    found = page(run, sample)
    cards = found.cards.get("finding", [])
    assert len(cards) == len(checked["findings"])
    for finding in checked["findings"]:
        assert any(finding["message"] in card and finding["rule"] in card for card in cards)
        for text in (finding["help"], finding["waived"], *finding["because"]):
            assert text is None or text in found.text
    errors = checked["summary"]["error"]
    assert ("The check fails" in found.text) == (errors > 0)
    assert found.column("ip-plan", "network") == [entry.network.name for entry in list_networks(plan)]
    if plan.waivers:
        assert found.column("waivers", "rule") == [waiver.rule for waiver in plan.waivers]
        assert found.column("waivers", "reason") == [waiver.reason for waiver in plan.waivers]


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda path: path.stem)
def test_markdown_says_the_same(run: Run, sample: Path) -> None:
    checked = json.loads(run("check", str(sample), "--json").stdout)
    plan = parse_plan(sample.read_bytes(), str(sample))
    text = report(run, sample, "--markdown")
    findings = text.partition("## Findings\n")[2].partition("\n## ")[0]
    assert len(re.findall(r"^- \*\*", findings, re.MULTILINE)) == len(checked["findings"])
    assert all(literal(finding["message"]) in findings for finding in checked["findings"])
    networks = text.partition("### IP plan\n")[2].partition("\n### ")[0]
    assert re.findall(r"^\| (\S.*?) \| ", networks, re.MULTILINE)[2:] == [
        literal(entry.network.name) for entry in list_networks(plan)
    ]
    decisions = text.partition("### Waivers\n")[2].partition("\n### ")[0]
    assert len(re.findall(r"^\| D\d+ \|", decisions, re.MULTILINE)) == len(plan.waivers)
    titles = [title for title in re.findall(r"^#+ (.*)$", text, re.MULTILINE) if title]
    for title in ("Open points", "Interfaces", "Routing", "BGP", "NAT", "Tunnels", "Test plan", "Sources"):
        assert title in titles


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda path: path.stem)
def test_the_page_is_sound(run: Run, sample: Path) -> None:
    found = page(run, sample, "--since", str(ROOT / "sample-plans" / "two-clusters.toml"))
    assert found.open == []
    assert len(found.ids) == len(set(found.ids))
    assert set(found.links) <= set(found.ids)
    assert all(len({len(row) for row in rows}) == 1 for rows in found.tables.values())
    levels = [int(tag[1]) for tag, _ in found.tags if re.fullmatch(r"h\d", tag)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))


def test_it_asks_nobody_for_anything(run: Run) -> None:
    found = page(run, SAMPLES[0])
    for tag, attributes in found.tags:
        assert not {"src", "srcset", "action", "style", "onclick", "onload"} & set(attributes), tag
        assert tag not in ("link", "img", "iframe", "form", "object", "base")
        assert tag != "a" or str(attributes["href"]).startswith("#")
    policies = [a["content"] for tag, a in found.tags if tag == "meta" and "http-equiv" in a]
    assert len(policies) == 1
    assert "default-src 'none'" in str(policies[0])


def hostile_plan(names: Sequence[str]) -> str:
    """Return a plan with these names for everything that has a name or a text."""
    text = f'schema = 1\n[plan]\nname = "{names[0]}"\ndescription = "{names[5]}"\nbyoip = ["10.224.0.0/16"]\n'
    text += f'[[avoid]]\ncidr = "10.224.255.0/24"\nreason = "{names[0]}"\n'
    text += f'[[waive]]\nrule = "network-overlap"\nnetworks = ["{names[0]}"]\nreason = "{names[12]}"\nowner = "{names[6]}"\n'
    for number, name in enumerate(names):
        text += f'[networks."{name}"]\nkind = "vcs-vm"\ncidr = "10.224.{number // 2}.0/24"\n'
        text += f'description = "{name}"\nlabels = {{ "{name}" = "{name}" }}\naddresses = {{ "{name}" = 9 }}\n'
    return text


def test_hostile_names_are_texts(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "hostile.toml"
    path.write_text(hostile_plan(NAMES), encoding="utf-8")
    plan = parse_plan(path.read_bytes(), "hostile.toml")
    found = page(run, "hostile.toml")
    assert found.column("ip-plan", "network") == [escape(network.name) for network in plan.networks]
    tame = tmp_path / "tame.toml"
    tame.write_text(hostile_plan([f"name-{number}" for number in range(len(NAMES))]), encoding="utf-8")
    kinds = ("script", "style", "img", "b", "h1", "svg", "a", "input")
    acting = [[tag for tag, _ in one.tags if tag in kinds] for one in (found, page(run, "tame.toml"))]
    assert acting[0] == acting[1]
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e]", found.text)
    assert found.open == []
    text = report(run, "hostile.toml", "--markdown")
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e]", text)
    assert not re.search(r"(?<!\\)<", text)
    table = text.partition("### IP plan\n\n")[2].split("\n\n")[1]
    assert len({len(re.findall(r"(?<!\\)\|", line)) for line in table.splitlines()}) == 1


def test_retired_networks_are_listed_as_such(run: Run, tmp_path: Path) -> None:
    (tmp_path / "plan.toml").write_text(
        'schema = 1\n[plan]\nbyoip = ["10.224.0.0/16"]\n'
        '[networks.old]\nkind = "vcs-vm"\ncidr = "10.224.1.0/24"\nstatus = "retired"\n'
        '[networks.new]\nkind = "vcs-vm"\nprefix = 24\n',
        encoding="utf-8",
    )
    found = page(run, "plan.toml")
    assert found.column("ip-plan", "network") == ["old", "new"]
    assert found.column("ip-plan", "lifecycle") == ["retired", ""]
    assert found.column("ip-plan", "status") == ["pinned", "allocated, not pinned"]
    assert found.column("ip-plan", "cidr")[1] == "10.224.0.0/24"


def test_labels_limit_what_is_listed_and_the_page_says_so(run: Run, tmp_path: Path) -> None:
    text = 'schema = 1\n[plan]\nbyoip = ["10.224.0.0/16"]\n'
    for name, cidr, team in (("a", "1.0/24", "erp"), ("b", "1.0/25", "web"), ("c", "2.0/24", "erp")):
        text += f'[networks.{name}]\nkind = "vcs-vm"\ncidr = "10.224.{cidr}"\nlabels = {{ team = "{team}" }}\n'
    (tmp_path / "plan.toml").write_text(text, encoding="utf-8")
    found = page(run, "plan.toml", "--label", "team=erp")
    assert found.column("ip-plan", "network") == ["a", "c"]
    assert "lists only networks with label team=erp: 2 of 3 networks" in found.text
    checked = json.loads(run("check", "plan.toml", "--json", "--label", "team=erp").stdout)
    assert len(found.cards["finding"]) == len(checked["findings"])
    unknown = run("report", "plan.toml", "--label", "team=none", "-o", "x.html")
    assert unknown.returncode == 2
    assert not (tmp_path / "x.html").exists()


def test_since_tells_what_changed(run: Run, good_plan: Path) -> None:
    text = good_plan.read_text(encoding="utf-8")
    good_plan.with_name("old.toml").write_text(
        text.replace('cidr = "172.24.0.0/24"', 'cidr = "172.24.9.0/24"'), encoding="utf-8"
    )
    found = page(run, good_plan, "--since", "old.toml")
    assert found.column("changes", "name") == ["vm-web"]
    assert found.column("changes", "new") == ["172.24.0.0/24"]
    same = page(run, good_plan, "--since", good_plan.name)
    assert "no difference" in same.text
    assert "changes" not in same.tables


def test_the_page_of_a_plan_is_the_same_on_every_run(run: Run) -> None:
    plan = str(ROOT / "sample-plans" / "three-sites.toml")
    seeds = [{"PYTHONHASHSEED": str(seed)} for seed in range(2)]
    assert len({run("report", plan, env=env).stdout for env in seeds}) == 1
    assert len({run("report", plan, "--markdown", env=env).stdout for env in seeds}) == 1


@pytest.mark.parametrize(
    ("options", "first"),
    [
        (("-o", "x.html"), "<!DOCTYPE html>"),
        (("-o", "x.HTM"), "<!DOCTYPE html>"),
        (("-o", "x.md"), "# small"),
        (("--markdown", "-o", "x.txt"), "# small"),
        (("--markdown", "-o", "x.html"), "# small"),
    ],
)
def test_the_name_decides(run: Run, good_plan: Path, options: tuple[str, ...], first: str) -> None:
    done = run("report", good_plan.name, *options)
    assert done.returncode == 0, done.stderr
    assert (good_plan.parent / options[-1]).read_text(encoding="utf-8").startswith(first)
    assert done.stdout == b""


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("good.toml", "-o", "x.pdf"), "ends in neither .html nor .md"),
        (("good.toml", "-o", "good.toml", "--markdown"), "this run reads it"),
        (("good.toml", "-o", "old.html", "--since", "old.html"), "this run reads it"),
        (("good.toml", "-o", "lab.html", "--lab", "lab.html"), "this run reads it"),
        (("-", "-o", "x.html", "--since", "-"), "more than once"),
        (("good.toml", "-o", "x.html", "--since", "missing.toml"), "missing.toml"),
        (("good.toml", "-o", "x.html", "--lab", "good.toml"), "not a valid result of the lab"),
        (("good.toml", "-o", "x.html", "--lab", "empty.json"), "schema is missing"),
        (("unreadable.toml", "-o", "x.html"), "2 problems"),
    ],
)
def test_bad_usage(run: Run, good_plan: Path, unreadable_plan: Path, options: tuple[str, ...], message: str) -> None:
    for name in ("old.html", "lab.html"):
        (good_plan.parent / name).write_text("x", encoding="utf-8")
    (good_plan.parent / "empty.json").write_text("{}", encoding="utf-8")
    done = run("report", *options)
    assert done.returncode == 2
    assert message in done.stderr.decode()
    assert not (good_plan.parent / "x.html").exists()


def test_errors_are_reported_and_do_not_fail_the_run(run: Run, bad_plan: Path) -> None:
    done = run("report", bad_plan.name, "-o", "x.html")
    assert done.returncode == 0
    assert b"the plan in the report has 1 error\n" in done.stderr


def test_without_jinja2_only_markdown_is_written(run: Run, good_plan: Path) -> None:
    script = "import sys\nsys.modules['jinja2'] = None\nfrom ipplan.__main__ import run\nsys.exit(run())\n"
    done = run("report", good_plan.name, "-o", "x.html", program=("-c", script))
    assert done.returncode == 2
    assert b"pip install 'ipplan[report]'" in done.stderr
    done = run("report", good_plan.name, "-o", "x.md", program=("-c", script))
    assert done.returncode == 0, done.stderr


def test_a_report_loads_no_rich(run: Run, good_plan: Path) -> None:
    script = (
        "import sys\nfrom ipplan.__main__ import run\nstatus = run()\n"
        "print(*sorted({'rich', 'jinja2'} & set(sys.modules)), file=sys.stderr)\nsys.exit(status)\n"
    )
    assert run("report", good_plan.name, "-o", "x.html", program=("-c", script)).stderr == b"jinja2\n"
    assert run("report", good_plan.name, "-o", "x.md", program=("-c", script)).stderr == b"\n"


def palettes() -> list[dict[str, str]]:
    """Return the colours of the page: light, dark, and print."""
    style = read_files("report/page", "")["page.css"]
    blocks = re.findall(r":root \{(.*?)\}", style, re.DOTALL)
    return [dict(re.findall(r"--(\w+): (#\w+);", block)) for block in blocks]


def luminance(color: str) -> float:
    """Return the relative luminance of a colour (WCAG 2.2)."""
    digits = color[1:] if len(color) == 7 else "".join(2 * digit for digit in color[1:])
    parts = [int(digits[at : at + 2], 16) / 255 for at in (0, 2, 4)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("palette", palettes(), ids=["light", "dark", "print"])
def test_every_text_has_contrast(palette: dict[str, str]) -> None:
    assert palette.keys() >= {"back", "panel", "text", "soft", "error", "warning", "note", "good", "waived"}
    for ground in (palette.pop("back"), palette.pop("panel")):
        for name, color in palette.items():
            dark, light = sorted((luminance(color), luminance(ground)))
            least = 1.2 if name == "line" else 4.5
            assert (light + 0.05) / (dark + 0.05) >= least, f"{name} on {ground}"


def test_two_thousand_networks_fit_into_three_megabytes(run: Run, tmp_path: Path) -> None:
    networks = "".join(
        f'[networks.vm-{number:04}]\nkind = "vcs-vm"\nprefix = 26\nlabels = {{ team = "t{number % 17}" }}\n'
        for number in range(2_000)
    )
    (tmp_path / "plan.toml").write_text(f'schema = 1\n[plan]\nbyoip = ["10.224.0.0/12"]\n{networks}', encoding="utf-8")
    text = report(run, "plan.toml")
    assert len(Page(text).column("ip-plan", "network")) == 2_000
    assert len(text.encode()) < 3_000_000


def test_tables_of_devices_have_bounds_and_say_so() -> None:
    rows, said = limited(([number, "x"] for number in range(MOST_ROWS)), "ipplan flows PLAN")
    assert (len(rows), said) == (MOST_ROWS, None)
    rows, said = limited(([number, "x"] for number in range(10**9)), "ipplan flows PLAN")
    assert len(rows) == MOST_ROWS
    assert said == "Shows only the first 1,000 rows; for everything, see: ipplan flows PLAN"
    names = [f"network-{number}" for number in range(5_000)]
    rows, said = limited([[", ".join(names)]], "ipplan topology PLAN")
    (cell,) = rows[0]
    assert isinstance(cell, str)
    *kept, last = cell.split(", ")
    last, _, more = last.partition(" and ")
    assert [*kept, last] == names[: len(kept) + 1]
    assert more == f"{5_000 - len(kept) - 1:,} more"
    assert len(cell) < MOST_CHARACTERS + 20
    assert said == "Shows only the start of long lists; for everything, see: ipplan topology PLAN"
    assert limited([["y" * 500, ("a", "b"), None]], "x") == ([("y" * 500, ("a", "b"), None)], None)
