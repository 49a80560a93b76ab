"""Every target with arbitrary text as names: its file is well-formed for a reader of its format."""

from __future__ import annotations

import csv
import io
import json
import re
import shutil
import subprocess
import xml.etree.ElementTree as ET
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from ipplan.catalog import load_catalog
from ipplan.cli.settle import settle
from ipplan.exporters import TARGETS, ExportError, Options, Request, export
from ipplan.landscape import Landscape
from ipplan.plan.load import parse_plan
from ipplan.plan.toml_text import quote

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

SAMPLES = Path(__file__).parent.parent.parent / "sample-plans"
BGP = 'iks-vcs = "bgp"\nesg-asn = 64998\niks-asn = 64999'
REFERENCE = (SAMPLES / "reference-architecture.toml").read_text("utf-8")
PLANS = {
    "reference": REFERENCE,
    "bgp": REFERENCE.replace('iks-vcs = "strongswan"', BGP),
    "three-sites": (SAMPLES / "three-sites.toml").read_text("utf-8"),
}
WORDS = [
    "acme --- prod",
    "--",
    "-----",
    "-",
    "-->",
    "]]>",
    "<a href='x'>&amp;",
    '"',
    "'",
    "\\",
    '\\"',
    "$(touch hacked)",
    "`id`",
    "#",
    " # x",
    ": ",
    "{{ x }}",
    "${x}",
    "%{x}",
    "=1+1",
    "@SUM",
    "\n",
    "\r\n",
    "\t",
    "|",
    ";",
    "!",
    "'''",
    '"""',
    "...",
    "---",
    "null",
    "~",
    "*a",
    "&a",
    "? x",
    "\x00",
    "\x1b[2J",
    "\x7f",
    "\x85",
    "\xad",
    "\u2028",
    "\u202e",
    "\ufeff",
    "\ufffe",
    "\uffff",
    "\U0001fffe",
    "\U000e0001",
    "\U0001f98a",
    "\u6771",
    "\\\n",
    "\\u0022",
    "\\",
    "'; rm -rf /; '",
    "*/",
    "/*",
    "//",
    "EOF",
    "%",
    "[x]",
    "{x}",
]
NAMED = re.compile(r"(?m)^\[(?:networks|clusters|edges|sites)\.([a-z0-9-]+)\]")


def renamed(text: str, word: str) -> str:
    """Return a plan with the word in every name and text that people choose."""

    def put(pattern: str, start: str, old: str | None, end: str = "") -> None:
        nonlocal text

        def make(found: re.Match[str]) -> str:
            return found[1] + start + quote((found[2] if old is None else old) + word) + end

        text = re.sub(pattern, make, text)

    for name in dict.fromkeys(NAMED.findall(text)):
        put(rf"(?m)^(\[(?:networks|clusters|edges|sites)\.){name}\]", "", name, "]")
        put(rf'((?:(?<!kind) = |[\[,] ?))"{name}"', "", name)
    put(r'(?m)^(name|description|reason|owner) = ".*"$', " = ", "")
    put(r'(?m)^(group) = "(.*)"$', " = ", None)
    return text


def exports(text: str) -> Iterator[tuple[str, str | bytes]]:
    """Yield each file of each target of a plan, for every cluster, edge and site that options can choose."""
    catalog = load_catalog()
    plan = settle(parse_plan(text.encode(), "plan.toml"), catalog)
    landscape = Landscape(plan, catalog)
    choices = [
        Options(),
        *(Options(cluster=name) for name in plan.clusters),
        *(Options(edge=end.name) for end in landscape.ends.edges if end.name),
        *(Options(site=end.name) for end in landscape.ends.sites if end.name),
    ]
    for target in TARGETS.values():
        for options in choices:
            try:
                yield target.name, export(target, Request(landscape, options))
            except ExportError:
                continue


class AnsibleLoader(yaml.SafeLoader):
    """Reads the tag of Ansible for strings that are not templates."""


AnsibleLoader.add_constructor("!unsafe", AnsibleLoader.construct_yaml_str)  # type: ignore[type-var]


def read_yaml(text: str) -> None:
    assert list(yaml.load_all(text, AnsibleLoader))


def read_xml(text: str) -> None:
    # expat lets two hyphens in a comment pass, and the specification does not.
    for comment in re.findall(r"(?s)<!--(.*?)-->", text):
        assert "--" not in comment
        assert not comment.endswith("-")
    ET.fromstring(text)


def read_csv(text: str) -> None:
    rows = list(csv.reader(io.StringIO(text), strict=True))
    assert {len(row) for row in rows} == {4}
    assert not any(cell.startswith(("=", "+", "-", "@", "\t", "\r")) for row in rows for cell in row)


def read_shell(text: str) -> None:
    done = subprocess.run(["sh", "-n"], input=text.encode(), capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (0, b"")


def read_zone(text: str) -> None:
    for line in text.splitlines():
        assert re.match(
            r";|$|\$(ORIGIN|TTL) [0-9a-z.-]+$|[0-9a-f.]+\tIN\tPTR\t[a-z0-9.-]+\.(  ; [a-z :]+)?$|@", line
        ), line


def read_hosts(text: str) -> None:
    for line in text.splitlines():
        assert re.match(r"#|[0-9a-f.:]+(\t[a-z0-9.-]+)+$", line), line


def read_markdown(text: str) -> None:
    # A row of a table has as many cells as the row above it.
    before = 0
    for line in text.splitlines():
        width = len(re.findall(r"(?<!\\)\|", line)) if line.startswith("|") else 0
        assert 0 in (width, before) or width == before, line
        before = width


def read_workbook(data: bytes) -> None:
    with zipfile.ZipFile(io.BytesIO(data)) as book:
        for name in book.namelist():
            ET.fromstring(book.read(name))


def read_lines(text: str) -> None:
    assert text


READERS: dict[str, Callable[[str], object]] = {
    ".yaml": read_yaml,
    ".json": json.loads,
    ".xml": read_xml,
    ".csv": read_csv,
    ".md": read_markdown,
    ".sh": read_shell,
    ".db": read_zone,
    "": read_hosts,
    # Their own programs read them in other tests; here, that they are not empty and have no odd character.
    ".conf": read_lines,
    ".nft": read_lines,
    # Bytes are read as a workbook.
    ".xlsx": read_lines,
}
"""The reader of each format, by the ending of its files."""


def hold(text: str, seen: set[str]) -> None:
    """Read every file of a plan with the reader of its format."""
    for name, made in exports(text):
        seen.add(name)
        if isinstance(made, bytes):
            read_workbook(made)
            continue
        made.encode("utf-8")
        assert not re.search(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\ufffe\uffff]", made), name
        READERS[Path(TARGETS[name].file).suffix](made)


def test_every_format_has_a_reader() -> None:
    assert {Path(target.file).suffix for target in TARGETS.values()} == set(READERS)


@pytest.mark.skipif(shutil.which("sh") is None, reason="needs a shell")
@pytest.mark.parametrize("plan", PLANS)
def test_what_is_written_is_well_formed_whatever_things_are_called(plan: str) -> None:
    seen: set[str] = set()
    # All of the words, a few at a time, because a name has a maximum length.
    for start in range(0, len(WORDS), 12):
        hold(renamed(PLANS[plan], "".join(WORDS[start : start + 12])), seen)
    assert len(seen) > 15, "the names were changed, and the plan still is one that is exported"


@pytest.mark.parametrize("word", WORDS)
def test_the_comments_of_xml_hold_any_name(word: str) -> None:
    catalog = load_catalog()
    plan = settle(parse_plan(renamed(REFERENCE, word).encode(), "plan.toml"), catalog)
    made = export(TARGETS["nsx-esg"], Request(Landscape(plan, catalog)))
    assert isinstance(made, str)
    read_xml(made)


@settings(max_examples=12, deadline=None)
@given(st.text(st.sampled_from(sorted(set("".join(WORDS)))), min_size=1, max_size=12))
def test_any_mixture_of_these_characters_is_written_well_formed(word: str) -> None:
    hold(renamed(REFERENCE, word), set())
