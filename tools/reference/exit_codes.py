"""The page on exit codes, from the table of codes."""

from __future__ import annotations

from ipplan.cli.exit_codes import EXIT_CODES

_HEAD = """\
# Exit codes

Every command ends with one of these codes. `python -m tools.build_reference` makes this page from the sources.

| code | means |
| --- | --- |
"""


def page() -> str:
    """Return the page: the meaning of each code."""
    return _HEAD + "".join(f"| {code} | {meaning} |\n" for code, meaning in EXIT_CODES.items())
