"""Plans with very long names, and with very many problems: little output, all of it counted, and no excess of memory."""

from __future__ import annotations

import json
import tracemalloc
from typing import TYPE_CHECKING

import pytest

from ipplan.output.ci import FORMATS
from ipplan.plan.load import PlanError, parse_plan

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import Run

LONG = "k" * 1_000_000
NETWORK = '[networks.web]\nkind = "vcs-vm"\nprefix = 24\n'


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (f"{LONG} = 1\n", 'k..." is not a key that ipplan knows'),
        (f'[networks.{LONG}]\nkind = "vcs-vm"\nprefx = 24\n', "has a name of 1,000,000 characters: at most 500"),
        (f'[networks.{LONG}]\nkind = "vcs-vm"\ncidr = "10.1.0.0/16"\n', "has a name of 1,000,000 characters"),
        (f'[clusters.{LONG}]\nplatform = "iks"\n', "has a name of 1,000,000 characters"),
        (f"{NETWORK}addresses = {{ {LONG} = 1 }}\n", "has a name of 1,000,000 characters"),
        (f'[plan]\nname = "{LONG}"\n', "plan.name has 1,000,000 characters: at most 500"),
        (f'[plan]\ndescription = "{LONG}"\n', "plan.description has 1,000,000 characters: at most 10,000"),
        (f'[networks.web]\nkind = "{LONG}"\n', "networks.web.kind has 1,000,000 characters"),
        (f'[[link]]\nbetween = ["{LONG}", "b"]\nmethod = "ipsec"\n', "between[0] has 1,000,000 characters"),
        (f"{LONG} = x\n", "is not in quotes: x"),
        (f'x = "{LONG}\n', "is not closed"),
        (f"{LONG} = 1\n{LONG} = 2\n", "is defined a second time"),
        (f"[networks.{LONG}\n", "bracket of the table header is not closed"),
        (f"[plan]\nname = '\\u0000\x1b{LONG}'\n", "plan"),
    ],
)
def test_a_very_long_name_or_key_is_cut(run: Run, tmp_path: Path, text: str, problem: str) -> None:
    (tmp_path / "long.toml").write_text(text, encoding="utf-8")

    done = run("check", "long.toml")
    document = run("check", "long.toml", "--json")

    assert (done.returncode, document.returncode, done.stdout) == (2, 2, b"")
    assert problem in done.stderr.decode()
    assert len(done.stderr) < 2000
    assert len(document.stdout) < 4000
    assert "\x1b" not in done.stderr.decode()


@pytest.mark.parametrize("format_", ["table", "csv", "markdown", *FORMATS])
def test_two_hundred_problems_are_shown_and_the_others_counted(run: Run, tmp_path: Path, format_: str) -> None:
    lines = "".join(f"unknown{number} = 1\n" for number in range(1000))
    (tmp_path / "many.toml").write_text(NETWORK + lines, encoding="utf-8")

    done = run("check", "many.toml", "--format", format_)

    text = done.stderr.decode()
    assert (done.returncode, done.stdout) == (2, b"")
    assert text.count("error[unknown-key]") == 200
    assert text.endswith("many.toml: cannot be read: 1,000 problems, 800 of them not shown\n")


def test_the_document_of_many_problems_counts_them_all(run: Run, tmp_path: Path) -> None:
    (tmp_path / "many.toml").write_text(NETWORK + "".join(f"x{n} = 1\n" for n in range(1000)), encoding="utf-8")

    document = json.loads(run("check", "many.toml", "--json").stdout)

    assert len(document["findings"]) == 200
    assert document["summary"] == {"error": 1000, "warning": 0, "note": 0}
    assert document["not_shown"] == 800


def test_problems_of_other_files_are_counted_too(run: Run, tmp_path: Path) -> None:
    (tmp_path / "many.csv").write_text("cidr,name\n" + "10.0.0.0.0,x\n" * 1000, encoding="utf-8")

    done = run("import", "csv", "many.csv")

    assert done.returncode == 2
    assert done.stderr.endswith(b"many.csv: cannot be read: 1,000 problems, 800 of them not shown\n")


@pytest.mark.parametrize(
    "line",
    [
        "unknown{} = 1\n",
        "[networks.n{}]\nprefx = 24\n",
        "[[avoid]]\nx{} = 1\n",
        "[clusters.c{}]\n",
        "[[waive]]\nnetworks = ['{}']\n",
    ],
)
def test_memory_for_problems_grows_with_the_file_and_no_faster(line: str) -> None:
    peaks = []
    for count in (2000, 8000):
        data = "".join(line.format(number) for number in range(count)).encode()
        tracemalloc.start()
        with pytest.raises(PlanError) as caught:
            parse_plan(data, "plan.toml")
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
        assert len(caught.value.problems) == 200
        assert len(caught.value.problems) + caught.value.hidden >= count
    assert peaks[1] < 5 * peaks[0]
