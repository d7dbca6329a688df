"""The index is lost while pages run: they say so, and a rebuild beside them restores it."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from dashboards.cli import run
from dashboards.composing.compose import INDEX_FOLDER
from stream.local_index import LocalIndex
from tests.dashboards.commands.test_search import fill_folder
from tests.dashboards.web.conftest import Serve
from tests.dashboards.web.test_pages import text_of

DATA = Path("jikimi-data")
INDEX = DATA / INDEX_FOLDER
PATIENCE_S = 20


def overwrite(*files: Path) -> None:
    """Other bytes in the place of all, as after a failing disk."""
    for file in files:
        size = file.stat().st_size
        with file.open("r+b") as opened:
            opened.write(os.urandom(size))


HARM: dict[str, Callable[[], None]] = {
    "the folder of the index is deleted": lambda: shutil.rmtree(INDEX),
    "the search folder is deleted": lambda: shutil.rmtree(INDEX / "generation-1" / "search"),
    "the segments are torn": lambda: overwrite(
        *(INDEX / "generation-1" / "search").glob("*.term")
    ),
    "the note of the generation is deleted": (INDEX / "current").unlink,
}


def until(client: httpx.Client, status: int) -> httpx.Response:
    """The answer, once it has this status; pages look for news once a second."""
    end = time.monotonic() + PATIENCE_S
    while True:
        answer = client.get("/posts", params={"q": "표절 의혹"})
        if answer.status_code == status or time.monotonic() > end:
            assert answer.status_code == status
            return answer
        time.sleep(0.1)


@pytest.mark.parametrize("harm", HARM.values(), ids=HARM)
def test_pages_say_what_to_do_and_go_on_by_themselves_after_it(
    serve: Serve, tmp_path, monkeypatch, harm: Callable[[], None]
):
    monkeypatch.chdir(tmp_path)
    fill_folder(DATA)
    reader = LocalIndex(INDEX, read_only=True)
    visitor = serve(reader).browser()
    before = text_of(until(visitor, 200).text)
    assert "2 posts found" in before

    harm()

    lost = until(visitor, 503)
    assert "jikimi index rebuild" in text_of(lost.text)
    assert lost.headers["retry-after"]
    assert visitor.get("/healthz").status_code == 200

    assert run(["index", "rebuild"]) == 0
    assert "2 posts found" in text_of(until(visitor, 200).text)
    reader.close()
