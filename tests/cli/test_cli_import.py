"""`ipplan import` and `ipplan check --against` as users call them, as processes."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import tomli

from ipplan.importers import IMPORTERS

if TYPE_CHECKING:
    from conftest import Run

SAMPLES = Path(__file__).parent.parent.parent / "sample-plans"

CLUSTER = {"name": "prod", "podSubnet": "172.30.0.0/16", "serviceSubnet": "172.21.0.0/16", "workerCount": 3}
TABLE = 'cidr,kind,name,description\n10.224.0.0/24,vcs-vm,Web Tier,"a ""b"""\n10.9.0.0/16,,,office\n'
PLAN = """\
schema = 1
[clusters.icp]
platform = "icp"
[networks.icp-pods]
kind = "icp-pod"
cidr = "10.224.0.0/16"
[networks.icp-services]
kind = "icp-service"
cidr = "10.225.0.0/23"
"""
CONFIG = {"network_cidr": "10.224.0.0/16", "service_cluster_ip_range": "10.225.0.0/23"}


def write(path: Path, content: object) -> str:
    path.write_text(content if isinstance(content, str) else json.dumps(content, indent=1), encoding="utf-8")
    return path.name


def test_a_plan_on_standard_output_and_a_summary_next_to_it(run: Run, tmp_path: Path) -> None:
    done = run("import", "csv", write(tmp_path / "all.csv", TABLE))

    assert done.returncode == 0
    assert done.stderr.decode().splitlines() == [
        "all.csv: 2 rows of csv",
        "1 network, 1 avoided range; 0 duplicates skipped",
    ]
    assert tomli.loads(done.stdout.decode()) == {
        "schema": 1,
        "plan": {"name": "all"},
        "avoid": [{"cidr": "10.9.0.0/16", "reason": "office"}],
        "networks": {"web-tier": {"kind": "vcs-vm", "cidr": "10.224.0.0/24", "description": 'Web Tier: a "b"'}},
    }
    assert run("check", "-", input=done.stdout).returncode == 0


@pytest.mark.parametrize(
    ("table", "noted"),
    [("name,network\na,10.9.0.0/16\n", True), (TABLE, False), ("name,kind,cidr\na,vcs-vm,10.224.0.0/24\n", False)],
)
def test_a_table_without_any_kind_gets_a_note(run: Run, tmp_path: Path, table: str, *, noted: bool) -> None:
    done = run("import", "auto", write(tmp_path / "t.csv", table))

    assert done.returncode == 0
    note = "note: a row without a kind becomes an avoided range; to make it a network, add a column kind"
    assert (note in done.stderr.decode().splitlines()) == noted


def test_several_files_become_one_plan_in_a_file(run: Run, tmp_path: Path) -> None:
    cluster, table = write(tmp_path / "c.json", CLUSTER), write(tmp_path / "t.csv", TABLE)

    done = run("import", "auto", cluster, table, "--name", "landscape", "-o", "plan.toml")

    assert (done.returncode, done.stdout) == (0, b"")
    document = tomli.loads((tmp_path / "plan.toml").read_text(encoding="utf-8"))
    assert document["plan"]["name"] == "landscape"
    assert document["clusters"] == {"prod": {"platform": "iks", "workers": 3}}
    assert list(document["networks"]) == ["prod-pods", "prod-services", "web-tier"]
    assert run("check", "plan.toml", "--against", cluster, "--against", f"csv:{table}").returncode == 0


def test_standard_input(run: Run) -> None:
    done = run("import", "ks-cluster", "-", input=json.dumps(CLUSTER).encode())
    assert done.returncode == 0
    assert b'"<stdin>" (ks-cluster)' in done.stdout
    assert run("import", "auto", "-", "-", input=b"").returncode == 2


def test_a_pipe_gives_no_name_to_the_plan(run: Run) -> None:
    if not os.path.exists("/dev/stdin"):
        pytest.skip("this system has no /dev/stdin")
    done = run("import", "auto", "/dev/stdin", input=json.dumps(CLUSTER).encode())
    assert (done.returncode, tomli.loads(done.stdout.decode())["plan"]) == (0, {})


def test_a_source_that_the_file_is_not_of_is_reported_in_one_line(run: Run, tmp_path: Path) -> None:
    done = run("import", "infoblox", write(tmp_path / "c.json", CLUSTER))
    assert (done.returncode, done.stdout) == (2, b"")
    assert done.stderr.decode().splitlines() == [
        "error[wrong-source]: the file cannot be read as infoblox, but it can be read as ks-cluster",
        "  --> c.json",
        "   = help: use the source ks-cluster, or auto",
        "",
        "c.json: cannot be read: 1 problem",
    ]


def test_a_fifo_and_a_folder_are_not_files(run: Run, tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    assert b"it is a directory, not a file" in run("import", "auto", "folder").stderr
    if hasattr(os, "mkfifo"):
        os.mkfifo(tmp_path / "pipe")
        done = run("import", "auto", "pipe")
        assert (done.returncode, b"it is a named pipe, not a file" in done.stderr) == (2, True)


@pytest.mark.parametrize("sample", ["reference-architecture", "two-clusters", "ipv6"])
def test_an_exported_address_plan_is_imported_as_the_same_networks(run: Run, tmp_path: Path, sample: str) -> None:
    plan = SAMPLES / f"{sample}.toml"
    assert run("export", str(plan), "netbox", "-o", "netbox.csv").returncode == 0
    assert run("import", "auto", "netbox.csv", "-o", "again.toml").returncode == 0

    allocation = json.loads(run("allocate", str(plan), "--json").stdout)
    networks = tomli.loads((tmp_path / "again.toml").read_text(encoding="utf-8"))
    assert {name: (n["kind"], n["cidr"]) for name, n in networks["networks"].items()} == {
        row["network"]: (row["kind"], row["cidr"]) for row in allocation["allocations"] if row["cidr"] is not None
    }
    assert networks["plan"]["byoip"] == [pool["cidr"] for pool in allocation["pools"]]
    assert run("check", "again.toml", "--select", "drift", "--against", "netbox.csv").returncode == 0


@pytest.mark.parametrize(
    ("sample", "targets"),
    [
        (
            "reference-architecture",
            ("icp-config", "strongswan-iks", "strongswan-iks-icp", "strongswan-icp", "netbox"),
        ),
        (
            "two-clusters",
            (
                "icp-config:icp-dal",
                "icp-config:icp-fra",
                "strongswan-iks-icp:iks-dal:icp-dal",
                "strongswan-icp:icp-fra:iks-fra",
                "calico:iks-fra",
                "netbox",
            ),
        ),
    ],
)
def test_a_plan_does_not_drift_from_what_it_exports(run: Run, sample: str, targets: tuple[str, ...]) -> None:
    plan = str(SAMPLES / f"{sample}.toml")
    files: list[str] = []
    for number, target in enumerate(targets):
        name, *ends = target.split(":")
        options = [word for pair in zip(("--cluster", "--to"), ends, strict=False) for word in pair]
        assert run("export", plan, name, *options, "-o", f"file{number}").returncode == 0
        files += ("--against", f"file{number}")

    done = run("check", plan, "--select", "drift", *files)

    assert (done.returncode, b"no findings" in done.stdout) == (0, True)


def test_the_list_names_every_source(run: Run) -> None:
    done = run("import", "--list")
    assert done.returncode == 0
    assert [line.split()[0] for line in done.stdout.decode().splitlines()[2:]] == list(IMPORTERS)


def test_all_problems_of_all_files_at_once_and_nothing_written(run: Run, tmp_path: Path) -> None:
    one = write(tmp_path / "one.csv", "cidr\n10.0.0.0/33\nx\n")
    two = write(tmp_path / "two.json", '{"podSubnet":\n }')
    write(tmp_path / "plan.toml", "kept")

    done = run("import", "auto", one, two, "no-such.json", "-o", "plan.toml")

    assert (done.returncode, done.stdout) == (2, b"")
    text = done.stderr.decode()
    for words in (
        'error[bad-value]: cidr "10.0.0.0/33" is not a valid prefix: ',
        "\n  --> one.csv:2\n",
        "\n  --> one.csv:3\n",
        "one.csv: cannot be read: 2 problems",
        "error[json-syntax]: ",
        "\n  --> two.json:2\n",
        "cannot read no-such.json",
    ):
        assert words in text
    assert "Traceback" not in text
    assert (tmp_path / "plan.toml").read_text(encoding="utf-8") == "kept"


@pytest.mark.parametrize(
    ("args", "words"),
    [
        ((), b"missing argument SOURCE"),
        (("csv",), b"missing argument FILE"),
        (("ks-clusters", "x"), b"did you mean ks-cluster?"),
        (("all.csv",), b"did you mean ipplan import auto all.csv?"),
        (("\x1b[31m", "x"), b'unknown source "\\x1b[31m"'),
    ],
)
def test_usage(run: Run, tmp_path: Path, args: tuple[str, ...], words: bytes) -> None:
    write(tmp_path / "all.csv", TABLE)
    done = run("import", *args)
    assert (done.returncode, done.stdout) == (2, b"")
    assert words in done.stderr


def test_hostile_text_reaches_no_terminal(run: Run, tmp_path: Path) -> None:
    done = run("import", "csv", write(tmp_path / "a\x1b[31m.csv", "cidr\n\x1b]0;x\x07\n"))
    assert done.returncode == 2
    assert b"\x1b" not in done.stderr
    good = run("import", "csv", write(tmp_path / "b.csv", "cidr,note\n10.0.0.0/8,\x1b]0;x\x07\n"))
    assert good.returncode == 0
    assert b"\x1b" not in good.stdout


def test_against_finds_one_difference(run: Run, tmp_path: Path) -> None:
    write(tmp_path / "plan.toml", PLAN)
    same = write(tmp_path / "config.json", CONFIG)
    other = write(tmp_path / "other.json", {**CONFIG, "network_cidr": "10.1.0.0/16"})

    assert run("check", "plan.toml", "--against", same, "--select", "drift").returncode == 0
    done = run("check", "plan.toml", "--against", f"icp-config:{other}", "--select", "drift", "--json")

    assert done.returncode == 1
    (found,) = json.loads(done.stdout)["findings"]
    assert (found["rule"], found["location"]["line"]) == ("drift", 6)
    assert found["message"] == "icp-pods 10.224.0.0/16 is 10.1.0.0/16 in other.json line 2 (network_cidr)"


def test_a_file_to_compare_with_that_cannot_be_read_is_reported_like_a_plan(run: Run, tmp_path: Path) -> None:
    write(tmp_path / "plan.toml", PLAN)
    broken = write(tmp_path / "broken.json", '{"network_cidr": ')

    done = run("check", "plan.toml", "--against", broken, "--against", "no-such.yaml", "--json")

    assert done.returncode == 2
    document = json.loads(done.stdout)
    assert document["schema"] == "ipplan.error/1"
    assert {finding["location"]["file"] for finding in document["findings"]} == {
        "broken.json",
        "no-such.yaml",
    }
    assert run("check", "-", "--against", "-", input=b"").returncode == 2


def test_the_sources_complete(run: Run) -> None:
    env = {"_IPPLAN_COMPLETE": "bash_complete", "COMP_WORDS": "ipplan import ", "COMP_CWORD": "2"}
    done = run(env=env)
    assert done.stdout.decode().split() == [f"plain,{name}" for name in ("auto", *IMPORTERS)]


EXISTING = """\
# our plan
schema = 1

[plan]
byoip = ["10.224.0.0/12"]   # the pool

[[avoid]]
cidr = "10.9.0.0/16"

[networks.web]
kind = "vcs-vm"
cidr = "10.224.0.0/24"

[networks.db]
kind = "vcs-vm"
prefix = 24
"""
EXPORT = (
    "cidr,kind,name\n10.9.1.0/24,,inside what is avoided\n10.224.0.0/24,vcs-vm,web\n10.224.0.128/25,,part of web\n"
    "10.0.0.0/8,,everything\n10.224.0.0/23,,around web\n10.8.0.0/16,,branch\n,vcs-vm,app\n10.225.0.0/24,vcs-vm,db\n"
)


@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
@pytest.mark.parametrize("last", ["", "\n"])
def test_into_adds_what_the_plan_lacks_and_changes_nothing_else(
    run: Run, tmp_path: Path, line_end: str, last: str
) -> None:
    before = (EXISTING.rstrip("\n") + last).replace("\n", line_end).encode()
    (tmp_path / "plan.toml").write_bytes(before)
    table = write(tmp_path / "all.csv", EXPORT)

    shown = run("import", "csv", table, "--into", "plan.toml", "--dry-run")
    assert (shown.returncode, (tmp_path / "plan.toml").read_bytes()) == (0, before)
    assert b"+[networks.app]" in shown.stdout
    done = run("import", "csv", table, "--into", "plan.toml")

    assert (done.returncode, done.stdout) == (0, b"")
    after = (tmp_path / "plan.toml").read_bytes()
    assert after.startswith(before)
    assert after.count(b"\r\n") == (after.count(b"\n") if line_end == "\r\n" else 0)
    added = tomli.loads(after.decode()[len(before) :])
    assert added == {
        "avoid": [{"cidr": "10.8.0.0/16", "reason": "branch"}],
        "networks": {"app": {"kind": "vcs-vm"}},
    }
    assert done.stderr.decode().splitlines() == [
        "all.csv: 8 rows of csv",
        "1 network and 1 avoided range added to plan.toml; 3 rows already there",
        "skipped: db 10.225.0.0/24 (line 9): in the plan it has no range yet; ipplan does not change it",
        "skipped: 10.0.0.0/8: it covers a pool of the plan, which would have no space left",
        "skipped: 10.224.0.0/23: it covers web of the plan",
    ]
    assert run("import", "csv", table, "--into", "plan.toml").returncode == 0
    assert (tmp_path / "plan.toml").read_bytes() == after


def test_into_brings_no_new_error_and_needs_a_plan(run: Run, tmp_path: Path) -> None:
    plan = write(tmp_path / "plan.toml", EXISTING)
    for table, words in (
        ("cidr,kind,name\n10.224.0.0/25,vcs-vm,other\n", b"network-overlap"),
        ("name,kind,prefix,pool\nx,vcs-vm,24,10.32.0.0/12\n", b'add "10.32.0.0/12" to byoip under [plan]'),
    ):
        done = run("import", "auto", write(tmp_path / "t.csv", table), "--into", plan)
        assert done.returncode in (1, 2)
        assert words in done.stderr
        assert (tmp_path / plan).read_text(encoding="utf-8") == EXISTING
    assert run("import", "auto", "t.csv", "--into", "none.toml").returncode == 2
    assert run("import", "auto", "t.csv", "--into", plan, "-o", plan).returncode == 2
    assert run("import", "auto", "t.csv", "--dry-run").returncode == 2


@pytest.mark.parametrize(
    "form",
    [
        'avoid = [{ cidr = "10.9.0.0/16" }]\n',
        'networks = { web = { kind = "vcs-vm", cidr = "10.224.0.0/24" } }\n',
    ],
)
def test_into_a_plan_of_one_line_says_what_to_write(run: Run, tmp_path: Path, form: str) -> None:
    plan = write(tmp_path / "plan.toml", form)
    table = write(tmp_path / "t.csv", "cidr,kind,name\n10.8.0.0/16,,x\n10.225.0.0/24,vcs-vm,y\n")
    done = run("import", "csv", table, "--into", plan)
    assert (done.returncode, b"write tables such as [networks.NAME]" in done.stderr) == (2, True)
    assert (tmp_path / plan).read_text(encoding="utf-8") == form


def test_explain_says_what_each_column_is_and_rows_are_skipped(run: Run, tmp_path: Path) -> None:
    table = write(
        tmp_path / "t.csv",
        "Netz,Kind,CIDR,Hosts,Owner\nweb,vcs-vm,,100,ann\noffice,,10.9.0.0/16,,\nTotal,,,100,\n",
    )
    done = run("import", "--explain", table)
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout.decode().splitlines() == [
        "t.csv: source csv",
        "",
        "column  read as",
        "------  -----------",
        "Netz    label netz",
        "Kind    kind",
        "CIDR    cidr",
        "Hosts   hosts",
        "Owner   label owner",
        "",
        "0 networks with a range",
        "1 network without a range",
        "1 avoided range",
        "0 duplicates",
        "",
        "line  row         skipped because",
        "----  ----------  -------------------",
        "   4  Total, 100  the row has no cidr",
    ]


def test_explain_of_a_file_that_is_not_a_table(run: Run, tmp_path: Path) -> None:
    done = run("import", "--explain", write(tmp_path / "c.json", CLUSTER))
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout.decode().splitlines()[0] == "c.json: source ks-cluster"


def test_rows_that_cannot_be_read_reject_the_file_unless_it_is_lenient(run: Run, tmp_path: Path) -> None:
    table = write(tmp_path / "t.csv", "cidr,name\n10.9.0.0/16,a\n,Total\n")
    refused = run("import", "csv", table)
    assert (refused.returncode, b"--lenient lists such rows" in refused.stderr) == (2, True)
    done = run("import", "csv", table, "--lenient")
    assert done.returncode == 0
    assert "note: t.csv: line 3 is skipped: the row has no cidr" in done.stderr.decode().splitlines()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--column", "cidr"), b'--column cidr="IP range"'),
        (("--column", "nmae=x"), b"did you mean name?"),
        (("--column", "cidr=range"), b"the table has no column"),
        (("--skip-rows", "-1"), b"skip-rows"),
        (("--skip-rows", "99"), b"the file is empty below line 99"),
    ],
)
def test_options_of_tables_that_fit_nothing_are_reported(
    run: Run, tmp_path: Path, options: tuple[str, ...], words: bytes
) -> None:
    done = run("import", "csv", write(tmp_path / "t.csv", TABLE), *options)
    assert (done.returncode, done.stdout) == (2, b"")
    assert words in done.stderr
