"""What holds for every test: busy machines are no defect, each cleans up behind itself."""

from __future__ import annotations

import gc
import logging
from collections.abc import Iterator

import pytest
import structlog
from hypothesis import settings

from tests.scale.servers import let_go

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


@pytest.fixture(scope="session", autouse=True)
def servers_are_let_go_at_the_end() -> Iterator[None]:
    """A real Elasticsearch stays up between the tests of a process."""
    yield
    let_go()


@pytest.fixture(autouse=True)
def what_is_left_open_shows_in_the_test_that_left_it(
    request: pytest.FixtureRequest,
) -> Iterator[None]:
    """Sockets and processes that nobody closed warn when they are collected, which is an error.

    Left alone that happens at any time, in a test that had nothing to do with it. Only tests
    that start such things pay for a collection.
    """
    yield
    if any(map(request.node.get_closest_marker, ("slow", "crash", "browser"))):
        gc.collect()
