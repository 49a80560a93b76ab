"""Tables as people write them: any columns, titles above, ranges of addresses, sizes in place of ranges, workbooks."""

from __future__ import annotations

import io
import zipfile
from typing import Any

import openpyxl
import pytest
import tomli

from ipplan.importers import Options, SourceError, read_source
from ipplan.importers.plan_text import make_plan
from ipplan.plan.load import parse_plan


def plan_of(text: str | bytes, source: str = "auto", **options: Any) -> dict[str, Any]:
    """Return the document of the plan that comes of a table; it can be read."""
    data = text.encode() if isinstance(text, str) else text
    made = make_plan([read_source(source, data, "x", Options(**options))], None).text
    parse_plan(made.encode(), "x")
    return tomli.loads(made)


def avoided(text: str | bytes, **options: Any) -> list[tuple[str, str | None]]:
    return [(a["cidr"], a.get("reason")) for a in plan_of(text, **options).get("avoid", [])]


def problems(text: str | bytes, source: str = "auto", **options: Any) -> list[tuple[int | None, str]]:
    with pytest.raises(SourceError) as caught:
        read_source(source, text.encode() if isinstance(text, str) else text, "x", Options(**options))
    return [(problem.line, problem.message) for problem in caught.value.problems]


def workbook(**sheets: list[list[Any]]) -> bytes:
    book = openpyxl.Workbook()
    assert book.active is not None
    book.remove(book.active)
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(row)
    data = io.BytesIO()
    book.save(data)
    return data.getvalue()


# -- cells ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("cidr,name,site\n10.20.0.0/24,Users,fra02\n", "Users: site fra02"),
        ("cidr,name,Datacenter\n10.20.0.0/24,Users,fra02\n", "Users: datacenter fra02"),
        ("name,display name,title,cidr\na,b,c,10.20.0.0/24\n", "a: display name b; title c"),
        ("cidr,notes,,x\n10.20.0.0/24,n,o,p\n", "n; column 3 o; x p"),
        ("cidr,note,note\n10.20.0.0/24,one,two\n", "one; two"),
        (
            "prefix,status,location,namespace\n10.20.0.0/24,Active,Dallas,Global\n",
            "status Active; namespace Global; location Dallas",
        ),
        ("prefix,status,vrf,cf_owner\n10.20.0.0/24,Reserved,red,ann\n", "vrf red; cf owner ann"),
    ],
)
def test_every_cell_of_a_row_without_a_kind_is_in_the_reason(text: str, expected: str) -> None:
    document = plan_of(text)
    assert [(a["cidr"], a["reason"]) for a in document["avoid"]] == [("10.20.0.0/24", expected)]
    assert document["plan"] == {}


def test_every_cell_of_a_network_is_name_description_key_or_label() -> None:
    text = (
        "Name,Display Name,Kind,CIDR,Cost Center,VLAN,Site,Status,Gateway,Owner,Comment\n"
        "web,Web Tier,vcs-vm,10.20.0.0/24,4711,12,fra02,live,10.20.0.1,ann,shop\n"
        "db,,vcs-vm,10.20.1.0/24,,Servers (7),,In use,none,,\n"
    )
    assert plan_of(text)["networks"] == {
        "web": {
            "kind": "vcs-vm",
            "cidr": "10.20.0.0/24",
            "vlan": 12,
            "status": "live",
            "description": "shop",
            "labels": {"site": "fra02", "display-name": "Web Tier", "cost-center": "4711", "owner": "ann"},
            "addresses": {"gateway": "10.20.0.1"},
        },
        "db": {
            "kind": "vcs-vm",
            "cidr": "10.20.1.0/24",
            "labels": {"vlan": "Servers (7)", "status": "In use", "gateway": "none"},
        },
    }


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("10.1.2.0 /24", ["10.1.2.0/24"]),
        ("10.1.2.0 255.255.255.0", ["10.1.2.0/24"]),
        ("10.1.2.0/255.255.255.0", ["10.1.2.0/24"]),
        ("10.1.2.0-10.1.3.255", ["10.1.2.0/23"]),
        ("10.1.2.0 - 10.1.2.255", ["10.1.2.0/24"]),
        ("10.1.2.10\u201310.1.2.12", ["10.1.2.10/31", "10.1.2.12/32"]),
        ("10.1.2.10-12", ["10.1.2.10/31", "10.1.2.12/32"]),
        ("fd00::1-fd00::2", ["fd00::1/128", "fd00::2/128"]),
        ("10.1.2.0 to 10.1.2.255", ["10.1.2.0/24"]),
        ("10.1.2.0~10.1.2.255", ["10.1.2.0/24"]),
        ('="10.1.2.0/24"', ["10.1.2.0/24"]),
        ('"=""10.1.2.0/24"""', ["10.1.2.0/24"]),
        ("10.1.2.0\u00a0/24", ["10.1.2.0/24"]),
        ("\u200b10.1.2.0/24\ufeff", ["10.1.2.0/24"]),
        ('"10.1.2.0/24, 10.1.4.0-10.1.4.255"', ["10.1.2.0/24", "10.1.4.0/24"]),
        ('"10.1.2.0/24\n10.1.4.0/24"', ["10.1.2.0/24", "10.1.4.0/24"]),
        ("10.1.2.0/24 (office)", ["10.1.2.0/24"]),
        ("10.1.2.0/24 # office", ["10.1.2.0/24"]),
    ],
)
def test_a_range_is_read_in_the_ways_in_which_people_write_it(cell: str, expected: list[str]) -> None:
    assert [cidr for cidr, _ in avoided(f"cidr,name\n{cell},x\n")] == expected


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("network,mask,name\n10.20.1.0,,x\n", 2, 'the row has no mask, and "10.20.1.0" has no prefix length'),
        ("cidr\n10.1.2.9-10.1.2.1\n", 2, "is not a valid range"),
        ("cidr\n10.1.2.9-fd00::1\n", 2, "is not a valid range"),
        ("cidr,kind\n10.1.2.1-10.1.2.9,vcs-vm\n", 2, "is 4 prefixes"),
        ("cidr\n10.1.2.0 /33\n", 2, "is not a valid prefix"),
        ("name,kind,hosts\nx,vcs-vms,10\n", 2, 'the row has no cidr, and "vcs-vms" is not a kind'),
        ("name,kind,hosts\nx,vcs-vm,many\n", 2, 'hosts "many" is not a valid number of hosts'),
        ("name,kind,hosts,prefix\nx,vcs-vm,10,24\n", 2, "asks for /24 and for 10 hosts"),
        ("name,kind,prefix\nx,vcs-vm,200\n", 2, 'prefix "200" is not a valid prefix length'),
        ("name,kind,prefix,grow to\nx,vcs-vm,24,big\n", 2, 'grow-to "big" is not a valid prefix length'),
        (
            f"name,kind,cidr,x\na,vcs-vm,10.1.0.0/24,{'y' * 501}\n",
            2,
            "x has 501 characters; a label holds at most 500",
        ),
        ("name,kind,cidr\nx,enterprise,\n", 2, "networks of the enterprise exist already"),
    ],
)
def test_a_cell_that_is_wrong_is_reported_with_its_line(text: str, line: int, message: str) -> None:
    found = problems(text)
    assert [place for place, _ in found] == [line]
    assert message in found[0][1]


def test_every_address_of_all_is_skipped_and_counted() -> None:
    observed = read_source("auto", b"prefix,status\n0.0.0.0/0,Active\n::/0,Active\n10.1.0.0/16,Active\n", "x")
    made = make_plan([observed], None)
    assert made.everything == ("0.0.0.0/0", "::/0")
    assert [a["cidr"] for a in tomli.loads(made.text)["avoid"]] == ["10.1.0.0/16"]


# -- containers and address spaces ---------------------------------------------------------------------------


def test_a_container_with_rows_inside_is_a_candidate_pool_and_not_avoided() -> None:
    text = (
        "prefix,status\n10.0.0.0/8,Container\n10.224.0.0/16,Container\n10.224.1.0/24,Active\n10.224.2.0/24,Active\n"
        "10.9.0.0/16,Container\n"
    )
    made = make_plan([read_source("auto", text.encode(), "x")], None)
    assert [a["cidr"] for a in tomli.loads(made.text)["avoid"]] == [
        "10.224.1.0/24",
        "10.224.2.0/24",
        "10.9.0.0/16",
    ]
    assert [str(prefix) for prefix in made.containers] == ["10.0.0.0/8", "10.224.0.0/16"]
    assert '# These containers can be pools to allocate from: byoip = ["10.0.0.0/8", "10.224.0.0/16"]' in made.text


SPACES = "prefix,status,vrf,role,description\n10.1.0.0/24,Active,red,vcs-vm,a\n10.1.0.0/24,Active,blue,vcs-vm,b\n"


def test_one_prefix_in_two_vrfs_is_two_networks() -> None:
    found = plan_of(SPACES)["networks"]
    assert [(name, n["labels"]) for name, n in found.items()] == [
        ("a", {"vrf": "red"}),
        ("b", {"vrf": "blue"}),
    ]


def test_vrfs_become_edges_when_asked() -> None:
    document = plan_of(SPACES, source="netbox", columns=(("edge", "VRF"),))
    assert {n["edge"] for n in document["networks"].values()} == set(document["edges"]) == {"red", "blue"}


def test_the_same_row_twice_is_one_network() -> None:
    line = "10.1.0.0/24,Active,red,vcs-vm,a\n"
    made = make_plan([read_source("auto", f"prefix,status,vrf,role,description\n{line}{line}".encode(), "x")], None)
    assert (made.networks, made.duplicates) == (1, 1)


# -- what people write into cells -----------------------------------------------------------------------------


def test_a_comment_after_a_prefix_is_kept() -> None:
    assert avoided("cidr,name\n10.1.0.0/24 (office),x\n") == [("10.1.0.0/24", "x: office")]


def test_several_ranges_in_a_cell_are_not_a_network() -> None:
    ((line, message),) = problems('cidr,kind\n"10.1.0.0/24, 10.2.0.0/24",vcs-vm\n')
    assert line == 2
    assert message.endswith("lists 2 ranges, and a network of kind vcs-vm has one range")


def test_a_cell_that_says_that_there_is_nothing_is_not_a_value() -> None:
    text = (
        "name,kind,cidr,hosts,cluster,edge,vlan\nweb,vcs-vm,TBD,50,-,n/a,VLAN 100\ndb,vcs-vm,10.1.0.0/24,-,\u2014,-,-\n"
    )
    document = plan_of(text)
    assert document["networks"] == {
        "web": {"kind": "vcs-vm", "hosts": 50, "vlan": 100},
        "db": {"kind": "vcs-vm", "cidr": "10.1.0.0/24"},
    }
    assert not {"edges", "clusters"} & document.keys()
    assert problems("cidr,name\nn/a,x\n") == [(2, "the row has no cidr")]


@pytest.mark.parametrize("cell", ["2026-01-10 00:00:00", "10-Jan", "10.1", "1.5E+10", "19216800024", "#REF!"])
def test_a_cell_that_a_spreadsheet_changed_is_reported_with_what_to_do(cell: str) -> None:
    with pytest.raises(SourceError) as caught:
        read_source("csv", f"cidr,name\n{cell},x\n".encode(), "x")
    (problem,) = caught.value.problems
    assert problem.line == 2
    assert problem.help is not None
    assert "enter the value" in problem.help


def test_addresses_of_hosts_are_named_addresses_or_avoided() -> None:
    # The form of a plan of hosts: https://github.com/anstarik/documents, IP-Plan.xlsx.
    hosts = read_source("auto", b"name,ip\nweb1,10.1.0.5\nold,10.9.0.7\n", "hosts")
    net = read_source("auto", b"name,kind,cidr\nweb,vcs-vm,10.1.0.0/24\n", "nets")
    document = tomli.loads(make_plan([net, hosts], None).text)
    assert document["networks"]["web"]["addresses"] == {"web1": "10.1.0.5"}
    assert document["avoid"] == [{"cidr": "10.9.0.7/32", "reason": "old"}]
    assert hosts.notes == ("2 rows without a prefix length or mask: read as single addresses, not as networks",)
    # A network without its length is no address.
    for text in ("cidr,name\n10.1.0.5,x\n", "ip,name\n10.1.0.0,x\n10.1.0.5,y\n", "ip,mask\n10.1.0.5,\n"):
        assert problems(text)


# -- headers -------------------------------------------------------------------------------------------------

FRENCH = (
    "Plan d'adressage\n\nRéseau;Adresse;Masque;Passerelle\nBüro;10.1.0.0;255.255.255.0;10.1.0.1\n"
    "Section B;;;\nLabo;10.2.0.0;255.255.0.0;10.2.0.1\nTotal;;2;\n"
)


def test_a_table_in_another_language_is_read_by_what_its_columns_hold() -> None:
    rows = FRENCH.split("\n", 2)[2].replace("Section B;;;\n", "").replace("Total;;2;\n", "")
    assert avoided(rows) == [
        ("10.1.0.0/24", "reseau Büro; passerelle 10.1.0.1"),
        ("10.2.0.0/16", "reseau Labo; passerelle 10.2.0.1"),
    ]


@pytest.mark.parametrize(
    "text",
    [
        # Calculators of subnets: https://github.com/HxnDev/CISCO-Packet-Tracer-Tupology-Using-DHCP, subnets.xlsx,
        # https://github.com/YasykurKhalis/Jarkom-Modul-5-2025-K50, VLSM.xlsx; SolarWinds has its CIDR as a length.
        "Subnet,Size,Address,Mask,Range\nA,254,10.1.0.0,/24,10.1.0.1 - 10.1.0.254\n",
        "Label,Network ID,CIDR,Netmask,Range\nA,10.1.0.0,/24,255.255.255.0,.1 - .254\n",
        "Nama,Alamat,CIDR\nA,10.1.0.0,/24\n",
        "Subnet Address,Subnet CIDR,Subnet Mask,Display Name\n10.1.0.0,24,255.255.255.0,A\n",
        "Network,Address,Netmask\nOffice,10.1.0.0,255.255.255.0\n",
        "Range,CIDR\n10.1.0.1-10.1.0.9,10.1.0.0/24\n",
    ],
)
def test_the_column_of_ranges_is_the_one_that_holds_them(text: str) -> None:
    assert [cidr for cidr, _ in avoided(text)] == ["10.1.0.0/24"]


def test_a_header_that_is_repeated_and_comments_are_skipped_and_reported() -> None:
    # The form of https://github.com/ariaarmani/evpn-vxlan-interoperability, IP Plan.xlsx.
    text = "# ours; 2024\nHost,IP Range,Mask\na,10.0.0.0,/30\nHost,IP Range,Mask\n# old, 10.9\nb,10.10.10.1,/32\n"
    observed = read_source("auto", text.encode(), "x")
    assert [str(row.prefix) for row in observed.rows] == ["10.0.0.0/30", "10.10.10.1/32"]
    assert [(left.line, left.why) for left in observed.skipped] == [
        (1, "it is a comment"),
        (4, "it repeats the header"),
        (5, "it is a comment"),
    ]
    assert avoided("#,cidr\n#1,10.1.0.0/24\n") == [("10.1.0.0/24", "column 1 #1")]


def test_a_title_with_another_delimiter_does_not_tell_that_of_the_table() -> None:
    assert avoided("Plan, 2024\nname;cidr\na;10.1.0.0/24\n", skip_rows=1) == [("10.1.0.0/24", "a")]


def test_empty_columns_at_the_end_are_none() -> None:
    observed = read_source("auto", b"cidr,name,,,\n10.1.0.0/24,x,,y,\n", "x")
    assert [use.use for use in observed.columns] == ["cidr", "name", "label column-3", "label column-4"]


def test_lines_above_and_between_are_reported_and_skipped_only_when_asked() -> None:
    (found,) = problems(FRENCH)
    assert found == (1, "the first line names no known column; line 3 may be the header")
    observed = read_source("auto", FRENCH.encode(), "x", Options(lenient=True))
    assert [(row.line, row.text) for row in observed.skipped] == [
        (1, "Plan d'adressage"),
        (5, "Section B"),
        (7, "Total, 2"),
    ]
    assert [str(row.prefix) for row in observed.rows] == ["10.1.0.0/24", "10.2.0.0/16"]


def test_columns_can_be_named() -> None:
    columns = (("cidr", "adresse"), ("mask", "3"), ("name", "Réseau"))
    text = FRENCH.replace("Section B;;;\n", "").replace("Total;;2;\n", "")
    found = avoided(text, skip_rows=2, columns=columns)
    assert found == [
        ("10.1.0.0/24", "Büro: passerelle 10.1.0.1"),
        ("10.2.0.0/16", "Labo: passerelle 10.2.0.1"),
    ]
    ((line, message),) = problems(text, skip_rows=2, columns=(("cidr", "Adress"),))
    assert (line, message) == (3, 'the table has no column "Adress" for cidr')


@pytest.mark.parametrize(
    "text",
    [
        "10.1.0.0/16\n10.2.3.0/24\n",
        "10.1.0.0/16 # office\n\n10.2.3.0/24\n",
        "10.1.0.0-10.1.255.255\n10.2.3.0/24\n",
    ],
)
def test_a_bare_list_of_prefixes_is_read_with_a_note(text: str) -> None:
    observed = read_source("auto", text.encode(), "x")
    assert [str(row.prefix) for row in observed.rows] == ["10.1.0.0/16", "10.2.3.0/24"]
    assert observed.notes[0] == "the file has no line that names its columns"


def test_a_geofeed_is_read_without_a_header() -> None:
    # RFC 8805, 2.1.1; https://github.com/Full-Fibre/geofeed and https://github.com/KincaidYang/Geofeed have this form.
    text = "# ours\r\n192.0.2.0/24,,,,\r\n2001:db8::/32,GB,GB-DBY,Belper,\r\n198.51.100.7,US,,,\r\n"
    assert avoided(b"\xef\xbb\xbf" + text.encode()) == [
        ("192.0.2.0/24", None),
        ("2001:db8::/32", "country GB; region GB-DBY; city Belper"),
        ("198.51.100.7/32", "country US"),
    ]


def test_a_table_without_a_header_is_read_when_its_columns_are_numbered() -> None:
    assert avoided("office,10.1.0.0/16\n", source="csv", columns=(("cidr", "2"), ("name", "1"))) == [
        ("10.1.0.0/16", "office")
    ]


# -- sizes in place of ranges ----------------------------------------------------------------------------------

WISHES = """\
name,kind,cluster,edge,hosts,prefix,grow-to,group,pool,addresses,labels,vlan,status,description
web,vcs-vm,,dallas,"1,000",,21,shop,10.224.0.0/11,gateway=#1; last=#-1,"team=erp; ticket=NET-1",100,planned,Web tier
icp-pods,icp-pod,icp-a,dallas,,16,,,,,,,,
icp-workers,icp-worker,icp-a,dallas,60,,,,,,,,,
iks,iks-worker-private,iks-a,,,26,,,,,,,ordered,
db,vcs-vm,,dallas,,,,,,,,,,
old,vcs-vm,,dallas,,,,,,,,,retired,
"""


def test_a_table_of_wishes_is_a_plan_to_allocate() -> None:
    document = plan_of(WISHES)
    assert document["plan"] == {"byoip": ["10.224.0.0/11"]}
    assert document["clusters"] == {
        "icp-a": {"platform": "icp", "edge": "dallas"},
        "iks-a": {"platform": "iks"},
    }
    assert document["edges"] == {"dallas": {}}
    assert document["networks"] == {
        "web": {
            "kind": "vcs-vm",
            "edge": "dallas",
            "hosts": 1000,
            "grow-to": 21,
            "group": "shop",
            "pool": "10.224.0.0/11",
            "addresses": {"gateway": 1, "last": -1},
            "labels": {"team": "erp", "ticket": "NET-1"},
            "vlan": 100,
            "status": "planned",
            "description": "Web tier",
        },
        "icp-pods": {"kind": "icp-pod", "cluster": "icp-a", "prefix": 16},
        "icp-workers": {"kind": "icp-worker", "cluster": "icp-a", "hosts": 60},
        "iks": {"kind": "iks-worker-private", "cluster": "iks-a", "prefix": 26, "status": "ordered"},
        "db": {"kind": "vcs-vm", "edge": "dallas"},
        "old": {"kind": "vcs-vm", "edge": "dallas", "status": "retired"},
    }


def test_a_prefix_next_to_an_address_is_its_length_and_alone_it_is_a_size() -> None:
    text = "name,kind,cidr,prefix\na,vcs-vm,10.1.0.0,24\nb,vcs-vm,,26\n"
    networks = plan_of(text)["networks"]
    assert networks == {"a": {"kind": "vcs-vm", "cidr": "10.1.0.0/24"}, "b": {"kind": "vcs-vm", "prefix": 26}}


# -- workbooks -------------------------------------------------------------------------------------------------


def test_a_workbook_is_read_like_a_table() -> None:
    data = workbook(
        Plan=[
            ["name", "kind", "cidr", "hosts"],
            ["web", "vcs-vm", None, 100.0],
            [None],
            ["db", "vcs-vm", "10.1.0.0/24"],
        ]
    )
    observed = read_source("auto", data, "x")
    assert [(wish.name, wish.hosts, wish.line) for wish in observed.wishes] == [("web", 100, 2)]
    assert [(row.name, row.cidr, row.line) for row in observed.rows] == [("db", "10.1.0.0/24", 4)]


def test_cells_without_a_value_are_not_columns() -> None:
    """LibreOffice stores styled cells up to the last column."""
    blank = [""] * 1000
    observed = read_source("auto", workbook(Plan=[["name", "cidr", *blank], ["web", "10.1.0.0/24", *blank]]), "x")
    assert [column.title for column in observed.columns] == ["name", "cidr"]


def test_one_of_several_sheets_is_named_or_is_that_of_the_networks() -> None:
    table: list[list[Any]] = [["cidr"], ["10.1.0.0/16"]]
    other: list[list[Any]] = [["cidr"], ["10.2.0.0/16"]]
    assert problems(workbook(One=table, Two=other)) == [(None, 'the workbook has 2 sheets: "One", "Two"')]
    assert avoided(workbook(One=table, Two=other), sheet="two") == [("10.2.0.0/16", None)]
    assert avoided(workbook(One=table, Empty=[])) == [("10.1.0.0/16", None)]
    assert avoided(workbook(About=[["text"]], Networks=table)) == [("10.1.0.0/16", None)]
    assert problems(workbook(One=table), sheet="On") == [(None, 'the workbook has no sheet "On"')]


def with_rows(rows: str) -> bytes:
    """Return a workbook whose sheet has a header `cidr, name` and these rows of XML."""
    title = '<c t="inlineStr"><is><t>{}</t></is></c>'
    head = f'<row r="1">{title.format("cidr")}{title.format("name")}</row>'
    data = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(workbook(One=[]))) as old,
        zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as new,
    ):
        for part in old.namelist():
            text = old.read(part)
            if part.startswith("xl/worksheets/sheet"):
                main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
                text = f'<worksheet xmlns="{main}"><sheetData>{head}{rows}</sheetData></worksheet>'.encode()
            new.writestr(part, text)
    return data.getvalue()


def test_a_formula_without_its_value_is_reported_with_its_cell() -> None:
    row = '<row r="2"><c r="A2" t="str"><f>X1</f><v>10.1.0.0/24</v></c><c r="B2" t="str"><f>X2</f>{}</c></row>'
    assert problems(with_rows(row.format(""))) == [(2, "cell B2 has a formula, and the file does not have its value")]
    assert avoided(with_rows(row.format("<v></v>"))) == [("10.1.0.0/24", None)]


def test_a_sheet_is_read_to_its_last_cell_and_not_beyond() -> None:
    address = '<row r="2"><c r="A2" t="str"><v>10.1.0.0/24</v></c></row>'
    far = '<row r="3"><c r="{}3"><v>1</v></c></row>'
    assert problems(with_rows(address + far.format("ZZZ"))) == [
        (3, "the line has 18,278 columns; ipplan reads at most 1,024")
    ]
    assert "at most 1,048,576 rows" in problems(with_rows(address + '<row r="4000000000"/>'))[0][1]
    rows = "".join(f'<row r="{n}"/>' for n in range(3, 100_000))
    assert avoided(with_rows(address + rows)) == [("10.1.0.0/24", None)]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("cidr" + ",c" * 2000 + "\n10.1.0.0/24\n", "the line has 2,001 columns; ipplan reads at most 1,024"),
        ("cidr\n" + "," * (1 << 21) + "\n", "the line has 2,097,153 columns; ipplan reads at most 1,024"),
        ("cidr," + "x" * (1 << 25) + "\n", "the line has 33,554,438 characters; ipplan reads at most 16,777,216"),
    ],
)
def test_a_table_of_excessive_size_is_rejected(text: str, message: str) -> None:
    assert message in problems(text, "csv")[0][1]


def test_a_workbook_that_is_broken_or_too_large_unpacked_is_rejected() -> None:
    good = workbook(One=[["cidr"], ["10.1.0.0/16"]])
    for cut in (100, len(good) // 2):
        assert problems(good[:cut].ljust(cut + 4, b"\0") + b"xl/", "csv")[0][1].startswith(
            "the workbook cannot be read"
        )
    bomb = io.BytesIO()
    with (
        zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive,
        archive.open("xl/workbook.xml", "w", force_zip64=True) as part,
    ):
        for _ in range(1100):
            part.write(bytes(1 << 20))
    assert "MiB unpacked" in problems(bomb.getvalue(), "csv")[0][1]


def test_without_openpyxl_the_message_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "openpyxl", None)
    ((_, message),) = problems(workbook(One=[["cidr"], ["10.1.0.0/16"]]), "csv")
    assert "openpyxl" in message
