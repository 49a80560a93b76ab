"""The page of the rules: each rule with its reason, remedy, source and example."""

from __future__ import annotations

from ipplan.checks import rules_by_topic
from ipplan.checks.examples import run_example
from ipplan.output.rules import Page, render_markdown

_HEAD = """\
# The rules

What `ipplan check` looks for. `python -m tools.build_reference` writes this page from the rules; `ipplan rules` shows
the same. Errors make `ipplan check` end with exit status 1, warnings only with `--strict`, notes never. If a rule has
several severities, its text says when each applies. Each example is a small plan, the findings of the rule in it, and
the lines that fix it.

"""


def page() -> str:
    """Return the page: a table of all rules, then each with its reason, remedy, source and example."""
    return _HEAD + render_markdown(
        [Page(topic, rule, run_example(rule.name)) for topic, rules in rules_by_topic() for rule in rules]
    )
