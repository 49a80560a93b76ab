"""Shell completion: what each option and argument takes, as far as it can be known.

click completes commands, options and choices by itself. What free text stands for is told by its metavar, so a
new command that takes a PLAN, a NETWORK or a RULE completes without a word of its own. Nothing here may fail
loudly: a shell would print it into the line that is being typed.
"""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Any

import click
from click.shell_completion import CompletionItem, get_completion_class

from ipplan.cli.plans import DEFAULT_PLAN
from ipplan.cli.streams import UsageProblem, deliver, read_input

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    Word = tuple[str, str | None]
    """What may be typed, and what it means, for shells that show this."""

VARIABLE = "_IPPLAN_COMPLETE"
"""The environment variable by which a shell asks for completion."""


def complete(group: click.Command, instruction: str) -> int:
    """Print the completion script of a shell, or the words that complete a line; return the exit status.

    `instruction` is what click's scripts put into the variable, such as bash_source or bash_complete. Raises
    UsageProblem for anything else.
    """
    shell, _, action = instruction.partition("_")
    shell_class = get_completion_class(shell)
    if shell_class is None or action not in ("source", "complete"):
        raise UsageProblem(
            f"{VARIABLE} asks for {instruction[:40]!r}, which is no completion",
            f'eval "$({VARIABLE}=bash_source ipplan)", and zsh_source or fish_source likewise',
        )
    completion = shell_class(group, {}, "ipplan", VARIABLE)
    if action == "source":
        deliver(completion.source() + "\n")
        return 0
    try:
        words = completion.complete()
    except Exception:
        # A line that nobody can complete, or a shell that does not say what is typed.
        return 1
    deliver(words + "\n")
    return 0


def teach(command: click.Command) -> None:
    """Give every parameter of a command that takes free text the words that its metavar stands for."""
    for param in command.params:
        if not isinstance(param.type, click.types.StringParamType) or param.nargs not in (1, -1):
            continue
        metavar = _stands_for(param)
        keys = (*param.opts, f"{command.name} {metavar}", metavar)
        if metavar in _TYPES:
            param.type = _Described(lambda *_: (), _TYPES[metavar])
        elif words := next((_WORDS[key] for key in keys if key in _WORDS), None):
            param.type = _Described(words)
    for subcommand in command.commands.values() if isinstance(command, click.Group) else ():
        teach(subcommand)


class _Described(click.types.StringParamType):
    """Text that completes to known words, or to the names of files or folders."""

    def __init__(self, words: Callable[[click.Context], Iterable[Word]], item_type: str = "plain") -> None:
        self._words = words
        self._item_type = item_type

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem[Any]]:
        """Return the words that start as far as they are typed; the shell finds files itself."""
        del param
        if self._item_type != "plain":
            return [CompletionItem(incomplete, type=self._item_type)]
        # A shell puts a word in as it is: one that needs quotes would fall apart.
        return [
            CompletionItem(word, help=meaning)
            for word, meaning in self._words(ctx)
            if word.startswith(incomplete) and shlex.quote(word) == word
        ]


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


def _ends(ctx: click.Context) -> Iterator[Word]:
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
    """Return what is under a key of that plan.

    The plan is read as TOML only, because one that is being written seldom passes as a plan.
    """
    from ipplan.plan.toml_text import read_toml

    path = _plan_on_line(ctx)
    if path == "-":
        return {}
    tables = read_toml(read_input(path or DEFAULT_PLAN)[0]).document.get(key)
    return tables if isinstance(tables, dict) else {}


def _plan_on_line(ctx: click.Context) -> str | None:
    for param in ctx.command.params:
        if _stands_for(param) != "PLAN":
            continue
        value: object = ctx.params.get(param.name or "")
        if not value and isinstance(param, click.Argument):
            # Behind an option that still lacks its value click leaves arguments as they are.
            value = ctx.args
        if isinstance(value, (list, tuple)):
            value = next(iter(value), None)
        if isinstance(value, str):
            return value
    return None


def _stands_for(param: click.Parameter) -> str:
    """Return what a parameter takes, in capitals: its metavar without brackets and dots, or its name."""
    return (param.metavar or param.name or "").upper().strip("[].")


_TYPES = {"PLAN": "file", "FILE": "file", "FOLDER": "dir", "DIRECTORY": "dir"}
"""Metavars that shells complete by themselves."""

_WORDS: dict[str, Callable[[click.Context], Iterable[Word]]] = {
    "--data-center": _data_centers,
    "--category": _categories,
    "PLATFORM": _platforms,
    "--label": _labels,
    "--of": _pools,
    "--ranges-edition": _editions,
    "--template": _templates,
    "schema NAME": _schemas,
    "SOURCE": _sources,
    "RULE": _rules,
    "TARGET": _targets,
    "KIND": _kinds,
    "FLOW": _flows,
    "NETWORK": _networks,
    "CLUSTER": _clusters,
    "EDGE": _edges,
    "SITE": _sites,
    "END": _ends,
}
"""Words by option, by command and metavar, or by metavar."""
