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

Side = Literal["local", "remote", "gateway", "far-gateway", "source"]
"""Of a tunnel: what its near side offers, what lies behind the far side, the address of either end, and the single
address that all traffic of the near side comes from."""


class Row(NamedTuple):
    """One prefix that a file states.

    `kind` is the name of the kind of network that it most likely is, None where the file does not tell. `field` is
    what the file calls the value and `line` where it stands, 1-based. `written` is the address as typed where its
    host bits were set. A row that is not `whole` lies in a network and is none: one address, or the share of one
    node; `names` are what a plan may call such an address. A container only arranges others. `side` is set for the
    values of a tunnel. `shown` is what the other side of a tunnel sees in the place of the prefix, and `tunnel` tells
    the tunnels of one file apart.
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
    the plan knows. `exchanges` are the versions of IKE that tunnels state. `notes` are remarks on what was read, for people.
    """

    rows: tuple[Row, ...]
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
