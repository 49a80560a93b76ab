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


def test_a_plan_on_standard_output_and_a_summary_beside_it(run: Run, tmp_path: Path) -> None:
    done = run("import", "csv", write(tmp_path / "all.csv", TABLE))

    assert done.returncode == 0
    assert done.stderr.decode().splitlines() == [
        "all.csv: 2 rows of csv", "1 network, 1 avoided range; 0 duplicates skipped",
    ]  # fmt: skip
    assert tomli.loads(done.stdout.decode()) == {
        "schema": 1,
        "plan": {"name": "all"},
        "avoid": [{"cidr": "10.9.0.0/16", "reason": "office"}],
        "networks": {
            "web-tier": {"kind": "vcs-vm", "cidr": "10.224.0.0/24", "description": 'Web Tier: a "b"'}
        },
    }
    assert run("check", "-", input=done.stdout).returncode == 0


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


def test_a_source_that_the_file_is_not_of_is_told_in_one_line(run: Run, tmp_path: Path) -> None:
    done = run("import", "infoblox", write(tmp_path / "c.json", CLUSTER))
    assert (done.returncode, done.stdout) == (2, b"")
    assert done.stderr.decode().splitlines() == [
        "error[wrong-source]: the file is not of the source infoblox; as ks-cluster it can be read",
        "  --> c.json",
        "   = help: name ks-cluster or auto",
        "",
        "c.json: cannot be read: 1 problem",
    ]


def test_a_fifo_and_a_folder_are_no_files(run: Run, tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    assert b"it is a directory, not a file" in run("import", "auto", "folder").stderr
    if hasattr(os, "mkfifo"):
        os.mkfifo(tmp_path / "pipe")
        done = run("import", "auto", "pipe")
        assert (done.returncode, b"it is a named pipe, not a file" in done.stderr) == (2, True)


@pytest.mark.parametrize("sample", ["reference-architecture", "two-clusters", "ipv6"])
def test_an_exported_address_plan_is_imported_as_the_same_networks(
    run: Run, tmp_path: Path, sample: str
) -> None:
    plan = SAMPLES / f"{sample}.toml"
    assert run("export", str(plan), "netbox", "-o", "netbox.csv").returncode == 0
    assert run("import", "auto", "netbox.csv", "-o", "again.toml").returncode == 0

    allocation = json.loads(run("allocate", str(plan), "--json").stdout)
    networks = tomli.loads((tmp_path / "again.toml").read_text(encoding="utf-8"))
    assert {name: (n["kind"], n["cidr"]) for name, n in networks["networks"].items()} == {
        row["network"]: (row["kind"], row["cidr"])
        for row in allocation["allocations"]
        if row["cidr"] is not None
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
            ("icp-config:icp-dal", "icp-config:icp-fra", "strongswan-iks-icp:iks-dal:icp-dal",
             "strongswan-icp:icp-fra:iks-fra", "calico:iks-fra", "netbox"),
        ),
    ],
)  # fmt: skip
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
        'error[bad-value]: cidr is "10.0.0.0/33", which is no prefix: ', "\n  --> one.csv:2\n", "\n  --> one.csv:3\n",
        "one.csv: cannot be read: 2 problems", "error[json-syntax]: ", "\n  --> two.json:2\n", "cannot read no-such.json",
    ):  # fmt: skip
        assert words in text
    assert "Traceback" not in text
    assert (tmp_path / "plan.toml").read_text(encoding="utf-8") == "kept"


@pytest.mark.parametrize(
    ("args", "words"),
    [
        ((), b"which source?"),
        (("csv",), b"which file?"),
        (("ks-clusters", "x"), b"did you mean ks-cluster?"),
        (("all.csv",), b"did you mean ipplan import auto all.csv?"),
        (("\x1b[31m", "x"), b'there is no source "\\x1b[31m"'),
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


def test_a_file_to_compare_with_that_cannot_be_read_is_told_like_a_plan(run: Run, tmp_path: Path) -> None:
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
