"""The whole text of what `allocate` says: each shortfall with its help, each reason of a placement."""

from __future__ import annotations

import pytest

from ipplan.allocation import allocate
from ipplan.catalog import load_catalog
from ipplan.plan.load import parse_plan

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
