"""The whole text of what `allocate` says: each shortfall with its help, each reason of a placement, each explanation."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ipplan.allocation import allocate
from ipplan.allocation.why import explain
from ipplan.catalog import load_catalog
from ipplan.checks import check_plan
from ipplan.plan.load import parse_plan

if TYPE_CHECKING:
    from ipplan.allocation.why import Explanation

HEAD = '[plan]\nbyoip = ["172.24.0.0/22"]\n'
TWO = '[plan]\nbyoip = ["172.24.0.0/24", "172.25.0.0/24"]\n'


def net(name: str, more: str = "", kind: str = "vcs-vm") -> str:
    return f'[networks.{name}]\nkind = "{kind}"\n{more}\n'


# what is asked for: (plan, [(network, needed length, largest free length, message, help)])
SHORTFALLS: dict[str, tuple[str, list[tuple[str, int, int | None, str, str | None]]]] = {
    "no pool at all": (
        net("a", "prefix = 24"),
        [("a", 24, None, "a needs a /24, and the plan has no pool", "add one: byoip under [plan], or --byoip")],
    ),
    "no pool of the version": (
        '[plan]\nbyoip = ["fd00:1::/48"]\n' + net("a", "prefix = 24"),
        [
            (
                "a",
                24,
                48,
                "a needs a /24; with the other networks placed, no block larger than a /48 is left in the pools",
                "make a a /48 or smaller, or add a pool of /24 or larger (byoip under [plan], or --byoip)",
            )
        ],
    ),
    "longer than the version has": (
        '[plan]\nbyoip = ["172.24.0.0/22", "fd00:1::/48"]\n'
        + net("six", 'prefix = 64\npool = "172.24.0.0/22"')
        + net("b", "prefix = 24"),
        [
            (
                "six",
                64,
                None,
                "six needs a /64, and pool 172.24.0.0/22 is IPv4",
                "use a prefix of at most 32, or another pool",
            )
        ],
    ),
    "one too large": (
        HEAD + net("a", "prefix = 21"),
        [
            (
                "a",
                21,
                22,
                "a needs a /21; with the other networks placed, no block larger than a /22 is left in the pools",
                "make a a /22 or smaller, or add a pool of /21 or larger (byoip under [plan], or --byoip)",
            )
        ],
    ),
    "two too many": (
        HEAD + net("a", "prefix = 23") + net("b", "prefix = 23") + net("c", "prefix = 23") + net("d", "prefix = 23"),
        [
            (
                "c",
                23,
                None,
                "c needs a /23; with the other networks placed, nothing is left in the pools",
                "add a pool of /22 or larger (byoip under [plan], or --byoip)",
            ),
            (
                "d",
                23,
                None,
                "d needs a /23; with the other networks placed, nothing is left in the pools",
                "add a pool of /22 or larger (byoip under [plan], or --byoip)",
            ),
        ],
    ),
    "too large beside others": (
        HEAD + net("a", "prefix = 23") + net("b", "prefix = 24") + net("c", "prefix = 23"),
        [
            (
                "b",
                24,
                None,
                "b needs a /24; with the other networks placed, nothing is left in the pools",
                "add a pool of /24 or larger (byoip under [plan], or --byoip)",
            )
        ],
    ),
    "nothing left": (
        HEAD + net("a", "prefix = 22") + net("b", "prefix = 26"),
        [
            (
                "b",
                26,
                None,
                "b needs a /26; with the other networks placed, nothing is left in the pools",
                "add a pool of /26 or larger (byoip under [plan], or --byoip)",
            )
        ],
    ),
    "a named pool": (
        TWO + net("a", 'prefix = 24\npool = "172.24.0.0/24"') + net("b", 'prefix = 25\npool = "172.24.0.0/24"'),
        [("b", 25, None, "b needs a /25; with the other networks placed, nothing is left in pool 172.24.0.0/24", None)],
    ),
    "no arrangement": (
        TWO
        + net("a", "prefix = 25")
        + net("b", 'prefix = 25\npool = "172.24.0.0/24"')
        + net("c", "prefix = 24")
        + net("d", "prefix = 25"),
        [
            (
                "b",
                25,
                None,
                "b needs a /25; with the other networks placed, nothing is left in pool 172.24.0.0/24",
                "add a pool of /25 or larger (byoip under [plan], or --byoip)",
            )
        ],
    ),
    "room to grow": (
        HEAD + net("a", "prefix = 26\ngrow-to = 21"),
        [
            (
                "a",
                21,
                22,
                "a needs a /21; with the other networks placed, no block larger than a /22 is left in the pools",
                "make a a /22 or smaller, or add a pool of /21 or larger (byoip under [plan], or --byoip)",
            )
        ],
    ),
    "a group": (
        HEAD + net("a", 'prefix = 23\ngroup = "g"') + net("b", 'prefix = 23\ngroup = "g"') + net("c", "prefix = 24"),
        [
            (
                "c",
                24,
                None,
                "c needs a /24; with the other networks placed, nothing is left in the pools",
                "add a pool of /24 or larger (byoip under [plan], or --byoip)",
            )
        ],
    ),
    "a group alone": (
        HEAD
        + net("a", 'prefix = 23\ngroup = "g"')
        + net("b", 'prefix = 23\ngroup = "g"')
        + net("c", 'prefix = 24\ngroup = "g"'),
        [
            (
                "a",
                21,
                22,
                "a needs a /21 together with the rest of group g; with the other networks placed, no block larger than a /22 is left in the pools",
                "make group g a /22 or smaller, or add a pool of /21 or larger (byoip under [plan], or --byoip)",
            ),
            (
                "b",
                21,
                22,
                "b needs a /21 together with the rest of group g; with the other networks placed, no block larger than a /22 is left in the pools",
                "make group g a /22 or smaller, or add a pool of /21 or larger (byoip under [plan], or --byoip)",
            ),
            (
                "c",
                21,
                22,
                "c needs a /21 together with the rest of group g; with the other networks placed, no block larger than a /22 is left in the pools",
                "make group g a /22 or smaller, or add a pool of /21 or larger (byoip under [plan], or --byoip)",
            ),
        ],
    ),
    "no common pool": (
        TWO
        + net("a", 'prefix = 26\ngroup = "g"\npool = "172.24.0.0/24"')
        + net("b", 'prefix = 26\ngroup = "g"\npool = "172.25.0.0/24"'),
        [
            (
                "a",
                25,
                None,
                "a needs a /25 together with the rest of group g, and the members of the group have no pool in common",
                None,
            ),
            (
                "b",
                25,
                None,
                "b needs a /25 together with the rest of group g, and the members of the group have no pool in common",
                None,
            ),
        ],
    ),
    "beside pins": (
        HEAD
        + net("p", 'cidr = "172.24.0.0/24"\ngroup = "g"')
        + net("q", 'cidr = "172.24.1.0/24"')
        + net("a", 'prefix = 24\ngroup = "g"')
        + net("b", 'prefix = 26\ngrow-to = 25\ngroup = "g"'),
        [
            (
                "a",
                24,
                None,
                "a needs a /24 beside the pinned networks of group g, and no prefix around them (172.24.0.0/24 or larger) has that room and holds nothing else",
                "take a out of group g, or unpin the group's other networks",
            ),
            (
                "b",
                25,
                None,
                "b needs a /25 beside the pinned networks of group g, and no prefix around them (172.24.0.0/24 or larger) has that room and holds nothing else",
                "take b out of group g, or unpin the group's other networks",
            ),
        ],
    ),
    "an avoided range": (
        '[plan]\nbyoip = ["172.24.0.0/22"]\n[[avoid]]\ncidr = "172.24.1.0/26"\nreason = "branch"\n[[avoid]]\ncidr = "10.99.0.0/16"\nreason = "far"\n'
        + net("a", "prefix = 22"),
        [
            (
                "a",
                22,
                23,
                "a needs a /22; with the other networks placed, no block larger than a /23 is left in the pools",
                "remove avoid 172.24.1.0/26, or make a a /23 or smaller, or add a pool of /22 or larger (byoip under [plan], or --byoip)",
            )
        ],
    ),
    "a pinned network": (
        HEAD
        + net("p", 'cidr = "172.24.1.0/26"')
        + net("a", "prefix = 23")
        + net("b", "prefix = 24")
        + net("c", "prefix = 25"),
        [],
    ),
    "two pinned networks": (
        HEAD
        + net("p", 'cidr = "172.24.1.0/26"')
        + net("q", 'cidr = "172.24.2.0/26"')
        + net("a", "prefix = 23")
        + net("b", "prefix = 25"),
        [
            (
                "a",
                23,
                24,
                "a needs a /23; with the other networks placed, no block larger than a /24 is left in the pools",
                "unpin p at 172.24.1.0/26, or make a a /24 or smaller, or add a pool of /23 or larger (byoip under [plan], or --byoip)",
            )
        ],
    ),
    "a pinned network of a group": (
        HEAD + net("p", 'cidr = "172.24.1.0/26"\ngroup = "g"') + net("a", "prefix = 23") + net("b", "prefix = 23"),
        [
            (
                "b",
                23,
                24,
                "b needs a /23; with the other networks placed, no block larger than a /24 is left in the pools",
                "make b a /24 or smaller, or add a pool of /23 or larger (byoip under [plan], or --byoip)",
            )
        ],
    ),
    "keep-clear": (
        '[plan]\nbyoip = ["172.30.0.0/16"]\nkeep-clear = ["iks", "containers"]\n' + net("a", "prefix = 16"),
        [
            (
                "a",
                16,
                None,
                "a needs a /16; with the other networks placed, nothing is left in the pools",
                "leave iks out of keep-clear under [plan], or add a pool of /16 or larger (byoip under [plan], or --byoip)",
            )
        ],
    ),
    "a range of IKS": (
        '[plan]\nbyoip = ["172.16.0.0/12"]\n[clusters.k]\nplatform = "iks"\n'
        + net("pods", 'cluster = "k"\nprefix = 26\npool = "172.16.0.0/12"', "iks-pod"),
        [("pods", 26, None, "pods needs a /26, and IKS accepts no pod range of that size in pool 172.16.0.0/12", None)],
    ),
}


@pytest.mark.parametrize("name", SHORTFALLS)
def test_a_shortfall_says_what_is_missing_and_what_would_help(name: str) -> None:
    text, expected = SHORTFALLS[name]
    found = allocate(parse_plan(text.encode(), "plan.toml"), load_catalog(None))
    assert [tuple(shortfall) for shortfall in found.shortfalls] == expected
    assert found.ok == (not expected)
    assert found.allocated == {} or found.ok


# what is asked for: (plan, [(network, status, range, pool, range with the room to grow, reason)])
PLACEMENTS = {
    "statuses": (
        '[plan]\nbyoip = ["172.24.0.0/22"]\n[clusters.k]\nplatform = "iks"\n'
        + net("a", "prefix = 24")
        + net("p", 'cidr = "172.24.0.0/24"')
        + net("far", 'cidr = "10.77.0.0/16"', "enterprise")
        + net("pods", 'cluster = "k"', "iks-pod")
        + net("vtep", "", "vcs-vtep")
        + net("pub", "prefix = 28", "vcs-host-public"),
        [
            ("a", "allocated", "172.24.1.0/24", "172.24.0.0/22", "None", "prefix = 24 in the plan"),
            ("p", "pinned", "172.24.0.0/24", "172.24.0.0/22", "None", "pinned in the plan"),
            ("far", "pinned", "10.77.0.0/16", "None", "None", "pinned in the plan"),
            ("pods", "default", "172.30.0.0/16", "None", "None", "the default pod range of IKS"),
            ("vtep", "to-order", "None", "None", "None", "IBM Cloud provides it as a portable private subnet"),
            ("pub", "to-order", "None", "None", "None", "IBM Cloud provides it as a primary public subnet"),
        ],
    ),
    "growth": (
        HEAD
        + net("a", "prefix = 26\ngrow-to = 24")
        + net("b", "hosts = 20")
        + net("p", 'cidr = "172.24.2.0/26"\ngrow-to = 24'),
        [
            (
                "a",
                "allocated",
                "172.24.0.0/26",
                "172.24.0.0/22",
                "172.24.0.0/24",
                "prefix = 26 in the plan; room kept to grow to 172.24.0.0/24",
            ),
            (
                "b",
                "allocated",
                "172.24.1.0/27",
                "172.24.0.0/22",
                "None",
                "20 hosts, plus gateway, network and broadcast address",
            ),
            (
                "p",
                "pinned",
                "172.24.2.0/26",
                "172.24.0.0/22",
                "172.24.2.0/24",
                "pinned in the plan; room kept to grow to 172.24.2.0/24",
            ),
        ],
    ),
    "groups": (
        HEAD
        + net("a", 'prefix = 26\ngroup = "g"')
        + net("b", 'prefix = 26\ngrow-to = 25\ngroup = "g"')
        + net("c", "prefix = 25"),
        [
            (
                "a",
                "allocated",
                "172.24.0.128/26",
                "172.24.0.0/22",
                "None",
                "prefix = 26 in the plan; in group g under 172.24.0.0/24",
            ),
            (
                "b",
                "allocated",
                "172.24.0.0/26",
                "172.24.0.0/22",
                "172.24.0.0/25",
                "prefix = 26 in the plan; in group g under 172.24.0.0/24; room kept to grow to 172.24.0.0/25",
            ),
            ("c", "allocated", "172.24.1.0/25", "172.24.0.0/22", "None", "prefix = 25 in the plan"),
        ],
    ),
    "single addresses": (
        '[plan]\nbyoip = ["172.24.0.0/22", "fd00:1::/64"]\n'
        + net("a", "prefix = 32")
        + net("b", 'prefix = 128\npool = "fd00:1::/64"'),
        [
            ("a", "allocated", "172.24.0.0/32", "172.24.0.0/22", "None", "prefix = 32 in the plan"),
            ("b", "allocated", "fd00:1::/128", "fd00:1::/64", "None", "prefix = 128 in the plan"),
        ],
    ),
    "beside pins": (
        HEAD
        + net("p", 'cidr = "172.24.1.0/25"\ngroup = "g"')
        + net("a", 'prefix = 27\ngrow-to = 26\ngroup = "g"')
        + net("b", "prefix = 24"),
        [
            ("p", "pinned", "172.24.1.0/25", "172.24.0.0/22", "None", "pinned in the plan"),
            (
                "a",
                "allocated",
                "172.24.1.128/27",
                "172.24.0.0/22",
                "172.24.1.128/26",
                "prefix = 27 in the plan; in group g under 172.24.1.0/24; room kept to grow to 172.24.1.128/26",
            ),
            ("b", "allocated", "172.24.0.0/24", "172.24.0.0/22", "None", "prefix = 24 in the plan"),
        ],
    ),
}


@pytest.mark.parametrize("name", PLACEMENTS)
def test_a_placement_says_why_it_is_as_it_is(name: str) -> None:
    text, expected = PLACEMENTS[name]
    found = allocate(parse_plan(text.encode(), "plan.toml"), load_catalog(None))
    assert [
        (row.network.name, row.status, str(row.prefix), str(row.pool), str(row.held), row.reason)
        for row in found.placements
    ] == expected


def flat(found: Explanation) -> dict[str, object]:
    """Return what an explanation says, without what it leaves out."""
    size, chosen = found.size, found.chosen
    said = {
        "status": found.status,
        "prefix": found.prefix and str(found.prefix),
        "size": size and f"/{size.length}: {size.reason}",
        "decided by": found.decided_by,
        "block": found.block and f"/{found.block}",
        "block reason": found.block_reason,
        "pools": " ".join(map(str, found.pools)),
        "order": found.order,
        "refused": [
            f"{r.first} to {r.last}, {r.blocks} {r.category}, {r.blocker}, {r.network}: {r.reason}"
            for r in found.refused
        ],
        "chosen": chosen and f"{chosen.prefix} in {chosen.block} in {chosen.pool}: {chosen.reason}",
        "failure": found.failure and found.failure.network,
    }
    return {key: value for key, value in said.items() if value}


ORDER = "larger blocks first, then those with fewer pools to choose from, then by name"

# (plan, network, what the explanation says)
EXPLANATIONS: dict[str, tuple[str, str, dict[str, object]]] = {
    "a pinned group of one, with room": (
        HEAD + net("p", 'cidr = "172.24.0.0/26"\ngrow-to = 24\ngroup = "g"') + net("a", "prefix = 25"),
        "a",
        {
            "status": "allocated",
            "prefix": "172.24.1.0/25",
            "size": "/25: prefix = 25 in the plan",
            "decided by": "ipplan allocates it",
            "block": "/25",
            "pools": "172.24.0.0/22",
            "order": "it is the only block to place",
            "refused": [
                "172.24.0.0/25 to 172.24.0.128/25, 2 held, 172.24.0.0/24, p: "
                "room held for p at 172.24.0.0/26 to grow to 172.24.0.0/24"
            ],
            "chosen": "172.24.1.0/25 in 172.24.1.0/25 in 172.24.0.0/22: it is the first candidate that nothing blocks",
        },
    ),
    "first of three": (
        HEAD + net("a", "prefix = 24") + net("b", "prefix = 25") + net("c", "prefix = 25"),
        "a",
        {
            "status": "allocated",
            "prefix": "172.24.0.0/24",
            "size": "/24: prefix = 24 in the plan",
            "decided by": "ipplan allocates it",
            "block": "/24",
            "pools": "172.24.0.0/22",
            "order": f"it is the first of 3 blocks to place ({ORDER})",
            "chosen": "172.24.0.0/24 in 172.24.0.0/24 in 172.24.0.0/22: it is the first candidate that nothing blocks",
        },
    ),
    "last of three": (
        HEAD + net("a", "prefix = 24") + net("b", "prefix = 25") + net("c", "prefix = 25"),
        "c",
        {
            "status": "allocated",
            "prefix": "172.24.1.128/25",
            "size": "/25: prefix = 25 in the plan",
            "decided by": "ipplan allocates it",
            "block": "/25",
            "pools": "172.24.0.0/22",
            "order": f"2 of 3 blocks to place come before it, the last is b ({ORDER})",
            "refused": [
                "172.24.0.0/25 to 172.24.0.128/25, 2 placed, 172.24.0.0/24, a: a comes before it: it is larger",
                "172.24.1.0/25 to 172.24.1.0/25, 1 placed, 172.24.1.0/25, b: b comes before it: of equal blocks, the name decides",
            ],
            "chosen": "172.24.1.128/25 in 172.24.1.128/25 in 172.24.0.0/22: it is the first candidate that nothing blocks",
        },
    ),
    "second of two": (
        HEAD + net("a", "prefix = 24") + net("b", "prefix = 24"),
        "b",
        {
            "status": "allocated",
            "prefix": "172.24.1.0/24",
            "size": "/24: prefix = 24 in the plan",
            "decided by": "ipplan allocates it",
            "block": "/24",
            "pools": "172.24.0.0/22",
            "order": f"1 of 2 blocks to place comes before it, the last is a ({ORDER})",
            "refused": [
                "172.24.0.0/24 to 172.24.0.0/24, 1 placed, 172.24.0.0/24, a: a comes before it: of equal blocks, the name decides"
            ],
            "chosen": "172.24.1.0/24 in 172.24.1.0/24 in 172.24.0.0/22: it is the first candidate that nothing blocks",
        },
    ),
    "room to grow": (
        HEAD + net("a", "prefix = 26\ngrow-to = 24"),
        "a",
        {
            "status": "allocated",
            "prefix": "172.24.0.0/26",
            "size": "/26: prefix = 26 in the plan",
            "decided by": "ipplan allocates it",
            "block": "/24",
            "block reason": "grow-to = 24 in the plan: the whole block is held",
            "pools": "172.24.0.0/22",
            "order": "it is the only block to place",
            "chosen": "172.24.0.0/26 in 172.24.0.0/24 in 172.24.0.0/22: 172.24.0.0/24 is the first candidate that nothing blocks; room is kept to grow to 172.24.0.0/24",
        },
    ),
    "in a group": (
        HEAD + net("a", 'prefix = 26\ngroup = "g"') + net("b", 'prefix = 25\ngroup = "g"') + net("c", "prefix = 23"),
        "a",
        {
            "status": "allocated",
            "prefix": "172.24.2.128/26",
            "size": "/26: prefix = 26 in the plan",
            "decided by": "ipplan allocates it",
            "block": "/24",
            "block reason": "group g is placed as one block; a lies in it with 1 other network",
            "pools": "172.24.0.0/22",
            "order": f"1 of 2 blocks to place comes before it, the last is c ({ORDER})",
            "refused": ["172.24.0.0/24 to 172.24.1.0/24, 2 placed, 172.24.0.0/23, c: c comes before it: it is larger"],
            "chosen": "172.24.2.128/26 in 172.24.2.0/24 in 172.24.0.0/22: 172.24.2.0/24 is the first candidate that nothing blocks; members lie in it largest first, then by name: a is number 2 of 2",
        },
    ),
    "alone in a group, with room": (
        HEAD + net("a", 'prefix = 26\ngrow-to = 25\ngroup = "g"'),
        "a",
        {
            "status": "allocated",
            "prefix": "172.24.0.0/26",
            "size": "/26: prefix = 26 in the plan",
            "decided by": "ipplan allocates it",
            "block": "/25",
            "block reason": "group g is placed as one block; a lies in it alone",
            "pools": "172.24.0.0/22",
            "order": "it is the only block to place",
            "chosen": "172.24.0.0/26 in 172.24.0.0/25 in 172.24.0.0/22: 172.24.0.0/25 is the first candidate that nothing blocks; members lie in it largest first, then by name: a is number 1 of 1; room is kept to grow to 172.24.0.0/25",
        },
    ),
    "three in a group": (
        HEAD
        + net("a", 'prefix = 26\ngroup = "g"')
        + net("b", 'prefix = 25\ngroup = "g"')
        + net("c", 'prefix = 26\ngroup = "g"'),
        "c",
        {
            "status": "allocated",
            "prefix": "172.24.0.192/26",
            "size": "/26: prefix = 26 in the plan",
            "decided by": "ipplan allocates it",
            "block": "/24",
            "block reason": "group g is placed as one block; c lies in it with 2 other networks",
            "pools": "172.24.0.0/22",
            "order": "it is the only block to place",
            "chosen": "172.24.0.192/26 in 172.24.0.0/24 in 172.24.0.0/22: 172.24.0.0/24 is the first candidate that nothing blocks; members lie in it largest first, then by name: c is number 3 of 3",
        },
    ),
    "beside pins": (
        HEAD
        + net("p", 'cidr = "172.24.1.0/25"\ngroup = "g"')
        + net("a", 'prefix = 27\ngroup = "g"')
        + net("b", 'prefix = 26\ngroup = "g"')
        + net("z", "prefix = 24"),
        "a",
        {
            "status": "allocated",
            "prefix": "172.24.1.192/27",
            "size": "/27: prefix = 27 in the plan",
            "decided by": "ipplan allocates it",
            "block": "/27",
            "pools": "172.24.0.0/22",
            "order": f"1 of the 2 members of group g to place beside its pinned ones comes before it, the last is b ({ORDER})",
            "refused": [
                "172.24.0.0/27 to 172.24.0.224/27, 8 group, None, None: outside 172.24.1.0/24, the smallest prefix around group g that has room for it",
                "172.24.1.0/27 to 172.24.1.96/27, 4 pinned, 172.24.1.0/25, p: network p is pinned there",
                "172.24.1.128/27 to 172.24.1.160/27, 2 placed, 172.24.1.128/26, b: b comes before it: it is larger",
            ],
            "chosen": "172.24.1.192/27 in 172.24.1.192/27 in 172.24.0.0/22: it is the first candidate that nothing blocks; 172.24.1.0/24 is the smallest prefix around group g that has room for it",
        },
    ),
    "after a group beside pins": (
        HEAD
        + net("p", 'cidr = "172.24.0.0/25"\ngroup = "g"')
        + net("a", 'prefix = 27\ngroup = "g"')
        + net("z", "prefix = 24"),
        "z",
        {
            "status": "allocated",
            "prefix": "172.24.1.0/24",
            "size": "/24: prefix = 24 in the plan",
            "decided by": "ipplan allocates it",
            "block": "/24",
            "pools": "172.24.0.0/22",
            "order": "it is the only block to place",
            "refused": [
                "172.24.0.0/24 to 172.24.0.0/24, 1 group, 172.24.0.0/24, None: reserved for group g, which comes before it: its pinned members decide"
            ],
            "chosen": "172.24.1.0/24 in 172.24.1.0/24 in 172.24.0.0/22: it is the first candidate that nothing blocks",
        },
    ),
    "after a group": (
        HEAD + net("b", 'prefix = 25\ngroup = "g"') + net("c", 'prefix = 25\ngroup = "g"') + net("z", "prefix = 24"),
        "z",
        {
            "status": "allocated",
            "prefix": "172.24.1.0/24",
            "size": "/24: prefix = 24 in the plan",
            "decided by": "ipplan allocates it",
            "block": "/24",
            "pools": "172.24.0.0/22",
            "order": f"1 of 2 blocks to place comes before it, the last is group g ({ORDER})",
            "refused": [
                "172.24.0.0/24 to 172.24.0.0/24, 1 group, 172.24.0.0/24, None: reserved for group g, which comes before it: of equal blocks, the name decides"
            ],
            "chosen": "172.24.1.0/24 in 172.24.1.0/24 in 172.24.0.0/22: it is the first candidate that nothing blocks",
        },
    ),
    "a pinned group": (
        HEAD
        + net("p", 'cidr = "172.24.0.0/26"\ngroup = "g"')
        + net("q", 'cidr = "172.24.0.128/26"\ngroup = "g"')
        + net("z", "prefix = 26"),
        "z",
        {
            "status": "allocated",
            "prefix": "172.24.1.0/26",
            "size": "/26: prefix = 26 in the plan",
            "decided by": "ipplan allocates it",
            "block": "/26",
            "pools": "172.24.0.0/22",
            "order": "it is the only block to place",
            "refused": ["172.24.0.0/26 to 172.24.0.192/26, 4 group, 172.24.0.0/24, None: reserved for group g"],
            "chosen": "172.24.1.0/26 in 172.24.1.0/26 in 172.24.0.0/22: it is the first candidate that nothing blocks",
        },
    ),
    "left by the search": (
        TWO + net("large", "prefix = 24") + net("small", 'prefix = 25\npool = "172.24.0.0/24"'),
        "large",
        {
            "status": "allocated",
            "prefix": "172.25.0.0/24",
            "size": "/24: prefix = 24 in the plan",
            "decided by": "ipplan allocates it",
            "block": "/24",
            "pools": "172.24.0.0/24 172.25.0.0/24",
            "order": f"it is the first of 2 blocks to place ({ORDER})",
            "refused": [
                "172.24.0.0/24 to 172.24.0.0/24, 1 search, 172.24.0.0/25, small: the exact search left it for small: else some network would find no place"
            ],
            "chosen": "172.25.0.0/24 in 172.25.0.0/24 in 172.25.0.0/24: it is the first candidate that nothing blocks",
        },
    ),
    "left by the search for a group": (
        TWO
        + net("large", "prefix = 24")
        + net("s", 'prefix = 26\npool = "172.24.0.0/24"\ngroup = "g"')
        + net("t", 'prefix = 26\npool = "172.24.0.0/24"\ngroup = "g"'),
        "large",
        {
            "status": "allocated",
            "prefix": "172.25.0.0/24",
            "size": "/24: prefix = 24 in the plan",
            "decided by": "ipplan allocates it",
            "block": "/24",
            "pools": "172.24.0.0/24 172.25.0.0/24",
            "order": f"it is the first of 2 blocks to place ({ORDER})",
            "refused": [
                "172.24.0.0/24 to 172.24.0.0/24, 1 search, 172.24.0.0/25, None: the exact search left it for group g: else some network would find no place"
            ],
            "chosen": "172.25.0.0/24 in 172.25.0.0/24 in 172.25.0.0/24: it is the first candidate that nothing blocks",
        },
    ),
    "no room": (
        HEAD + net("a", "prefix = 23") + net("b", "prefix = 23") + net("c", "prefix = 24"),
        "c",
        {
            "status": "unplaced",
            "size": "/24: prefix = 24 in the plan",
            "decided by": "ipplan allocates it",
            "block": "/24",
            "pools": "172.24.0.0/22",
            "order": f"2 of 3 blocks to place come before it, the last is b ({ORDER})",
            "refused": [
                "172.24.0.0/24 to 172.24.3.0/24, 4 search, None, None: clear of reservations, but no arrangement was found that gives it to c and places every other network"
            ],
            "failure": "c",
        },
    ),
    "another one has no room": (
        HEAD + net("a", "prefix = 21") + net("c", "prefix = 24"),
        "c",
        {
            "status": "unplaced",
            "size": "/24: prefix = 24 in the plan",
            "decided by": "ipplan allocates it",
            "block": "/24",
            "pools": "172.24.0.0/22",
            "order": f"1 of 2 blocks to place comes before it, the last is a ({ORDER})",
            "failure": "a",
        },
    ),
    "pinned": (
        HEAD + net("p", 'cidr = "172.24.1.0/25"\ngrow-to = 24'),
        "p",
        {
            "status": "pinned",
            "prefix": "172.24.1.0/25",
            "size": "/25: the cidr of the plan",
            "decided by": "the plan pins it (networks.p.cidr), and allocate never moves a pinned network",
        },
    ),
    "default": (
        '[plan]\nname = "acme"\nbyoip = ["172.24.0.0/22"]\n[clusters.k]\nplatform = "iks"\n'
        + net("pods", 'cluster = "k"', "iks-pod"),
        "pods",
        {
            "status": "default",
            "prefix": "172.30.0.0/16",
            "size": "/16: the default of IKS",
            "decided by": "IKS takes this range where the plan states neither cidr nor pool",
        },
    ),
    "to order with a size": (
        HEAD + net("v", "prefix = 26", "vcs-vtep"),
        "v",
        {
            "status": "to-order",
            "size": "/26: prefix = 26 in the plan",
            "decided by": "IBM Cloud provides it as a portable private subnet: order it, then write the range that it got as cidr",
        },
    ),
    "to order with hosts": (
        HEAD + net("v", "hosts = 20", "vcs-vtep"),
        "v",
        {
            "status": "to-order",
            "size": "/27: 20 hosts, plus gateway, network and broadcast address",
            "decided by": "IBM Cloud provides it as a portable private subnet: order it, then write the range that it got as cidr",
        },
    ),
    "to order without a size": (
        HEAD + net("v", "", "vcs-vtep"),
        "v",
        {
            "status": "to-order",
            "decided by": "IBM Cloud provides it as a portable private subnet: order it, then write the range that it got as cidr",
        },
    ),
    "an IPv6 network": (
        '[plan]\nbyoip = ["fd00:1::/62"]\n' + net("a", "") + net("b", ""),
        "b",
        {
            "status": "allocated",
            "prefix": "fd00:1:0:1::/64",
            "size": "/64: /64 is the default size of vcs-vm",
            "decided by": "ipplan allocates it",
            "block": "/64",
            "pools": "fd00:1::/62",
            "order": f"1 of 2 blocks to place comes before it, the last is a ({ORDER})",
            "refused": [
                "fd00:1::/64 to fd00:1::/64, 1 placed, fd00:1::/64, a: a comes before it: of equal blocks, the name decides"
            ],
            "chosen": "fd00:1:0:1::/64 in fd00:1:0:1::/64 in fd00:1::/62: it is the first candidate that nothing blocks",
        },
    ),
}


@pytest.mark.parametrize("case", EXPLANATIONS)
def test_an_explanation_says_the_whole_story(case: str) -> None:
    text, name, expected = EXPLANATIONS[case]
    one = parse_plan(text.encode(), "plan.toml")
    found = explain(one, load_catalog(), name)
    assert flat(found) == expected
    assert (found.plan_name, found.file, found.edition) == (one.name, "plan.toml", load_catalog().edition)
    assert found.network.name == name


def test_an_explanation_has_the_findings_about_its_network_that_are_not_waived() -> None:
    text = HEAD + net("p", 'cidr = "172.24.1.0/25"') + net("q", 'cidr = "172.24.1.0/26"') + net("a", "prefix = 24")
    waiver = '[[waive]]\nrule = "network-overlap"\nnetworks = ["p", "q"]\nreason = "known"\nowner = "net"\n'
    for more, rules in (("", ["network-overlap"]), (waiver, [])):
        one = parse_plan((text + more).encode(), "plan.toml")
        findings = check_plan(one, load_catalog())
        assert "network-overlap" in {f.rule for f in findings}
        for name in ("p", "q"):
            about = explain(one, load_catalog(), name, findings=findings).findings
            assert [f.rule for f in about if f.rule == "network-overlap"] == rules
        assert explain(one, load_catalog(), "a", findings=findings).findings == ()
