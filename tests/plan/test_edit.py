"""Pinning networks in the text of a plan: the data is right, and only the intended lines differ."""

from __future__ import annotations

from itertools import product
from typing import Any

import pytest
import tomli

from ipplan.plan import edit
from ipplan.plan.edit import EditDefectError, pin_networks
from ipplan.plan.load import parse_plan

CIDR = "172.24.9.0/24"

# Lines with the network to pin; the line with {size} is left out where no size is stated.
BODIES = {
    "table": ["[networks.x]", 'kind = "vcs-vm"', "{size} = "],
    "spaced": ["[ networks . x ] # head", '\tkind   =  "vcs-vm"', "\t{size}   =  "],
    "size-first": ["[networks.x]", "{size} = ", "kind = 'vcs-vm' # it's"],
    "quoted-name": ['[networks."x y.z"]', 'kind = "vcs-vm"', '"{size}" = '],
    "escaped-name": ['[networks."\\u0078\\""]', "'kind' = \"vcs-vm\"", "'{size}'="],
    "dotted": ["[networks]", 'x.kind = "vcs-vm"', "x . {size} = "],
    "dotted-quoted": ["[networks]", '"x = 1".kind = "vcs-vm"', "'x = 1'.{size} = "],
    "unicode": ['[networks."büro 7"]', 'kind = """vcs-vm"""', "{size} = "],
    "sub-table": ["[networks.x.addresses]", "prefix = 3", "[networks.x]", 'kind = "vcs-vm" # "', "{size} = "],
    "others": [
        "[networks.a]",
        'kind = "vcs-vm"',
        "prefix = 25",
        "[networks.x]",
        'group = "g"',
        'kind = "vcs-vm"',
        "{size} = ",
        "grow-to = 20",
        "[networks.z]",
        'kind = "vcs-vm"',
        "hosts = 3",
    ],
}
SIZES = {"prefix": ("prefix", "24"), "hosts": ("hosts", "0x2_0"), "none": None}
ENDINGS = {
    "newline": ("", True),
    "none": ("", False),
    "comment": ("  # end = [1", True),
    "comment-none": ("\t# \u2028 end", False),
    "blank": (" ", False),
}
HEAD = ["# a plan \u00e9", "schema = 1", "", "[plan]", 'byoip = ["172.24.0.0/14"]  # pools', ""]
SHAPES = list(product(BODIES, SIZES, ENDINGS, ("\n", "\r\n"), ("", "\ufeff")))


def name_of(body: str) -> str:
    named = {
        "quoted-name": "x y.z",
        "escaped-name": 'x"',
        "dotted-quoted": "x = 1",
        "unicode": "büro 7",
    }
    return named.get(body, "x")


@pytest.mark.parametrize(("body", "size", "ending", "line_end", "mark"), SHAPES)
def test_only_the_intended_lines_differ(body: str, size: str, ending: str, line_end: str, mark: str) -> None:
    rows = BODIES[body]
    stated = SIZES[size]
    lines = []
    for row in rows:
        if "{size}" not in row:
            lines.append(row)
        elif stated is not None:
            lines.append(row.format(size=stated[0]) + stated[1])
    tail, newline = ENDINGS[ending]
    lines = HEAD + lines[:-1] + [lines[-1] + tail]
    text = mark + line_end.join(lines) + (line_end if newline else "")
    name = name_of(body)
    edited = pin_networks(text.encode(), {name: CIDR}).decode()
    said = parse_plan(edited.encode(), "plan.toml")
    assert [str(n.prefix) for n in said.networks if n.name == name] == [CIDR]
    old, new = text.split(line_end), edited.split(line_end)
    assert edited.count("\n") == edited.count(line_end), "mixed line ends"
    assert edited.endswith("\n") == text.endswith("\n")
    if stated is not None:
        row = next(row for row in rows if "{size}" in row)
        before = row.format(size=stated[0]) + stated[1]
        at = next(i for i, line in enumerate(old) if line.startswith(before))
        after = row.format(size="cidr") + f'"{CIDR}"'
        assert new == [*old[:at], old[at].replace(before, after), *old[at + 1 :]]
    else:
        start = max(i for i, line in enumerate(old) if line.replace(" ", "").startswith("[networks"))
        if body == "others":
            start = old.index("[networks.x]")
        at = next(i for i in range(start, len(old)) if "kind" in old[i])
        assert len(new) == len(old) + 1
        assert new[: at + 1] == old[: at + 1]
        assert new[at + 2 :] == old[at + 1 :]
        indent = old[at][: len(old[at]) - len(old[at].lstrip())]
        assert new[at + 1].startswith(indent)
        assert new[at + 1].endswith(f'cidr = "{CIDR}"')


INLINE = {
    "kind-only": ('x = {{ kind = "vcs-vm" }}', 'x = {{ kind = "vcs-vm", cidr = "{0}" }}'),
    "tight": ('x={{kind="vcs-vm"}}', 'x={{kind="vcs-vm", cidr = "{0}"}}'),
    "prefix": ('x = {{ kind = "vcs-vm", prefix = 24 }}', 'x = {{ kind = "vcs-vm", cidr = "{0}" }}'),
    "hosts-first": ('x = {{ hosts=60, kind = "vcs-vm" }}', 'x = {{ cidr="{0}", kind = "vcs-vm" }}'),
    "more": (
        'x = {{ kind = "vcs-vm", description = "}}, prefix = 1 #" }}',
        'x = {{ kind = "vcs-vm", cidr = "{0}", description = "}}, prefix = 1 #" }}',
    ),
    "addresses": (
        'x = {{ addresses = {{ prefix = 1, kind = 2 }}, kind = "vcs-vm", prefix = 24 }}',
        'x = {{ addresses = {{ prefix = 1, kind = 2 }}, kind = "vcs-vm", cidr = "{0}" }}',
    ),
}


@pytest.mark.parametrize("comment", ["", " # x = { prefix = 3 }"])
@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
@pytest.mark.parametrize("last", [True, False])
@pytest.mark.parametrize("shape", INLINE)
def test_inline_tables_are_edited_inside_their_braces(shape: str, line_end: str, last: bool, comment: str) -> None:
    old, new = (words.format(CIDR) for words in INLINE[shape])
    after = "" if last else line_end
    text = line_end.join([*HEAD, "[networks]", old + comment]) + after
    meant = line_end.join([*HEAD, "[networks]", new + comment]) + after
    assert pin_networks(text.encode(), {"x": CIDR}) == meant.encode()


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('networks.x.kind = "vcs-vm"', 'networks.x.kind = "vcs-vm"\nnetworks.x.cidr = "{0}"'),
        ('networks = {{ x = {{ kind = "vcs-vm" }} }}', 'networks = {{ x = {{ kind = "vcs-vm", cidr = "{0}" }} }}'),
        ('networks = {{ x.kind = "vcs-vm" }}', 'networks = {{ x.kind = "vcs-vm", x.cidr = "{0}" }}'),
        ('networks.x = {{ kind = "vcs-vm", prefix=24 }}', 'networks.x = {{ kind = "vcs-vm", cidr="{0}" }}'),
        (
            'networks."x".kind = "vcs-vm"\nnetworks.x.hosts = +60',
            'networks."x".kind = "vcs-vm"\nnetworks.x.cidr = "{0}"',
        ),
    ],
)
def test_networks_at_the_top_of_the_document(old: str, new: str) -> None:
    assert pin_networks(old.format().encode(), {"x": CIDR}) == new.format(CIDR).encode()


def test_several_networks_in_any_order() -> None:
    text = '[networks.b]\nkind = "vcs-vm"\n[networks.a]\nprefix = 24 # a\nkind = "vcs-vm"\n'
    pins = {"a": "10.1.0.0/24", "b": "10.2.0.0/24"}
    meant = (
        '[networks.b]\nkind = "vcs-vm"\ncidr = "10.2.0.0/24"\n[networks.a]\ncidr = "10.1.0.0/24" # a\nkind = "vcs-vm"\n'
    )
    assert pin_networks(text.encode(), pins) == meant.encode()
    assert pin_networks(text.encode(), dict(reversed(pins.items()))) == meant.encode()


def test_nothing_to_pin_gives_the_same_bytes() -> None:
    assert pin_networks(b"\xff no plan", {}) == b"\xff no plan"


def test_text_in_strings_and_comments_is_not_taken_for_a_statement() -> None:
    text = (
        '[plan]\ndescription = """\n[networks.x]\nkind = "vcs-vm"\nprefix = 24\n"""\n'
        '#[networks.x]\n#prefix = 24\n[networks.x]\nkind = "vcs-vm"\n'
    )
    assert pin_networks(text.encode(), {"x": CIDR}).decode() == text + f'cidr = "{CIDR}"\n'


def test_a_result_that_says_anything_else_is_a_defect(monkeypatch: pytest.MonkeyPatch) -> None:
    text = b'[networks.x]\nkind = "vcs-vm"\n'

    def broken(*_: Any, **__: Any) -> edit._Splice:
        return edit._Splice(len(text), len(text), 'cidr = "10.0.0.0/8"\n')

    monkeypatch.setattr(edit, "_insert", broken)
    with pytest.raises(EditDefectError, match="is not the intended"):
        pin_networks(text, {"x": CIDR})
    monkeypatch.setattr(edit, "_insert", lambda *_, **__: edit._Splice(3, 9, "[["))
    with pytest.raises(EditDefectError, match="cannot be read"):
        pin_networks(text, {"x": CIDR})


def test_a_network_without_a_place_is_a_defect() -> None:
    with pytest.raises(EditDefectError, match="no place"):
        pin_networks(b'[networks.x]\nkind = "vcs-vm"\n', {"y": CIDR})


def test_of_five_thousand_networks_only_their_own_lines_change() -> None:
    lines = ["# large", "schema = 1", "[plan]", 'byoip = ["10.0.0.0/8"]']
    for number in range(5_000):
        lines += [
            f"# number {number}",
            f"[networks.vm-{number}] # head",
            '  kind = "vcs-vm"',
            "  prefix = 28 # small",
            "",
        ]
    text = "\r\n".join(lines[:-1])
    pins = {f"vm-{n}": f"10.{n >> 12}.{n >> 4 & 255}.{(n & 15) << 4}/28" for n in range(5_000)}
    edited = pin_networks(text.encode(), pins).decode()
    old, new = text.split("\r\n"), edited.split("\r\n")
    changed = [(a, b) for a, b in zip(old, new, strict=True) if a != b]
    assert len(changed) == 5_000
    assert {a for a, _ in changed} == {"  prefix = 28 # small"}
    assert [b for _, b in changed] == [f'  cidr = "{cidr}" # small' for cidr in pins.values()]
    assert {n: row["cidr"] for n, row in tomli.loads(edited)["networks"].items()} == pins
