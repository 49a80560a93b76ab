"""`ipplan init`: write a commented plan to start from, one of `ipplan/templates`."""

from __future__ import annotations

import os
import re

import click

from ipplan.cli.help import Command
from ipplan.cli.plans import DEFAULT_PLAN
from ipplan.cli.streams import UsageProblem, create_file, deliver, replace_file, say
from ipplan.cli.system import quote_word
from ipplan.files import read_files
from ipplan.output.text import escape

DEFAULT_TEMPLATE = "reference-architecture"
DEFAULT_TABLE = "networks.csv"
"""The file that --table writes if FILE is left out."""
TEMPLATES = "templates"
"""The folder of the templates. Each is a plan that passes check; its second line is its title."""

SCHEMA_FILE = "plan.schema.json"
"""The file beside the plan in which the templates expect the JSON Schema."""

_NAME = re.compile(r'^name = "[^"\n]*"$', re.MULTILINE)
_LONGEST_NAME = 200
"""Cut the name of a plan at 200 characters."""


@click.command(
    "init",
    cls=Command,
    arguments={"FILE": f'The file to write; "-" means standard output. Default: {DEFAULT_PLAN}.'},
    examples=(
        ("Write plan.toml", "ipplan init"),
        ("Start from another template", "ipplan init two-clusters.toml --template two-clusters --force"),
        ("Write a table to fill in, for ipplan import", "ipplan init --table networks.csv"),
    ),
    exit_status={0: "written", 2: "bad usage, or FILE exists or cannot be written"},
)
@click.argument("path", metavar="[FILE]", default=DEFAULT_PLAN)
@click.option(
    "--template",
    metavar="NAME",
    default=DEFAULT_TEMPLATE,
    help=f"The template to start from (default: {DEFAULT_TEMPLATE}); --list shows them.",
)
@click.option("--name", metavar="TEXT", help="Name of the plan (default: the name of FILE or its folder).")
@click.option(
    "--table",
    is_flag=True,
    help=f"Write a table of networks to fill in and import: a .csv or .xlsx (default: {DEFAULT_TABLE}).",
)
@click.option("--force", is_flag=True, help="Overwrite FILE if it exists.")
@click.option("--list", "list_templates", is_flag=True, help="List the templates.")
def command(*, path: str, template: str, name: str | None, table: bool, force: bool, list_templates: bool) -> None:
    """Write a commented plan to start from.

    The plan passes ipplan check, and ipplan allocate finds a range for each of its BYOIP networks. An existing file is
    not overwritten without --force.
    """
    if table:
        _write_table(DEFAULT_TABLE if path == DEFAULT_PLAN else path, force=force)
        return
    known = read_files(TEMPLATES, ".toml")
    if list_templates:
        _list(known)
        return
    if template not in known:
        from ipplan.plan.problems import nearest

        near = nearest(template, known)
        hint = f"did you mean {near}?" if near else f"the templates are {', '.join(known)}"
        raise UsageProblem(f'unknown template "{escape(template[:80])}"', hint)
    if name is not None and not name.strip():
        raise UsageProblem("--name is empty", "leave it out to name the plan after its file")
    text = known[template]
    title = (name if name is not None else name_after(path) or template)[:_LONGEST_NAME]
    text = _NAME.sub(lambda _: f"name = {toml_string(title)}", text, count=1)
    if path in ("-", "/dev/stdout"):
        deliver(text, for_programs=True)
        return
    _write(path, text.encode("utf-8"), force=force)
    say(f"wrote {path}: a plan to start from, template {template}")
    _say_next(path)


def _write_table(path: str, *, force: bool) -> None:
    """Write the table of networks in the format that the file name states."""
    from ipplan.exporters import ExportError
    from ipplan.exporters.wish_table import wish_csv, wish_workbook

    if path in ("-", "/dev/stdout"):
        deliver(wish_csv(), for_programs=True)
        return
    ending = os.path.splitext(path)[1].lower()
    if ending not in (".csv", ".xlsx"):
        raise UsageProblem(f"cannot write {path} as a table", "use a name that ends in .csv or .xlsx")
    try:
        data = wish_workbook() if ending == ".xlsx" else wish_csv().encode("utf-8")
    except ExportError as error:
        raise UsageProblem(str(error), error.help) from None
    _write(path, data, force=force)
    say(f"wrote {path}: one row per network; replace the examples")
    say("next:")
    say(f"  ipplan import auto {_quoted(path)} -o {DEFAULT_PLAN}")
    say(f"  ipplan allocate {DEFAULT_PLAN} --byoip 10.224.0.0/12")


def name_after(path: str) -> str | None:
    """Return the name for a plan in a file: the name of the file, or of its folder if the file is named plan.

    None for standard output, and if both names are empty.
    """
    if path in ("-", "/dev/stdout"):
        return None
    folder, file = os.path.split(os.path.abspath(path))
    stem = file.removesuffix(".toml")
    return (os.path.basename(folder) if stem in ("", "plan") else stem) or None


def toml_string(text: str) -> str:
    r"""Return the text as a basic string of TOML; control characters are written as \uXXXX.

    Surrogates, which are bytes of a file name that is not valid UTF-8, become U+FFFD: TOML cannot hold them.
    """
    text = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return '"' + "".join(map(_toml_character, text)) + '"'


def _toml_character(char: str) -> str:
    if char in '"\\':
        return "\\" + char
    if escape(char) == char:
        return char
    number = ord(char)
    return f"\\u{number:04X}" if number < 1 << 16 else f"\\U{number:08X}"


def _list(known: dict[str, str]) -> None:
    from ipplan.output.table import Column, Table, render_plain

    rows = [(name, text.split("\n")[1][2:]) for name, text in known.items()]
    deliver(render_plain(Table((Column("name"), Column("what it is")), rows)))


def _write(path: str, data: bytes, *, force: bool) -> None:
    if not path:
        raise UsageProblem("the name of FILE is empty", f"leave it out to write {DEFAULT_PLAN}")
    if os.path.isdir(path):
        raise UsageProblem(
            f"cannot write {path}: it is a directory",
            f"ipplan init {_quoted(os.path.join(path, DEFAULT_PLAN))}",
        )
    if force:
        replace_file(path, data)
    else:
        create_file(path, data, "add --force to overwrite it, or name another file")


def _say_next(path: str) -> None:
    plan = _quoted(path)
    schema = _quoted(os.path.join(os.path.dirname(path), SCHEMA_FILE))
    say("next:")
    for line in (
        f"ipplan check {plan}",
        f"ipplan allocate {plan}",
        f"ipplan allocate {plan} --write",
        f"ipplan schema -o {schema}",
    ):
        say(f"  {line}")


def _quoted(path: str) -> str:
    """Return a path quoted for the shell, and protected from being read as an option."""
    return quote_word(f"./{path}" if path.startswith("-") else path)
