"""What packets in network namespaces showed: which address a router takes, which table, and what keeps a tunnel down."""

from __future__ import annotations

from test_flows_links import BASE, link, net
from walking import walk

ICP_TUNNEL = (
    '[clusters.other]\nplatform = "icp"\nedge = "fra"\n'
    + net("other-pods", "icp-pod", "10.63.0.0/24", 'cluster = "other"')
    + net("other-nodes", "icp-worker", "172.25.18.0/27", 'cluster = "other"')
)


def test_the_esg_asks_from_the_interface_by_which_it_leaves() -> None:
    text = link("iks", "dal", "none") + net("vm-esg", "vcs-vm", "172.24.20.0/24", 'edge = "dal"', 'gateway-on = "esg"')
    assert walk(text, "priv-dal", "vm-esg").hops[-1].source.text == "172.24.20.1"


def test_workers_of_icp_in_a_second_subnet_have_its_gateway() -> None:
    text = BASE + net(
        "icp-more", "icp-worker", "172.24.21.0/24", 'cluster = "icp"', 'edge = "dal"', 'gateway-on = "dlr"'
    )
    assert [h.device for h in walk(text, "icp-more", "vm-dal").hops[2:4]] == ["worker", "DLR"]
    assert [h.device for h in walk(text, "icp-nodes", "vm-dal").hops[2:4]] == ["worker", "ESG"]


def test_a_tunnel_that_icp_opens_needs_nat_of_its_edge() -> None:
    text = link("icp", "other", "strongswan") + ICP_TUNNEL
    nat = '[[link]]\nbetween = ["icp", "dal"]\nmethod = "nat"\n'
    closed = walk(text, "other-pods", "icp-pods")
    assert closed.stop is not None
    assert (closed.stop.device, closed.stop.end) == ("strongSwan", "not-translated")
    assert walk(text + nat, "other-pods", "icp-pods").stop is None


def test_the_bcr_drops_what_comes_from_a_site_that_it_has_no_route_to() -> None:
    text = link("hq", "dal", "l2-extension") + net("hcx", "vcs-hcx", "10.176.19.0/26", 'edge = "dal"')
    stop = walk(text, "office", "hcx").stop
    assert stop is not None
    assert (stop.device, stop.end) == ("BCR", "source-refused")


def test_a_gre_tunnel_needs_addresses_at_both_ends() -> None:
    text = link("hq", "dal", "gre").replace("addresses = { ipsec = 4, gre = 4 }", "")
    assert walk(text, "office", "vm-dal").result == "undetermined"
    assert walk(text, "vm-dal", "office").result == "undetermined"
