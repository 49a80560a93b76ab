"""Exports: read back by readers of their formats, compared with the plan, and safe with hostile names."""

from __future__ import annotations

import csv
import io
import json
import re
import shlex
import xml.etree.ElementTree as ET
from ipaddress import ip_address, ip_network
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import yaml

from ipplan.exporters import TARGETS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from conftest import Run

SAMPLES = Path(__file__).parent.parent.parent / "sample-plans"
REFERENCE = SAMPLES / "reference-architecture.toml"
YAML = ("icp-config", "strongswan-iks", "strongswan-iks-icp", "strongswan-icp")
BGP = ("frr", "bird", "calico")
SWANCTL = ("strongswan-conf", "strongswan-conf-iks", "strongswan-conf-iks-icp", "strongswan-conf-icp")
ELSEWHERE = ("xlsx", "strongswan-conf-site", "static-route")
"""Targets that test_xlsx and test_every_link read back."""
HOSTILE = 'a\\"\\n]]>: {x} #\\u0001$(touch hacked)\\u2028=1+1'


def exported(run: Run, target: str, plan: Path = REFERENCE, *more: str) -> str:
    done = run("export", str(plan), target, *more)
    assert done.returncode == 0, done.stderr
    return done.stdout.decode()


def test_the_list_names_every_target(run: Run) -> None:
    lines = run("export", "--list").stdout.decode().splitlines()
    assert [line.split()[0] for line in lines] == list(TARGETS)


@pytest.mark.parametrize("target", YAML)
def test_yaml_names_its_purpose_and_its_plan(run: Run, target: str) -> None:
    text = exported(run, target)
    assert "written by ipplan" in text.splitlines()[1]
    assert "2025-10-03" in text.splitlines()[1]
    assert isinstance(yaml.safe_load(text), dict)


def test_the_installer_of_icp_gets_the_ranges_and_addresses_of_the_plan(run: Run) -> None:
    assert yaml.safe_load(exported(run, "icp-config")) == {
        "network_type": "calico",
        "network_cidr": "10.224.0.0/16",
        "service_cluster_ip_range": "10.225.0.0/23",
        "calico_ipip_mode": "Always",
        "calico_tunnel_mtu": 1430,
        "cluster_vip": "172.24.18.10",
        "proxy_vip": "172.24.18.11",
        "cluster_lb_address": "10.176.18.195",
        "proxy_lb_address": "10.176.18.196",
    }


NOT_FITTING = [
    ("master-vip = 100", "named-address: address master-vip of icp-workers 172.24.18.0/27, number 100,"),
    (
        'master-vip = "172.24.99.9"',
        "named-address: address master-vip of icp-workers 172.24.18.0/27, 172.24.99.9,",
    ),
]


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize(("text", "said"), NOT_FITTING)
def test_no_target_leaves_out_an_address_silently(run: Run, tmp_path: Path, target: str, text: str, said: str) -> None:
    plan = tmp_path / "plan.toml"
    plan.write_text(REFERENCE.read_text("utf-8").replace("master-vip = 10", text, 1), "utf-8")
    done = run("export", "plan.toml", target, "-o", "made")
    assert done.returncode == 1
    assert said in done.stderr.decode()
    assert not (tmp_path / "made").exists()
    forced = run("export", "plan.toml", target, "-o", "made", "--force")
    assert "does not contain its address master-vip" in forced.stderr.decode()


def test_an_address_in_a_network_without_a_range_is_not_left_out_silently(run: Run, tmp_path: Path) -> None:
    text = REFERENCE.read_text("utf-8")
    uplink = 'cidr = "10.176.18.192/27"\n'
    assert uplink in text
    (tmp_path / "plan.toml").write_text(text.replace(uplink, ""), "utf-8")
    done = run("export", "plan.toml", "icp-config")
    assert done.returncode == 1
    assert "esg-private has no range yet, so its address icp-master, which cluster_lb_address needs" in (
        done.stderr.decode()
    )
    for target in ("hosts", "reverse-zones", "terraform"):
        done = run("export", "plan.toml", target)
        assert done.returncode == 0
        assert "note: skipped, because the network has no range yet: uplink of esg-private" in done.stderr.decode()
    assert b"left out" not in run("export", "plan.toml", "netbox").stderr


def test_the_ends_of_a_tunnel_mirror_each_other(run: Run) -> None:
    iks, icp = (yaml.safe_load(exported(run, t)) for t in ("strongswan-iks-icp", "strongswan-icp"))
    assert iks["local"]["subnet"] == icp["remote"]["subnet"]
    assert iks["remote"]["subnet"] == icp["local"]["subnet"]
    assert (iks["ipsec"]["auto"], icp["ipsec"]["auto"]) == ("start", "add"), "IKS dials out"
    sides = [[ip_network(x) for x in side["subnet"].split(",")] for side in (iks["local"], iks["remote"])]
    assert not any(a.overlaps(b) for a in sides[0] for b in sides[1])


def test_the_tunnel_to_the_esg_ends_at_public_portable_addresses(run: Run) -> None:
    values = yaml.safe_load(exported(run, "strongswan-iks"))
    assert values["loadBalancerIP"] == "169.46.49.35"
    assert values["remote"]["gateway"] == "169.46.73.18"
    assert (values["ipsec"]["keyexchange"], values["ipsec"]["auto"]) == ("ikev2", "start")
    # The key in the chart is public, and with an empty one strongSwan accepts every peer.
    assert values["overRideIpsecSecrets"].startswith("#")
    assert "preshared" not in values


@pytest.mark.parametrize("target", ["icp-config", "strongswan-iks"])
def test_what_was_exported_shows_no_drift(run: Run, tmp_path: Path, target: str) -> None:
    (tmp_path / "made.yaml").write_text(exported(run, target), encoding="utf-8")
    done = run("check", str(REFERENCE), "--against", "made.yaml", "--json")
    assert [f for f in json.loads(done.stdout)["findings"] if f["rule"] == "drift"] == [], done.stderr


def test_one_changed_value_is_one_finding(run: Run, tmp_path: Path) -> None:
    text = exported(run, "icp-config").replace("10.224.0.0/16", "10.239.0.0/16")
    (tmp_path / "config.yaml").write_text(text, encoding="utf-8")
    done = run("check", str(REFERENCE), "--against", "config.yaml", "--json")
    (found,) = [f for f in json.loads(done.stdout)["findings"] if f["rule"] == "drift"]
    assert "10.239.0.0/16" in found["message"]
    assert done.returncode == 1


def test_netbox_gets_each_prefix_once_with_the_columns_that_it_requires(run: Run) -> None:
    rows = list(csv.DictReader(io.StringIO(exported(run, "netbox"))))
    assert set(rows[0]) == {"prefix", "status", "description", "comments"}
    prefixes = [ip_network(row["prefix"]) for row in rows]
    assert len(set(prefixes)) == len(prefixes)
    assert {row["status"] for row in rows} <= {"container", "active", "reserved", "deprecated"}


def test_netbox_can_guess_the_form_whatever_the_plan_is_called(run: Run, tmp_path: Path) -> None:
    # The import form of NetBox uses this class to guess the dialect, and rejects files that it then reads wrongly.
    words = ["'quoted' and \"quoted\"", "a;b|c\td", ", , ,", "=1+1", '""', "x, 'y', \"z\"; |"]
    plan = "".join(
        f'[networks."{i}"]\nkind = "vcs-vm"\ncidr = "172.24.{i}.0/24"\ndescription = {json.dumps(word)}\n'
        f"labels = {{ {json.dumps(word)} = {json.dumps(word)}, x = {json.dumps(word)} }}\nvlan = {i + 1}\n"
        for i, word in enumerate(words)
    )
    (tmp_path / "plan.toml").write_text(plan, encoding="utf-8")
    text = run("export", "plan.toml", "netbox").stdout.decode()
    rows = list(csv.reader(io.StringIO(text), dialect=csv.Sniffer().sniff(text.strip(), delimiters=",;|\t")))
    assert rows == list(csv.reader(io.StringIO(text)))
    assert {len(row) for row in rows} == {4}
    assert len(rows) == len(words) + 1


def test_hosts_and_terraform_hold_the_named_addresses(run: Run) -> None:
    lines = [x.split("\t") for x in exported(run, "hosts").splitlines() if not x.startswith("#")]
    assert ["172.24.18.10", "master-vip.icp-workers"] in lines
    assert all(ip_address(address) for address, _ in lines)
    networks = json.loads(exported(run, "terraform"))["ipplan"]["networks"]
    for network in networks.values():
        assert all(ip_address(a) in ip_network(network["cidr"]) for a in network["addresses"].values())


@pytest.fixture
def hostile(tmp_path: Path) -> Path:
    """The reference plan with a name, networks and words that try to break out."""
    text = REFERENCE.read_text(encoding="utf-8").replace('"reference-architecture"', f'"{HOSTILE}"')
    for old in ("icp-workers", "esg-public"):
        text = text.replace(f"[networks.{old}]", f'[networks."={old}{HOSTILE}"]')
    for old in ("icp-prod", "iks-prod"):
        text = text.replace(f"[clusters.{old}]", f'[clusters."{old}{HOSTILE}"]')
    plan = tmp_path / "hostile.toml"
    plan.write_text(text.replace('"branch offices"', f'"={HOSTILE}"'), encoding="utf-8")
    return plan


def with_bgp(plan: Path, file: Path) -> Path:
    """Write a copy of a plan with BGP between the workers and the ESG."""
    method = 'iks-vcs = "common-vlan"\nesg-asn = 64998\niks-asn = 64999'
    text = plan.read_text(encoding="utf-8").replace('iks-vcs = "strongswan"', method)
    file.write_text(text, encoding="utf-8")
    return file


def cells(text: str) -> list[list[str]]:
    """Return the addresses in each row of Markdown tables, and its number of cells."""
    rows = [line for line in text.splitlines() if line.startswith("| ")]
    return [
        [str(len(re.findall(r"(?<!\\)\|", row))), *re.findall(r"[0-9]+(?:\.[0-9]+){3}(?:/[0-9]+)?", row)]
        for row in rows
    ]


def elements(text: str) -> list[tuple[str, str | None]]:
    """Return the elements of XML, without texts of the plan."""
    words = ("name", "description")
    return [(e.tag, None if e.tag in words else (e.text or "").strip()) for e in ET.fromstring(text).iter()]


def without_comments(text: str, *signs: str) -> list[str]:
    """Return the lines without comments."""
    lines = [line.partition("  #")[0] for line in text.splitlines()]
    return [line for line in lines if line.strip()[:1] not in ("", *signs)]


def shell(text: str) -> list[list[str]]:
    """Return the commands of a script, without the names of clusters."""
    lines = [shlex.split(line, comments=True) for line in text.replace("\\\n", " ").splitlines()]
    return [
        [word for before, word in pairwise(["", *words]) if before not in ("--name", "--cluster")]
        for words in lines
        if words and words[0] in ("ip", "ibmcloud")
    ]


class AnsibleLoader(yaml.SafeLoader):
    """Reads the tag of Ansible for strings that are not templates."""


AnsibleLoader.add_constructor("!unsafe", AnsibleLoader.construct_yaml_str)  # type: ignore[type-var]


def variables(text: str) -> list[object]:
    """Return the ranges and addresses in variables."""

    def walk(value: object) -> Iterator[object]:
        if isinstance(value, dict):
            for inner in value.values():
                yield from walk(inner)
        elif isinstance(value, list):
            for inner in value:
                yield from walk(inner)
        elif not isinstance(value, str) or re.fullmatch("[0-9.:/]+", value):
            yield value

    return list(walk(yaml.load(text, AnsibleLoader)))


def connections(text: str) -> list[str]:
    """Return the lines of swanctl.conf, without the names of its sections."""
    return ["{" if line.endswith("{") else line for line in without_comments(text, "#")]


def prefixes_and_states(text: str) -> list[list[str]]:
    rows = list(csv.reader(io.StringIO(text)))
    assert not any(cell.startswith(("=", "+", "-", "@")) for row in rows for cell in row)
    return [row[:2] for row in rows]


BY_ENDING: dict[str, Callable[[str], object]] = {
    ".yaml": yaml.safe_load,
    ".json": variables,
    ".xml": elements,
    ".md": cells,
    ".sh": shell,
    ".csv": prefixes_and_states,
    ".conf": lambda text: without_comments(text, "#", "!"),
    ".nft": lambda text: without_comments(text, "#"),
    "": lambda text: [line.split("\t")[0] for line in text.splitlines() if line[:1] != "#"],
    ".db": lambda text: [line.split("\t")[0] for line in text.splitlines() if line[:1] != ";"],
}
SKELETONS: dict[str, Callable[[str], object]] = {
    **{name: BY_ENDING[Path(t.file).suffix] for name, t in TARGETS.items() if name not in ELSEWHERE},
    **dict.fromkeys(SWANCTL, connections),
    # Its keys are names of the plan.
    "ansible": variables,
    # Its resources are documents of their own.
    "calico": lambda text: without_comments(text, "#"),
}
"""What is left of a file without names of the plan, by target; a target that writes names in an odd place needs a row."""


@pytest.mark.parametrize("target", SKELETONS)
def test_nothing_breaks_out_of_a_value(run: Run, hostile: Path, target: str) -> None:
    plain_plan = REFERENCE
    options: tuple[str, ...] = ()
    plain_options: tuple[str, ...] = ()
    if target in BGP:
        # The reference plan has no BGP, and of its clusters one has to be chosen.
        plain_plan = with_bgp(REFERENCE, hostile.with_name("plain.toml"))
        hostile = with_bgp(hostile, hostile)
        if target == "calico":
            options = ("--cluster", json.loads(f'"iks-prod{HOSTILE}"'))
            plain_options = ("--cluster", "iks-prod")
    text, plain = exported(run, target, hostile, *options), exported(run, target, plain_plan, *plain_options)
    assert not any(ord(c) < 32 and c not in "\n\t\r" for c in text)
    assert SKELETONS[target](text) == SKELETONS[target](plain)
    assert SKELETONS[target](text)


def test_a_plan_with_errors_is_refused_unless_forced(run: Run) -> None:
    plan = str(SAMPLES / "conflicts.toml")
    done = run("export", plan, "netbox")
    assert (done.returncode, done.stdout) == (1, b"")
    assert "its configuration would be wrong" in done.stderr.decode()
    assert run("export", plan, "netbox", "--force").returncode == 0


@pytest.mark.parametrize(
    ("plan", "arguments", "status", "said"),
    [
        ("two-clusters", ("icp-config",), 1, "the plan has 2 ICP clusters"),
        ("two-clusters", ("icp-config", "--cluster", "nobody"), 1, "the plan has no ICP cluster nobody"),
        (
            "two-clusters",
            ("strongswan-iks", "--cluster", "iks-dal"),
            1,
            "no strongSwan tunnel to edges at iks-dal",
        ),
        ("reference-architecture", ("icp-confg",), 2, "did you mean icp-config?"),
        ("reference-architecture", (), 2, "missing argument TARGET"),
    ],
)
def test_a_target_that_cannot_be_written_says_why(
    run: Run, plan: str, arguments: tuple[str, ...], status: int, said: str
) -> None:
    done = run("export", str(SAMPLES / f"{plan}.toml"), *arguments)
    assert (done.returncode, done.stdout) == (status, b"")
    assert said in done.stderr.decode()


def test_one_of_several_clusters_can_be_chosen(run: Run) -> None:
    values = yaml.safe_load(exported(run, "icp-config", SAMPLES / "two-clusters.toml", "--cluster", "icp-fra"))
    assert values["network_cidr"].startswith("10.232.")
