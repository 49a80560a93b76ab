"""`ipplan ranges import`, `--ranges`, `ranges-file` and `ranges diff` of files, run as a user runs them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from conftest import Run

ROOT = Path(__file__).parent.parent.parent
FACTS = ROOT / "tools" / "facts"
PAGE = ROOT / "tests" / "importers" / "pages" / "ips-2025-10-03.md"
NEWEST = "2025-10-03"

EDITION = """\
# title: IBM Cloud docs, x: IBM Cloud IP ranges, edition 2026-06-09
# url: https://example.com/ips
# date: 2026-06-09
category,data_center,city,pod,cidr,note
customer-private,dal10,Dallas,BCR01,10.224.0.0/16,
"""
PLAN = """\
schema = 1
[plan]
name = "small"
data-centers = ["dal10"]
byoip = ["10.224.0.0/15"]
ranges-file = "ranges.csv"
[clusters.icp]
platform = "icp"
[networks.web]
kind = "vcs-vm"
cidr = "10.224.1.0/24"
"""


@pytest.fixture
def plan(tmp_path: Path) -> str:
    """A plan in a folder of its own, beside the ranges file that it names."""
    (tmp_path / "plans").mkdir()
    (tmp_path / "plans" / "ranges.csv").write_text(EDITION, encoding="utf-8")
    (tmp_path / "plans" / "plan.toml").write_text(PLAN, encoding="utf-8")
    return "plans/plan.toml"


def test_an_imported_edition_is_the_one_that_is_built_in(run: Run, tmp_path: Path) -> None:
    facts = FACTS / f"ibm-cloud-ranges-{NEWEST}.csv"
    done = run("ranges", "import", str(facts), "-o", "ranges.csv")
    assert (done.returncode, done.stdout) == (0, b"")
    said = done.stderr.decode()
    assert f"note: {facts} does not state the date of its edition; using {NEWEST} from its name\n" in said
    assert "fra05 166.0.32.0/23 is public, but in the table of service networks; edition" in said
    assert said.endswith(f"{facts}: 790 ranges of 49 data centers, edition {NEWEST}; written to ranges.csv\n")

    done = run("ranges", "diff", NEWEST, "ranges.csv", "--exit-code")
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout.decode() == f"{NEWEST} to {NEWEST} (file): no difference, 1,028 unchanged\n"
    for command in (["lookup", "10.48.1.1"], ["ranges"], ["free", "--byoip", "10.0.0.0/8"]):
        own, built_in = (json.loads(run(*command, "--json", *more).stdout) for more in (["--ranges", "ranges.csv"], []))
        assert own.pop("made_by")["ranges_edition"] == f"{NEWEST} (file)"
        assert built_in.pop("made_by")["ranges_edition"] == NEWEST
        text = json.dumps(own).replace(
            "IBM Cloud docs: IBM Cloud IP ranges, edition",
            "IBM Cloud docs, infrastructure-hub: IBM Cloud IP ranges, edition",
        )
        if command == ["free", "--byoip", "10.0.0.0/8"]:
            assert json.loads(text) == built_in
        elif command == ["ranges"]:
            assert [row["cidr"] for row in own["ranges"]] == [row["cidr"] for row in built_in["ranges"]]


def test_a_page_is_imported_from_standard_input(run: Run) -> None:
    done = run("ranges", "import", "-", input=PAGE.read_bytes())
    assert done.returncode == 0, done.stderr
    lines = done.stdout.decode().splitlines()
    assert lines[:4] == [
        f"# title: IBM Cloud docs, infrastructure-hub: IBM Cloud IP ranges, edition {NEWEST}",
        "# url: https://cloud.ibm.com/docs/infrastructure-hub?topic=infrastructure-hub-ibm-cloud-ip-ranges",
        f"# date: {NEWEST}",
        "category,data_center,city,pod,cidr,note",
    ]
    assert "service-network,dal14,Dallas,,10.203.144.0/20," in lines

    other = run("ranges", "import", "-", "--date", "2026-01-31", "--url", "https://a.b/c", input=PAGE.read_bytes())
    assert other.stdout.decode().splitlines()[:3] == [
        "# title: IBM Cloud docs, infrastructure-hub: IBM Cloud IP ranges, edition 2026-01-31",
        "# url: https://a.b/c",
        "# date: 2026-01-31",
    ]


ROWS = (
    "## Service network\n|Data center|IP range|\n|-|-|\n|dal10|10.200.80.0/20|\n|da113|10.1.0.0/16|\n|dal12|10.1./24|\n"
)


def test_rows_that_cannot_be_read_are_listed_and_skipped_when_asked(run: Run, tmp_path: Path) -> None:
    (tmp_path / "page.md").write_text(ROWS, encoding="utf-8")
    strict = run("ranges", "import", "page.md", "--date", "2026-01-31", "-o", "out.csv")
    assert (strict.returncode, strict.stdout) == (2, b"")
    assert not (tmp_path / "out.csv").exists()
    for text in (
        "page.md:5",
        '"da113" is not a data center',
        "page.md:6",
        '"10.1./24" is not a valid range',
        "--lenient",
    ):
        assert text in strict.stderr.decode()

    lenient = run("ranges", "import", "page.md", "--date", "2026-01-31", "--lenient")
    assert lenient.returncode == 0
    assert lenient.stdout.decode().splitlines()[2:] == [
        "category,data_center,city,pod,cidr,note",
        "service-network,dal10,Dallas,,10.200.80.0/20,",
    ]
    assert 'skipped: page.md:5: "da113" is not a data center\n' in lenient.stderr.decode()


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["none.md"], "cannot read none.md: no such file or directory"),
        (["empty.md"], "the file is empty"),
        (["page.md"], "page.md does not state the date of its edition"),
        (["page.md", "--date", "June"], '"June" is not a valid date'),
        (["page.md", "--date", "2026-02-30"], '"2026-02-30" is not a valid date'),
        (["page.md", "--date", "2026-02-01", "--url", "x"], '"x" is not a web address'),
        (["page.md", "--date", "2026-02-01", "-o", "page.md"], "cannot write page.md: this run reads it"),
        (["bad.md", "--date", "2026-02-01", "--lenient"], '"10.1./24" is not a valid range'),
    ],
)
def test_what_cannot_be_imported_ends_with_2(run: Run, tmp_path: Path, args: list[str], message: str) -> None:
    (tmp_path / "empty.md").write_bytes(b"")
    head = "## Service network\n|Data center|IP range|\n|-|-|\n"
    (tmp_path / "page.md").write_text(f"{head}|dal10|10.200.80.0/20|", encoding="utf-8")
    (tmp_path / "bad.md").write_text(f"{head}|dal10|10.1./24|", encoding="utf-8")

    done = run("ranges", "import", *args)

    assert (done.returncode, done.stdout) == (2, b"")
    assert message in done.stderr.decode()


# -- in the place of an edition

COMMANDS = (
    ["check"],
    ["allocate"],
    ["show", "--map"],
    ["free"],
    ["flows"],
    ["topology"],
    ["why", "web"],
    ["lookup", "10.224.0.1", "--plan"],
)


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_every_command_takes_the_file_that_the_plan_names(run: Run, plan: str, command: list[str]) -> None:
    words = [*command, plan] if command[0] != "why" else ["why", plan, "web"]
    made_by = json.loads(run(*words, "--json").stdout)["made_by"]
    assert made_by["ranges_edition"] == "2026-06-09 (file)"
    other = json.loads(run(*words, "--json", "--ranges-edition", NEWEST).stdout)["made_by"]
    assert other["ranges_edition"] == NEWEST


def test_findings_name_the_source_that_the_file_states(run: Run, plan: str) -> None:
    document = json.loads(run("check", plan, "--json").stdout)
    (finding,) = [f for f in document["findings"] if f["rule"] == "ibm-private-overlap"]
    assert finding["overlap"] == "10.224.1.0/24"
    assert finding["source"] == {
        "title": "IBM Cloud docs, x: IBM Cloud IP ranges, edition 2026-06-09",
        "url": "https://example.com/ips",
        "date": "2026-06-09",
    }


def test_the_option_comes_before_the_plan_and_a_stream_reads_from_the_working_directory(
    run: Run, plan: str, tmp_path: Path
) -> None:
    (tmp_path / "other.csv").write_text(EDITION.replace("10.224.", "10.96."), encoding="utf-8")
    assert "ibm-private-overlap" not in run("check", plan, "--ranges", "other.csv", "--json").stdout.decode()

    text = (tmp_path / plan).read_bytes()
    missing = run("check", "-", input=text)
    assert missing.returncode == 2
    assert "cannot read ranges.csv: no such file or directory" in missing.stderr.decode()
    (tmp_path / "ranges.csv").write_text(EDITION, encoding="utf-8")
    assert run("check", "-", input=text).returncode == 1


def test_a_file_that_is_called_like_an_edition_is_a_file(run: Run, tmp_path: Path) -> None:
    (tmp_path / "2018-11-30").write_text(EDITION, encoding="utf-8")
    document = json.loads(run("ranges", "--ranges", "2018-11-30", "--category", "customer-private", "--json").stdout)
    assert document["edition"] == {
        "date": "2026-06-09",
        "title": "IBM Cloud docs, x: IBM Cloud IP ranges, edition 2026-06-09",
        "url": "https://example.com/ips",
        "revision": None,
        "file": "./2018-11-30",
    }
    assert [row["cidr"] for row in document["ranges"]] == ["10.224.0.0/16"]


def test_a_workbook_is_dated_by_the_edition(run: Run, plan: str) -> None:
    assert run("export", plan, "xlsx", "--force", "-o", "plan.xlsx").returncode == 0


def test_write_keeps_the_key_and_export_names_the_edition(run: Run, plan: str, tmp_path: Path) -> None:
    with (tmp_path / plan).open("a", encoding="utf-8") as stream:
        stream.write('[networks.db]\nkind = "vcs-vm"\nprefix = 24\n')
    assert run("allocate", plan, "--write").returncode == 0
    text = (tmp_path / plan).read_text(encoding="utf-8")
    assert 'ranges-file = "ranges.csv"\n' in text
    assert 'cidr = "10.225.0.0/24"\n' in text
    assert "IBM Cloud ranges of 2026-06-09 (file)" in run("export", plan, "ansible", "--force").stdout.decode()


@pytest.mark.parametrize(
    ("text", "place", "message"),
    [
        (EDITION.replace("customer-private,", "customer-privat,"), ":5", '"customer-privat" is not a category of IBM'),
        (EDITION.replace("10.224.0.0/16", "10.224.0.0/33"), ":5", '"10.224.0.0/33" is not a valid range'),
        (EDITION.replace("dal10", "Dallas 10"), ":5", '"Dallas 10" is not a data center'),
        (EDITION.replace("# date: 2026-06-09\n", ""), ":1", "the file does not state the date of its edition"),
        (
            EDITION.replace("# date: 2026-06-09", "# date: 2026-13-09"),
            ":3",
            '"2026-13-09" is not a valid date',
        ),
        ("", "", "the file is empty"),
    ],
)
def test_a_broken_ranges_file_is_one_message_with_its_place(
    run: Run, plan: str, tmp_path: Path, text: str, place: str, message: str
) -> None:
    (tmp_path / "plans" / "ranges.csv").write_text(text, encoding="utf-8")
    done = run("check", plan)
    assert (done.returncode, done.stdout) == (2, b"")
    assert message in done.stderr.decode()
    assert f"plans/ranges.csv{place}" in done.stderr.decode()
    document = json.loads(run("check", plan, "--json").stdout)
    assert document["schema"] == "ipplan.error/1"
    assert message in document["findings"][0]["message"]


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (
            ["--ranges", "plans/ranges.csv", "--ranges-edition", NEWEST],
            "--ranges and --ranges-edition contradict each other",
        ),
        (["--ranges-edition", "2020-01-01"], "no edition 2020-01-01 of IBM's ranges; the editions are 2018-11-30"),
        (
            ["--ranges", "plans/ranges.csv", "-o", "plans/ranges.csv"],
            "cannot write plans/ranges.csv: this run reads it",
        ),
        (["-o", "plans/ranges.csv"], "cannot write plans/ranges.csv: this run reads it"),
        (["--ranges", "none.csv"], "cannot read none.csv: no such file or directory"),
        (["--ranges", "plans"], "cannot read plans: it is a directory, not a file"),
    ],
)
def test_options_that_cannot_be_followed(run: Run, plan: str, args: list[str], message: str) -> None:
    done = run("check", plan, *args)
    assert (done.returncode, done.stdout) == (2, b"")
    assert message in done.stderr.decode()


def test_a_plan_names_a_file_or_an_edition(run: Run, plan: str, tmp_path: Path) -> None:
    text = PLAN.replace("ranges-file", f'ranges-edition = "{NEWEST}"\nranges-file')
    (tmp_path / plan).write_text(text, encoding="utf-8")
    done = run("check", plan)
    assert done.returncode == 2
    assert "plans/plan.toml:7:15  plan.ranges-file" in done.stderr.decode()
    assert "ranges-file is given beside ranges-edition" in done.stderr.decode()


# -- compared


def test_editions_are_compared_with_files_and_pages_and_a_plan_learns_what_hits_it(run: Run, plan: str) -> None:
    done = run("ranges", "diff", NEWEST, "plans/ranges.csv", "--plan", plan, "--json")
    document = json.loads(done.stdout)
    assert document["made_by"]["ranges_edition"] is None
    assert document["new"]["file"] == "plans/ranges.csv"
    assert document["networks"] == [
        {"network": "web", "kind": "vcs-vm", "cidr": "10.224.1.0/24", "hit": "new", "old": [], "new": ["10.224.0.0/16"]}
    ]

    done = run("ranges", "diff", str(PAGE), "plans/ranges.csv")
    assert f"{NEWEST} (file) to 2026-06-09 (file): 1 published" in done.stdout.decode()

    for name in ("2025-10-04", "none.csv"):
        done = run("ranges", "diff", NEWEST, name)
        assert done.returncode == 2
        assert name in done.stderr.decode()
