"""Edges, sites and links of a plan: what is read, and a table of mistakes with exact places and words."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ipplan.addresses import parse_prefix
from ipplan.plan.load import PlanError, parse_plan
from ipplan.plan.model import Edge, Link, LinkNat, Site

if TYPE_CHECKING:
    from ipplan.plan.model import Plan

PLAN = """\
[clusters.iks-dal]
platform = "iks"
[clusters.iks-fra]
platform = "iks"
data-center = "fra02"
[clusters.icp]
platform = "icp"
edge = "dallas"
[edges.dallas]
data-center = "dal10"
internet = "web-proxy"
[edges.frankfurt]
[sites.hq]
[sites.lab]
[networks.pods]
kind = "iks-pod"
cluster = "iks-dal"
cidr = "172.30.0.0/16"
[networks.icp-workers]
kind = "icp-worker"
hosts = 60
gateway-on = "esg"
[networks.vm]
kind = "vcs-vm"
edge = "frankfurt"
prefix = 24
gateway-on = "on-premises"
[networks.esg]
kind = "vcs-esg-private"
edge = "dallas"
data-center = "dal10"
[networks.office]
kind = "enterprise"
cidr = "192.168.0.0/24"
site = "hq"
"""
LINES = PLAN.count("\n")


def load(text: str) -> Plan:
    return parse_plan(text.encode(), "plan.toml")


def link(between: str, method: str, more: str = "") -> str:
    return f'[[link]]\nbetween = {between}\nmethod = "{method}"\n{more}\n'


def problems(text: str, *, before: int = LINES) -> list[tuple[int, int | None, str, str, str | None]]:
    """Return line (counted after those of the plan above), column, rule, message and help of every problem."""
    with pytest.raises(PlanError) as caught:
        load(text)
    found = []
    for finding in caught.value.problems:
        assert finding.location is not None
        assert finding.location.line is not None
        place = finding.location.line - before, finding.location.column
        found.append((*place, finding.rule, finding.message, finding.help))
    return found


def test_edges_sites_and_what_networks_and_clusters_say_of_them() -> None:
    plan = load(PLAN)
    assert plan.edges == {"dallas": Edge("dallas", "dal10", "web-proxy"), "frankfurt": Edge("frankfurt")}
    assert plan.sites == {"hq": Site("hq"), "lab": Site("lab")}
    assert plan.links == ()
    clusters = plan.clusters.values()
    assert [(c.data_center, c.edge) for c in clusters] == [(None, None), ("fra02", None), (None, "dallas")]
    assert [(n.edge, n.site, n.gateway_on, n.data_center) for n in plan.networks] == [
        (None, None, None, None),
        (None, None, "esg", None),
        ("frankfurt", None, "on-premises", None),
        ("dallas", None, None, "dal10"),
        (None, "hq", None, None),
    ]


def test_an_edge_counts_that_is_only_named() -> None:
    named = load(
        PLAN + '[networks.more]\nkind = "vcs-vm"\nedge = "wdc"\n[clusters.last]\nplatform = "iks"\nedge = "tok"'
    )
    assert named.edge_names == ("dallas", "frankfurt", "tok", "wdc")
    assert list(named.edges) == ["dallas", "frankfurt"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (link('["iks-dal", "dallas"]', "bgp"), Link(("iks-dal", "dallas"), "bgp")),
        (link('["dallas", "iks-dal"]', "none"), Link(("iks-dal", "dallas"), "none")),
        (link('["icp", "dallas"]', "nat"), Link(("icp", "dallas"), "nat")),
        (link('["iks-fra", "iks-dal"]', "strongswan"), Link(("iks-fra", "iks-dal"), "strongswan")),
        (link('["icp", "iks-dal"]', "strongswan"), Link(("iks-dal", "icp"), "strongswan")),
        (link('["frankfurt", "dallas"]', "routed"), Link(("frankfurt", "dallas"), "routed")),
        (link('["ibm-private", "lab"]', "routed"), Link(("lab", "ibm-private"), "routed")),
        (
            link('["frankfurt", "hq"]', "l2-extension", 'networks = ["vm", "vm", "office"]'),
            Link(("hq", "frankfurt"), "l2-extension", ("vm", "office")),
        ),
        (
            link(
                '["hq", "ibm-private"]', "routed", 'networks = ["esg"]\nnat = [{ network = "esg", as = "10.9.0.0/26" }]'
            ),
            Link(("hq", "ibm-private"), "routed", ("esg",), (LinkNat("esg", parse_prefix("10.9.0.0/26")),)),
        ),
        (
            link(
                '["hq", "dallas"]',
                "gre",
                'nat = [{ network = "office", as = "10.9.1.0/24" }, { network = "icp-workers", as = "10.9.0.1/32" }]',
            ),
            Link(
                ("hq", "dallas"),
                "gre",
                (),
                (
                    LinkNat("office", parse_prefix("10.9.1.0/24")),
                    LinkNat("icp-workers", parse_prefix("10.9.0.1/32")),
                ),
            ),
        ),
    ],
)
def test_a_link_is_read_with_its_ends_in_the_order_of_the_pair(text: str, expected: Link) -> None:
    assert load(PLAN + text).links == (expected,)


def test_a_site_and_an_edge_can_have_several_links() -> None:
    both = link('["hq", "dallas"]', "l2-extension") + link('["dallas", "hq"]', "ipsec")
    assert [(found.number, found.key, found.method) for found in load(PLAN + both).links] == [
        (0, ("link", 0), "l2-extension"),
        (1, ("link", 1), "ipsec"),
    ]


def test_without_sites_the_enterprise_is_one() -> None:
    text = '[edges.e]\n[networks.n]\nkind = "enterprise"\ncidr = "192.168.0.0/24"\n' + link(
        '["e", "enterprise"]', "ipsec", 'networks = ["n"]'
    )
    assert load(text).links[0].ends == ("enterprise", "e")
    assert (
        load(text.replace('192.168.0.0/24"', '192.168.0.0/24"\nsite = "enterprise"')).networks[0].site == "enterprise"
    )


def test_the_only_edge_has_what_names_no_edge() -> None:
    text = (
        '[sites.hq]\n[edges.e]\n[networks.n]\nkind = "vcs-vm"\nprefix = 24\n'
        '[clusters.c]\nplatform = "icp"\n[networks.w]\nkind = "icp-worker"\n'
        + link('["e", "hq"]', "ipsec", 'networks = ["n", "w"]')
    )
    assert load(text).links[0].networks == ("n", "w")
    ((line, column, rule, message, help_), *more) = problems(text + "[edges.f]\n", before=0)
    assert (line, column, rule) == (13, 13, "bad-value")
    assert message == 'link[0].networks[0] is "n", a network of neither hq nor e'
    assert help_ == "write its edge or site in [networks.n]"
    assert [found[4] for found in more] == ["w is a network of c"]


NAT = 'nat = [{{ network = "{}", as = "{}" }}]'


@pytest.mark.parametrize(
    ("text", "line", "column", "rule", "message", "help_"),
    [
        (
            link('["dalas", "hq"]', "ipsec"),
            2,
            12,
            "unknown-reference",
            'link[0].between[0] is "dalas", and the plan has no such cluster, edge or site',
            'did you mean "dallas"?',
        ),
        (
            link('["dallas", "enterprise"]', "ipsec"),
            2,
            22,
            "unknown-reference",
            'link[0].between[1] is "enterprise", and the plan has no such cluster, edge or site',
            'known: "iks-dal", "iks-fra", "icp", "dallas", "frankfurt", "hq", "lab", "ibm-private"',
        ),
        (
            link('["dallas", "dallas"]', "ipsec"),
            2,
            11,
            "bad-value",
            'link[0].between joins "dallas" to itself',
            "name two different ends",
        ),
        (
            link('["dallas"]', "ipsec"),
            2,
            11,
            "bad-value",
            "link[0].between names 1 ends; a link joins two",
            'write between = ["A", "B"]',
        ),
        (
            link('"dallas"', "ipsec"),
            2,
            11,
            "wrong-type",
            'link[0].between is a string, "dallas"; it must be an array of strings',
            "write it in brackets: [...]",
        ),
        (
            '[[link]]\nmethod = "ipsec"\n',
            1,
            1,
            "missing-key",
            "link[0].between is missing: a link joins two ends",
            'write between = ["A", "B"]',
        ),
        (
            link('["hq", "iks-dal"]', "ipsec"),
            2,
            11,
            "bad-value",
            "link[0].between joins a site and an IKS cluster, and no method does that",
            "a site can be linked to an edge or ibm-private; an IKS cluster can be linked to an edge or an IKS cluster or an ICP cluster",
        ),
        (
            link('["hq", "lab"]', "routed"),
            2,
            11,
            "bad-value",
            "link[0].between joins a site and a site, and no method does that",
            "a site can be linked to an edge or ibm-private",
        ),
        (
            '[[link]]\nbetween = ["hq", "dallas"]\n',
            1,
            1,
            "missing-key",
            "link[0].method is missing: it says how the two ends are joined",
            "write one of l2-extension, ipsec, gre, none",
        ),
        (
            link('["hq", "dallas"]', "ipsek"),
            3,
            10,
            "bad-value",
            'link[0].method is "ipsek", which is not a valid method for a site and an edge: write one of l2-extension, ipsec, gre, none',
            'did you mean "ipsec"?',
        ),
        (
            link('["icp", "dallas"]', "bgp"),
            3,
            10,
            "bad-value",
            'link[0].method is "bgp", which is not a valid method for an ICP cluster and an edge: write one of nat, none',
            None,
        ),
        (
            link('["iks-dal", "hq", "lab"]', "bgp"),
            2,
            11,
            "bad-value",
            "link[0].between names 3 ends; a link joins two",
            'write between = ["A", "B"]',
        ),
        (
            link('["hq", "frankfurt"]', "gre", 'networks = ["offices"]'),
            4,
            13,
            "unknown-reference",
            'link[0].networks[0] is "offices", and the plan has no such network',
            'did you mean "office"?',
        ),
        (
            link('["hq", "dallas"]', "gre", 'networks = ["icp-workers", "vm"]'),
            4,
            28,
            "bad-value",
            'link[0].networks[1] is "vm", a network of neither hq nor dallas',
            "vm is a network of frankfurt",
        ),
        (
            link('["lab", "dallas"]', "gre", 'networks = ["office"]'),
            4,
            13,
            "bad-value",
            'link[0].networks[0] is "office", a network of neither lab nor dallas',
            "office is a network of hq",
        ),
        (
            link('["hq", "dallas"]', "none", 'networks = ["office"]'),
            4,
            12,
            "bad-value",
            'link[0].networks has no effect with method "none"; it is only for l2-extension, ipsec and gre',
            "remove it",
        ),
        (
            link('["hq", "dallas"]', "l2-extension", NAT.format("office", "10.9.0.0/24")),
            4,
            7,
            "bad-value",
            'link[0].nat has no effect with method "l2-extension"; it is only for ipsec and gre',
            "remove it",
        ),
        (
            link('["hq", "frankfurt"]', "gre", NAT.format("icp-workers", "10.9.0.0/26")),
            4,
            20,
            "bad-value",
            'link[0].nat[0].network is "icp-workers", a network of neither hq nor frankfurt',
            "icp-workers is a network of icp and dallas",
        ),
        (
            link('["hq", "frankfurt"]', "gre", NAT.format("vm", "10.9.0.0/25")),
            4,
            31,
            "bad-value",
            "link[0].nat[0].as is 10.9.0.0/25, and vm is a /24: both must have the same size",
            "write a /24, or one address (/32) for answers only",
        ),
        (
            link('["hq", "frankfurt"]', "gre", NAT.format("office", "10.9.0.0/23")),
            4,
            35,
            "bad-value",
            "link[0].nat[0].as is 10.9.0.0/23, and office is a /24: both must have the same size",
            "write a /24, or one address (/32) for answers only",
        ),
        (
            link('["hq", "frankfurt"]', "gre", NAT.format("office", "fd00::/120")),
            4,
            35,
            "bad-value",
            "link[0].nat[0].as is fd00::/120, and office is an IPv4 network",
            "write an IPv4 prefix",
        ),
        (
            link('["hq", "frankfurt"]', "gre", NAT.format("office", "10.9.0.1/24")),
            4,
            35,
            "bad-value",
            'link[0].nat[0].as is "10.9.0.1/24": 10.9.0.1/24 has host bits set; the enclosing block is 10.9.0.0/24',
            "write 10.9.0.0/24, or 10.9.0.1/32 if only that part is meant",
        ),
        (
            link('["hq", "dallas"]', "gre", 'nat = [{ network = "office" }]'),
            4,
            8,
            "missing-key",
            "link[0].nat[0].as is missing: it is the prefix that the far side sees",
            None,
        ),
        (
            link('["hq", "dallas"]', "gre", 'nat = [{ as = "10.9.0.0/24" }]'),
            4,
            8,
            "missing-key",
            "link[0].nat[0].network is missing: it names the network whose addresses are translated",
            None,
        ),
        (
            link('["hq", "dallas"]', "gre", 'nat = { network = "office", as = "10.9.0.0/24" }'),
            4,
            7,
            "wrong-type",
            "link[0].nat is a table, {'network': 'office', 'as': '10.9.0.0/24'}; it must be an array of tables",
            'write nat = [{ network = "NAME", as = "CIDR" }]',
        ),
        (
            link(
                '["hq", "dallas"]',
                "gre",
                'nat = [{ network = "office", as = "10.9.0.0/24" }, { network = "office", as = "10.8.0.0/24" }]',
            ),
            4,
            64,
            "bad-value",
            'link[0].nat[1].network is "office", which this link translates already',
            "keep one of the entries",
        ),
        (
            link('["hq", "dallas"]', "gre", "nets = []"),
            4,
            1,
            "unknown-key",
            "link[0].nets is not a key that ipplan knows; it would have no effect",
            "did you mean networks?",
        ),
        (
            link('["iks-dal", "dallas"]', "bgp") + link('["dallas", "iks-dal"]', "bgp"),
            6,
            11,
            "bad-value",
            "link[1].between joins iks-dal and dallas, which link[0] does already",
            "keep one of the two links: only a site and an edge can have several",
        ),
        (
            link('["hq", "dallas"]', "gre") + link('["hq", "dallas"]', "none"),
            7,
            10,
            "bad-value",
            'link[1].method is "none", and link[0] of the same ends has "gre": "none" closes the pair',
            "keep one of the two links",
        ),
        (
            "[edges.ibm-private]\n",
            1,
            1,
            "bad-value",
            "edges.ibm-private has the name that links use for IBM Cloud's private network",
            "choose another name",
        ),
        ('[edges.""]\n', 1, 1, "bad-value", 'edges."" has an empty name', None),
        (
            "[edges.x]\nasn = 1\n",
            2,
            1,
            "unknown-key",
            "edges.x.asn is not a key that ipplan knows; it would have no effect",
            "known keys here: data-center, internet, labels, vlan, status",
        ),
        (
            '[edges.x]\ninternet = "snta"\n',
            2,
            12,
            "bad-value",
            'edges.x.internet is "snta", which is not a valid way to reach the internet',
            'did you mean "snat"?',
        ),
        (
            '[edges.x]\ndata-center = "DAL10"\n',
            2,
            15,
            "bad-value",
            'edges.x.data-center is "DAL10"; a data center is written like "dal10"',
            'write "dal10"',
        ),
        (
            "[sites.x]\ncity = 1\n",
            2,
            1,
            "unknown-key",
            "sites.x.city is not a key that ipplan knows; it would have no effect",
            "known keys here: labels, vlan, status",
        ),
        (
            '[clusters.x]\nplatform = "iks"\nedge = 3\n',
            3,
            8,
            "wrong-type",
            "clusters.x.edge is a number, 3; it must be a string",
            "put it in quotes",
        ),
        (
            '[networks.x]\nkind = "enterprise"\ncidr = "192.168.1.0/24"\nsite = "h"\n',
            4,
            8,
            "unknown-reference",
            'networks.x.site is "h", and the plan has no such site',
            'did you mean "hq"?',
        ),
        (
            '[networks.x]\nkind = "vcs-vm"\nsite = "hq"\n',
            3,
            8,
            "bad-value",
            'networks.x.site has no effect with kind "vcs-vm"; it is only for enterprise',
            "remove it",
        ),
        (
            '[networks.x]\nkind = "vcs-transit"\ngateway-on = "esg"\n',
            3,
            14,
            "bad-value",
            'networks.x.gateway-on has no effect with kind "vcs-transit"; it is only for vcs-vm and icp-worker',
            "remove it",
        ),
        (
            '[networks.x]\nkind = "vcs-vm"\ngateway-on = "bcr"\n',
            3,
            14,
            "bad-value",
            'networks.x.gateway-on is "bcr", which is not a valid router for a gateway',
            "write one of dlr, esg, on-premises",
        ),
        (
            '[networks.x]\nkind = "icp-worker"\nedge = "frankfurt"\n',
            3,
            8,
            "bad-value",
            'networks.x.edge is "frankfurt", and its cluster icp is behind edge "dallas"',
            "name the edge in one of the two places",
        ),
        (
            '[networks.x]\nkind = "vcs-vm"\ndata-center = "10"\n',
            3,
            15,
            "bad-value",
            'networks.x.data-center is "10"; a data center is written like "dal10"',
            None,
        ),
    ],
)
def test_one_mistake_is_one_problem_at_its_place(
    text: str, line: int, column: int, rule: str, message: str, help_: str | None
) -> None:
    assert problems(PLAN + text) == [(line, column, rule, message, help_)]


def test_an_edge_without_a_name_cannot_be_linked() -> None:
    text = '[clusters.c]\nplatform = "iks"\n[networks.n]\nkind = "vcs-vm"\n' + link('["c", "esg"]', "bgp")
    assert problems(text, before=0) == [
        (
            6,
            17,
            "unknown-reference",
            'link[0].between[1] is "esg", and the plan has no such cluster, edge or site',
            "to link the edge, declare [edges.esg]",
        ),
    ]


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ('[clusters.x]\nplatform = "iks"\n[networks.n]\nkind = "vcs-vm"\nedge = "x"\n', "an IKS cluster and an edge"),
        ('[clusters.x]\nplatform = "icp"\n[clusters.y]\nplatform = "icp"\nedge = "x"\n', "an ICP cluster and an edge"),
        ('[sites.x]\n[networks.n]\nkind = "vcs-vm"\nedge = "x"\n', "an edge and a site"),
        ('[networks.n]\nkind = "vcs-vm"\nedge = "ibm-private"\n', "an edge and ibm-private"),
        ('[clusters.enterprise]\nplatform = "iks"\n', "an IKS cluster and a site"),
    ],
)
def test_a_name_with_two_meanings_cannot_be_linked(text: str, what: str) -> None:
    name = "ibm-private" if "ibm-private" in text else "enterprise" if "enterprise" in text else "x"
    load(text)
    found = problems(text + "[edges.e]\n" + link(f'["e", "{name}"]', "none"), before=0)
    assert [problem[2:] for problem in found] == [
        (
            "bad-value",
            f'link[0].between[1] is "{name}", the name of {what}: this link can mean either',
            "rename one of them",
        ),
    ]


def test_names_are_shared_by_clusters_edges_and_sites() -> None:
    text = '[clusters.x]\nplatform = "iks"\n[edges.x]\n[sites.x]\n[edges.e]\n' + link('["e", "x"]', "ipsec")
    assert [(line, message) for line, _, _, message, _ in problems(text, before=0)] == [
        (3, "edges.x has the same name as clusters.x: clusters, edges and sites need different names"),
        (4, "sites.x has the same name as clusters.x: clusters, edges and sites need different names"),
    ]


def test_plans_of_before_stay_plans() -> None:
    old = '[clusters.ibm-private]\nplatform = "iks"\n[networks.n]\nkind = "vcs-vm"\nedge = "ibm-private"\n'
    assert load(old).clusters
    assert [found[3] for found in problems(old + "[sites.hq]\n", before=0)] == [
        "clusters.ibm-private has the name that links use for IBM Cloud's private network"
    ]


def test_what_cannot_be_read_is_reported_once() -> None:
    text = '[clusters.c]\nplatform = "isk"\n[edges.e]\n[networks.n]\nkind = "vcs-vn"\n' + link(
        '["c", "e"]', "nat", 'networks = ["n"]'
    )
    assert [(line, rule) for line, _, rule, *_ in problems(text, before=0)] == [
        (2, "bad-value"),
        (5, "bad-value"),
    ]


TWO_EDGES = (
    '[edges.e]\n[edges.f]\n[sites.hq]\n[clusters.c]\nplatform = "icp"\n[networks.w]\nkind = "icp-worker"\n'
    '[networks.v]\nkind = "vcs-vm"\nedge = "e"\ngateway-on = "on-premises"\n'
)
CARRIES = link('["hq", "{}"]', "ipsec", 'networks = ["w"]')


@pytest.mark.parametrize(
    "says",
    [
        link('["c", "e"]', "nat"),
        '[networks.x]\nkind = "icp-worker"\nedge = "e"\n',
        '[clusters.c]\nplatform = "icp"\nedge = "e"\n',
    ],
)
def test_an_icp_cluster_is_behind_the_edge_that_it_or_a_worker_network_or_a_link_names(says: str) -> None:
    text = TWO_EDGES
    if says.startswith("[clusters"):
        text = text.replace('[clusters.c]\nplatform = "icp"\n', "")
    # The order does not matter: the link that says it can come last.
    load(text + CARRIES.format("e") + says)
    (found,) = problems(text + CARRIES.format("f") + says, before=0)
    assert found[3:] == (
        'link[0].networks[0] is "w", a network of neither hq nor f',
        "w is a network of c and e",
    )


def test_a_network_whose_router_is_on_premises_is_of_the_site_that_stretches_it() -> None:
    private = link('["hq", "ibm-private"]', "routed", 'networks = ["v"]')
    load(TWO_EDGES + private + link('["hq", "e"]', "l2-extension"))
    load(TWO_EDGES + private + link('["hq", "e"]', "l2-extension", 'networks = ["v"]'))
    (found,) = problems(TWO_EDGES + private + link('["hq", "f"]', "l2-extension"), before=0)
    assert found[3] == 'link[0].networks[0] is "v", a network of neither hq nor ibm-private'


@pytest.mark.parametrize("title", ["edges", "sites", "link"])
@pytest.mark.parametrize("value", ["3", '"x"', "[1]", "{ x = 3 }", "[[]]"])
def test_other_types_are_problems_not_crashes(title: str, value: str) -> None:
    assert {found[2] for found in problems(f"{title} = {value}\n", before=0)} <= {
        "wrong-type",
        "unknown-key",
        "missing-key",
    }


def test_two_edges_that_are_routed_keep_addresses() -> None:
    text = PLAN + '[networks.app]\nkind = "vcs-vm"\nedge = "dallas"\ncidr = "172.24.0.0/24"\n'
    nat = 'nat = [{ network = "app", as = "10.9.0.0/24" }]'
    assert load(text + link('["dallas", "frankfurt"]', "ipsec", nat)).links[0].nat
    (problem,) = problems(text + link('["dallas", "frankfurt"]', "routed", nat), before=text.count("\n"))
    assert problem[2:] == (
        "bad-value",
        "link[0].nat has no effect between two routed edges: they do not translate addresses",
        'remove it, or write method = "ipsec"',
    )
