"""A plan that goes to a spreadsheet and back: show's CSV and the workbook hold everything that networks state."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from ipplan.catalog import load_catalog
from ipplan.exporters import Request
from ipplan.exporters.xlsx import export_xlsx
from ipplan.importers import read_source
from ipplan.importers.plan_text import make_plan
from ipplan.inventory import list_networks
from ipplan.landscape import Landscape
from ipplan.output import show
from ipplan.output.table import render_csv
from ipplan.plan.kinds import KINDS
from ipplan.plan.load import parse_plan
from ipplan.plan.toml_text import quote

if TYPE_CHECKING:
    from ipplan.plan.model import Network, Plan

SAMPLES = sorted((Path(__file__).parent.parent.parent / "sample-plans").glob("*.toml"))
CATALOG = load_catalog()


def stated(plan: Plan) -> dict[str, Network]:
    """Return what each network states, with the edge that its cluster is behind."""
    # Host bits are an error of a plan, and a table has the block that was meant.
    return {
        n.name: n._replace(edge=plan.stated_edge(n), addresses=tuple(sorted(n.addresses)), written=None)
        for n in plan.networks
    }


def again(data: bytes) -> Plan:
    made = make_plan([read_source("auto", data, "table")], None)
    return parse_plan(made.text.encode(), "again.toml")


def as_csv(plan: Plan) -> bytes:
    return render_csv(show.table(plan, list_networks(plan))).encode()


def as_workbook(plan: Plan) -> bytes:
    return export_xlsx(Request(Landscape(plan, CATALOG)))


@pytest.mark.parametrize("write", [as_csv, as_workbook])
@pytest.mark.parametrize("sample", SAMPLES, ids=lambda path: path.stem)
def test_the_networks_of_a_sample_come_back_as_they_are_stated(sample: Path, write: Any) -> None:
    plan = parse_plan(sample.read_bytes(), sample.name)
    before, after = stated(plan), stated(again(write(plan)))
    assert list(after) == list(before)
    assert after == before


letters = st.sampled_from("aZ09 -_.,;:=#'\"\\|/<>[]{}()@+*%äß東😀")
texts = st.text(letters, max_size=8)
names = st.builds(
    lambda first, rest, last: f"{first}{rest}{last}", st.sampled_from("aZ9ä東"), texts, st.sampled_from('z0"')
)


@st.composite
def plans(draw: st.DrawFn) -> str:
    """Return a plan whose networks state whatever they can, without a name that a table cannot hold."""
    lines = [
        "[plan]",
        'byoip = ["10.224.0.0/11"]',
        "[clusters.iks]",
        'platform = "iks"',
        "[sites.hq]",
        "[edges.e]",
    ]
    for index, name in enumerate(draw(st.lists(names, max_size=5, unique=True))):
        kind = draw(st.sampled_from(sorted(k for k, v in KINDS.items() if v.platform != "icp")))
        found: dict[str, str] = {"kind": quote(kind)}
        if KINDS[kind].provider == "enterprise":
            found["cidr"] = f'"192.168.{index}.0/24"'
            found |= {"site": '"hq"'} if draw(st.booleans()) else {}
        else:
            sizes = {"prefix": "26", "hosts": "20", "cidr": f'"10.225.{index}.0/26"', "": ""}
            size = draw(st.sampled_from(sorted(sizes)))
            found |= {size: sizes[size]} if size else {}
        optional = {
            "group": quote(draw(names)),
            "description": quote(draw(names)),
            "vlan": str(draw(st.integers(1, 4094))),
            "status": quote(draw(st.sampled_from(("planned", "ordered", "live", "retired")))),
            "grow-to": "24",
            "labels": f"{{ {quote(draw(names))} = {quote(draw(texts))} }}",
            "addresses": f"{{ {quote(draw(names))} = {draw(st.sampled_from((1, -1, 7)))} }}",
            "data-center": '"dal10"',
        }
        if KINDS[kind].provider == "byoip":
            optional["pool"] = '"10.224.0.0/11"'
        if KINDS[kind].of_edge:
            optional["edge"] = '"e"'
        for key in draw(st.lists(st.sampled_from(sorted(optional)), unique=True)):
            found[key] = optional[key]
        lines += [f"[networks.{quote(name)}]", *(f"{key} = {value}" for key, value in found.items())]
    return "\n".join(lines) + "\n"


RETIRED = (
    '[clusters.iks]\nplatform = "iks"\n[networks.office]\nkind = "enterprise"\ncidr = "192.168.0.0/24"\ngroup = "a"\n'
    '[networks.pods]\nkind = "iks-pod"\ngroup = "b"\nstatus = "retired"\n'
)
"""A network that is retired on the default range of its platform, in a group of its own."""


@settings(max_examples=60, deadline=None)
@example(RETIRED)
@given(plans())
def test_any_networks_come_back_from_csv_as_they_are_stated(text: str) -> None:
    plan = parse_plan(text.encode(), "x.toml")
    if plan.networks:
        assert stated(again(as_csv(plan))) == stated(plan)


@settings(max_examples=10, deadline=None)
@example(RETIRED)
@given(plans())
def test_any_networks_come_back_from_a_workbook_as_they_are_stated(text: str) -> None:
    plan = parse_plan(text.encode(), "x.toml")
    if plan.networks:
        assert stated(again(as_workbook(plan))) == stated(plan)
