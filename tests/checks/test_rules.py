"""Each rule on a plan that breaks it and on one that nearly does; and laws that hold for all of them."""

from __future__ import annotations

import datetime
import itertools
import random
from typing import TYPE_CHECKING

import pytest
from whole_findings import compare_findings

from ipplan.catalog import load_catalog
from ipplan.checks import RULES, check_plan
from ipplan.checks.examples import run_example
from ipplan.plan.load import parse_plan

if TYPE_CHECKING:
    from ipplan.findings import Finding, KeyPath
    from ipplan.landscape.conflicts import SetKey

DAL10 = '[plan]\ndata-centers = ["dal10"]\n'


TODAY = datetime.date(2026, 1, 1)


def net(name: str, kind: str, cidr: str, more: str = "") -> str:
    return f'[networks.{name}]\nkind = "{kind}"\ncidr = "{cidr}"\n{more}\n'


def findings(text: str) -> tuple[Finding, ...]:
    plan = parse_plan(text.encode(), "plan.toml")
    return check_plan(plan, load_catalog(plan.ranges_edition), TODAY)


IKS = '[clusters.iks]\nplatform = "iks"\n'
ICP = '[clusters.icp]\nplatform = "icp"\n'
TWO = '[clusters.a]\nplatform = "iks"\n[clusters.b]\nplatform = "iks"\n'

WAIVE = '[[waive]]\nrule = "{rule}"\nnetworks = {networks}\nreason = "known"\nowner = "net-team"\n'
A = net("a", "vcs-vm", "10.225.0.0/24")
PUBLIC = net("a", "vcs-vm", "8.8.8.0/24") + net("b", "vcs-vm", "10.226.0.0/24")

GROUP = net("a", "vcs-vm", "10.225.0.0/24", 'group = "g"') + net("b", "vcs-vm", "10.225.2.0/24", 'group = "g"')
TUNNEL = '[integration]\niks-vcs = "strongswan"\n'
GATEWAY = '[networks.gw]\nkind = "iks-ingress-{}"\naddresses = {{ strongswan = 3 }}\n'
BOTH_TUNNELS = TUNNEL + 'iks-icp = "strongswan"\n' + IKS + GATEWAY.format("public")
EDGE = '[networks.esg]\nkind = "vcs-esg-public"\naddresses = {{ {} }}\n'
NAT = '[integration]\nicp-vcs = "nat"\n'
VIPS = ICP + '[networks.w]\nkind = "icp-worker"\naddresses = { master-vip = 10, proxy-vip = 11, gateway = 1 }\n'

POOL = '[plan]\nbyoip = ["172.24.0.0/14"]\n'
WISH = '[networks.a]\nkind = "vcs-vm"\n'
WORKERS = IKS + net("a", "iks-worker-private", "10.48.0.0/26")
UPLINK = net("esg", "vcs-esg-private", "10.176.18.192/27")
COMMON = '[integration]\niks-vcs = "common-vlan"\n'
FRA = '[edges.fra]\ndata-center = "fra02"\n'
"""A range of dal10 is 10.176.0.0/15, one of fra02 10.85.0.0/16."""
EDGES = "[edges.e]\n[edges.f]\n"
LINK = "[edges.e]\n[sites.hq]\n"
SHOWN = '[[link]]\nbetween = ["hq", "e"]\nmethod = "ipsec"\nnat = [{{ network = "{}", as = "{}" }}]\n'

PEERS = IKS + net("vm", "vcs-vm", "172.24.1.0/24") + '[integration]\niks-vcs = "{}"\n'
ONE_NUMBER = "iks-asn = 64999\nesg-asn = 64999\n"
KEEP = "[plan]\nkeep-clear = [{}]\n"
ROUTED = '[integration]\nenterprise = "routed"\n'
STRETCHED = '[integration]\nenterprise = "l2-extension"\n' + net("office", "enterprise", "192.168.64.0/20")

# By rule: plans that break it, with severity, networks and overlap of the finding. The examples of all rules, in
# ipplan/checks/examples, are tested in tests/cli/test_cli_rules.py; here are further plans.
CASES: dict[str, list[tuple[str, str, tuple[str, ...], str | None]]] = {
    "network-overlap": [
        (
            net("a", "vcs-vm", "10.225.0.0/16") + net("b", "vcs-vm", "10.225.8.0/24"),
            "error",
            ("b", "a"),
            "10.225.8.0/24",
        ),
        (IKS + net("vm", "vcs-vm", "172.30.8.0/24"), "error", ("vm", "iks (pods, default)"), "172.30.8.0/24"),
        (IKS + net("vm", "vcs-vm", "172.16.0.0/12"), "error", ("vm", "iks (services, default)"), "172.21.0.0/16"),
        (TWO, "warning", ("b (services, default)", "a (services, default)"), "172.21.0.0/16"),
        (net("a", "vcs-vm", "fd00:1::/48") + net("b", "vcs-vm", "fd00:1::/64"), "error", ("b", "a"), "fd00:1::/64"),
        # Of two equal ranges the finding points at the one that can move, wherever it stands.
        (UPLINK + net("a", "vcs-vm", "10.176.18.192/27"), "error", ("a", "esg"), "10.176.18.192/27"),
        (net("a", "vcs-vm", "10.176.18.192/27") + UPLINK, "error", ("a", "esg"), "10.176.18.192/27"),
        (UPLINK + net("a", "vcs-vm", "10.176.18.192/28"), "error", ("a", "esg"), "10.176.18.192/28"),
        (UPLINK + net("a", "vcs-vm", "10.176.18.128/25"), "error", ("esg", "a"), "10.176.18.192/27"),
    ],
    "avoid-overlap": [
        (
            '[[avoid]]\ncidr = "10.225.0.0/16"\n' + net("a", "vcs-vm", "10.225.8.0/24"),
            "warning",
            ("a",),
            "10.225.8.0/24",
        ),
    ],
    "ibm-service-overlap": [
        (net("a", "vcs-vm", "10.200.80.0/24"), "error", ("a",), "10.200.80.0/24"),
        (net("a", "vcs-vm", "161.26.0.0/24"), "error", ("a",), "161.26.0.0/24"),
        (net("a", "vcs-vm", "166.9.12.0/24"), "error", ("a",), "166.9.12.0/24"),
        (ICP + net("a", "icp-pod", "10.1.0.0/16"), "error", ("a",), "10.1.0.0/16"),
    ],
    "ibm-private-overlap": [
        (net("a", "vcs-vm", "10.48.8.0/24"), "error", ("a",), "10.48.8.0/24"),
        (DAL10.replace("dal10", "dal12") + net("a", "vcs-vm", "10.48.8.0/24"), "error", ("a",), "10.48.8.0/24"),
        (DAL10 + net("a", "vcs-vm", "10.48.8.0/24"), "warning", ("a",), "10.48.8.0/24"),
    ],
    "ibm-public-overlap": [(net("a", "vcs-vm", "198.23.118.0/24"), "error", ("a",), "198.23.118.0/24")],
    "special-purpose-overlap": [
        (net("a", "vcs-vm", "127.0.0.0/24"), "error", ("a",), "127.0.0.0/24"),
        (net("a", "vcs-vm", "169.254.7.0/24"), "error", ("a",), "169.254.7.0/24"),
        (net("a", "vcs-vm", "224.0.1.0/24"), "error", ("a",), "224.0.1.0/24"),
        (net("a", "vcs-vm", "203.0.113.0/24"), "error", ("a",), "203.0.113.0/24"),
        (net("a", "vcs-vm", "fe80:1::/64"), "error", ("a",), "fe80:1::/64"),
        (net("a", "vcs-vm", "198.18.0.0/16"), "error", ("a",), "198.18.0.0/16"),
        # The most specific row around the network.
        (net("a", "vcs-vm", "192.0.0.0/30"), "error", ("a",), "192.0.0.0/30"),
        (net("a", "vcs-vm", "192.0.0.128/25"), "error", ("a",), "192.0.0.128/25"),
        (net("a", "vcs-vm", "232.0.1.0/24"), "error", ("a",), "232.0.1.0/24"),
    ],
    "kubernetes-reserved-overlap": [
        (POOL + IKS + net("a", "vcs-vm", "172.18.4.0/24"), "error", ("a",), "172.18.4.0/24"),
        (POOL + net("a", "vcs-vm", "172.18.4.0/24"), "note", ("a",), "172.18.4.0/24"),
        (IKS + net("a", "vcs-vm", "172.18.4.0/24"), "error", ("a",), "172.18.4.0/24"),
        (KEEP.format('"satellite"') + net("a", "vcs-vm", "192.168.255.0/25"), "warning", ("a",), "192.168.255.0/25"),
        (net("a", "vcs-vm", "172.18.4.0/24"), "note", ("a",), "172.18.4.0/24"),
    ],
    "cloud-platform-overlap": [
        (KEEP.format('"vpc"') + net("a", "vcs-vm", "10.244.1.0/24"), "warning", ("a",), "10.244.1.0/24"),
        (KEEP.format('"vcfaas"') + IKS + net("a", "iks-pod", "198.18.0.0/16"), "warning", ("a",), "198.18.0.0/16"),
    ],
    "container-bridge-overlap": [
        (ICP + net("a", "vcs-vm", "172.17.9.0/24"), "error", ("a",), "172.17.9.0/24"),
        (KEEP.format('"containers"') + net("a", "vcs-vm", "172.17.9.0/24"), "warning", ("a",), "172.17.9.0/24"),
        (net("a", "vcs-vm", "172.17.9.0/24"), "note", ("a",), "172.17.9.0/24"),
        # Help names a place to move to where the network has to move, and none beside a note.
        (POOL + ICP + net("a", "vcs-vm", "172.17.9.0/24"), "error", ("a",), "172.17.9.0/24"),
        (POOL + net("a", "vcs-vm", "172.17.9.0/24"), "note", ("a",), "172.17.9.0/24"),
    ],
    "classic-route-overlap": [(net("a", "vcs-vm", "10.225.0.0/24"), "note", ("a",), None)],
    "host-bits-set": [(net("a", "vcs-vm", "10.50.0.0/12"), "error", ("a",), None)],
    "pool-host-bits-set": [('[plan]\nbyoip = ["10.50.0.0/12"]\n', "warning", (), None)],
    "pool-overlap": [
        ('[plan]\nbyoip = ["10.224.0.0/12", "10.225.0.0/16"]\n', "error", (), "10.225.0.0/16"),
        ('[plan]\nbyoip = ["10.224.0.0/12", "10.224.0.0/12"]\n', "error", (), "10.224.0.0/12"),
    ],
    "pool-unusable": [
        ('[plan]\nbyoip = ["10.0.0.0/14"]\n', "error", (), None),
        ('[plan]\nkeep-clear = ["iks"]\nbyoip = ["172.16.0.0/16"]\n', "warning", (), None),
        ('[plan]\nbyoip = ["172.16.0.0/14"]\n', "note", (), None),
    ],
    "outside-pools": [
        ('[plan]\nbyoip = ["10.224.0.0/12"]\n' + net("a", "vcs-vm", "192.168.1.0/24"), "error", ("a",), None),
        (
            '[plan]\nbyoip = ["10.224.0.0/16", "10.226.0.0/16"]\n'
            + net("a", "vcs-vm", "10.226.1.0/24", 'pool = "10.224.0.0/16"'),
            "error",
            ("a",),
            None,
        ),
    ],
    "public-byoip": [
        (net("a", "vcs-vm", "8.8.8.0/24"), "warning", ("a",), None),
        ('[plan]\nbyoip = ["9.0.0.0/8"]\n', "warning", (), None),
        (net("a", "vcs-vm", "2a00:1::/48"), "warning", ("a",), None),
    ],
    "unpublished-subnet": [
        (DAL10 + net("a", "vcs-host-private", "10.225.0.0/26"), "warning", ("a",), None),
        (DAL10 + net("a", "vcs-host-private", "10.48.0.0/26"), "warning", ("a",), None),
        (FRA + net("a", "vcs-esg-private", "10.176.18.192/27"), "warning", ("a",), None),
        (
            FRA + "[edges.dal]\n" + net("a", "vcs-esg-private", "10.176.18.192/27", 'edge = "fra"'),
            "warning",
            ("a",),
            None,
        ),
        (IKS + 'data-center = "fra02"\n' + net("a", "iks-worker-private", "10.176.18.192/27"), "warning", ("a",), None),
        (net("a", "iks-worker-private", "10.176.18.192/26", 'data-center = "fra02"'), "warning", ("a",), None),
    ],
    "address-scope-mismatch": [
        (net("a", "vcs-host-public", "10.48.0.0/27"), "error", ("a",), None),
        (net("a", "vcs-host-private", "169.60.1.0/26"), "error", ("a",), None),
    ],
    "unsold-size": [
        (net("a", "vcs-esg-public", "169.60.0.0/16"), "error", ("a",), None),
        (net("a", "iks-ingress-private", "10.48.0.0/25"), "error", ("a",), None),
        (net("a", "iks-worker-private", "10.48.0.0/24"), "warning", ("a",), None),
        ('[networks.a]\nkind = "vcs-esg-private"\nprefix = 20\n', "error", ("a",), None),
        # IPv6: public subnets are /64, and private subnets do not have it.
        (net("a", "vcs-esg-public", "2607:f0d0:1d03:40::/60"), "error", ("a",), None),
        (net("a", "vcs-host-public", "2607:f0d0:1d03:40::/60"), "warning", ("a",), None),
        (net("a", "vcs-esg-private", "fd00:1::/64"), "error", ("a",), None),
        (net("a", "vcs-host-private", "fd00:1::/64"), "error", ("a",), None),
    ],
    "iks-subnet-not-allowed": [
        (IKS + net("a", "iks-pod", "10.225.0.0/16"), "error", ("a",), None),
        (IKS + net("a", "iks-service", "172.20.0.0/15"), "error", ("a",), None),
        (IKS + '[networks.p]\nkind = "iks-pod"\n' + net("a", "iks-service", "172.20.0.0/15"), "error", ("a",), None),
    ],
    "iks-subnet-too-small": [
        (IKS + net("a", "iks-pod", "172.22.0.0/24"), "error", ("a",), None),
        (IKS + net("a", "iks-service", "172.22.0.0/25"), "error", ("a",), None),
        # A network before it waits for its range.
        (IKS + '[networks.p]\nkind = "iks-pod"\n' + net("a", "iks-service", "172.22.0.0/25"), "error", ("a",), None),
    ],
    "size-without-effect": [(IKS + '[networks.a]\nkind = "iks-pod"\nprefix = 20\n', "warning", ("a",), None)],
    "pod-capacity": [
        (
            TWO.replace("[clusters.b]", "workers = 5\n[clusters.b]")
            + "workers = 5\n"
            + net("p", "iks-pod", "fd00::/124", 'cluster = "a"')
            + net("q", "iks-pod", "172.22.0.0/24", 'cluster = "b"'),
            "error",
            ("q",),
            None,
        ),
        (IKS + "workers = 5\n" + net("a", "iks-pod", "172.22.0.0/23"), "error", ("a",), None),
        (ICP + "workers = 9\npods-per-worker = 110\n" + net("a", "icp-pod", "10.225.0.0/22"), "error", ("a",), None),
        (ICP + "workers = 9\npods-per-worker = 110\n" + net("a", "icp-pod", "10.225.0.0/21"), "error", ("a",), None),
        (ICP + net("a", "icp-pod", "10.225.0.0/27"), "error", ("a",), None),
        (
            ICP + "workers = 9\npods-per-worker = 110\n" + '[networks.a]\nkind = "icp-pod"\nprefix = 21\n',
            "error",
            ("a",),
            None,
        ),
        (
            POOL.replace("172.24.0.0/14", "172.22.0.0/16")
            + IKS
            + "workers = 5\n"
            + '[networks.a]\nkind = "iks-pod"\nprefix = 23\npool = "172.22.0.0/16"\n',
            "error",
            ("a",),
            None,
        ),
    ],
    "pods-per-worker": [
        (IKS + "pods-per-worker = 251\n", "error", (), None),
        (IKS + "pods-per-worker = 129\n", "warning", (), None),
    ],
    "service-capacity": [
        (IKS + "services = 256\n" + net("a", "iks-service", "172.22.0.0/24"), "error", ("a",), None),
        (ICP + "services = 255\n" + net("a", "icp-service", "10.225.0.0/24"), "error", ("a",), None),
        (ICP + "services = 255\n" + '[networks.a]\nkind = "icp-service"\nhosts = 200\n', "error", ("a",), None),
    ],
    "service-range-too-large": [
        (ICP + net("a", "icp-service", "10.0.0.0/8"), "error", ("a",), None),
        (ICP + '[networks.a]\nkind = "icp-service"\nprefix = 11\n', "error", ("a",), None),
    ],
    "worker-capacity": [
        (ICP + "workers = 13\n" + net("a", "icp-worker", "10.225.0.0/27"), "error", ("a",), None),
        (IKS + "workers = 60\n" + net("a", "iks-worker-private", "10.48.0.0/26"), "warning", ("a",), None),
        (ICP + "workers = 13\n" + '[networks.a]\nkind = "icp-worker"\nprefix = 27\n', "error", ("a",), None),
        (IKS + "workers = 70\n" + '[networks.a]\nkind = "iks-worker-private"\nprefix = 26\n', "error", ("a",), None),
    ],
    "no-room-for-hosts": [
        (net("a", "vcs-vm", "172.24.1.1/32"), "error", ("a",), None),
        (net("a", "vcs-vm", "172.24.1.0/31"), "warning", ("a",), None),
        (net("a", "vcs-transit", "172.24.1.1/32"), "error", ("a",), None),
        (net("a", "vcs-transit", "172.24.1.0/31"), "warning", ("a",), None),
        (net("a", "vcs-vm", "fd00:1::1/128"), "error", ("a",), None),
        (net("a", "vcs-vm", "fd00:1::/127"), "warning", ("a",), None),
        (net("a", "vcs-transit", "fd00:1::/128"), "error", ("a",), None),
        (ICP + net("a", "icp-worker", "172.24.1.1/32"), "error", ("a",), None),
        (ICP + net("a", "icp-worker", "172.24.1.0/31"), "warning", ("a",), None),
        (POOL + WISH + "prefix = 32\n", "error", ("a",), None),
        (POOL + WISH + "prefix = 31\n", "warning", ("a",), None),
    ],
    "impossible-size": [
        (POOL + WISH + "hosts = 60\ngrow-to = 28\n", "error", ("a",), None),
        (POOL + WISH + "grow-to = 25\n", "error", ("a",), None),
        (ICP + "workers = 20\n" + POOL + '[networks.a]\nkind = "icp-worker"\ngrow-to = 27\n', "error", ("a",), None),
        ('[networks.a]\nkind = "vcs-esg-private"\nhosts = 4\ngrow-to = 30\n', "error", ("a",), None),
        (POOL + WISH + "prefix = 33\n", "error", ("a",), None),
        (POOL.replace('"]', '", "fd00::/48"]') + WISH + 'prefix = 64\npool = "172.24.0.0/14"\n', "error", ("a",), None),
    ],
    "named-address": [
        (net("a", "vcs-vm", "10.225.0.0/24", "addresses = { x = 255 }"), "error", ("a",), None),
        (net("a", "vcs-vm", "10.225.0.0/24", 'addresses = { x = "10.225.1.0" }'), "error", ("a",), None),
        (net("a", "vcs-vm", "10.225.0.0/24", "addresses = { x = 254, y = -1 }"), "error", ("a",), None),
        (net("a", "vcs-vm", "10.225.0.0/24", 'addresses = { x = "10.225.0.0" }'), "error", ("a",), None),
        (net("a", "vcs-esg-private", "10.48.0.0/27", "addresses = { uplink = 1 }"), "error", ("a",), None),
        (net("a", "iks-worker-private", "10.48.0.0/26", "addresses = { bcr = 1 }"), "error", ("a",), None),
        (net("a", "vcs-esg-private", "10.48.0.0/27", 'addresses = { alb = "10.48.0.1" }'), "error", ("a",), None),
        (net("a", "vcs-esg-private", "10.48.0.0/27", 'addresses = { alb = "10.48.0.31" }'), "error", ("a",), None),
        (net("a", "vcs-esg-private", "10.48.0.0/27", "addresses = { alb = -30 }"), "error", ("a",), None),
        ('[networks.a]\nkind = "vcs-esg-private"\naddresses = { uplink = 1 }\n', "error", ("a",), None),
        (net("a", "vcs-esg-private", "10.48.0.0/27", "addresses = { x = 2, y = 3, z = 4 }"), "warning", ("a",), None),
        ('[networks.a]\nkind = "vcs-esg-public"\naddresses = { uplink = 2 }\n', "warning", ("a",), None),
        (POOL + WISH + "addresses = { vip = 1000 }\n", "error", ("a",), None),
        (POOL + WISH + "prefix = 28\naddresses = { vip = 20 }\n", "error", ("a",), None),
        (POOL + WISH + "hosts = 20\naddresses = { vip = -31 }\n", "error", ("a",), None),
        (POOL + WISH + "addresses = { x = 254, y = -1 }\n", "error", ("a",), None),
        (POOL + WISH + 'addresses = { x = "10.225.1.1" }\n', "error", ("a",), None),
        (POOL + WISH + 'addresses = { x = "fd00::1" }\n', "error", ("a",), None),
        ('[networks.a]\nkind = "vcs-esg-private"\nprefix = 28\naddresses = { x = 20 }\n', "error", ("a",), None),
    ],
    "incomplete-cluster": [
        (ICP, "warning", (), None),
        (IKS + net("a", "iks-pod", "172.22.0.0/16"), "warning", (), None),
    ],
    "incomplete-integration": [('[integration]\nicp-vcs = "nat"\n', "warning", (), None)],
    "unknown-data-center": [
        ('[plan]\ndata-centers = ["dal99"]\n', "warning", (), None),
        ('[edges.e]\ndata-center = "dal99"\n', "warning", (), None),
        (IKS + 'data-center = "dal99"\n', "warning", (), None),
        ('[networks.a]\nkind = "iks-worker-private"\ndata-center = "dal99"\n', "warning", ("a",), None),
    ],
    "waiver-unknown-rule": [(WAIVE.format(rule="network-overlaps", networks='["a"]') + A, "error", ("a",), None)],
    "waiver-expired": [
        (WAIVE.format(rule="public-byoip", networks='["a"]') + "until = 2025-12-31\n" + PUBLIC, "warning", ("a",), None)
    ],
    "waiver-unused": [
        (WAIVE.format(rule="public-byoip", networks='["a"]') + A, "warning", ("a",), None),
        # A finding of the rule is about one of its networks, so the waiver is probably meant for it.
        (
            WAIVE.format(rule="network-overlap", networks='["a", "c"]')
            + A
            + net("b", "vcs-vm", "10.225.0.0/25")
            + net("c", "vcs-vm", "10.226.0.0/24"),
            "warning",
            ("a", "c"),
            None,
        ),
    ],
    "waiver-too-broad": [
        (WAIVE.format(rule="public-byoip", networks="[]") + PUBLIC, "warning", (), None),
        (WAIVE.format(rule="public-byoip", networks='["a", "b"]') + PUBLIC, "warning", ("a", "b"), None),
    ],
    "growth-blocked": [
        (
            net("a", "vcs-vm", "10.225.0.0/25", "grow-to = 23") + net("b", "vcs-vm", "10.225.1.0/24"),
            "warning",
            ("a",),
            None,
        ),
        (
            '[[avoid]]\ncidr = "10.225.0.128/25"\n' + net("a", "vcs-vm", "10.225.0.0/25", "grow-to = 24"),
            "warning",
            ("a",),
            None,
        ),
        (net("a", "vcs-vm", "10.204.0.0/16", "grow-to = 13"), "warning", ("a",), None),
    ],
    "group-split": [
        (GROUP + net("c", "vcs-vm", "10.225.1.0/25"), "warning", ("a", "b"), None),
        (GROUP + net("c", "vcs-vm", "10.225.1.0/25", 'group = "h"'), "warning", ("a", "b"), None),
    ],
    "excluded-asn": [
        ('[integration]\niks-vcs = "bgp"\niks-asn = 65500\n', "error", (), None),
        ('[integration]\niks-vcs = "bgp"\niks-asn = 64999\nesg-asn = 4201065999\n', "error", (), None),
        ('[integration]\nenterprise = "routed"\nenterprise-asn = 13884\n', "error", (), None),
        ('[integration]\niks-vcs = "bgp"\n', "warning", (), None),
    ],
    "asn-loop": [
        (PEERS.format("bgp") + ONE_NUMBER, "error", (), None),
        (PEERS.format("bgp") + ONE_NUMBER + "enterprise-asn = 64998\n", "error", (), None),
    ],
    "account-routing": [
        (WORKERS + net("b", "iks-worker-private", "10.48.1.0/26"), "warning", ("a", "b"), None),
        (WORKERS + '[networks.b]\nkind = "iks-worker-private"\n', "warning", ("a", "b"), None),
        ('[integration]\niks-vcs = "static-nat"\n' + WORKERS + UPLINK, "warning", ("a", "esg"), None),
        ('[integration]\niks-vcs = "bgp"\n' + WORKERS + UPLINK, "warning", ("a", "esg"), None),
        (TUNNEL + WORKERS + UPLINK, "warning", ("a", "esg"), None),
        (
            TUNNEL + WORKERS + UPLINK + net("pub", "vcs-esg-public", "169.46.73.16/28") + GATEWAY.format("private"),
            "warning",
            ("a", "esg"),
            None,
        ),
        (
            "[edges.e]\n[edges.f]\n"
            '[[link]]\nbetween = ["e", "f"]\nmethod = "ipsec"\n'
            + net("u", "vcs-esg-private", "10.176.18.0/27", 'edge = "e"')
            + net("v", "vcs-esg-private", "10.176.18.64/27", 'edge = "f"'),
            "warning",
            ("u", "v"),
            None,
        ),
    ],
    "common-vlan-pods": [
        (
            IKS
            + EDGES
            + '[[link]]\nbetween = ["iks", "e"]\nmethod = "common-vlan"\n'
            + '[[link]]\nbetween = ["iks", "f"]\nmethod = "common-vlan"\n'
            + net("w", "iks-worker-private", "10.171.42.128/26")
            + net("u", "vcs-esg-private", "10.176.18.192/27", 'edge = "e"')
            + net("v", "vcs-esg-private", "10.176.18.224/27", 'edge = "f"'),
            "warning",
            ("w", "u"),
            None,
        ),
        (COMMON + net("w", "iks-worker-private", "10.171.42.128/26") + UPLINK, "warning", ("w", "esg"), None),
        (COMMON + net("w", "iks-worker-private", "10.134.0.0/26") + UPLINK, "warning", ("w", "esg"), None),
        (
            IKS
            + '[edges.e]\n[[link]]\nbetween = ["iks", "e"]\nmethod = "common-vlan"\n'
            + net("w", "iks-worker-private", "10.171.42.128/26")
            + UPLINK,
            "warning",
            ("w", "esg"),
            None,
        ),
    ],
    "edge-missing": [
        (EDGES + net("a", "vcs-vm", "172.24.1.0/24"), "warning", ("a",), None),
        (EDGES + '[networks.m]\nkind = "vcs-management"\n', "warning", ("m",), None),
        # The edge to write is the one that the name of the network points at.
        (
            "[edges.dallas]\n[edges.frankfurt]\n" + net("vm-FRA", "vcs-vm", "172.24.1.0/24"),
            "warning",
            ("vm-FRA",),
            None,
        ),
        (EDGES + ICP + net("w", "icp-worker", "172.24.2.0/24"), "warning", ("w",), None),
        (
            net("a", "vcs-vm", "172.24.1.0/24", 'edge = "e"')
            + net("b", "vcs-vm", "172.24.2.0/24", 'edge = "f"')
            + net("c", "vcs-transit", "172.24.3.0/29"),
            "warning",
            ("c",),
            None,
        ),
    ],
    "unreachable-flow": [
        # No name on the public uplink leads to the proxies of ICP.
        (
            NAT
            + ICP
            + net("p", "icp-pod", "10.224.0.0/16")
            + net("w", "icp-worker", "172.24.2.0/24")
            + net("esg", "vcs-esg-public", "169.46.73.16/28", "addresses = { uplink = 4 }"),
            "warning",
            ("p",),
            None,
        ),
        # Direct Link brings a user to the ESG's uplink, and nothing there leads to the VM.
        (
            '[integration]\nenterprise = "routed"\n'
            + net("u", "vcs-esg-private", "10.176.18.192/27")
            + net("t", "vcs-transit", "172.24.3.0/29")
            + net("a", "vcs-vm", "172.24.1.0/24")
            + net("o", "enterprise", "10.20.1.0/24"),
            "warning",
            ("o", "a"),
            None,
        ),
    ],
    "calico-peering": [
        ('[integration]\niks-vcs = "common-vlan"\n', "warning", (), None),
        ('[integration]\niks-vcs = "bgp"\niks-asn = 64999\n', "note", (), None),
    ],
    "tunnel-address": [
        (TUNNEL + IKS, "warning", (), None),
        (TUNNEL + IKS + GATEWAY.format("private"), "warning", ("gw",), None),
        ('[integration]\niks-icp = "strongswan"\n' + IKS, "warning", (), None),
        (BOTH_TUNNELS + EDGE.format("uplink = 2"), "warning", ("esg",), None),
    ],
    "ike-version": [
        (TUNNEL + "ike = 1\n" + IKS, "error", (), None),
        (TUNNEL + "ike = 1\n" + IKS + net("vm", "vcs-vm", "172.24.1.0/24"), "error", (), None),
        ('[integration]\niks-icp = "strongswan"\nike = 1\n' + IKS, "error", (), None),
    ],
    "vrf-needed": [('[integration]\nenterprise = "routed"\naccount-routing = "vlan-spanning"\n', "error", (), None)],
    "nat-addresses": [
        (
            NAT + VIPS + '[networks.esg]\nkind = "vcs-esg-private"\naddresses = { uplink = 2, x = 3 }\n',
            "warning",
            ("esg",),
            None,
        ),
        (
            NAT + VIPS + net("esg", "vcs-esg-private", "10.48.0.0/30", "addresses = { uplink = 2 }"),
            "error",
            ("esg",),
            None,
        ),
    ],
    "too-many-routes": [
        (
            '[integration]\nenterprise = "routed"\n'
            + "".join(net(f"e{i}", "enterprise", f"192.168.{i}.0/25") for i in range(201)),
            "error",
            (),
            None,
        ),
    ],
    "link-nat-size": [
        (
            LINK + SHOWN.format("a", "172.24.9.0/25") + '[networks.a]\nkind = "vcs-vm"\nhosts = 200\n',
            "error",
            ("a",),
            None,
        ),
        (
            LINK + SHOWN.format("a", "172.24.0.0/15") + ICP + '[networks.a]\nkind = "icp-worker"\n',
            "error",
            ("a",),
            None,
        ),
        (LINK + SHOWN.format("a", "fd00:9::/64") + '[networks.a]\nkind = "vcs-vm"\n', "error", ("a",), None),
        (
            "[edges.e]\n" + IKS + '[[link]]\nbetween = ["iks", "e"]\nmethod = "strongswan"\n'
            'nat = [{ network = "a", as = "172.24.0.0/17" }]\n[networks.a]\nkind = "iks-pod"\n',
            "error",
            ("a",),
            None,
        ),
    ],
    "static-route-refused": [
        (ROUTED + IKS + net("e", "enterprise", "172.16.0.0/14"), "warning", ("e",), None),
        (ROUTED + IKS + net("e", "enterprise", "172.19.4.0/24"), "warning", ("e",), None),
    ],
    "on-premises-address": [
        (STRETCHED + net("vm", "vcs-vm", "172.24.16.0/24"), "warning", ("vm",), None),
        (STRETCHED + '[networks.vm]\nkind = "vcs-vm"\n', "warning", ("vm",), None),
    ],
    "site-missing": [("[sites.a]\n[sites.b]\n" + net("e", "enterprise", "192.168.0.0/24"), "warning", ("e",), None)],
    "retired-without-range": [
        ('[networks.a]\nkind = "vcs-vm"\nstatus = "retired"\n', "warning", ("a",), None),
        (
            '[clusters.c]\nplatform = "icp"\nstatus = "retired"\n[networks.w]\nkind = "icp-worker"\ncluster = "c"\n',
            "warning",
            ("w",),
            None,
        ),
    ],
    "lonely-group": [('[networks.a]\nkind = "vcs-vm"\ngroup = "x"\n', "warning", ("a",), None)],
}

FINE = {
    "network-overlap": net("a", "vcs-vm", "10.225.0.0/24") + net("b", "vcs-vm", "10.225.1.0/24"),
    "avoid-overlap": '[[avoid]]\ncidr = "10.226.0.0/16"\n' + net("a", "vcs-vm", "10.225.255.0/24"),
    "ibm-service-overlap": net("a", "vcs-vm", "10.204.0.0/24") + net("b", "iks-worker-private", "10.3.139.0/26"),
    "ibm-private-overlap": DAL10 + net("a", "vcs-vm", "10.225.0.0/24") + net("b", "vcs-esg-private", "10.3.160.0/26"),
    "ibm-public-overlap": net("a", "vcs-vm", "198.23.116.0/24"),
    "special-purpose-overlap": IKS + net("a", "iks-pod", "198.18.0.0/16") + net("b", "vcs-vm", "192.168.0.0/24"),
    "kubernetes-reserved-overlap": IKS + net("a", "iks-pod", "192.168.0.0/16") + net("b", "vcs-vm", "172.22.0.0/16"),
    "cloud-platform-overlap": KEEP.format('"vpc"') + net("a", "vcs-vm", "10.247.1.0/24"),
    "container-bridge-overlap": ICP + net("a", "vcs-vm", "172.22.0.0/24"),
    "classic-route-overlap": net("a", "vcs-vm", "192.168.0.0/24") + ICP + net("b", "icp-pod", "10.225.0.0/16"),
    "host-bits-set": net("a", "vcs-vm", "10.48.0.0/12"),
    "pool-host-bits-set": '[plan]\nbyoip = ["10.48.0.0/12"]\n',
    "pool-overlap": '[plan]\nbyoip = ["10.224.0.0/16", "10.225.0.0/16", "fd00::/48"]\n',
    "pool-unusable": '[plan]\nbyoip = ["10.48.0.0/12"]\n',
    "outside-pools": '[plan]\nbyoip = ["10.224.0.0/16", "10.225.0.0/16"]\n'
    + net("a", "vcs-vm", "10.225.0.0/24")
    + net("e", "enterprise", "192.168.0.0/24"),
    "public-byoip": '[plan]\nowned-public = ["9.0.0.0/8"]\nbyoip = ["9.1.0.0/16"]\n' + net("a", "vcs-vm", "9.1.0.0/24"),
    "unpublished-subnet": DAL10.replace("dal10", "dal12")
    + net("a", "vcs-host-private", "10.48.0.0/26")
    + FRA
    + IKS
    + 'data-center = "dal10"\n'
    + net("b", "vcs-esg-private", "10.85.0.0/27", 'edge = "fra"')
    + net("c", "iks-worker-private", "10.176.18.192/26")
    + net("d", "iks-worker-private", "10.48.0.64/26", 'data-center = "dal12"')
    + "[edges.other]\n"
    + net("e", "vcs-esg-private", "10.48.1.0/27", 'edge = "other"'),
    "address-scope-mismatch": net("a", "vcs-host-public", "169.60.1.0/27")
    + net("b", "vcs-host-private", "10.48.0.0/26"),
    "unsold-size": net("a", "vcs-esg-public", "169.60.0.0/28") + net("b", "iks-worker-private", "10.48.0.0/26"),
    "iks-subnet-not-allowed": IKS + net("a", "iks-pod", "172.22.0.0/16") + net("b", "iks-service", "172.23.0.0/16"),
    "iks-subnet-too-small": IKS + net("a", "iks-pod", "172.22.0.0/23") + net("b", "iks-service", "172.23.0.0/24"),
    "size-without-effect": IKS + '[networks.a]\nkind = "iks-pod"\n',
    "pod-capacity": IKS + "workers = 4\n" + net("a", "iks-pod", "172.22.0.0/23"),
    "pods-per-worker": IKS + "pods-per-worker = 128\n" + ICP + "pods-per-worker = 500\n",
    "service-capacity": IKS + "services = 255\n" + net("a", "iks-service", "172.22.0.0/24"),
    "service-range-too-large": ICP + net("a", "icp-service", "10.224.0.0/12"),
    "worker-capacity": ICP + "workers = 12\n" + net("a", "icp-worker", "10.225.0.0/27"),
    "no-room-for-hosts": POOL
    + WISH
    + "hosts = 1\n"
    + net("b", "vcs-vm", "172.24.1.0/30")
    + net("t", "vcs-transit", "fd00:1::/127")
    + net("u", "vcs-transit", "172.24.1.4/30")
    + ICP
    + net("s", "icp-service", "172.24.2.0/31")
    + net("e", "enterprise", "172.24.3.1/32"),
    "impossible-size": POOL
    + WISH
    + "hosts = 60\ngrow-to = 26\n"
    + net("b", "vcs-vm", "172.25.0.0/24", "grow-to = 24")
    + '[networks.c]\nkind = "vcs-vm"\nprefix = 32\n[networks.d]\nkind = "vcs-esg-private"\ngrow-to = 30\n',
    "named-address": POOL.replace("172.24.0.0/14", "10.225.0.0/16")
    + '[networks.p]\nkind = "vcs-vm"\nprefix = 28\naddresses = { x = 14, y = 1, z = "10.225.9.9" }\n'
    + net("a", "vcs-vm", "10.225.0.0/24", 'addresses = { x = 254, y = 1, z = "10.225.0.9" }')
    + net("b", "vcs-esg-private", "10.48.0.0/27", "addresses = { gateway = 1, x = 4, y = -1 }")
    + net("c", "iks-worker-private", "10.48.1.0/26", "addresses = { x = 2, y = 3 }")
    + net("d", "vcs-esg-public", "2607:f0d0:1d03:41::/64", "addresses = { uplink = 1 }")
    + '[networks.e]\nkind = "vcs-esg-private"\naddresses = { x = -1, gateway = 1 }\n',
    "account-routing": TUNNEL
    + TWO
    + net("x", "iks-worker-private", "10.48.0.0/26", 'cluster = "a"')
    + net("y", "iks-worker-private", "10.48.1.0/26", 'cluster = "b"')
    + UPLINK
    + net("pub", "vcs-esg-public", "169.46.73.16/28")
    + GATEWAY.format("public").replace("kind", 'cluster = "a"\nkind')
    + GATEWAY.format("public").replace("kind", 'cluster = "b"\nkind').replace("gw", "gw2"),
    "edge-missing": EDGES
    + net("a", "vcs-vm", "172.24.1.0/24", 'edge = "e"')
    + ICP
    + 'edge = "f"\n'
    + net("w", "icp-worker", "172.24.2.0/24")
    + net("o", "enterprise", "192.168.1.0/24")
    + "[edges.g]\n",
    "unreachable-flow": NAT
    + ICP
    + net("p", "icp-pod", "10.224.0.0/16")
    + net("w", "icp-worker", "172.24.2.0/24")
    + net("esg", "vcs-esg-public", "169.46.73.16/28", "addresses = { uplink = 4, icp-proxy = 5 }"),
    "common-vlan-pods": COMMON + net("w", "iks-worker-private", "10.177.0.0/26") + UPLINK,
    "incomplete-cluster": IKS
    + net("a", "iks-pod", "172.22.0.0/16")
    + net("b", "iks-service", "172.23.0.0/16")
    + '[networks.w]\nkind = "iks-worker-private"\n',
    "incomplete-integration": '[integration]\nicp-vcs = "none"\n',
    "unknown-data-center": DAL10,
    "waiver-unknown-rule": WAIVE.format(rule="public-byoip", networks='["a"]') + PUBLIC,
    "waiver-expired": WAIVE.format(rule="public-byoip", networks='["a"]') + "until = 2026-01-01\n" + PUBLIC,
    "waiver-unused": WAIVE.format(rule="public-byoip", networks='["a"]') + PUBLIC,
    "waiver-too-broad": WAIVE.format(rule="public-byoip", networks='["a"]') + PUBLIC,
    "growth-blocked": net("a", "vcs-vm", "10.225.0.0/25", "grow-to = 24")
    + net("b", "vcs-vm", "10.225.1.0/24", "grow-to = 24"),
    "group-split": GROUP + net("c", "vcs-vm", "10.225.4.0/24") + net("d", "vcs-vm", "10.225.1.0/24", 'group = "g"'),
    "excluded-asn": '[integration]\niks-vcs = "bgp"\niks-asn = 64999\nesg-asn = 64514\nenterprise-asn = 64512\n',
    "asn-loop": PEERS.format("bgp") + "iks-asn = 64999\nesg-asn = 64998\nenterprise-asn = 64998\n",
    "calico-peering": TUNNEL,
    "tunnel-address": BOTH_TUNNELS + EDGE.format("uplink = 2, icp-strongswan = 3") + '[clusters.i]\nplatform = "icp"\n',
    "ike-version": TUNNEL + "ike = 2\n" + IKS,
    "vrf-needed": '[integration]\nenterprise = "routed"\naccount-routing = "vrf"\n',
    "static-route-refused": ROUTED
    + IKS
    + net("e", "enterprise", "172.17.0.0/16")
    + net("f", "enterprise", "172.21.0.0/16")
    + net("g", "enterprise", "10.0.0.0/9"),
    "on-premises-address": STRETCHED + net("vm", "vcs-vm", "172.24.16.0/24", 'gateway-on = "on-premises"'),
    "site-missing": "[sites.a]\n[sites.b]\n" + net("e", "enterprise", "192.168.0.0/24", 'site = "a"'),
    "nat-addresses": NAT
    + VIPS
    + '[networks.esg]\nkind = "vcs-esg-private"\naddresses = { uplink = 2, m = 3, p = 4 }\n',
    "too-many-routes": '[integration]\nenterprise = "routed"\n'
    + "".join(net(f"e{i}", "enterprise", f"192.168.{i}.0/24") for i in range(256)),
    "link-nat-size": LINK
    + SHOWN.format("a", "172.24.9.0/25")
    + '[networks.a]\nkind = "vcs-vm"\nhosts = 100\n'
    + SHOWN.format("b", "172.24.9.128/32")
    + '[networks.b]\nkind = "vcs-vm"\n'
    + SHOWN.format("c", "172.24.8.0/26")
    + '[networks.c]\nkind = "vcs-esg-private"\n',
    "retired-without-range": net("a", "vcs-vm", "172.24.0.0/24", 'status = "retired"')
    + IKS.replace('iks"\n', 'iks"\nstatus = "retired"\n')
    + '[networks.b]\nkind = "vcs-vm"\nstatus = "planned"\n',
    "lonely-group": '[networks.a]\nkind = "vcs-vm"\ngroup = "x"\n[networks.b]\nkind = "vcs-vm"\ngroup = "x"\n',
}


def test_further_plans_are_of_rules_that_exist() -> None:
    assert set(CASES) | set(FINE) <= set(RULES)


@pytest.mark.parametrize("rule", RULES)
def test_a_rule_documents_itself_and_shows_each_of_its_severities(rule: str) -> None:
    found = RULES[rule]
    shown = {severity for _, severity, _, _ in CASES.get(rule, ())}
    shown.update(finding.severity for finding in run_example(rule).findings)

    assert found.summary
    assert found.reason
    assert found.remedy
    assert found.source.title
    assert shown == set(found.severities), f"add a plan for each severity of {rule} to CASES in {__file__}"


@pytest.mark.parametrize(
    ("rule", "text", "severity", "networks", "overlap"),
    [(rule, *case) for rule, cases in CASES.items() for case in cases],
)
def test_a_plan_that_breaks_a_rule_gets_one_finding_of_it(
    rule: str, text: str, severity: str, networks: tuple[str, ...], overlap: str | None
) -> None:
    found = [f for f in findings(text) if f.rule == rule]

    assert [(f.severity, f.networks, f.overlap and str(f.overlap)) for f in found][:1] == [
        (severity, networks, overlap)
    ]
    several = text == TWO or "172.16.0.0/12" in text
    assert len(found) == (2 if several else 1)
    assert found[0].source is not None


@pytest.mark.parametrize("rule", CASES)
def test_the_whole_findings_of_a_rule(rule: str, *, update_golden: bool) -> None:
    plans = ((f"plan {number}", findings(text)) for number, (text, *_) in enumerate(CASES[rule], start=1))
    found = ((plan, [f for f in every if f.rule == rule]) for plan, every in plans)
    compare_findings(rule, found, update=update_golden)


@pytest.mark.parametrize("rule", sorted(FINE))
def test_a_plan_that_nearly_breaks_a_rule_gets_none(rule: str) -> None:
    assert [f.message for f in findings(FINE[rule]) if f.rule == rule] == []


@pytest.mark.parametrize(
    ("rule", "text", "keys"),
    [
        ("network-overlap", CASES["network-overlap"][0][0], [("a", ("networks", "a", "cidr"))]),
        ("network-overlap", CASES["network-overlap"][1][0], [("iks (pods, default)", ("clusters", "iks"))]),
        ("avoid-overlap", '[[avoid]]\ncidr = "10.9.0.0/16"\n' + CASES["avoid-overlap"][0][0], [(None, ("avoid", 1))]),
        ("pool-overlap", CASES["pool-overlap"][0][0], [(None, ("plan", "byoip", 0))]),
        ("outside-pools", CASES["outside-pools"][1][0], [(None, ("plan", "byoip", 0))]),
        ("named-address", CASES["named-address"][2][0], [("a", ("networks", "a", "addresses", "x"))]),
        ("asn-loop", CASES["asn-loop"][0][0], [(None, ("integration", "iks-asn"))]),
        ("growth-blocked", CASES["growth-blocked"][0][0], [("b", ("networks", "b", "cidr"))]),
        ("growth-blocked", CASES["growth-blocked"][1][0], [(None, ("avoid", 0))]),
        ("group-split", CASES["group-split"][0][0], [("c", ("networks", "c", "cidr"))]),
        (
            "pool-unusable",
            '[plan]\nbyoip = ["10.225.0.0/24"]\n[[avoid]]\ncidr = "10.225.0.0/25"\n[[avoid]]\ncidr = "10.225.0.128/25"\n',
            [(None, ("avoid", 0)), (None, ("avoid", 1))],
        ),
        (
            "worker-capacity",
            IKS
            + "workers = 200\n"
            + net("a", "iks-worker-private", "10.48.0.0/26")
            + net("b", "iks-worker-private", "10.48.1.0/26"),
            [("b", ("networks", "b", "cidr"))],
        ),
    ],
)
def test_a_finding_names_the_other_places_that_it_is_about(
    rule: str, text: str, keys: list[tuple[str | None, KeyPath]]
) -> None:
    (found,) = [f for f in findings(text) if f.rule == rule]

    assert [(r.network, r.key) for r in found.related] == keys


@pytest.mark.parametrize(
    "text",
    [
        WORKERS + UPLINK,
        COMMON + WORKERS + UPLINK,
        '[integration]\niks-vcs = "none"\n' + WORKERS + UPLINK,
        '[integration]\niks-vcs = "bgp"\naccount-routing = "vrf"\n' + WORKERS + UPLINK,
        '[integration]\naccount-routing = "vlan-spanning"\n' + WORKERS + net("b", "iks-worker-private", "10.48.1.0/26"),
        '[integration]\niks-vcs = "static-nat"\n' + UPLINK,
        WORKERS + net("b", "iks-worker-public", "169.46.27.48/28"),
    ],
)
def test_one_private_subnet_or_one_vlan_needs_no_routing_in_the_account(text: str) -> None:
    assert [f.message for f in findings(text) if f.rule == "account-routing"] == []


@pytest.mark.parametrize(
    "text",
    [
        PEERS.format("common-vlan") + ONE_NUMBER,
        PEERS.format("bgp") + "iks-asn = 64999\n",
        PEERS.format("bgp") + "enterprise-asn = 64999\nesg-asn = 64999\n",
        # No pair that BGP joins: no cluster of IKS, no edge yet.
        PEERS.format("bgp").replace(IKS, ICP) + ONE_NUMBER,
        '[integration]\niks-vcs = "bgp"\n' + ONE_NUMBER + IKS,
    ],
)
def test_one_number_for_iks_and_esg_is_a_loop_only_over_the_bcr(text: str) -> None:
    assert [f.message for f in findings(text) if f.rule == "asn-loop"] == []


@pytest.mark.parametrize(
    ("shared", "enterprise", "proposed"),
    [(64999, 64997, 64998), (64998, 64997, 64999), (64999, 64998, 64997), (64512, 64998, 64999)],
)
def test_the_number_to_write_is_free_and_puts_the_loop_right(shared: int, enterprise: int, proposed: int) -> None:
    text = PEERS.format("bgp") + f"iks-asn = {shared}\nenterprise-asn = {enterprise}\n"
    (found,) = [f for f in findings(text + f"esg-asn = {shared}\n") if f.rule == "asn-loop"]

    assert found.help == f"write esg-asn = {proposed} under [integration]"
    assert [f.rule for f in findings(text + f"esg-asn = {proposed}\n") if f.key[-1:] == ("esg-asn",)] == []


def test_the_subnets_that_need_routing_are_one_finding() -> None:
    text = '[integration]\niks-vcs = "bgp"\n' + TWO + UPLINK
    for cluster in "ab":
        for zone in "12":
            text += net(
                cluster + zone,
                "iks-worker-private",
                f"10.48.{ord(cluster)}.{int(zone) * 64}/26",
                f'cluster = "{cluster}"',
            )
    (found,) = [f for f in findings(text) if f.rule == "account-routing"]

    assert found.networks == ("a1", "a2", "esg", "b1", "b2")
    assert found.message.startswith("a1, a2, esg, b1 and 1 more have to reach each other over the BCR")
    assert found.because == (
        "cluster a has workers in 2 private subnets",
        "cluster a and the edge are joined by bgp, which goes over the BCR",
        "cluster b has workers in 2 private subnets",
    )


@pytest.mark.parametrize(
    ("integration", "others"),
    [
        ('iks-vcs = "static-nat"\n', ""),
        ('iks-vcs = "strongswan"\n', ""),
        # An edge without uplinks leads nowhere, but the next may.
        ('iks-vcs = "static-nat"\n[edges.d]\n', ""),
        # A tunnel of edge e is public by its address; that of edge g is private, and the first of them is named.
        (
            'iks-vcs = "strongswan"\n',
            net("e1", "vcs-esg-private", "10.48.2.0/27", 'edge = "e"')
            + "[edges.g]\n"
            + net("g1", "vcs-esg-private", "10.48.4.0/27", 'edge = "g"'),
        ),
    ],
)
def test_each_sort_of_edge_is_looked_at_for_a_way_over_the_bcr(integration: str, others: str) -> None:
    text = "[integration]\n" + integration + WORKERS + EDGES + others
    text += net("e0", "vcs-esg-public", "169.46.73.16/28", 'edge = "e"\naddresses = { strongswan = 3 }')
    text += net("f0", "vcs-esg-public", "169.46.73.32/28", 'edge = "f"')
    text += net("f1", "vcs-esg-private", "10.48.3.0/27", 'edge = "f"')
    (found,) = [f for f in findings(text) if f.rule == "account-routing"]

    assert found.networks == ("a", "f1")
    assert found.because[0].startswith("cluster iks and edge f are joined by ")


def test_growth_is_blocked_by_what_lies_beside_a_network_and_not_by_what_overlaps_it() -> None:
    text = net("a", "vcs-vm", "10.225.0.0/26", "grow-to = 23")
    text += net("inside", "vcs-vm", "10.225.0.0/28") + net("around", "vcs-vm", "10.225.0.0/22")
    assert [f.message for f in findings(text) if f.rule == "growth-blocked"] == []

    text += "".join(net(f"b{i}", "vcs-vm", f"10.225.{i}.128/25") for i in range(2))
    (found,) = [f for f in findings(text) if f.rule == "growth-blocked"]
    assert found.message.endswith("blocked by b0 10.225.0.128/25, b1 10.225.1.128/25")
    assert found.help == "there is room up to 10.225.0.0/25: write grow-to = 25"


def test_a_retired_network_does_not_grow() -> None:
    text = net("a", "vcs-vm", "10.225.0.0/25", 'grow-to = 24\nstatus = "{}"') + net("b", "vcs-vm", "10.225.0.128/25")

    for status, count in {"planned": 1, "retired": 0}.items():
        assert [f.rule for f in findings(text.format(status))].count("growth-blocked") == count


def test_a_data_center_of_an_edge_is_one_of_the_plans_own() -> None:
    text = DAL10 + FRA + net("a", "vcs-vm", "10.85.31.0/24")

    assert [f.severity for f in findings(text) if f.rule == "ibm-private-overlap"] == ["error"]
    assert [f.severity for f in findings(text.replace(FRA, "")) if f.rule == "ibm-private-overlap"] == ["warning"]


@pytest.mark.parametrize(
    ("shown", "rules"),
    [
        ("10.200.80.0/24", {"ibm-service-overlap": "error"}),
        ("10.176.8.0/24", {"ibm-private-overlap": "error"}),
        ("10.48.8.0/24", {"ibm-private-overlap": "warning"}),
        ("198.23.118.0/24", {"ibm-public-overlap": "error"}),
        ("203.0.113.0/24", {"special-purpose-overlap": "error"}),
        ("172.18.4.0/24", {"kubernetes-reserved-overlap": "note"}),
        ("172.17.9.0/24", {"container-bridge-overlap": "note"}),
        ("172.30.1.0/24", {}),
        ("10.176.18.200/32", {"ibm-private-overlap": "error"}),
        ("10.176.9.200/32", {}),
        ("10.225.9.0/24", {}),
    ],
)
def test_what_a_link_shows_is_a_range_like_others(shown: str, rules: dict[str, str]) -> None:
    # An address of a subnet that IBM Cloud provides is the ESG's to use.
    text = DAL10 + LINK + SHOWN.format("a", shown) + net("a", "vcs-vm", "172.24.1.0/24")
    text += net("esg", "vcs-esg-private", "10.176.9.192/26")
    found = [f for f in findings(text) if f.key[:3] == ("link", 0, "nat") and f.rule != "network-overlap"]
    assert {f.rule: f.severity for f in found} == rules
    for finding in found:
        assert (finding.key, finding.networks) == (("link", 0, "nat", 0, "as"), ("a",))
        assert finding.message.startswith(f"{shown}, a as seen through the link hq to e, overlaps ")


def test_an_overlap_with_ibm_names_the_most_specific_row() -> None:
    (found,) = [f for f in findings(net("a", "vcs-vm", "10.48.8.0/24")) if f.rule.startswith("ibm-")]

    assert "10.48.0.0/16" in found.message
    assert "dal12" in found.message
    assert "2025-10-03" in found.message
    assert found.source is not None
    assert found.source.date == "2025-10-03"


def test_special_purpose_space_inside_a_network_is_named_by_its_outermost_blocks_in_address_order() -> None:
    found = [f for f in findings(net("a", "vcs-vm", "192.0.0.0/9")) if f.rule == "special-purpose-overlap"]

    assert [str(f.overlap) for f in found] == [
        "192.0.0.0/24",
        "192.0.2.0/24",
        "192.31.196.0/24",
        "192.52.193.0/24",
        "192.88.99.0/24",
    ]


@pytest.mark.parametrize("cidr", ["169.254.7.0/24", "224.0.1.0/24"])
def test_space_that_iana_and_ibm_cloud_both_reserve_is_reported_once(cidr: str) -> None:
    found = findings(net("a", "vcs-vm", cidr))

    assert [f.rule for f in found if f.severity == "error"] == ["special-purpose-overlap"]


@pytest.mark.parametrize(
    ("kind", "cidr", "rules"),
    [
        # The rules on the scope and the published ranges of IBM's own subnets report what is wrong with these.
        ("vcs-host-public", "10.48.0.0/27", ["address-scope-mismatch"]),
        ("vcs-host-private", "198.23.118.0/26", ["unpublished-subnet", "address-scope-mismatch"]),
        ("vcs-host-private", "10.200.80.0/26", ["unpublished-subnet", "ibm-service-overlap"]),
        ("vcs-host-private", "10.48.0.0/26", []),
    ],
)
def test_a_subnet_of_ibm_cloud_overlaps_only_the_services_network(kind: str, cidr: str, rules: list[str]) -> None:
    assert [f.rule for f in findings(net("a", kind, cidr)) if f.severity != "note"] == rules


def test_a_range_that_iks_accepts_may_lie_in_the_default_of_the_other_kind_in_spite_of_keep_clear() -> None:
    pods, services = net("a", "iks-pod", "172.21.0.0/17"), net("b", "iks-service", "172.30.0.0/17")
    other = net("c", "vcs-vm", "172.21.128.0/24")
    found = findings(KEEP.format('"iks"') + IKS + pods + services + other)

    assert [f.networks for f in found if f.rule == "kubernetes-reserved-overlap"] == [("c",)]


def test_help_names_a_free_prefix_of_the_same_length_in_the_pool() -> None:
    text = (
        '[plan]\nbyoip = ["10.224.0.0/23"]\n'
        + net("a", "vcs-vm", "10.224.0.0/24")
        + net("b", "vcs-vm", "10.224.0.0/24")
    )
    (found,) = [f for f in findings(text) if f.rule == "network-overlap"]

    assert found.help == "10.224.1.0/24 is free in pool 10.224.0.0/23 for b"


def test_overlaps_are_exactly_those_that_a_comparison_of_all_pairs_finds() -> None:
    import ipaddress

    chance = random.Random(7)
    for _ in range(60):
        nets = {}
        for i in range(chance.randint(2, 7)):
            length = chance.randint(24, 30)
            first = (0x0AE10000 + chance.randrange(256)) >> 32 - length << 32 - length
            nets[f"n{i}"] = str(ipaddress.ip_network((first, length)))
        found = {
            frozenset(f.networks): str(f.overlap)
            for f in findings("".join(net(n, "vcs-vm", c) for n, c in nets.items()))
            if f.rule == "network-overlap"
        }
        expected = {}
        for (a, x), (b, y) in itertools.combinations(nets.items(), 2):
            p, q = ipaddress.ip_network(x), ipaddress.ip_network(y)
            if p.overlaps(q):
                expected[frozenset((a, b))] = str(max(p, q, key=lambda n: n.prefixlen))
        assert found == expected


def test_a_plan_that_is_only_begun_has_no_errors() -> None:
    text = (
        '[plan]\nname = "x"\n[integration]\niks-vcs = "strongswan"\n' + IKS + ICP + '[networks.vm]\nkind = "vcs-vm"\n'
    )

    assert [f.message for f in findings(text) if f.severity == "error"] == []


def test_many_rows_under_one_network_are_one_finding() -> None:
    found = [f for f in findings(net("e", "enterprise", "10.0.0.0/8")) if f.rule == "ibm-private-overlap"]

    assert len(found) == 1
    assert len(found[0].cidrs) > 100


OVERLAP = (
    net("a", "vcs-vm", "10.225.0.0/24") + net("b", "vcs-vm", "10.225.0.0/25") + net("c", "vcs-vm", "10.225.0.128/25")
)


@pytest.mark.parametrize(
    ("networks", "until", "waived"),
    [
        ('["a", "b"]', "2026-01-01", {("b", "a")}),
        ('["a", "b", "c"]', "2026-01-01", {("b", "a"), ("c", "a")}),
        ("[]", "2026-01-01", {("b", "a"), ("c", "a")}),
        ('["a"]', "2026-01-01", set()),  # one side of an overlap is not enough
        ('["a", "b"]', "2025-12-31", set()),  # expired the day before
    ],
)
def test_a_waiver_covers_the_findings_whose_networks_it_all_names(
    networks: str, until: str, waived: set[tuple[str, str]]
) -> None:
    waiver = WAIVE.format(rule="network-overlap", networks=networks) + f"until = {until}\n"

    found = [f for f in findings(waiver + OVERLAP) if f.rule == "network-overlap"]

    assert {f.networks for f in found if f.waived is not None} == waived
    assert {f.networks for f in found} == {("b", "a"), ("c", "a")}
    assert all(f.waived == f"known (net-team, until {until})" for f in found if f.waived is not None)


@pytest.mark.parametrize("count", [60, 120])
def test_many_clusters_on_one_default_range_are_looked_at_once(count: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Sets that many tables lead to are not compared again for each network."""
    from ipplan.landscape.tables import Tables

    asked: list[object] = []
    joined = Tables.joined

    def noted(tables: Tables, one: SetKey, two: SetKey) -> object:
        asked.append(one)
        return joined(tables, one, two)

    monkeypatch.setattr(Tables, "joined", noted)
    head = '[integration]\nicp-vcs = "nat"\niks-vcs = "strongswan"\niks-icp = "strongswan"\n[edges.a]\n'
    clusters = "".join(f'[clusters.{p}{i}]\nplatform = "{p}"\n' for i in range(count) for p in ("iks", "icp"))
    plan = parse_plan((head + clusters).encode(), "plan.toml")
    found = [f for f in check_plan(plan, load_catalog()) if f.rule == "network-overlap"]
    assert max(int(f.because[-1].split()[0]) for f in found if "further" in f.because[-1]) >= count - 9
    assert len(asked) < 80 * len(found)
