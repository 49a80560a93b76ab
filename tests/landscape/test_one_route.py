"""A table has one route for a prefix: the tunnel, where a site is joined by a GRE tunnel and by a routed link."""

from __future__ import annotations

from walking import exported, landscape

PLAN = """
[edges.dallas]
[sites.hq]
[[link]]
between = ["hq", "dallas"]
method = "gre"
[[link]]
between = ["hq", "ibm-private"]
method = "routed"
[networks.office]
kind = "enterprise"
cidr = "192.168.100.0/24"
addresses = { gre = 2 }
[networks.more]
kind = "enterprise"
cidr = "192.168.102.0/24"
[networks.t]
kind = "vcs-transit"
cidr = "10.225.1.0/29"
[networks.vm]
kind = "vcs-vm"
cidr = "10.225.0.0/24"
[networks.p]
kind = "vcs-esg-private"
cidr = "10.176.18.192/27"
addresses = { uplink = 4 }
"""


def test_the_tunnel_takes_the_place_of_the_routed_link() -> None:
    found = landscape(PLAN)
    (edge,) = found.ends.edges
    for prefix in ("192.168.100.0/24", "192.168.102.0/24"):
        assert [r.how for r in found.esg(edge).routes if str(r.prefix) == prefix] == ["gre"]
        lines = exported(PLAN, "ip-route").partition("\nesg-dallas)\n")[2].partition(";;")[0].splitlines()
        assert sum(prefix in line.split("#")[0] for line in lines) == 1


def test_the_router_of_the_site_has_one_route_for_what_the_bcr_learns_too() -> None:
    more = '[integration]\niks-vcs = "bgp"\n[clusters.iks]\nplatform = "iks"\n'
    found = landscape(more + PLAN)
    (site,) = found.ends.sites
    assert [r.how for r in found.router_routes(site) if str(r.prefix) == "10.225.0.0/24"] == ["gre"]
