"""FRR, BIRD and Calico's own schemas as judges of what is exported for BGP; and a session between the two daemons."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from ipaddress import ip_network
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import jsonschema
import pytest
import yaml

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from conftest import Run

pytestmark = pytest.mark.judges

SAMPLES = Path(__file__).parent.parent.parent / "sample-plans"
SHORT_FORM = Path(__file__).parent.parent / "landscape" / "before" / "two-clusters.toml"
"""The sample of two clusters without links."""
DATA = Path(__file__).parent / "data"
FOLDERS = os.pathsep.join((os.environ.get("PATH", ""), "/usr/sbin", "/sbin", "/usr/lib/frr"))
HOSTILE = 'a\\"\\n!\\n#]]>: {x} #\\u0001$(touch hacked)\\u2028=1+1 \\uD7FF\\U0001F600'
FORBIDDEN = ("192.0.2.0/24", "172.30.0.0/15", "0.0.0.0/0")
"""What neither side may take: nobody's, wider than the pods, and everything."""
FIRST_WORKER = "10.171.42.130"
ANSWER = """
from socket import create_server
with create_server(("0.0.0.0", 7000)) as server:
    while True:
        connection, (address, _) = server.accept()
        with connection:
            connection.sendall(address.encode())
"""
"""A program that tells who asks by which address it met them."""
ASK = """
import sys
from socket import create_connection
with create_connection((sys.argv[1], 7000), timeout=5, source_address=("172.30.0.1", 0)) as connection:
    sys.stdout.write(connection.recv(100).decode())
"""


def tool(name: str, package: str) -> str:
    found = shutil.which(name, path=FOLDERS)
    if found is None:
        pytest.skip(f"needs {name} (Debian package {package})")
    return found


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
        SHORT_FORM.read_text("utf-8"), ("--edge", "dallas"), ("--cluster", "iks-fra"),
    ),
    "several-on-one-vlan": (
        SHORT_FORM.read_text("utf-8").replace('iks-vcs = "bgp"', 'iks-vcs = "common-vlan"'),
        ("--edge", "frankfurt"), ("--cluster", "iks-dal"),
    ),
    "hostile": (
        reference("common-vlan").replace('"reference-architecture"', f'"{HOSTILE}"').replace("iks-prod]", f'"{HOSTILE}"]')
        .replace("[networks.iks-workers-private]", f'[networks."{HOSTILE}"]'),
        (), (),
    ),
}  # fmt: skip
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
def test_frr_takes_what_is_exported(exported: Callable[..., str], tmp_path: Path, name: str) -> None:
    vtysh = tool("vtysh", "frr")
    plan, edge, _ = PLANS[name]
    file = tmp_path / "frr.conf"
    file.write_text(exported("frr", plan, *edge), encoding="utf-8")
    done = subprocess.run([vtysh, "-C", "-f", str(file)], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, ""), done.stdout + done.stderr
    file.write_text(file.read_text("utf-8").replace("remote-as", "remote-is"), encoding="utf-8")
    done = subprocess.run([vtysh, "-C", "-f", str(file)], capture_output=True, text=True, check=False)
    assert done.returncode != 0, "the judge has to tell a fault"


@pytest.mark.parametrize("name", PLANS)
def test_bird_takes_what_is_exported(exported: Callable[..., str], tmp_path: Path, name: str) -> None:
    bird = tool("bird", "bird2")
    plan, _, cluster = PLANS[name]
    file = tmp_path / "bird.conf"
    file.write_text(exported("bird", plan, *cluster), encoding="utf-8")
    done = subprocess.run([bird, "-p", "-c", str(file)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""


def check_calico(text: str) -> list[dict[str, Any]]:
    """Hold documents against Calico's schemas, and the rules that these do not tell; return the documents."""
    documents = [document for document in yaml.safe_load_all(text) if document is not None]
    for document in documents:
        kind, spec = document["kind"], document["spec"]
        schema = json.loads((DATA / f"calico-{kind.lower()}s.json").read_text("utf-8"))
        jsonschema.Draft4Validator(schema).validate(document)
        assert document["apiVersion"] == "projectcalico.org/v3"
        assert set(spec) <= set(schema["properties"]["spec"]["properties"]), (
            "no field that Calico does not have"
        )
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


# A session between the two.


class Landscape(NamedTuple):
    """An ESG and a worker, on one link, with a DLR behind the ESG: functions that ask them."""

    ask_frr: Callable[[str], Any]
    ask_bird: Callable[[str], str]
    in_worker: Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def start() -> Iterator[Callable[[str, str, str], Landscape]]:
    """A function that starts both daemons in network namespaces of their own with their configuration."""
    tools = {
        name: tool(name, package)
        for package, names in {
            "frr": ("vtysh", "zebra", "staticd", "bgpd"), "bird2": ("bird", "birdc"), "iproute2": ("ip",),
            "util-linux": ("unshare", "nsenter"),
        }.items()
        for name in names
    }  # fmt: skip
    if os.geteuid() != 0:
        pytest.skip("needs root for network namespaces")
    if subprocess.run([tools["unshare"], "--net", "true"], capture_output=True, check=False).returncode:
        pytest.skip("network namespaces cannot be made here")
    with ExitStack() as stack:
        yield lambda frr, bird, vm: _start(stack, tools, frr, bird, vm)


def _start(stack: ExitStack, tools: dict[str, str], frr: str, bird: str, vm: str) -> Landscape:
    # FRR gives up root, so it cannot work in the folder of a test.
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory(dir="/tmp")))
    shutil.chown(folder, "frr")
    (folder / "frr.conf").write_text(frr, encoding="utf-8")
    (folder / "bird.conf").write_text(bird, encoding="utf-8")

    def daemon(*command: str) -> subprocess.Popen[bytes]:
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        stack.callback(process.wait)
        stack.callback(process.terminate)
        return process

    spaces = {name: daemon(tools["unshare"], "--net", "sleep", "120") for name in ("esg", "worker", "dlr")}
    time.sleep(0.3)  # until they have left ours

    def inside(name: str, *command: str) -> list[str]:
        return [tools["nsenter"], "-t", str(spaces[name].pid), "-n", *command]

    def run(name: str, *command: str, fine: bool = True) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(inside(name, *command), capture_output=True, text=True, check=False)
        assert done.returncode == 0 or not fine, (command, done.stdout, done.stderr)
        return done

    for number, name in ((1, "worker"), (2, "dlr")):
        other = f"name eth0 netns {spaces[name].pid}".split()
        run("esg", tools["ip"], "link", "add", f"eth{number}", "type", "veth", "peer", *other)
    for name, link, *addresses in (
        ("esg", "eth1", "10.176.18.194/27"), ("esg", "eth2", "172.24.19.1/29"), ("dlr", "eth0", "172.24.19.2/29"),
        ("dlr", "lo", f"{vm}/32"), ("worker", "eth0", f"{FIRST_WORKER}/26"), ("worker", "lo", "172.30.0.1/32"),
    ):  # fmt: skip
        for address in addresses:
            run(name, tools["ip"], "address", "add", address, "dev", link)
        run(name, tools["ip"], "link", "set", link, "up")
    run("dlr", tools["ip"], "route", "add", "default", "via", "172.24.19.1")
    daemon(*inside("dlr", sys.executable, "-c", ANSWER))

    sockets = str(folder)
    for name in ("zebra", "staticd", "bgpd"):
        options = [
            "-i",
            f"{sockets}/{name}.pid",
            "-z",
            f"{sockets}/z.sock",
            "--vty_socket",
            sockets,
            "-P",
            "0",
        ]
        daemon(*inside("esg", tools[name], "-f", "/dev/null", *options))
        wait_for(lambda name=name: (folder / f"{name}.vty").exists())  # type: ignore[misc]
    run("esg", tools["vtysh"], "--vty_socket", sockets, "-f", f"{sockets}/frr.conf")
    daemon(*inside("worker", tools["bird"], "-f", "-c", f"{sockets}/bird.conf", "-s", f"{sockets}/bird.ctl"))

    def ask_frr(question: str) -> Any:
        return json.loads(
            run("esg", tools["vtysh"], "--vty_socket", sockets, "-c", f"{question} json").stdout
        )

    def ask_bird(question: str) -> str:
        return run(
            "worker", tools["birdc"], "-s", f"{sockets}/bird.ctl", *question.split(), fine=False
        ).stdout

    return Landscape(ask_frr, ask_bird, lambda *command: run("worker", *command, fine=False))


def wait_for(condition: Callable[[], bool], seconds: float = 30) -> bool:
    """Return whether a condition comes true in time."""
    end = time.monotonic() + seconds
    while not (found := condition()) and time.monotonic() < end:
        time.sleep(0.2)
    return found


@pytest.mark.parametrize("name", ["common-vlan", "same-number", "forbidden"])
def test_both_sides_learn_exactly_what_the_plan_says(
    exported: Callable[..., str], run: Run, start: Callable[[str, str, str], Landscape], name: str
) -> None:
    plan, edge, cluster = PLANS["common-vlan" if name == "forbidden" else name]
    frr, bird = exported("frr", plan, *edge), exported("bird", plan, *cluster)
    rows = json.loads(run("allocate", "plan.toml", "--json").stdout)["allocations"]
    cidrs = {row["network"]: row["cidr"] for row in rows}
    # The VM networks are a group. IKS reaches ICP workers through the tunnel between the clusters.
    overlay = {"172.24.16.0/23"}
    bird = bird.replace("  multihop;\n", "  multihop;\n  connect delay time 1;\n")
    if name == "forbidden":
        # Each side now says more than it may, which the other has to refuse.
        said = "".join(f"  route {p} blackhole;\n" for p in FORBIDDEN)
        bird = bird.replace(
            "protocol static pod_blocks {\n  ipv4;\n", "protocol static pod_blocks {\n  ipv4;\n" + said
        )
        more = [
            f"ip route {p} blackhole\nip prefix-list overlay seq {i} permit {p}\n"
            for i, p in enumerate(FORBIDDEN, 1)
        ]
        frr = frr.replace("router bgp", "".join(more) + "router bgp", 1)
        frr = frr.replace("  network", "".join(f"  network {p}\n" for p in FORBIDDEN) + "  network", 1)
    vm = str(next(ip_network(cidrs["vm-web"]).hosts()))
    landscape = start(frr, bird, vm)

    def learned_by_frr() -> set[str]:
        return set(landscape.ask_frr("show ip route bgp"))

    def learned_by_bird() -> set[str]:
        return set(re.findall(r"(?m)^([0-9.]+/[0-9]+) ", landscape.ask_bird("show route protocol esg1")))

    wait_for(lambda: bool(learned_by_frr()) and len(learned_by_bird()) >= len(overlay))
    time.sleep(1)  # in which more could arrive
    assert learned_by_frr() == {"172.30.0.0/16"}
    assert learned_by_bird() == overlay
    if name == "forbidden":
        assert {*FORBIDDEN} <= set(
            re.findall(r"[0-9.]+/[0-9]+", landscape.ask_bird("show route export esg1"))
        )
        (peer,) = landscape.ask_frr("show bgp ipv4 unicast summary")["peers"]
        sent = landscape.ask_frr(f"show bgp ipv4 unicast neighbors {peer} advertised-routes")
        assert {*FORBIDDEN} <= set(sent["advertisedRoutes"])
    answered = landscape.in_worker(sys.executable, "-c", ASK, vm)
    assert answered.stdout == "172.30.0.1", (
        "a pod reaches a VM with its own address, and the answer comes back"
    )
