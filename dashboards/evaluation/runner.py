"""Plays the streams of a suite once, runs methods on them as processes, and measures both."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec

from dashboards.evaluation.baselines import METHODS
from dashboards.evaluation.matching import StreamScore, score
from dashboards.evaluation.results import read_results
from dashboards.simulator.files import (
    ORACLE,
    POSTS,
    WATCHLIST,
    read_labels,
    read_oracle,
    write_stream,
)
from dashboards.simulator.oracle import generator
from dashboards.simulator.world import World

OURS = "jikimi"
_TAIL = 2000
Say = Callable[[str], None]


class MethodFailed(RuntimeError):
    """A method ended with an error; the message holds the end of what it said."""


class Cost(msgspec.Struct, frozen=True, kw_only=True):
    """What a run took: CPU and wall seconds of the process, largest memory in MB.

    ``generator`` is the version of the simulator that played the stream.
    """

    posts: int
    cpu_s: float
    wall_s: float
    rss_mb: float
    generator: str = ""

    @property
    def posts_a_cpu_s(self) -> float:
        """Posts for each second of CPU time, start of the process included."""
        return self.posts / self.cpu_s if self.cpu_s else 0.0


class Run(msgspec.Struct, frozen=True, kw_only=True):
    """One method on one stream: how well, and at what cost."""

    score: StreamScore
    cost: Cost


def stream_folder(work: Path, world: World) -> Path:
    """Where a stream lies."""
    return work / "streams" / f"{world.name}-{world.posts}-{world.days}"


def prepare(work: Path, world: World) -> Path:
    """The folder of the stream; it is played only if it is not there yet, or was another."""
    folder = stream_folder(work, world)
    if (folder / ORACLE).exists():
        known = read_oracle(folder)
        if (known.world, known.generator) == (world, generator()):
            return folder
    shutil.rmtree(folder, ignore_errors=True)
    write_stream(world, folder)
    return folder


def command_of(method: str, posts: Path, watchlist: Path | None, out: Path) -> list[str]:
    """The command that runs a method: ours, a baseline, or ``NAME=COMMAND``.

    In a COMMAND, ``{posts}``, ``{watchlist}`` and ``{out}`` are replaced.

    Raises:
        ValueError: no such method.
    """
    me = [sys.executable, "-m", "dashboards", "--quiet"]
    if method == OURS:
        watched = ["--watchlist", str(watchlist)] if watchlist else []
        return [*me, "analyze", str(posts), "--out", str(out), *watched]
    if method in METHODS:
        return [*me, "eval", "baseline", method, str(posts), "--out", str(out)]
    _, given, template = method.partition("=")
    if not given:
        known = ", ".join((OURS, *METHODS))
        raise ValueError(f"method: found {method!r}, allowed: {known}, or NAME=COMMAND")
    places = {"posts": str(posts), "watchlist": str(watchlist or ""), "out": str(out)}
    return [part.format_map(places) for part in shlex.split(template)]


def run_method(method: str, folder: Path, out: Path) -> Run:
    """Run a method on a stream (unless its results are there already) and score it.

    Raises:
        MethodFailed: the process ended with an error.
    """
    oracle = read_oracle(folder)
    cost = out / "cost.json"
    if not cost.exists() or _cost(cost).generator != oracle.generator:
        shutil.rmtree(out, ignore_errors=True)
        out.mkdir(parents=True)
        spent = measure(
            command_of(method, folder / POSTS, folder / WATCHLIST, out), oracle.posts
        )
        spent = msgspec.structs.replace(spent, generator=oracle.generator)
        cost.write_bytes(msgspec.json.encode(spent))
    return Run(
        score=score(read_results(out), oracle, read_labels(folder)),
        cost=_cost(cost),
    )


def _cost(file: Path) -> Cost:
    return msgspec.json.decode(file.read_bytes(), type=Cost)


def measure(command: Sequence[str], posts: int) -> Cost:
    """Run a command to its end and say what it took.

    Raises:
        MethodFailed: its exit code is neither 0 nor 4 (done, but some lines unreadable).
    """
    begun = time.monotonic()
    with subprocess.Popen(  # noqa: S603 - the command is what the caller asked for
        command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    ) as process:
        if process.stderr is None:
            raise MethodFailed("no standard error")
        said = process.stderr.read()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode not in (0, 4):
        tail = said[-_TAIL:].decode("utf-8", "replace").strip()
        raise MethodFailed(f"{shlex.join(command)}: exit code {process.returncode}: {tail}")
    return Cost(
        posts=posts,
        cpu_s=round(usage.ru_utime + usage.ru_stime, 3),
        wall_s=round(time.monotonic() - begun, 3),
        rss_mb=round(usage.ru_maxrss / 1024, 1),
    )


def run_suite(method: str, worlds: Sequence[World], work: Path, say: Say) -> list[Run]:
    """A method on every stream; what was run before is not run again."""
    name = method.partition("=")[0]
    runs: list[Run] = []
    for world in worlds:
        folder = prepare(work, world)
        run = run_method(method, folder, work / "results" / name / folder.name)
        runs.append(run)
        found = sum(one.found for one in run.score.planted)
        wrong = sum(one.true_of is None for one in run.score.reported)
        say(
            f"{name} {world.name}: found {found} of {len(run.score.planted)}, "
            f"wrong {wrong}, {run.cost.posts_a_cpu_s:.0f} posts a CPU second"
        )
    return runs
