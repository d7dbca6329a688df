"""The notebook runs from its first cell to its last on a stream that it plays itself."""

from __future__ import annotations

from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

NOTEBOOK = Path(__file__).parents[2] / "docs/notebooks/from-posts-to-figures.ipynb"
FIGURES = ("axes.png", "times.png", "cascades.png")


@pytest.mark.slow
# The kernel's own libraries warn of their sockets and of paths; that is not ours to fix.
@pytest.mark.filterwarnings("default")
def test_it_goes_from_posts_to_figures(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("JIKIMI_RESULTS", str(tmp_path / "results"))
    monkeypatch.setenv("JIKIMI_PLAYED_POSTS", "3000")
    monkeypatch.setenv("MPLBACKEND", "Agg")
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    book = nbformat.read(NOTEBOOK, as_version=4)

    client = NotebookClient(book, timeout=240, resources={"metadata": {"path": str(tmp_path)}})
    client.execute()

    for name in FIGURES:
        assert (tmp_path / "results" / name).read_bytes().startswith(b"\x89PNG")
    said = "".join(
        part.get("text", "") for cell in book.cells for part in cell.get("outputs", ())
    )
    assert "campaigns" in said
    assert '"average_precision"' in said, "the truth of the stream was compared with"


def test_it_is_kept_without_what_a_run_left_in_it():
    book = nbformat.read(NOTEBOOK, as_version=4)

    assert all(not cell.get("outputs") for cell in book.cells)
    assert all(cell.get("execution_count") is None for cell in book.cells)
