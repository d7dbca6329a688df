"""For supervisors: ``/healthz`` (it runs) and ``/readyz`` (whether it can work, else why)."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable
from typing import Final, Literal, get_args

import msgspec
from fastapi import APIRouter
from starlette.responses import Response

from dashboards.doctor import NO_SPACE
from dashboards.web.api.problems import UNREADABLE
from dashboards.web.site import Site, TheSite
from dashboards.web.times import MINUTE
from stream.storage.errors import StorageFullError

router = APIRouter()
SILENT_MS: Final = 10 * MINUTE
MOVING: Final = frozenset({"starting", "live", "catching_up", "waiting"})
State = Literal["ready", "degraded", "failing"]
ORDER: Final[tuple[State, ...]] = get_args(State)


class Check(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that was looked at; ``found`` names no path and no secret."""

    name: str
    state: State
    found: str


class Readiness(msgspec.Struct, frozen=True, kw_only=True):
    """``failing``: send nobody here. ``degraded``: it answers, but somebody should look."""

    status: State
    checks: tuple[Check, ...]


@router.get("/healthz")
def healthz() -> Response:
    """200 as long as the process answers: whether it is of use, ``/readyz`` says."""
    return _json({"status": "ok"}, 200)


@router.get("/readyz")
def readyz(site: TheSite) -> Response:
    """200 when people can be sent here, else 503; each check says what it found."""
    found = readiness(site)
    return _json(found, 503 if found.status == "failing" else 200)


def readiness(site: Site) -> Readiness:
    """Index readable, desk writable, disk not full, posts still coming."""
    checks = tuple(_guarded(name, check, site) for name, check in CHECKS.items())
    worst = ORDER[max(ORDER.index(one.state) for one in checks)]
    return Readiness(status=worst, checks=checks)


def _guarded(name: str, check: Callable[[Site], tuple[State, str]], site: Site) -> Check:
    try:
        state, found = check(site)
    except StorageFullError:
        state, found = "failing", "the disk is full"
    except UNREADABLE as error:
        state, found = "failing", f"cannot be used: {type(error).__name__}"
    return Check(name=name, state=state, found=found)


def _index(site: Site) -> tuple[State, str]:
    return "ready", f"{site.index.counts()['posts']} posts"


def _desk(site: Site) -> tuple[State, str]:
    try:
        site.desk.file.probe()
    except sqlite3.OperationalError as error:
        return "failing", f"cannot be written: {error.sqlite_errorname}"
    return "ready", "writable"


def _disk(site: Site) -> tuple[State, str]:
    free = shutil.disk_usage(site.desk.file.path.parent).free
    state: State = "degraded" if free < NO_SPACE else "ready"
    return state, f"{free / 2**20:.0f} MiB free"


def _posts(site: Site) -> tuple[State, str]:
    sources = site.index.statuses()
    if not sources:
        return "degraded", "no source has run yet"
    moving = [one for one in sources if one.state in MOVING]
    if not moving:
        failed = sum(one.state == "failed" for one in sources)
        if failed:
            return "degraded", f"{failed} of {len(sources)} sources have failed, none runs"
        return "ready", "every source has read to its end"
    newest = max(max(one.last_item_at or 0, one.changed_at) for one in moving)
    minutes = (site.now() - newest) // MINUTE
    if site.now() - newest > SILENT_MS:
        return "degraded", f"nothing has come for {minutes} minutes; does the pipeline run?"
    return "ready", f"the newest is {max(0, minutes)} minutes old"


CHECKS: Final[dict[str, Callable[[Site], tuple[State, str]]]] = {
    "index": _index,
    "desk": _desk,
    "disk": _disk,
    "posts": _posts,
}


def _json(body: object, status: int) -> Response:
    return Response(
        msgspec.json.encode(body), status_code=status, media_type="application/json"
    )
