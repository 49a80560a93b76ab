"""`ipplan rules`: every rule of check with its reason, source, remedy and an example."""

from __future__ import annotations

import click

from ipplan.cli.emit import Output, emit
from ipplan.cli.help import Command
from ipplan.cli.options import color_option, format_option
from ipplan.cli.streams import UsageProblem, deliver
from ipplan.output.text import escape


@click.command(
    "rules",
    cls=Command,
    arguments={"RULE": "The name of a rule, as check prints it."},
    examples=(
        ("List all rules", "ipplan rules"),
        ("Explain one rule, with an example and its fix", "ipplan rules network-overlap"),
    ),
    exit_status={0: "shown", 2: "bad usage, or no such rule"},
)
@click.argument("name", metavar="[RULE]", required=False)
@format_option("table", "json", "csv", "markdown", columns="rules")
@color_option
def command(*, name: str | None, output: Output) -> int:
    """List the rules of check, or explain one: why it matters, what to do, an example.

    The example is a small plan, the findings of check on it, and the lines that fix it. JSON has the examples of all
    rules, CSV has none.
    """
    from ipplan.catalog import DEFAULT_EDITION
    from ipplan.checks import RULES, rules_by_topic
    from ipplan.checks.examples import run_example
    from ipplan.output import rules as shown

    if name is not None and name not in RULES:
        from ipplan.plan.problems import nearest

        near = nearest(name, RULES)
        hint = f"; did you mean {near}?" if near else ""
        raise UsageProblem(f'unknown rule "{escape(name[:80])}"{hint}', "ipplan rules lists all")
    # Each example costs a check, and the list for people shows none.
    wants_examples = name is not None or output.format in ("json", "markdown")
    pages = [
        shown.Page(topic, rule, run_example(rule.name) if wants_examples else None)
        for topic, rules in rules_by_topic()
        for rule in rules
        if name in (None, rule.name)
    ]
    if output.format == "markdown" and not output.columns:
        text = shown.render_markdown(pages) if name is None else shown.render_markdown_page(pages[0])
        deliver(text, output.file)
        return 0
    emit(
        output,
        table=lambda: shown.table(pages),
        document=lambda: shown.document(pages, DEFAULT_EDITION),
        text=lambda width, color: (
            shown.render_list(pages, width=width, color=color, choice=output.choice)
            if name is None
            else shown.render_page(pages[0], width=width, color=color)
        ),
        tabular=name is None,
    )
    return 0
