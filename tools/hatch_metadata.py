"""Fill in the package metadata that depends on where the project lives: URLs, authors, and the README's links.

hatchling calls the hook when it builds a package. The addresses come from `ipplan/project.py`, so that a publisher
changes them in one place. Links of the README that are relative in the repository become absolute, because a package
index shows the README without the files beside it.
"""

from __future__ import annotations

import re
import runpy
from pathlib import Path
from typing import Any

from hatchling.metadata.plugin.interface import MetadataHookInterface

_LINK = re.compile(r"(!?\[[^\]]*\]\()(?!https?:|#|mailto:)([^)\s]+)(\))")


class ProjectMetadataHook(MetadataHookInterface):
    """Set `urls`, `authors` and `readme` of the package."""

    def update(self, metadata: dict[str, Any]) -> None:
        """Add what pyproject.toml declares as dynamic."""
        root = Path(self.root)
        project = runpy.run_path(str(root / "ipplan" / "project.py"))
        metadata["authors"] = [{"name": project["AUTHOR"]}]
        metadata["urls"] = {
            "Homepage": project["HOME"],
            "Documentation": project["DOCUMENTATION"],
            "Source": project["SOURCE"],
            "Issues": project["ISSUES"],
            "Changelog": f"{project['SOURCE']}/blob/main/CHANGELOG.md",
        }
        text = (root / "README.md").read_text(encoding="utf-8")
        metadata["readme"] = {
            "content-type": "text/markdown",
            "text": absolute_links(text, project["SOURCE"]),
        }


def absolute_links(text: str, source: str) -> str:
    """Return Markdown with relative links made absolute: pictures raw, others as pages of the repository."""

    def absolute(match: re.Match[str]) -> str:
        view = "raw" if match[1].startswith("!") else "blob"
        return f"{match[1]}{source}/{view}/main/{match[2]}{match[3]}"

    return _LINK.sub(absolute, text)
