"""`ipplan ranges`: list the built-in catalogue of published and reserved ranges."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from ipplan.cli.options import Output, color_option, edition_option, emit, format_option
from ipplan.cli.plans import choose_catalog
from ipplan.cli.streams import UsageProblem

if TYPE_CHECKING:
    from collections.abc import Collection

    from ipplan.catalog import Reservation


@click.command("ranges", epilog="Exit status: 0 listed, 2 a filter that names nothing known.")
@click.option(
    "--data-center",
    "data_centers",
    metavar="NAME",
    multiple=True,
    help="Only of this data center; repeatable.",
)
@click.option(
    "--category", "categories", metavar="NAME", multiple=True, help="Only of this category; repeatable."
)
@click.option("--search", metavar="TEXT", help="Only rows with this text in any column.")
@edition_option
@format_option("table", "json", "csv", "markdown")
@color_option
def command(
    *,
    data_centers: tuple[str, ...],
    categories: tuple[str, ...],
    search: str | None,
    ranges_edition: str | None,
    output: Output,
) -> int:
    """List the ranges that ipplan knows, each with its source.

    These are IBM Cloud's published ranges of one edition, IBM's aggregate blocks, what Kubernetes platforms
    reserve or take by default, and IANA's special-purpose registries.
    """
    from ipplan.catalog import CATEGORIES, EDITIONS, edition_source
    from ipplan.output import ranges as shown

    catalog = choose_catalog(ranges_edition, None)
    known = {row.data_center for row in catalog.reservations if row.data_center}
    for name in data_centers:
        _require(name, known, "data center", catalog.edition)
    chosen = {name if name in CATEGORIES else f"ibm-{name}" for name in categories}
    for name in categories:
        _require(
            name, {*CATEGORIES, *(c.removeprefix("ibm-") for c in CATEGORIES)}, "category", catalog.edition
        )
    rows = [
        row
        for row in catalog.reservations
        if (not data_centers or row.data_center in data_centers)
        and (not chosen or row.category.name in chosen)
        and (search is None or _has(row, search.casefold()))
    ]
    source = edition_source(catalog.edition)
    emit(
        output,
        table=lambda: shown.table(rows),
        document=lambda: shown.document(rows, catalog.edition, source, EDITIONS),
        text=lambda width, color: shown.render_text(rows, source, width=width, color=color),
    )
    return 0


def _require(name: str, known: Collection[str], what: str, edition: str) -> None:
    if name in known:
        return
    from ipplan.plan.load import nearest

    near = nearest(name, known)
    hint = f"did you mean {near}?" if near else f"known are {', '.join(sorted(known))}"
    raise UsageProblem(f"there is no {what} {name!r} in the catalogue of {edition}", hint)


def _has(row: Reservation, text: str) -> bool:
    words = (
        str(row.prefix),
        row.category.name,
        row.title,
        row.data_center,
        row.city,
        row.pod,
        row.note,
        row.platform,
    )
    return any(text in word.casefold() for word in (*words, row.source.title) if word)
