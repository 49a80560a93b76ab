"""Write the rules of the check as a document, a table, text and Markdown. Must not decide anything."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from ipplan.output.documents import made_by, source_object
from ipplan.output.findings import finding_document, render_finding
from ipplan.output.table import ALL, EXTRA, Column, Table, render_for_people
from ipplan.output.text import hang, paint, wrap

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ipplan.checks import Rule
    from ipplan.checks.examples import Example
    from ipplan.findings import Finding
    from ipplan.output.table import Choice

_MOST_LINES = 40
"""Show people at most this many lines of an example; the document has all."""
_PAGE_WIDTH = 110
"""Wrap findings on a Markdown page at this many columns."""


class Page(NamedTuple):
    """A rule, the title of its topic, and its example; None if the example is not needed."""

    topic: str
    rule: Rule
    example: Example | None


def document(pages: Sequence[Page], edition: str) -> dict[str, Any]:
    """Return the document `ipplan.rules/1`; every page needs its example."""
    return {
        "schema": "ipplan.rules/1",
        "made_by": made_by(edition),
        "rules": [_rule(page.topic, page.rule, page.example) for page in pages if page.example is not None],
    }


def _rule(topic: str, rule: Rule, example: Example) -> dict[str, Any]:
    return {
        "rule": rule.name,
        "severities": list(rule.severities),
        "topic": topic,
        "finds": rule.summary,
        "reason": rule.reason,
        "remedy": rule.remedy,
        "source": source_object(rule.source),
        "example": example.plan,
        "findings": [finding_document(finding) for finding in example.findings],
        "fixed": example.fixed,
    }


COLUMNS = (
    Column("rule"),
    Column("severity", goes=1),
    Column("finds", long="wrap"),
    Column("why", goes=EXTRA, long="wrap"),
    Column("do", goes=EXTRA, long="wrap"),
    Column("source", goes=EXTRA, long="source"),
    Column("url", goes=EXTRA, long="source"),
    Column("date", goes=EXTRA),
)


def table(pages: Sequence[Page]) -> Table:
    """Return a row for each rule, with everything but the example."""
    return Table(
        COLUMNS,
        [
            (
                rule.name,
                ", ".join(rule.severities),
                rule.summary,
                rule.reason,
                rule.remedy,
                rule.source.title,
                rule.source.url,
                rule.source.date,
            )
            for _, rule, _ in pages
        ],
    )


def render_list(pages: Sequence[Page], *, width: int | None, color: bool, choice: Choice = ALL) -> str:
    """Return name, severity and first line of each rule, and how to read more about one."""
    text = render_for_people(table(pages), width=width, color=color, choice=choice)
    count = f"{len(pages):,} rules"
    more = f"{count}; ipplan rules RULE shows reason, remedy, source and an example"
    return f"{text}\n{hang(more, width)}"


def render_page(page: Page, *, width: int | None, color: bool) -> str:
    """Return what a rule finds, why it matters, what to do, its source and its example."""
    rule = page.rule
    source = rule.source.title + (f" ({rule.source.date})" if rule.source.date else "")
    sections = [
        f"{rule.name} ({', '.join(rule.severities)}): {rule.summary}",
        f"why: {rule.reason}",
        f"do: {rule.remedy}",
        f"source: {source}" + (f", {rule.source.url}" if rule.source.url else ""),
    ]
    parts = ["".join(f"{line}\n" for line in ([s] if width is None else wrap(s, width))) for s in sections]
    name = paint(rule.name, "bold", color=color)
    parts[0] = parts[0].replace(rule.name, name, 1)
    if page.example is not None:
        parts.append("example:\n\n" + _indented(_shortened(page.example.plan)))
        parts += [_finding(finding, width, color=color) for finding in page.example.findings]
        parts.append("fix:\n\n" + _indented(_difference(page.example)))
    return "\n".join(parts)


def _indented(lines: Sequence[str]) -> str:
    return "".join(f"    {line}".rstrip(" ") + "\n" for line in lines)


def _finding(finding: Finding, width: int | None, *, color: bool) -> str:
    """Return a finding as `ipplan check` shows it, without the source, which the page has already."""
    return render_finding(finding._replace(source=None), width, color=color)


def _shortened(text: str) -> list[str]:
    lines = text.splitlines()
    rest = len(lines) - _MOST_LINES
    return lines if rest <= 0 else [*lines[:_MOST_LINES], f"# and {rest:,} more lines"]


def _difference(example: Example) -> list[str]:
    """Return the lines that the fixed plan changes, with a few lines around them."""
    from difflib import unified_diff

    lines = unified_diff(example.plan.splitlines(), example.fixed.splitlines(), n=2, lineterm="")
    # Line numbers in a text of a few lines are not needed.
    shown = [line.rstrip(" ") for line in lines if not line.startswith(("---", "+++", "@@"))]
    while not shown[0]:
        del shown[0]
    while not shown[-1]:
        del shown[-1]
    return shown


def render_markdown(pages: Sequence[Page]) -> str:
    """Return the page of rules: a table of all, then by topic each with reason, remedy, source and example."""
    lines = ["| rule | severity | finds |", "| --- | --- | --- |"]
    lines += [
        f"| [{p.rule.name}](#{p.rule.name}) | {', '.join(p.rule.severities)} | {_plain(p.rule.summary)} |"
        for p in pages
    ]
    topic = None
    for page in pages:
        if page.topic != topic:
            topic = page.topic
            lines += ["", f"## {topic}"]
        lines += ["", *_section(page)]
    return "\n".join(lines) + "\n"


def render_markdown_page(page: Page) -> str:
    """Return one rule as the page of rules has it."""
    return "\n".join(_section(page)) + "\n"


def _section(page: Page) -> Iterator[str]:
    rule = page.rule
    source = f"[{_plain(rule.source.title)}]({rule.source.url})" if rule.source.url else _plain(rule.source.title)
    dated = f" ({rule.source.date})" if rule.source.date else ""
    yield from (f"### {rule.name}", "", f"{', '.join(rule.severities)}: {_plain(rule.summary)}", "")
    yield from (f"*Why it matters.* {_sentence(rule.reason)}", "")
    yield from (f"*What to do.* {_sentence(rule.remedy)}", "")
    yield f"*Source.* {source}{dated}"
    if page.example is None:
        return
    yield from ("", "*Example.*", "", "```toml", *_shortened(page.example.plan), "```", "")
    findings = [_finding(finding, _PAGE_WIDTH, color=False).rstrip("\n") for finding in page.example.findings]
    yield from ("```text", *"\n\n".join(findings).splitlines(), "```", "")
    yield from (
        "*Fix.*",
        "",
        "```diff",
        *_difference(page.example),
        "```",
    )


def _plain(text: str) -> str:
    return text.replace("[[", "\\[\\[").replace("|", "\\|")


def _sentence(text: str) -> str:
    return _plain(text[:1].upper() + text[1:])
