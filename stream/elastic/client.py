"""The connection to Elasticsearch, and what can be wrong with it in plain words."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

from elasticsearch import ApiError, Elasticsearch, NotFoundError, TransportError

from stream.index import SearchUnavailableError
from stream.secrets import mask_text

TIMEOUT_S = 30.0
BUSY = (429, 502, 503, 504)
NOT_FOUND = 404
CONFLICT = 409


class IndexUnavailableError(SearchUnavailableError):
    """Elasticsearch cannot answer or take writes at present; nothing is lost."""


class NotSetUpError(IndexUnavailableError):
    """The indices are not there."""


def connect(
    urls: Sequence[str],
    *,
    api_key: str | None = None,
    ca_file: Path | None = None,
    timeout_s: float = TIMEOUT_S,
) -> Elasticsearch:
    """A client; it connects with the first question.

    Args:
        urls: addresses of nodes.
        api_key: as Elasticsearch gives it out (base64), None where nothing is protected.
        ca_file: certificates to trust, None for those of the system.
        timeout_s: seconds that an answer may take.
    """
    if ca_file is not None:
        return Elasticsearch(
            list(urls), api_key=api_key, request_timeout=timeout_s, max_retries=0,
            ca_certs=str(ca_file),
        )  # fmt: skip
    return Elasticsearch(list(urls), api_key=api_key, request_timeout=timeout_s, max_retries=0)


@contextmanager
def told() -> Generator[None]:
    """Errors of the client as one of ours, in plain words and without credentials.

    Raises:
        NotSetUpError: an index is missing.
        IndexUnavailableError: anything else that Elasticsearch could not do.
    """
    try:
        yield
    except NotFoundError as error:
        raise NotSetUpError(
            f"Elasticsearch lacks an index ({reason_of(error)}): run `jikimi setup`"
        ) from None
    except ApiError as error:
        raise IndexUnavailableError(
            f"Elasticsearch refused ({error.status_code}: {reason_of(error)})"
        ) from None
    except TransportError as error:
        raise IndexUnavailableError(
            f"Elasticsearch does not answer ({mask_text(error.message)[:200]}); "
            "check elasticsearch.urls and whether it runs"
        ) from None


def reason_of(error: Exception) -> str:
    """What Elasticsearch says, in at most 300 characters."""
    body: Any = getattr(error, "body", None)
    found: Any = cast("dict[str, Any]", body).get("error") if isinstance(body, dict) else None
    if isinstance(found, dict):
        said = cast("dict[str, Any]", found)
        found = said.get("reason") or said.get("type")
    if found:
        return mask_text(str(found))[:300]
    return mask_text(str(error))[:300]
