"""Every target for plans of any shape: it writes its file, or says what is missing; it never fails in another way."""

from __future__ import annotations

import re
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from ipplan.allocation import allocate
from ipplan.catalog import load_catalog
from ipplan.exporters import TARGETS, ExportError, Options, Request, export
from ipplan.landscape import Landscape
from ipplan.plan.choices import INTEGRATION
from ipplan.plan.load import PlanError, parse_plan

SAMPLES = Path(__file__).parent.parent.parent / "sample-plans"
NUMBERS = "esg-asn = 64998\niks-asn = 64999\n"
TABLES = {
    name: re.split(r"(?m)^(?=\[)", (SAMPLES / f"{name}.toml").read_text("utf-8"))
    for name in ("reference-architecture", "two-clusters", "ipv6")
}


@st.composite
def plans(draw: st.DrawFn) -> str:
    """Return a sample plan with other methods, without some of its networks, addresses, ranges and ESGs."""
    kept = []
    for table in TABLES[draw(st.sampled_from(sorted(TABLES)))]:
        if table.startswith("[networks.") and draw(st.integers(0, 6)) == 0:
            continue
        if table.startswith("[networks."):
            for gone in ("addresses", "edge", "cidr"):
                if draw(st.integers(0, 8)) == 0:
                    table = re.sub(rf"(?m)^{gone} = .*\n", "", table)
        kept.append(table)
    methods = "".join(
        f'{key} = "{method}"\n'
        for key, choices in INTEGRATION.items()
        if (method := draw(st.sampled_from((None, *choices)))) is not None
    )
    numbers = draw(st.sampled_from(("", NUMBERS, "esg-asn = 64998\n", NUMBERS + "ike = 1\n")))
    kept = [table for table in kept if not table.startswith("[integration]")]
    return "".join(kept) + f"\n[integration]\n{methods}{numbers}"


@settings(max_examples=60, deadline=None)
@given(
    plans(),
    st.sampled_from((None, "iks-prod", "icp-dal")),
    st.sampled_from((None, "dallas")),
    st.none() | st.just("icp-fra"),
)
def test_a_target_is_written_or_says_what_is_missing(
    text: str, cluster: str | None, edge: str | None, to: str | None
) -> None:
    catalog = load_catalog()
    try:
        plan = parse_plan(text.encode(), "plan.toml")
    except PlanError:
        return  # without a cidr an enterprise network is no network
    ranges = {row.network.name: row.prefix for row in allocate(plan, catalog).placements if row.status == "allocated"}
    settled = "".join(
        table
        if (name := re.match(r"\[networks\.(\S+)\]", table)) is None or name[1] not in ranges
        else re.sub(r"(?m)^(?:prefix|hosts|grow-to|pool|group) = .*\n", "", table).rstrip()
        + f'\ncidr = "{ranges[name[1]]}"\n\n'
        for table in re.split(r"(?m)^(?=\[)", text)
    )
    plan = parse_plan(settled.encode(), "plan.toml")
    landscape = Landscape(plan, catalog)
    request = Request(landscape, Options(cluster=cluster, edge=edge, to=to))
    for esg in map(landscape.esg, landscape.ends.edges):
        if not esg.missing:
            stands = [(n.interface, n.address.text) for n in esg.destination_nat if n.port is None]
            assert len(set(stands)) == len(stands), "an address stands for one thing"
            assert not {(i.role, i.address.text) for i in esg.interfaces} & set(stands), "and never for the ESG itself"
    for target in TARGETS.values():
        try:
            made = export(target, request)
        except ExportError:
            continue
        assert made
        if isinstance(made, str):
            assert "None" not in re.sub(r"(?m)^.*#.*$", "", made), target.name
            assert made.endswith("\n")
            assert "no free address for" not in made
            assert ": no range yet)" not in made
