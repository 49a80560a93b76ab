"""Define what a rule is, and collect all rules with the decorator `@rule`.

A rule is one decorated generator of findings. The name of the function is the id of the rule, with hyphens: `def
pool_overlap` is the rule pool-overlap. The docstring is its documentation: the first line says what it finds, the
paragraph after "Why:" why that matters, the paragraph after "Do:" what to do about it. The decorator replaces the
function by its `Rule`, so the function makes a finding with `pool_overlap.finding(...)`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

from ipplan.findings import Finding, KeyPath, Related, Severity, Source

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ipplan.addresses import Prefix

    Check = Callable[..., Iterator[Finding]]

Subject = Literal["plan", "in service", "files", "plans", "waivers"]
"""What a rule judges, which decides when it runs and what its function takes.

"plan": the whole plan with retired networks, which keep their ranges. "in service": the plan without retired networks.
"files": a plan and the files of `--against`. "plans": several plans together. "waivers": the waivers of a plan, after
all other rules.
"""


class Rule(NamedTuple):
    """One rule. `severities` lists those that its findings can have, worst first; `source` says where it comes from."""

    name: str
    severities: tuple[Severity, ...]
    source: Source
    check: Check
    judges: Subject = "plan"

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
        """Make a finding of this rule, with the rule's first severity and its source unless others are given."""
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
"""All rules by name; the rules of one module in the order of the module."""


def rule(*severities: Severity, source: Source, judges: Subject = "plan") -> Callable[[Check], Rule]:
    """Register a check as the rule that has the name of its function."""

    def register(check: Check) -> Rule:
        name = check.__name__.replace("_", "-")
        if name in RULES:
            raise ValueError(f"two rules are named {name}")
        RULES[name] = registered = Rule(name, severities, source, check, judges)
        return registered

    return register
