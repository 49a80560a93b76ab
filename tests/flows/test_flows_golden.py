"""Everything that flows say over whole plans: what each pair of ends comes to, and every sentence, with its addresses."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from test_flows_documented import STRETCHED, ends_of
from test_flows_links import BASE, link
from test_flows_unordered import plan as unordered
from walking import HERE, REFERENCE, TWO, around, findings, integrate, landscape, listed

from ipplan.flows import END_WORDS, Missing, Trace, Tracer, trace
from ipplan.flows.promises import list_promises
from ipplan.landscape.model import Route

if TYPE_CHECKING:
    from collections.abc import Iterator

GOLDEN = HERE / "golden" / "flows"
THREE = (HERE.parent / "sample-plans" / "three-sites.toml").read_text("utf-8")


def links(*more: str, base: str = BASE) -> str:
    """Return a plan, of two edges and two clusters, with these links: both ends and the method."""
    ends = (line.split() for line in more)
    return base + "".join(f'[[link]]\nbetween = ["{a}", "{b}"]\nmethod = "{method}"\n' for a, b, method in ends)


TWO_ICP = BASE.replace("[clusters.icp]", '[clusters.icp2]\nplatform = "icp"\nedge = "fra"\n[clusters.icp]') + (
    '[networks.icp2-pods]\nkind = "icp-pod"\ncluster = "icp2"\ncidr = "10.63.0.0/24"\n'
    '[networks.icp2-nodes]\nkind = "icp-worker"\ncluster = "icp2"\ncidr = "172.25.18.0/27"\n'
    "addresses = { strongswan = 12 }\n"
)
"""The same plan with an ICP cluster behind each edge."""


def without(name: str, text: str) -> str:
    """Return a plan without one of its networks."""
    return re.sub(rf"\[networks\.{name}\]\n(?:[^\[\n].*\n)*", "", text)


PLANS = {
    "reference-strongswan": STRETCHED,
    "reference-static-nat": integrate(REFERENCE, iks_vcs="static-nat", enterprise="l2-extension"),
    "reference-common-vlan": integrate(REFERENCE, iks_vcs="common-vlan", enterprise="none"),
    "reference-bgp": integrate(REFERENCE, iks_vcs="bgp", enterprise="routed"),
    "reference-none": integrate(REFERENCE, iks_vcs="none", icp_vcs="none", iks_icp="none", enterprise="none"),
    "reference-undecided": integrate(REFERENCE, iks_vcs=None, icp_vcs=None, iks_icp=None, enterprise=None),
    "two-clusters": integrate(TWO, iks_vcs="strongswan", iks_icp="strongswan"),
    "three-sites": THREE,
    "three-sites-unnamed": without("dallas-hcx", THREE).replace("gre = ", "spare = "),
    "linked": (HERE / "landscape" / "linked.toml").read_text("utf-8"),
    "links-tunnels": links("iks icp strongswan", "hq dal gre", "dal fra ipsec", "icp dal nat"),
    "links-routed": links("iks dal bgp", "hq ibm-private routed", "dal fra routed", "icp dal nat"),
    "links-unnamed": links("iks icp strongswan", "hq dal gre", "icp dal none").replace(", gre = 4", ""),
    "links-icp": links("icp icp2 strongswan", "icp dal nat", "icp2 fra nat", base=TWO_ICP),
    "links-icp-closed": links("icp icp2 strongswan", "icp dal none", "icp2 fra none", base=TWO_ICP),
    "links-limited": link("iks", "dal", "strongswan", networks='["services", "vm-dal"]'),
    "unordered": unordered("nodes"),
    "missing": unordered("nodes", iks="strongswan", leave_out=("public", "private")),
}
"""Plans that together have every platform, every method, and facts that are missing."""


ADDRESS = re.compile(r"[0-9]+(\.[0-9]+){3}(/[0-9]+)?|[0-9a-f]*:[0-9a-f:]+(/[0-9]+)?")
LETTERS = dict(zip(END_WORDS, "DHNnSTOWXLAU", strict=True))
"""A letter for each end word: D for delivered, H for handed over."""


def sentences(traced: Trace) -> Iterator[tuple[str, str]]:
    """Yield each thing that a trace says, without addresses and in full."""
    for hop in (*traced.hops, *traced.back):
        start = f"{hop.device}{f' of {hop.name}' if hop.name else ''}, {hop.action}: "
        decided = (f"{e.prefix} {e.text}" if isinstance(e, Route) else e.text for e in hop.decided)
        more = (*decided, *around(hop), *(f"{c.field} {c.old} -> {c.new}" for c in hop.changed))
        said = "; ".join(
            [hop.text, *([f"no match: {hop.unmatched}"] if hop.unmatched else []), *([hop.case] if hop.case else [])]
        )
        yield ADDRESS.sub("*", start + said), "; ".join((start + said, *more))
    for stop in (traced.stop, traced.back_stop):
        if stop is not None:
            place = f"{stop.device}{f' of {stop.name}' if stop.name else ''}, {stop.end}"
            remedy = f"; help: {stop.help}" if stop.help else ""
            searched = f"; searched {stop.table}" if stop.table else ""
            nearest = f", nearest {stop.nearest}" if stop.nearest else ""
            said = f"STOP {place}: {stop.reason}{remedy}{searched}{nearest}"
            yield ADDRESS.sub("*", said), said
    for text in traced.assumptions:
        yield text, f"ASSUMES {text}"


def report(text: str) -> str:
    """Return what each pair of ends comes to, there and back, and one example of every sentence.

    Each row is a source, each column a destination in the same order; "-" is an answer that arrives.
    """
    found = landscape(text)
    tracer, ends = Tracer(found), ends_of(found)
    said: dict[str, str] = {}
    rows = []
    for source in ends:
        row = []
        for destination in ends:
            traced = trace(tracer, source, destination)
            for key, sentence in sentences(traced):
                said.setdefault(key, sentence)
            back = "-" if traced.back_stop is None else LETTERS[traced.back_stop.end]
            row.append(LETTERS[traced.end] + back)
        rows.append(f"{' '.join(row)}  {source.title}, {source.domain} {source.address}")
    return "\n".join([*rows, "", *sorted(said.values()), ""])


def listing(text: str) -> str:
    """Return the documented flows with the pairs that are alike, and the promised flows that stop."""
    lines = []
    for traced in listed(text):
        if isinstance(traced, Missing):
            lines.append(f"{traced.flow} {traced.title}: {traced.reason}; help: {traced.help}")
            continue
        lines.append(
            f"{traced.flow} {traced.title}: {traced.source.title} to {traced.destination.title} {traced.result}"
        )
        lines += (f"  {', '.join(firsts)} to {', '.join(seconds)}" for firsts, seconds in traced.alike)
    for promise in list_promises(landscape(text)):
        start = "internet" if promise.source is None else promise.source.name
        link = f" by {promise.joint.first.title} to {promise.joint.second.title}" if promise.joint else ""
        front = f" at {promise.front}" if promise.front else ""
        flow = f"flow {promise.flow}" if promise.flow else "link"
        lines.append(f"promised by {flow}: {start} to {promise.destination.name}{front}{link}; {promise.alike} alike")
    for finding in findings(text, "unreachable-flow"):
        lines.append(f"{finding.message}; help: {finding.help}; networks: {', '.join(finding.networks)}")
    return "\n".join([*lines, ""])


def compare(name: str, actual: str, *, update: bool) -> None:
    file = GOLDEN / name
    if update:
        file.parent.mkdir(exist_ok=True)
        file.write_text(actual, encoding="utf-8", newline="")
    assert actual == file.read_text(encoding="utf-8")


@pytest.mark.parametrize("name", PLANS)
def test_the_list_of_a_whole_plan_is_as_it_was_read(name: str, *, update_golden: bool) -> None:
    compare(f"{name}.list.txt", listing(PLANS[name]), update=update_golden)


@pytest.mark.parametrize("name", PLANS)
def test_what_flows_say_is_as_it_was_read(name: str, *, update_golden: bool) -> None:
    compare(f"{name}.txt", report(PLANS[name]), update=update_golden)
