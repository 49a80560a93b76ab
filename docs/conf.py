"""Settings of Sphinx for the documentation; `python -m tools.build_docs` builds it."""

from __future__ import annotations

from ipplan import __version__
from ipplan.project import DOCUMENTATION

project = "ipplan"
release = __version__
html_baseurl = DOCUMENTATION
html_title = f"ipplan {__version__}"
html_theme = "furo"
html_show_copyright = False
html_show_sphinx = False
html_copy_source = False
html_static_path = ["_static"]
html_css_files = ["wide-tables.css"]

extensions = ["myst_parser", "sphinx.ext.autodoc"]
autodoc_typehints_format = "short"
nitpick_ignore_regex = [("py:.*", ".*")]
"""Types of the Python interface are shown; a page for each of them would repeat the standard library's."""
exclude_patterns = ["_static"]
myst_heading_anchors = 4
"""Links may name headings down to this level, as in `rules.md#network-overlap`."""

nitpicky = True
smartquotes = False
"""Otherwise the two hyphens of an option become a dash."""
