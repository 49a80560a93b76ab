"""Values of the strongSwan chart: both sides of each translation are in use, and nothing is allocated from either."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from ipplan.allocation import allocate
from ipplan.catalog import load_catalog
from ipplan.importers import SourceError, read_source
from ipplan.importers.plan_text import make_plan
from ipplan.plan.load import parse_plan

if TYPE_CHECKING:
    from ipplan.observed import Observed


def read(text: str) -> Observed:
    return read_source("auto", text.encode(), "values.yaml")


def ranges(observed: Observed) -> list[tuple[str, str | None, str | None]]:
    return [(str(row.prefix), row.side, None if row.shown is None else str(row.shown)) for row in observed.rows]


LOCAL = "local:\n  subnet: 172.30.0.0/16,{}\n"
CASES: dict[str, tuple[str, list[tuple[str, str | None, str | None]], int]] = {
    "the shown range is listed": (
        LOCAL.format("10.232.0.0/16") + "localSubnetNAT: 172.21.0.0/16=10.232.0.0/16\n",
        [("172.30.0.0/16", "local", None), ("172.21.0.0/16", "local", "10.232.0.0/16")],
        0,
    ),
    "the real range is listed": (
        LOCAL.format("172.21.0.0/16") + "localSubnetNAT: 172.21.0.0/16=10.232.0.0/16\n",
        [("172.30.0.0/16", "local", None), ("172.21.0.0/16", "local", "10.232.0.0/16")],
        1,
    ),
    "both are listed": (
        LOCAL.format("172.21.0.0/16,10.232.0.0/16") + "localSubnetNAT: 172.21.0.0/16=10.232.0.0/16\n",
        [("172.30.0.0/16", "local", None), ("172.21.0.0/16", "local", "10.232.0.0/16")],
        0,
    ),
    "nothing is listed": (
        "localSubnetNAT: 172.21.0.0/16=10.232.0.0/16\n",
        [("172.21.0.0/16", "local", "10.232.0.0/16")],
        0,
    ),
    "only the far side": (
        "remoteSubnetNAT: 192.168.0.0/24=10.12.0.0/24\n",
        [("192.168.0.0/24", "remote", "10.12.0.0/24")],
        0,
    ),
    "the far side": (
        "remote:\n  subnet: 192.168.0.0/24\nremoteSubnetNAT: 192.168.0.0/24=10.12.0.0/24\n",
        [("192.168.0.0/24", "remote", "10.12.0.0/24")],
        0,
    ),
    "the far side lists another": (
        "remote:\n  subnet: 192.168.1.0/24\nremoteSubnetNAT: 192.168.0.0/24=10.12.0.0/24\n",
        [("192.168.1.0/24", "remote", None), ("192.168.0.0/24", "remote", "10.12.0.0/24")],
        1,
    ),
    "several lines, and one address": (
        LOCAL.format("10.232.0.0/16")
        + "localSubnetNAT: |-\n  172.21.0.0/16=10.232.0.0/16\n  172.30.0.0/16=192.168.9.9\n",
        [
            ("172.30.0.0/16", "local", "192.168.9.9/32"),
            ("172.21.0.0/16", "local", "10.232.0.0/16"),
        ],
        1,
    ),
    "a part of a listed range": (
        LOCAL.format("10.232.0.0/15") + "localSubnetNAT: [172.21.0.0/16=10.232.0.0/16]\n",
        [
            ("172.30.0.0/16", "local", None),
            ("10.232.0.0/15", "local", None),
            ("172.21.0.0/16", "local", "10.232.0.0/16"),
        ],
        0,
    ),
    "IPv6": (
        "local:\n  subnet: fd01::/64\nlocalSubnetNAT: fd00::/64=fd01::/64\n",
        [("fd00::/64", "local", "fd01::/64")],
        0,
    ),
    "dotted keys": (
        json.dumps({"local.subnet": "10.10.0.0/16", "localSubnetNAT": "172.30.0.0/16=10.10.0.0/16"}),
        [("172.30.0.0/16", "local", "10.10.0.0/16")],
        0,
    ),
    "two ranges behind one address": (
        "local:\n  subnet: 10.9.9.9/32\nlocalSubnetNAT: 172.30.0.0/16=10.9.9.9/32,172.21.0.0/16=10.9.9.9\n",
        [("172.30.0.0/16", "local", "10.9.9.9/32"), ("172.21.0.0/16", "local", "10.9.9.9/32")],
        0,
    ),
    "one source address": (
        "enableSingleSourceIP: true\nlocal:\n  subnet: 192.168.9.9/32\nremote:\n  subnet: 10.5.0.0/16\n",
        [("192.168.9.9/32", "source", None), ("10.5.0.0/16", "remote", None)],
        0,
    ),
    "zones": (
        "local:\n  subnet: '%zoneSubnet'\n  zoneSubnet: dal10=192.168.168.10/32,dal12=192.168.168.11/32\n",
        [("192.168.168.10/32", "source", None), ("192.168.168.11/32", "source", None)],
        1,
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_what_the_tunnel_carries_and_shows(case: str) -> None:
    text, expected, notes = CASES[case]
    observed = read(text)
    assert observed.source == "strongswan"
    assert sorted(ranges(observed), key=str) == sorted(expected, key=str)
    assert len(observed.notes) == notes


@pytest.mark.parametrize("case", CASES)
def test_both_sides_of_a_translation_are_in_the_plan(case: str) -> None:
    observed = read(CASES[case][0])
    plan = parse_plan(make_plan([observed], None).text.encode(), "plan.toml")
    avoided = {str(avoid.prefix): avoid.reason or "" for avoid in plan.avoids}
    for real, _, shown in ranges(observed):
        assert real in avoided
        if shown is not None:
            assert f"a strongSwan tunnel translates {real} to {shown}" in avoided[shown]


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("localSubnetNAT: 172.21.0.0/16\n", 1, "is not of the form REAL=SHOWN"),
        ("localSubnetNAT: 172.21.0.0/16=\n", 1, "is not of the form REAL=SHOWN"),
        ("x: 1\nremoteSubnetNAT: 172.21.0.0/33=10.0.0.0/16\n", 2, "prefix length 33"),
        ("localSubnetNAT: 172.21.0.0/16=nonsense\n", 1, "is not a valid prefix"),
    ],
)
def test_a_translation_that_is_none_is_a_problem(text: str, line: int, words: str) -> None:
    with pytest.raises(SourceError) as caught:
        read(text)
    assert caught.value.problems[0].line == line
    assert words in caught.value.problems[0].message


def test_a_text_that_overrides_the_values_is_reported() -> None:
    text = "overRideIpsecConf: |-\n  conn x\n    leftsubnet=10.0.0.0/8\nremote:\n  subnet: 10.5.0.0/16\n"
    (note,) = read(text).notes
    assert note.startswith("overRideIpsecConf is set (line 1)")


CLUSTER = {"name": "prod", "podSubnet": "172.30.0.0/16", "serviceSubnet": "172.21.0.0/16"}
CONFIG = "cluster_name: icp\nnetwork_cidr: 10.224.0.0/16\nservice_cluster_ip_range: 10.225.0.0/16\n"
BETWEEN = """\
local:
  subnet: 172.30.0.0/16,10.232.0.0/16
remote:
  subnet: 10.224.0.0/16,10.225.0.0/16
localSubnetNAT: 172.21.0.0/16=10.232.0.0/16
remoteSubnetNAT: 10.225.0.0/16=10.233.0.0/16
"""


def test_a_tunnel_between_two_clusters_becomes_a_link_with_its_translations() -> None:
    files = [json.dumps(CLUSTER), CONFIG, BETWEEN]
    observed = [read_source("auto", file.encode(), f"{number}") for number, file in enumerate(files)]
    plan = parse_plan(make_plan(observed, None).text.encode(), "plan.toml")

    (link,) = plan.links
    assert (set(link.ends), link.method) == ({"prod", "icp"}, "strongswan")
    assert [(nat.network, str(nat.shown)) for nat in link.nat] == [
        ("prod-services", "10.232.0.0/16"),
        ("icp-services", "10.233.0.0/16"),
    ]
    assert set(link.networks) == {"prod-pods", "icp-pods"}
    assert plan.avoids == ()


@pytest.mark.parametrize(
    ("old", "new", "avoided"),
    [
        # Not the range of a network, or not its size: then the plan only keeps clear of it.
        ("172.21.0.0/16=", "172.21.0.0/17=", {"172.21.0.0/17", "10.232.0.0/16", "10.233.0.0/16"}),
        (
            "172.21.0.0/16=10.232.0.0/16",
            "172.21.0.0/16=10.232.0.0/17",
            {"10.232.0.0/16", "10.232.0.0/17", "10.233.0.0/16"},
        ),
        (
            "10.225.0.0/16=10.233.0.0/16",
            "10.225.4.0/24=10.233.0.0/24",
            {"10.225.4.0/24", "10.232.0.0/16", "10.233.0.0/24"},
        ),
    ],
)
def test_where_the_plan_cannot_say_it_the_shown_range_is_avoided(old: str, new: str, avoided: set[str]) -> None:
    assert old in BETWEEN
    files = [json.dumps(CLUSTER), CONFIG, BETWEEN.replace(old, new)]
    observed = [read_source("auto", file.encode(), f"{number}") for number, file in enumerate(files)]
    plan = parse_plan(make_plan(observed, None).text.encode(), "plan.toml")
    assert plan.links == ()
    assert {str(avoid.prefix) for avoid in plan.avoids} == avoided


def test_nothing_is_allocated_from_what_a_tunnel_shows() -> None:
    made = make_plan([read("localSubnetNAT: 172.21.0.0/16=10.232.0.0/16\n")], None).text
    more = '[plan]\nbyoip = ["10.232.0.0/15"]\n'
    text = made.replace("[plan]\n", more) + '[networks.vm]\nkind = "vcs-vm"\nprefix = 24\n'
    plan = parse_plan(text.encode(), "plan.toml")
    (row,) = [row for row in allocate(plan, load_catalog()).placements if row.network.name == "vm"]
    assert str(row.prefix).startswith("10.233.")
