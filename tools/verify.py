"""Everything that has to hold before a change is taken: lint, format, types, catalogue, tests; some also as on Windows.

`python -m tools.verify` runs every step, those after a failed one too, and ends with status 1 if any failed.
Arguments after `--` go to pytest; `--quick` leaves out tests marked slow, `--static` leaves out all tests.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryFile
from time import monotonic
from typing import IO

ROOT = Path(__file__).resolve().parent.parent

BESIDE = "tests of devices"
"""The step that runs while the others do."""

_WINDOWS_TYPES = (
    "--platform=win32",
    "--cache-dir=.mypy_cache/win32",
    "--exclude=ipplan/lab/(building|inside|traffic)\\.py",
    "ipplan",
)
"""The package as Windows has it, but for what runs inside a lab, on Linux only."""

_LONG = ("five_thousand", "could_not_be_read_again", "no_command", "only_by_force", "without_a_word")
_WINDOWS_TESTS = (
    "--quiet",
    "--windows",
    "-m",
    "not slow",
    "-k",
    " and ".join(f"not {name}" for name in _LONG),
    "tests/cli/test_cli_write.py",
    "tests/cli/test_cli_outputs.py",
)
"""The tests of writing on a Python that has what Windows has; without those that take long and show nothing more."""


_STATIC = {
    "lint": ["ruff", "check", "."],
    "format": ["ruff", "format", "--check", "."],
    "types": ["mypy"],
    "types, Windows": ["mypy", *_WINDOWS_TYPES],
    "catalogue": ["tools.build_catalog", "--check"],
    "schemas": ["tools.build_schema", "--check"],
    "reference pages": ["tools.build_reference", "--check"],
    "documentation": ["tools.build_docs"],
}
"""The steps that run no test."""

_DEVICES = ("tests/judges", "tests/lab")
"""Nearly half of all the time that tests take: these run beside the others."""


def steps(pytest_args: list[str], *, quick: bool, static: bool) -> dict[str, list[str]]:
    """Return each step with the arguments of its Python module."""
    return _STATIC if static else {**_STATIC, **_tests(pytest_args, quick=quick)}


def _tests(pytest_args: list[str], *, quick: bool) -> dict[str, list[str]]:
    pytest = ["pytest", "--quiet", *(["-m", "not slow"] if quick else []), *pytest_args]
    tests = {"tests": pytest}
    if not pytest_args:
        others = [f"--ignore={folder}" for folder in _DEVICES]
        tests = {"tests": [*pytest, *others], BESIDE: [*pytest, "-p", "no:cacheprovider", *_DEVICES]}
    return {**tests, "tests, Windows": ["pytest", *_WINDOWS_TESTS]}


class _Beside:
    """A step that runs beside the others; what it says is shown when it has ended."""

    def __init__(self, arguments: list[str] | None) -> None:
        self._arguments = arguments
        self._process: subprocess.Popen[bytes] | None = None
        self._said: IO[bytes] | None = None
        self._started = 0.0

    def start(self) -> None:
        """Begin, if there is anything to run."""
        if self._arguments is not None:
            self._started = monotonic()
            self._said = TemporaryFile()  # noqa: SIM115  (open as long as the step runs)
            self._process = subprocess.Popen(
                [sys.executable, "-m", *self._arguments],
                cwd=ROOT,
                stdout=self._said,
                stderr=subprocess.STDOUT,
            )

    def finish(self) -> list[tuple[str, bool, float]]:
        """Wait for the end, show what was said, and return the result."""
        if self._process is None or self._said is None or self._arguments is None:
            return []
        status = self._process.wait()
        print(f"== {BESIDE}: python -m {' '.join(self._arguments)}", flush=True)
        self._said.seek(0)
        sys.stdout.buffer.write(self._said.read())
        sys.stdout.flush()
        return [(BESIDE, status == 0, monotonic() - self._started)]


def main() -> int:
    """Run the steps and return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tools.verify", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="leave out tests marked slow")
    parser.add_argument("--static", action="store_true", help="leave out all tests")
    parser.add_argument("pytest_args", nargs="*", metavar="-- ARG", help="passed to pytest")
    options = parser.parse_args()
    chosen = steps(options.pytest_args, quick=options.quick, static=options.static)
    results: list[tuple[str, bool, float]] = []
    beside = _Beside(chosen.pop(BESIDE, None))
    for name, arguments in chosen.items():
        if name == "tests":
            beside.start()
        print(f"== {name}: python -m {' '.join(arguments)}", flush=True)
        started = monotonic()
        status = subprocess.run([sys.executable, "-m", *arguments], cwd=ROOT, check=False).returncode
        results.append((name, status == 0, monotonic() - started))
    results += beside.finish()
    print("== summary")
    for name, passed, seconds in results:
        print(f"{name:<16} {'passed' if passed else 'FAILED'} {seconds:7.1f} s")
    return 0 if all(passed for _, passed, _ in results) else 1


if __name__ == "__main__":
    sys.exit(main())
