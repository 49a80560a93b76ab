"""What stays clear: the ranges of platforms, by plan, network and `keep-clear`, against tables and against the facts."""

from __future__ import annotations

import csv
import ipaddress
import itertools
import json
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from jsonschema import Draft202012Validator

import ipplan
from ipplan.allocation import allocate
from ipplan.allocation.why import explain
from ipplan.catalog import KEEP_CLEAR, KEPT_CLEAR, load_catalog
from ipplan.checks import check_plan
from ipplan.checks.examples import FILE
from ipplan.free import find_free
from ipplan.plan.load import PlanError, parse_plan
from ipplan.spaces import AddressSpace
from tools.build_catalog import FACTS

if TYPE_CHECKING:
    from collections.abc import Collection

    from ipplan.findings import Finding
    from ipplan.plan.model import Plan

IKS = '[clusters.iks]\nplatform = "iks"\n'
ICP = '[clusters.icp]\nplatform = "icp"\n' + "".join(
    f'[networks.icp-{role}s]\nkind = "icp-{role}"\ncidr = "10.22{number}.0.0/16"\n'
    for number, role in enumerate(("pod", "service"), 4)
)
NAT = '[integration]\nicp-vcs = "nat"\n'
STRONGSWAN = '[integration]\niks-icp = "strongswan"\n'
APART = '[integration]\nicp-vcs = "none"\nenterprise = "none"\n'
PLANS = {"vcs": "", "iks": IKS, "icp": ICP + NAT, "both": IKS + ICP + NAT}
KUBERNETES, CLOUD, BRIDGE = (
    "kubernetes-reserved-overlap",
    "cloud-platform-overlap",
    "container-bridge-overlap",
)


def plan_of(text: str, keep: Collection[str] | None = None, pools: Collection[str] = ()) -> Plan:
    head = "" if keep is None else f"keep-clear = {list(keep)!r}\n".replace("'", '"')
    head += f"byoip = {list(pools)!r}\n".replace("'", '"') if pools else ""
    return parse_plan(f"[plan]\n{head}{text}".encode(), FILE)


def net(kind: str, cidr: str) -> str:
    return f'[networks.n]\nkind = "{kind}"\ncidr = "{cidr}"\n'


def found(text: str, keep: Collection[str] | None = None, pools: Collection[str] = ()) -> tuple[Finding, ...]:
    return check_plan(plan_of(text, keep, pools), load_catalog())


# -- check: plan x network x severity

# Severities in plans with vCenter Server alone, with IKS, with ICP and with both; "-" for no finding of the rule.
TABLE = [
    # the control plane of IKS
    ("vcs-vm", "172.16.3.0/24", KUBERNETES, "note error note error"),
    ("vcs-vm", "172.20.0.0/24", KUBERNETES, "note error note error"),
    ("vcs-vm", "172.16.0.0/14", KUBERNETES, "note error note error"),
    ("vcs-transit", "172.18.0.0/29", KUBERNETES, "note error note error"),
    ("enterprise", "172.16.3.0/24", KUBERNETES, "- error - error"),
    ("enterprise", "172.16.0.0/12", KUBERNETES, "- error - error"),
    ("vcs-management", "172.16.3.0/26", KUBERNETES, "- error - error"),
    # Satellite and OpenShift, which no plan has
    ("vcs-vm", "192.168.255.0/24", KUBERNETES, "note note note note"),
    ("vcs-vm", "192.168.0.0/16", KUBERNETES, "note note note note"),
    ("enterprise", "192.168.0.0/16", KUBERNETES, "- - - -"),
    ("enterprise", "192.168.255.0/25", KUBERNETES, "- - - -"),
    ("vcs-vm", "fd98::/64", KUBERNETES, "note note note note"),
    ("enterprise", "fd97::/48", KUBERNETES, "- - - -"),
    # Defaults that a platform can change: a finding only where they take part
    ("vcs-vm", "172.30.1.0/24", KUBERNETES, "- - - -"),
    ("vcs-vm", "10.128.0.0/24", KUBERNETES, "- - - -"),
    ("vcs-vm", "192.168.1.0/24", KUBERNETES, "- - - -"),
    ("vcs-vm", "10.244.1.0/24", CLOUD, "- - - -"),
    ("vcs-vm", "172.24.1.0/24", CLOUD, "- - - -"),
    ("vcs-vm", "10.100.0.0/24", CLOUD, "- - - -"),
    # A route of workers reserves nothing
    ("vcs-vm", "10.225.0.0/24", KUBERNETES, "- - - -"),
    # docker0
    ("vcs-vm", "172.17.9.0/24", BRIDGE, "note note error error"),
    ("vcs-vm", "172.16.0.0/14", BRIDGE, "note note error error"),
    ("enterprise", "172.17.9.0/24", BRIDGE, "- - error error"),
    ("vcs-vm", "172.18.0.0/16", BRIDGE, "- - - -"),
]


@pytest.mark.parametrize(("kind", "cidr", "rule", "severities"), TABLE)
def test_each_plan_judges_a_network_by_the_platforms_that_it_has(
    kind: str, cidr: str, rule: str, severities: str
) -> None:
    for name, severity in zip(PLANS, severities.split(), strict=True):
        hits = [f for f in found(PLANS[name] + net(kind, cidr)) if f.rule == rule]
        assert {f.severity for f in hits} == ({severity} - {"-"}), name
        assert all(f.networks == ("n",) for f in hits)


@pytest.mark.parametrize(
    ("keep", "kind", "cidr", "rule", "severity"),
    [
        (["iks"], "vcs-vm", "172.16.3.0/24", KUBERNETES, "warning"),
        (["iks"], "enterprise", "172.16.3.0/24", KUBERNETES, "warning"),
        (["openshift"], "enterprise", "172.16.3.0/24", KUBERNETES, "warning"),
        (["satellite"], "enterprise", "192.168.0.0/16", KUBERNETES, "warning"),
        (["openshift"], "enterprise", "192.168.0.0/16", KUBERNETES, "warning"),
        (["iks"], "enterprise", "192.168.0.0/16", KUBERNETES, None),
        (["iks"], "vcs-vm", "192.168.255.0/24", KUBERNETES, "note"),
        (["iks"], "vcs-vm", "172.30.1.0/24", KUBERNETES, "warning"),
        (["satellite"], "vcs-vm", "172.30.1.0/24", KUBERNETES, None),
        (["containers"], "vcs-vm", "172.17.9.0/24", BRIDGE, "warning"),
        (["containers"], "enterprise", "172.17.9.0/24", BRIDGE, "warning"),
        (["openshift"], "enterprise", "172.17.9.0/24", BRIDGE, "warning"),
        (["iks"], "enterprise", "172.17.9.0/24", BRIDGE, None),
        (["vpc"], "vcs-vm", "10.244.1.0/24", CLOUD, "warning"),
        (["vpc"], "enterprise", "10.240.0.0/12", CLOUD, "warning"),
        (["vpc"], "enterprise", "172.24.0.0/18", CLOUD, "warning"),
        (["vpc"], "vcs-vm", "10.246.1.0/24", CLOUD, None),
        (["vcfaas"], "vcs-vm", "10.244.1.0/24", CLOUD, None),
        ([], "vcs-vm", "172.16.3.0/24", KUBERNETES, "note"),
        ([], "enterprise", "172.16.3.0/24", KUBERNETES, None),
        ([], "vcs-vm", "172.17.9.0/24", BRIDGE, "note"),
        ([], "vcs-vm", "10.244.1.0/24", CLOUD, None),
    ],
)
def test_a_platform_that_keep_clear_names_is_a_warning(
    keep: list[str], kind: str, cidr: str, rule: str, severity: str | None
) -> None:
    hits = {f.severity for f in found(net(kind, cidr), keep) if f.rule == rule}

    assert hits == ({severity} - {None})


def test_what_the_plan_has_stays_an_error_whatever_keep_clear_says() -> None:
    for keep in (None, [], ["iks"], ["vpc"], list(KEEP_CLEAR)):
        hits = found(IKS + net("vcs-vm", "172.16.3.0/24"), keep)
        assert [f.severity for f in hits if f.rule == KUBERNETES] == ["error"]


def test_a_prefix_of_vpc_is_a_warning_for_a_subnet_of_the_account_too() -> None:
    # A transit gateway joins both, and 14 of the default prefixes lie in customer private ranges.
    text = net("vcs-management", "10.240.3.0/26")

    assert [f.severity for f in found(text, ["vpc"]) if f.rule == CLOUD] == ["warning"]
    assert not [f for f in found(text) if f.rule == CLOUD]


@pytest.mark.parametrize("keep", [None, [], ["iks", "containers"], ["vpc"]])
@pytest.mark.parametrize(
    "cidr", ["172.17.0.0/16", "172.17.64.0/18", "172.30.0.0/16", "192.168.0.0/16", "198.18.0.0/16"]
)
def test_what_iks_accepts_is_no_finding(cidr: str, keep: list[str] | None) -> None:
    for kind in ("iks-pod", "iks-service"):
        assert not [f for f in found(IKS + net(kind, cidr), keep) if f.rule in (KUBERNETES, CLOUD, BRIDGE)]


@pytest.mark.parametrize(
    ("keep", "cidr", "rule"),
    [("satellite", "192.168.255.0/24", KUBERNETES), ("vcfaas", "198.18.0.0/16", CLOUD)],
)
def test_what_iks_accepts_is_a_warning_beside_another_platform_that_the_plan_names(
    keep: str, cidr: str, rule: str
) -> None:
    (hit,) = [f for f in found(IKS + net("iks-service", cidr), [keep]) if f.rule in (KUBERNETES, CLOUD)]

    assert (hit.rule, hit.severity, hit.because) == (
        rule,
        "warning",
        (f"keep-clear under [plan] names {keep}",),
    )


@pytest.mark.parametrize(
    ("text", "severity"),
    [
        (IKS + ICP + net("iks-pod", "172.17.0.0/16"), None),
        (IKS + ICP + STRONGSWAN + net("iks-pod", "172.17.0.0/16"), "error"),
        (ICP + APART + net("enterprise", "172.17.9.0/24"), None),
        (ICP + NAT + net("enterprise", "172.17.9.0/24"), "error"),
        (ICP + APART + net("vcs-vm", "172.17.9.0/24"), "error"),  # behind the same ESG
        (ICP + net("icp-worker", "172.17.9.0/24"), "error"),
        ('[clusters.icp]\nplatform = "icp"\n' + net("icp-pod", "172.17.0.0/16"), "error"),
        (net("icp-pod", "172.17.0.0/16") + '[clusters.x]\nplatform = "icp"\n', "error"),
    ],
)
def test_docker0_is_an_error_for_what_icp_nodes_have_to_reach(text: str, severity: str | None) -> None:
    assert {f.severity for f in found(text) if f.rule == BRIDGE} == ({severity} - {None})


def test_the_services_of_old_clusters_are_accepted() -> None:
    old = found(IKS + net("iks-service", "10.10.10.0/24"))
    assert not [f for f in old if f.severity != "note" and f.networks == ("n",)]

    for kind, cidr in (
        ("iks-service", "10.10.11.0/24"),
        ("iks-service", "10.10.10.0/25"),
        ("iks-pod", "10.10.10.0/24"),
    ):
        rules = {f.rule for f in found(IKS + net(kind, cidr))}
        assert "iks-subnet-not-allowed" in rules


def test_an_enterprise_range_or_segments_without_the_platforms_have_no_errors() -> None:
    segments = "".join(f'[networks.vm-{n}]\nkind = "vcs-vm"\ncidr = "172.{n}.0.0/16"\n' for n in (16, 17, 18, 19))
    for text, pools in ((net("enterprise", "192.168.0.0/16"), []), (segments, ["172.16.0.0/14"])):
        assert {f.severity for f in found(text, None, pools)} <= {"note"}


def test_an_error_names_the_platform_and_a_note_those_that_would_matter() -> None:
    (error,) = [f for f in found(IKS + net("vcs-vm", "172.16.3.0/24")) if f.rule == KUBERNETES]
    (note,) = [f for f in found(net("vcs-vm", "172.16.3.0/24")) if f.rule == KUBERNETES]

    assert error.because == ("the plan has IKS",)
    assert note.because == ("it matters only with IKS or OpenShift or Satellite, which the plan does not have",)
    assert note.help is None


@pytest.mark.parametrize(
    ("text", "keep", "pool", "severity"),
    [
        ("", None, "172.16.0.0/14", "note"),
        ("", ["iks", "containers"], "172.16.0.0/14", "warning"),
        ("", ["iks"], "172.16.0.0/14", None),
        ("", [], "172.16.0.0/14", None),
        (IKS, [], "172.16.0.0/16", "error"),
        (IKS, [], "172.16.0.0/14", None),
        (IKS + ICP, [], "172.16.0.0/14", "error"),
        (ICP, [], "172.17.0.0/16", "error"),
        ("", ["vpc"], "10.244.64.0/18", "warning"),
        ("", None, "10.244.64.0/18", None),
        ("", [], "10.0.0.0/14", "error"),
        ("", [], "127.0.0.0/8", "error"),
        ('[[avoid]]\ncidr = "10.225.0.0/16"\n', [], "10.225.0.0/16", "error"),
    ],
)
def test_a_pool_is_unusable_as_an_error_only_where_keep_clear_is_not_the_reason(
    text: str, keep: list[str] | None, pool: str, severity: str | None
) -> None:
    hits = [f for f in found(text, keep, [pool]) if f.rule == "pool-unusable"]

    assert {f.severity for f in hits} == ({severity} - {None})


def test_the_help_for_a_pool_that_keep_clear_takes_is_tried() -> None:
    for keep, pool, left in (
        (None, "172.16.0.0/14", []),
        (["iks", "containers"], "172.16.0.0/14", []),
        (None, "172.17.0.0/24", ["iks", "satellite"]),
        (["vpc", "vcfaas"], "10.244.0.0/18", ["vcfaas"]),
    ):
        (hit,) = [f for f in found("", keep, [pool]) if f.rule == "pool-unusable"]
        written = ", ".join(f'"{name}"' for name in left)
        assert hit.help == f"if you will use none of these platforms, write keep-clear = [{written}] under [plan]"
        assert not [f for f in found("", left, [pool]) if f.rule == "pool-unusable"]


# -- the key


@pytest.mark.parametrize(
    ("value", "kept"),
    [
        (None, KEPT_CLEAR),
        ("[]", frozenset()),
        ('["vpc"]', {"vpc"}),
        ('["vpc", "iks", "vpc"]', {"vpc", "iks"}),
    ],
)
def test_keep_clear_is_read(value: str | None, kept: Collection[str]) -> None:
    text = "[plan]\n" + ("" if value is None else f"keep-clear = {value}\n")

    assert parse_plan(text.encode(), FILE).kept_clear == kept


@pytest.mark.parametrize(
    ("value", "rule", "key", "help_"),
    [
        ('["iks", "openshft"]', "bad-value", ("plan", "keep-clear", 1), 'did you mean "openshift"?'),
        ('["IKS"]', "bad-value", ("plan", "keep-clear", 0), f"write one of {', '.join(KEEP_CLEAR)}"),
        ('["icp"]', "bad-value", ("plan", "keep-clear", 0), None),
        ('[""]', "bad-value", ("plan", "keep-clear", 0), None),
        ('"iks"', "wrong-type", ("plan", "keep-clear"), None),
        ("[1]", "wrong-type", ("plan", "keep-clear", 0), None),
        ("true", "wrong-type", ("plan", "keep-clear"), None),
        ("[[]]", "wrong-type", ("plan", "keep-clear", 0), None),
    ],
)
def test_a_name_that_nobody_knows_is_a_problem_at_its_place(
    value: str, rule: str, key: tuple[object, ...], help_: str | None
) -> None:
    with pytest.raises(PlanError) as error:
        parse_plan(f"[plan]\nkeep-clear = {value}\n".encode(), FILE)

    (problem,) = error.value.problems
    assert (problem.rule, problem.key) == (rule, key)
    assert problem.location is not None
    assert problem.location.line == 2
    if help_ is not None:
        assert problem.help == help_


@pytest.mark.parametrize("value", [[], ["iks"], ["vpc", "vpc"], list(KEEP_CLEAR), ["icp"], [1], "iks", [["iks"]]])
def test_the_schema_takes_what_the_reader_takes(value: object) -> None:
    plan = {"schema": 1, "plan": {"keep-clear": value}}
    try:
        parse_plan(f"schema = 1\n[plan]\nkeep-clear = {json.dumps(value)}\n".encode(), FILE)
        good = True
    except PlanError:
        good = False
    schema = json.loads((Path(ipplan.__file__).parent / "schemas" / "plan.json").read_text(encoding="utf-8"))

    assert Draft202012Validator(schema).is_valid(plan) is good


# -- allocate, against the facts


def facts(name: str) -> list[dict[str, str]]:
    return list(csv.DictReader((FACTS / name).read_text(encoding="utf-8").splitlines()))


STARTS = {
    "iks": ("iks classic", "iks vpc"),
    "openshift": ("openshift", "roks", "ovn-kubernetes"),
    "satellite": ("ibm cloud satellite", "satellite"),
    "vpc": ("ibm cloud vpc",),
    "vcfaas": ("vcf as a service",),
    "containers": ("docker", "calico"),
}
"""How the scope of the rows of a platform starts in the facts."""


@cache
def ranges_of(platform: str) -> tuple[Any, ...]:
    """Return the ranges of a platform that have to stay clear, read from the facts alone."""
    rows = facts("kubernetes-reserved.csv") + facts("reserved-additional.csv")
    kept = [
        row["cidr"]
        for row in rows
        if row["severity"] == "reserved" and row["scope"].lower().startswith(STARTS[platform])
    ]
    kept += {"iks": ["172.30.0.0/16", "172.21.0.0/16"], "containers": ["172.17.0.0/16"]}.get(platform, [])
    if platform == "vpc":
        kept += [row["cidr"] for row in facts("vpc-address-prefixes.csv")]
    return tuple(map(ipaddress.ip_network, kept))


SUBSETS = [
    frozenset(names) for size in range(len(KEEP_CLEAR) + 1) for names in itertools.combinations(KEEP_CLEAR, size)
]


def avoided(keep: frozenset[str]) -> set[str]:
    return {str(row.prefix) for row in load_catalog().avoided(None, keep)}


def test_what_is_avoided_is_what_the_facts_say_and_grows_with_keep_clear() -> None:
    none = avoided(frozenset())
    for keep in SUBSETS:
        wanted = {str(cidr) for platform in keep for cidr in ranges_of(platform)}
        assert avoided(keep) == none | wanted, sorted(keep)
        assert all(avoided(keep - {name}) <= avoided(keep) for name in keep)


def test_the_facts_name_ranges_of_every_platform() -> None:
    counts = {platform: len(set(ranges_of(platform))) for platform in KEEP_CLEAR}

    assert counts == {"iks": 6, "containers": 3, "openshift": 15, "satellite": 5, "vpc": 75, "vcfaas": 1}


@pytest.mark.parametrize("pool", ["10.224.0.0/11", "172.16.0.0/12", "192.168.0.0/16", "fd00::/8"])
@pytest.mark.parametrize("keep", SUBSETS[::5], ids=lambda keep: "+".join(sorted(keep)) or "none")
def test_no_allocation_overlaps_what_is_kept_clear(pool: str, keep: frozenset[str]) -> None:
    version = ipaddress.ip_network(pool).version
    lengths = (17, 18, 20, 24, 24, 29) if version == 4 else (48, 64, 64, 112)
    text = "".join(
        f'[networks.vm-{number}]\nkind = "vcs-vm"\nprefix = {length}\n' for number, length in enumerate(lengths)
    )
    plan = plan_of(text, keep, [pool])
    result = allocate(plan, load_catalog())
    assert result.ok
    clear = [cidr for name in keep for cidr in ranges_of(name) if cidr.version == version]
    for row in result.placements:
        mine: Any = ipaddress.ip_network(str(row.prefix))
        assert not [str(cidr) for cidr in clear if mine.overlaps(cidr)]
    skipped = [ipaddress.ip_network(str(s.prefix)) for s in result.skipped]
    inside = [c for c in clear if c.overlaps(ipaddress.ip_network(pool))]
    assert all(any(c.subnet_of(s) for s in skipped if s.version == version) for c in inside)
    (free,) = find_free(plan, load_catalog()).pools
    for block in map(str, free.blocks):
        assert not any(ipaddress.ip_network(block).overlaps(c) for c in clear)


def test_beside_a_vpc_allocate_keeps_off_the_prefixes_of_its_zones() -> None:
    text = '[networks.pods]\nkind = "icp-pod"\nprefix = 17\n[clusters.icp]\nplatform = "icp"\n'
    pools = ["10.244.0.0/14"]
    places = [
        str(allocate(plan_of(text, keep, pools), load_catalog()).placements[0].prefix) for keep in (None, ["vpc"])
    ]

    assert places == ["10.244.0.0/17", "10.246.0.0/17"]


@pytest.mark.parametrize(
    ("text", "keep", "place"),
    [
        ("", [], "172.16.0.0/16"),
        (IKS, [], "172.17.0.0/16"),
        (ICP, [], "172.16.0.0/16"),
        (IKS + ICP, [], "172.22.0.0/16"),
        ("", None, "172.22.0.0/16"),
        ("", ["iks"], "172.17.0.0/16"),
        ("", ["containers", "satellite"], "172.21.0.0/16"),
        ("", ["vpc", "iks", "containers"], "172.22.0.0/16"),
    ],
)
def test_what_the_plan_has_is_avoided_without_keep_clear(text: str, keep: list[str] | None, place: str) -> None:
    vm = '[networks.vm]\nkind = "vcs-vm"\nprefix = 16\n'
    plan = plan_of(text + vm, keep, ["172.16.0.0/12"])
    result = allocate(plan, load_catalog())
    (row,) = [row for row in result.placements if row.network.name == "vm"]
    assert str(row.prefix) == place

    pinned = plan_of(text + vm.replace("prefix = 16", f'cidr = "{place}"'), keep, ["172.16.0.0/12"])
    assert not [f for f in check_plan(pinned, load_catalog()) if f.severity == "error" and "vm" in f.networks]


def test_where_keep_clear_leaves_no_room_the_help_says_so() -> None:
    text = '[networks.vm]\nkind = "vcs-vm"\nprefix = 24\n'
    result = allocate(plan_of(text, None, ["172.16.0.0/16"]), load_catalog())
    (failure,) = result.shortfalls

    assert failure.help is not None
    assert failure.help.startswith("leave iks, openshift, satellite out of keep-clear under [plan]")
    kept = ["containers"]
    assert allocate(plan_of(text, kept, ["172.16.0.0/16"]), load_catalog()).ok


@pytest.mark.parametrize("keep", [None, [], ["iks"], ["vpc"], ["containers", "vcfaas"]])
def test_why_the_map_and_room_to_grow_follow_keep_clear(keep: list[str] | None) -> None:
    clear = [str(c) for name in (KEPT_CLEAR if keep is None else keep) for c in ranges_of(name)]
    text = '[networks.vm]\nkind = "vcs-vm"\nprefix = 16\npool = "172.16.0.0/12"\n'
    text += '[networks.a]\nkind = "vcs-vm"\ncidr = "10.244.200.0/24"\ngrow-to = 16\n'
    plan = plan_of(text, keep, ["172.16.0.0/12", "10.244.0.0/16"])

    story = explain(plan, load_catalog(), "vm")
    blockers = {str(refused.blocker) for refused in story.refused}
    assert blockers <= set(clear)
    assert ("172.16.0.0/16" in blockers) == ("172.16.0.0/16" in clear and story.prefix is not None)

    address_space = AddressSpace(plan, load_catalog())
    drawn = {
        ipaddress.ip_address(address)
        for space in address_space.spaces()
        for block in address_space.blocks(space)
        if block.what == "reserved"
        for address in (block.first, block.last)
    }
    assert all(any(address in ipaddress.ip_network(cidr) for cidr in clear) for address in drawn)
    assert bool(drawn) == any(cidr.startswith(("172.", "10.244.")) for cidr in clear)

    blocked = [f for f in check_plan(plan, load_catalog()) if f.rule == "growth-blocked"]
    assert bool(blocked) == ("10.244.0.0/18" in clear)
