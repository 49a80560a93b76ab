"""Where the project lives on the web. A publisher fills in the addresses here, and only here.

The placeholder is in a domain that nobody can own (RFC 2606). The package metadata, the links of the README in a
package index, SARIF results and `ipplan --help` read these constants.
"""

from __future__ import annotations

AUTHOR = "ipplan maintainers"
"""Who publishes the package."""

HOME = "https://ipplan.example"
"""The project's home page; the other addresses follow from it."""

DOCUMENTATION = f"{HOME}/docs/"
"""Where the built documentation is served."""

SOURCE = f"{HOME}/source"
"""The repository; a file is at SOURCE/blob/main/PATH."""

ISSUES = f"{HOME}/issues"
"""Where people report a defect."""
