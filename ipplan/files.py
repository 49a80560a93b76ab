"""Files that ship with the package, wherever it is: in a folder, or in an archive that Python imports from.

Knows nothing of what they hold. The catalogue reads its own, because each plan needs it and imports cost time.
"""

from __future__ import annotations

from importlib.resources import files


def read_files(folder: str, ending: str) -> dict[str, str]:
    """Return the text of each file in a folder of the package, by its name without the ending, in the order of names."""
    entries = sorted(files("ipplan").joinpath(folder).iterdir(), key=lambda entry: entry.name)
    return {
        entry.name.removesuffix(ending): entry.read_text(encoding="utf-8")
        for entry in entries
        if entry.name.endswith(ending)
    }
