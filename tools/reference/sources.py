"""The page on the catalogue: editions, categories, and the source of every range, from the catalogue itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ipplan.catalog import CATEGORIES, DEFAULT_EDITION, EDITIONS, load_catalog
from tools.reference.markdown import render_table

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ipplan.catalog import Reservation
    from ipplan.findings import Source

_HEAD = """\
# Sources of the catalogue

The ranges that ship with ipplan, and where each comes from. `python -m tools.build_reference` makes this page from the sources. \
[Where the data comes from](../explanation/data.md) explains how they are kept. `ipplan ranges` lists the ranges themselves.

## Editions of IBM Cloud's ranges

"""
_TREATMENT = {
    "service": "IBM Cloud uses it: an overlap is an error",
    "private": "IBM Cloud assigns it to customers: an error in the plan's data centers, a warning in others",
    "public": "IBM Cloud has it on the internet: an overlap is an error",
    "route": "classic servers route it to the BCR: advice only",
    "reserved": "the platform reserves it: see `keep-clear`",
    "default": "the platform uses it unless configured otherwise: see `keep-clear`",
    "special": "IANA sets it aside: not for private use",
    "other": "known, and no reason for a finding",
}
"""What each scope of a category means for a plan."""


def page() -> str:
    """Return the page, with the rows of the newest edition."""
    reservations = load_catalog(DEFAULT_EDITION).reservations
    return "\n".join([_HEAD + _editions(), *_categories(reservations), *_sources(reservations)]).rstrip("\n") + "\n"


def _editions() -> str:
    rows = []
    for date in EDITIONS:
        catalog = load_catalog(date)
        own = sum(row.source.title == catalog.about.title for row in catalog.reservations)
        link = f"[{catalog.about.title}]({catalog.about.url})"
        rows.append((date, f"{own:,}", link, f"`{catalog.about.revision}`"))
    return render_table(("edition", "rows", "page", "revision"), rows)


def _categories(reservations: tuple[Reservation, ...]) -> Iterator[str]:
    """Yield the section of categories; a category that only earlier editions have has 0 rows."""
    yield f"## Categories\n\nThe number of rows is that of the edition {DEFAULT_EDITION}.\n"
    rows = []
    for category in CATEGORIES.values():
        scopes = [row.category.scope for row in reservations if row.category.name == category.name]
        meanings = "; or ".join(_TREATMENT[scope] for scope in dict.fromkeys(scopes or [category.scope]))
        rows.append((f"`{category.name}`", category.title, f"{len(scopes):,}", meanings))
    yield render_table(("category", "what it is", "rows", "meaning for a plan"), rows)


def _sources(reservations: tuple[Reservation, ...]) -> Iterator[str]:
    """Yield a section with the sources of each owner."""
    yield "## Sources\n"
    for owner, title in (("ibm", "IBM Cloud"), ("kubernetes", "Kubernetes platforms"), ("iana", "IANA")):
        sources = {row.source for row in reservations if row.category.owner == owner}
        yield f"### {title}\n"
        yield from (f"- {_link(source)}" for source in sorted(sources, key=lambda source: source.title))
        yield ""


def _link(source: Source) -> str:
    return f"[{source.title}]({source.url})" if source.url else source.title
