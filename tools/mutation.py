"""Change one place of a room at a time, and count the changes that the tests of this room notice.

`python -m tools.mutation ROOM` copies the repository to a temporary folder, lets mutmut make the changed copies of
functions ("mutants"), runs the tests of the room against a random sample of them, and prints the score, its 95 %
interval, and the change of each survivor. It needs mutmut: `pip install mutmut==3.8.1` in the environment that runs it.

A survivor is a gap in the tests, a change that no caller can notice, or code that can go. docs/explanation/trust.md has
the scores, and the reasons why the survivors are accepted.
"""

from __future__ import annotations

import argparse
import ast
import math
import random
import shutil
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent


class Room(NamedTuple):
    """The files of a room, and the tests that have to notice every change in them."""

    files: tuple[str, ...]
    tests: tuple[str, ...]


ROOMS = {
    "addresses": Room(("ipplan/addresses.py",), ("tests/addresses",)),
    "allocation": Room(("ipplan/allocation/*.py",), ("tests/allocation",)),
    "checks": Room(("ipplan/checks/*.py",), ("tests/checks",)),
    "landscape": Room(("ipplan/landscape/*.py",), ("tests/landscape",)),
    "flows": Room(("ipplan/flows/*.py",), ("tests/flows", "tests/landscape")),
}

MUTMUT = Path(sys.executable).with_name("mutmut")
"""mutmut in the environment of this Python, installed or not."""

KILLED = {"killed", "timeout", "segfault"}
"""What mutmut says of a change that a test noticed; a change that makes a loop endless ends with "timeout"."""

_NOT_MOVED = {"overload", "staticmethod", "classmethod"}
"""Decorators that stay: mutmut knows the last two, and nothing runs under the first."""

_NOT_COPIED = shutil.ignore_patterns(".git", ".venv", "*cache*", "mutants", "_build", "build", "dist")


def main() -> int:
    """Run the mutants of a room, print the result, and return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tools.mutation", description=__doc__.partition("\n")[0])
    parser.add_argument("room", choices=ROOMS)
    parser.add_argument("--sample", type=int, metavar="N", help="run N mutants, chosen at random; without it, all")
    parser.add_argument("--seed", type=int, default=1, metavar="S", help="choose another sample (default: 1)")
    parser.add_argument("--folder", type=Path, help="make the copy in this folder, and keep it")
    options = parser.parse_args()
    if not MUTMUT.exists():
        print(f"mutmut is missing: {sys.executable} -m pip install mutmut==3.8.1", file=sys.stderr)
        return 2
    with TemporaryDirectory(prefix="mutation-") as temporary:
        folder = (options.folder or Path(temporary) / "copy").absolute()
        make_copy(folder, ROOMS[options.room])
        print(*run_mutants(folder, options.room, options.sample, options.seed), sep="\n")
    return 0


def make_copy(folder: Path, room: Room) -> None:
    """Copy the repository, with a configuration of mutmut that changes and tests only this room."""
    shutil.copytree(ROOT, folder, ignore=_NOT_COPIED)
    # By name, because a pattern of mutmut also matches files in folders below, such as the examples of the rules.
    modules = sorted(path for pattern in room.files for path in folder.glob(pattern))
    for module in modules:
        module.write_text(decorate_below(module.read_text(encoding="utf-8")), encoding="utf-8")
    beside = sorted(path.name for path in folder.iterdir() if path.name not in ("ipplan", "tests"))
    configuration = {
        "source_paths": ["ipplan"],
        "only_mutate": [module.relative_to(folder).as_posix() for module in modules],
        "also_copy": beside,
        "pytest_add_cli_args": ["-m", "not slow", "-p", "no:cacheprovider", "-x"],
        "pytest_add_cli_args_test_selection": list(room.tests),
    }
    with (folder / "pyproject.toml").open("a", encoding="utf-8") as file:
        file.write("\n[tool.mutmut]\n")
        file.writelines(f"{key} = {value!r}\n" for key, value in configuration.items())


def decorate_below(text: str) -> str:
    """Return a module with its decorators applied by assignments, because mutmut skips decorated functions.

    `@rule("error")` before `def x` becomes `x = rule("error")(x)` after it.
    """
    lines = text.splitlines()
    for node in ast.walk(ast.parse(text)):
        names = [ast.unparse(decorator) for decorator in getattr(node, "decorator_list", ())]
        if not isinstance(node, ast.FunctionDef) or not names or not _NOT_MOVED.isdisjoint(names):
            continue
        value = node.name
        for name in reversed(names):
            value = f"{name}({value})"
        first, last = node.decorator_list[0].lineno - 1, (node.end_lineno or node.lineno) - 1
        # No line is removed or added to the list, so the line numbers of the other functions stay true.
        lines[first : node.lineno - 1] = [""] * (node.lineno - 1 - first)
        lines[last] += f"\n{' ' * node.col_offset}{node.name} = {value}"
    return "\n".join(lines) + "\n"


def run_mutants(folder: Path, room: str, sample: int | None, seed: int) -> list[str]:
    """Run a sample of the mutants in a copy, and return the lines of the result."""
    # mutmut has no command that only makes the mutants: asked to run none, it stops with an error after it made them.
    prepared = _mutmut(folder, "run", "none*")
    names = sorted(_states(folder))
    if not names:
        raise SystemExit(f"mutmut made no mutants in {folder}:\n{prepared.stdout}")
    chosen = names if sample is None else sorted(random.Random(seed).sample(names, min(sample, len(names))))
    _run(folder, "run", *chosen)
    states = _states(folder)
    survivors = [name for name in chosen if states[name] not in KILLED]
    killed = len(chosen) - len(survivors)
    low, high = interval(killed, len(chosen))
    return [
        f"{room}: {len(names):,} mutants; {len(chosen):,} run (seed {seed}), {killed:,} killed: "
        f"{killed / len(chosen):.1%} (95 % interval {low:.1%} to {high:.1%})",
        *(f"\n{_run(folder, 'show', name).strip()}" for name in survivors),
    ]


def interval(killed: int, total: int) -> tuple[float, float]:
    """Return the 95 % interval (Wilson) of a share that was measured on a random sample."""
    z = 1.96
    share = killed / total
    middle = share + z * z / (2 * total)
    half = z * math.sqrt(share * (1 - share) / total + z * z / (4 * total * total))
    return (middle - half) / (1 + z * z / total), (middle + half) / (1 + z * z / total)


def _states(folder: Path) -> dict[str, str]:
    """Return what mutmut found about each mutant so far, by name."""
    lines = _run(folder, "results", "--all", "1").splitlines()
    return dict(line.strip().rsplit(": ", 1) for line in lines if "__mutmut_" in line)


def _run(folder: Path, *command: str) -> str:
    """Run a command of mutmut in the copy, and return what it printed."""
    done = _mutmut(folder, *command)
    if done.returncode:
        raise SystemExit(f"mutmut {command[0]} failed in {folder}:\n{done.stdout}")
    return done.stdout


def _mutmut(folder: Path, *command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [MUTMUT, *command],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        check=False,
    )


if __name__ == "__main__":
    sys.exit(main())
