"""Write JSON documents, and the keys that every document starts with.

Knows nothing of the content of a document; each command's own module builds it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ipplan import __version__

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ipplan.findings import Source


def made_by(edition: str | None) -> dict[str, str | None]:
    """Return what made a document; it comes right after "schema". `edition` is None if none was used."""
    return {"tool": "ipplan", "version": __version__, "ranges_edition": edition}


def source_object(source: Source | None) -> dict[str, str | None] | None:
    """Return a source as documents hold it, null where there is none."""
    return None if source is None else {"title": source.title, "url": source.url, "date": source.date}


def source_line(source: Source) -> str:
    """Return a source on one line for people: title, date and address."""
    date = f" ({source.date})" if source.date and source.date not in source.title else ""
    return f"{source.title}{date}" + (f", {source.url}" if source.url else "")


def render_json(document: Mapping[str, object]) -> str:
    """Return a document as ASCII text that ends in a newline, a line for each key and each item of a list.

    So a difference of two documents shows what changed. `indent` is not used because it turns off json's C encoder.
    """
    from json import dumps

    lines = []
    for key, value in document.items():
        if isinstance(value, (list, tuple)) and value:
            text = "[\n  " + ",\n  ".join(map(dumps, value)) + "]"
        else:
            text = dumps(value)
        lines.append(f" {dumps(key)}: {text}")
    return "{\n" + ",\n".join(lines) + "}\n"
