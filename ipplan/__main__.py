"""The front door: answers `--version` at once and hands everything else to the command line.

It imports nothing of the program at its top, because the version must not wait for click.
"""

from __future__ import annotations

import gc
import os
import sys

TYPE_CHECKING = False


if TYPE_CHECKING:
    from typing import NoReturn


def main() -> NoReturn:
    """Run ipplan with the arguments of the process and end the process with its exit status."""
    status = run()
    if sys.flags.dev_mode or sys.getprofile() is not None or sys.gettrace() is not None:
        sys.exit(status)
    # Taking the interpreter apart costs a sixth of a short run. Results are written without Python's buffers
    # and files are closed where they are written, so nothing is lost; standard error is flushed line by line.
    os._exit(status)


def run() -> int:
    """Run ipplan with the arguments of the process and return its exit status."""
    # A short run frees nothing by collecting cycles; without the collector small plans are checked a tenth
    # faster, and large ones are not held longer, because their rows are in no cycle.
    gc.disable()
    try:
        if sys.argv[1:] == ["--version"] and _say_version():
            return 0
        from ipplan import cli

        return cli.main()
    except KeyboardInterrupt:
        return 130


def _say_version() -> bool:
    """Print the version; tell whether that worked, and leave it to the command line to explain if not."""
    from ipplan import __version__

    if sys.stdout is None:
        return False
    try:
        line = b"ipplan " + __version__.encode("ascii") + b"\n"
        return os.write(sys.stdout.fileno(), line) == len(line)
    except (OSError, ValueError):
        return False


if __name__ == "__main__":
    main()
