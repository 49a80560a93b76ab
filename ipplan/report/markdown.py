"""Renders a report as one Markdown file (GitHub), with the same sections, for a wiki or a pull request."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ipplan.output.table import Table, literal, render_markdown
from ipplan.report.model import Cards, Facts, Grid, Picture, Walks

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from ipplan.report.model import Block, Card, Cell, Report, Walk


def render_report_markdown(report: Report) -> str:
    """Return the file, with a command in place of each picture."""
    lines = [f"# {literal(report.title)}", ""]
    if report.subtitle:
        lines += [literal(report.subtitle), ""]
    lines += [f"**{literal(report.verdict)}**", ""]
    if report.limits:
        lines += [literal(report.limits), ""]
    for tile in report.tiles:
        more = "".join(f"; {literal(line)}" for line in tile.lines)
        lines.append(f"- **{literal(tile.title)}**: {literal(tile.value)}{more}")
    for section in report.sections:
        lines += ["", f"## {literal(section.title)}", ""]
        if section.text:
            lines += [literal(section.text), ""]
        for block in section.blocks:
            lines += _block(block)
        while lines[-1] == "":
            lines.pop()
    return "\n".join([*lines, "", "---", "", literal(report.made_by)]) + "\n"


def _block(block: Block) -> Iterator[str]:
    if block.title:
        yield from (f"### {literal(block.title)}", "")
    if isinstance(block, Grid):
        yield from _grid(block)
    elif isinstance(block, Cards):
        yield from _cards(block)
    elif isinstance(block, Walks):
        yield from _walks(block)
    elif isinstance(block, Facts):
        yield from (f"- {literal(name)}: {literal(text)}" for name, text in block.rows)
        yield ""
    elif isinstance(block, Picture):
        yield from (f"To draw it: {literal(block.command)}", "")


def _grid(grid: Grid) -> Iterator[str]:
    if grid.note:
        yield from (literal(grid.note), "")
    if not grid.rows:
        yield from (literal(grid.empty), "")
        return
    rows = [[_joined(cell) for cell in row] for row in grid.rows]
    yield render_markdown(Table(grid.columns, rows, grid.cut))


def _joined(cell: Cell) -> str | int | None:
    return "; ".join(cell) if isinstance(cell, tuple) else cell


def _cards(block: Cards) -> Iterator[str]:
    if not block.cards:
        yield from (literal(block.empty), "")
        return
    for card in block.cards:
        yield from _card(card)
    yield ""


def _card(card: Card) -> Iterator[str]:
    new = ", new" if card.new else ""
    yield f"- **{literal(card.word)}{new}** {literal(card.rule)}: {literal(card.text)}"
    yield from _pairs(card.facts)


def _pairs(rows: Iterable[tuple[str, str]]) -> Iterator[str]:
    yield from (f"  - {literal(name)}: {literal(text)}" for name, text in rows)


def _walks(block: Walks) -> Iterator[str]:
    if not block.walks:
        yield from (literal(block.empty), "")
    for walk in block.walks:
        yield from _walk(walk)
    if block.cut:
        yield from (literal(block.cut), "")


def _walk(walk: Walk) -> Iterator[str]:
    yield from (f"### {literal(walk.title)}", "", f"**{literal(walk.verdict)}**", "")
    for way in walk.ways:
        yield from (f"{literal(way.title.capitalize())}:", "")
        for number, step in enumerate(way.steps, 1):
            yield f"{number}. **{literal(step.device)}**: {literal(step.text)}"
            # Align details with the text of the item, whatever the width of its number.
            indent = " " * (len(str(number)) + 2)
            yield from (f"{indent}- {literal(detail)}" for detail in step.details)
        yield ""
        if way.stop:
            yield from (f"- {literal(name)}: {literal(text)}" for name, text in way.stop)
            yield ""
    yield from (f"- {literal(note)}" for note in walk.notes)
    if walk.notes:
        yield ""
