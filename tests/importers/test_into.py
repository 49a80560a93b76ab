"""`import --into`, checked with ipaddress and the TOML of the plan before and after."""

from __future__ import annotations

import ipaddress
from typing import Any

import pytest
import tomli
from hypothesis import given, settings
from hypothesis import strategies as st

from ipplan.importers import read_source
from ipplan.importers.into import Addition, AdditionError, add_to_plan
from ipplan.plan.load import parse_plan

PLAN = """\
schema = 1 # ours
[plan]
name = "shop"
byoip = ["10.64.0.0/14"]
[[avoid]]
cidr = "10.1.0.0/16"
reason = "office"
[networks.web]
kind = "vcs-vm"
cidr = "10.64.1.0/24"
addresses = { gateway = 1 }
[networks.later]
kind = "vcs-vm"
prefix = 24
"""

ENDS = {
    "newline": "",
    "comment without newline": "# the end",
    "no newline": '[networks.end]\nkind = "vcs-vm"\nprefix = 28',
    "string of several lines": '[networks.end]\nkind = "vcs-vm"\nprefix = 28\ndescription = """\n[[avoid]]\ncidr = "x"\n"""',
    "open array": '[networks.end]\nkind = "vcs-vm"\nprefix = 28\nlabels = { a = "[networks.new]" } # }',
    "spaces": "\n \n\t",
}
"""Possible ends of a plan."""


def add(plan: bytes, table: str) -> Addition:
    return add_to_plan(plan, parse_plan(plan, "plan.toml"), [read_source("csv", table.encode(), "table.csv")])


def network(text: str) -> Any:
    return ipaddress.ip_network(text)


def ranges(document: dict[str, Any]) -> list[Any]:
    """Return the avoided ranges of a plan and those that its networks pin."""
    stated = [entry["cidr"] for entry in document.get("avoid", [])]
    stated += [one["cidr"] for one in document.get("networks", {}).values() if "cidr" in one]
    return [network(cidr) for cidr in stated]


def check_added(plan: bytes, table: str) -> dict[str, Any]:
    """Add a table to a plan, hold the result against the oracle, and return it."""
    done = add(plan, table)
    assert done.data.startswith(plan)
    old, new = (tomli.loads(data.decode("utf-8-sig")) for data in (plan, done.data))
    parse_plan(done.data, "plan.toml")
    assert {key: value for key, value in new.items() if key not in ("avoid", "networks")} == {
        key: value for key, value in old.items() if key not in ("avoid", "networks")
    }
    assert new.get("avoid", [])[: len(old.get("avoid", []))] == old.get("avoid", [])
    assert {name: new["networks"][name] for name in old.get("networks", {})} == old.get("networks", {})
    held, pools = ranges(old), [network(pool) for pool in old["plan"]["byoip"]]
    for entry in new.get("avoid", [])[len(old.get("avoid", [])) :]:
        found = network(entry["cidr"])
        assert not [other for other in held if other.version == found.version and other.overlaps(found)]
        assert not [pool for pool in pools if pool.version == found.version and pool.subnet_of(found)]
    # Nothing is lost: what is not there now is told, or lies in what was there.
    said = " ".join(done.skipped)
    for line in table.splitlines()[1:]:
        row = network(line.split(",")[0])
        assert (
            row in ranges(new)
            or str(row) in said
            or any(row.version == other.version and row.subnet_of(other) for other in held)
        )
    again = add(done.data, table)
    assert (again.data, again.made.avoids, again.made.networks) == (done.data, 0, 0)
    return new


prefixes = st.builds(
    lambda value, length: str(ipaddress.ip_network((value, length), strict=False)),
    st.integers(0x0A000000, 0x0A7FFFFF),
    st.integers(9, 32),
)


@settings(deadline=None, max_examples=60)
@given(st.lists(prefixes, min_size=1, max_size=12), st.sampled_from([*ENDS]), st.booleans())
def test_what_is_added_touches_nothing_of_the_plan(rows: list[str], end: str, dos: bool) -> None:
    plan = PLAN + ENDS[end]
    data = (plan.replace("\n", "\r\n") if dos else plan).encode()
    check_added(data, "cidr,name\n" + "".join(f"{row},row {n}\n" for n, row in enumerate(rows)))


@pytest.mark.parametrize("end", ENDS)
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_a_plan_of_any_end_takes_more_tables(end: str, mark: str) -> None:
    new = check_added(f"{mark}{PLAN}{ENDS[end]}".encode(), "cidr,kind,name\n10.9.0.0/24,vcs-vm,new\n10.8.0.0/24,,x\n")
    assert new["networks"]["new"] == {"kind": "vcs-vm", "cidr": "10.9.0.0/24"}
    assert new["avoid"][-1] == {"cidr": "10.8.0.0/24", "reason": "x"}


TABLE = "cidr,kind,name\n10.9.0.0/24,vcs-vm,new\n10.8.0.0/24,,x\n"


def of(line: str) -> bytes:
    return f'schema = 1\n{line}\n[plan]\nbyoip = ["10.64.0.0/14"]\n'.encode()


@pytest.mark.parametrize(
    "line",
    [
        'networks.web = { kind = "vcs-vm", cidr = "10.64.1.0/24" }',
        'networks.web.kind = "vcs-vm"\nnetworks.web.cidr = "10.64.1.0/24"',
    ],
)
def test_a_plan_with_dotted_keys_takes_more_tables(line: str) -> None:
    check_added(of(line), TABLE)


@pytest.mark.parametrize(
    "line",
    [
        'networks = { web = { kind = "vcs-vm", cidr = "10.64.1.0/24" } }',
        'avoid = [{ cidr = "10.1.0.0/16" }]',
    ],
)
def test_a_plan_on_one_line_says_what_to_write(line: str) -> None:
    with pytest.raises(AdditionError, match="no tables can follow") as caught:
        add(of(line), TABLE)
    assert "[networks.NAME]" in caught.value.hint


# -- what the plan has already ----------------------------------------------------------------------------------

ONE_OF_EACH = """\
schema = 1
[plan]
byoip = ["10.64.0.0/14"]
[edges.esg-1]
[clusters.prod]
platform = "icp"
[networks.web]
kind = "vcs-vm"
cidr = "10.64.1.0/24"
[networks.pods]
kind = "icp-pod"
cidr = "10.65.0.0/16"
"""
"""A plan that leaves no choice: one edge and one cluster, which its networks need not name."""

SEVERAL = """\
schema = 1
[plan]
byoip = ["10.64.0.0/14"]
[edges.esg-1]
[edges.esg-2]
[clusters.prod]
platform = "icp"
edge = "esg-1"
[clusters.test]
platform = "icp"
edge = "esg-2"
[networks.web]
kind = "vcs-vm"
edge = "esg-1"
cidr = "10.64.1.0/24"
[networks.pods]
kind = "icp-pod"
cluster = "prod"
cidr = "10.65.0.0/16"
[networks.pods-2]
kind = "icp-pod"
cluster = "test"
prefix = 20
"""


@pytest.mark.parametrize("plan", [ONE_OF_EACH, SEVERAL])
@pytest.mark.parametrize(
    "row",
    [
        "10.64.1.0/24,vcs-vm,web,,",
        "10.64.1.0/24,vcs-vm,web,,esg-1",
        "10.64.1.0/24,vcs-vm,shop frontend,,",
        "10.64.1.0/24,vcs-vm,shop frontend,,esg-1",
        "10.65.0.0/16,icp-pod,containers,,",
        "10.65.0.0/16,icp-pod,containers,prod,",
        "10.65.0.0/16,icp-pod,containers,,esg-1",
        "10.65.0.0/16,icp-pod,containers,prod,esg-1",
    ],
)
def test_a_network_is_known_again_where_nothing_that_its_row_states_differs(plan: str, row: str) -> None:
    done = add(plan.encode(), f"cidr,kind,name,cluster,edge\n{row}\n")
    assert (done.data, done.present, done.skipped) == (plan.encode(), 1, [])


@pytest.mark.parametrize(
    ("plan", "row", "name"),
    [
        (ONE_OF_EACH, "10.64.1.0/24,vcs-vm,shop,,esg-2", "shop"),
        (ONE_OF_EACH, "10.64.1.0/24,vcs-vm,web,,esg-2", "web-2"),
        (SEVERAL, "10.64.1.0/24,vcs-vm,shop,,esg-2", "shop"),
        (SEVERAL, "10.65.0.0/16,icp-pod,containers,test,", "containers"),
        (SEVERAL, "10.65.0.0/16,icp-pod,pods,test,esg-2", None),
    ],
)
def test_a_network_of_another_edge_or_cluster_is_another_network(plan: str, row: str, name: str | None) -> None:
    done = add(plan.encode(), f"cidr,kind,name,cluster,edge\n{row}\n")
    networks = tomli.loads(done.data.decode())["networks"]
    if name is None:
        # The plan has the network of this cluster under a numbered name, and with another range.
        assert done.skipped == [
            "pods-2 10.65.0.0/16 (line 2): in the plan it has no range yet; ipplan does not change it"
        ]
    else:
        assert networks[name]["cidr"] == row.partition(",")[0]


def test_a_network_of_another_address_space_is_another_network() -> None:
    plan = ONE_OF_EACH.replace('cidr = "10.64.1.0/24"', 'cidr = "10.64.1.0/24"\nlabels = { vrf = "blue" }').encode()
    table = "cidr,kind,name,vrf\n10.64.1.0/24,vcs-vm,web,{}\n"
    for vrf in ("blue", ""):
        assert (add(plan, table.format(vrf)).data, add(plan, table.format(vrf)).present) == (plan, 1)
    networks = tomli.loads(add(plan, table.format("red")).data.decode())["networks"]
    assert networks["web-2"] == {"kind": "vcs-vm", "cidr": "10.64.1.0/24", "labels": {"vrf": "red"}}


def test_wishes_of_two_clusters_may_share_a_name() -> None:
    table = "name,kind,cluster,prefix\npods,icp-pod,prod,20\npods,icp-pod,test,20\nnodes,icp-worker,test,26\n"
    plan = SEVERAL.partition("[networks.pods-2]")[0].encode()
    done = add(plan, table)
    networks = tomli.loads(done.data.decode())["networks"]
    assert networks["pods-2"] == {"kind": "icp-pod", "cluster": "test", "prefix": 20}
    assert (done.present, [*networks]) == (1, ["web", "pods", "pods-2", "nodes"])
    again = add(done.data, table)
    assert (again.data, again.present) == (done.data, 3)
