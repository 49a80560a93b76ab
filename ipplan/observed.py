"""The addresses in a file of another tool, in one form for all tools.

Readers return these values, `import` makes a plan of them, and the check compares them with a plan. Knows the kinds of
network by name, and nothing of formats, plans or rules.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, NamedTuple

from ipplan.addresses import WIDTH, format_address

if TYPE_CHECKING:
    from ipplan.addresses import Prefix
    from ipplan.plan.model import Labels, NamedAddress

Side = Literal["local", "remote", "gateway", "far-gateway", "source"]
"""Of a tunnel: the ranges of the near side and of the far side, the address of the near end and of the far end, and the
single address that all traffic of the near side comes from."""


class About(NamedTuple):
    """What a table says about a network besides its name, kind and range; None where it says nothing.

    `grow_to` is the prefix length to grow to, `addresses` are named addresses as a plan states them.
    """

    edge: str | None = None
    site: str | None = None
    data_center: str | None = None
    gateway_on: str | None = None
    group: str | None = None
    pool: Prefix | None = None
    grow_to: int | None = None
    labels: Labels = ()
    vlan: int | None = None
    status: str | None = None
    addresses: tuple[NamedAddress, ...] = ()


_MOST_LINES = 20
"""Write at most 20 remarks about skipped lines; one more remark counts the others."""

NOTHING = About()
"""The value for a network about which the file says nothing more."""


class Wish(NamedTuple):
    """A network that a table requests with a size in place of a range.

    `length` is the prefix length and `hosts` the number of hosts; a network with neither is sized from its cluster or
    its kind. `line` is 1-based. `exact` says that a plan can use the name unchanged.
    """

    name: str
    kind: str
    cluster: str | None = None
    length: int | None = None
    hosts: int | None = None
    description: str | None = None
    line: int | None = None
    about: About = NOTHING
    exact: bool = False


class ColumnUse(NamedTuple):
    """A column of a table: its title as written, and how it is read."""

    title: str
    use: str


class SkippedLine(NamedTuple):
    """A line of a file that gives no row: its 1-based number, its text, cut, and the reason."""

    line: int
    text: str
    why: str


class ObservedPrefix(NamedTuple):
    """One prefix that a file states.

    `kind` is the name of the most likely kind of network, None where the file does not say it. `field` is the name of
    the value in the file, and `line` its 1-based line. `written` is the address as typed, where its host bits are set.
    A row that is not `whole` is a part of a network: one address, or the share of one node; `names` are the names of
    such an address in a plan. A container only groups other rows. `side` is set for the values of a tunnel; `shown` is
    the range that its other side sees in place of the prefix, and `tunnel` names the tunnel within the file. `exact`
    says that a plan can use the name unchanged.
    """

    prefix: Prefix
    name: str
    kind: str | None = None
    cluster: str | None = None
    description: str | None = None
    line: int | None = None
    field: str = ""
    written: int | None = None
    whole: bool = True
    container: bool = False
    names: tuple[str, ...] = ()
    side: Side | None = None
    shown: Prefix | None = None
    tunnel: str | None = None
    about: About = NOTHING
    exact: bool = False

    @property
    def is_address(self) -> bool:
        """Whether it is one address of a network."""
        return not self.whole and self.prefix.length == WIDTH[self.prefix.version]

    @property
    def cidr(self) -> str:
        """The prefix as typed; one address has no length."""
        version, first, length = self.prefix
        if self.is_address:
            return format_address(version, first)
        return f"{format_address(version, first if self.written is None else self.written)}/{length}"


class Exchange(NamedTuple):
    """The version of IKE of a tunnel, the name of this setting in the file, and its 1-based line."""

    version: int
    field: str
    line: int | None = None
    tunnel: str | None = None


class ObservedCluster(NamedTuple):
    """A cluster that a file names; other files may use its `id` instead."""

    name: str
    platform: Literal["iks", "icp"]
    workers: int | None = None
    id: str | None = None


@dataclass(frozen=True, slots=True)
class Observed:
    """The content of one file.

    `kinds` are the kinds of network of which such a file lists all, so that a network that it does not list does not
    exist; `names` are named addresses of the same sort. `one_cluster` says that the file describes one cluster, with or
    without its name. `partial` says that the file covers more than one landscape, so that only prefixes in the plan's own
    space matter. `gateway` says that the tunnels are those of a gateway, which may have more tunnels than the plan.
    `routes` says that the containers are routes, which lead to addresses in use. `exchanges` are the IKE versions of
    tunnels. `notes` are remarks for people. Of a table, `wishes` are the networks without a range, `columns` say how each
    column is read, and `skipped` lists the lines that give no row.
    """

    rows: tuple[ObservedPrefix, ...]
    file: str = ""
    source: str = ""
    clusters: tuple[ObservedCluster, ...] = ()
    kinds: frozenset[str] = frozenset()
    names: frozenset[str] = frozenset()
    one_cluster: bool = False
    partial: bool = False
    pools: tuple[Prefix, ...] = ()
    data_centers: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    exchanges: tuple[Exchange, ...] = ()
    gateway: bool = False
    routes: bool = False
    wishes: tuple[Wish, ...] = ()
    columns: tuple[ColumnUse, ...] = ()
    skipped: tuple[SkippedLine, ...] = ()

    @property
    def remarks(self) -> tuple[str, ...]:
        """The notes, followed by one for each skipped line, as far as people read them."""
        lines = [f"line {one.line} is skipped: {one.why}" for one in self.skipped[:_MOST_LINES]]
        if (more := len(self.skipped) - _MOST_LINES) > 0:
            lines.append(f"{more:,} more line{'' if more == 1 else 's'} skipped; --explain lists all")
        return *self.notes, *lines
