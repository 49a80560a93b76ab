"""NetBox itself as a judge, with its own database: of its bulk import form, and of pushes by `ipplan netbox`."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from netbox_server import DUMP, find_netbox, find_postgresql, run_server

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conftest import Judge, Run
    from netbox_server import Server, Site

pytestmark = pytest.mark.judges

SAMPLES = Path(__file__).parent.parent.parent / "sample-plans"
HOSTILE = "=cmd|'/c calc'!A1 <script>alert(1)</script> \"quoted\", {{ x }} \\u202e"


@pytest.fixture(scope="module")
def netbox(judge: Judge) -> Iterator[Server]:
    """A running NetBox."""
    judge("redis-server", "Debian package redis-server")
    found, postgresql = find_netbox(), find_postgresql()
    if found is None or postgresql is None:
        pytest.skip("needs PostgreSQL (Debian package postgresql) and netbox (PyPI) in .venv-judges")
    version = DUMP.name.removesuffix(".dump.xz").partition("-")[2]
    if not list(found.parent.parent.glob(f"lib/python*/site-packages/netbox-{version}.dist-info")):
        pytest.skip(f"the dump is of NetBox {version}")
    with run_server(found, postgresql) as server:
        yield server


def exported(run: Run, plan: Path) -> str:
    done = run("export", str(plan), "netbox", "--force")
    assert done.returncode == 0, done.stderr
    return done.stdout.decode()


def test_the_form_takes_every_row_and_holds_what_the_plan_says(netbox: Server, run: Run, tmp_path: Path) -> None:
    text = (SAMPLES / "reference-architecture.toml").read_text("utf-8")
    hostile = tmp_path / "hostile.toml"
    hostile.write_text(
        text.replace('"web tier"', '"""' + HOSTILE + '"""').replace('"branch offices"', '"' + "x" * 500 + '"'),
        encoding="utf-8",
    )
    plans = [
        *(SAMPLES / f"{name}.toml" for name in ("reference-architecture", "two-clusters", "ipv6", "conflicts")),
        hostile,
    ]
    texts = [exported(run, plan) for plan in plans]
    for plan, written, answer in zip(plans, texts, netbox.import_prefixes(*texts), strict=True):
        rows = [[row["prefix"], row["status"], row["description"]] for row in csv.DictReader(io.StringIO(written))]
        assert (answer["status"], answer["errors"]) == (302, []), plan.name
        assert sorted(answer["prefixes"]) == sorted(rows), plan.name
    assert any("<script>" in description for _, _, description in answer["prefixes"])


def test_the_form_refuses_what_is_wrong(netbox: Server) -> None:
    head = "prefix,status,description\r\n"
    texts = {
        "host bits": f"{head}10.50.0.0/12,active,\r\n",
        "twice": f"{head}10.48.0.0/16,active,\r\n10.48.0.0/16,active,\r\n",
        "unknown status": f"{head}10.48.0.0/16,used,\r\n",
        "unknown column": "prefix,status,colour\r\n10.48.0.0/16,active,red\r\n",
        "too long": f"{head}10.48.0.0/16,active,{'x' * 201}\r\n",
    }
    answers: dict[str, dict[str, Any]] = dict(zip(texts, netbox.import_prefixes(*texts.values()), strict=True))
    assert {what: answer["status"] for what, answer in answers.items()} == dict.fromkeys(texts, 200)
    assert "Did you mean 10.48.0.0/12" in str(answers["host bits"]["errors"])


# -- ipplan netbox


@pytest.fixture(scope="module")
def site(netbox: Server) -> Iterator[Site]:
    """The same NetBox, answering HTTP."""
    pytest.importorskip("pynetbox", reason="needs pynetbox (extra netbox)")
    with netbox.serve() as site:
        yield site


class Pushed:
    """`ipplan netbox` with a plan, in a VRF of its own."""

    def __init__(self, site: Site, run: Run, folder: Path, name: str) -> None:
        self.site, self.name, self._run, self._file = site, name, run, folder / "plan.toml"
        self.vrf = site.ask("ipam/vrfs/", "POST", {"name": f"vrf {name}"[:100]})["id"]

    def write(self, text: str) -> None:
        head = f'schema = 1\n[plan]\nname = {json.dumps(self.name)}\nbyoip = ["172.24.0.0/14", "fd00:1::/48"]\n'
        self._file.write_text(head + text, encoding="utf-8")

    def __call__(self, *args: str, token: str | None = None, status: int = 0) -> dict[str, Any]:
        """Run it with --json and return the document, empty where there is none."""
        token = token or self.site.tokens.today
        done = self._run(
            "netbox",
            *args[:1],
            str(self._file),
            "--url",
            self.site.url,
            "--vrf",
            f"vrf {self.name}",
            *args[1:],
            "--json",
            env={"NETBOX_TOKEN": token},
            timeout=500,
        )
        assert done.returncode == status, done.stderr
        assert token.encode() not in done.stdout + done.stderr
        assert b"Traceback" not in done.stderr
        self.said = done.stderr.decode()
        document: dict[str, Any] = json.loads(done.stdout or "{}")
        return document

    def prefixes(self) -> dict[str, dict[str, Any]]:
        rows = self.site.ask(f"ipam/prefixes/?vrf_id={self.vrf}&limit=0")["results"]
        return {row["prefix"]: row for row in rows}

    def add(self, prefix: str, **fields: Any) -> dict[str, Any]:
        body = {"prefix": prefix, "vrf": self.vrf, **fields}
        row: dict[str, Any] = self.site.ask("ipam/prefixes/", "POST", body)
        return row


def counted(document: dict[str, Any]) -> dict[str, int]:
    """Return the counts of a document that are not zero."""
    return {name: count for name, count in document["summary"].items() if count}


WEB = """
[networks.web]
kind = "vcs-vm"
cidr = "172.24.0.0/24"
labels = { team = "erp", ticket = "NET-12" }
vlan = 120
description = "web tier"
[networks.mgmt]
kind = "vcs-management"
cidr = "10.176.18.64/26"
status = "ordered"
"""
MORE = """
[networks.old]
kind = "vcs-vm"
cidr = "172.24.2.0/24"
status = "retired"
[networks.six]
kind = "vcs-vm"
cidr = "FD00:1::/64"
[networks.later]
kind = "vcs-vm"
prefix = 24
"""


def test_push_and_then_nothing_differs(site: Site, run: Run, tmp_path: Path) -> None:
    netbox = Pushed(site, run, tmp_path, "first")
    netbox.write(WEB + MORE)
    assert counted(netbox("diff", "--exit-code", status=1)) == {"create": 14}
    assert counted(netbox("push", "--dry-run")) == {"create": 14}
    assert netbox.prefixes() == {}
    done = netbox("push")
    assert {change["state"] for change in done["changes"]} == {"done"}
    assert (counted(done), done["waiting"]) == ({"create": 14}, ["later"])
    held = netbox.prefixes()
    assert {prefix: row["status"]["value"] for prefix, row in held.items()} == {
        "172.24.0.0/24": "active",
        "10.176.18.64/26": "reserved",
        "172.24.2.0/24": "deprecated",
        "fd00:1::/64": "active",
        "172.24.0.0/14": "container",
        "fd00:1::/48": "container",
    }
    web = held["172.24.0.0/24"]
    assert web["role"]["slug"] == "vcs-vm"
    assert (web["vlan"]["vid"], web["vlan"]["name"]) == (120, "vlan-120")
    assert web["description"] == "web, VMs on VXLAN, web tier"
    assert web["comments"] == "team=erp; ticket=NET-12; vlan=120"
    assert {"ipplan", "ipplan plan first", "team:erp", "ticket:NET-12"} == {t["name"] for t in web["tags"]}
    assert counted(netbox("diff", "--exit-code")) == {"unchanged": 14}
    assert counted(netbox("push", token=site.tokens.old)) == {"unchanged": 14}


def test_changes_are_pushed_and_only_prune_deletes(site: Site, run: Run, tmp_path: Path) -> None:
    netbox = Pushed(site, run, tmp_path, "second")
    netbox.write(WEB + MORE)
    netbox("push")
    web = netbox.prefixes()["172.24.0.0/24"]
    critical = site.ask("extras/tags/", "POST", {"name": "critical", "slug": "critical"})
    tags = [{"id": tag["id"]} for tag in (*web["tags"], critical)]
    site.ask(f"ipam/prefixes/{web['id']}/", "PATCH", {"tags": tags, "is_pool": True})
    foreign = netbox.add("172.24.9.0/24", description="theirs")
    changed = WEB.replace("vlan = 120", "vlan = 121").replace('team = "erp", ', "")
    netbox.write(changed.replace('"ordered"', '"live"'))
    assert counted(netbox("push")) == {"create": 1, "update": 2, "unplanned": 3, "unchanged": 8}
    assert len(netbox.prefixes()) == 7
    assert counted(netbox("push", "--prune")) == {"delete": 3, "unchanged": 11}
    assert counted(netbox("diff", "--prune", "--exit-code")) == {"unchanged": 11}
    held = netbox.prefixes()
    assert held.pop("172.24.9.0/24")["last_updated"] == foreign["last_updated"]
    assert set(held) == {"172.24.0.0/24", "10.176.18.64/26", "172.24.0.0/14", "fd00:1::/48"}
    web = held["172.24.0.0/24"]
    assert (web["vlan"]["vid"], web["is_pool"]) == (121, True)
    assert {"critical", "ipplan", "ipplan plan second", "ticket:NET-12"} == {t["name"] for t in web["tags"]}
    netbox.write("")
    netbox("push", "--prune")
    assert set(netbox.prefixes()) == {"172.24.9.0/24", "172.24.0.0/14", "fd00:1::/48"}
    assert site.ask("ipam/vlan-groups/?slug=ipplan-plan-second")["count"] == 0


def test_what_others_made_is_a_conflict_and_adopted_only_if_asked(site: Site, run: Run, tmp_path: Path) -> None:
    netbox = Pushed(site, run, tmp_path, "third")
    foreign = netbox.add("172.24.0.0/24", description="theirs", status="deprecated")
    netbox.write(WEB)
    done = netbox("push")
    assert [(c["name"], c["reason"], c["state"]) for c in done["changes"] if c["change"] == "conflict"] == [
        ("172.24.0.0/24", "not created by ipplan", "left")
    ]
    assert netbox.prefixes()["172.24.0.0/24"]["last_updated"] == foreign["last_updated"]
    assert counted(netbox("diff", "--exit-code", status=1))["conflict"] == 1
    assert counted(netbox("push", "--adopt"))["adopt"] == 1
    assert netbox.prefixes()["172.24.0.0/24"]["id"] == foreign["id"]
    assert netbox.prefixes()["172.24.0.0/24"]["description"].startswith("web, ")
    netbox("diff", "--exit-code")
    # Another plan in the same VRF must not change any of it.
    other = json.dumps(netbox.prefixes())
    text = netbox._file.read_text("utf-8")
    netbox._file.write_text(text.replace('"third"', '"third, copied"'), encoding="utf-8")
    assert counted(netbox("push", "--prune"))["conflict"] == 4
    assert json.dumps(netbox.prefixes()) == other


def test_hostile_names(site: Site, run: Run, tmp_path: Path) -> None:
    netbox = Pushed(site, run, tmp_path, "<script>alert(1)</script>")
    names = [HOSTILE, "a\tb", "a b", "x" * 400, "=1+1", "\u202eabc", "{{ x }}", "ipplan", "é", "\U0001f600"]
    text = ""
    for number, name in enumerate(names):
        word = json.dumps(name, ensure_ascii=False)  # which is a string of TOML, too
        text += (
            f"[networks.{word}]\nkind = 'vcs-vm'\ncidr = '172.24.{number}.0/24'\nvlan = {number + 1}\n"
            f"description = {word}\nlabels = {{ {word} = {word}, team = '', Team = '', 'a:b' = 'c', a = 'b:c' }}\n"
        )
    netbox.write(text)
    done = netbox("push")
    assert {change["state"] for change in done["changes"]} == {"done"}, done
    assert len(netbox.prefixes()) == len(names) + 2
    netbox("diff", "--exit-code")


def test_five_hundred_networks(site: Site, run: Run, tmp_path: Path) -> None:
    netbox = Pushed(site, run, tmp_path, "large")
    networks = "".join(
        f"[networks.vm-{number}]\nkind = 'vcs-vm'\ncidr = '172.{24 + number // 256}.{number % 256}.0/24'\n"
        f"vlan = {number + 1}\nlabels = {{ team = 't{number % 5}' }}\n"
        for number in range(500)
    )
    netbox.write(networks)
    assert {change["state"] for change in netbox("push")["changes"]} == {"done"}
    assert len(netbox.prefixes()) == 502
    netbox("diff", "--exit-code")
    netbox.write("")
    assert counted(netbox("push", "--prune"))["delete"] == 1001
    assert set(netbox.prefixes()) == {"172.24.0.0/14", "fd00:1::/48"}


def test_what_netbox_rejects_is_reported_and_the_rest_is_done(site: Site, run: Run, tmp_path: Path) -> None:
    netbox = Pushed(site, run, tmp_path, "partial")
    netbox.write(WEB)
    netbox("push")
    (group,) = site.ask("ipam/vlan-groups/?slug=ipplan-plan-partial")["results"]
    taken = site.ask("ipam/vlans/", "POST", {"vid": 9, "name": "vlan-121", "group": group["id"]})
    netbox.write(WEB.replace("vlan = 120", "vlan = 121") + MORE)
    done = netbox("push", status=2)
    states = {(change["object"], change["name"]): change["state"] for change in done["changes"]}
    assert states == {
        ("VLAN", "ipplan-plan-partial/121"): "failed",
        ("prefix", "172.24.0.0/24"): "failed",
        ("prefix", "172.24.2.0/24"): "done",
        ("prefix", "fd00:1::/64"): "done",
        ("VLAN", "ipplan-plan-partial/120"): "left",
    }
    assert "help: 2 done, 2 failed, 0 not tried; fix the cause and run it again\n" in netbox.said
    site.ask(f"ipam/vlans/{taken['id']}/", "DELETE")
    assert counted(netbox("push"))["unplanned"] == 1
    assert netbox.prefixes()["172.24.0.0/24"]["vlan"]["vid"] == 121


def test_tokens_that_may_not(site: Site, run: Run, tmp_path: Path) -> None:
    netbox = Pushed(site, run, tmp_path, "tokens")
    netbox.write(WEB)
    assert netbox("diff", token=site.tokens.reader)["same"] is False
    done = netbox("push", token=site.tokens.reader, status=2)
    assert (counted(done)["failed"], {c["state"] for c in done["changes"]}) == (1, {"failed", "not-tried"})
    assert "rejects the token or its permissions" in netbox.said
    for token in (site.tokens.guest, "nbt_nobody.nothing", "0" * 40):
        assert netbox("push", token=token, status=2) == {}
        assert "error: NetBox at http" in netbox.said
    assert netbox.prefixes() == {}


def test_a_vrf_is_found_by_name_or_route_distinguisher(site: Site, run: Run, tmp_path: Path) -> None:
    netbox = Pushed(site, run, tmp_path, "vrfs")
    netbox.write(WEB)
    site.ask("ipam/vrfs/", "POST", {"name": "vrf vrfs", "rd": "2:vrfs"})
    netbox("push", status=2)
    assert 'error: NetBox has 2 VRFs with the name "vrf vrfs"\n' in netbox.said
    netbox("push", "--vrf", "nowhere", status=2)
    assert 'error: NetBox has no VRF with the name or route distinguisher "nowhere"\n' in netbox.said
    assert netbox.prefixes() == {}
    netbox("push", "--vrf", "2:vrfs")
    assert site.ask("ipam/prefixes/?vrf=2:vrfs")["count"] == 4


def test_what_is_pushed_is_imported_as_the_same_networks(site: Site, run: Run, tmp_path: Path) -> None:
    netbox = Pushed(site, run, tmp_path, "again")
    # Ordered and planned networks are reserved in NetBox.
    netbox.write(WEB.replace("ordered", "planned") + MORE.partition("[networks.later]")[0])
    netbox("push")
    rows = site.ask(f"ipam/prefixes/?vrf_id={netbox.vrf}&limit=0")
    for row in rows["results"]:
        row["vrf"] = None
    (tmp_path / "netbox.json").write_text(json.dumps(rows), encoding="utf-8")
    assert run("import", "netbox", "netbox.json", "-o", "again.toml").returncode == 0
    done = run("diff", "plan.toml", "again.toml", "--json")
    assert [change for change in json.loads(done.stdout)["changes"] if change["what"] == "network"] == []
