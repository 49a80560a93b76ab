"""Configuration for devices and tools: one module a target, each a function from a settled plan to the text of a file.

Targets are listed in `ipplan.exporters.targets`. Nothing here reads or writes files. No text of a plan can break out of a
value: every writer is the standard library, a well-kept library, or quotes through one function.
"""

from __future__ import annotations

from itertools import islice
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

from ipplan import __version__
from ipplan.exporters.targets import LISTING, TARGETS, Target
from ipplan.output.text import escape
from ipplan.plan.service import HELP

if TYPE_CHECKING:
    import datetime
    from collections.abc import Iterable, Mapping, Sequence

    from ipplan.catalog import Catalog
    from ipplan.landscape import End, Landscape
    from ipplan.landscape.model import Esg, HostAddress
    from ipplan.plan.model import Cluster, Network, Plan


__all__ = [
    "LISTING",
    "STAR",
    "TARGETS",
    "ExportError",
    "Options",
    "Request",
    "Target",
    "comment",
    "export",
    "find_cluster",
    "find_edge",
    "find_esg",
    "find_site",
    "mark",
    "quoted",
    "refuse",
]

STAR = "A star marks an example: an address that the plan does not assign."
"""What a table says about the stars of `mark`."""
_MOST_NAMES = 8
"""Name at most this many clusters, edges or sites that an option can choose."""


class Options(NamedTuple):
    """The options of the command line; None where one is not given.

    `cluster`, `edge` and `site` choose whose file is written; `to` is the other end of a tunnel, `worker` a worker by
    its number or address, `domain` the DNS domain of the named addresses.
    """

    cluster: str | None = None
    edge: str | None = None
    site: str | None = None
    to: str | None = None
    worker: str | None = None
    domain: str | None = None


_NO_OPTIONS = Options()


class Request(NamedTuple):
    """The input of a target: the landscape of a plan whose networks have ranges, and the options.

    Networks that IBM Cloud still has to provide have no range. `placed` names the networks whose range is not pinned:
    they have the range where allocate would place them. `stated` has these networks as the plan states them, with their
    sizes. `today` is the day on which waivers are judged; without it no waiver expires. `chosen` names the networks to
    list, None for all; only targets that list networks (`LISTING`) use it.
    """

    landscape: Landscape
    options: Options = _NO_OPTIONS
    placed: frozenset[str] = frozenset()
    today: datetime.date | None = None
    chosen: frozenset[str] | None = None
    stated: Mapping[str, Network] = MappingProxyType({})

    @classmethod
    def of(
        cls,
        stated: Plan,
        settled: Plan,
        catalog: Catalog,
        options: Options = _NO_OPTIONS,
        *,
        today: datetime.date | None = None,
        chosen: frozenset[str] | None = None,
    ) -> Request:
        """Return the request for a plan as it is stated and as it is with the ranges that allocate gives."""
        from ipplan.landscape import Landscape

        open_ = {network.name: network for network in stated.networks if network.prefix is None}
        placed = frozenset(n.name for n in settled.networks if n.prefix is not None and n.name in open_)
        return cls(Landscape(settled.in_service, catalog), options, placed, today, chosen, open_)

    def lists(self, network: Network) -> bool:
        """Return whether a target that lists networks lists this one."""
        return self.chosen is None or network.name in self.chosen

    @property
    def plan(self) -> Plan:
        """The plan of the landscape, without what is retired."""
        return self.landscape.plan

    @property
    def whole(self) -> Plan:
        """The plan with its retired networks, which keep their ranges but are in no export."""
        return self.plan.whole or self.plan

    @property
    def catalog(self) -> Catalog:
        """The catalogue of the landscape."""
        return self.landscape.catalog

    def header(self, purpose: str) -> list[str]:
        """Return the two lines that every target starts with, without comment signs: its purpose, and what it is from."""
        name = self.plan.name or self.plan.file
        return [
            purpose,
            f"written by ipplan {__version__} from plan {name}, IBM Cloud ranges of {self.catalog.edition}",
        ]


class ExportError(ValueError):
    """A target cannot be written from this plan; the message says what is missing, `help` what to do."""

    def __init__(self, message: str, help_: str | None = None) -> None:
        super().__init__(message)
        self.help = help_


def export(target: Target, request: Request) -> str | bytes:
    """Return the text or bytes of a target.

    Raises ExportError where the plan has not all that the target needs, or an option names something retired.
    """
    from importlib import import_module

    _refuse_retired(request)
    module, _, function = target.function.partition(":")
    made: str | bytes = getattr(import_module(f"ipplan.exporters.{module}"), function)(request)
    return made


def _refuse_retired(request: Request) -> None:
    retired, options = request.whole.retired, request.options
    asked = (
        retired.words("cluster", options.cluster or ""),
        retired.words("edge", options.edge or ""),
        retired.words("site", options.site or ""),
        retired.words_of_end(options.to or ""),
    )
    for words in asked:
        if words is not None:
            raise ExportError(words, HELP)


def quoted(text: str) -> str:
    """Return text as a double-quoted string of YAML and JSON; no character in it can end the string."""
    if text.isascii() and text.isprintable() and '"' not in text and "\\" not in text:
        return f'"{text}"'
    import re
    from json import dumps

    # YAML reads the two halves of a JSON escape as two characters, so characters above U+FFFF stay as they are.
    return re.sub(
        r"[^\x20-\x7e\U00010000-\U0010ffff]",
        lambda found: f"\\u{ord(found.group()):04x}",
        dumps(text, ensure_ascii=False),
    )


def comment(text: str, sign: str = "#") -> str:
    """Return text as one comment line: line breaks in it become escapes, so none can end the comment."""
    return f"{sign} {escape(text)}"


def mark(address: HostAddress | None) -> str:
    """Return an address for a table, with a star where it is an example; "any" where it is not known."""
    if address is None or address.value is None:
        return "any"
    return f"{address.text}{'*' if address.example else ''}"


def find_cluster(request: Request, platform: str | None = None) -> Cluster:
    """Return the cluster to export, of one platform or of any: the one that --cluster names, or the only one."""
    clusters = [c for c in request.plan.clusters.values() if platform in (None, c.platform)]
    kind = "" if platform is None else f"{platform.upper()} "
    asked = request.options.cluster
    if asked is not None:
        found = [c for c in clusters if c.name == asked]
        if not found:
            raise ExportError(f"the plan has no {kind}cluster {asked}")
        return found[0]
    if not clusters:
        raise ExportError(f"the plan has no {kind}cluster", "add [clusters.NAME]")
    if len(clusters) > 1:
        raise ExportError(
            f"the plan has {len(clusters):,} {kind}clusters",
            choose_with("cluster", [c.name for c in clusters]),
        )
    return clusters[0]


def choose_with(option: str, names: Sequence[str]) -> str:
    """Return the advice to choose one of several names with an option."""
    return "add " + " or ".join(f"--{option} {name}" for name in names[:_MOST_NAMES])


def refuse(missing: Sequence[tuple[str, str]]) -> None:
    """Raise ExportError with everything that is missing and what to write; do nothing if nothing is missing."""
    if missing:
        raise ExportError(
            "; ".join(dict.fromkeys(what for what, _ in missing)),
            "; ".join(dict.fromkeys(help_ for _, help_ in missing)),
        )


def find_edge(request: Request) -> End:
    """Return the edge to export: the one that --edge names, or the only one."""
    return _find_end("edge", "ESG", request.landscape.ends.edges, request.options.edge)


def find_site(request: Request) -> End:
    """Return the site to export: the one that --site names, or the only one."""
    return _find_end("site", "site", request.landscape.ends.sites, request.options.site)


def find_esg(request: Request, edge: End, missing: Iterable[tuple[str, str]] = ()) -> Esg:
    """Return the ESG of an edge; raise ExportError with what the target found missing and what the ESG needs."""
    esg = request.landscape.esg(edge)
    refuse((*missing, *esg.missing, *request.landscape.homeless))
    return esg


def _find_end(option: str, what: str, ends: Sequence[End], asked: str | None) -> End:
    if asked is not None:
        found = [end for end in ends if end.name == asked]
        if not found:
            raise ExportError(
                f"the plan has no {option} {asked}",
                f"{option}s of the plan: {_some(e.name for e in ends)}" if ends else None,
            )
        return found[0]
    if not ends:
        kinds = "vcs-esg-public, vcs-esg-private and vcs-transit" if option == "edge" else "enterprise"
        raise ExportError(f"the plan has no {what}", f"add networks of kind {kinds}")
    if len(ends) > 1:
        raise ExportError(f"the plan has {len(ends):,} {what}s", choose_with(option, [str(end.name) for end in ends]))
    return ends[0]


def _some(names: Iterable[str | None]) -> str:
    return ", ".join(map(str, islice(names, _MOST_NAMES)))
