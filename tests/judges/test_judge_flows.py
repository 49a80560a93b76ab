"""Packets as the judge of flows: what is predicted happens in a landscape that is configured by the exports."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from spaces import Spaces

from ipplan.cli import main

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conftest import Judge

pytestmark = pytest.mark.judges

PLANS = Path(__file__).parent.parent.parent / "sample-plans"
DOCUMENTED = [
    ("internet", "iks-pods"), ("internet", "icp-pods"), ("iks-pods", "vm-web"), ("iks-pods", "vm-db"),
    ("icp-pods", "vm-web"), ("icp-pods", "vm-db"), ("office", "vm-web"), ("office", "vm-db"),
]  # fmt: skip
OTHERS = [
    ("vm-web", "internet"), ("vm-web", "office"), ("vm-db", "office"), ("vm-web", "dns"), ("vm-web", "vm-db"),
    ("vm-web", "iks-workers-private"), ("vm-web", "iks-pods"), ("vm-web", "icp-pods"), ("vm-web", "icp-workers"),
    ("vm-web", "management"), ("vm-web", "hosts-private"), ("vm-web", "hosts-public"),
    ("iks-workers-private", "vm-web"), ("iks-workers-private", "internet"), ("iks-workers-public", "internet"),
    ("iks-workers-private", "esg-private.icp-master"), ("iks-workers-private", "esg-private.icp-proxy"),
    ("iks-workers-private", "icp-pods"), ("iks-workers-private", "icp-workers"), ("iks-workers-private", "office"),
    ("iks-workers-private", "dns"), ("iks-workers-private", "management"), ("iks-workers-private", "iks-pods"),
    ("iks-pods", "internet"), ("iks-pods", "dns"), ("iks-pods", "icp-pods"), ("iks-pods", "office"), ("iks-pods", "management"),
    ("iks-pods", "iks-workers-private"), ("iks-pods", "icp-workers"), ("iks-pods", "esg-private.icp-proxy"),
    ("icp-workers", "vm-db"), ("icp-workers", "internet"), ("icp-workers", "iks-workers-private"), ("icp-workers", "iks-pods"),
    ("icp-pods", "iks-workers-private"), ("icp-pods", "iks-pods"), ("icp-pods", "internet"), ("icp-pods", "office"),
    ("icp-pods", "dns"), ("icp-pods", "management"), ("icp-pods", "icp-workers"),
    ("office", "internet"), ("office", "dns"), ("office", "iks-workers-private"), ("office", "iks-pods"),
    ("office", "icp-pods"), ("office", "icp-workers"), ("office", "management"), ("office", "esg-private.icp-master"),
    ("internet", "vm-web"), ("internet", "esg-public.icp-master"), ("internet", "esg-public"), ("internet", "iks-workers-public"),
    ("internet", "iks-workers-private"), ("internet", "office"), ("internet", "hosts-public"), ("internet", "management"),
    ("management", "vm-web"), ("management", "esg-private"), ("management", "iks-pods"), ("management", "icp-pods"),
    ("management", "internet"), ("management", "office"), ("management", "iks-workers-private"),
    ("hosts-private", "internet"), ("hosts-private", "vm-web"), ("hosts-private", "management"), ("hosts-private", "iks-pods"),
    ("esg-private", "management"), ("esg-private", "vm-web"), ("esg-private", "iks-workers-private"), ("esg-private", "internet"),
    ("esg-public", "internet"), ("esg-private", "office"), ("esg-private", "iks-pods"),
]  # fmt: skip
LABS = {
    "strongswan": ("reference-architecture", {}),
    "static-nat": ("reference-architecture", {"iks-vcs": "static-nat"}),
    "none": ("reference-architecture", {"iks-vcs": "none"}),
    "common-vlan": ("reference-architecture", {"iks-vcs": "common-vlan"}),
    "bgp": ("reference-architecture", {"iks-vcs": "bgp"}),
    "bgp, routed, no tunnel of ICP": (
        "reference-architecture", {"iks-vcs": "bgp", "enterprise": "routed", "iks-icp": "none"},
    ),
    "static-nat, routed, no NAT of ICP": (
        "reference-architecture", {"iks-vcs": "static-nat", "enterprise": "routed", "icp-vcs": "none"},
    ),
    "two": ("two-clusters", {}),
    "two, strongswan": ("two-clusters", {"iks-vcs": "strongswan"}),
}  # fmt: skip


_BOTH = [
    "internet", "backbone", "iks-dal-pods", "iks-fra-pods", "icp-dal-pods", "icp-fra-pods", "vm-dal", "vm-fra", "iks-dal-workers",
    "iks-fra-workers", "icp-dal-workers", "icp-fra-workers", "esg-dal", "esg-fra",
]  # fmt: skip
PAIRS = {
    "reference-architecture": [*DOCUMENTED, *OTHERS],
    "two-clusters": [
        (a, b) for a in _BOTH for b in [*_BOTH, "dns", "esg-dal.icp-proxy", "esg-fra.icp-master"] if a != b
    ],
}  # fmt: skip


def labs_of(sample: str) -> list[str]:
    """Return the names of what is built from a sample."""
    return [name for name, (own, _) in LABS.items() if own == sample]


def ipplan(folder: Path, *args: str) -> str:
    """Run a command of ipplan in this process, which is ten times as fast as in one of its own."""
    out = folder / "out"
    assert main([*args, "-o", str(out)]) == 0, args
    return out.read_text("utf-8")


class Judged(Spaces):
    """The devices of a plan, and its predictions."""

    plan: Path

    def predict(self, start: str, end: str) -> Any:
        """Return what flows says of a pair."""
        (flow,) = json.loads(
            ipplan(self.folder, "flows", str(self.plan), "--from", start, "--to", end, "--json")
        )["flows"]
        return flow


@pytest.fixture(scope="module")
def lab(
    request: pytest.FixtureRequest, judge: Judge, namespaces: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Judged]:
    """The devices of one of the plans, removed after its tests."""
    judge("nft", "Debian package nftables")
    sample, methods = LABS[request.param]
    folder = tmp_path_factory.mktemp("lab")
    text = (PLANS / f"{sample}.toml").read_text("utf-8")
    for key, method in methods.items():
        text, count = re.subn(rf'(?m)^{key} = "[^"]*"', f'{key} = "{method}"', text)
        assert count == 1, key
    for key, number in (("iks-asn", 64999), ("esg-asn", 64998)):
        if key not in text:
            text = text.replace("[integration]\n", f"[integration]\n{key} = {number}\n")
    # The router on premises stands in each network that is stretched.
    text = text.replace("hosts = 60\n", "hosts = 60\naddresses = { on-premises = 62 }\n")
    plan = folder / "plan.toml"
    plan.write_text(text, encoding="utf-8")
    assert main(["allocate", str(plan), "--write"]) == 0
    facts = yaml.safe_load(ipplan(folder, "export", str(plan), "ansible"))["ipplan"]
    texts = {target: ipplan(folder, "export", str(plan), target) for target in ("ip-address", "ip-route")}
    for edge in facts["edges"]:
        name = edge["name"]
        more = () if name is None else ("--edge", name)
        texts[f"nftables-{name or ''}"] = ipplan(folder, "export", str(plan), "nftables", *more)
    found = Judged(folder, texts, facts)
    found.plan = plan
    try:
        found.plan_devices()
        found.plan_scenery()
        found.build()
        yield found
    finally:
        found.remove()


# The lab is a parameter of its own, so that it is built once for all of its pairs.
@pytest.mark.parametrize(("start", "end"), PAIRS["reference-architecture"])
@pytest.mark.parametrize("lab", labs_of("reference-architecture"), indirect=True)
def test_packets_go_as_flows_say(lab: Judged, start: str, end: str) -> None:
    judge_pair(lab, start, end)


@pytest.mark.parametrize(("start", "end"), PAIRS["two-clusters"])
@pytest.mark.parametrize("lab", labs_of("two-clusters"), indirect=True)
def test_packets_go_as_flows_say_between_data_centers(lab: Judged, start: str, end: str) -> None:
    judge_pair(lab, start, end)


def judge_pair(lab: Judged, start: str, end: str) -> None:
    """Send what flows traces from one end to the other, and compare."""
    flow = lab.predict(start, end)
    hops, stop, back_stop = flow["hops"], flow["stop"], flow["back_stop"]
    source, goal = flow["from"]["address"]["address"], flow["to"]["address"]["address"]
    asked = flow["asked"]["address"]
    if asked.startswith("("):
        assert flow["result"] == "undetermined"
        return
    sender, receiver = lab.holder(source), lab.holder(goal)
    # Machines on both of IBM Cloud's networks leave the choice of their address to the kernel.
    free = sender.startswith(("iks-workers", "esg", "host"))
    # Behind a virtual address is an ingress, unless the worker that has the address is meant itself.
    served = flow["to"]["address"]["name"] != "proxy-vip"
    wait = 0.06 if stop or back_stop else 3.0
    heard = lab.ask(sender, "" if free else source, asked, served=served, wait=wait)
    if stop is not None:
        assert heard.device != receiver, f"arrives from {heard.source}, and stops by flows: {stop}"
        assert heard.device is None or heard.device.startswith(stop["device"].lower()), (heard, stop)
        # Both would have spoken and heard.
        assert lab.ask(sender, "", lab.router_of(sender), served=False).answer is not None
        assert lab.ask(receiver, "", goal, served=False).device == receiver
        return
    assert heard.device == receiver, (heard, hops[-1])
    seen = hops[-1]["source"]["address"]
    assert heard.source == seen or seen.startswith("("), hops[-1]
    if back_stop is None:
        assert heard.answer == asked, flow["back"]
    else:
        assert heard.answer != asked, f"answered, and by flows: {back_stop}"
