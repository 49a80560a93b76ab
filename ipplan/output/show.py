"""Render the networks of a plan and its address space: as a document, a table and text.

Must not decide anything: every status and block is read from the inventory and the address space.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, NamedTuple

from ipplan.addresses import format_address
from ipplan.output.documents import made_by
from ipplan.output.map import DEFAULT_WIDTH, NARROWEST, WIDEST, render_signs, render_space
from ipplan.output.table import ALL, EXTRA, Column, Table, render_for_people, without
from ipplan.output.text import escape, hang, wrap
from ipplan.plan.labels import describe_about, format_addresses, format_labels
from ipplan.plan.sizing import first_usable, gateway_of, last_usable, usable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ipplan.addresses import Prefix
    from ipplan.inventory import Entry
    from ipplan.output.map import Symbols
    from ipplan.output.table import Cell, Choice
    from ipplan.plan.model import Plan
    from ipplan.spaces import AddressSpace, Space

MOST_SPACES = 24
"""Draw at most 24 spaces; a plan may use thousands."""

_STATUS_WORDS = {
    "pinned": "pinned",
    "allocated": "allocated",
    "default": "on a default range",
    "to-allocate": "to allocate",
    "to-order": "to be ordered",
    "no-range": "retired without a range",
}
_PROVIDERS = {"ibm": "IBM", "byoip": "BYOIP", "enterprise": "enterprise"}


def document(
    plan: Plan,
    entries: Sequence[Entry],
    edition: str | None,
    address_space: tuple[AddressSpace, Sequence[Space]] | None = None,
) -> dict[str, Any]:
    """Return the document `ipplan.show/1`; `spaces` are null without an address space."""
    return {
        "schema": "ipplan.show/1",
        "made_by": made_by(edition),
        "plan": {"name": plan.name, "file": plan.file},
        "networks": [_entry(entry) for entry in entries],
        "spaces": None if address_space is None else [_space(address_space[0], space) for space in address_space[1]],
    }


def _entry(entry: Entry) -> dict[str, Any]:
    network, status, provider, prefix, length, grow_length, room, blocked_by, retired = entry
    return {
        "network": network.name,
        "kind": network.kind.name,
        "cluster": network.cluster,
        "declared": network.declared,
        "provider": provider,
        "subnet_type": network.kind.subnet_type,
        "status": status,
        "cidr": _text(prefix),
        "prefix_length": length,
        "pool": _text(network.pool),
        "first_usable": _address(prefix, None if prefix is None else first_usable(prefix)),
        "last_usable": _address(prefix, None if prefix is None else last_usable(prefix)),
        "size": None if prefix is None else prefix.size,
        "usable": None if prefix is None else usable(prefix, network.kind),
        "gateway": None if prefix is None else gateway_of(network, prefix),
        "grow_to": None
        if grow_length is None
        else {"prefix_length": grow_length, "cidr": _text(room), "blocked_by": blocked_by},
        "group": network.group,
        "edge": network.edge,
        "site": network.site,
        "gateway_on": network.gateway_on,
        "data_center": network.data_center,
        "addresses": _addresses(entry),
        "description": network.description,
        **describe_about(network),
        "retired": retired is not None,
    }


def _space(address_space: AddressSpace, space: Space) -> dict[str, Any]:
    blocks = address_space.blocks(space)
    version = space.prefix.version
    return {
        "cidr": str(space.prefix),
        "kind": space.kind,
        "title": space.title,
        "size": space.prefix.size,
        "free": sum(block.size for block in blocks if block.what == "free"),
        "blocks": [
            {
                "first": format_address(version, block.first),
                "last": format_address(version, block.last),
                "size": block.size,
                "what": block.what,
                "networks": list(block.networks),
                "network_count": block.total,
                "rules": list(block.rules),
            }
            for block in blocks
        ],
    }


def _text(prefix: Prefix | None) -> str | None:
    return None if prefix is None else str(prefix)


def _address(prefix: Prefix | None, value: int | None) -> str | None:
    return None if prefix is None or value is None else format_address(prefix.version, value)


def _addresses(entry: Entry) -> dict[str, str | None]:
    """Return each named address; None if there is no range yet, or if the range does not hold the address."""
    prefix = entry.prefix
    return {
        named.name: _address(prefix, None if prefix is None else named.resolve(prefix))
        for named in entry.network.addresses
    }


COLUMNS = (
    Column("network"),
    Column("kind", goes=6),
    Column("cluster", goes=2, apart=True),
    Column("edge", goes=3, apart=True),
    Column("site", goes=4, apart=True),
    Column("provided by", goes=11),
    Column("status", goes=1, apart=True),
    Column("cidr", "address"),
    Column("length", "number", goes=EXTRA),
    Column("first", "address", goes=14),
    Column("last", "address", goes=14),
    Column("gateway", "address", goes=7),
    Column("size", "number", goes=13),
    Column("usable", "number", goes=9),
    Column("grow to", "address", goes=10),
    Column("group", goes=10),
    Column("addresses", goes=EXTRA),
    Column("description", goes=EXTRA),
    Column("data center", goes=EXTRA),
    Column("gateway on", goes=EXTRA),
    Column("pool", "address", goes=EXTRA),
    Column("prefix", "number", goes=EXTRA),
    Column("hosts", "number", goes=EXTRA),
    Column("stated grow to", "number", goes=EXTRA),
    Column("stated addresses", goes=EXTRA),
    Column("labels", goes=12),
    Column("vlan", "number", goes=8),
    Column("lifecycle", goes=5),
)
"""The columns of a network, then what else the plan states about it, so that import can read everything back."""


class Shown(NamedTuple):
    """The cells of a row in the order of the columns."""

    network: str
    kind: str
    cluster: str | None
    edge: str | None
    site: str | None
    provider: str
    status: str | None
    cidr: str | None
    length: int | None
    first: str | None
    last: str | None
    gateway: str | None
    size: int | None
    usable: int | None
    grow_to: str | None
    group: str | None
    addresses: str | None
    description: str | None
    data_center: str | None
    gateway_on: str | None
    pool: str | None
    stated_length: int | None
    hosts: int | None
    stated_grow_to: int | None
    stated_addresses: str | None
    labels: str | None
    vlan: int | None
    lifecycle: str | None


def table(plan: Plan, entries: Sequence[Entry]) -> Table:
    """Return a row for each network."""
    rows = [row_of(entry, plan) for entry in entries]
    stated = {title for title in ("edge", "site") if any(getattr(row, title) is not None for row in rows)}
    return without(Table(COLUMNS, rows), _single_valued(plan) - stated)


def _single_valued(plan: Plan) -> set[str]:
    """Return the columns that would have one value in the whole plan: it has at most one edge or site."""
    counts = {"edge": len(plan.edge_names), "site": len(plan.sites)}
    return {title for title, count in counts.items() if count < 2}


def row_of(entry: Entry, plan: Plan) -> Shown:
    """Return all cells of a network, in the order of `COLUMNS`."""
    network, _, _, prefix, length, grow_length, room, _, _ = entry
    fields = _entry(entry)
    grow_to = _text(room)
    if grow_length is not None and room is None:
        grow_to = f"/{grow_length}"
    return Shown(
        network.name,
        network.kind.name,
        network.cluster,
        plan.stated_edge(network),
        network.site,
        _provider(entry),
        entry.status,
        _text(prefix),
        length,
        fields["first_usable"],
        fields["last_usable"],
        fields["gateway"],
        fields["size"],
        fields["usable"],
        grow_to,
        network.group,
        _address_words(entry),
        network.description,
        network.data_center,
        network.gateway_on,
        _text(network.pool),
        network.length,
        network.hosts,
        network.grow_to,
        format_addresses(network.addresses) or None,
        format_labels(network.labels) or None,
        network.vlan,
        network.status,
    )


def _provider(entry: Entry) -> str:
    if entry.provider == "default":
        return (entry.network.kind.platform or "").upper()
    words = _PROVIDERS[entry.provider]
    subnet = entry.network.kind.subnet_type
    return words if subnet is None else f"{words} {subnet}"


def _address_words(entry: Entry) -> str | None:
    """Return the named addresses in a few words; for a network without a range, their numbers."""
    words = []
    for named, address in zip(entry.network.addresses, _addresses(entry).values(), strict=True):
        if address is not None:
            words.append(f"{named.name}={address}")
        elif entry.prefix is None:
            stated = f"#{named.nth}" if named.address is None else format_address(*named.address)
            words.append(f"{named.name}={stated}")
        else:
            words.append(f"{named.name}=outside")
    return " ".join(words) or None


def render_text(plan: Plan, entries: Sequence[Entry], *, width: int | None, color: bool, choice: Choice = ALL) -> str:
    """Return text for people: the networks, their named addresses, networks that cannot grow, and a count last."""
    asked = bool(choice.columns or choice.wide)
    piped = width is None
    full = Table(COLUMNS, [_for_people(entry, plan, piped=piped, asked=asked) for entry in entries])
    parts = []
    if entries:
        networks = full if asked else _informative(full, plan, piped=piped)
        parts.append(render_for_people(networks, width=width, color=color, choice=choice))
    named = [(entry, words) for entry in entries if (words := _address_words(entry)) is not None]
    blocked = [entry for entry in entries if entry.blocked_by is not None]
    said = (
        [f"{entry.network.name}: {words}" for entry, words in named],
        [f"{e.network.name} cannot grow to {e.room}: {e.blocked_by} is in that block" for e in blocked],
        [_summary(entries)],
    )
    parts += ["".join(hang(escape(line), width) for line in lines) for lines in said]
    return "\n".join(part for part in parts if part)


def _informative(full: Table, plan: Plan, *, piped: bool) -> Table:
    """Return the table without columns that are empty or have one value; piped text has the status with the range."""
    empty = {c.title for i, c in enumerate(full.columns) if all(row[i] is None for row in full.rows)}
    return without(full, {*empty, *_single_valued(plan), *(["status"] if piped else [])})


def _for_people(entry: Entry, plan: Plan, *, piped: bool, asked: bool) -> Sequence[Cell]:
    """Return the row with the status in place of a missing range, in piped text also beside a default range.

    With --columns or --wide, the status stays in its own column too.
    """
    row = row_of(entry, plan)
    if entry.prefix is None and not asked:
        row = row._replace(status=None)
    if entry.retired:
        row = row._replace(lifecycle=f"retired with {entry.retired}")
    size = "" if entry.length is None else f" /{entry.length}"
    if entry.status == "to-allocate":
        return row._replace(cidr=f"to allocate{size}")
    if entry.status == "no-range":
        return row._replace(cidr="none")
    if entry.status == "to-order":
        return row._replace(cidr=f"to be ordered{size}")
    if entry.status == "default" and piped:
        return row._replace(cidr=f"{row.cidr} (default)")
    return row


def _summary(entries: Sequence[Entry]) -> str:
    counts: Counter[str] = Counter(entry.status for entry in entries)
    said = [f"{counts[status]:,} {words}" for status, words in _STATUS_WORDS.items() if counts[status]]
    return f"networks: {', '.join(said) or 'none'}"


def map_table(address_space: AddressSpace, spaces: Sequence[Space]) -> Table:
    """Return a row for each block of each space."""
    columns = (
        Column("space", "address"),
        Column("first", "address"),
        Column("last", "address"),
        Column("size", "number"),
        Column("what"),
        Column("networks"),
        Column("rules"),
    )
    rows = []
    for space in spaces:
        version = space.prefix.version
        for block in address_space.blocks(space):
            names = ", ".join(block.networks)
            if block.total > len(block.networks):
                names += f" and {block.total - len(block.networks):,} more"
            first, last = format_address(version, block.first), format_address(version, block.last)
            rows.append(
                (
                    str(space.prefix),
                    first,
                    last,
                    block.size,
                    block.what,
                    names or None,
                    ", ".join(block.rules) or None,
                )
            )
    return Table(columns, rows)


def render_map(
    address_space: AddressSpace, spaces: Sequence[Space], *, width: int | None, color: bool, symbols: Symbols
) -> str:
    """Return the map of each space, up to `MOST_SPACES`, and the legend."""
    columns = min(max(width or DEFAULT_WIDTH, NARROWEST), WIDEST)
    parts: list[str] = []
    used: set[str] = set()
    for space in spaces[:MOST_SPACES]:
        text, signs = render_space(
            space,
            address_space.blocks(space),
            address_space.networks_in(space.prefix),
            width=columns,
            symbols=symbols,
            color=color,
        )
        parts.append(text)
        used.update(signs)
    if len(spaces) > MOST_SPACES:
        more = f"{len(spaces) - MOST_SPACES:,} more spaces are not drawn; choose with --network, --kind or --cluster"
        parts.append("".join(line + "\n" for line in wrap(more, columns)))
    if not spaces:
        return "nothing to draw: no selected network has a range or a pool\n"
    return "\n".join([*parts, render_signs(used, symbols, columns)])
