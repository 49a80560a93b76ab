"""The sheet of networks to fill in: `ipplan init --table` writes it, and `ipplan import` makes a plan from it.

A row is a network: its kind, and its range, or a size where the range is still to be allocated or ordered.
"""

from __future__ import annotations

import csv
import io

from ipplan.exporters import ExportError
from ipplan.plan.kinds import KINDS

SHEET = "Networks"
"""The sheet that import reads."""
COLUMNS = (
    ("name", "name of the network, unique"),
    ("kind", "what it is for; the sheet Kinds lists the kinds"),
    ("cluster", "its cluster, for kinds of IKS and ICP"),
    ("edge", "the NSX edge that it is behind, if there are several"),
    ("site", "the site of an enterprise network, if there are several"),
    ("data-center", "its IBM Cloud data center, such as dal10"),
    ("cidr", "its range, if it has one"),
    ("prefix", "or its size, as a prefix length"),
    ("hosts", "or its size, as a number of hosts, without gateway, network and broadcast address"),
    ("grow-to", "keep room so that it can grow to this prefix length"),
    ("group", "networks of a group are allocated under one prefix, so that one route reaches them"),
    ("pool", "allocate it only from this pool"),
    ("addresses", "named addresses: gateway=#1; last=#-1; vip=10.1.0.5"),
    ("vlan", "its VLAN ID"),
    ("status", "planned, ordered, live or retired"),
    ("labels", "anything else: team=erp; ticket=NET-12. Further columns become labels too"),
    ("description", "what it is for, in words"),
)
"""Each column with its meaning."""
_EXAMPLES: tuple[dict[str, str], ...] = (
    {
        "name": "vm-web",
        "kind": "vcs-vm",
        "edge": "dallas",
        "hosts": "100",
        "grow-to": "24",
        "group": "shop",
        "labels": "team=shop",
        "status": "planned",
        "description": "web tier",
    },
    {
        "name": "vm-db",
        "kind": "vcs-vm",
        "edge": "dallas",
        "prefix": "26",
        "group": "shop",
        "labels": "team=shop",
        "description": "database tier",
    },
    {"name": "transit", "kind": "vcs-transit", "edge": "dallas", "prefix": "28", "description": "ESG to DLR"},
    {"name": "icp-pods", "kind": "icp-pod", "cluster": "icp", "prefix": "16"},
    {"name": "icp-services", "kind": "icp-service", "cluster": "icp", "prefix": "22"},
    {
        "name": "icp-workers",
        "kind": "icp-worker",
        "cluster": "icp",
        "edge": "dallas",
        "hosts": "30",
        "addresses": "gateway=#1; master-vip=#10; proxy-vip=#11",
    },
    {"name": "iks-pods", "kind": "iks-pod", "cluster": "iks", "description": "no size: the default of IKS"},
    {"name": "iks-services", "kind": "iks-service", "cluster": "iks"},
    {
        "name": "iks-workers",
        "kind": "iks-worker-private",
        "cluster": "iks",
        "prefix": "26",
        "status": "ordered",
        "description": "IBM Cloud provides it",
    },
    {"name": "esg-public", "kind": "vcs-esg-public", "edge": "dallas", "prefix": "28", "status": "ordered"},
    {
        "name": "office",
        "kind": "enterprise",
        "cidr": "192.168.10.0/24",
        "description": "exists already, so it states its range",
    },
)


def _rows() -> list[list[str]]:
    return [[row.get(title, "") for title, _ in COLUMNS] for row in _EXAMPLES]


def wish_csv() -> str:
    """Return the sheet as CSV, with examples to replace."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow([title for title, _ in COLUMNS])
    writer.writerows(_rows())
    return text.getvalue()


def wish_workbook() -> bytes:
    """Return the sheet as an Excel workbook, with two more sheets that explain columns and kinds.

    Raises ExportError where XlsxWriter is missing.
    """
    try:
        import xlsxwriter
    except ImportError:
        raise ExportError("a workbook needs XlsxWriter", "pip install 'ipplan[xlsx]', or name a .csv") from None
    kinds = [[kind.name, kind.title, _provider(kind.provider)] for kind in KINDS.values()]
    data = io.BytesIO()
    with xlsxwriter.Workbook(data, {"in_memory": True, "strings_to_formulas": False}) as book:
        head = book.add_format({"bold": True, "bg_color": "#D9E1F2", "bottom": 1})
        for name, titles, rows in (
            (SHEET, [title for title, _ in COLUMNS], _rows()),
            ("Columns", ["column", "what it states"], [list(pair) for pair in COLUMNS]),
            ("Kinds", ["kind", "what it is for", "who provides its range"], kinds),
        ):
            page = book.add_worksheet(name)
            page.freeze_panes(1, 0)
            for column, title in enumerate(titles):
                longest = max(len(title), *(len(row[column]) for row in rows))
                page.set_column(column, column, min(longest + 2, 80))
                page.write_string(0, column, title, head)
            for number, row in enumerate(rows, 1):
                for column, cell in enumerate(row):
                    if cell.isdigit():
                        page.write_number(number, column, int(cell))
                    elif cell:
                        page.write_string(number, column, cell)
            if name == SHEET:
                place = next(i for i, (title, _) in enumerate(COLUMNS) if title == "kind")
                page.data_validation(
                    1,
                    place,
                    10_000,
                    place,
                    {"validate": "list", "source": f"=Kinds!$A$2:$A${len(kinds) + 1}"},
                )
    return data.getvalue()


def _provider(provider: str) -> str:
    words = {"ibm": "IBM Cloud", "byoip": "the enterprise (BYOIP)", "enterprise": "the enterprise"}
    return words.get(provider, "the platform, by default")
