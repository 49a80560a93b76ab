"""FRR, BIRD and the schemas of Calico as judges of exported BGP; and sessions in a lab."""

from __future__ import annotations

import json
import re
import subprocess
from ipaddress import ip_network
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jsonschema
import pytest
import yaml
from labs import ROOT, ask, ask_until, assert_all_agree, change_daemons, design, folder_of, prove, start

from ipplan.lab.run import every_pair

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Judge, Run

    from ipplan.flows import Trace
    from ipplan.lab.model import Daemon
    from ipplan.landscape import Landscape

pytestmark = pytest.mark.judges

SAMPLES = ROOT / "sample-plans"
SHORT_FORM = ROOT / "tests" / "landscape" / "before" / "two-clusters.toml"
"""The sample of two clusters without links."""
DATA = Path(__file__).parent / "data"
HOSTILE = 'a\\"\\n!\\n#]]>: {x} #\\u0001$(touch hacked)\\u2028=1+1 \\uD7FF\\U0001F600'
FORBIDDEN = ("192.0.2.0/24", "172.30.0.0/15", "0.0.0.0/0")
"""Prefixes that neither side may accept: a foreign one, one wider than the pods, and the default route."""
ESG, WORKER, FIRST_WORKER = "esg", "iks-workers-of-iks-prod-1", "10.171.42.130"


def reference(method: str, asns: tuple[int, int] = (64998, 64999), workers: str = "") -> str:
    text = (SAMPLES / "reference-architecture.toml").read_text("utf-8")
    numbers = f'iks-vcs = "{method}"\nesg-asn = {asns[0]}\niks-asn = {asns[1]}'
    text = text.replace('iks-vcs = "strongswan"', numbers)
    return text.replace('cidr = "10.171.42.128/26"\n', f'cidr = "10.171.42.128/26"\n{workers}')


NAMED = "addresses = { w1 = 2, w2 = 3 }\n"
TWO_SUBNETS = '[networks.more-workers]\nkind = "iks-worker-private"\ncidr = "10.171.43.0/26"\n'
PLANS: dict[str, tuple[str, tuple[str, ...], tuple[str, ...]]] = {
    "common-vlan": (reference("common-vlan"), (), ("--cluster", "iks-prod")),
    "named": (reference("common-vlan", workers=NAMED), (), ("--cluster", "iks-prod")),
    "same-number": (reference("common-vlan", (64999, 64999), NAMED), (), ("--cluster", "iks-prod")),
    "two-subnets": (reference("common-vlan") + TWO_SUBNETS, (), ("--cluster", "iks-prod")),
    "bcr": (reference("bgp") + TWO_SUBNETS, (), ("--cluster", "iks-prod")),
    "large-numbers": (reference("bgp", (4200000000, 4200000001)), (), ("--cluster", "iks-prod")),
    "two-edges": (
        SHORT_FORM.read_text("utf-8"),
        ("--edge", "dallas"),
        ("--cluster", "iks-fra"),
    ),
    "several-on-one-vlan": (
        SHORT_FORM.read_text("utf-8").replace('iks-vcs = "bgp"', 'iks-vcs = "common-vlan"'),
        ("--edge", "frankfurt"),
        ("--cluster", "iks-dal"),
    ),
    "hostile": (
        reference("common-vlan")
        .replace('"reference-architecture"', f'"{HOSTILE}"')
        .replace("iks-prod]", f'"{HOSTILE}"]')
        .replace("[networks.iks-workers-private]", f'[networks."{HOSTILE}"]'),
        (),
        (),
    ),
}
"""Plans with BGP: the text, and the options that choose an ESG and an IKS cluster."""


@pytest.fixture
def exported(run: Run, tmp_path: Path) -> Callable[..., str]:
    """A function that exports a target from the text of a plan."""

    def exported(target: str, plan: str, *options: str) -> str:
        (tmp_path / "plan.toml").write_text(plan, encoding="utf-8")
        done = run("export", "plan.toml", target, *options)
        assert done.returncode == 0, done.stderr.decode()
        return done.stdout.decode()

    return exported


@pytest.mark.parametrize("name", PLANS)
def test_frr_takes_what_is_exported(judge: Judge, exported: Callable[..., str], tmp_path: Path, name: str) -> None:
    vtysh = judge("vtysh", "Debian package frr")
    plan, edge, _ = PLANS[name]
    file = tmp_path / "frr.conf"
    file.write_text(exported("frr", plan, *edge), encoding="utf-8")
    done = subprocess.run([vtysh, "-C", "-f", str(file)], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, ""), done.stdout + done.stderr
    file.write_text(file.read_text("utf-8").replace("remote-as", "remote-is"), encoding="utf-8")
    done = subprocess.run([vtysh, "-C", "-f", str(file)], capture_output=True, text=True, check=False)
    assert done.returncode != 0, "the judge has to tell a fault"


@pytest.mark.parametrize("name", PLANS)
def test_bird_takes_what_is_exported(judge: Judge, exported: Callable[..., str], tmp_path: Path, name: str) -> None:
    bird = judge("bird", "Debian package bird2")
    plan, _, cluster = PLANS[name]
    file = tmp_path / "bird.conf"
    file.write_text(exported("bird", plan, *cluster), encoding="utf-8")
    done = subprocess.run([bird, "-p", "-c", str(file)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""


def check_calico(text: str) -> list[dict[str, Any]]:
    """Check documents against the schemas of Calico, and the rules that are not in them; return the documents."""
    documents = [document for document in yaml.safe_load_all(text) if document is not None]
    for document in documents:
        kind, spec = document["kind"], document["spec"]
        schema = json.loads((DATA / f"calico-{kind.lower()}s.json").read_text("utf-8"))
        jsonschema.Draft4Validator(schema).validate(document)
        assert document["apiVersion"] == "projectcalico.org/v3"
        assert set(spec) <= set(schema["properties"]["spec"]["properties"]), "no field that Calico does not have"
        assert re.fullmatch(r"[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?", document["metadata"]["name"])
        if kind == "IPPool":
            pool = ip_network(spec["cidr"])  # refuses bits behind the mask
            assert pool.prefixlen <= spec["blockSize"]
            assert 20 <= spec["blockSize"] <= 32
            assert spec["ipipMode"] in ("Always", "CrossSubnet", "Never")
    named = [(document["kind"], document["metadata"]["name"]) for document in documents]
    assert len(set(named)) == len(named)
    return documents


@pytest.mark.parametrize("name", PLANS)
def test_calico_takes_what_is_exported(exported: Callable[..., str], name: str) -> None:
    plan, _, cluster = PLANS[name]
    if name == "hostile":
        plan = re.sub(r"(?m)^\[clusters.icp-prod\]\n(.+\n)+|^\[networks.icp-.+\n(.+\n)+", "", plan)
    documents = check_calico(exported("calico", plan, *cluster))
    assert [d["kind"] for d in documents[:2]] == ["IPPool", "BGPConfiguration"]
    assert {d["kind"] for d in documents[2:]} == {"BGPPeer"}


def test_calico_of_icp_is_its_pool(exported: Callable[..., str]) -> None:
    (pool,) = check_calico(exported("calico", PLANS["common-vlan"][0], "--cluster", "icp-prod"))
    assert pool["spec"]["ipipMode"] == "Always"


# Sessions in a lab.


def between_pods_and_vms(landscape: Landscape) -> list[Trace]:
    """Return the traces that need learned routes: of the workers, and of the ESG."""
    found = [(t, t.source.network, t.destination.network) for t in every_pair(landscape)]
    return [t for t, a, b in found if a and b and {a.kind.name, b.kind.name} == {"iks-pod", "vcs-vm"}]


def say_more(daemon: Daemon) -> Daemon:
    """Let a BGP daemon announce more than it may, and keep the routes of its peer that it rejects."""
    if daemon.program == "strongswan":
        return daemon
    (file,) = daemon.files
    text = file.text
    if daemon.program == "bird":
        said = "".join(f"  route {p} blackhole;\n" for p in FORBIDDEN)
        begin = "protocol static pod_blocks {\n  ipv4;\n"
        text = text.replace(begin, begin + said).replace(
            "    import where", "    import keep filtered;\n    import where"
        )
    else:
        routes = [
            f"ip route {p} blackhole\nip prefix-list overlay seq {i} permit {p}\n" for i, p in enumerate(FORBIDDEN, 1)
        ]
        text = text.replace("router bgp", "".join(routes) + "router bgp", 1)
        kept = "  neighbor workers soft-reconfiguration inbound\n"
        text = text.replace("  network", kept + "".join(f"  network {p}\n" for p in FORBIDDEN) + "  network", 1)
    return daemon._replace(files=(file._replace(text=text),))


def ask_frr(question: str) -> Any:
    """Return an answer of the ESG."""
    sockets = f"{folder_of(ESG, 'frr')}/frr"
    return json.loads(ask(ESG, "vtysh", "--vty_socket", sockets, "-c", f"{question} json"))


def ask_bird(question: str) -> set[str]:
    """Return the prefixes in an answer of the worker."""
    said = ask(WORKER, "birdc", "-s", f"{folder_of(WORKER, 'bird')}/bird.ctl", *question.split())
    return set(re.findall(r"(?m)^([0-9.]+/[0-9]+) ", said))


@pytest.mark.parametrize("name", ["common-vlan", "same-number", "forbidden"])
def test_both_sides_learn_exactly_what_the_plan_says(name: str) -> None:
    # The VM networks are a group. IKS reaches ICP workers through the tunnel between the clusters.
    overlay, pods = {"172.24.16.0/23"}, {"172.30.0.0/16"}
    more = set(FORBIDDEN) if name == "forbidden" else set()
    plan, _, _ = PLANS["common-vlan" if name == "forbidden" else name]
    designed = design(plan, between_pods_and_vms)
    if name == "forbidden":
        designed = change_daemons(designed, say_more)
    with start(designed) as process:
        assert not process.not_up
        neighbor = f"show bgp ipv4 unicast neighbors {FIRST_WORKER}"
        if more:
            assert ask_until(more, lambda: ask_bird("show route filtered protocol esg1")) == more
            received = ask_until(pods | more, lambda: set(ask_frr(f"{neighbor} received-routes")["receivedRoutes"]))
            assert received == pods | more
        # Nothing else can arrive later, because the peer announces nothing else.
        assert ask_bird("show route export esg1") == pods | more
        assert set(ask_frr(f"{neighbor} advertised-routes")["advertisedRoutes"]) == overlay | more
        assert set(ask_frr(f"{neighbor} routes")["routes"]) == set(ask_frr("show ip route bgp")) == pods
        assert ask_bird("show route protocol esg1") == overlay
        report = prove(designed, process)
    assert_all_agree(report, least=4)
    assert {pair.predicted for pair in report.pairs} == {"reachable"}
    to_pods = [
        pair.seen_request.points[-1] for pair in report.pairs if pair.destination == "iks-pods" and pair.seen_request
    ]
    assert {point.destination for point in to_pods} == {"172.30.0.1"}, "a VM reaches a pod at its own address"
