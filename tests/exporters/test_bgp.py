"""BGP of the ESG, of a worker and of Calico: golden files, and both sides compared with the plan and each other."""

from __future__ import annotations

import json
import re
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

if TYPE_CHECKING:
    from conftest import Run

ROOT = Path(__file__).parent.parent.parent
GOLDEN = ROOT / "tests" / "golden" / "export"
REFERENCE = (ROOT / "sample-plans" / "reference-architecture.toml").read_text("utf-8")
TWO = (ROOT / "tests" / "landscape" / "before" / "two-clusters.toml").read_text("utf-8")
COMMON = REFERENCE.replace('iks-vcs = "strongswan"', 'iks-vcs = "common-vlan"\nesg-asn = 64998\niks-asn = 64999')
BGP = COMMON.replace("common-vlan", "bgp")
WORKERS = 'cidr = "10.171.42.128/26"\n'
HOSTILE = 'a\\"\\n!\\n}#]]>: {x} */ \\u0001$(touch hacked)\\u2028 \\U0001F600'
CASES = {
    "common-vlan": (COMMON, (), ("--cluster", "iks-prod")),
    "bcr": (TWO, ("--edge", "dallas"), ("--cluster", "iks-dal")),
}


def write(folder: Path, plan: str) -> str:
    (folder / "plan.toml").write_text(plan, encoding="utf-8")
    return "plan.toml"


def exported(run: Run, folder: Path, target: str, plan: str, *options: str) -> str:
    done = run("export", write(folder, plan), target, *options)
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout.decode()


def refused(run: Run, folder: Path, target: str, plan: str, *options: str) -> str:
    done = run("export", write(folder, plan), target, *options)
    assert (done.returncode, done.stdout) == (1, b""), done.stderr.decode()
    return done.stderr.decode()


def documents(text: str) -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = {}
    for document in yaml.safe_load_all(text):
        if document is not None:
            found.setdefault(document["kind"], []).append(document)
    return found


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize(("target", "ending"), [("frr", "conf"), ("bird", "conf"), ("calico", "yaml")])
def test_golden(run: Run, tmp_path: Path, case: str, target: str, ending: str, *, update_golden: bool) -> None:
    plan, edge, cluster = CASES[case]
    text = exported(run, tmp_path, target, plan, *(edge if target == "frr" else cluster))
    text = re.sub(r"written by ipplan \S+", "written by ipplan VERSION", text)
    file = GOLDEN / f"{case}.{target}.{ending}"
    if update_golden:
        GOLDEN.mkdir(exist_ok=True)
        file.write_text(text, encoding="utf-8", newline="")
    assert text == file.read_bytes().decode("utf-8")


# What is announced, and to whom.


def test_the_esg_announces_what_is_behind_it_and_takes_pods_in_blocks(run: Run, tmp_path: Path) -> None:
    text = exported(run, tmp_path, "frr", COMMON)
    # The group of VM networks is one prefix. IKS reaches ICP workers through the tunnel between the clusters, and the
    # gateway itself is their router.
    overlay = {"172.24.16.0/23"}
    assert set(re.findall(r"(?m)^  network (\S+)$", text)) == overlay
    assert set(re.findall(r"prefix-list overlay seq \d+ permit (\S+)$", text, re.MULTILINE)) == overlay
    assert {p for p, hop in re.findall(r"(?m)^ip route (\S+) ([0-9.]+)$", text)} == overlay
    assert re.findall(r"prefix-list pods seq \d+ (.+)", text) == ["permit 172.30.0.0/16 le 32", "deny any"]
    assert "bgp ebgp-requires-policy" in text
    assert "no bgp default ipv4-unicast" in text


def test_workers_without_names_come_from_a_range_and_named_ones_are_neighbours(run: Run, tmp_path: Path) -> None:
    text = exported(run, tmp_path, "frr", COMMON)
    assert re.findall(r"bgp listen range (\S+)", text) == ["10.171.42.128/26"]
    assert not re.search(r"neighbor [0-9]", text)
    named = exported(run, tmp_path, "frr", COMMON.replace(WORKERS, WORKERS + "addresses = { w1 = 5, w2 = 9 }\n"))
    assert "listen range" not in named
    assert re.findall(r"neighbor ([0-9.]+) peer-group", named) == ["10.171.42.133", "10.171.42.137"]


def test_every_subnet_of_workers_may_connect(run: Run, tmp_path: Path) -> None:
    more = '[networks.more]\nkind = "iks-worker-private"\ncidr = "10.171.43.0/25"\n'
    text = exported(run, tmp_path, "frr", COMMON.replace("workers = 10\n", "") + more)
    assert re.findall(r"listen range (\S+)", text) == ["10.171.42.128/26", "10.171.43.0/25"]
    assert "bgp listen limit 192" in text, "FRR takes 100 neighbours unless told otherwise"
    assert re.findall(r"(?m)^ip route (\S+) eth1$", text) == ["10.171.42.128/26", "10.171.43.0/25"]


def test_each_cluster_may_announce_its_own_pods_only(run: Run, tmp_path: Path) -> None:
    text = exported(run, tmp_path, "frr", TWO.replace('iks-vcs = "bgp"', 'iks-vcs = "common-vlan"'), "--edge", "dallas")
    lists = dict(re.findall(r"prefix-list (pods-\d) seq 5 permit (\S+) le 32", text))
    assert lists == {"pods-1": "172.30.0.0/16", "pods-2": "172.26.0.0/20"}
    assert re.findall(r"neighbor (workers-\d) prefix-list (pods-\d) in", text) == [
        ("workers-1", "pods-1"),
        ("workers-2", "pods-2"),
    ]


def test_the_number_of_the_bcr_is_marked_as_an_example(run: Run, tmp_path: Path) -> None:
    for target, options in (("frr", ()), ("bird", ()), ("calico", ("--cluster", "iks-prod"))):
        text = exported(run, tmp_path, target, BGP, *options)
        assert re.search(r"(?m)^[#!] AS 13884 of the BCR is an example: IBM gives", text), target


@pytest.mark.parametrize("plan", [COMMON, BGP, TWO], ids=["common-vlan", "bcr", "two"])
def test_both_ends_of_a_session_name_each_other(run: Run, tmp_path: Path, plan: str) -> None:
    """Each of the three files names the addresses and AS numbers of the others."""
    edge, cluster = (("--edge", "dallas"), ("--cluster", "iks-dal")) if plan == TWO else ((), ("--cluster", "iks-prod"))
    frr = exported(run, tmp_path, "frr", plan, *edge)
    bird = exported(run, tmp_path, "bird", plan, *cluster)
    calico = documents(exported(run, tmp_path, "calico", plan, *cluster))
    local, number = re.findall(r"local (\S+) as (\d+);", bird)[0]
    assert int(number) == calico["BGPConfiguration"][0]["spec"]["asNumber"]
    peers = {(p["spec"]["peerIP"], str(p["spec"]["asNumber"])) for p in calico["BGPPeer"]}
    assert set(re.findall(r"neighbor (\S+) as (\d+);", bird)) == peers
    if plan == COMMON:
        assert peers == {(re.findall(r"router-id (\S+)", frr)[0], re.findall(r"router bgp (\d+)", frr)[0])}
        assert re.findall(r"remote-as (\d+)", frr) == [number]
        assert any(ip_address(local) in ip_network(p) for p in re.findall(r"listen range (\S+)", frr))
        assert re.findall(r"prefix-list pods seq 5 permit (\S+)", frr) == re.findall(r"route (\S+) blackhole", bird)
        assert re.findall(r"(?m)^  network (\S+)", frr) == re.findall(r"import where net ~ \[ (.+) \]", bird)[0].split(
            ", "
        )


# What cannot be made.


@pytest.mark.parametrize("target", ["frr", "bird"])
def test_everything_that_is_missing_is_reported_at_once(run: Run, tmp_path: Path, target: str) -> None:
    said = refused(run, tmp_path, target, REFERENCE)
    for words in ("no BGP", '"common-vlan" or "bgp"', "states no esg-asn", "states no iks-asn"):
        assert words in said
    plan = re.sub(r"(?m)^\[networks.esg-private\]\n(.+\n)+", "", REFERENCE)
    if target == "frr":
        assert "the plan has no private uplink" in refused(run, tmp_path, target, plan)


def test_the_number_of_the_workers_is_no_business_of_an_esg_that_meets_the_bcr(run: Run, tmp_path: Path) -> None:
    plan = BGP.replace("iks-asn = 64999\n", "")
    assert "remote-as 13884" in exported(run, tmp_path, "frr", plan)
    for target in ("bird", "calico"):
        said = refused(run, tmp_path, target, plan, "--cluster", "iks-prod")
        assert "the plan states no iks-asn" in said
        assert "esg-asn" not in said


@pytest.mark.parametrize(
    ("target", "plan", "options", "said"),
    [
        ("frr", TWO, (), "the plan has 2 ESGs"),
        ("frr", TWO, ("--edge", "nowhere"), "the plan has no edge nowhere"),
        ("bird", TWO, (), "the plan has 2 IKS clusters"),
        ("calico", TWO, (), "the plan has 4 clusters"),
        ("calico", REFERENCE, ("--cluster", "nobody"), "the plan has no cluster nobody"),
        ("frr", COMMON.replace(WORKERS, ""), (), "no IKS cluster has workers with a private range"),
        ("bird", COMMON.replace(WORKERS, ""), (), "cluster iks-prod has no workers with a private range"),
        ("bird", "schema = 1\n", (), "the plan has no IKS cluster"),
        ("calico", "schema = 1\n", (), "the plan has no cluster"),
        ("frr", "schema = 1\n", (), "the plan has no ESG"),
    ],
)
def test_a_target_that_cannot_be_written_says_why(
    run: Run, tmp_path: Path, target: str, plan: str, options: tuple[str, ...], said: str
) -> None:
    assert said in refused(run, tmp_path, target, plan, *options)


# Calico, and back.


def test_pools_have_the_modes_of_their_platform(run: Run, tmp_path: Path) -> None:
    for cluster, mode, pods in (
        ("iks-prod", "CrossSubnet", "172.30.0.0/16"),
        ("icp-prod", "Always", "10.224.0.0/16"),
    ):
        text = exported(run, tmp_path, "calico", REFERENCE, "--cluster", cluster)
        assert list(yaml.safe_load_all(text)) == [
            {
                "apiVersion": "projectcalico.org/v3",
                "kind": "IPPool",
                "metadata": {"name": "default-ipv4-ippool"},
                "spec": {"cidr": pods, "blockSize": 26, "ipipMode": mode, "natOutgoing": True},
            }
        ]
        assert ("supports no change" in text) is (cluster == "iks-prod")


def test_a_pool_of_ipv6_has_no_ip_in_ip(run: Run, tmp_path: Path) -> None:
    plan = 'schema = 1\n[clusters.icp]\nplatform = "icp"\n[networks.pods]\nkind = "icp-pod"\ncidr = "fd03::/112"\n'
    (pool,) = documents(exported(run, tmp_path, "calico", plan))["IPPool"]
    assert pool["spec"] == {"cidr": "fd03::/112", "blockSize": 122, "ipipMode": "Never", "natOutgoing": False}


def test_workers_in_several_subnets_meet_the_bcr_of_their_own(run: Run, tmp_path: Path) -> None:
    more = '[networks.more]\nkind = "iks-worker-private"\ncidr = "10.171.43.0/25"\n'
    text = exported(run, tmp_path, "calico", BGP + more, "--cluster", "iks-prod")
    peers = documents(text)["BGPPeer"]
    assert [p["spec"]["peerIP"] for p in peers] == ["10.171.42.129", "10.171.43.1"]
    selectors = [re.fullmatch(r"(\S+) == '(\S+)'", p["spec"]["nodeSelector"]) for p in peers]
    for found in selectors:
        assert found is not None
        assert f"kubectl label node NODE {found[1]}={found[2]}" in text
    assert len({found[2] for found in selectors if found}) == 2


@pytest.mark.parametrize("cluster", ["iks-prod", "icp-prod"])
def test_calico_is_read_back_without_drift_and_one_change_is_one_finding(
    run: Run, tmp_path: Path, cluster: str
) -> None:
    text = exported(run, tmp_path, "calico", COMMON, "--cluster", cluster)

    def drift(text: str) -> list[dict[str, Any]]:
        (tmp_path / "calico.yaml").write_text(text, encoding="utf-8")
        done = run("check", "plan.toml", "--against", "calico.yaml", "--json")
        return [f for f in json.loads(done.stdout)["findings"] if f["rule"] == "drift"]

    assert drift(text) == []
    old, new = {"iks-prod": ("172.30.", "172.29."), "icp-prod": ("10.224.", "10.239.")}[cluster]
    (found,) = drift(text.replace(old, new))
    assert new in found["message"]


# Whatever a plan calls its things.


def test_no_name_breaks_out_of_a_comment_or_a_value(run: Run, tmp_path: Path) -> None:
    hostile = TWO.replace('"two-clusters"', f'"{HOSTILE}"').replace('"bgp"', '"common-vlan"')
    plain = TWO.replace('"bgp"', '"common-vlan"')
    hostile = re.sub(r'(?m)^edge = "(.+)"', rf'edge = "\1{HOSTILE.replace(chr(92), chr(92) * 2)}"', hostile)
    hostile = re.sub(r'(?m)^cluster = "iks-dal"', f'cluster = "{HOSTILE}"'.replace("\\", "\\\\"), hostile)
    hostile = hostile.replace("[clusters.iks-dal]", f'[clusters."{HOSTILE}"]')
    hostile = hostile.replace("[networks.iks-dal-workers]", f'[networks."{HOSTILE}"]')
    name = json.loads(f'"{HOSTILE}"'.replace("\\U0001F600", "\\ud83d\\ude00"))

    def lines(text: str) -> list[str]:
        assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028]", text)
        return [
            x for x in text.splitlines() if x.lstrip()[:1] not in ("!", "#") and not re.match("hostname|  name:", x)
        ]

    for target, options, others in (
        ("frr", ("--edge", f"dallas{name}"), ("--edge", "dallas")),
        ("bird", ("--cluster", name), ("--cluster", "iks-dal")),
        ("calico", ("--cluster", name), ("--cluster", "iks-dal")),
    ):
        text = exported(run, tmp_path, target, hostile, *options)
        assert lines(text) == lines(exported(run, tmp_path, target, plain, *others)), target
        if target == "calico":
            names = [d["metadata"]["name"] for d in yaml.safe_load_all(text) if d is not None]
            assert len(set(names)) == len(names)
            assert all(re.fullmatch(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?", n) for n in names)
        if target == "frr":
            assert re.search(r"(?m)^hostname [a-z0-9-]{1,63}$", text)
