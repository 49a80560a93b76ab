"""The exit codes of ipplan and what each means. The page on exit codes is made from this table."""

from __future__ import annotations

EXIT_CODES = {
    0: "Done. `check` found no errors; there may be warnings.",
    1: "ipplan did its work, and the result is a failure: errors found, a network without a place, a difference.",
    2: "Bad usage, or a file that cannot be read or written. Every problem of a plan is listed at once.",
    3: "A defect of ipplan. Standard error says what to send to the maintainers.",
    130: "Interrupted, by Ctrl-C for example. No file is half-written.",
    141: "Output pipe closed early (`| head`).",
}
"""Each exit code with its meaning, in Markdown. Codes from 128 are 128 plus the number of a signal, as in a shell."""
