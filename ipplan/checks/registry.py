"""What a rule is, and the table that `@rule` fills.

A rule is one decorated generator of findings; its docstring is its documentation: the first line says what it
finds, the paragraph that starts with "Why:" why that matters, the one that starts with "Do:" what to do about it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ipplan.findings import Finding, KeyPath, Related, Severity, Source

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ipplan.addresses import Prefix
    from ipplan.checks.context import Context

    Check = Callable[[Context], Iterator[Finding]]


class Rule(NamedTuple):
    """One rule. `severities` lists those it can give, worst first; `source` is where it comes from.

    One `in_service` judges what is in service, any other the whole plan with what is retired, which holds its ranges.
    """

    name: str
    severities: tuple[Severity, ...]
    source: Source
    check: Check
    in_service: bool = False

    @property
    def summary(self) -> str:
        """What the rule finds, in one line."""
        return self._paragraphs()[0]

    @property
    def reason(self) -> str:
        """Why it matters."""
        return next((p[4:].strip() for p in self._paragraphs() if p.startswith("Why:")), "")

    @property
    def remedy(self) -> str:
        """What to do about it."""
        return next((p[3:].strip() for p in self._paragraphs() if p.startswith("Do:")), "")

    def _paragraphs(self) -> list[str]:
        text = self.check.__doc__
        if text is None:
            from ipplan.docstrings import read_docstring

            text = read_docstring(self.check.__module__, self.check.__name__)
        return [" ".join(paragraph.split()) for paragraph in text.split("\n\n")]

    def finding(
        self,
        message: str,
        key: KeyPath,
        *,
        severity: Severity | None = None,
        networks: tuple[str, ...] = (),
        cidrs: tuple[Prefix, ...] = (),
        overlap: Prefix | None = None,
        related: tuple[Related, ...] = (),
        because: tuple[str, ...] = (),
        help: str | None = None,  # noqa: A002  (the name that users see)
        source: Source | None = None,
    ) -> Finding:
        """Build a finding of this rule; severity and source are the rule's own unless given."""
        return Finding(
            rule=self.name,
            severity=severity or self.severities[0],
            message=message,
            key=key,
            networks=networks,
            cidrs=cidrs,
            overlap=overlap,
            related=related,
            because=because,
            help=help,
            source=source or self.source,
        )


RULES: dict[str, Rule] = {}
"""Every rule by its name, those of one module in the order of the module."""


def rule(name: str, *severities: Severity, source: Source, in_service: bool = False) -> Callable[[Check], Rule]:
    """Enter a check into the table under a kebab-case name that describes the problem."""

    def enter(check: Check) -> Rule:
        if name in RULES:
            raise ValueError(f"two rules are named {name}")
        RULES[name] = entered = Rule(name, severities, source, check, in_service)
        return entered

    return enter
