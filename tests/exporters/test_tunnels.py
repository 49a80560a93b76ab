"""Both ends of a tunnel: chart values and swanctl.conf, compared with each other and with the plan."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import yaml

if TYPE_CHECKING:
    from conftest import Run

SAMPLES = Path(__file__).parent.parent.parent / "sample-plans"
REFERENCE = SAMPLES / "reference-architecture.toml"
SHORT_FORM = Path(__file__).parent.parent / "landscape" / "before" / "two-clusters.toml"
"""The sample of two clusters without links: `iks-icp` makes a tunnel for every pair of clusters."""


def exported(run: Run, target: str, plan: Path = REFERENCE, *more: str) -> str:
    done = run("export", str(plan), target, *more)
    assert done.returncode == 0, done.stderr
    return done.stdout.decode()


def settings(text: str) -> dict[str, list[str]]:
    """Return every setting of swanctl.conf with its values, in order."""
    found: dict[str, list[str]] = {}
    section = ""
    for line in text.splitlines():
        opened = re.fullmatch(r" *(\S+) \{", line)
        section = opened[1] if opened else section
        if (setting := re.fullmatch(r" *(\w+) = (.*)", line)) and not line.startswith("#"):
            key = f"{section}.{setting[1]}" if section in ("local", "remote") else setting[1]
            found.setdefault(key, []).append(setting[2])
    return found


def test_the_two_files_are_the_ends_of_one_tunnel(run: Run) -> None:
    far, near = (settings(exported(run, t)) for t in ("strongswan-conf", "strongswan-conf-iks"))
    for own, other in (("local_addrs", "remote_addrs"), ("local_ts", "remote_ts"), ("local.id", "remote.id")):
        assert far[own] == near[other]
        assert far[other] == near[own]
    for same in ("version", "proposals", "esp_proposals"):
        assert far[same] == near[same]
    assert (near["start_action"], far["start_action"]) == (["start"], ["none"]), "one end dials"


def test_swanctl_says_what_the_chart_says(run: Run) -> None:
    chart, conf = (
        yaml.safe_load(exported(run, "strongswan-iks")),
        settings(exported(run, "strongswan-conf-iks")),
    )
    assert chart["local"]["subnet"].split(",") == conf["local_ts"][0].split(", ")
    assert chart["remote"]["subnet"].split(",") == conf["remote_ts"][0].split(", ")
    assert (chart["remote"]["gateway"], chart["loadBalancerIP"]) == (
        conf["remote_addrs"][0],
        conf["local_addrs"][0],
    )
    assert (chart["local"]["id"], chart["remote"]["id"]) == (conf["local.id"][0], conf["remote.id"][0])
    assert (chart["ipsec"]["ike"], chart["ipsec"]["esp"]) == (conf["proposals"][0], conf["esp_proposals"][0])


@pytest.mark.parametrize("target", ["strongswan-conf", "strongswan-conf-iks", "strongswan-iks", "strongswan-icp"])
def test_no_file_holds_a_key(run: Run, target: str) -> None:
    lines = exported(run, target).splitlines()
    assert [x for x in lines if "secret" in x.lower() and not x.startswith("#")] in (
        [],
        ['overRideIpsecSecrets: "# no key"'],
    )
    # Nor does a comment hold one that works as it stands there.
    shown = [x for x in lines if re.search(r"secret =|: PSK\b", x) and not x.endswith(".")]
    assert shown
    assert all(x.endswith(("secret =", ": PSK")) for x in shown)


def test_ikev1_has_one_subnet_of_each_side_in_a_child(run: Run, tmp_path: Path) -> None:
    plan = tmp_path / "plan.toml"
    text = REFERENCE.read_text("utf-8")
    plan.write_text(text.replace("[integration]\n", "[integration]\nike = 1\n"), encoding="utf-8")
    assert run("export", str(plan), "strongswan-conf").returncode == 1, "check refuses it"
    found = settings(exported(run, "strongswan-conf", plan, "--force"))
    assert found["version"] == ["1"]
    assert len(found["local_ts"]) == len(set(zip(found["local_ts"], found["remote_ts"], strict=True))) == 3
    assert not any("," in subnets for subnets in (*found["local_ts"], *found["remote_ts"]))


def test_an_end_without_a_named_address_takes_any(run: Run, tmp_path: Path) -> None:
    plan = tmp_path / "plan.toml"
    text = REFERENCE.read_text("utf-8").replace("addresses = { alb = 2, strongswan = 3 }", "addresses = { alb = 2 }")
    plan.write_text(text, encoding="utf-8")
    assert settings(exported(run, "strongswan-conf", plan))["remote_addrs"] == ["%any"]
    assert yaml.safe_load(exported(run, "strongswan-iks", plan))["loadBalancerIP"] == ""


UPLINK = "addresses = { uplink = 2, icp-master = 3, icp-proxy = 4, icp-strongswan = 5 }\n"


@pytest.mark.parametrize(
    ("old", "new", "targets", "said"),
    [
        (
            UPLINK,
            "addresses = { icp-strongswan = 5 }\n",
            ("strongswan-iks",),
            "names no address at which the edge ends the tunnel\nhelp: write addresses = { uplink = 4 } in esg-public",
        ),
        (
            'cidr = "169.46.73.16/28"',
            "prefix = 28",
            ("strongswan-iks", "strongswan-conf-iks", "strongswan-iks-icp", "strongswan-icp", "strongswan-conf-icp"),
            "esg-public has no range yet\nhelp: write cidr in esg-public",
        ),
        (
            UPLINK,
            "addresses = { uplink = 2 }\n",
            ("strongswan-iks-icp", "strongswan-conf-iks-icp", "strongswan-icp", "strongswan-conf-icp"),
            "cluster icp-prod ends the tunnel\nhelp: write addresses = { icp-strongswan = 4 } in esg-public",
        ),
        (
            f'[networks.esg-public]\nkind = "vcs-esg-public"\ncidr = "169.46.73.16/28"\n{UPLINK}',
            "",
            ("strongswan-iks-icp", "strongswan-icp"),
            'help: add a network of kind = "vcs-esg-public", with addresses = { icp-strongswan = 4 }',
        ),
    ],
)
def test_nobody_dials_an_end_without_an_address(
    run: Run, tmp_path: Path, old: str, new: str, targets: tuple[str, ...], said: str
) -> None:
    text = REFERENCE.read_text("utf-8")
    assert old in text
    (tmp_path / "plan.toml").write_text(text.replace(old, new), encoding="utf-8")
    for target in targets:
        done = run("export", "plan.toml", target)
        assert (done.returncode, done.stdout) == (1, b""), target
        assert said in done.stderr.decode(), target


def test_one_of_several_tunnels_is_chosen_by_its_ends(run: Run) -> None:
    plan = SHORT_FORM
    done = run("export", str(plan), "strongswan-iks-icp", "--cluster", "iks-dal")
    assert (done.returncode, done.stdout) == (1, b"")
    assert "2 such tunnels: iks-dal and icp-dal, iks-dal and icp-fra" in done.stderr.decode()
    chart = yaml.safe_load(exported(run, "strongswan-iks-icp", plan, "--cluster", "iks-dal", "--to", "icp-fra"))
    assert chart["remote"]["gateway"] == "159.122.70.35"
    assert (chart["local"]["id"], chart["remote"]["id"]) == ("ibm-cloud-iks-dal", "icp-icp-fra")
    assert (
        "no cluster or edge nobody" in run("export", str(plan), "strongswan-iks-icp", "--to", "nobody").stderr.decode()
    )


def several(plan: Path, first: str, second: str) -> Path:
    """Write the sample of two clusters with tunnels to both ESGs, and other names of its IKS clusters."""
    text = (SHORT_FORM).read_text("utf-8")
    text = re.sub("(?m)^(iks|esg)-asn = .*\n", "", text).replace('iks-vcs = "bgp"', 'iks-vcs = "strongswan"')
    for old, new in (("iks-dal", first), ("iks-fra", second)):
        text = text.replace(f"[clusters.{old}]", f'[clusters."{new}"]').replace(f'"{old}"', f'"{new}"')
    plan.write_text(text, encoding="utf-8")
    return plan


@pytest.mark.parametrize(
    ("first", "second"),
    [("iks.a", "iks-a"), ("A", "a"), ("a", "a-"), ("x" * 63 + "1", "x" * 63 + "2"), ("\u00e9", "\u00e8")],
)
def test_tunnels_keep_apart_clusters_of_similar_names(run: Run, tmp_path: Path, first: str, second: str) -> None:
    plan = several(tmp_path / "plan.toml", first, second)
    far = exported(run, "strongswan-conf", plan, "--edge", "dallas")
    sections = re.findall(r"(?m)^    (\S+) \{$", far)
    assert len(set(sections)) == 2, "swanctl makes one of two sections with the same name"
    ids = settings(far)["remote.id"]
    assert len(set(ids)) == 2
    for cluster, section, identity in zip((first, second), sections, ids, strict=True):
        near = exported(run, "strongswan-conf-iks", plan, "--cluster", cluster, "--edge", "dallas")
        assert re.findall(r"(?m)^    (\S+) \{$", near) == [section]
        assert settings(near)["local.id"] == [identity]


def test_the_far_end_can_be_limited_to_a_cluster(run: Run, tmp_path: Path) -> None:
    plan = several(tmp_path / "plan.toml", "iks-dal", "iks-fra")
    limited = settings(exported(run, "strongswan-conf", plan, "--edge", "dallas", "--cluster", "iks-fra"))
    assert limited["remote.id"] == ["ibm-cloud-iks-fra"]
    done = run("export", str(plan), "strongswan-conf", "--edge", "dallas", "--cluster", "nobody")
    assert (done.returncode, done.stdout) == (1, b"")
    assert "nobody" in done.stderr.decode()


def test_a_site_without_an_ipsec_tunnel_shows_the_link_to_add(run: Run) -> None:
    done = run("export", str(SAMPLES / "two-clusters.toml"), "strongswan-conf-site")
    assert done.returncode == 1
    assert 'help: add a [[link]] of it with method = "ipsec"\n' in done.stderr.decode()
