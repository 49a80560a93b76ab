"""The script with orders, run by real shells with an `ibmcloud` that only records its arguments."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from ipplan.catalog import load_catalog
from ipplan.exporters import ExportError, Request
from ipplan.exporters.ibmcloud import export_ibmcloud
from ipplan.landscape import Landscape
from ipplan.plan.load import parse_plan

if TYPE_CHECKING:
    from collections.abc import Mapping

    from conftest import Run

SAMPLES = Path(__file__).parent.parent.parent / "sample-plans"
SHELLS = [name for name in ("sh", "dash", "bash", "busybox") if shutil.which(name)]
VARIABLES = {
    "FLAVOR": "b3c.4x16",
    "PRIVATE_VLAN": "1001",
    "PUBLIC_VLAN": "1002",
    "CLUSTER": "mine",
    "ZONE": "dal10",
}
INSTANCE = {"VCS_PUBLIC_VLAN": "2001", "VCS_PRIVATE_VLAN_A": "2002", "VCS_PRIVATE_VLAN_B": "2003"}
CLUSTER = """
[plan]
data-centers = ["dal10"]
[clusters.prod]
platform = "iks"
workers = 4
"""
HOSTILE = "\"'; touch hacked; $(touch hacked) `touch hacked`\n touch hacked\r\n*)\n;;\nesac\n\\ \u2028# é"


class Shell:
    """A folder with a fake ibmcloud, and a function that runs a script there."""

    def __init__(self, folder: Path, name: str) -> None:
        self.folder = folder
        self.name = name
        tools = folder / "bin"
        tools.mkdir()
        tool = tools / "ibmcloud"
        tool.write_text(
            f"#!{sys.executable}\nimport json, sys\n"
            f"print(json.dumps(sys.argv[1:]), file=open({str(folder / 'asked')!r}, 'a'))\n",
            encoding="utf-8",
        )
        tool.chmod(0o755)

    def run(self, script: str, step: str, variables: Mapping[str, str]) -> subprocess.CompletedProcess[bytes]:
        (self.folder / "script").write_bytes(script.encode())
        command = ["busybox", "sh"] if self.name == "busybox" else [self.name]
        assert subprocess.run([*command, "-n", "script"], cwd=self.folder, check=False).returncode == 0
        environment = {"PATH": f"{self.folder / 'bin'}:{os.environ['PATH']}", **variables}
        return subprocess.run(
            [*command, "script", step],
            cwd=self.folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
        )

    def asked(self, script: str, step: str, variables: Mapping[str, str] | None = None) -> list[list[str]]:
        """Return the arguments of each call of ibmcloud."""
        log = self.folder / "asked"
        log.unlink(missing_ok=True)
        done = self.run(script, step, {**VARIABLES, **INSTANCE} if variables is None else variables)
        assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
        return [json.loads(line) for line in log.read_text("utf-8").splitlines()] if log.exists() else []


@pytest.fixture(params=SHELLS)
def shell(request: pytest.FixtureRequest, tmp_path: Path) -> Shell:
    return Shell(tmp_path, request.param)


def made(text: str) -> str:
    plan = parse_plan(text.encode(), "plan.toml")
    return export_ibmcloud(Request(Landscape(plan, load_catalog())))


def exported(run: Run, sample: str, *more: str) -> str:
    done = run("export", str(SAMPLES / f"{sample}.toml"), "ibmcloud", *more)
    assert done.returncode == 0, done.stderr
    return done.stdout.decode()


def test_the_reference_plan_orders_a_cluster_and_the_subnet_that_is_missing(run: Run, shell: Shell) -> None:
    script = exported(run, "reference-architecture")
    assert shell.asked(script, "clusters") == [
        [
            "ks",
            "cluster",
            "create",
            "classic",
            "--name",
            "iks-prod",
            "--zone",
            "dal10",
            "--flavor",
            "b3c.4x16",
            "--private-vlan",
            "1001",
            "--public-vlan",
            "1002",
            "--workers",
            "10",
            "--pod-subnet",
            "172.30.0.0/16",
            "--service-subnet",
            "172.21.0.0/16",
            "--no-subnet",
        ]
    ]
    assert shell.asked(script, "subnets") == [["sl", "subnet", "create", "private", "64", "2002"]]


def test_two_clusters_have_variables_and_zones_of_their_own(run: Run, shell: Shell) -> None:
    script = exported(run, "two-clusters")
    variables = {f"{key}_{name}": f"{key}-{name}" for key in VARIABLES for name in ("IKS_DAL", "IKS_FRA")}
    dal, fra = shell.asked(script, "clusters", variables)
    assert (dal[dal.index("--zone") + 1], fra[fra.index("--zone") + 1]) == ("dal10", "fra02")
    assert fra[fra.index("--private-vlan") + 1] == "PRIVATE_VLAN-IKS_FRA"
    assert fra[fra.index("--pod-subnet") + 1] == "172.26.0.0/20"
    assert fra[fra.index("--service-subnet") + 1] == "172.26.16.0/22"
    assert shell.asked(script, "subnets", variables) == [
        ["ks", "cluster", "subnet", "create", "--cluster", f"iks-{name}", "--size", "8", "--vlan", vlan]
        for name, vlan in (("dal", "PUBLIC_VLAN-IKS_DAL"), ("fra", "PUBLIC_VLAN-IKS_FRA"))
    ]


def test_two_clusters_ask_for_all_variables_before_the_first_order(run: Run, shell: Shell) -> None:
    script = exported(run, "two-clusters")
    variables = {f"{key}_{name}": "1" for key in VARIABLES for name in ("IKS_DAL", "IKS_FRA")}
    del variables["PUBLIC_VLAN_IKS_FRA"]
    for step in ("clusters", "subnets"):
        done = shell.run(script, step, variables)
        assert done.returncode != 0
        assert b"PUBLIC_VLAN_IKS_FRA" in done.stderr
        assert not (shell.folder / "asked").exists()


@pytest.mark.parametrize("missing", ["FLAVOR", "PRIVATE_VLAN", "PUBLIC_VLAN"])
def test_nothing_is_ordered_while_a_variable_is_missing(run: Run, shell: Shell, missing: str) -> None:
    script = exported(run, "reference-architecture")
    for rest in (
        {k: v for k, v in VARIABLES.items() if k != missing},
        {**VARIABLES, missing: ""},
    ):
        done = shell.run(script, "clusters", rest)
        assert done.returncode != 0
        assert missing.encode() in done.stderr
        assert not (shell.folder / "asked").exists()


def test_without_a_step_nothing_is_ordered(run: Run, shell: Shell) -> None:
    done = shell.run(exported(run, "reference-architecture"), "", VARIABLES)
    assert done.returncode == 2
    assert b"usage: sh script clusters|subnets" in done.stderr
    assert not (shell.folder / "asked").exists()


@pytest.mark.parametrize(
    ("networks", "orders"),
    [
        ('[networks.a]\nkind = "vcs-management"\n', [["private", "64", "2002"]]),
        ('[networks.a]\nkind = "vcs-vsan"\nprefix = 27\n', [["private", "32", "2003"]]),
        ('[networks.a]\nkind = "vcs-esg-public"\n', [["public", "16", "2001"]]),
        ('[networks.a]\nkind = "vcs-esg-private"\nhosts = 3\n', [["private", "8", "2002"]]),
        ('[networks.a]\nkind = "vcs-esg-private"\nhosts = 7\n', [["private", "16", "2002"]]),
        ('[networks.a]\nkind = "vcs-esg-public"\nprefix = 64\n', [["public", "64", "2001", "--ipv6"]]),
        ('[networks.a]\nkind = "vcs-esg-private"\nprefix = 64\n', []),  # IBM Cloud sells no private IPv6
        ('[networks.a]\nkind = "vcs-esg-private"\n', []),  # no usual size
        ('[networks.a]\nkind = "vcs-esg-public"\nprefix = 26\n', []),  # larger than the command takes
        ('[networks.a]\nkind = "vcs-host-private"\n', []),  # primary
        ('[networks.a]\nkind = "vcs-vtep"\ncidr = "10.176.18.128/26"\n', []),
    ],
)
def test_subnets_of_vcenter_server(tmp_path: Path, networks: str, orders: list[list[str]]) -> None:
    script = made(CLUSTER + networks)
    assert Shell(tmp_path, "sh").asked(script, "subnets") == [["sl", "subnet", "create", *o] for o in orders]


@pytest.mark.parametrize(
    ("networks", "orders"),
    [
        ('kind = "iks-ingress-public"\n', [("8", "1002")]),
        ('kind = "iks-ingress-private"\nprefix = 26\n', [("64", "1001")]),
        ('kind = "iks-ingress-private"\nhosts = 20\n', [("32", "1001")]),
        ('kind = "iks-ingress-private"\nprefix = 25\n', []),
        ('kind = "iks-worker-private"\n', []),
    ],
)
def test_subnets_of_a_cluster(tmp_path: Path, networks: str, orders: list[tuple[str, str]]) -> None:
    script = made(f'{CLUSTER}[networks.a]\ncluster = "prod"\n{networks}')
    shell = Shell(tmp_path, "sh")
    assert shell.asked(script, "subnets") == [
        ["ks", "cluster", "subnet", "create", "--cluster", "prod", "--size", size, "--vlan", vlan]
        for size, vlan in orders
    ]
    (create,) = shell.asked(script, "clusters")
    # A cluster without portable subnets in the plan keeps the two that IKS creates.
    assert ("--no-subnet" in create) == ("ingress" in networks)
    assert ("--private-only" in create) == ("public" not in networks)
    assert ("--public-vlan" in create) == ("public" in networks)


def test_a_begun_cluster_takes_what_iks_gives(tmp_path: Path) -> None:
    (create,) = Shell(tmp_path, "sh").asked(made(CLUSTER), "clusters")
    assert "--no-subnet" not in create
    assert create[create.index("--public-vlan") + 1] == "1002"


def test_a_cluster_from_before_october_2017_is_not_created_again(shell: Shell) -> None:
    text = CLUSTER + '[networks.s]\nkind = "iks-service"\ncidr = "10.10.10.0/24"\n'
    script = made(text + '[networks.i]\nkind = "iks-ingress-private"\nprefix = 29\n')
    assert "only clusters from before October 2017 have services in 10.10.10.0/24" in script
    assert shell.asked(script, "clusters") == []
    assert [order[:3] for order in shell.asked(script, "subnets")] == [["ks", "cluster", "subnet"]]


def test_hostile_names_reach_no_command(shell: Shell) -> None:
    word = json.dumps(HOSTILE)
    script = made(
        f"""
[plan]
name = {word}
[clusters.{word}]
platform = "iks"
[networks.{word}]
kind = "iks-ingress-public"
cluster = {word}
description = {word}
[networks.{json.dumps("b" + HOSTILE)}]
kind = "vcs-hcx"
edge = {word}
"""
    )
    edge = "TOUCH_HACKED_TOUCH_HACKED_TOUCH_HACKED_TOUCH_HACKED_ESAC"
    variables = {**VARIABLES, f"VCS_PRIVATE_VLAN_A_{edge}": "7"}
    (create,) = shell.asked(script, "clusters", variables)
    assert create[create.index("--name") + 1] == "mine"
    assert shell.asked(script, "subnets", variables) == [
        ["ks", "cluster", "subnet", "create", "--cluster", "mine", "--size", "8", "--vlan", "1002"],
        ["sl", "subnet", "create", "private", "64", "7"],
    ]
    assert not (shell.folder / "hacked").exists()


def test_names_that_would_share_a_variable_do_not(tmp_path: Path) -> None:
    script = made('[clusters."a b"]\nplatform = "iks"\n[clusters.a-b]\nplatform = "iks"\n')
    variables = {f"{key}_A_B{end}": key + end for key in VARIABLES for end in ("", "_2")}
    first, second = Shell(tmp_path, "sh").asked(script, "clusters", variables)
    assert first[first.index("--name") + 1] == "CLUSTER"
    assert second[second.index("--name") + 1] == "a-b"
    assert second[second.index("--private-vlan") + 1] == "PRIVATE_VLAN_2"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("schema = 1\n", "there is nothing to order"),
        (
            CLUSTER + '[networks.a]\nkind = "iks-pod"\ncidr = "172.30.0.0/20"\n[networks.b]\nkind = "iks-pod"\n',
            "has 2 networks of kind iks-pod, and IKS can have one",
        ),
        (
            '[plan]\nbyoip = ["172.24.0.0/14"]\n[clusters.prod]\nplatform = "iks"\n'
            '[networks.a]\nkind = "iks-pod"\nprefix = 20\npool = "172.24.0.0/14"\n',
            "network a has no range",
        ),
    ],
)
def test_a_target_that_cannot_be_written_says_why(text: str, said: str) -> None:
    with pytest.raises(ExportError, match=said):
        made(text)
