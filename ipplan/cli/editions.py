"""Load a catalogue from a file of ranges, or from the one that a plan names. Knows nothing of its use."""

from __future__ import annotations

import os
from functools import lru_cache
from typing import TYPE_CHECKING

from ipplan.cli.streams import STDIN_NAME, InputProblem, read_input

if TYPE_CHECKING:
    from ipplan.catalog import Catalog


def load_ranges(path: str) -> Catalog:
    """Return the catalogue with the edition in a file, a ranges file or IBM's page.

    Raises InputProblem if the file cannot be read, and PlanError with every problem of its content.
    """
    data, file = read_input(path)
    return _load(data, file)


@lru_cache(maxsize=4)
def _load(data: bytes, file: str) -> Catalog:
    # Cached by content: plans of one run share a file, and between two commands of a program the file may change.
    from ipplan.importers import SourceError
    from ipplan.importers.ranges import catalog_from
    from ipplan.importers.reading import source_problems

    try:
        return catalog_from(data, file)
    except SourceError as error:
        raise source_problems(error, file) from None


def load_plan_ranges(ranges_file: str, plan_file: str) -> Catalog:
    """Return the catalogue with the edition in the file that a plan names, relative to the folder of the plan."""
    path = os.path.join(_folder(plan_file), ranges_file)
    try:
        return load_ranges(path)
    except InputProblem as problem:
        hint = problem.hint or f"ranges-file in {plan_file} names it"
        raise InputProblem(problem.file, str(problem), hint) from None


def _folder(plan_file: str) -> str:
    """Return the folder of a plan; for a stream, the working directory."""
    if plan_file == STDIN_NAME or plan_file.startswith(("/dev/", "/proc/")):
        return ""
    return os.path.dirname(plan_file)
