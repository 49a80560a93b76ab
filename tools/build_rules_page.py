"""Rebuild docs/reference/rules.md from the rules themselves and their examples.

python -m tools.build_rules_page           write docs/reference/rules.md
python -m tools.build_rules_page --check   write nothing, exit 1 where the page would change
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

What `ipplan check` looks for. This page is made from the rules by `python -m tools.build_rules_page`; `ipplan rules`
shows the same. Errors make `ipplan check` end with exit status 1, warnings only with `--strict`, notes never. Where a
rule has two severities, the text says which holds when. The examples are small plans, what the rule finds in them, and
the lines that put them right.

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
