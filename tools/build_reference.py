"""Rebuild the pages of docs/reference that follow from the sources.

python -m tools.build_reference           write the pages
python -m tools.build_reference --check   write nothing, exit 1 where a page would change
"""

from __future__ import annotations

import sys
from pathlib import Path

from tools.reference import commands, exit_codes, json_documents, kinds, plan_keys, rules, sources

FOLDER = Path(__file__).resolve().parent.parent / "docs" / "reference"

PAGES = {
    "commands.md": commands.page,
    "exit-codes.md": exit_codes.page,
    "json.md": json_documents.page,
    "kinds.md": kinds.page,
    "plan-keys.md": plan_keys.page,
    "rules.md": rules.page,
    "sources.md": sources.page,
}
"""Each file with the function that returns its text."""


def main(arguments: list[str]) -> int:
    """Write the pages, or with --check compare them; return the exit status."""
    status = 0
    for name, page in PAGES.items():
        path, text = FOLDER / name, page()
        if arguments != ["--check"]:
            path.write_text(text, encoding="utf-8")
        elif not path.exists() or path.read_text(encoding="utf-8") != text:
            print(f"docs/reference/{name} differs from the sources: run python -m tools.build_reference")
            status = 1
    return status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
