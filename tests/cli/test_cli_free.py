"""`ipplan free`, run as a user runs it."""

from __future__ import annotations

import csv
import json
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import Run

PLAN = """\
schema = 1
[plan]
name = "small"
byoip = ["172.24.0.0/14", "10.230.7.0/13"]
[networks.vm-web]
kind = "vcs-vm"
cidr = "172.24.0.0/24"
[networks.vm-db]
kind = "vcs-vm"
prefix = 24
pool = "172.24.0.0/14"
"""


@pytest.fixture
def small(tmp_path: Path) -> str:
    (tmp_path / "small.toml").write_text(PLAN, encoding="utf-8")
    return "small.toml"


def test_people_read_pools_uses_what_fits_blocks_and_what_is_asked(run: Run, small: str) -> None:
    done = run("free", small, "--pool", "172.24.0.0/14")
    text = done.stdout.decode()

    assert done.returncode == 0
    assert "172.24.0.0/14  262,144  261,888  99.9%  172.26.0.0/15         0.4995\n" in text
    assert "172.24.0.0/14  pinned          256   0.1%\n" in text
    assert "1 of /15, 3 of /16, 7 of /17" in text
    assert text.endswith(
        "free: 261,888 of 262,144 addresses in 1 pool; 10 blocks\n"
        "not counted as taken: 1 network without a range, 256 addresses (1 of /24); --after-allocation counts them\n"
    )


def test_a_share_is_not_rounded_to_nothing_or_all(run: Run, small: str) -> None:
    lines = run("free", small, "--pool", "172.24.0.0/14", "--after-allocation").stdout.decode()
    tiny = run(
        "free",
        "--byoip",
        "fd00::/48",
        "-",
        stdin=None,
        input=b"[networks.a]\nkind='vcs-vm'\ncidr='fd00::/64'\n",
    )

    assert "  allocated        256   0.1%" in lines
    assert ">99.9%" in tiny.stdout.decode()
    assert "<0.1%" in tiny.stdout.decode()


def test_csv_lists_the_free_blocks(run: Run, small: str) -> None:
    done = run("free", small, "-f", "csv", "--prefix", "15")

    rows = list(csv.DictReader(done.stdout.decode().splitlines()))
    assert [(r["pool"], r["free block"], r["room for /15"]) for r in rows] == [
        ("172.24.0.0/14", "172.26.0.0/15", "1"),
        ("10.224.0.0/13", "10.224.0.0/13", "4"),
    ]
    assert (rows[1]["first"], rows[1]["last"], rows[1]["addresses"]) == (
        "10.224.0.0",
        "10.231.255.255",
        "524288",
    )


def test_without_a_plan_it_takes_what_allocate_takes(run: Run, small: str, tmp_path: Path) -> None:
    reference = run("free", "--byoip", "10.50.0.0/12", "--json", "--after-allocation")
    document = json.loads(reference.stdout)

    assert document["plan"]["name"] == "reference-architecture"
    assert document["pools"][0]["given"] == "10.50.0.0/12"
    assert {use["category"]: use["size"] for use in document["pools"][0]["uses"]} == {
        "ibm-customer-private": 393216,
        "allocated": 131584,
    }
    assert b"using the BYOIP networks of the reference architecture" in reference.stderr
    assert b"using the enclosing block 10.48.0.0/12" in reference.stderr

    (tmp_path / small).rename(tmp_path / "plan.toml")
    assert json.loads(run("free", "--json").stdout)["plan"] == {"name": "small", "file": "plan.toml"}


def test_a_pool_may_be_named_as_it_is_written(run: Run, small: str) -> None:
    for text in ("10.230.7.0/13", "10.224.0.0/13"):
        document = json.loads(run("free", small, "--pool", text, "--json").stdout)
        assert [pool["cidr"] for pool in document["pools"]] == ["10.224.0.0/13"]


def test_networks_that_find_no_place_are_an_error_with_what_would_help(run: Run) -> None:
    text = b"[plan]\nbyoip = ['172.24.0.0/24']\n[networks.a]\nkind = 'vcs-vm'\nprefix = 23\n"
    for output_format in ("table", "csv"):
        done = run("free", "-", "--after-allocation", "-f", output_format, stdin=None, input=text)
        assert done.returncode == 1
        assert b"a needs a /23; with the other networks placed" in done.stdout + done.stderr
        assert b"help: make a a /24 or smaller" in done.stdout + done.stderr
    assert run("free", "-", stdin=None, input=text).returncode == 0


def test_a_plan_without_pools_is_told_so(run: Run) -> None:
    done = run("free", "-", stdin=None, input=b"[networks.a]\nkind = 'vcs-vm'\ncidr = '172.24.0.0/24'\n")

    assert done.returncode == 0
    assert done.stdout == b"no pool, so nothing is free; add one: byoip under [plan], or --byoip\n"


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (("--pool", "172.24.0.0/15"), "small.toml has no pool 172.24.0.0/15; pool 172.24.0.0/14 overlaps it"),
        (("--pool", "192.168.0.0/16"), "help: its pools are 172.24.0.0/14, 10.224.0.0/13"),
        (("--pool", "172.24.0.0"), '--pool: "172.24.0.0": '),
        (("--prefix", "33"), "--prefix 33 is longer than 32, and every pool is IPv4"),
        (("--prefix", "129"), "129 is not in the range"),
        (("--allow-other-data-centers",), "--allow-other-data-centers needs the data centers of the plan"),
        (("--byoip", "10.64.0.0/12"), "network vm-db names pool 172.24.0.0/14, which is not a pool of --byoip"),
    ],
)
def test_bad_usage_is_refused(run: Run, small: str, args: tuple[str, ...], said: str) -> None:
    done = run("free", small, *args)

    assert done.returncode == 2
    assert done.stdout == b""
    assert said in done.stderr.decode()


def test_nothing_to_start_from_is_refused(run: Run) -> None:
    done = run("free")

    assert done.returncode == 2
    assert b"help: ipplan free --byoip 172.24.0.0/14" in done.stderr


def test_it_loads_neither_rich_nor_netaddr(run: Run, small: str) -> None:
    script = (
        "import sys\nfrom ipplan.__main__ import run\nrun()\nsys.exit(bool({'rich', 'netaddr'} & set(sys.modules)))"
    )
    assert run("free", small, program=("-c", script)).returncode == 0


# -- the cleanest blocks


def test_the_cleanest_blocks_are_listed_without_a_plan(run: Run) -> None:
    done = run(
        "free",
        "--byoip",
        "10.0.0.0/8",
        "--data-center",
        "fra02",
        "--data-center",
        "WDC04",
        "--avoid",
        "10.20.0.0/16",
        "--prefix",
        "12",
        "--limit",
        "3",
    )
    assert done.returncode == 0, done.stderr
    lines = done.stdout.decode().splitlines()
    assert [" ".join(line.split()[:9]) for line in lines[2:5]] == [
        "10.224.0.0/12 yes 0 0 0 0 0 0 0",
        "10.96.0.0/12 no 0 0 2 0 2 0 0",
        "10.48.0.0/12 no 0 0 3 0 0 0 0",
    ]
    assert lines[-3:] == [
        "16 blocks of /12 in 10.0.0.0/8, 1 of them touched by no range now",
        "named data centers: fra02, wdc04",
        "13 more that are less clean or have higher addresses; --limit lists more",
    ]


def test_the_cleanest_blocks_count_what_the_plan_holds(run: Run, tmp_path: Path) -> None:
    (tmp_path / "plan.toml").write_text(
        'schema = 1\n[plan]\ndata-centers = ["dal10"]\nbyoip = ["10.224.0.0/13"]\n'
        '[[avoid]]\ncidr = "10.225.0.0/16"\n'
        '[networks.web]\nkind = "vcs-vm"\ncidr = "10.224.0.0/24"\n',
        encoding="utf-8",
    )
    document = json.loads(run("free", "plan.toml", "--prefix", "16", "--limit", "50", "--json").stdout)
    advice = document["advice"]
    assert (advice["blocks"], advice["untouched"], advice["not_listed"]) == (8, 6, 0)
    assert advice["data_centers"] == ["dal10"]
    assert [c["cidr"] for c in advice["candidates"]] == [
        *(f"10.{n}.0.0/16" for n in range(226, 232)),
        "10.224.0.0/16",
        "10.225.0.0/16",
    ]
    assert [c["free"] for c in advice["candidates"]] == [True] * 6 + [False] * 2
    (touch,) = advice["candidates"][6]["touches"]
    assert touch == {
        "why": "avoided",
        "cidr": "10.224.0.0/24",
        "title": "network web",
        "data_center": None,
        "pod": None,
        "edition": None,
    }

    rows = run("free", "plan.toml", "--prefix", "16", "--avoid", "10.226.0.1/16", "--limit", "2", "--format", "csv")
    assert rows.stdout.decode().splitlines()[1:] == [
        "10.227.0.0/16,yes,0,0,0,0,0,0,0,",
        "10.228.0.0/16,yes,0,0,0,0,0,0,0,",
    ]
    assert "warning: 10.226.0.1/16 has host bits set" in rows.stderr.decode()
    assert json.loads(run("free", "plan.toml", "--prefix", "16", "--json").stdout)["advice"] is None


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["--data-center", "fra2", "--prefix", "12"], "did you mean fra02?"),
        (["--data-center", "fra02"], "--data-center needs the size of the blocks"),
        (["--limit", "5"], "--limit needs the size of the blocks"),
        (["--data-center", "fra02", "--prefix", "7"], "no pool holds a /7: the largest is 10.0.0.0/8"),
        (["--data-center", "fra02", "--prefix", "33"], "--prefix 33 is longer than 32"),
        (["--avoid", "10.1", "--prefix", "12"], '"10.1"'),
        (["--limit", "0", "--prefix", "12"], "--limit"),
    ],
)
def test_the_cleanest_blocks_need_a_size_that_fits_and_data_centers_that_exist(
    run: Run, args: list[str], message: str
) -> None:
    done = run("free", "--byoip", "10.0.0.0/8", *args)
    assert (done.returncode, done.stdout) == (2, b"")
    assert message in done.stderr.decode()
