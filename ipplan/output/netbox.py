"""Render the comparison of a plan with a NetBox: the document `ipplan.netbox/1`, a table and text. Decides nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ipplan.netbox.difference import ACTIONS
from ipplan.netbox.wanted import VlanName
from ipplan.output.documents import made_by
from ipplan.output.table import ALL, Column, Table, render_for_people
from ipplan.output.text import escape, wrap

if TYPE_CHECKING:
    from ipplan.netbox.difference import Field, ObjectChange
    from ipplan.netbox.outcome import Outcome, Report
    from ipplan.netbox.wanted import Value
    from ipplan.output.table import Choice

_MOST_NAMED = 6
"""Name at most this many networks in one line."""
_NOT_SHOWN = frozenset({"slug", "tags", "group", "vid"})
"""Fields of a new object that are not shown, because its name or another row says the same."""


def document(report: Report) -> dict[str, Any]:
    """Return the document `ipplan.netbox/1`."""
    return {
        "schema": "ipplan.netbox/1",
        "made_by": made_by(None),
        "plan": {"name": report.plan, "file": report.file},
        "url": report.url,
        "vrf": report.vrf,
        "pushed": report.pushed,
        "same": not report.outcomes,
        "summary": {
            **{action: sum(o.change.action == action for o in report.outcomes) for action in ACTIONS},
            "unchanged": report.unchanged,
            "failed": report.count("failed"),
            "not_tried": report.count("not-tried"),
        },
        "changes": [_change(outcome) for outcome in report.outcomes],
        "waiting": list(report.desired.waiting),
        "shared": [
            {"network": shared.network, "cidr": shared.prefix, "other": shared.other}
            for shared in report.desired.shared
        ],
    }


def _change(outcome: Outcome) -> dict[str, Any]:
    change = outcome.change
    return {
        "change": change.action,
        "object": change.what,
        "name": change.key,
        "id": change.number,
        "fields": [
            {"field": field.name, "old": _value(field.old), "new": _value(field.new)} for field in change.fields
        ],
        "reason": change.reason,
        "state": outcome.state,
        "error": outcome.error,
    }


def _value(value: Value) -> str | int | list[str] | None:
    if isinstance(value, VlanName):
        return _vlan(value)
    return list(map(str, value)) if isinstance(value, tuple) else value


def _vlan(vlan: VlanName) -> str:
    return f"{vlan.vid} of another group" if vlan.group is None else f"{vlan.vid} of {vlan.group}"


COLUMNS = (
    Column("change"),
    Column("object", goes=1),
    Column("name", "address"),
    Column("fields", long="wrap"),
)
"""The columns of a change; a push adds its state and error."""


def table(report: Report) -> Table:
    """Return a row for each change; after a push with its state and error."""
    columns = list(COLUMNS)
    if report.pushed:
        columns += [Column("state"), Column("error", long="wrap")]
    rows = []
    for outcome in report.outcomes:
        change = outcome.change
        row = [change.action, change.what, change.key, _details(change)]
        rows.append([*row, outcome.state, outcome.error] if report.pushed else row)
    return Table(tuple(columns), rows)


def _details(change: ObjectChange) -> str | None:
    if change.action == "create":
        shown = [f"{f.name} {_text(f.new)}" for f in change.fields if f.name not in _NOT_SHOWN]
    else:
        shown = [_difference(f) for f in change.fields if change.action != "conflict" or f.name != "tags"]
    return "; ".join([change.reason, *shown] if change.reason else shown) or None


def _difference(field: Field) -> str:
    if isinstance(field.new, tuple) and isinstance(field.old, tuple) and field.name == "tags":
        signs = [f"+{tag}" for tag in field.new if tag not in field.old]
        return " ".join(["tags:", *signs, *(f"-{tag}" for tag in field.old if tag not in field.new)])
    return f"{field.name}: {_text(field.old)} to {_text(field.new)}"


def _text(value: Value) -> str:
    if isinstance(value, VlanName):
        return _vlan(value)
    return (", ".join(map(str, value)) if isinstance(value, tuple) else str(value or "")) or "none"


def render_text(report: Report, *, width: int | None, color: bool, choice: Choice = ALL) -> str:
    """Return the changes as a table, and lines that sum up and say what is not pushed and why."""
    grid = ""
    if report.outcomes:
        grid = render_for_people(table(report), width=width, color=color, choice=choice) + "\n"
    lines = (wrap(line, width) if width is not None else [line] for line in _summary(report))
    return grid + "".join(line + "\n" for group in lines for line in group)


def _summary(report: Report) -> list[str]:
    place = "global table" if report.vrf is None else f"VRF {escape(report.vrf)}"
    states = [o.change.action for o in report.outcomes if o.state in ("planned", "done", "left")]
    counts = [f"{states.count(action):,} {action}" for action in ACTIONS if action in states]
    counts += [f"{report.count('failed'):,} failed"] if report.count("failed") else []
    counts += [f"{report.count('not-tried'):,} not tried"] if report.count("not-tried") else []
    lines = [f"{escape(report.url)}, {place}: {', '.join(counts) or 'no difference'}, {report.unchanged:,} unchanged"]
    actions = {outcome.change.action for outcome in report.outcomes}
    if "conflict" in actions:
        lines.append("conflict: not created from this plan, so it is not changed; push --adopt takes it over")
    if "unplanned" in actions:
        lines.append("unplanned: created from this plan, but no longer in it; push --prune deletes it")
    if report.desired.waiting:
        names = report.desired.waiting
        lines.append(f"no range yet, not pushed: {_some(names)}; ipplan allocate --write pins ranges")
    lines += [
        f"{escape(shared.network)} and {escape(shared.other)} have the same prefix {shared.prefix}: NetBox gets it once"
        for shared in report.desired.shared
    ]
    return lines


def _some(names: tuple[str, ...]) -> str:
    more = f" and {len(names) - _MOST_NAMED:,} more" if len(names) > _MOST_NAMED else ""
    return ", ".join(map(escape, names[:_MOST_NAMED])) + more
