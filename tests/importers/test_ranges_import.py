"""IBM's page of IP ranges and ranges files, read as an edition: real text, every format, mistakes, hostile input."""

from __future__ import annotations

import csv
import random
from contextlib import suppress
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ipplan.addresses import parse_prefix
from ipplan.catalog import EDITIONS, Edition, load_catalog, make_catalog
from ipplan.importers import SourceError
from ipplan.importers.ranges import catalog_from, find_date, read_published
from ipplan.importers.ranges.ranges_file import render_ranges_file
from ipplan.importers.ranges.rows import PublishedRange, unique
from ipplan.importers.ranges.suspects import choose_base, find_suspects
from tools.build_catalog import FACTS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ipplan.importers.ranges.rows import Reading

PAGE = (Path(__file__).parent / "pages" / "ips-2025-10-03.md").read_bytes()
SERVICES = ("service-evault", "service-file-block", "service-advmon", "service-icos")
NEWEST = EDITIONS[-1]


def facts(edition: str) -> list[tuple[str, ...]]:
    """Return the rows of an edition as the catalogue is built from, with the fields in the order of `fields`."""
    text = (FACTS / f"ibm-cloud-ranges-{edition}.csv").read_text(encoding="utf-8")
    columns = ("category", "data_center", "city", "pod", "cidr", "note")
    return [tuple(row[name] for name in columns) for row in csv.DictReader(text.splitlines())]


def fields(row: PublishedRange) -> tuple[str, ...]:
    return (row.category, row.data_center or "", row.city or "", row.pod or "", str(row.prefix), row.note or "")


def read(text: str) -> Reading:
    return read_published(text.encode())


def short(reading: Reading) -> list[tuple[str, str, str]]:
    """Return category, data center and range of every row."""
    return [(row.category, row.data_center or "-", str(row.prefix)) for row in reading.rows]


# -- the real page


def test_the_real_page_gives_rows_of_the_edition_word_for_word() -> None:
    reading = read_published(PAGE)

    known = facts(NEWEST)
    assert reading.problems == ()
    assert reading.remarks == ()
    assert [row for row in map(fields, reading.rows) if row not in known] == []
    assert len(reading.rows) > 150
    assert {row.category for row in reading.rows} == {row[0] for row in known}
    assert reading.head.date == NEWEST
    assert reading.head.title == load_catalog(NEWEST).about.title
    assert reading.head.url == (
        "https://cloud.ibm.com/docs/infrastructure-hub?topic=infrastructure-hub-ibm-cloud-ip-ranges"
    )


def test_the_real_page_says_of_its_data_centers_all_that_the_edition_does() -> None:
    whole = {"ams03", "dal14", "syd05", "tor01"}
    rows = [row for row in map(fields, read_published(PAGE).rows) if row[1] in whole]
    wanted = [row for row in facts(NEWEST) if row[1] in whole and not row[5].startswith("server location")]
    assert [row for row in wanted if row not in rows] == []


def test_the_change_log_and_footnotes_of_the_page_are_not_rows() -> None:
    ranges = {str(row.prefix) for row in read_published(PAGE).rows}
    assert b"ams01 address 10.2.64.0/20" in PAGE
    assert b"The 10.1.129.0/24 subnet" in PAGE
    assert not ranges & {"10.2.64.0/20", "10.1.129.0/24"}


# -- every form of the whole edition


def page_of(edition: str, form: str) -> str:
    """Write the rows of an edition as IBM's page would."""
    titles = {
        "front-end-public": "Front-end (public) network",
        "load-balancer": "Load balancer IPs",
        "dos-mitigation": "DOS mitigation systems",
        "customer-private": "Customer private network space",
        "service-network": "Service network (on back-end/private network)",
        "service-evault": "eVault by Data Center",
        "service-file-block": "File & Block by Data Center",
        "service-advmon": "AdvMon (Nimsoft) by Data Center",
        "service-icos": "ICOS by Data Center",
        "ssl-vpn": "SSL VPN data centers",
        "ssl-vpn-pop": "SSL VPN POPs",
        "pptp-vpn": "PPTP VPN data centers",
        "pptp-vpn-pop": "PPTP VPN POPs",
        "legacy": "Legacy networks",
        "rhel-service-network": "Red Hat Enterprise Linux server requirements",
        "windows-vsi": "Windows VSI server requirements",
    }
    rows = facts(edition)
    parts = []
    for category, title in titles.items():
        own = [row for row in rows if row[0] == category and not row[5].startswith(("whole", "allow"))]
        if category == "rhel-service-network":
            names: tuple[str, ...] = ("Server location", "Permitted data centers", "City", "IP ranges")
            cells: list[tuple[str, ...]] = [
                (row[5].removeprefix("server location: "), row[1], row[2], row[4]) for row in own
            ]
        elif category == "ssl-vpn":
            names = ("Data center", "City", "IP range", "Endpoint")
            cells = [(*row[1:3], row[4], row[5].removeprefix("endpoint ")) for row in own]
        else:
            names = ("Data center", "City", "Pod", "IP range")
            cells = [(row[1].title(), row[2] or "-", row[3], row[4].removesuffix("/32")) for row in own]
        if own:
            parts.append(_table(title, names, cells, form, by_service=category in SERVICES))
    sentences = {
        "vulnerability-scan": "please permit access for a vulnerability scan from: ",
        "provisioning-required": "for all Bare Metal and Virtual Server provisions and reloads: ",
        "default-static-route": "are configured with a static route for the ",
        "rhel-endpoint": "RHEL endpoint rhha01.updates.us-south.iaas.service.networklayer.com, DNS round robin, is ",
    }
    texts = [
        words + ", ".join(row[4].removesuffix("/32") for row in rows if row[0] == category)
        for category, words in sentences.items()
        if any(row[0] == category for row in rows)
    ]
    if any(row[0] == "rhel-endpoint" for row in rows):
        texts += [
            "For RHEL servers, ensure the entire 161.26.0.0/16 is allowed",
            "permit access to the entire service network by allowing the IP 161.26.0.0/16.",
        ]
    texts += [
        f"{row[5].partition(';')[0]} is {row[4].removesuffix('/32')}" for row in rows if row[0] == "windows-wsus-server"
    ]
    if form == "markdown":
        head = f'---\nlastupdated: "{edition}"\nsubcollection: x\n---\n# IBM Cloud IP ranges\n'
        return head + "\n\n".join([*parts, *(f"* {text}" for text in texts)])
    body = "".join([*parts, *(f"<p>{escape(text)}" for text in texts)])
    return f"<!DOCTYPE html><title>x</title><h1>IBM Cloud IP ranges</h1><p>Last updated {edition}</p>{body}"


def _table(title: str, names: Sequence[str], cells: Sequence[Sequence[str]], form: str, *, by_service: bool) -> str:
    above = "Service by data center" if by_service else title
    if form == "markdown":
        lines = ["|".join(row) for row in (names, ["---"] * len(names), *cells)]
        caption = f'\n{{: caption="{title}" caption-side="left"}}' if by_service else ""
        return f"## {above}\n\n" + "\n".join(f"|{line}|" for line in lines) + caption
    rows = "".join("<tr>" + "".join(f"<td><p>{escape(cell)}</p>" for cell in row) for row in cells)
    header = "".join(f"<th scope=col>{name}</th>" for name in names)
    return (
        f"<h2 id=a>{escape(above)}</h2><table><caption>{escape(title)}</caption>"
        f"<thead><tr>{header}</tr></thead><tbody>{rows}</tbody></table>"
    )


@pytest.mark.parametrize("form", ["markdown", "html"])
@pytest.mark.parametrize("edition", EDITIONS)
def test_a_page_of_an_edition_gives_exactly_its_rows(edition: str, form: str) -> None:
    reading = read(page_of(edition, form))

    assert (reading.problems, reading.remarks) == ((), ())
    assert reading.head.date == edition
    assert sorted(map(fields, reading.rows)) == sorted(facts(edition))


@pytest.mark.parametrize("edition", EDITIONS)
def test_a_ranges_file_of_an_edition_gives_the_same_catalogue(edition: str) -> None:
    built_in = load_catalog(edition)
    rows, _ = unique(read((FACTS / f"ibm-cloud-ranges-{edition}.csv").read_text(encoding="utf-8")).rows)

    text = render_ranges_file(built_in.about, rows)
    catalog = catalog_from(text.encode(), "ranges.csv")

    assert catalog.reservations == built_in.reservations
    assert catalog.about == built_in.about._replace(file="ranges.csv")
    assert catalog.edition == f"{edition} (file)"
    assert render_ranges_file(catalog.about, rows) == text


WORDS = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Z"]), min_size=1, max_size=12)
ROWS = st.builds(
    PublishedRange,
    category=st.sampled_from(["customer-private", "service-network", "service-file-block", "legacy"]),
    data_center=st.sampled_from([None, "all", "dal10", "fra02az", "xyz99"]),
    city=st.none() | WORDS,
    pod=st.none() | WORDS,
    prefix=st.sampled_from(["10.0.0.0/8", "10.1.0.0/16", "10.1.2.0/24", "9.9.9.9/32", "2001:db8::/48"]).map(
        parse_prefix
    ),
    note=st.none() | WORDS,
    line=st.just(1),
)


@given(rows=st.lists(ROWS, min_size=1, max_size=12), title=WORDS, day=st.dates())
@settings(max_examples=60, deadline=None)
def test_any_edition_survives_its_ranges_file(rows: list[PublishedRange], title: str, day: object) -> None:
    edition = Edition(str(day), f"t{title}", "https://example.com/ips", None, "any.csv")
    text = render_ranges_file(edition, rows)

    catalog = catalog_from(text.encode(), "any.csv")

    assert catalog.about == edition
    assert catalog.reservations == make_catalog(edition, [row.data for row in unique(rows)[0]]).reservations


@pytest.mark.parametrize(
    ("name", "date"),
    [
        ("ranges-2026-06-09.csv", "2026-06-09"),
        ("a/2024-01-01/ips.csv", None),
        ("2026-13-01.csv", None),
        ("a/ips-2018-11-30-to-2021-05-17.csv", "2021-05-17"),
        ("12026-06-09.csv", None),
    ],
)
def test_the_date_in_the_name_of_a_file(name: str, date: str | None) -> None:
    assert find_date(name) == date


# -- what pages have had


HEAD = "|Datacenter|City|State|Country|IP Range|\n|---|---|---|---|---|\n"


@pytest.mark.parametrize(
    ("body", "rows"),
    [
        ("## Frontend (public) network\n" + HEAD + "|ams01|Amsterdam|-|NLD|159.253.158.0/23|", "159.253.158.0/23"),
        # Several in a cell: with commas, words, spaces only, line breaks of three kinds.
        (
            "## Load Balancer IPs\n"
            + HEAD
            + "|dal05|Dallas|Texas|USA|50.23.203.0/24, 108.168.157.0/24 173.192.117.0/24|",
            "50.23.203.0/24 108.168.157.0/24 173.192.117.0/24",
        ),
        (
            "## Service Network (on backend/private network)\n"
            + HEAD
            + "|dal09|Dallas|Texas|USA|10.2.112.0/20 and 10.3.192.0/24|",
            "10.2.112.0/20 10.3.192.0/24",
        ),
        (
            "## Service network\n|Data center|City|IP range|\n|---|---|---|\n|x|\n|ams03|Amsterdam|10.3.128.0/20  \\n 161.26.28.0/22|",
            "10.3.128.0/20 161.26.28.0/22",
        ),
        (
            "## SSL VPN data centers\n"
            + HEAD
            + "|ams01|Amsterdam|-|NLD|10.2.70.0/24<br />10.200.54.0/24<BR>10.9.0.0/24|",
            "10.2.70.0/24 10.200.54.0/24 10.9.0.0/24",
        ),
        # Three cells under five columns, no closing pipe, a cell too many, no pipe around, footnotes.
        ("## Service network\n" + HEAD + "|osa21|Osaka|10.202.112.0/20|", "10.202.112.0/20"),
        ("## Service network\n" + HEAD + "|All|-|-|-|161.26.0.0/16", "161.26.0.0/16"),
        (
            "## Customer private network space\n|City|Data center|Pod|IP range|\n|-|-|-|-|\n| | tok02 | BCR02 | 10.212.0.0/16 | 10.44.0.0/16 |",
            "10.212.0.0/16 10.44.0.0/16",
        ),
        ("## Legacy\nData center|IP range\n-|-\ndal05|10.1.128.0/19[^fn1]", "10.1.128.0/19"),
        ("## Service network\n" + HEAD + "|dal05|Dallas|Texas|USA|10.1.128.0/19 `*`|", "10.1.128.0/19"),
        ("## Legacy networks\n|IP range|\n|---|\n|70.84.160.0 / 24|\n|216.12.193.9|", "70.84.160.0/24 216.12.193.9/32"),
        # Of a data center that is written in capitals, as a link, in bold; half of a former one.
        ("## Service network\n" + HEAD + "|[FRA02AZ](/docs/x)|**Frankfurt**|-|DEU|10.201.158.0/24|", "10.201.158.0/24"),
    ],
)
def test_rows_as_pages_have_printed_them(body: str, rows: str) -> None:
    reading = read("# IBM Cloud IP ranges\n" + body)
    assert " ".join(str(row.prefix) for row in reading.rows) == rows


HTML = """\
<html><head><link rel="canonical" href="https://cloud.ibm.com/docs/x?topic=x-ips"><title>IPs</title>
<meta name="dcterms.date" content="2026-06-09T00:00:00Z"><style>td{}10.9.9.0/24</style></head><body>
<script>var a="<table><tr><td>10.8.8.0/24";</script>
<h1>IBM&nbsp;Cloud IP ranges</h1><h2>Customer private <i>network</i> space</h2>
<table><tr><th>City<th>Data&nbsp;center<th>Pod<th>IP range
<tr><td rowspan=3>Dallas<td rowspan="2">dal10<td>BCR01<td>10.5.0.0/16<br>10.23.0.0/16
<tr><td>BCR02<td><ul><li>10.38.0.0/16<li>10.94.0.0&#47;15</ul>
<tr><td>dal12<td>BCR01<td>10.74.0.0/16<sup>1</sup></table>
<h2>Service network</h2><table><thead><tr><td colspan=2>Data center<td>IP range</thead>
<tr><td colspan=2><b>dal</b>10<td><table><tr><td>x</table>10.200.80.0/20</table>
<table><caption>Load balancer IPs</caption><tr><th>Data center</th><th>IP range</th></tr>
<tr><td>dal10</td><td>169.46.117.0/24</td>"""


def test_html_with_spans_lists_nested_tables_and_a_missing_end() -> None:
    reading = read(HTML)

    assert [(row.data_center, row.city, row.pod, str(row.prefix)) for row in reading.rows] == [
        ("dal10", "Dallas", "BCR01", "10.5.0.0/16"),
        ("dal10", "Dallas", "BCR01", "10.23.0.0/16"),
        ("dal10", "Dallas", "BCR02", "10.38.0.0/16"),
        ("dal10", "Dallas", "BCR02", "10.94.0.0/15"),
        ("dal12", "Dallas", "BCR01", "10.74.0.0/16"),
        ("dal10", "Dallas", None, "10.200.80.0/20"),
        ("dal10", "Dallas", None, "169.46.117.0/24"),
    ]
    assert [row.line for row in reading.rows] == [6, 6, 7, 7, 8, 10, 12]
    assert reading.problems == ()
    assert (reading.head.date, reading.head.url) == ("2026-06-09", "https://cloud.ibm.com/docs/x?topic=x-ips")


RENDERED = """\
<table><thead><tr><th>copyright</th><th>lastupdated</th><th>subcollection</th></tr></thead>
<tbody><tr><td>x</td><td>2026-06-09</td><td>infrastructure-hub</td></tr></tbody></table>
<h1>IP ranges</h1><h3>Service by data center</h3><p>{: #service-by-data-center}</p>
<table><tr><th>Data center</th><th>IP range</th></tr>
<tr><td><strong>Required Flows</strong>: \\n * Outbound TCP 8086 and TCP 8087</td><td></td></tr>
<tr><td>dal09</td><td>10.2.118.0/24\\n10.2.126.0/24</td></tr></table>
<table><tr><th>Data center</th><th>IP range</th></tr>
<tr><td><strong>Required Flows</strong>: * TCP &amp; UDP 2049 (nfs)</td><td>TCP &amp; UDP 3260 (iscsi)</td></tr>
<tr><td>dal09</td><td>10.2.125.0/24[^fn1]  \\n 161.26.5.0/24</td></tr></table>
<table><tr><th>Data center</th><th>IP range</th></tr>
<tr><td>Required Flows: Outbound: TCP 80, 443.</td></tr><tr><td>dal09</td><td>10.2.114.0/24</td></tr></table>
"""


def test_a_rendered_copy_without_captions_is_known_by_its_ports() -> None:
    reading = read(RENDERED)
    assert short(reading) == [
        ("service-evault", "dal09", "10.2.118.0/24"),
        ("service-evault", "dal09", "10.2.126.0/24"),
        ("service-file-block", "dal09", "10.2.125.0/24"),
        ("service-file-block", "dal09", "161.26.5.0/24"),
        ("service-icos", "dal09", "10.2.114.0/24"),
    ]
    assert reading.head.title == "IBM Cloud docs, infrastructure-hub: IBM Cloud IP ranges, edition 2026-06-09"
    assert (reading.problems, reading.remarks) == ((), ())


@pytest.mark.parametrize(
    "text",
    [
        "<p>Last updated 2026-06-09</p>",
        "<div><span>Last updated</span></div><div>2026-06-09</div>",
        '<div>Last Updated: <time datetime="2026-06-09T10:00:00Z">June 9</time></div>',
        '<meta name="lastupdated" content="2026-6-9">',
    ],
)
def test_the_date_of_a_saved_page(text: str) -> None:
    table = "<h2>Legacy networks</h2><table><tr><th>IP range<tr><td>10.1.0.0/16</table>"
    assert read(f"<html><body>{text}{table}").head.date == "2026-06-09"


# -- what cannot be read, and what looks wrong


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("|ams03|Amsterdam|159.8.197.0./24|", 'ams03: "159.8.197.0./24" is not a valid range'),
        ("|dal05|Dallas|10.1.143/139.0/24|", 'dal05: "10.1.143/139.0/24" is not a valid range'),
        ("|mon01|Montreal|10.3.118.02/24|", 'mon01: "10.3.118.02/24" is not a valid range'),
        ("|sao05|São Paulo|84.0/24|", 'sao05: "84.0/24" is not a valid range'),
        ("|sao05|São Paulo|84.0.0.0/33|", 'sao05: "84.0.0.0/33" is not a valid range'),
        ("|da113|Dallas|10.1.0.0/16|", '"da113" is not a data center'),
        ("|syd4|Sydney|10.1.0.0/16|", '"syd4" is not a data center'),
        ("||Sydney|10.1.0.0/16|", "the row has no data center"),
        ("|syd04|Sydney||", "syd04: the row has no range"),
    ],
)
def test_a_row_that_cannot_be_read_is_reported_with_its_line(row: str, message: str) -> None:
    table = "## Service network\n|Data center|City|IP range|\n|---|---|---|\n|dal10|Dallas|10.200.80.0/20|\n"
    reading = read(f"{table}{row}\n|dal12|Dallas|10.200.112.0/20|")

    assert [(problem.line, problem.message.startswith(message)) for problem in reading.problems] == [(5, True)]
    assert [str(row.prefix) for row in reading.rows] == ["10.200.80.0/20", "10.200.112.0/20"]


def test_a_table_and_a_sentence_of_unknown_kind_are_reported() -> None:
    table = "|Data center|IP range|\n|-|-|\n|dal10|10.1.0.0/16|\n|dal12|10.2.0.0/16|"
    reading = read(f"## Quantum network\n{table}\n\nAlways permit 10.3.0.0/16.\n")

    assert [(p.line, p.message) for p in reading.problems] == [
        (2, 'ipplan does not know the table under "Quantum network"; its 2 rows are not read')
    ]
    assert [(p.line, p.message) for p in reading.remarks] == [
        (7, "ipplan does not know this sentence; not read: 10.3.0.0/16")
    ]


@pytest.mark.parametrize(
    ("row", "message"),
    [
        (
            "customer-private,dal10,Dallas,BCR09,10.48.0.0/16",
            "dal10 BCR09 10.48.0.0/16 is also a range of dal12, 10.48.0.0/16",
        ),
        (
            "customer-private,dal10,Dallas,BCR09,10.48.9.0/24",
            "dal10 BCR09 10.48.9.0/24 is inside a range of dal12, 10.48.0.0/16",
        ),
        ("service-network,dal10,Dallas,,10.7.0.9/20", "dal10 10.7.0.9/20 has host bits set; read as 10.7.0.0/20"),
        (
            "service-network,fra05,Frankfurt,,166.0.48.0/23",
            "fra05 166.0.48.0/23 is public, but in the table of service networks",
        ),
        (
            "front-end-public,fra05,Frankfurt,,10.7.0.0/24",
            "fra05 10.7.0.0/24 is private, but in the table of public front-end networks",
        ),
        (
            "customer-private,fra05,Frankfurt,BCR03,10.0.0.0/8",
            "fra05 BCR03 10.0.0.0/8 has an unusual size: customer private networks are /14 to /29",
        ),
        (
            "front-end-public,fra05,Frankfurt,,149.81.0.0/28",
            "fra05 149.81.0.0/28 has an unusual size: public front-end networks are /23 to /24",
        ),
        ("service-network,zrh01,Zurich,,10.7.0.0/20", "zrh01 is a data center that no earlier edition has"),
        (
            "front-end-public,ams03,Amsterdam,,159.8.198.0/23",
            "ams03 159.8.198.0/23 is in the table of public front-end networks twice; kept once",
        ),
    ],
)
def test_a_row_that_looks_wrong_is_suspect(row: str, message: str) -> None:
    text = (FACTS / f"ibm-cloud-ranges-{NEWEST}.csv").read_text(encoding="utf-8")
    before = find_suspects(read(text).rows, choose_base(NEWEST))

    after = find_suspects(read(f"{text}{row},\n").rows, choose_base(NEWEST))

    assert message in [p.message for p in after if p not in before]
    assert len(after) - len(before) <= 2


def test_what_the_facts_call_suspect_is_found() -> None:
    found = find_suspects(
        read((FACTS / f"ibm-cloud-ranges-{NEWEST}.csv").read_text(encoding="utf-8")).rows, choose_base(NEWEST)
    )
    for name in (
        "fra05 166.0.32.0/23",
        "wdc07 10.200.90.0/24",
        "syd04 130.198.64.0/18",
        "fra04 10.201.110.0/24",
    ):
        assert any(p.message.startswith(f"{name} ") for p in found)
    assert [p.message for p in found if not p.message.endswith(f"; edition {NEWEST} has this too")] == [
        "dal13 10.200.142.0/24 is in the table of file and block storage services twice; kept once"
    ]
    assert len(found) == 11


def test_a_table_that_lost_rows_is_suspect() -> None:
    lines = (FACTS / f"ibm-cloud-ranges-{NEWEST}.csv").read_text(encoding="utf-8").splitlines()
    left = [
        line for line in lines if not line.startswith(("ssl-vpn", "load-balancer,d", "load-balancer,w", "legacy,,,,12"))
    ]

    found = find_suspects(read("\n".join(left)).rows, choose_base("2026-06-09"))

    assert [p.message for p in found if p.line is None] == [
        f"load-balancer: 23 rows; edition {NEWEST} has 39",
        f"ssl-vpn: 0 rows; edition {NEWEST} has 33",
    ]


# -- hostile and huge


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\n\n",
        b"hello",
        b"\xff\xfe\x00",
        b"a\x00b",
        b"PK\x03\x04zip",
        b"---\nlastupdated: x\n---",
        b"|\n|\n|\n",
        b"<table><tr><td colspan=99999999999>10.0.0.0/8",
        b"<!DOCTYPE html>" + b"<table>" * 5000,
        b"category,cidr\n",
        b"<html>" + b"<!-" * 5000,
        b"\x80\x81",
    ],
)
def test_what_holds_no_range_is_rejected(data: bytes) -> None:
    try:
        reading = read_published(data)
    except SourceError:
        pass
    else:
        assert reading.problems
        assert not reading.rows


def test_huge_and_repeated_text_takes_memory_and_time_in_proportion() -> None:
    cell = "<tr>" + "<td colspan=1000 rowspan=1000>10.0.0.0/8" * 50
    for text in (
        "## Service network\n" + HEAD + "|[" * 400_000,
        "## Service network\n" + HEAD + "|dal10|" + "{{" * 400_000,
        "## Service network\n" + HEAD + "|dal10|a|b|c|" + "1.1.1.1/" * 100_000,
        "x" * 3_000_000 + " 10.1.2.3",
        "<html><h2>Service network</h2><table>" + cell * 200,
        "<html>" + "<td>" * 200_000,
        "<html><p>" + "1." * 500_000,
    ):
        with suppress(SourceError):
            assert len(read(text).rows) < 20_001
    many = "category,cidr\n" + "".join(f"legacy,9.{n >> 16}.{n >> 8 & 255}.{n & 255}/32\n" for n in range(30_000))
    with pytest.raises(SourceError, match="1 problems"):
        read(many)
    with pytest.raises(SourceError, match="1 problems"):
        read("#\n" * 4_500_000)


def test_mutated_pages_are_read_or_rejected_and_never_fail() -> None:
    chance = random.Random(7)
    pages = [PAGE.decode(), page_of("2018-11-30", "html")[:9000], HTML]
    for _ in range(150):
        text = list(chance.choice(pages))
        for _ in range(chance.randint(1, 30)):
            at = chance.randrange(len(text))
            text[at : at + chance.choice((0, 1, 1, 40))] = chance.choice(["", "|", "<", ">", "/", "\n", "0", "td", "é"])
        try:
            reading = read("".join(text))
        except SourceError:
            continue
        find_suspects(reading.rows, choose_base(reading.head.date))
