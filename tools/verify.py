"""Everything that has to hold before a change is taken: lint, format, types, catalogue, tests; some also as on Windows.

`python -m tools.verify` runs every step, those after a failed one too, and ends with status 1 if any failed.
Arguments after `--` go to pytest; `--quick` leaves out tests marked slow.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path
from time import monotonic

ROOT = Path(__file__).resolve().parent.parent


_WINDOWS_TYPES = (
    "--platform=win32", "--cache-dir=.mypy_cache/win32", "--exclude=ipplan/lab/(building|inside|traffic)\\.py", "ipplan",
)  # fmt: skip
"""The package as Windows has it, but for what runs inside a lab, on Linux only."""

_LONG = ("five_thousand", "could_not_be_read_again", "no_command", "only_by_force", "without_a_word")
_WINDOWS_TESTS = (
    "--quiet", "--windows", "-m", "not slow", "-k", " and ".join(f"not {name}" for name in _LONG),
    "tests/cli/test_cli_write.py", "tests/cli/test_cli_outputs.py",
)  # fmt: skip
"""The tests of writing on a Python that has what Windows has; without those that take long and show nothing more."""


def steps(pytest_args: list[str], *, quick: bool) -> dict[str, list[str]]:
    """Return each step with the arguments of its Python module."""
    return {
        "lint": ["ruff", "check", "."],
        "format": ["ruff", "format", "--check", "."],
        "types": ["mypy"],
        "types, Windows": ["mypy", *_WINDOWS_TYPES],
        "catalogue": ["tools.build_catalog", "--check"],
        "rules page": ["tools.build_rules_page", "--check"],
        "tests": ["pytest", "--quiet", *(["-m", "not slow"] if quick else []), *pytest_args],
        "tests, Windows": ["pytest", *_WINDOWS_TESTS],
    }


def main() -> int:
    """Run the steps and return the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m tools.verify", description=(__doc__ or "").splitlines()[0]
    )
    parser.add_argument("--quick", action="store_true", help="leave out tests marked slow")
    parser.add_argument("pytest_args", nargs="*", metavar="-- ARG", help="passed to pytest")
    options = parser.parse_args()
    results: list[tuple[str, bool, float]] = []
    for name, arguments in steps(options.pytest_args, quick=options.quick).items():
        print(f"== {name}: python -m {' '.join(arguments)}", flush=True)
        started = monotonic()
        status = subprocess.run([sys.executable, "-m", *arguments], cwd=ROOT, check=False).returncode
        results.append((name, status == 0, monotonic() - started))
    print("== summary")
    for name, passed, seconds in results:
        print(f"{name:<14} {'passed' if passed else 'FAILED'} {seconds:7.1f} s")
    return 0 if all(passed for _, passed, _ in results) else 1


if __name__ == "__main__":
    sys.exit(main())
