"""The connection to Elasticsearch, and what can be wrong with it in plain words."""

from __future__ import annotations

import re
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

from elasticsearch import (
    ApiError,
    Elasticsearch,
    NotFoundError,
    TransportError,
    UnsupportedProductError,
)

from stream.config.secrets import mask_text
from stream.index import SearchUnavailableError

TIMEOUT_S = 30.0
BUSY = (429, 502, 503, 504)
UNAUTHORISED = 401
FORBIDDEN = 403
NOT_FOUND = 404
CONFLICT = 409

TLS_MISTAKES = (
    ("certificate has expired", "its certificate has expired: renew it there"),
    ("certificate is not yet valid", "its certificate is not valid yet: check both clocks"),
    (
        "mismatch|doesn't match",
        "its certificate is for another name: write the name that stands in it into {0}.url",
    ),
    (
        "certificate verify failed",
        "nobody we trust has signed its certificate: name the authority's file in {0}.ca_file",
    ),
    (
        "wrong.version.number|record layer failure",
        "it does not speak TLS there: begin {0}.url with http:",
    ),
)
"""What OpenSSL says in part, and what that means for the settings of a section."""


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
    except (ApiError, TransportError) as error:
        raise IndexUnavailableError(problem_of(error)) from None


def problem_of(error: ApiError | TransportError) -> str:
    """What is wrong and what to do, in plain words and without credentials."""
    if isinstance(error, UnsupportedProductError):
        return (
            "what answers at elasticsearch.url is no Elasticsearch, or a proxy in between "
            "takes out its header X-Elastic-Product"
        )
    if isinstance(error, ApiError):
        return _refused(error)
    mistake = tls_mistake(f"{error.message} {error}", "elasticsearch")
    if mistake:
        return f"Elasticsearch cannot be trusted or understood: {mistake}"
    return (
        f"Elasticsearch does not answer ({mask_text(str(error.message))[:200]}); check "
        "elasticsearch.url (http or https, name, port) and whether it runs"
    )


def tls_mistake(said: str, section: str) -> str:
    """What is wrong with a certificate or with TLS, empty when it is something else.

    Args:
        said: the text of the error, as OpenSSL and others wrote it.
        section: of the settings, where it can be put right.
    """
    for part, meaning in TLS_MISTAKES:
        if re.search(part, said.lower()):
            return meaning.format(section)
    return ""


def _refused(error: ApiError) -> str:
    told = f"Elasticsearch refused ({error.status_code}: {reason_of(error)})"
    if error.status_code == UNAUTHORISED:
        return (
            f"{told}; elasticsearch.api_key is missing, wrong, expired or revoked: give it as "
            "JIKIMI__ELASTICSEARCH__API_KEY_FILE"
        )
    if error.status_code == FORBIDDEN and "block" not in told:
        return f"{told}; the API key lacks a privilege: `jikimi setup --roles` prints all"
    return told


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
