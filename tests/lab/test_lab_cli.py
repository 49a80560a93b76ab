"""`ipplan lab` as people run it: its output, its exit status, and that it leaves nothing behind."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from jsonschema import Draft202012Validator

from ipplan.lab import daemons, requirements
from ipplan.lab.model import LabError
from ipplan.lab.outside import MARK

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from conftest import Run

pytestmark = pytest.mark.judges

ROOT = Path(__file__).parent.parent.parent
SAMPLES = ROOT / "sample-plans"
REFERENCE = SAMPLES / "reference-architecture.toml"
SCHEMA = json.loads((ROOT / "ipplan" / "schemas" / "lab.json").read_text("utf-8"))
EXIT = {"reference-architecture": 0, "two-clusters": 2, "three-sites": 0, "ipv6": 2, "conflicts": 2}
"""The exit status of each sample: 2 for plans with missing ranges or decisions, or with errors."""


@pytest.fixture(scope="module", autouse=True)
def ready() -> None:
    """Skip where no lab can be built."""
    try:
        requirements.check(needs_nft=True)
    except LabError as error:
        pytest.skip(f"no lab can be built here: {error}")
    for program in ("strongswan", "frr", "bird"):
        reason = daemons.missing(program)
        if reason is not None:
            pytest.skip(reason)


def below(pid: int) -> set[int]:
    """Return the child processes of a process, and their children."""
    parents: dict[int, int] = {}
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                fields = (folder / "stat").read_text("utf-8").rpartition(")")[2].split()
            except OSError:
                continue
            if fields[0] != "Z":
                parents[int(folder.name)] = int(fields[1])
    found: set[int] = set()
    while more := {child for child, parent in parents.items() if parent in found | {pid}} - found:
        found |= more
    return found


def alive(processes: set[int]) -> set[int]:
    """Return those of some processes that have not ended."""
    return {pid for pid in processes if Path(f"/proc/{pid}").exists()}


def labs() -> set[int]:
    """Return the processes of running labs, of any user."""
    found = set()
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                words = (folder / "cmdline").read_bytes().split(b"\0")
            except OSError:
                continue
            if MARK.encode() in words:
                found.add(int(folder.name))
    return found


def machine() -> dict[str, str]:
    """Return what a lab must not touch: interfaces, routes, rules, NAT, names of namespaces, mounts, processes of daemons."""
    asked = {
        "links": ["ip", "-brief", "link"],
        "addresses": ["ip", "-brief", "address"],
        "routes": ["ip", "route", "show", "table", "all"],
        "rules": ["ip", "rule"],
        "rules 6": ["ip", "-6", "rule"],
        "nft": ["nft", "list", "ruleset"],
        "spaces": ["ls", "/run", "/var/run"],
        "mounts": ["cat", "/proc/self/mounts"],
    }
    return {
        name: subprocess.run(
            command, capture_output=True, text=True, check=False, env=requirements.environment()
        ).stdout
        for name, command in asked.items()
    }


def wait_until(condition: Callable[[], bool], seconds: float = 30) -> None:
    """Wait until a condition holds."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it does not come about"
        time.sleep(0.05)


class Kept:
    """A lab that stays up, and its output."""

    def __init__(self, folder: Path, *args: str, plan: Path = REFERENCE) -> None:
        self.errors = folder / "errors"
        with self.errors.open("w", encoding="utf-8") as errors:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "ipplan", "lab", str(plan), "--keep", *args],
                stdout=subprocess.DEVNULL,
                stderr=errors,
                env={**os.environ, "PYTHONPATH": str(ROOT)},
                text=True,
                cwd=folder,
            )
        self.inside: set[int] = set()

    def wait(self) -> None:
        """Wait until it is up."""
        wait_until(lambda: "stays up" in self.errors.read_text("utf-8") or self.process.poll() is not None)
        assert self.process.poll() is None, self.errors.read_text("utf-8")
        self.inside = below(self.process.pid)

    @property
    def first(self) -> int:
        """Process 1 of the lab, as it is seen from outside."""
        own = labs() & self.inside
        (pid,) = (p for p in own if b"--fork" not in Path(f"/proc/{p}/cmdline").read_bytes())
        return pid

    def gone(self) -> bool:
        """Return whether every process of the lab has ended."""
        return not alive(self.inside)

    def end(self) -> None:
        """End it, whatever state it is in."""
        self.process.kill()
        self.process.wait()
        wait_until(self.gone)


@pytest.fixture
def keep(tmp_path: Path) -> Iterator[Callable[..., Kept]]:
    """A function that starts a lab that stays up; all end after the test."""
    found: list[Kept] = []

    def start(*args: str, plan: Path = REFERENCE) -> Kept:
        folder = tmp_path / str(len(found))
        folder.mkdir()
        found.append(Kept(folder, *args, plan=plan))
        found[-1].wait()
        return found[-1]

    yield start
    for lab in found:
        lab.end()


@pytest.mark.parametrize("sample", EXIT)
def test_every_sample_agrees(run: Run, sample: str) -> None:
    done = run("lab", str(SAMPLES / f"{sample}.toml"), "--json")
    document = json.loads(done.stdout)
    Draft202012Validator(SCHEMA).validate(document)
    differing = [pair for pair in document["pairs"] if pair["outcome"] == "differs"]
    assert not differing
    assert document["summary"]["agree"] > 0
    assert done.returncode == EXIT[sample], done.stderr
    assert document["ok"] == (done.returncode == 0)


@pytest.mark.parametrize("method", ["common-vlan", "strongswan", "static-nat", "bgp", "none"])
def test_every_method_agrees(run: Run, tmp_path: Path, method: str) -> None:
    text = REFERENCE.read_text("utf-8").replace(
        'iks-vcs = "strongswan"', f'iks-vcs = "{method}"\niks-asn = 64999\nesg-asn = 64998'
    )
    (tmp_path / "plan.toml").write_text(text, encoding="utf-8")
    done = run("lab", "--json")
    document = json.loads(done.stdout)
    assert done.returncode == 0, [p for p in document["pairs"] if p["outcome"] != "agree"]
    assert b"using plan.toml" in done.stderr


def test_what_it_shows(run: Run, update_golden: bool) -> None:
    done = run("lab", str(REFERENCE))
    golden = ROOT / "tests" / "golden" / "reference-architecture.lab.txt"
    if update_golden:
        golden.write_bytes(done.stdout)
    assert done.stdout.decode() == golden.read_text("utf-8")


def test_a_range_in_the_pods_of_iks_fails_where_check_says_so(run: Run, tmp_path: Path) -> None:
    text = REFERENCE.read_text("utf-8").replace(
        'iks-vcs = "strongswan"', 'iks-vcs = "common-vlan"\niks-asn = 64999\nesg-asn = 64998'
    )
    start = text.index("[networks.vm-db]")
    end = text.index("\n\n", start)
    moved = text[:start] + '[networks.vm-db]\nkind = "vcs-vm"\ncidr = "172.30.9.0/24"' + text[end:]
    (tmp_path / "plan.toml").write_text(moved, encoding="utf-8")
    found = json.loads(run("check", "plan.toml", "--json").stdout)["findings"]
    assert ["vm-db", "iks-pods"] in [f["networks"] for f in found if f["rule"] == "network-overlap"]
    done = run("lab", "plan.toml", "--from", "iks-pods", "--to", "vm-db", "--json")
    (pair,) = json.loads(done.stdout)["pairs"]
    assert (pair["outcome"], pair["result"]) == ("agree", "ambiguous")
    assert "of iks-prod, another machine" in pair["proof"], "a pod of the cluster has the address too"
    assert b"errors in the plan" in done.stderr


@pytest.mark.parametrize(
    ("folder", "reason"),
    [
        ("/usr/lib/ipsec", "strongSwan is not complete on this machine"),
        ("/usr/lib/frr", "FRR is not complete on this machine"),
    ],
)
def test_what_a_missing_program_would_do_is_not_run(run: Run, tmp_path: Path, folder: str, reason: str) -> None:
    if os.geteuid() != 0:
        pytest.skip("needs root to hide a folder")
    method = "strongswan" if "ipsec" in folder else "common-vlan"
    text = REFERENCE.read_text("utf-8").replace(
        'iks-vcs = "strongswan"', f'iks-vcs = "{method}"\niks-asn = 64999\nesg-asn = 64998'
    )
    (tmp_path / "plan.toml").write_text(text, encoding="utf-8")
    script = f'mount -t tmpfs none {folder} && exec "$0" -m ipplan lab plan.toml --json'
    done = subprocess.run(
        ["unshare", "--mount", "sh", "-c", script, sys.executable],
        cwd=tmp_path,
        capture_output=True,
        check=False,
        env={**requirements.environment(), "PYTHONPATH": str(ROOT)},
    )
    document = json.loads(done.stdout)
    assert done.returncode == 2
    not_run = [pair for pair in document["pairs"] if pair["outcome"] == "not-run"]
    assert {(p["from"]["name"], p["to"]["name"]) for p in not_run} == {
        ("iks-pods", "vm-web"),
        ("iks-pods", "vm-db"),
    }
    assert all(reason in pair["reason"] for pair in not_run)
    assert document["summary"]["differs"] == 0


def test_a_dry_run_lists_the_exports_and_runs_nothing(run: Run, tmp_path: Path) -> None:
    before = machine()
    # No program is needed: there is none on this path.
    done = run("lab", str(REFERENCE), "--dry-run", env={"PATH": str(tmp_path)})
    assert done.returncode == 0, done.stderr
    text = done.stdout.decode()
    for origin in (
        "ip-address: its addresses",
        "ip-route: its routes",
        "nftables",
        "strongswan-conf",
        "strongswan-conf-icp --cluster icp-prod",
    ):
        assert f"# ipplan export PLAN {origin}\n" in text
    assert "# scenery: what no export configures" in text
    assert machine() == before


def test_the_machine_is_not_touched(keep: Callable[..., Kept]) -> None:
    before = machine()
    keep()
    assert machine() == before


def test_devices_are_entered_by_name(keep: Callable[..., Kept], run: Run) -> None:
    lab = keep().first
    done = run("lab", "enter", f"{lab}:esg", "ip", "-brief", "address", "show", "dev", "eth1")
    assert b"10.176.18.194/27" in done.stdout, done.stderr
    assert run("lab", "enter", f"{lab}:ESG", "sh", "-c", "exit 7").returncode == 7
    assert run(
        "lab", "enter", f"{lab}:dlr", input=b"ip route show default\n", env={"SHELL": "/bin/sh"}
    ).stdout.startswith(b"default via 172.24.19.1")
    assert b"iks-workers-of-iks-prod-1" in run("lab", "enter").stdout
    asked = {"_IPPLAN_COMPLETE": "bash_complete", "COMP_WORDS": "ipplan lab enter es", "COMP_CWORD": "3"}
    assert "plain,esg" in run(env=asked).stdout.decode().splitlines()
    refused = run("lab", "enter", f"{lab}:nobody")
    assert refused.returncode == 2
    assert b"no lab has a device 'nobody'" in refused.stderr
    assert b"devices: host-1, host-2, esg, dlr" in refused.stderr


def test_exported_scripts_may_run_again(keep: Callable[..., Kept], run: Run) -> None:
    lab = keep().first
    listing = run("lab", str(REFERENCE), "--dry-run").stdout.decode()
    scripts = re.findall(r"(?m)^((?:[A-Z0-9]+=\S+ )*sh ip-(?:address|route) (\S+))  #", listing)
    assert len(scripts) > 12
    before = run("lab", "enter", f"{lab}:esg", "ip", "route").stdout
    for command, label in scripts:
        device = label if not label.startswith(("vms", "icp", "iks")) else f"{label.removesuffix('-1')}-1"
        done = run("lab", "enter", f"{lab}:{device}", "sh", "-c", f"cd /run/ipplan && {command}")
        assert done.returncode == 0, (command, done.stderr)
    assert run("lab", "enter", f"{lab}:esg", "ip", "route").stdout == before


def test_the_page_on_the_lab_shows_what_it_shows(update_golden: bool) -> None:
    golden = (ROOT / "tests" / "golden" / "reference-architecture.lab.txt").read_text("utf-8")
    page = ROOT / "docs" / "reference" / "lab.md"
    text = page.read_text("utf-8")
    if update_golden:
        text = re.sub(r"```text\n\d+ devices[\s\S]*?```", f"```text\n{golden}```", text)
        page.write_text(text, encoding="utf-8")
    assert f"```text\n{golden}```" in text


def test_without_a_lab_there_is_nothing_to_enter(run: Run) -> None:
    if labs():
        pytest.skip("another lab runs here")
    done = run("lab", "enter", "esg")
    assert done.returncode == 2
    assert b"you have no lab running on this machine" in done.stderr
    assert b"--keep" in done.stderr


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGKILL])
def test_whatever_ends_it_nothing_is_left(keep: Callable[..., Kept], how: signal.Signals) -> None:
    before = machine()
    lab = keep()
    assert len(lab.inside) >= 5, "unshare, process 1 and three daemons at least"
    lab.process.send_signal(how)
    lab.process.wait(20)
    wait_until(lab.gone)
    assert machine() == before
    # Ctrl-C ends a lab that stays up: the exit status is that of the run.
    assert lab.process.returncode == (0 if how == signal.SIGINT else -how)


def test_the_end_of_its_first_process_is_the_end_of_all(keep: Callable[..., Kept]) -> None:
    lab = keep()
    os.kill(lab.first, signal.SIGKILL)
    lab.process.wait(20)
    wait_until(lab.gone)


def test_an_interruption_in_the_middle_leaves_nothing(tmp_path: Path) -> None:
    before = machine()
    for delay in (0.2, 0.5, 0.8, 1.1):
        process = subprocess.Popen(
            [sys.executable, "-m", "ipplan", "lab", str(SAMPLES / "three-sites.toml"), "-o", str(tmp_path / "out")],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )
        time.sleep(delay)
        inside = below(process.pid)
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=20)
        assert process.returncode == 130, said
        assert b"Traceback" not in said
        wait_until(lambda inside=inside: not alive(inside))  # type: ignore[misc]
        assert list(tmp_path.iterdir()) == []
    assert machine() == before


def test_two_labs_stand_side_by_side(keep: Callable[..., Kept], run: Run) -> None:
    keep()
    done = run("lab", str(REFERENCE), "--json")
    assert done.returncode == 0, done.stderr
    keep()
    refused = run("lab", "enter", "esg", "true")
    assert refused.returncode == 2
    assert re.search(rb"\d labs have a device 'esg'", refused.stderr)


def test_an_ordinary_user_may_run_it(tmp_path: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("this is no test for root, and the others are run by an ordinary user already")
    if shutil.which("setpriv") is None:
        pytest.skip("needs setpriv (util-linux)")
    user = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "sh", "-c", 'exec "$@"', "sh"]
    python = next((p for p in (sys.executable, "/usr/bin/python3") if _can_run(user, p)), None)
    if python is None:
        pytest.skip("no Python here that another user can run, with what ipplan needs")
    done = subprocess.run(
        [*user, python, "-m", "ipplan", "lab", str(REFERENCE), "--json"],
        cwd="/",
        capture_output=True,
        check=False,
        env={**requirements.environment(), "PYTHONPATH": _paths(), "HOME": "/"},
    )
    assert done.returncode == 0, done.stderr.decode()
    assert json.loads(done.stdout)["summary"] == {"agree": 8, "differs": 0, "not_run": 0}


def _paths() -> str:
    import click

    return os.pathsep.join((str(ROOT), str(Path(click.__file__).parent.parent)))


def _can_run(user: list[str], python: str) -> bool:
    done = subprocess.run(
        [*user, python, "-c", "import ipplan.cli, click, tomli, sys; sys.exit(sys.version_info < (3, 10))"],
        cwd="/",
        capture_output=True,
        check=False,
        env={**os.environ, "PYTHONPATH": _paths()},
    )
    return done.returncode == 0


HOSTILE = {
    "iks-prod": r"a\"; touch hacked; $(touch hacked) `x` \n}",
    "icp-prod": "[bold]\\u202e:ab: " + "x" * 300,
}


def test_a_limit_of_the_machine_is_explained(run: Run) -> None:
    command = ["prlimit", "--nofile=60:60", sys.executable, "-m", "ipplan", "lab", str(REFERENCE)]
    if shutil.which("prlimit") is None:
        pytest.skip("needs prlimit (util-linux)")
    done = subprocess.run(
        command, capture_output=True, check=False, env={**requirements.environment(), "PYTHONPATH": str(ROOT)}
    )
    assert done.returncode == 2
    assert b"Traceback" not in done.stderr
    assert b"Too many open files" in done.stderr
    assert b"ulimit -n" in done.stderr


def test_names_break_out_of_nothing(run: Run, tmp_path: Path) -> None:
    text = REFERENCE.read_text("utf-8")
    for old, new in HOSTILE.items():
        text = text.replace(f"[clusters.{old}]", f'[clusters."{new}"]').replace(f'"{old}"', f'"{new}"')
    text = text.replace("[networks.vm-db]", r'[networks."-o /etc/passwd\u001b[31m"]')
    (tmp_path / "plan.toml").write_text(text, encoding="utf-8")
    done = run("lab", "plan.toml", "--verbose")
    assert done.returncode == 0, done.stdout.decode()
    assert b"\x1b" not in done.stdout
    assert {p.name for p in tmp_path.iterdir()} == {"plan.toml"}


def test_a_plan_may_come_through_a_pipe(run: Run) -> None:
    done = run("lab", "-", "--from", "icp-pods", "--to", "vm-db", "--format", "csv", input=REFERENCE.read_bytes())
    assert done.returncode == 0, done.stderr
    assert done.stdout.count(b"\n") == 2
    assert b"agree" in done.stdout


def test_progress_is_for_terminals(show_on_terminal: Callable[..., str], run: Run, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "ipplan", "lab", str(SAMPLES / "three-sites.toml")]
    shown = show_on_terminal(command, folder=tmp_path, width=80, errors=True)
    assert "\r\x1b[K" in shown
    assert "waiting for" in shown or "pairs" in shown
    assert "\x1b[K" not in run("lab", str(SAMPLES / "three-sites.toml")).stderr.decode()


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (("a.toml", "b.toml"), "lab takes one plan"),
        ((str(REFERENCE), "--from", "office"), "--from needs --to"),
        ((str(REFERENCE), "--all", "--from", "office", "--to", "vm-db"), "contradict"),
        ((str(REFERENCE), "--keep", "--dry-run"), "contradict"),
        ((str(REFERENCE), "--from", "offfice", "--to", "vm-db"), "did you mean office"),
        ((), "no plan.toml in the working directory"),
    ],
)
def test_wrong_usage_is_explained(run: Run, args: tuple[str, ...], said: str) -> None:
    done = run("lab", *args)
    assert done.returncode == 2
    assert said in done.stderr.decode()


def test_it_lists_the_versions_that_it_ran_with(run: Run) -> None:
    document: Any = json.loads(run("lab", str(REFERENCE), "--json").stdout)
    versions = {row["program"]: row["version"] for row in document["versions"]}
    assert versions.keys() >= {"Linux", "iproute2", "nftables", "strongSwan", "FRR", "BIRD"}
    assert all(re.match(r"\d+\.\d", version) for version in versions.values())
    assert re.fullmatch("[0-9a-f]{64}", document["plan"]["digest"])
