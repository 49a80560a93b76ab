"""The drawn map: every character against the addresses that it covers, at every width."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ipplan.addresses import Prefix, parse_prefix
from ipplan.output.map import (
    ASCII,
    MOST_LETTERS,
    MOST_ROWS,
    NARROWEST,
    SHADED,
    WIDEST,
    Drawing,
    draw,
    render_signs,
    render_space,
    symbols_for,
)
from ipplan.output.text import cells
from ipplan.plan.kinds import KINDS
from ipplan.plan.model import Network
from ipplan.spaces import Block, Space, What

WIDTHS = (NARROWEST, 57, 80, 110, WIDEST)


def network(name: str, cidr: str) -> Network:
    return Network(name, KINDS["vcs-vm"], parse_prefix(cidr))


def tiled(space: Prefix, cuts: list[int], whats: list[What]) -> list[Block]:
    """Cut a space at offsets into blocks of the given sorts; each network block is a network of its own."""
    edges = [0, *sorted(set(cuts)), space.size]
    blocks = []
    for index, (start, end) in enumerate(pairwise(edges)):
        what = whats[index % len(whats)]
        names = {"network": (f"n{index}",), "overlap": (f"n{index}", f"m{index}")}.get(what, ())
        blocks.append(Block(space.first + start, space.first + end - 1, what, names, len(names)))
    return blocks


def meaning(touching: list[Block], drawing: Drawing) -> str:
    """Say from scratch what a character has to be for the blocks that touch its addresses."""
    whats = {block.what for block in touching}
    names = {name for block in touching if block.what == "network" for name in block.networks}
    if "overlap" in whats:
        return "!"
    if len(names) + len(whats & {"reserved", "avoid"}) > 1:
        return "+"
    if names:
        return drawing.letters.get(names.pop(), "&")
    signs = {"reserved": "#", "avoid": "/", "room": "-", "free": "."}
    return next(sign for what, sign in signs.items() if what in whats)


@settings(max_examples=150, deadline=None)
@given(
    length=st.integers(16, 32),
    cuts=st.lists(st.integers(1, 1 << 16), max_size=12),
    whats=st.lists(
        st.sampled_from(["free", "room", "avoid", "reserved", "network", "overlap"]), min_size=1, max_size=6
    ),
    width=st.integers(NARROWEST, WIDEST),
)
def test_every_character_stands_for_its_addresses(length: int, cuts: list[int], whats: list[What], width: int) -> None:
    space = Prefix(4, 10 << 24, length)
    blocks = tiled(space, [cut for cut in cuts if cut < space.size], whats)
    networks = [network(name, "10.0.0.0/30") for b in blocks for name in b.networks]
    drawing = draw(space, blocks, networks, width, ASCII)
    text = "".join(drawing.rows)
    assert len(text) * drawing.scale == space.size
    assert len(drawing.rows) <= MOST_ROWS
    assert len({len(row) for row in drawing.rows}) == 1
    for index, sign in enumerate(text):
        first = space.first + index * drawing.scale
        last = first + drawing.scale - 1
        touching = [b for b in blocks if b.first <= last and first <= b.last]
        assert sign == meaning(touching, drawing)


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize(
    "cidr",
    ["10.224.0.0/12", "192.168.100.128/25", "10.0.0.0/32", "fd4a:7c1e:9b20::/48", "2001:db8:1:2:3:4::/96"],
)
def test_no_line_is_wider_than_the_map(cidr: str, width: int) -> None:
    space = Space(parse_prefix(cidr), "pool", "pool of the enterprise, with a title that is rather long for a line")
    own = Prefix(space.prefix.version, space.prefix.last, 32 if space.prefix.version == 4 else 128)
    networks = [Network("a-network", KINDS["vcs-vm"], own)]
    blocks = [Block(space.prefix.last, space.prefix.last, "network", ("a-network",), 1)]
    if space.prefix.size > 1:
        blocks.insert(0, Block(space.prefix.first, space.prefix.last - 1, "free"))
    text, used = render_space(space, blocks, networks, width=width, symbols=SHADED, color=False)
    assert str(own) in text.split()
    assert str(space.prefix) in text
    # An address is never cut, so only a line of one long address may be wider.
    assert all(cells(line) <= width or len(line.split()) == 1 for line in text.splitlines())
    assert used.endswith("A")


def test_equal_rows_are_shown_once() -> None:
    space = parse_prefix("10.0.0.0/20")
    blocks = [
        Block(space.first, space.first, "network", ("one",), 1),
        Block(space.first + 1, space.last, "free"),
    ]
    text, _ = render_space(
        Space(space, "pool", "pool"),
        blocks,
        [network("one", "10.0.0.0/32")],
        width=80,
        symbols=ASCII,
        color=False,
    )
    assert text == (
        "10.0.0.0/20 pool: 4,096 addresses, 4 per character\n"
        "10.0.0.0  A...............................................................\n"
        "10.0.1.0  ................................................................\n"
        "* the same to 10.0.15.255\n"
        "A one 10.0.0.0/32 vcs-vm\n"
        "= free 4,095 (over 99.9 %), networks 1 (under 0.1 %)\n"
    )


def test_more_networks_than_letters_are_counted() -> None:
    space = parse_prefix("10.0.0.0/24")
    count = MOST_LETTERS + 12
    blocks = [Block(space.first + i, space.first + i, "network", (f"n{i}",), 1) for i in range(count)]
    blocks.append(Block(space.first + count, space.last, "free"))
    networks = [network(f"n{i}", f"10.0.0.{i}/32") for i in range(count)]
    text, used = render_space(Space(space, "pool", "pool"), blocks, networks, width=80, symbols=ASCII, color=False)
    assert used.count("&") == 12
    assert "& 12 further networks" in text.splitlines()
    assert "&" in render_signs(set(used), ASCII, 80)


def test_overlaps_are_listed_with_what_the_check_says_up_to_a_number() -> None:
    space = parse_prefix("10.0.0.0/24")
    blocks = [
        Block(space.first + i, space.first + i, "overlap", ("inner", "outer"), 30, ("network-overlap",))
        for i in range(24)
    ]
    blocks.append(Block(space.first + 24, space.last, "free"))
    text, _ = render_space(Space(space, "pool", "pool"), blocks, [], width=200, symbols=ASCII, color=False)
    lines = [line for line in text.splitlines() if line.startswith("!")]
    assert lines[0] == "! 10.0.0.0-10.0.0.0: outer, inner and 28 more (network-overlap)"
    assert lines[-1] == "! 14 more; ipplan check lists all"


def test_names_cannot_act_on_the_terminal() -> None:
    space = parse_prefix("10.0.0.0/24")
    blocks = [Block(space.first, space.last, "network", ("\x1b[2J",), 1)]
    text, _ = render_space(
        Space(space, "pool", "pool"),
        blocks,
        [network("\x1b[2J", "10.0.0.0/24")],
        width=80,
        symbols=SHADED,
        color=False,
    )
    assert "\x1b" not in text
    assert "\\x1b[2J" in text


def test_colour_changes_nothing_but_colour() -> None:
    space = parse_prefix("10.0.0.0/24")
    blocks = tiled(space, [16, 32, 64, 128], ["free", "overlap", "network"])
    networks = [network("n2", "10.0.0.32/27")]
    plain, colored = (
        render_space(Space(space, "pool", "pool"), blocks, networks, width=80, symbols=ASCII, color=color)[0]
        for color in (False, True)
    )
    assert "\x1b[1;31m" in colored
    for code in ("\x1b[1;31m", "\x1b[2m", "\x1b[0m"):
        colored = colored.replace(code, "")
    assert colored == plain


@pytest.mark.parametrize(
    ("encoding", "symbols"),
    [
        ("utf-8", SHADED),
        ("cp437", SHADED),
        ("ascii", ASCII),
        ("latin-1", ASCII),
        (None, ASCII),
        ("no-such", ASCII),
    ],
)
def test_shading_only_where_the_encoding_has_it(encoding: str | None, symbols: object) -> None:
    assert symbols_for(encoding) == symbols
