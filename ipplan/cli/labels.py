"""The option --label: which networks it chooses, and the error for a label that no plan has."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from ipplan.cli.streams import UsageProblem
from ipplan.output.text import escape

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ipplan.plan.labels import Chosen
    from ipplan.plan.model import Plan

label_option = click.option(
    "--label",
    "labels",
    metavar="NAME=VALUE",
    multiple=True,
    help="Only networks with this label, their own or that of their cluster, edge or site. NAME alone matches any value. "
    "Repeatable: networks must have all of them.",
)
"""Gives a command --label, passed as `labels`."""


class LabelFilter:
    """Applies --label to one plan after the other; at least one plan must have each label."""

    def __init__(self, wanted: Sequence[str]) -> None:
        self.wanted = wanted
        self._files: list[str] = []
        self._known: dict[str, set[str]] = {}

    def choose(self, plan: Plan) -> Chosen | None:
        """Return the parts of a plan that have the labels, None without --label."""
        if not self.wanted:
            return None
        from ipplan.plan.labels import choose_labelled, known_labels

        self._files.append(plan.file)
        for name, values in known_labels(plan).items():
            self._known.setdefault(name, set()).update(values)
        return choose_labelled(plan, self.wanted)

    def require_known(self) -> None:
        """Raise UsageProblem for a label that none of the plans has."""
        from ipplan.plan.labels import split_label
        from ipplan.plan.problems import nearest

        for text in self.wanted if self._files else ():
            name, value = split_label(text, self._known)
            values = self._known.get(name)
            if values is not None and (value is None or value in values):
                continue
            who = escape(self._files[0]) + (" has" if len(self._files) == 1 else " and the other plans have")
            near = nearest(name, self._known)
            if values is not None and value is not None:
                found = nearest(value, values)
                near = None if found is None else f"{name}={found}"
            hint = f"; did you mean {escape(near)}?" if near else ""
            raise UsageProblem(f'{who} no label "{escape(text[:80])}"{hint}')


def choose_labelled_networks(plan: Plan, wanted: Sequence[str]) -> frozenset[str] | None:
    """Return the names of the networks that have the labels, None without --label; raise UsageProblem."""
    chosen = (labels := LabelFilter(wanted)).choose(plan)
    labels.require_known()
    return None if chosen is None else chosen.networks
