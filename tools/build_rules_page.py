"""Rebuild docs/reference/rules.md from the rules themselves and their examples.

python -m tools.build_rules_page           write docs/reference/rules.md
python -m tools.build_rules_page --check   write nothing, exit with status 1 if the page would change
"""

from __future__ import annotations

import sys
from pathlib import Path

from ipplan.checks import rules_by_topic
from ipplan.checks.examples import run_example
from ipplan.output.rules import Page, render_markdown

PAGE = Path(__file__).parent.parent / "docs" / "reference" / "rules.md"

_HEAD = """\
# The rules

What `ipplan check` looks for. `python -m tools.build_rules_page` writes this page from the rules; `ipplan rules` shows
the same. Errors make `ipplan check` end with exit status 1, warnings only with `--strict`, notes never. If a rule has
several severities, its text says when each applies. Each example is a small plan, the findings of the rule in it, and
the lines that fix it.

"""


def page() -> str:
    """Return the page: a table of all rules, then each with its reason, remedy, source and example."""
    return _HEAD + render_markdown(
        [Page(topic, rule, run_example(rule.name)) for topic, rules in rules_by_topic() for rule in rules]
    )


def main(arguments: list[str]) -> int:
    """Write the page, or with --check compare it; return the exit status."""
    text = page()
    if arguments == ["--check"]:
        same = PAGE.exists() and PAGE.read_text(encoding="utf-8") == text
        if not same:
            print("docs/reference/rules.md differs from the rules: run python -m tools.build_rules_page")
        return 0 if same else 1
    PAGE.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
