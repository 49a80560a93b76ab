"""Values of the strongSwan chart: both sides of each translation are in use, and nothing is allocated from either."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from ipplan.importers import SourceError, read_source

if TYPE_CHECKING:
    from ipplan.observed import Observed


def read(text: str) -> Observed:
    return read_source("auto", text.encode(), "values.yaml")


def ranges(observed: Observed) -> list[tuple[str, str | None, str | None]]:
    return [
        (str(row.prefix), row.side, None if row.shown is None else str(row.shown)) for row in observed.rows
    ]


LOCAL = "local:\n  subnet: 172.30.0.0/16,{}\n"
CASES: dict[str, tuple[str, list[tuple[str, str | None, str | None]], int]] = {
    "the shown range is listed": (
        LOCAL.format("10.232.0.0/16") + "localSubnetNAT: 172.21.0.0/16=10.232.0.0/16\n",
        [("172.30.0.0/16", "local", None), ("172.21.0.0/16", "local", "10.232.0.0/16")], 0,
    ),
    "the real range is listed": (
        LOCAL.format("172.21.0.0/16") + "localSubnetNAT: 172.21.0.0/16=10.232.0.0/16\n",
        [("172.30.0.0/16", "local", None), ("172.21.0.0/16", "local", "10.232.0.0/16")], 1,
    ),
    "both are listed": (
        LOCAL.format("172.21.0.0/16,10.232.0.0/16") + "localSubnetNAT: 172.21.0.0/16=10.232.0.0/16\n",
        [("172.30.0.0/16", "local", None), ("172.21.0.0/16", "local", "10.232.0.0/16")], 0,
    ),
    "nothing is listed": (
        "localSubnetNAT: 172.21.0.0/16=10.232.0.0/16\n", [("172.21.0.0/16", "local", "10.232.0.0/16")], 0,
    ),
    "only the far side": (
        "remoteSubnetNAT: 192.168.0.0/24=10.12.0.0/24\n", [("192.168.0.0/24", "remote", "10.12.0.0/24")], 0,
    ),
    "the far side": (
        "remote:\n  subnet: 192.168.0.0/24\nremoteSubnetNAT: 192.168.0.0/24=10.12.0.0/24\n",
        [("192.168.0.0/24", "remote", "10.12.0.0/24")], 0,
    ),
    "the far side lists another": (
        "remote:\n  subnet: 192.168.1.0/24\nremoteSubnetNAT: 192.168.0.0/24=10.12.0.0/24\n",
        [("192.168.1.0/24", "remote", None), ("192.168.0.0/24", "remote", "10.12.0.0/24")], 1,
    ),
    "several lines, and one address": (
        LOCAL.format("10.232.0.0/16") + "localSubnetNAT: |-\n  172.21.0.0/16=10.232.0.0/16\n  172.30.0.0/16=192.168.9.9\n",
        [
            ("172.30.0.0/16", "local", "192.168.9.9/32"), ("172.21.0.0/16", "local", "10.232.0.0/16"),
        ], 1,
    ),
    "a part of a listed range": (
        LOCAL.format("10.232.0.0/15") + "localSubnetNAT: [172.21.0.0/16=10.232.0.0/16]\n",
        [("172.30.0.0/16", "local", None), ("10.232.0.0/15", "local", None), ("172.21.0.0/16", "local", "10.232.0.0/16")], 0,
    ),
    "IPv6": (
        "local:\n  subnet: fd01::/64\nlocalSubnetNAT: fd00::/64=fd01::/64\n", [("fd00::/64", "local", "fd01::/64")], 0,
    ),
    "dotted keys": (
        json.dumps({"local.subnet": "10.10.0.0/16", "localSubnetNAT": "172.30.0.0/16=10.10.0.0/16"}),
        [("172.30.0.0/16", "local", "10.10.0.0/16")], 0,
    ),
    "one source address": (
        "enableSingleSourceIP: true\nlocal:\n  subnet: 192.168.9.9/32\nremote:\n  subnet: 10.5.0.0/16\n",
        [("192.168.9.9/32", "source", None), ("10.5.0.0/16", "remote", None)], 0,
    ),
    "zones": (
        "local:\n  subnet: '%zoneSubnet'\n  zoneSubnet: dal10=192.168.168.10/32,dal12=192.168.168.11/32\n",
        [("192.168.168.10/32", "source", None), ("192.168.168.11/32", "source", None)], 1,
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_what_the_tunnel_carries_and_shows(case: str) -> None:
    text, expected, notes = CASES[case]
    observed = read(text)
    assert observed.source == "strongswan"
    assert sorted(ranges(observed), key=str) == sorted(expected, key=str)
    assert len(observed.notes) == notes


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("localSubnetNAT: 172.21.0.0/16\n", 1, "which is not REAL=SHOWN"),
        ("localSubnetNAT: 172.21.0.0/16=\n", 1, "which is not REAL=SHOWN"),
        ("x: 1\nremoteSubnetNAT: 172.21.0.0/33=10.0.0.0/16\n", 2, "prefix length 33"),
        ("localSubnetNAT: 172.21.0.0/16=nonsense\n", 1, "which is no prefix"),
    ],
)
def test_a_translation_that_is_none_is_a_problem(text: str, line: int, words: str) -> None:
    with pytest.raises(SourceError) as caught:
        read(text)
    assert caught.value.problems[0].line == line
    assert words in caught.value.problems[0].message


def test_a_text_that_overrides_the_values_is_told() -> None:
    text = "overRideIpsecConf: |-\n  conn x\n    leftsubnet=10.0.0.0/8\nremote:\n  subnet: 10.5.0.0/16\n"
    (note,) = read(text).notes
    assert note.startswith("overRideIpsecConf is set (line 1)")
