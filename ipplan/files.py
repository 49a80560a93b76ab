"""Read files of the package, which is in a folder or in an archive that Python imports from.

This module knows nothing of their content. The catalogue reads its own files, because importing this module takes time.
"""

from __future__ import annotations

from importlib.resources import files


def read_files(folder: str, ending: str) -> dict[str, str]:
    """Return the text of each file in a folder of the package, by its name without the ending, sorted by name."""
    entries = sorted(files("ipplan").joinpath(folder).iterdir(), key=lambda entry: entry.name)
    return {
        entry.name.removesuffix(ending): entry.read_text(encoding="utf-8")
        for entry in entries
        if entry.name.endswith(ending)
    }
