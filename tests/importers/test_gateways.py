"""Configurations of the gateway at the far end of a tunnel: rows, notes and errors, and no secret in any of them."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import pytest

from ipplan.allocation import allocate
from ipplan.catalog import load_catalog
from ipplan.checks import check_plan
from ipplan.checks.drift import Against
from ipplan.exporters import TARGETS, ExportError, Options, Request, export
from ipplan.importers import SourceError, read_source
from ipplan.importers.plan_text import make_plan
from ipplan.landscape import Landscape
from ipplan.plan.load import parse_plan

IPSEC_CONF = """\
# /etc/ipsec.conf, after strongswan/strongswan testing/tests/ikev2/net2net-psk/hosts/moon/etc/ipsec.conf @7b315fcd

config setup
\tplutostart=no

conn %default
\tikelifetime=60m
\tauthby=secret
\tkeyexchange=ikev2

conn base
\tleft=169.46.73.18
\tleftsubnet=172.24.16.0/23,172.24.18.0/27
\tleftid=@moon.strongswan.org

conn iks
\talso=base
\tright=169.46.49.35
\trightsubnet=172.30.0.0/16,172.21.0.0/16
\trightid="C=US, CN=ibm-cloud"
\tauto=add

conn iks-workers
\talso=base
\tright=169.46.49.35
\trightsubnet=10.171.42.128/26
\tauto=start

conn old
\talso=base
\tright=%any
\tauto=ignore
"""
LIBRESWAN = """\
version 2.0
conn iks
    left=169.46.73.18
    leftsubnets={172.24.16.0/23 172.24.18.0/27}
    right=169.46.49.35
    rightsubnets="172.30.0.0/16,172.21.0.0/16,10.171.42.128/26"
    ikev2=insist
    auto=start
"""
SWANCTL = """\
connections {
    iks : defaults {
        local_addrs  = 169.46.73.18
        remote_addrs = 169.46.49.35   # the cluster
        local { auth = psk
            id = on-prem }
        remote { auth = psk }
        children {
            pods { local_ts = 172.24.16.0/23, 172.24.18.0/27
                   remote_ts = 172.30.0.0/16[tcp/443], 172.21.0.0/16 }
            workers { local_ts = "172.24.16.0/23,172.24.18.0/27"
                      remote_ts = 10.171.42.128-10.171.42.191 }
        }
    }
}
defaults { version = 2 }
secrets { ike-1 { id = on-prem
  secret = "PSK-not-told" } }
include conf.d/*.conf
"""
VYOS_SET = """\
set interfaces vti vti0 address 172.196.17.190/30
set vpn ipsec ike-group IKE-Default key-exchange 'ikev2'
set vpn ipsec ike-group IKE-Default proposal 1 dh-group '16'
set vpn ipsec site-to-site peer 169.46.49.35 authentication mode 'pre-shared-secret'
set vpn ipsec site-to-site peer 169.46.49.35 authentication pre-shared-secret 'PSK-not-told'
set vpn ipsec site-to-site peer 169.46.49.35 ike-group 'IKE-Default'
set vpn ipsec site-to-site peer 169.46.49.35 local-address '169.46.73.18'
set vpn ipsec site-to-site peer 169.46.49.35 tunnel 0 local prefix '172.24.16.0/23'
set vpn ipsec site-to-site peer 169.46.49.35 tunnel 0 remote prefix '172.30.0.0/16'
set vpn ipsec site-to-site peer 169.46.49.35 tunnel 1 local prefix '172.24.18.0/27'
set vpn ipsec site-to-site peer 169.46.49.35 tunnel 1 remote prefix '172.21.0.0/16'
set vpn ipsec site-to-site peer 169.46.49.35 tunnel 2 local prefix '172.24.18.0/27'
set vpn ipsec site-to-site peer 169.46.49.35 tunnel 2 remote prefix '10.171.42.128/26'
"""
"""After the site-to-site example of the VyOS documentation (docs/configuration/vpn/site2site_ipsec.rst)."""
VYOS_14 = """\
set vpn ipsec authentication psk IKS secret 'PSK-not-told'
set vpn ipsec ike-group G key-exchange 'ikev2'
set vpn ipsec site-to-site peer IKS ike-group 'G'
set vpn ipsec site-to-site peer IKS local-address '169.46.73.18'
set vpn ipsec site-to-site peer IKS remote-address '169.46.49.35'
set vpn ipsec site-to-site peer IKS tunnel 0 local prefix '172.24.16.0/23'
set vpn ipsec site-to-site peer IKS tunnel 0 local prefix '172.24.18.0/27'
set vpn ipsec site-to-site peer IKS tunnel 0 remote prefix '172.30.0.0/16'
set vpn ipsec site-to-site peer IKS tunnel 0 remote prefix '172.21.0.0/16'
set vpn ipsec site-to-site peer IKS tunnel 0 remote prefix '10.171.42.128/26'
"""
VYOS_BRACES = """\
interfaces {
    ethernet eth0 {
        address 169.46.73.18/28
        description "the } uplink"
    }
}
/* tunnels
   to the cloud */
vpn {
    ipsec {
        ike-group IKEv2 {
            key-exchange ikev2
        }
        site-to-site {
            peer 169.46.49.35 {
                authentication {
                    mode pre-shared-secret
                    pre-shared-secret PSK-not-told
                }
                ike-group IKEv2
                local-address 169.46.73.18
                tunnel 1 {
                    local {
                        prefix 172.24.16.0/23
                    }
                    remote {
                        prefix 172.30.0.0/16
                    }
                }
                tunnel 2 {
                    local-subnet 172.24.18.0/27
                    remote-subnet 172.21.0.0/16
                }
                tunnel 3 {
                    local {
                        prefix 172.24.18.0/27
                    }
                    remote {
                        prefix 10.171.42.128/26
                    }
                }
            }
        }
    }
}
// vyos-config-version: "bgp@4"
"""
VRA = VYOS_SET.replace("set vpn ipsec", "set security vpn ipsec")
FILES = {
    "ipsec.conf": ("ipsec-conf", IPSEC_CONF),
    "libreswan": ("ipsec-conf", LIBRESWAN),
    "swanctl.conf": ("swanctl", SWANCTL),
    "vyos set": ("vyos", VYOS_SET),
    "vyos 1.4": ("vyos", VYOS_14),
    "vyos braces": ("vyos", VYOS_BRACES),
    "virtual router appliance": ("vyos", VRA),
}
LOCAL = {"172.24.16.0/23", "172.24.18.0/27"}
REMOTE = {"172.30.0.0/16", "172.21.0.0/16", "10.171.42.128/26"}


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_both_sides_of_a_gateway_are_read(name: str, end: str) -> None:
    source, text = FILES[name]
    observed = read_source("auto", text.replace("\n", end).encode(), "x")

    assert (observed.source, observed.gateway) == (source, True)
    sides = {
        side: {str(row.prefix) for row in observed.rows if row.side == side}
        for side in ("local", "remote", "gateway", "far-gateway")
    }
    assert sides == {
        "local": LOCAL,
        "remote": REMOTE,
        "gateway": {"169.46.73.18/32"},
        "far-gateway": {"169.46.49.35/32"},
    }
    assert len({row.tunnel for row in observed.rows}) == 1
    assert {exchange.version for exchange in observed.exchanges} == {2}


@pytest.mark.parametrize("name", FILES)
def test_no_secret_is_kept(name: str) -> None:
    _, text = FILES[name]
    observed = read_source("auto", text.encode(), "x")
    assert "PSK-not-told" not in str(observed) + make_plan([observed], None).text


@pytest.mark.parametrize("name", FILES)
def test_what_a_gateway_carries_is_kept_clear(name: str) -> None:
    _, text = FILES[name]
    plan = parse_plan(make_plan([read_source("auto", text.encode(), "x")], None).text.encode(), "x")
    assert {str(avoid.prefix) for avoid in plan.avoids} >= LOCAL | REMOTE


PLAN = """\
schema = 1
[integration]
iks-vcs = "strongswan"
[clusters.iks-prod]
platform = "iks"
[networks.iks-ingress-public]
kind = "iks-ingress-public"
cidr = "169.46.49.32/29"
addresses = { strongswan = 3 }
[networks.iks-workers]
kind = "iks-worker-private"
cidr = "10.171.42.128/26"
[networks.esg]
kind = "vcs-esg-public"
cidr = "169.46.73.16/28"
addresses = { uplink = 2 }
[networks.vm-web]
kind = "vcs-vm"
cidr = "172.24.16.0/23"
[networks.vm-db]
kind = "vcs-vm"
cidr = "172.24.18.0/27"
"""


def drift(plan_text: str, *files: str) -> list[str]:
    plan = parse_plan(plan_text.encode(), "plan.toml")
    observed = tuple(read_source("auto", file.encode(), f"file{n}") for n, file in enumerate(files))
    found = check_plan(plan, load_catalog(), None, Against(plan, observed))
    return [finding.message for finding in found if finding.rule == "drift"]


@pytest.mark.parametrize("name", FILES)
def test_a_far_end_that_mirrors_the_chart_has_no_difference(name: str) -> None:
    assert drift(PLAN, FILES[name][1]) == []


CHANGES = [
    ("172.21.0.0/16", "172.22.0.0/16", "iks-prod (services, default) 172.21.0.0/16 is 172.22.0.0/16 in file0"),
    ("172.24.18.0/27", "172.24.19.0/27", "vm-db 172.24.18.0/27 is 172.24.19.0/27 in file0"),
    ("169.46.73.18", "169.46.73.20", "address uplink 169.46.73.18 of esg is 169.46.73.20 in file0"),
    ("169.46.49.35", "169.46.49.36", "address strongswan 169.46.49.35 of iks-ingress-public is 169.46.49.36 in file0"),
]


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize(("old", "new", "expected"), CHANGES)
def test_one_changed_value_of_a_far_end_is_one_finding(name: str, old: str, new: str, expected: str) -> None:
    text = FILES[name][1]
    assert old in text
    (message,) = drift(PLAN, text.replace(old, new))
    assert message.startswith(expected)


@pytest.mark.parametrize("name", FILES)
def test_the_version_of_ike_of_a_far_end_is_compared(name: str) -> None:
    text = (
        FILES[name][1].replace("ikev2=insist", "ikev2=never").replace("=ikev2", "=ikev1").replace("'ikev2'", "'ikev1'")
    )
    text = text.replace("key-exchange ikev2", "key-exchange ikev1").replace("version = 2", "version = 1")
    (message,) = drift(PLAN, text)
    assert message.startswith("IKE is version 1 in file0 line")
    assert drift(PLAN.replace("[integration]\n", "[integration]\nike = 1\n"), text) == []


LINK = """\
[[link]]
between = ["iks-prod", "vcs"]
method = "strongswan"
networks = ["iks-services", "iks-workers"]
nat = [{ network = "iks-pods", as = "10.232.0.0/16" }]
[edges.vcs]
[networks.iks-pods]
kind = "iks-pod"
[networks.iks-services]
kind = "iks-service"
"""


def test_the_far_end_knows_a_cluster_by_what_the_link_shows() -> None:
    plan = PLAN.replace('[integration]\niks-vcs = "strongswan"\n', LINK)
    assert drift(plan, SWANCTL.replace("172.30.0.0/16", "10.232.0.0/16")) == []
    (message,) = drift(plan, SWANCTL)
    assert message == (
        "iks-pods 172.30.0.0/16 (default) is not translated in file0 line 10 (remote_ts), but translated to 10.232.0.0/16 in the plan"
    )


def test_tunnels_to_others_are_nothing_of_the_plan() -> None:
    other = "conn partner\n left=169.46.73.18\n leftsubnet=10.77.0.0/24\n right=203.0.113.9\n rightsubnet=10.88.0.0/24\n auto=add\n"
    wide = (
        "conn wide\n left=%any\n leftsubnet=10.0.0.0/8\n right=vpn.example.com\n rightsubnet=172.16.0.0/12\n auto=add\n"
    )
    assert drift(PLAN, IPSEC_CONF + other) == []
    assert drift(PLAN, other + IPSEC_CONF + wide) == []
    assert drift(PLAN, other.replace("169.46.73.18", "203.0.113.8")) == [
        "file0 describes an IPsec tunnel, but none of its addresses belongs to a tunnel of the plan"
    ]
    assert drift(PLAN.replace('iks-vcs = "strongswan"', 'iks-vcs = "none"'), IPSEC_CONF) == [
        "file0 describes an IPsec tunnel, but the plan has none"
    ]


NOTES = [
    ("swanctl", SWANCTL, ["line 19 includes another file, which is not read"]),
    (
        "ipsec-conf",
        "include other\nconn a\n also=base\n left=192.0.2.1\n",
        [
            'skipped: also names conn "base", which may be in an included file, in 1 tunnel: "a"',
            "line 1 includes another file, which is not read",
        ],
    ),
    (
        "swanctl",
        "connections { a : base { local_addrs = 192.0.2.1 } }\ninclude b\n",
        [
            'skipped: the section inherits "base", which may be in an included file, in 1 tunnel: "line 1"',
            "line 2 includes another file, which is not read",
        ],
    ),
    ("ipsec-conf", IPSEC_CONF, ['skipped: auto=ignore, in 1 tunnel: "old"']),
    ("ipsec-conf", "include a\ninclude b\n" + LIBRESWAN, ["2 lines include other files, which are not read: 1, 2"]),
    (
        "ipsec-conf",
        "conn a\n left=192.0.2.1\n leftsubnet=0.0.0.0/0\n right=%any\n rightsubnet=10.1.0.0/16\n",
        ['skipped: a leftsubnet of all addresses, in 1 tunnel: "a"'],
    ),
    (
        "ipsec-conf",
        "conn a\n left=192.0.2.1\n right=%any\nconn b\n type=passthrough\n left=127.0.0.1\n right=%any\n",
        ['skipped: a connection that is not a tunnel, in 1 tunnel: "b"'],
    ),
    (
        "swanctl",
        "connections { a { remote_addrs = 192.0.2.9\n children { b { remote_ts = 10.1.0.0/16 } } } }",
        ['skipped: a local_ts that the peer or an interface sets, in 1 tunnel: "a"'],
    ),
    (
        "vyos",
        "set vpn ipsec site-to-site peer 192.0.2.9 vti bind vti0\nset vpn ipsec site-to-site peer 192.0.2.9 local-address 192.0.2.1\n",
        ['skipped: a tunnel whose ranges depend on routes (vti), in 1 tunnel: "192.0.2.9"'],
    ),
    (
        "vyos",
        VYOS_SET + "set vpn ipsec site-to-site peer 192.0.2.9 disable\n",
        ['skipped: a part that is disabled, in 1 tunnel: "192.0.2.9"'],
    ),
]


@pytest.mark.parametrize(("source", "text", "notes"), NOTES)
def test_what_is_skipped_is_reported(source: str, text: str, notes: list[str]) -> None:
    observed = read_source("auto", text.encode(), "x")
    assert (observed.source, list(observed.notes)) == (source, notes)


def test_sections_take_in_others() -> None:
    chain = "".join(f"conn c{n}\n also=c{n + 1}\n" for n in range(3000))
    text = f"{chain}conn c3000\n left=192.0.2.1\n leftsubnet=10.1.0.0/16\nconn end\n also=c0\n right=192.0.2.2\n rightsubnet=10.2.0.0/16\n"
    rows = read_source("auto", text.encode(), "x").rows
    assert {(row.side, str(row.prefix)) for row in rows} == {
        ("gateway", "192.0.2.1/32"),
        ("far-gateway", "192.0.2.2/32"),
        ("local", "10.1.0.0/16"),
        ("remote", "10.2.0.0/16"),
    }


def test_ipv6_and_ranges_of_addresses() -> None:
    text = "connections { a { local_addrs = 2001:db8::1\n remote_addrs = %any\n children { b { local_ts = fd00::/64,10.0.0.1\n remote_ts = 10.0.0.1-10.0.0.6 } } } }"
    rows = read_source("auto", text.encode(), "x").rows
    assert [(row.side, str(row.prefix)) for row in rows] == [
        ("gateway", "2001:db8::1/128"),
        ("local", "fd00::/64"),
        ("local", "10.0.0.1/32"),
        ("remote", "10.0.0.1/32"),
        ("remote", "10.0.0.2/31"),
        ("remote", "10.0.0.4/31"),
        ("remote", "10.0.0.6/32"),
    ]


BAD = [
    ("ipsec-conf", "conn a\n left=10.0.0.1\n leftsubnet=10.0.0.0/33\n", [(3, "prefix length 33")]),
    ("ipsec-conf", "conn a\n left=10.0.0.1\nPSK-not-told\n", [(3, "neither a section nor a setting")]),
    ("ipsec-conf", "conn a\n also=b\nconn b\n also=a\n left=10.0.0.1\n", [(4, 'conn "a" includes itself by also')]),
    ("ipsec-conf", "conn a\n also=b\n left=10.0.0.1\n", [(2, 'also names conn "b", which is not in the file')]),
    ("ipsec-conf", "conn a\n left=%any\n", [(None, "the file has no conn with addresses or subnets")]),
    ("swanctl", "connections {\n a {\n", [(2, "the file ends before the closing brace of this section")]),
    ("swanctl", "connections { }\n}\n", [(2, "this closing brace has no opening brace")]),
    ("swanctl", "connections {\n = PSK-not-told\n}\n", [(2, "neither a section nor a setting")]),
    ("swanctl", "connections { a : b { local_addrs = 10.0.0.1 } }\n", [(1, 'inherits "b", which is not in the file')]),
    (
        "swanctl",
        "connections { a : connections.a { local_addrs = 10.0.0.1 } }\n",
        [(1, "inherits itself, or more than 16 levels of others")],
    ),
    ("swanctl", "connections " + "{ a " * 100, [(1, "at most 16 levels")]),
    (
        "swanctl",
        "connections { a { children { b { local_ts = 10.0.0.9-10.0.0.1 } } } }",
        [(1, "its first address is above its last")],
    ),
    ("vyos", "vpn {\n peer 10.0.0.1 {\n", [(2, "the file ends before the closing brace of this line")]),
    ("vyos", "vpn {\n peer 10.0.0.1 {\n}\n}\n}\n", [(5, "this closing brace has no opening brace")]),
    ("vyos", "set vpn ipsec site-to-site peer 'x\n", [(1, "the line has no closing quote")]),
    ("vyos", "set vpn ipsec esp-group G\n", [(None, "no site-to-site peer of IPsec")]),
    ("vyos", "vpn {\n" + "a {\n" * 40 + "peer x {\n", [(33, "at most 32 levels")]),
]


@pytest.mark.parametrize(("source", "text", "expected"), BAD)
def test_what_cannot_be_read_is_reported_with_its_line_and_without_secrets(
    source: str, text: str, expected: list[tuple[int | None, str]]
) -> None:
    with pytest.raises(SourceError) as caught:
        read_source("auto", text.encode(), "x")
    problems = caught.value.problems
    assert [problem.line for problem in problems][:1] == [expected[0][0]]
    assert expected[0][1] in problems[0].message
    assert "PSK-not-told" not in str(problems)
    with pytest.raises(SourceError):
        read_source(source, text.encode(), "x")


@pytest.mark.parametrize("name", FILES)
def test_a_file_that_is_cut_off_never_ends_in_anything_else(name: str) -> None:
    source, text = FILES[name]
    for end in range(0, len(text), 7):
        for chosen in (source, "auto"):
            with suppress(SourceError):
                read_source(chosen, text[:end].encode(), "x")


SAMPLES = Path(__file__).parent.parent.parent / "sample-plans"


@pytest.mark.parametrize("sample", ["reference-architecture", "three-sites"])
def test_every_tunnel_that_is_exported_does_not_drift_from_its_plan(sample: str) -> None:
    plan = parse_plan((SAMPLES / f"{sample}.toml").read_bytes(), "plan.toml")
    catalog = load_catalog()
    rows = allocate(plan, catalog).placements
    settled = plan.with_ranges({r.network.name: r.prefix for r in rows if r.status == "allocated" and r.prefix})
    landscape = Landscape(settled, catalog)
    seen = 0
    for target in (t for t in TARGETS.values() if t.name.startswith("strongswan")):
        for name in (None, *settled.clusters):
            for edge in (None, *settled.edge_names):
                try:
                    text = export(target, Request(landscape, Options(cluster=name, edge=edge)))
                except ExportError:
                    continue
                seen += 1
                assert isinstance(text, str)
                file = read_source("auto", text.encode(), target.name)
                found = check_plan(plan, catalog, None, Against(settled, (file,)))
                assert [f.message for f in found if f.rule == "drift"] == [], (target.name, name, edge)
    assert seen > 5
