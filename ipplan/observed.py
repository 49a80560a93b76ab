"""What the file of another tool says about addresses, in one form whatever the tool.

Readers make these values, `import` turns them into a plan, and the check compares them with one. Knows the kinds
of network by name, and nothing of formats, plans or rules.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, NamedTuple

from ipplan.addresses import WIDTH, format_address

if TYPE_CHECKING:
    from ipplan.addresses import Prefix
    from ipplan.plan.model import Labels, NamedAddress

Side = Literal["local", "remote", "gateway", "far-gateway", "source"]
"""Of a tunnel: what its near side offers, what lies behind the far side, the address of either end, and the single
address that all traffic of the near side comes from."""


class About(NamedTuple):
    """What a table says of a network beside its name, kind and range, each None where it says nothing.

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


NOTHING = About()
"""Of a network of which the file says nothing more."""


class Wish(NamedTuple):
    """A network that a table asks for, by its size instead of a range.

    `length` is the prefix length and `hosts` the number of hosts that it asks for; a network that states neither is
    sized from its cluster or its kind. `line` is where it stands, 1-based. `exact` says that the name is that of a
    plan.
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
    """A column of a table: its title as written, and what it was taken for."""

    title: str
    use: str


class LeftOut(NamedTuple):
    """A line of a file that is not taken over: where it stands, 1-based, what it says, cut, and why it is left out."""

    line: int
    text: str
    why: str


class ObservedPrefix(NamedTuple):
    """One prefix that a file states.

    `kind` is the name of the kind of network that it most likely is, None where the file does not tell. `field` is
    what the file calls the value and `line` where it stands, 1-based. `written` is the address as typed where its
    host bits were set. A row that is not `whole` lies in a network and is none: one address, or the share of one
    node; `names` are what a plan may call such an address. A container only arranges others. `side` is set for the
    values of a tunnel. `shown` is what the other side of a tunnel sees in the place of the prefix, and `tunnel` tells
    the tunnels of one file apart. `exact` says that the name is that of a plan.
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
        """The prefix as it was typed; one address stands without a length."""
        version, first, length = self.prefix
        if self.is_address:
            return format_address(version, first)
        return f"{format_address(version, first if self.written is None else self.written)}/{length}"


class Exchange(NamedTuple):
    """The version of IKE that a file states for a tunnel, what the file calls it, and its 1-based line."""

    version: int
    field: str
    line: int | None = None
    tunnel: str | None = None


class ObservedCluster(NamedTuple):
    """A cluster that a file names; `id` is what other files may call it."""

    name: str
    platform: Literal["iks", "icp"]
    workers: int | None = None
    id: str | None = None


@dataclass(frozen=True, slots=True)
class Observed:
    """Everything that one file says.

    `kinds` are the kinds of network that such a file lists completely, so that one that it lacks is not there;
    `names` likewise are named addresses. `one_cluster` says that the file is of one cluster, whether it names it or
    not, and `partial` that it is about more than the landscape of a plan, so that what a plan lacks means nothing
    unless it touches the plan's own space. `gateway` says that its tunnels are those of a gateway, which may have others than
    the plan knows. `routes` says that its containers are routes, which lead to addresses in use. `exchanges` are the
    versions of IKE that tunnels state. `notes` are remarks on what was read, for people. Of a table, `wishes` are the
    networks that it asks for, and `columns` say what each column was taken for. `left_out` lists lines that are not
    taken over.
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
    left_out: tuple[LeftOut, ...] = ()
