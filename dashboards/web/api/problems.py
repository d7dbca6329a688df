"""Errors of the API as RFC 9457 problem details; nothing of what was sent is repeated."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

import msgspec
import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from pydantic import Field
from starlette.exceptions import HTTPException
from starlette.responses import Response

from dashboards.web.api.fields import Model
from stream.index import SearchUnavailableError
from stream.local.tables import IndexDamagedError
from stream.storage.errors import StorageFullError

log = structlog.get_logger(__name__)

MEDIA_TYPE = "application/problem+json"
AGAIN_S = 5
MAX_ERRORS = 20
MAX_PLACE = 200

# What reading beside a writer, a removed folder or a torn file may raise.
DAMAGED = (sqlite3.Error, IndexDamagedError, SearchUnavailableError)
UNREADABLE = (OSError, *DAMAGED)


class FieldError(Model):
    """One part of a request that was not as documented."""

    where: str = Field(description="Place in the request: `query.limit`, `body.state`.")
    message: str = Field(description="What is wrong with it, in English.")


class Problem(Model):
    """Why a request was not answered as asked (RFC 9457)."""

    type: str = Field(description="Kind of problem: `urn:jikimi:problem:…`, for programs.")
    title: str = Field(description="The kind in words, the same every time.")
    status: int = Field(description="HTTP status.", ge=400, le=599)
    detail: str = Field(description="What happened in this case and what to do, in English.")
    errors: tuple[FieldError, ...] = Field(
        default=(), description="For `invalid-request`: every part that was not as documented."
    )


class ApiError(Exception):
    """Ends a request with a problem; ``more`` are members of its own."""

    def __init__(
        self,
        status: int,
        kind: str,
        detail: str,
        *,
        more: Mapping[str, object] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.kind = kind
        self.detail = detail
        self.more = more or {}
        self.headers = headers or {}


def not_found(what: str) -> ApiError:
    """No such thing under this address."""
    return ApiError(404, "not-found", what)


def invalid(where: str, message: str) -> ApiError:
    """A request that is wrong in a way no schema tells."""
    return ApiError(
        422,
        "invalid-request",
        "The request is not as documented; see errors.",
        more={"errors": [{"where": where, "message": message}]},
    )


def refusal(text: str) -> dict[str, Any]:
    """How OpenAPI describes an answer that is a problem."""
    schema = {"$ref": "#/components/schemas/Problem"}
    return {"description": text, "content": {MEDIA_TYPE: {"schema": schema}}}


def problem(error: ApiError) -> Response:
    """The answer to a request that was not answered as asked."""
    body = {
        "type": f"urn:jikimi:problem:{error.kind}",
        "title": error.kind.replace("-", " ").capitalize(),
        "status": error.status,
        "detail": error.detail,
        **error.more,
    }
    return Response(
        msgspec.json.encode(body),
        status_code=error.status,
        media_type=MEDIA_TYPE,
        headers=dict(error.headers),
    )


def install(app: FastAPI) -> None:
    """Make every error of ``app`` a problem."""
    app.add_exception_handler(ApiError, _told)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(RequestValidationError, _not_valid)
    app.add_exception_handler(StorageFullError, _full)
    for kind in UNREADABLE:
        app.add_exception_handler(kind, _unreadable)
    app.add_exception_handler(Exception, _failed)


def _told(request: Request, error: Exception) -> Response:
    del request
    assert isinstance(error, ApiError)  # noqa: S101 - registered for this class
    return problem(error)


_KINDS = {
    400: ("bad-request", "The request could not be read."),
    404: ("not-found", "There is no such address; /api/openapi.json lists all."),
    405: ("method-not-allowed", "This address does not take this method; see Allow."),
    413: ("content-too-large", "The body is larger than any documented one."),
}


def _http(request: Request, error: Exception) -> Response:
    del request
    assert isinstance(error, HTTPException)  # noqa: S101 - registered for this class
    return http_problem(error)


def http_problem(error: HTTPException) -> Response:
    """An error of routing as a problem."""
    status = error.status_code
    kind, detail = _KINDS.get(status, ("refused", HTTPStatus(status).phrase))
    return problem(ApiError(status, kind, detail, headers=error.headers))


def _not_valid(request: Request, error: Exception) -> Response:
    del request
    assert isinstance(error, RequestValidationError)  # noqa: S101 - registered for this class
    errors: list[dict[str, Any]] = list(error.errors())
    found = [
        {"where": _place(one["loc"]), "message": str(one["msg"])} for one in errors[:MAX_ERRORS]
    ]
    detail = "The request is not as documented; see errors."
    return problem(ApiError(422, "invalid-request", detail, more={"errors": found}))


def _place(path: tuple[str | int, ...]) -> str:
    # Names of unknown fields come from outside.
    joined = ".".join(str(part) for part in path)[:MAX_PLACE]
    return joined.encode("utf-8", "replace").decode()


def _full(request: Request, error: Exception) -> Response:
    del request, error
    return problem(
        ApiError(
            503,
            "storage-full",
            "The disk is full; nothing was recorded. Free some space, then send this again.",
            headers={"retry-after": str(AGAIN_S)},
        )
    )


def _unreadable(request: Request, error: Exception) -> Response:
    del request
    return unreadable(error)


def unreadable(error: Exception) -> Response:
    """The answer while index or desk cannot be read."""
    log.warning("index_unreadable", problem=f"{type(error).__name__}: {error}")
    return problem(
        ApiError(
            503,
            "index-unavailable",
            "The index cannot be read just now. It is tried anew with each request; if this "
            "lasts, `jikimi index rebuild` makes it anew from the log.",
            headers={"retry-after": str(AGAIN_S)},
        )
    )


def _failed(request: Request, error: Exception) -> Response:
    # The error goes to the log; it may hold what people wrote.
    del request, error
    return failed()


def failed() -> Response:
    """The answer to a fault of ours."""
    return problem(ApiError(500, "failed", "Something went wrong here. It is in the log."))
