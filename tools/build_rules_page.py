"""Rebuild docs/rules.md from the rules themselves.

python -m tools.build_rules_page           write docs/rules.md
python -m tools.build_rules_page --check   write nothing, exit 1 where the page would change
"""

from __future__ import annotations

import sys
from pathlib import Path

from ipplan.checks import RULES, TOPICS

PAGE = Path(__file__).parent.parent / "docs" / "rules.md"


def page() -> str:
    """Return the page: a table of all rules, then each with its reason, remedy and source."""
    lines = [
        "# The rules",
        "",
        "What `ipplan check` looks for. This page is made from the rules by `python -m tools.build_rules_page`.",
        "Errors make `ipplan check` end with exit status 1, warnings only with `--strict`, notes never. Where a rule",
        "has two severities, the text says which holds when.",
        "",
        "| rule | severity | finds |",
        "| --- | --- | --- |",
    ]
    rules = [r for topic in TOPICS for r in RULES.values() if r.check.__module__ == topic.__name__]
    lines += [f"| [{r.name}](#{r.name}) | {', '.join(r.severities)} | {_plain(r.summary)} |" for r in rules]
    for topic in TOPICS:
        lines += ["", f"## {(topic.__doc__ or '').splitlines()[0].rstrip('.')}"]
        for rule in rules:
            if rule.check.__module__ != topic.__name__:
                continue
            source = (
                f"[{_plain(rule.source.title)}]({rule.source.url})" if rule.source.url else rule.source.title
            )
            dated = f" ({rule.source.date})" if rule.source.date else ""
            lines += [
                "", f"### {rule.name}", "", f"{', '.join(rule.severities)}: {_plain(rule.summary)}", "",
                f"*Why it matters.* {_sentence(rule.reason)}", "", f"*What to do.* {_sentence(rule.remedy)}", "",
                f"*Source.* {source}{dated}",
            ]  # fmt: skip
    return "\n".join(lines) + "\n"


def _plain(text: str) -> str:
    return text.replace("[[", "\\[\\[").replace("|", "\\|")


def _sentence(text: str) -> str:
    return _plain(text[:1].upper() + text[1:])


def main(arguments: list[str]) -> int:
    """Write the page, or with --check compare it; return the exit status."""
    text = page()
    if arguments == ["--check"]:
        same = PAGE.exists() and PAGE.read_text(encoding="utf-8") == text
        if not same:
            print("docs/rules.md differs from the rules: run python -m tools.build_rules_page")
        return 0 if same else 1
    PAGE.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
