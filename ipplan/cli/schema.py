"""`ipplan schema`: the JSON Schemas of the plan and of the documents, as they ship in `ipplan/schemas`."""

from __future__ import annotations

import os

import click

from ipplan.cli.streams import UsageProblem, deliver


@click.command("schema")
@click.argument("name", default="plan")
@click.option("--list", "list_names", is_flag=True, help="List the names and what they describe.")
@click.option(
    "-o", "--output", "output_file", metavar="FILE",
    help="Write to FILE, whole or not at all, instead of standard output.",
)  # fmt: skip
def command(*, name: str, list_names: bool, output_file: str | None) -> None:
    """Print the JSON Schema of the plan, or with NAME of the JSON document ipplan.NAME."""
    folder = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "schemas")
    names = sorted(file.removesuffix(".json") for file in os.listdir(folder) if file.endswith(".json"))
    if list_names:
        from json import loads

        from ipplan.output.table import Column, Table, render_plain

        rows = [(known, loads(_read(folder, known)).get("title")) for known in names]
        deliver(render_plain(Table((Column("name"), Column("title")), rows)), output_file)
        return
    wanted = name.removeprefix("ipplan.").removesuffix("/1")
    if wanted not in names:
        raise UsageProblem(f"there is no schema {name!r}", f"there are {', '.join(names)}")
    deliver(_read(folder, wanted), output_file)


def _read(folder: str, name: str) -> str:
    with open(os.path.join(folder, f"{name}.json"), encoding="utf-8") as file:
        return file.read()
