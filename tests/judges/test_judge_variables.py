"""Ansible and Terraform as judges of their variables: they read them, and find no template in them."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

if TYPE_CHECKING:
    from conftest import Judge, Run

pytestmark = pytest.mark.judges

REFERENCE = Path(__file__).parent.parent.parent / "sample-plans" / "reference-architecture.toml"
TEMPLATES = (
    "{{ lookup('pipe', 'touch hacked') }}",
    '${file("/etc/hostname")}',
    "%{ for x in [1] }x%{ endfor }",
    "{# #}",
)


def asked(*command: str, folder: Path, feed: str | None = None) -> str:
    environment = {
        **os.environ,
        "ANSIBLE_NOCOLOR": "1",
        "ANSIBLE_LOCALHOST_WARNING": "0",
        "CHECKPOINT_DISABLE": "1",
    }
    done = subprocess.run(
        command,
        cwd=folder,
        input=feed,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr + done.stdout
    return done.stdout


@pytest.fixture(params=["plain", *TEMPLATES])
def plan(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """The reference plan, and copies with a template as the name of the plan, a network, a cluster and an address."""
    text = REFERENCE.read_text("utf-8")
    if request.param != "plain":
        word = json.dumps(request.param)[1:-1]
        text = text.replace('name = "reference-architecture"', f'name = "{word}"')
        text = text.replace("[networks.vm-web]", f'[networks."{word}"]').replace(
            "[clusters.iks-prod]", f'[clusters."{word}"]'
        )
        text = text.replace("master-vip = 10", f'master-vip = 10, "{word}" = 20')
    (tmp_path / "plan.toml").write_text(text, encoding="utf-8")
    return tmp_path


def networks(run: Run, plan: Path) -> dict[str, Any]:
    done = run("export", "plan.toml", "terraform")
    assert done.returncode == 0, done.stderr
    (plan / "ipplan.auto.tfvars.json").write_bytes(done.stdout)
    found: dict[str, Any] = json.loads(done.stdout)["ipplan"]["networks"]
    return found


def test_ansible_shows_every_network_as_it_is_in_the_plan(judge: Judge, run: Run, plan: Path) -> None:
    inventory, ansible = (judge(name, "PyPI package ansible-core") for name in ("ansible-inventory", "ansible"))
    folder = plan / "group_vars" / "all"
    folder.mkdir(parents=True)
    (folder / "ipplan.yaml").write_bytes(run("export", "plan.toml", "ansible").stdout)
    (plan / "hosts").write_text("localhost ansible_connection=local\n", encoding="utf-8")
    listed = json.loads(asked(inventory, "-i", "hosts", "--host", "localhost", folder=plan))
    assert {name: n["cidr"] for name, n in listed["ipplan"]["networks"].items()} == {
        name: n["cidr"] for name, n in networks(run, plan).items()
    }
    # A variable is a template only once it is used.
    shown = asked(ansible, "-i", "hosts", "localhost", "-m", "debug", "-a", "var=ipplan", folder=plan)
    used = yaml.safe_load(shown.partition("=>")[2])["ipplan"]
    assert used["networks"] == listed["ipplan"]["networks"]
    assert used["tunnels"] == listed["ipplan"]["tunnels"]
    assert not (plan / "hacked").exists()


def test_terraform_reads_the_variable_and_counts_addresses_as_the_plan_does(judge: Judge, run: Run, plan: Path) -> None:
    terraform = judge("terraform", "HashiCorp")
    expected = networks(run, plan)
    (plan / "main.tf").write_text('variable "ipplan" { type = any }\n', encoding="utf-8")
    asked(terraform, "init", "-input=false", folder=plan)
    read = asked(terraform, "console", folder=plan, feed="jsonencode(jsonencode(var.ipplan.networks))\n")
    assert json.loads(json.loads(json.loads(read))) == expected
    first = "jsonencode({ for k, n in var.ipplan.networks : k => cidrhost(n.cidr, 1) })\n"
    counted = json.loads(json.loads(asked(terraform, "console", folder=plan, feed=first)))
    for name, network in expected.items():
        if network["gateway"] is not None and int(network["cidr"].rpartition("/")[2]) < 31:
            assert counted[name] == network["gateway"]
