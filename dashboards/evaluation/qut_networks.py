"""Run by the Python that has coordination-network-toolkit 1.5.2: a CSV in, edges out.

Usage: qut_networks.py POSTS.csv FOLDER NETWORK:SECONDS ... -> FOLDER/NETWORK_SECONDS.csv
"""

from __future__ import annotations

import contextlib
import csv
import io
import sqlite3
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

THREADS = 2
COMPUTE: dict[str, tuple[str, dict[str, bool]]] = {
    "co_tweet": ("compute_co_tweet_network", {}),
    "co_retweet": ("compute_co_retweet_parallel", {}),
    "co_link": ("compute_co_link_network", {"resolved": False}),
    "co_reply": ("compute_co_reply_network", {}),
}


def rows(path: Path) -> Iterator[tuple[object, ...]]:
    """The rows as the toolkit stores them.

    Its own reader makes an empty cell of links one empty link, which all posts
    without links would then share.
    """
    with path.open(encoding="utf-8", newline="") as file:
        reader = csv.reader(file)
        next(reader)
        for row in reader:
            yield (*row[:-1], row[-1].split())


def main(posts: Path, folder: Path, networks: list[str]) -> None:
    """Compute each network and write its edges."""
    preprocess = import_module("coordination_network_toolkit.preprocess")
    compute = import_module("coordination_network_toolkit.compute_networks")
    database = str(folder / "qut.db")
    with contextlib.redirect_stdout(io.StringIO()):
        preprocess.preprocess_data(database, rows(posts))
    for spec in networks:
        name, seconds = spec.split(":")
        function, options = COMPUTE[name]
        with contextlib.redirect_stdout(io.StringIO()):
            getattr(compute, function)(database, int(seconds), n_threads=THREADS, **options)
        with contextlib.closing(sqlite3.connect(database)) as db:
            edges = db.execute(f"SELECT user_1, user_2, weight FROM {name}_network").fetchall()
        with (folder / f"{name}_{seconds}.csv").open("w", newline="") as file:
            csv.writer(file).writerows(edges)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3:])
