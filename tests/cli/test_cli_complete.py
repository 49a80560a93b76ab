"""Shell completion, requested as bash, zsh and fish request it."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click
import pytest

from ipplan.catalog import EDITIONS
from ipplan.checks import RULES
from ipplan.cli import COMMANDS, LazyGroup
from ipplan.cli.complete import teach
from ipplan.flows import FLOWS
from ipplan.plan.kinds import KINDS

if TYPE_CHECKING:
    from conftest import Run

ROOT = Path(__file__).parent.parent.parent

PLAN = """\
[plan]
byoip = ["10.0.0.0/33"]
[clusters.iks-a]
[clusters.icp-a]
[networks.vm-web]
kind = "unfinished"
[networks.vm-db]
edge = "dallas"
addresses = { primary = 10 }
labels = { team = "erp", "$(touch x)" = "y" }
[edges.frankfurt]
labels = { team = "net" }
[sites.hq]
[networks."with space"]
[networks."$(touch x)"]
"""


FLOW_WORDS = [*(flow.letter for flow in FLOWS), *(flow.name for flow in FLOWS)]
ENDS = ["vm-web", "vm-db", "vm-db.primary", "internet", "dns", "ntp", "web-proxy"]


def words(run: Run, line: str) -> list[str]:
    """Return what completes the last word of a line."""
    parts = line.split(" ")
    done = run(env={"_IPPLAN_COMPLETE": "bash_complete", "COMP_WORDS": line, "COMP_CWORD": str(len(parts) - 1)})
    assert done.stderr == b""
    return [text for text in done.stdout.decode().splitlines() if text]


@pytest.fixture(autouse=True)
def plans(tmp_path: Path) -> None:
    (tmp_path / "plan.toml").write_text(PLAN, encoding="utf-8")
    (tmp_path / "other.toml").write_text("[networks.elsewhere]\n", encoding="utf-8")


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_each_shell_gets_a_script(run: Run, shell: str) -> None:
    done = run(env={"_IPPLAN_COMPLETE": f"{shell}_source"})
    assert (done.returncode, done.stderr) == (0, b"")
    assert f"_IPPLAN_COMPLETE={shell}_complete".encode() in done.stdout
    assert done.stdout.endswith(b"\n")


def test_commands_and_nothing_else_begin_a_line(run: Run) -> None:
    assert words(run, "ipplan ") == [f"plain,{name}" for name in COMMANDS]
    assert words(run, "ipplan ch") == ["plain,check"]
    assert "plain,--version" in words(run, "ipplan --")


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("ipplan check ", ["file,"]),
        ("ipplan check a.toml b", ["file,b"]),
        ("ipplan show pl", ["file,pl"]),
        ("ipplan lookup 10.0.0.1 --plan pl", ["file,pl"]),
        ("ipplan check plan.toml -o out", ["file,out"]),
        ("ipplan check --select unsold", ["plain,unsold-size"]),
        ("ipplan check --ignore=unsold", ["plain,unsold-size"]),
        ("ipplan why plan.toml vm-", ["plain,vm-web", "plain,vm-db"]),
        ("ipplan why other.toml e", ["plain,elsewhere"]),
        ("ipplan why none.toml e", []),
        ("ipplan show plan.toml --network vm-d", ["plain,vm-db"]),
        ("ipplan show other.toml --network ", ["plain,elsewhere"]),
        ("ipplan show --network ", ["plain,vm-web", "plain,vm-db"]),
        ("ipplan show - --network ", []),
        ("ipplan show plan.toml --cluster i", ["plain,iks-a", "plain,icp-a"]),
        ("ipplan show plan.toml --kind icp-", ["plain,icp-pod", "plain,icp-service", "plain,icp-worker"]),
        ("ipplan show plan.toml --label ", ["plain,team=erp", "plain,team=net"]),
        ("ipplan map pl", ["file,pl"]),
        ("ipplan map plan.toml --of 10", ["plain,10.0.0.0/33"]),
        ("ipplan map plan.toml --network vm-d", ["plain,vm-db"]),
        ("ipplan show --format j", ["plain,json"]),
        ("ipplan ranges --data-center fra", ["plain,fra02", "plain,fra04", "plain,fra05"]),
        ("ipplan ranges --category kub", ["plain,kubernetes-reserved", "plain,kubernetes-default"]),
        ("ipplan ranges --platform ope", ["plain,openshift"]),
        ("ipplan check --ranges-edition 2018", ["plain,2018-11-30"]),
        ("ipplan init --template two", ["plain,two-clusters"]),
        ("ipplan topology plan.toml --flow icp", ["plain,icp-to-vm"]),
        ("ipplan topology plan.toml --format s", ["plain,svg"]),
        ("ipplan flows plan.toml in", ["plain,internet-to-iks", "plain,internet-to-icp"]),
        ("ipplan flows ", ["file,", *(f"plain,{word}" for word in FLOW_WORDS)]),
        ("ipplan flows int", ["file,int", "plain,internet-to-iks", "plain,internet-to-icp"]),
        ("ipplan flows plan.toml --from vm-d", ["plain,vm-db", "plain,vm-db.primary"]),
        ("ipplan flows C --to i", ["plain,internet"]),
        ("ipplan flows C --to vm-w", ["plain,vm-web"]),
        ("ipplan lab plan.toml --to ", [f"plain,{end}" for end in ENDS]),
        ("ipplan lab e", ["file,e", "plain,enter"]),
        ("ipplan why vm-", ["file,vm-", "plain,vm-web", "plain,vm-db"]),
        ("ipplan why vm-web -f js", ["plain,json"]),
        ("ipplan export bi", ["file,bi", "plain,bird"]),
        ("ipplan export netbox --cluster iks", ["plain,iks-a"]),
        ("ipplan free --pool ", ["plain,10.0.0.0/33"]),
        ("ipplan free --data-center dal14", ["plain,dal14"]),
        ("ipplan rules unsold", ["plain,unsold-size"]),
        ("ipplan diff ol", ["file,ol"]),
        ("ipplan diff old.toml ne", ["file,ne"]),
        ("ipplan ranges diff 2018", ["file,2018", "plain,2018-11-30"]),
        ("ipplan netbox diff pl", ["file,pl"]),
        ("ipplan report --since pl", ["file,pl"]),
        ("ipplan import net", ["plain,netbox"]),
        ("ipplan check --color al", ["plain,always"]),
        ("ipplan init n", ["file,n"]),
        ("ipplan schema al", ["plain,allocation"]),
        ("ipplan show --all", ["plain,--allocated"]),
        ("ipplan export plan.toml static", ["plain,static-route"]),
        ("ipplan export plan.toml nftables --edge ", ["plain,frankfurt", "plain,dallas"]),
        ("ipplan export plan.toml strongswan-conf-site --site h", ["plain,hq"]),
        (
            "ipplan export plan.toml strongswan-conf --to ",
            [
                "plain,iks-a",
                "plain,icp-a",
                "plain,frankfurt",
                "plain,dallas",
                "plain,hq",
            ],
        ),
    ],
)
def test_what_completes_a_line(run: Run, line: str, expected: list[str]) -> None:
    assert words(run, line) == expected


def test_whole_tables_complete(run: Run) -> None:
    assert words(run, "ipplan check --select ") == [f"plain,{name}" for name in sorted(RULES)]
    assert words(run, "ipplan show --kind ") == [f"plain,{name}" for name in KINDS]
    assert words(run, "ipplan check --ranges-edition ") == [f"plain,{e}" for e in reversed(EDITIONS)]


def test_shells_that_show_it_are_told_what_a_word_means(run: Run) -> None:
    done = run(
        env={
            "_IPPLAN_COMPLETE": "fish_complete",
            "COMP_WORDS": "ipplan show --kind icp-w",
            "COMP_CWORD": "icp-w",
        }
    )
    assert done.stdout.decode() == f"plain,icp-worker\t{KINDS['icp-worker'].title}\n"


@pytest.mark.parametrize("instruction", ["bash_complete", "zsh_complete", "fish_complete"])
def test_a_shell_that_does_not_say_what_is_typed_gets_nothing(run: Run, instruction: str) -> None:
    done = run(env={"_IPPLAN_COMPLETE": instruction})
    assert (done.returncode, done.stdout, done.stderr) == (1, b"", b"")


@pytest.mark.parametrize("instruction", ["1", "bash", "bash_sauce", "tcsh_source", "\x1b[2J"])
def test_an_instruction_that_is_none(run: Run, instruction: str) -> None:
    done = run(env={"_IPPLAN_COMPLETE": instruction})
    assert (done.returncode, done.stdout) == (2, b"")
    assert b"which is not a valid completion request\nhelp: eval " in done.stderr
    assert b"\x1b" not in done.stderr


def test_the_version_is_no_concern_of_completion(run: Run) -> None:
    assert run("--version").returncode == 0


@pytest.mark.skipif(shutil.which("bash") is None, reason="needs bash")
def test_bash_completes_a_line_with_the_script(run: Run, tmp_path: Path) -> None:
    program = tmp_path / "ipplan"
    program.write_text(f'#!/bin/sh\nexec {sys.executable} -m ipplan "$@"\n', encoding="utf-8")
    program.chmod(0o755)
    script = (
        'eval "$(_IPPLAN_COMPLETE=bash_source ipplan)"\n'
        "complete -p ipplan\n"
        "COMP_WORDS=(ipplan why plan.toml vm-); COMP_CWORD=3\n"
        "_ipplan_completion ipplan\n"
        'printf "%s\\n" "${COMPREPLY[@]}"\n'
        "COMP_WORDS=(ipplan why vm-d); COMP_CWORD=2\n"
        "_ipplan_completion ipplan 2> no-completion-is-running\n"
        'printf "%s\\n" "${COMPREPLY[@]}"\n'
    )
    done = subprocess.run(
        ["bash", "--norc", "-c", script],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env={"PATH": f"{tmp_path}:/usr/bin:/bin", "PYTHONPATH": str(ROOT)},
    )
    registered, *completions = done.stdout.splitlines()
    assert "-F _ipplan_completion ipplan" in registered
    assert completions == ["vm-web", "vm-db", "vm-db"]


FREE = {
    "--name": "a new name",
    "--byoip": "a new pool",
    "--avoid": "a range",
    "--search": "any text",
    "--worker": "a number or an address",
    "--domain": "a new name",
    "--column": "a title in a file",
    "--sheet": "a name in a file",
    "--date": "a date",
    "--url": "an address",
    "--vrf": "a name in NetBox",
    "queries": "addresses",
}
"""Free text that no list holds."""


def test_every_other_free_word_is_known() -> None:
    group = LazyGroup("ipplan")
    commands = [group.get_command(click.Context(group), name) for name in COMMANDS]
    for command in commands:
        assert command is not None
        teach(command)
    flat = [c for command in commands for c in (command, *getattr(command, "commands", {}).values())]
    unknown = {
        param.opts[-1]
        for command in flat
        for param in command.params
        if type(param.type) is click.types.StringParamType and not param._custom_shell_complete
    }
    assert unknown == set(FREE)
