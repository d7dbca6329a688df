"""What holds for every test: busy machines are no defect, logging is as it was before."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest
import structlog
from hypothesis import settings

settings.register_profile("jikimi", deadline=None)
settings.load_profile("jikimi")


@pytest.fixture(autouse=True)
def logging_as_before() -> Iterator[None]:
    """A command that sets logging up changes nothing for the tests behind it."""
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield
    structlog.reset_defaults()
    root.handlers, root.level = handlers, level
