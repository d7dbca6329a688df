"""Progress that is counted: what is shown on a terminal, and what elsewhere."""

from __future__ import annotations

from dashboards.terminal import progress


def test_elsewhere_than_on_a_terminal_a_line_comes_every_ten_seconds(capsys, monkeypatch):
    clock = iter([0.0, 4.0, 11.0, 12.0, 22.0])
    monkeypatch.setattr(progress.time, "monotonic", lambda: next(clock))
    with progress.Steps("looking for faces", "files") as shown:
        for done in (10, 50, 55, 100):
            shown.update(done, 2000)

    lines = capsys.readouterr().err.splitlines()
    assert [line.split(",")[0] for line in lines] == [
        "looking for faces   2% of 2",
        "looking for faces   5% of 2",
    ]
    assert lines[0].endswith("000 files, 429 s left")


def test_on_a_terminal_a_bar_is_drawn_in_place(capsys, monkeypatch):
    clock = iter([0.0, 1.0])
    monkeypatch.setattr(progress.time, "monotonic", lambda: next(clock))
    monkeypatch.setattr(progress.sys.stderr, "isatty", lambda: True)
    with progress.Steps("learning", "steps") as shown:
        shown.update(50, 100)

    written = capsys.readouterr().err
    assert written.startswith("\r" + "█" * 15 + " ")
    assert "learning  50% of 100 steps, 1 s left" in written


def test_a_quiet_one_shows_nothing(capsys):
    with progress.Steps("learning", "steps", quiet=True) as shown:
        shown.update(100, 100)

    assert capsys.readouterr().err == ""
