"""Loading a plan: the contract's example whole, and a table of broken plans with exact places and reasons."""

from __future__ import annotations

import datetime

import pytest

from ipplan.addresses import parse_prefix
from ipplan.plan.load import PlanError, parse_plan
from ipplan.plan.model import Avoid, Cluster, NamedAddress, Plan, Waiver

CONTRACT = """\
schema = 1

[plan]
name = "acme-dal10"
description = "ICP and IKS beside vCenter Server in Dallas"
data-centers = ["dal10"]
ranges-edition = "2025-10-03"
byoip = ["10.50.0.0/12", "172.24.0.0/14"]

[integration]
icp-vcs = "nat"
iks-vcs = "strongswan"
iks-icp = "strongswan"
enterprise = "l2-extension"

[clusters.iks-prod]
platform = "iks"
workers = 12
pods-per-worker = 110
services = 200

[clusters.icp-prod]
platform = "icp"
workers = 8

[[avoid]]
cidr = "10.60.0.0/16"
reason = "branch offices"

[[waive]]
rule = "network-overlap"
networks = ["vm-db", "icp-workers"]
reason = "vm-db is retired in March"
owner = "net-team"
until = 2027-03-31

[networks.iks-pods]
kind = "iks-pod"
cluster = "iks-prod"
cidr = "172.30.0.0/16"

[networks.icp-workers]
kind = "icp-worker"
cluster = "icp-prod"
hosts = 60
grow-to = 22
group = "icp"
addresses = { master-vip = 10, proxy-vip = 11, gateway = 1, last = -1 }

[networks.vm-db]
kind = "vcs-vm"
prefix = 24
pool = "172.24.0.0/14"
description = "database tier"
"""


def load(text: str) -> Plan:
    return parse_plan(text.encode(), "plan.toml")


def problems(text: str) -> list[tuple[int | None, int | None, str, str]]:
    with pytest.raises(PlanError) as caught:
        load(text)
    found = []
    for finding in caught.value.problems:
        assert finding.severity == "error"
        assert finding.location is not None
        assert finding.location.file == "plan.toml"
        assert "\n" not in finding.message
        found.append((finding.location.line, finding.location.column, finding.rule, finding.message))
    return found


def test_everything_in_the_contracts_example_is_read() -> None:
    plan = load(CONTRACT)

    assert (plan.name, plan.data_centers, plan.ranges_edition) == ("acme-dal10", ("dal10",), "2025-10-03")
    assert [p.given for p in plan.pools] == ["10.50.0.0/12", "172.24.0.0/14"]
    assert [str(p.prefix) for p in plan.pools] == ["10.48.0.0/12", "172.24.0.0/14"]
    assert plan.integration["iks-vcs"] == "strongswan"
    assert plan.clusters["iks-prod"] == Cluster("iks-prod", "iks", 12, 110, 200)
    assert plan.avoids == (Avoid(parse_prefix("10.60.0.0/16"), "branch offices"),)
    assert plan.waivers == (
        Waiver(
            "network-overlap",
            ("vm-db", "icp-workers"),
            "vm-db is retired in March",
            "net-team",
            datetime.date(2027, 3, 31),
        ),
    )
    pods, workers, vm = plan.networks
    assert (str(pods.prefix), pods.cluster) == ("172.30.0.0/16", "iks-prod")
    assert (workers.hosts, workers.grow_to, workers.group) == (60, 22, "icp")
    assert workers.addresses[0] == NamedAddress("master-vip", 10, None)
    assert (vm.length, str(vm.pool), vm.description) == (24, "172.24.0.0/14", "database tier")


def test_an_empty_plan_is_a_plan() -> None:
    assert load("").networks == ()


def test_a_cluster_may_be_left_out_where_only_one_fits() -> None:
    plan = load('[clusters.a]\nplatform = "iks"\n[networks.p]\nkind = "iks-pod"\n')

    assert plan.networks[0].cluster == "a"
    assert str(plan.defaults[0].prefix) == "172.30.0.0/16"


def cidr(value: str) -> str:
    return f'[networks.n]\nkind = "vcs-vm"\ncidr = {value}\n'


@pytest.mark.parametrize(
    ("text", "line", "column", "rule", "part"),
    [
        (cidr('"010.0.0.1/32"'), 3, 8, "bad-value", "leading zero"),
        (cidr('"10/8"'), 3, 8, "bad-value", "1 of the four octets"),
        (cidr('"10.0.0.0/255.0.0.0"'), 3, 8, "bad-value", "netmask"),
        (cidr('"fe80::1%eth0/64"'), 3, 8, "bad-value", "zone id"),
        (cidr('"10.0.0.0 /8"'), 3, 8, "bad-value", "spaces"),
        (cidr('"::ffff:a00:0/104"'), 3, 8, "bad-value", "IPv4-mapped"),
        (cidr("10"), 3, 8, "wrong-type", "a number, 10"),
        (cidr("10.5"), 3, 8, "wrong-type", "a decimal number, 10.5"),
        (cidr("true"), 3, 8, "wrong-type", "a boolean"),
        (cidr("2026-01-01"), 3, 8, "wrong-type", "a date"),
        (cidr('["10.0.0.0/8"]'), 3, 8, "wrong-type", "an array"),
        (cidr("{ a = 1 }"), 3, 8, "wrong-type", "a table"),
        ('[networks.n]\nkind = "vcs-vn"\n', 2, 8, "bad-value", "not a valid kind of network"),
        ("[networks.n]\nprefix = 24\n", 1, 1, "missing-key", "kind"),
        ('[networks.n]\nkind = "vcs-vm"\nprefx = 24\n', 3, 1, "unknown-key", "networks.n.prefx"),
        ('[networks.n]\nkind = "vcs-vm"\nprefix = 24\nhosts = 9\n', 4, 9, "bad-value", "beside prefix"),
        ('[networks.n]\nkind = "vcs-vm"\nprefix = true\n', 3, 10, "wrong-type", "a boolean"),
        ('[networks.n]\nkind = "vcs-vm"\nprefix = 24\ngrow-to = 25\n', 4, 11, "bad-value", "smaller than the network"),
        ('[networks.n]\nkind = "vcs-vm"\npool = "10.0.0.0/8"\n', 3, 8, "unknown-reference", "no such pool"),
        ('[networks.n]\nkind = "icp-pod"\ncluster = "x"\n', 3, 11, "unknown-reference", "no such cluster"),
        ('[networks.n]\nkind = "enterprise"\n', 1, 1, "missing-key", "enterprise"),
        ('[networks.n]\nkind = "vcs-vm"\naddresses = { a = 0 }\n', 3, 19, "bad-value", "counted from 1"),
        (
            '[networks.n]\nkind = "vcs-vm"\naddresses = { a = "10.0.0.1/8" }\n',
            3,
            19,
            "bad-value",
            "not a valid address",
        ),
        ('[[waive]]\nrule = "x"\nreason = "y"\nnetworks = ["z"]\n', 4, 13, "unknown-reference", "no such network"),
        ('[[waive]]\nrule = "x"\nreason = "y"\nuntil = "2027-01-01"\n', 4, 9, "wrong-type", "a string"),
        ('[[avoid]]\ncidr = "10.1.0.0/8"\n', 2, 8, "bad-value", "host bits"),
        ('[plan]\nranges-edition = "2020-01-01"\n', 2, 18, "bad-value", "edition"),
        ('[plan]\ndata-centers = ["DAL10"]\n', 2, 17, "bad-value", "dal10"),
        ('[plan]\nbyoip = "10.0.0.0/8"\n', 2, 9, "wrong-type", "an array of strings"),
        ('[integration]\nicp-vcs = "nta"\n', 2, 11, "bad-value", "method"),
        ("schema = 2\n", 1, 10, "bad-value", "schema 1"),
        ("[clusters.c]\nworkers = 3\n", 1, 1, "missing-key", "platform"),
        ('[clusters.c]\nplatform = "iks"\nworkers = 0\n', 3, 11, "bad-value", "from 1 to"),
        ('[netwroks.n]\nkind = "vcs-vm"\n', 1, 1, "unknown-key", "netwroks"),
        ("networks = 3\n", 1, 12, "wrong-type", "a number"),
    ],
)
def test_a_broken_plan_is_reported_at_its_place(text: str, line: int, column: int, rule: str, part: str) -> None:
    ((found_line, found_column, found_rule, message),) = problems(text)

    assert (found_line, found_rule) == (line, rule)
    assert part in message
    assert found_column == column


def test_all_problems_are_reported_at_once_in_the_order_of_the_file() -> None:
    text = (
        CONTRACT.replace('"dal10"', "10").replace("workers = 12", 'workers = "12"').replace("prefix = 24", "prefx = 24")
    )

    assert [(line, rule) for line, _, rule, _ in problems(text)] == [
        (6, "wrong-type"),
        (18, "wrong-type"),
        (52, "unknown-key"),
    ]


def test_values_in_messages_are_escaped_and_cut() -> None:
    ((_, _, _, message),) = problems(cidr('"\\u001b[31m' + "x" * 500 + '"'))

    assert "\x1b" not in message
    assert len(message) < 250


def test_a_platform_that_does_not_match_its_cluster_is_reported() -> None:
    ((line, _, _, message),) = problems(
        '[clusters.c]\nplatform = "iks"\n[networks.n]\nkind = "icp-pod"\ncluster = "c"\n'
    )

    assert line == 5
    assert "icp-pod belongs to icp" in message


def test_of_two_clusters_one_has_to_be_named() -> None:
    text = '[clusters.a]\nplatform = "iks"\n[clusters.b]\nplatform = "iks"\n[networks.n]\nkind = "iks-pod"\n'
    ((line, _, rule, message),) = problems(text)

    assert (line, rule) == (5, "missing-key")
    assert "2 iks clusters" in message


def test_a_waiver_may_name_a_network_of_another_plan_with_two_long_names() -> None:
    name = f"{'p' * 500}/{'n' * 500}"
    plan = load(f'[[waive]]\nrule = "network-overlap"\nreason = "r"\nnetworks = ["{name}"]\n')

    assert plan.waivers[0].networks == (name,)
