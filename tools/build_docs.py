"""Build the documentation as a website in build/docs: `python -m tools.build_docs`.

Every warning is an error: a link that leads nowhere, a heading that no link can name, a page that no list of pages has.
"""

from __future__ import annotations

import sys
from pathlib import Path

from sphinx.cmd.build import main as build

ROOT = Path(__file__).resolve().parent.parent
SITE = ROOT / "build" / "docs"
_NOTES = ROOT / "build" / "doctrees"
"""What Sphinx remembers of a build; nobody publishes it."""

_STRICT = ["--fail-on-warning", "--keep-going", "--nitpicky", "--quiet"]
_EVERY_PAGE = ["--fresh-env", "--write-all"]
"""Without these, a page that has not changed since a failed build keeps its warnings to itself."""


def main() -> int:
    """Build every page and return the exit status."""
    folders = ["--doctree-dir", str(_NOTES), str(ROOT / "docs"), str(SITE)]
    status = build(["--builder", "html", *_STRICT, *_EVERY_PAGE, *folders])
    if status == 0:
        print(f"{(SITE / 'index.html').relative_to(ROOT)} is the start page")
    return status


if __name__ == "__main__":
    sys.exit(main())
