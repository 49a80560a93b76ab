"""The entry point: answer `--version` at once and pass everything else to the command line.

Imports nothing of the program at its top, because the version must not wait for click.
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
    # Shutting the interpreter down costs a sixth of a short run. Nothing is lost without it: results bypass Python's
    # buffers, files are closed where they are written, and standard error is flushed line by line.
    os._exit(status)


def run() -> int:
    """Run ipplan with the arguments of the process and return its exit status."""
    # A short run frees nothing by collecting cycles. Without the collector, small plans are checked 10 % faster, and
    # large ones need no more memory, because their rows are not in cycles.
    gc.disable()
    try:
        if sys.argv[1:] == ["--version"] and _say_version():
            return 0
        from ipplan import cli

        return cli.main()
    except KeyboardInterrupt:
        return 130


def _say_version() -> bool:
    """Print the version and return whether that worked; if not, the command line reports why."""
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
