"""From rows to a plan: every prefix once, nothing lost, no injection, no new overlap."""

from __future__ import annotations

import csv
import io
import ipaddress
import itertools
import json
import unicodedata
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import pytest
import tomli
from hypothesis import example, given, settings
from hypothesis import strategies as st

from ipplan.addresses import parse_prefix
from ipplan.catalog import load_catalog
from ipplan.checks import check_plan
from ipplan.checks.drift import Against
from ipplan.importers import IMPORTERS, SourceError, read_source
from ipplan.importers.plan_text import make_plan
from ipplan.observed import Observed, ObservedPrefix
from ipplan.plan.kinds import ICP_DEFAULTS, IKS_DEFAULTS, KINDS
from ipplan.plan.load import parse_plan

if TYPE_CHECKING:
    from ipplan.plan.model import Plan

HOSTILE = (
    'a"b',
    "it's",
    "a\nb",
    "a\r\nb",
    "\\",
    "\\u0041",
    "]]>",
    "$(rm -rf /)",
    "=cmd|' /C calc'!A0",
    "# no comment",
    "[[avoid]]",
    '"""',
    "'''",
    "\x1b[31m",
    "\x00\x07",
    "\u202e\u2066",
    "\ud800",
    "\u2028",
    "😀",
    "büro 7",
    "{}",
    "a = 1",
    "-",
    "",
    " ",
    "x" * 300,
)
texts = st.one_of(st.sampled_from(HOSTILE), st.text(max_size=12))


@st.composite
def cidrs(draw: st.DrawFn) -> str:
    """Return a prefix, mostly of a small part of the space, so that prefixes nest and repeat."""
    if draw(st.booleans()):
        length = draw(st.integers(20, 30))
        base = int(ipaddress.ip_address("10.225.0.0")) + draw(st.integers(0, 4095))
        return str(ipaddress.ip_network((base, length), strict=False))
    length = draw(st.integers(44, 64))
    return str(ipaddress.ip_network((0xFD00 << 112 | draw(st.integers(0, 255)) << 64, length), strict=False))


rows = st.lists(
    st.builds(
        lambda cidr, name, kind, cluster, description: ObservedPrefix(
            parse_prefix(cidr), name, kind, cluster, description or None, 1, "cidr"
        ),
        cidrs(),
        texts,
        st.sampled_from([None, None, *KINDS]),
        st.one_of(st.none(), st.sampled_from(["a", "b", "a b", "A-B", '"', "\n"])),
        texts,
    ),
    max_size=12,
)


def plan_of(*observed: Observed) -> Plan:
    return parse_plan(make_plan(observed, "x").text.encode(), "x.toml")


def held(plan: Plan) -> list[str]:
    """Return every prefix of a plan as text."""
    return [str(n.prefix) for n in plan.networks] + [str(a.prefix) for a in plan.avoids]


@settings(max_examples=400, deadline=None)
@given(rows)
def test_every_prefix_is_in_the_plan_once_for_each_network_that_has_it(given_rows: list[ObservedPrefix]) -> None:
    plan = plan_of(Observed(tuple(given_rows), 'x"\n.csv', "csv"))

    assert set(held(plan)) == {str(row.prefix) for row in given_rows}
    for prefix in {row.prefix for row in given_rows}:
        uses = [(n.kind.name, n.cluster) for n in plan.networks if n.prefix == prefix]
        avoided = [a for a in plan.avoids if a.prefix == prefix]
        assert len(uses) == len(set(uses))
        assert len(avoided) <= 1
        if all(row.kind is None for row in given_rows if row.prefix == prefix):
            assert (len(uses), len(avoided)) == (0, 1)


@settings(max_examples=300, deadline=None)
@given(rows)
def test_the_check_finds_no_overlap_that_the_rows_do_not_have(given_rows: list[ObservedPrefix]) -> None:
    plan = plan_of(Observed(tuple(given_rows), "x", "csv"))
    stated = [ipaddress.ip_network(str(row.prefix)) for row in given_rows]
    platforms = {cluster.platform for cluster in plan.clusters.values()}
    # A cluster that the rows name, but not its pods, has its platform's default.
    defaults = [
        cidr
        for platform, table in (("iks", IKS_DEFAULTS), ("icp", ICP_DEFAULTS))
        if platform in platforms
        for cidr in table.values()
    ]
    stated += [ipaddress.ip_network(cidr) for cidr in defaults]
    pairs = {
        frozenset((str(a), str(b)))
        for a, b in itertools.product(stated, repeat=2)
        if a.version == b.version and a.overlaps(b)
    }

    for finding in check_plan(plan, load_catalog()):
        if finding.rule in ("network-overlap", "avoid-overlap"):
            assert frozenset(map(str, finding.cidrs[:2])) in pairs


@settings(max_examples=300, deadline=None)
@given(rows)
def test_a_plan_does_not_drift_from_what_it_was_made_of(given_rows: list[ObservedPrefix]) -> None:
    if not given_rows:
        return
    kinds = frozenset(row.kind for row in given_rows if row.kind)
    observed = Observed(tuple(given_rows), "x", "csv", kinds=kinds)
    plan = plan_of(observed)
    # A range of a cluster that the rows cannot name stands in the plan as avoided, and is told.
    lost = {str(row.prefix) for row in given_rows if row.kind and row.prefix in {a.prefix for a in plan.avoids}}

    found = [f for f in check_plan(plan, load_catalog(), None, Against(plan, (observed,))) if f.rule == "drift"]

    assert [f.message for f in found if not lost & set(map(str, f.cidrs))] == []


@settings(max_examples=300, deadline=None)
@given(st.lists(st.tuples(texts, texts), min_size=1, max_size=6), texts)
def test_hostile_text_survives_and_breaks_nothing(pairs: list[tuple[str, str]], name: str) -> None:
    given_rows = tuple(
        ObservedPrefix(
            parse_prefix(f"10.225.{index}.0/24"),
            first,
            "vcs-vm" if index % 2 else None,
            None,
            second,
            1,
            "cidr",
        )
        for index, (first, second) in enumerate(pairs)
    )
    text = make_plan([Observed(given_rows, name, "csv")], name).text
    document = tomli.loads(text)

    def clean(value: str) -> str:
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")

    assert set(document) <= {"schema", "plan", "avoid", "networks"}
    assert document["plan"].get("name", "") == clean(name)
    said = [row.get("reason", "") for row in document.get("avoid", [])]
    said += [row.get("description", "") for row in document.get("networks", {}).values()]
    for _, description in pairs:
        assert any(clean(description) in words for words in said)
    for network in document.get("networks", {}):
        assert network.replace("-", "").isalnum()
        assert network == network.lower()
    assert all(char == "\n" or unicodedata.category(char) not in ("Cc", "Cf", "Zl", "Zp") for char in text)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(cidrs(), texts), min_size=1, max_size=6))
def test_hostile_text_survives_the_readers_too(pairs: list[tuple[str, str]]) -> None:
    pairs = [(cidr, text.replace("\x00", "").replace("\ud800", "")) for cidr, text in pairs]
    pairs = [(cidr, text.encode("utf-8", "ignore").decode()) for cidr, text in pairs]
    table = io.StringIO()
    csv.writer(table).writerows([("cidr", "description"), *pairs])
    items = [{"prefix": cidr, "description": text} for cidr, text in pairs]

    for source, data in (("csv", table.getvalue()), ("netbox", json.dumps({"results": items}))):
        plan = plan_of(read_source(source, data.encode(), "x"))
        reasons = {str(avoid.prefix): avoid.reason or "" for avoid in plan.avoids}
        assert set(reasons) == {cidr for cidr, _ in pairs}
        for cidr, text in pairs:
            assert text.strip().removeprefix("'") in reasons[cidr]


@example(b"00")
@given(st.binary(max_size=60) | st.text(max_size=60).map(lambda text: text.encode("utf-8", "ignore")))
def test_no_bytes_end_in_anything_but_rows_or_problems(data: bytes) -> None:
    for source in ("auto", *IMPORTERS):
        with suppress(SourceError):
            read_source(source, data, "x")


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=6) | cidrs(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                (
                    "items",
                    "results",
                    "kind",
                    "metadata",
                    "name",
                    "spec",
                    "cidr",
                    "status",
                    "addresses",
                    "prefix",
                    "vlans",
                    "subnets",
                    "podSubnet",
                    "properties",
                    "network_identifier",
                    "networkIdentifier",
                    "IPs",
                    "local",
                    "remote",
                    "subnet",
                    "schema",
                    "allocations",
                    "network_cidr",
                    "cluster_vip",
                    "loadBalancerIP",
                    "data",
                    "vlanipmap.json",
                    "annotations",
                    "labels",
                    "workerZones",
                    "zone",
                    "role",
                    "vrf",
                    "datacenter",
                    "workerCount",
                    "podCIDRs",
                    "calicoNetwork",
                    "ipPools",
                    "dst",
                    "gateway",
                    "nexthops",
                    "via",
                    "addr_info",
                    "prefixlen",
                    "version",
                    "terraform_version",
                    "resources",
                    "instances",
                    "attributes",
                    "type",
                    "subnet_cidr",
                    "values",
                    "root_module",
                    "child_modules",
                    "privateIP",
                    "networkInterfaces",
                    "networkInformation",
                    "serviceClusterIPs",
                    "localSubnetNAT",
                    "remoteSubnetNAT",
                    "kubernetes_cluster_type",
                )
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@settings(max_examples=300, deadline=None)
@given(anything)
def test_no_document_ends_in_anything_but_rows_or_problems(document: Any) -> None:
    data = json.dumps(document).encode()
    for source in ("auto", *IMPORTERS):
        with suppress(SourceError):
            plan_of(read_source(source, data, "x"))


words_of_texts = st.sampled_from(
    (
        "conn a",
        "conn %default",
        "also=a",
        "left=10.0.0.1",
        "\tleftsubnet=10.1.0.0/16,fd00::/64",
        "rightsubnet={10.2.0.0/16}",
        "auto=ignore",
        "keyexchange=ikev2",
        "include x",
        "connections {",
        "a : b {",
        "children {",
        "c { local_ts = 10.1.0.0/16 }",
        "remote_ts = dynamic",
        "}",
        "{",
        '"',
        "version = 2",
        "set vpn ipsec site-to-site peer 10.0.0.1",
        "tunnel 0 local prefix 10.1.0.0/16",
        "vpn {",
        "peer 10.0.0.1 {",
        "local-address 10.0.0.2",
        "'",
        "/*",
        "*/",
        "# x",
        "[master]",
        "[proxy]",
        "[all:vars]",
        "10.0.0.[1:3]",
        "n ansible_host=10.0.0.9",
        "ID   Network   Gateway",
        "1   10.1.0.0/16   10.1.0.1",
        "VLAN ID   Subnet CIDR   Public",
        "Pod Subnet: 172.30.0.0/16",
        "ID   Public IP   Private IP",
        "w1   -   10.0.0.3",
        "NAME   STATUS   ROLES   INTERNAL-IP",
        "NAME   CIDR   NAT",
        "\x1b[1m",
        "\x00",
        "",
    )
)


@settings(max_examples=300, deadline=None)
@given(st.lists(st.lists(words_of_texts, max_size=3).map(" ".join), max_size=10).map("\n".join))
def test_no_text_ends_in_anything_but_rows_or_problems(text: str) -> None:
    for source in (
        "auto",
        "ipsec-conf",
        "swanctl",
        "vyos",
        "icp-hosts",
        "ibmcloud-subnets",
        "ks-cluster",
        "ks-workers",
        "kubectl-nodes",
    ):
        with suppress(SourceError):
            plan_of(read_source(source, text.encode(), "x"))


def row(cidr: str, kind: str | None = None, **more: Any) -> ObservedPrefix:
    return ObservedPrefix(parse_prefix(cidr), more.pop("name", ""), kind, more.pop("cluster", None), line=1, **more)


def test_clusters_and_names() -> None:
    plan = plan_of(
        Observed(
            (
                row("10.225.0.0/16", "icp-pod", cluster="ICP Prod", name="Pods (new)"),
                row("10.226.0.0/16", "icp-pod", cluster="icp-prod", name="pods new"),
                row("172.30.0.0/16", "iks-pod", cluster="ICP Prod"),
                row("10.227.0.0/24", "vcs-vm", name="日本"),
            )
        )
    )

    assert [(c.name, c.platform) for c in plan.clusters.values()] == [
        ("icp-prod", "icp"),
        ("icp-prod-2", "icp"),
        ("icp-prod-3", "iks"),
    ]
    assert [(n.name, n.cluster) for n in plan.networks] == [
        ("pods-new", "icp-prod"),
        ("pods-new-2", "icp-prod-2"),
        ("iks-pod", "icp-prod-3"),
        ("vcs-vm", None),
    ]
    assert plan.networks[0].description == "Pods (new)"
    assert plan.networks[3].description == "日本"


def test_a_network_without_its_cluster_is_avoided_where_the_plan_has_several() -> None:
    one, other = row("10.225.0.0/16", "icp-pod", cluster="a"), row("10.226.0.0/16", "icp-pod", cluster="b")
    plan = plan_of(Observed((row("10.227.0.0/16", "icp-pod"), one, other, row("10.226.0.0/16", "icp-pod"))))

    assert [n.name for n in plan.networks] == ["icp-pod", "icp-pod-2"]
    assert [(str(a.prefix), a.reason) for a in plan.avoids] == [
        ("10.227.0.0/16", "icp-pod of a cluster that the file does not name")
    ]


def test_one_address_of_a_network_is_named_there_and_a_stray_one_avoided() -> None:
    made = make_plan(
        [
            Observed(
                (
                    row("10.225.0.5/32", name="node 1", whole=False),
                    row("10.225.0.6/32", name="Node-1", whole=False),
                    row("10.225.0.0/24", "icp-worker"),
                    row("10.226.0.1/32", name="stray", whole=False),
                    row("10.225.0.5/32", name="again", whole=False),
                    row("10.225.0.128/25", "icp-worker", whole=False),
                )
            )
        ],
        None,
    )
    plan = parse_plan(made.text.encode(), "x")

    assert [(a.name, a.resolve(parse_prefix("10.225.0.0/24"))) for a in plan.networks[0].addresses] == [
        ("node-1", 0x0AE10005),
        ("node-1-2", 0x0AE10006),
    ]
    assert [(str(a.prefix), a.reason) for a in plan.avoids] == [("10.226.0.1/32", "stray")]
    assert (made.networks, made.addresses, made.avoids, made.duplicates) == (1, 2, 1, 2)


def test_a_container_is_avoided_unless_ranges_lie_in_it() -> None:
    made = make_plan(
        [
            Observed(
                (
                    row("10.224.0.0/12", container=True, description="all\nof it"),
                    row("192.168.0.0/16", container=True),
                    row("10.225.0.0/24", "vcs-vm"),
                )
            )
        ],
        None,
    )
    plan = parse_plan(made.text.encode(), "x")

    assert [str(a.prefix) for a in plan.avoids] == ["192.168.0.0/16"]
    assert (
        "\n# Container, not avoided because other ranges are inside it: 10.224.0.0/12: all\\u000Aof it\n" in made.text
    )
    assert [str(prefix) for prefix in made.containers] == ["10.224.0.0/12"]
    assert '# These containers can be pools to allocate from: byoip = ["10.224.0.0/12"]' in made.text
    assert [f.message for f in check_plan(plan, load_catalog()) if f.severity == "error"] == []


def test_host_bits_stay_as_written_in_networks_and_are_noted_in_avoided_space() -> None:
    written = parse_prefix("10.0.0.0/24").first + 1
    plan = plan_of(Observed((row("10.0.0.0/24", "icp-service", written=written), row("10.0.0.0/25", written=written))))

    assert plan.networks[0].written == written
    assert [(str(a.prefix), a.reason) for a in plan.avoids] == [("10.0.0.0/25", "written as 10.0.0.1/25")]


def test_an_id_and_a_name_are_one_cluster() -> None:
    cluster = {"id": "bvm", "name": "prod", "podSubnet": "172.30.0.0/16", "workerCount": 4}
    subnets = [
        {
            "id": "1",
            "type": "private",
            "properties": {"cidr": "29", "network_identifier": "10.1.1.8", "bound_cluster": "bvm"},
        }
    ]
    observed = [
        read_source("auto", json.dumps(document).encode(), f"{index}.json")
        for index, document in enumerate([subnets, cluster])
    ]
    plan = plan_of(*observed)

    assert [(c.name, c.workers) for c in plan.clusters.values()] == [("prod", 4)]
    assert {n.cluster for n in plan.networks} == {"prod"}


def test_pools_and_data_centers_are_taken_over() -> None:
    pools = (parse_prefix("10.224.0.0/12"),)
    plan = plan_of(Observed((row("10.225.0.0/24", "vcs-vm"),), pools=pools, data_centers=("ams03", "dal10")))
    assert [str(pool.prefix) for pool in plan.pools] == ["10.224.0.0/12"]
    assert plan.data_centers == ("ams03", "dal10")


@pytest.mark.slow
def test_a_hundred_thousand_rows_take_seconds() -> None:
    import time

    many = tuple(
        ObservedPrefix(
            parse_prefix(f"10.{i >> 14 & 255}.{i >> 6 & 255}.{(i & 63) * 4}/30"),
            f"n {i % 1000}",
            "vcs-vm" if i % 2 else None,
            None,
            "d",
            i,
        )
        for i in range(100_000)
    )
    started = time.monotonic()
    plan = plan_of(Observed(many))
    assert len(held(plan)) == 100_000
    assert time.monotonic() - started < 30
