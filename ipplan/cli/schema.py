"""`ipplan schema`: print the JSON Schemas in `ipplan/schemas`, of the plan and of each JSON document."""

from __future__ import annotations

import click

from ipplan.cli.help import Command
from ipplan.cli.options import file_option, force_option
from ipplan.cli.outputs import guard_output
from ipplan.cli.streams import UsageProblem, deliver
from ipplan.files import read_files


@click.command(
    "schema",
    cls=Command,
    arguments={"NAME": "The name of a JSON document, such as allocation for ipplan.allocation. Default: plan."},
    examples=(
        ("Let an editor check plan.toml", "ipplan schema -o plan.schema.json"),
        ("Print the schema of ipplan check --json", "ipplan schema check"),
    ),
    exit_status={0: "printed", 2: "bad usage, or no such schema"},
)
@click.argument("name", metavar="[NAME]", default="plan")
@click.option("--list", "list_names", is_flag=True, help="List the names and what they describe.")
@file_option
@force_option
def command(*, name: str, list_names: bool, output_file: str | None, force: bool) -> None:
    """Print the JSON Schema of the plan or of a JSON document that ipplan writes."""
    guard_output(output_file, force=force)
    schemas = read_files("schemas", ".json")
    if list_names:
        from json import loads

        from ipplan.output.table import Column, Table, render_plain

        rows = [(known, loads(text).get("title")) for known, text in schemas.items()]
        deliver(render_plain(Table((Column("name"), Column("title")), rows)), output_file)
        return
    wanted = schemas.get(name.removeprefix("ipplan.").removesuffix("/1"))
    if wanted is None:
        raise UsageProblem(f"unknown schema {name!r}", f"the schemas are {', '.join(schemas)}")
    deliver(wanted, output_file)
