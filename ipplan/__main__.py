"""The front door: answers `--version` at once and hands everything else to the command line.

It imports nothing of the program at its top, because the version must not wait for click.
"""

from __future__ import annotations

import gc
import os
import sys


def main() -> int:
    """Run ipplan with the arguments of the process and return its exit status."""
    # A short run frees nothing by collecting cycles; without the collector small plans are checked a tenth
    # to a fifth faster, and large ones are not held longer, because their rows refer to no one.
    gc.disable()
    try:
        if sys.argv[1:] == ["--version"] and _say_version():
            return 0
        from ipplan.cli import main as run

        return run()
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
    sys.exit(main())
