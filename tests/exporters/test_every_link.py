"""Every target for a plan with each kind of pair and method: golden files, and both ends of each link compared."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import yaml

from ipplan import __version__
from ipplan.catalog import load_catalog
from ipplan.landscape import End, Landscape
from ipplan.plan.load import parse_plan

if TYPE_CHECKING:
    from conftest import Run

LINKS = Path(__file__).parent / "links.toml"
GOLDEN = Path(__file__).parent.parent / "golden" / "export"
FILES: dict[str, tuple[str, ...]] = {
    "routes.md": ("routes",),
    "ip-route.sh": ("ip-route",),
    "ip-address.sh": ("ip-address",),
    "dallas.nftables.nft": ("nftables", "--edge", "dallas"),
    "frankfurt.nftables.nft": ("nftables", "--edge", "frankfurt"),
    "london.nftables.nft": ("nftables", "--edge", "london"),
    "dallas.nsx-esg.xml": ("nsx-esg", "--edge", "dallas"),
    "frankfurt.nsx-esg.xml": ("nsx-esg", "--edge", "frankfurt"),
    "london.nsx-esg.xml": ("nsx-esg", "--edge", "london"),
    "frankfurt.nsx-esg-table.md": ("nsx-esg-table", "--edge", "frankfurt"),
    "frankfurt.frr.conf": ("frr", "--edge", "frankfurt"),
    "london.frr.conf": ("frr", "--edge", "london"),
    "iks-b.bird.conf": ("bird", "--cluster", "iks-b"),
    "iks-b.calico.yaml": ("calico", "--cluster", "iks-b"),
    "iks-a.static-route.yaml": ("static-route", "--cluster", "iks-a"),
    "iks-a.strongswan-iks.yaml": ("strongswan-iks", "--cluster", "iks-a"),
    "iks-a.strongswan-iks-icp.yaml": ("strongswan-iks-icp", "--cluster", "iks-a", "--to", "icp-a"),
    "iks-b.strongswan-iks-icp.yaml": ("strongswan-iks-icp", "--cluster", "iks-b", "--to", "iks-a"),
    "icp-a.strongswan-icp.yaml": ("strongswan-icp", "--cluster", "icp-a", "--to", "icp-b"),
    "dallas.strongswan-conf.conf": ("strongswan-conf", "--edge", "dallas"),
    "frankfurt.strongswan-conf.conf": ("strongswan-conf", "--edge", "frankfurt"),
    "iks-a.strongswan-conf-iks.conf": ("strongswan-conf-iks", "--cluster", "iks-a"),
    "iks-a.strongswan-conf-iks-icp.conf": ("strongswan-conf-iks-icp", "--cluster", "iks-a"),
    "icp-a.strongswan-conf-icp.conf": ("strongswan-conf-icp", "--cluster", "icp-a"),
    "hq.strongswan-conf-site.conf": ("strongswan-conf-site", "--site", "hq"),
    "frankfurt.ansible.yaml": ("ansible", "--edge", "frankfurt"),
    "icp-b.ansible.yaml": ("ansible", "--cluster", "icp-b"),
}
"""Every golden file, and the target and options that it comes from."""


def exported(run: Run, *arguments: str) -> str:
    done = run("export", str(LINKS), *arguments)
    assert done.returncode == 0, done.stderr
    return done.stdout.decode()


@pytest.fixture(scope="module")
def landscape() -> Landscape:
    """The landscape of the plan."""
    return Landscape(parse_plan(LINKS.read_bytes(), LINKS.name), load_catalog())


@pytest.mark.parametrize("file", FILES)
def test_golden(run: Run, file: str, *, update_golden: bool) -> None:
    text = exported(run, *FILES[file]).replace(f"ipplan {__version__}", "ipplan VERSION")
    golden = GOLDEN / f"links.{file}"
    if update_golden:
        golden.write_bytes(text.encode())
    assert text == golden.read_bytes().decode()


def connections(text: str) -> dict[str, dict[str, str]]:
    """Return the settings of each connection of swanctl.conf, those of its ends as local.id and remote.id."""
    found: dict[str, dict[str, str]] = {}
    name = side = ""
    for line in text.splitlines():
        if opened := re.fullmatch(r"    (\S+) \{", line):
            name = opened[1]
            found[name] = {}
        elif opened := re.fullmatch(r"        (local|remote) \{", line):
            side = opened[1]
        elif not line.startswith("#") and (setting := re.fullmatch(r" +(\w+) = (.*)", line)):
            key = f"{side}.id" if setting[1] == "id" else setting[1]
            found[name].setdefault(key, setting[2])
    return found


def test_both_ends_of_every_ipsec_tunnel_are_written_and_agree(run: Run, landscape: Landscape) -> None:
    sides: dict[str, list[dict[str, str]]] = {}
    commands = [
        *(("strongswan-conf", "--edge", name) for name in ("dallas", "frankfurt")),
        ("strongswan-conf-iks", "--cluster", "iks-a"),
        *(("strongswan-conf-iks-icp", "--cluster", name) for name in ("iks-a", "iks-b")),
        *(("strongswan-conf-icp", "--cluster", name) for name in ("icp-a", "icp-b")),
        ("strongswan-conf-site", "--site", "hq"),
    ]
    for command in commands:
        for name, settings in connections(exported(run, *command)).items():
            sides.setdefault(name, []).append(settings)
    tunnels = {t.label: t for t in landscape.all_tunnels() if t.joint.method != "gre"}
    assert set(sides) == set(tunnels)
    behind_nat = {"172.24.18.12": "169.46.73.21", "172.25.18.12": "159.122.70.37"}
    for name, (one, other) in sides.items():
        for own, far in (("local_ts", "remote_ts"), ("local.id", "remote.id")):
            assert (one[own], one[far]) == (other[far], other[own]), name
        ends = [(s["local_addrs"], s["remote_addrs"]) for s in (one, other)]
        assert behind_nat.get(ends[0][0], ends[0][0]) == ends[1][1]
        assert behind_nat.get(ends[1][0], ends[1][0]) == ends[0][1]
        assert sorted(s["start_action"] for s in (one, other)) == ["none", "start"], "one dials, one listens"


def test_charts_translate_what_the_link_shows(run: Run) -> None:
    chart = yaml.safe_load(exported(run, *FILES["iks-a.strongswan-iks.yaml"]))
    assert chart["localSubnetNAT"] == "172.21.0.0/16=10.232.0.0/16"
    assert chart["remoteSubnetNAT"] == "172.24.17.0/24=172.27.217.0/24"
    assert chart["enablePodSNAT"] == "false"
    assert "10.232.0.0/16" in chart["local"]["subnet"].split(","), "the tunnel carries the right side"
    assert "172.24.17.0/24" in chart["remote"]["subnet"].split(","), "the left side is an entry of it"
    icp = yaml.safe_load(exported(run, "strongswan-icp", "--cluster", "icp-a", "--to", "iks-a"))
    assert "localSubnetNAT" not in icp, "the strongSwan of IKS translates both sides"
    assert "10.225.16.0/22" in icp["local"]["subnet"].split(",")


def test_an_address_of_either_end_chooses_a_worker(run: Run) -> None:
    first, second = (exported(run, *FILES["iks-b.bird.conf"], "--worker", w) for w in ("1", "10.134.200.66"))
    assert first == second
    assert "router id 10.134.200.66;" in first
    done = run("export", str(LINKS), *FILES["iks-b.bird.conf"], "--worker", "7")
    assert (done.returncode, done.stdout) == (1, b"")
    assert "cluster iks-b has no worker 7" in done.stderr.decode()


def test_iks_refuses_some_static_routes(run: Run, tmp_path: Path) -> None:
    text = LINKS.read_text("utf-8")
    more = '[networks.hq-servers]\nkind = "enterprise"\nsite = "hq"\ncidr = "172.16.4.0/24"\n'
    (tmp_path / "plan.toml").write_text(text + more, encoding="utf-8")
    done = run("export", "plan.toml", "static-route", "--cluster", "iks-a", "--force")
    documents = [d for d in yaml.safe_load_all(done.stdout) if d is not None]
    assert [d["spec"] for d in documents] == [{"subnet": "192.168.10.0/24"}, {"subnet": "192.168.64.0/20"}]
    assert b"# IKS rejects static routes to 172.16.4.0/24: workers cannot reach these ranges." in done.stdout
    only = re.sub(r"192\.168\.(64|10)\.0", r"10.239.\1.0", text) + more
    (tmp_path / "plan.toml").write_text(only, encoding="utf-8")
    done = run("export", "plan.toml", "static-route", "--cluster", "iks-a", "--force")
    assert (done.returncode, done.stdout) == (1, b"")
    assert "IKS rejects static routes to 172.16.4.0/24" in done.stderr.decode()


def test_an_interface_for_each_router_of_icp_workers(landscape: Landscape) -> None:
    roles = {e.name: [i.role for i in landscape.esg(e).interfaces] for e in landscape.ends.edges}
    assert roles == {
        "dallas": ["public", "private", "transit", "workers"],
        "frankfurt": ["public", "private", "transit"],
        "london": ["private", "transit"],
    }


def test_ten_interfaces_are_the_most(run: Run, tmp_path: Path) -> None:
    more = "".join(
        f'[networks.more-{n}]\nkind = "icp-worker"\ncluster = "icp-a"\ncidr = "172.24.{n}.0/24"\n'
        for n in range(40, 47)
    )
    (tmp_path / "plan.toml").write_text(LINKS.read_text("utf-8") + more, encoding="utf-8")
    for target in ("nsx-esg", "nftables"):
        done = run("export", "plan.toml", target, "--edge", "dallas")
        assert (done.returncode, done.stdout) == (1, b"")
        assert "the ESG of edge dallas needs 11 interfaces, but an ESG has at most 10" in done.stderr.decode()


def test_the_document_s_own_tunnel_ends(run: Run, tmp_path: Path) -> None:
    text = LINKS.read_text("utf-8")
    text = text.replace("addresses = { strongswan = 3, icp-a-strongswan = 4", "addresses = { icp-a-strongswan = 4")
    text = text.replace(
        "uplink = 2, icp-master = 3, icp-proxy = 4",
        "uplink = 2, strongswan = 9, icp-master = 3, icp-proxy = 4",
    )
    text += '[networks.iks-a-private]\nkind = "iks-ingress-private"\ncluster = "iks-a"\ncidr = "10.171.87.64/29"\naddresses = { strongswan = 3 }\n'
    (tmp_path / "plan.toml").write_text(text, encoding="utf-8")

    def made(target: str, *options: str) -> str:
        done = run("export", "plan.toml", target, *options)
        assert done.returncode == 0, done.stderr
        return done.stdout.decode()

    shown = made("strongswan-iks", "--cluster", "iks-a")
    chart = yaml.safe_load(shown)
    assert (chart["remote"]["gateway"], chart["loadBalancerIP"]) == ("10.176.18.201", "")
    assert (chart["ipsec"]["auto"], chart["connectUsingLoadBalancerIP"]) == ("start", "false")
    assert "10.171.42.128/26" not in chart["local"]["subnet"]
    assert shown.count("# The tunnel runs between private addresses.") == 1
    (near,) = connections(made("strongswan-conf-iks", "--cluster", "iks-a")).values()
    far = connections(made("strongswan-conf", "--edge", "dallas", "--to", "iks-a"))["iks-a-dallas"]
    assert (near["local_addrs"], near["remote_addrs"]) == ("%any", "10.176.18.201")
    assert (far["local_addrs"], far["remote_addrs"]) == ("10.176.18.201", "%any")
    assert near["local_ts"] == far["remote_ts"]


def test_only_what_an_end_holds_is_among_its_variables(run: Run) -> None:
    found = yaml.safe_load(exported(run, *FILES["icp-b.ansible.yaml"]))["ipplan"]
    assert set(found["networks"]) == {"icp-b-pods", "icp-b-services", "icp-b-workers"}
    assert (found["edges"], [t["name"] for t in found["tunnels"]]) == ([], ["icp-a-icp-b"])
    assert {(r["device"], r["name"]) for r in found["routes"]} == {("ICP worker", "icp-b")}
    assert End("icp", "icp-b").title == "cluster icp-b"


def test_each_cluster_hears_only_what_its_own_link_carries(run: Run, tmp_path: Path) -> None:
    text = LINKS.read_text("utf-8").replace(
        'between = ["iks-b", "frankfurt"]\nmethod = "common-vlan"\n',
        'between = ["iks-b", "frankfurt"]\nmethod = "common-vlan"\nnetworks = ["fra-app"]\n'
        '[[link]]\nbetween = ["iks-c", "frankfurt"]\nmethod = "common-vlan"\nnetworks = ["icp-b-workers"]\n',
    )
    text += (
        '[clusters.iks-c]\nplatform = "iks"\nworkers = 1\n'
        '[networks.iks-c-pods]\nkind = "iks-pod"\ncluster = "iks-c"\ncidr = "172.28.0.0/16"\n'
        '[networks.iks-c-services]\nkind = "iks-service"\ncluster = "iks-c"\ncidr = "172.29.0.0/20"\n'
        '[networks.iks-c-workers]\nkind = "iks-worker-private"\ncluster = "iks-c"\ncidr = "10.134.201.64/26"\n'
    )
    (tmp_path / "plan.toml").write_text(text, encoding="utf-8")
    done = run("export", "plan.toml", "frr", "--edge", "frankfurt")
    assert done.returncode == 0, done.stderr
    frr = done.stdout.decode()
    lists = dict(re.findall(r"ip prefix-list (overlay\S*) seq 5 permit (\S+)", frr))
    assert lists == {"overlay": "172.25.16.0/24", "overlay-2": "172.25.18.0/27"}
    assert re.findall(r"neighbor (\S+) prefix-list (\S+) out", frr) == [
        ("workers-1", "overlay"),
        ("workers-2", "overlay-2"),
    ]
    assert re.findall(r"(?m)^  network (\S+)", frr) == ["172.25.16.0/24", "172.25.18.0/27"]
