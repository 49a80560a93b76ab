"""An IKS cluster may name its address for the tunnel to one edge: that tunnel is public, whatever the others are."""

from __future__ import annotations

import pytest
from oracle import verdicts
from walking import exported, landscape, verdict

from ipplan.landscape.bundles import list_bundles
from ipplan.landscape.ends import End

PLAN = """
[edges.dallas]
[edges.fra]
[clusters.iks]
platform = "iks"
[networks.i]
kind = "iks-ingress-public"
cidr = "169.46.49.32/29"
addresses = { %s }
[networks.w]
kind = "iks-worker-private"
cidr = "10.171.42.128/26"
[networks.a]
kind = "vcs-esg-public"
edge = "dallas"
cidr = "169.46.73.16/28"
addresses = { uplink = 4 }
[networks.ap]
kind = "vcs-esg-private"
edge = "dallas"
cidr = "10.176.18.192/27"
addresses = { uplink = 4 }
[networks.b]
kind = "vcs-esg-public"
edge = "fra"
cidr = "159.122.70.32/28"
addresses = { uplink = 4 }
[networks.bp]
kind = "vcs-esg-private"
edge = "fra"
cidr = "10.85.31.64/26"
addresses = { uplink = 4 }
[networks.va]
kind = "vcs-vm"
edge = "dallas"
cidr = "10.224.1.0/24"
[networks.vb]
kind = "vcs-vm"
edge = "fra"
cidr = "10.225.1.0/24"
"""
WRITTEN = """
[[link]]
between = ["iks", "dallas"]
method = "strongswan"
[[link]]
between = ["iks", "fra"]
method = "strongswan"
"""
SHORT = """
[integration]
iks-vcs = "strongswan"
iks-icp = "none"
icp-vcs = "none"
"""
DAL_PRIVATE, FRA_PRIVATE = (None, "10.176.18.196"), (None, "10.85.31.68")
CASES = [
    ("alb = 4", DAL_PRIVATE, FRA_PRIVATE),
    ("strongswan = 5", ("169.46.49.37", "169.46.73.20"), ("169.46.49.37", "159.122.70.36")),
    ("dallas-strongswan = 5", ("169.46.49.37", "169.46.73.20"), FRA_PRIVATE),
    ("fra-vpn = 6", DAL_PRIVATE, ("169.46.49.38", "159.122.70.36")),
    (
        "dallas-strongswan = 5, fra-strongswan = 6",
        ("169.46.49.37", "169.46.73.20"),
        ("169.46.49.38", "159.122.70.36"),
    ),
    ("london-strongswan = 5", DAL_PRIVATE, FRA_PRIVATE),
]


@pytest.mark.parametrize("form", [WRITTEN, SHORT], ids=["link", "integration"])
@pytest.mark.parametrize(("names", "dallas", "fra"), CASES)
def test_the_tunnel_to_an_edge_ends_at_the_address_that_is_named_for_it(
    form: str, names: str, dallas: tuple[str | None, str], fra: tuple[str | None, str]
) -> None:
    found = landscape(PLAN % names + form)
    for tunnel in found.tunnels.of_end(End("iks", "iks")):
        near, far = dallas if tunnel.far.end.name == "dallas" else fra
        gateways = [None if e.gateway is None else e.gateway.text for e in (tunnel.near, tunnel.far)]
        assert (gateways, tunnel.private) == ([near, far], near is None)
        # The workers are behind the tunnel only where it does not end at them.
        assert ("10.171.42.128/26" in map(str, tunnel.near.subnets)) == (near is not None)


@pytest.mark.parametrize(("names", "edges"), [("dallas-strongswan = 5", 2), ("alb = 4", 1)])
def test_tunnels_of_the_short_form_are_alike_only_where_they_end_alike(names: str, edges: int) -> None:
    found = [b for b in list_bundles(landscape(PLAN % names + SHORT).ends) if b.pair == "iks-edge"]
    assert len(found) == edges


ICP = """
[clusters.icp]
platform = "icp"
edge = "dallas"
[networks.iw]
kind = "icp-worker"
cluster = "icp"
cidr = "10.226.1.0/24"
[networks.ip]
kind = "icp-pod"
cluster = "icp"
cidr = "10.171.42.128/25"
"""


@pytest.mark.parametrize("form", [WRITTEN, SHORT], ids=["link", "integration"])
@pytest.mark.parametrize(
    ("names", "severity"),
    [("dallas-strongswan = 5", "error"), ("fra-strongswan = 5", "warning"), ("alb = 4", "warning")],
)
def test_the_tables_hold_the_workers_where_the_tunnel_carries_them(form: str, names: str, severity: str) -> None:
    """The pods of ICP are where the workers of IKS are; ICP leads there only by the ESG's tunnel."""
    plan = PLAN % names + form + ICP
    assert verdict(plan, "w", "ip") == severity
    assert verdicts(plan)[frozenset(("w", "ip"))] == severity


def test_the_chart_names_the_address_of_its_tunnel() -> None:
    plan = PLAN % "dallas-strongswan = 5, fra-strongswan = 6" + WRITTEN
    for edge, own, far in (
        ("dallas", "169.46.49.37", "169.46.73.20"),
        ("fra", "169.46.49.38", "159.122.70.36"),
    ):
        text = exported(plan, "strongswan-iks", edge=edge)
        assert own in text
        assert far in text
