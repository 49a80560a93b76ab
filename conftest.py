"""What all tests share: the switch that rewrites what golden tests expect."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pytest import Config, Parser  # noqa: PT013


def pytest_addoption(parser: Parser) -> None:
    """Add --update-golden."""
    parser.addoption(
        "--update-golden",
        action="store_true",
        help="rewrite golden files and documented output; then read the diff",
    )


@pytest.fixture(scope="session")
def update_golden(pytestconfig: Config) -> bool:
    """Whether to rewrite what is expected instead of comparing with it."""
    return bool(pytestconfig.getoption("--update-golden"))
