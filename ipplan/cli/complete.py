"""Shell completion: the words that each option and argument takes, as far as they are known.

click completes commands, options and choices by itself. For free text the metavar decides, so a new command that takes
a PLAN, a NETWORK or a RULE completes without code of its own. Nothing here may print an error: the shell would show it
in the line that the user is typing.
"""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Any

import click
from click.shell_completion import CompletionItem, get_completion_class

from ipplan.cli.help import stands_for
from ipplan.cli.plans import DEFAULT_PLAN, looks_like_file
from ipplan.cli.streams import UsageProblem, deliver, read_input

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    Word = tuple[str, str | None]
    """A word, and its meaning for shells that show it."""

VARIABLE = "_IPPLAN_COMPLETE"
"""The environment variable with which a shell asks for completion."""


def complete(group: click.Command, instruction: str) -> int:
    """Print the completion script of a shell, or the words that complete a line; return the exit status.

    `instruction` is the value that click's scripts give the variable, such as bash_source or bash_complete. Raises
    UsageProblem for any other value.
    """
    shell, _, action = instruction.partition("_")
    shell_class = get_completion_class(shell)
    if shell_class is None or action not in ("source", "complete"):
        raise UsageProblem(
            f"{VARIABLE} is {instruction[:40]!r}, which is not a valid completion request",
            f'eval "$({VARIABLE}=bash_source ipplan)"; ipplan --help has the lines for zsh and fish',
        )
    completion = shell_class(group, {}, "ipplan", VARIABLE)
    if action == "source":
        deliver(completion.source() + "\n")
        return 0
    try:
        words = completion.complete()
    except Exception:
        # The line cannot be completed, or the shell does not pass the line.
        return 1
    deliver(words + "\n")
    return 0


def teach(command: click.Command) -> None:
    """Give every free-text parameter of a command the words that its metavar stands for."""
    for param in command.params:
        if not isinstance(param.type, click.types.StringParamType) or param.nargs not in (1, -1):
            continue
        metavar = stands_for(param)
        keys = (*param.opts, f"{command.name} {metavar}", metavar)
        words = next((_WORDS[key] for key in keys if key in _WORDS), None)
        item_type = _TYPES.get(metavar)
        if words is not None or item_type is not None:
            param.type = _Described(words or _no_words, item_type)
    for subcommand in command.commands.values() if isinstance(command, click.Group) else ():
        teach(subcommand)


class _Described(click.types.StringParamType):
    """Text that completes to known words, to the names of files or folders, or to both."""

    def __init__(self, words: Callable[[click.Context], Iterable[Word]], item_type: str | None) -> None:
        self._words = words
        self._item_type = item_type

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem[Any]]:
        """Return the words that start with what is typed; the shell finds files itself."""
        del param
        # The item for files comes first: bash drops the words before it.
        files = [] if self._item_type is None else [CompletionItem(incomplete, type=self._item_type)]
        return [*files, *complete_words(self._words(ctx), incomplete)]


def complete_words(words: Iterable[Word], incomplete: str) -> list[CompletionItem[Any]]:
    """Return the words that start with what is typed, without those that the shell would need in quotes."""
    try:
        return [
            CompletionItem(word, help=meaning)
            for word, meaning in words
            if word.startswith(incomplete) and shlex.quote(word) == word
        ]
    except UsageProblem:
        # The words come from a plan that cannot be read.
        return []


def _no_words(_: click.Context) -> tuple[Word, ...]:
    return ()


def _rules(_: click.Context) -> Iterator[Word]:
    from ipplan.checks import RULES

    return ((name, RULES[name].summary) for name in sorted(RULES))


def _kinds(_: click.Context) -> Iterator[Word]:
    from ipplan.plan.kinds import KINDS

    return ((kind.name, kind.title) for kind in KINDS.values())


def _data_centers(ctx: click.Context) -> Iterator[Word]:
    from ipplan.catalog import EDITIONS, load_catalog

    edition = ctx.params.get("ranges_edition")
    catalog = load_catalog(edition if edition in EDITIONS else None)
    cities = {row.data_center: row.city for row in catalog.reservations if row.data_center}
    return ((name, cities[name]) for name in sorted(cities))


def _categories(_: click.Context) -> Iterator[Word]:
    from ipplan.catalog import CATEGORIES

    return ((category.name, category.title) for category in CATEGORIES.values())


def _platforms(_: click.Context) -> Iterator[Word]:
    from ipplan.catalog import load_catalog

    names = {row.platform for row in load_catalog().reservations if row.platform}
    return ((name, None) for name in sorted({"containers", *names}))


def _editions(_: click.Context) -> Iterator[Word]:
    from ipplan.catalog import EDITIONS

    return ((edition, None) for edition in reversed(EDITIONS))


def _templates(_: click.Context) -> Iterator[Word]:
    from ipplan.cli.init import TEMPLATES
    from ipplan.files import read_files

    return ((name, None) for name in read_files(TEMPLATES, ".toml"))


def _sources(_: click.Context) -> Iterator[Word]:
    from ipplan.importers import AUTO, IMPORTERS

    yield AUTO, "what the content of the file looks like"
    yield from ((importer.name, importer.title) for importer in IMPORTERS.values())


def _targets(_: click.Context) -> Iterator[Word]:
    from ipplan.exporters import TARGETS

    return ((target.name, target.title) for target in TARGETS.values())


def _schemas(_: click.Context) -> Iterator[Word]:
    from ipplan.files import read_files

    return ((name, None) for name in read_files("schemas", ".json"))


def _flows(_: click.Context) -> Iterator[Word]:
    from ipplan.flows import FLOWS

    yield from ((flow.letter, flow.title) for flow in FLOWS)
    yield from ((flow.name, flow.title) for flow in FLOWS)


def _networks(ctx: click.Context) -> Iterator[Word]:
    return ((name, None) for name in _tables(ctx, "networks"))


def _clusters(ctx: click.Context) -> Iterator[Word]:
    return ((name, None) for name in _tables(ctx, "clusters"))


def _edges(ctx: click.Context) -> Iterator[Word]:
    """Yield the edges that the plan declares, and those that its networks and clusters only name."""
    names = dict.fromkeys(_tables(ctx, "edges"))
    for key in ("clusters", "networks"):
        tables = _table(ctx, key)
        named = (row.get("edge") for row in tables.values() if isinstance(row, dict))
        names |= dict.fromkeys(name for name in named if isinstance(name, str))
    return ((name, None) for name in names)


def _sites(ctx: click.Context) -> Iterator[Word]:
    return ((name, None) for name in _tables(ctx, "sites"))


def _flow_ends(ctx: click.Context) -> Iterator[Word]:
    """Yield what --from and --to of a flow take: networks, their named addresses, and what lies outside the plan."""
    from ipplan.plan.names import SERVICES

    for name, row in _table(ctx, "networks").items():
        yield name, None
        addresses = row.get("addresses") if isinstance(row, dict) else None
        yield from ((f"{name}.{named}", None) for named in (addresses if isinstance(addresses, dict) else ()))
    yield "internet", None
    yield from ((name, None) for name in SERVICES)


def _lab_words(ctx: click.Context) -> Iterator[Word]:
    """Yield enter, and after it the devices of the labs that run."""
    words = ctx.params.get("words")
    if not words:
        yield "enter", "a shell or a command in a device of a lab"
    elif tuple(words) == ("enter",):
        from ipplan.lab.running import list_labs

        yield from ((label, title) for lab in list_labs() for label, title, _ in lab.devices)


def _tunnel_ends(ctx: click.Context) -> Iterator[Word]:
    yield from _clusters(ctx)
    yield from _edges(ctx)
    yield from _sites(ctx)


def _pools(ctx: click.Context) -> Iterator[Word]:
    pools = _table(ctx, "plan").get("byoip")
    return ((pool, None) for pool in (pools if isinstance(pools, list) else ()) if isinstance(pool, str))


def _labels(ctx: click.Context) -> Iterator[Word]:
    """Yield each label that any part of the plan has, with its value."""
    rows = (row for key in ("networks", "clusters", "edges", "sites") for row in _table(ctx, key).values())
    labels = (row.get("labels") for row in rows if isinstance(row, dict))
    pairs = (pair for found in labels if isinstance(found, dict) for pair in found.items())
    return ((word, None) for word in dict.fromkeys(f"{name}={value}" for name, value in pairs))


def _tables(ctx: click.Context, key: str) -> list[str]:
    """Return the names under a key of the plan on the line, else of the plan in the working directory."""
    return list(_table(ctx, key))


def _table(ctx: click.Context, key: str) -> dict[str, object]:
    """Return the table under a key of that plan, read as TOML only: a plan in progress is seldom a valid plan."""
    from ipplan.plan.toml_text import read_toml

    path = _plan_on_line(ctx)
    if path == "-":
        return {}
    if path is None or not looks_like_file(path):
        # Without a plan on the line, the first word is a name.
        path = DEFAULT_PLAN
    tables = read_toml(read_input(path)[0]).document.get(key)
    return tables if isinstance(tables, dict) else {}


def _plan_on_line(ctx: click.Context) -> str | None:
    for param in ctx.command.params:
        if stands_for(param) != "PLAN":
            continue
        value: object = ctx.params.get(param.name or "")
        if not value and isinstance(param, click.Argument):
            # After an option without its value, click does not assign the arguments.
            value = ctx.args
        if isinstance(value, (list, tuple)):
            value = next(iter(value), None)
        if isinstance(value, str):
            return value
    return None


_TYPES = {"PLAN": "file", "FILE": "file", "OLD": "file", "NEW": "file"}
"""Metavars that shells complete by themselves."""

_WORDS: dict[str, Callable[[click.Context], Iterable[Word]]] = {
    "--data-center": _data_centers,
    "--category": _categories,
    "PLATFORM": _platforms,
    "--label": _labels,
    "--of": _pools,
    "--pool": _pools,
    "--ranges-edition": _editions,
    "--template": _templates,
    "schema NAME": _schemas,
    "SOURCE": _sources,
    "why PLAN": _networks,
    "flows PLAN": _flows,
    "export PLAN": _targets,
    "lab PLAN": _lab_words,
    "flows END": _flow_ends,
    "lab END": _flow_ends,
    "RULE": _rules,
    "TARGET": _targets,
    "KIND": _kinds,
    "FLOW": _flows,
    "NETWORK": _networks,
    "CLUSTER": _clusters,
    "EDGE": _edges,
    "SITE": _sites,
    "END": _tunnel_ends,
}
"""Words by option, by command and metavar, or by metavar. A command whose PLAN may be left out also completes its name."""
