"""Puts our dashboards into Kibana through its documented API of saved objects.

Ids are stable and are overwritten, so that importing again changes nothing.
"""

from __future__ import annotations

import json
import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast
from urllib.parse import quote

import httpx
import msgspec

from ingest.secret import Secret
from stream.config.secrets import mask_text
from stream.elastic.client import tls_mistake

HERE = Path(__file__).parent
DEFAULT_PREFIX = "jikimi"
TIMEOUT_S = 60.0
FORBIDDEN = (401, 403)
SHOWN = 3


class KibanaUnavailableError(Exception):
    """Kibana did not take the dashboards; what it took stands, and can be taken again."""


class Imported(msgspec.Struct, frozen=True):
    """A file that Kibana took, and how many objects it held."""

    file: str
    objects: int


def import_all(
    url: str,
    prefix: str,
    *,
    space: str | None = None,
    api_key: Secret | None = None,
    ca_file: Path | None = None,
) -> Iterator[Imported]:
    """Import every dashboard, file by file.

    Args:
        url: address of Kibana, with its base path if it has one.
        prefix: of the indices; other installations get objects of their own.
        space: of Kibana, None for the default one.

    Raises:
        KibanaUnavailableError: it does not answer, or refuses; the message says why.
        OSError: the certificates cannot be read.
    """
    place = f"/s/{quote(space, safe='')}" if space else ""
    address = f"{url.rstrip('/')}{place}/api/saved_objects/_import"
    headers = {"kbn-xsrf": "jikimi"}
    if api_key is not None:
        headers["Authorization"] = f"ApiKey {api_key.reveal()}"
    context = ssl.create_default_context(cafile=ca_file)
    with httpx.Client(
        verify=context, timeout=TIMEOUT_S, trust_env=False, headers=headers
    ) as client:
        for file, body in documents(prefix).items():
            yield Imported(file, _import(client, address, file, body))


def documents(prefix: str) -> dict[str, bytes]:
    """The files by name, with the aliases of an installation; one JSON object a line."""
    found: dict[str, bytes] = {}
    for file in sorted(HERE.glob("*.ndjson")):
        text = file.read_text(encoding="utf-8")
        if prefix != DEFAULT_PREFIX:
            lines = (json.dumps(_renamed(json.loads(one), prefix)) for one in text.splitlines())
            text = "".join(f"{line}\n" for line in lines)
        found[file.name] = text.encode()
    return found


def _renamed(one: dict[str, Any], prefix: str) -> dict[str, Any]:
    """A saved object of an installation of another name, beside that of the first."""

    def other(name: str) -> str:
        return f"{prefix}-{name.removeprefix(f'{DEFAULT_PREFIX}-')}"

    one["id"] = other(one["id"])
    for reference in one["references"]:
        reference["id"] = other(reference["id"])
    attributes = one["attributes"]
    if one["type"] == "index-pattern":
        attributes["title"] = other(attributes["title"])
    for key in ("title", "name"):
        if str(attributes.get(key, "")).startswith(f"{DEFAULT_PREFIX}: "):
            attributes[key] = f"{prefix}: {attributes[key].removeprefix(f'{DEFAULT_PREFIX}: ')}"
    return one


def _import(client: httpx.Client, address: str, file: str, body: bytes) -> int:
    try:
        answer = client.post(
            address,
            params={"overwrite": "true"},
            files={"file": (file, body, "application/ndjson")},
        )
    except httpx.HTTPError as error:
        said = f"{type(error).__name__}: {error}"
        mistake = tls_mistake(said, "kibana")
        raise KibanaUnavailableError(
            f"Kibana cannot be trusted or understood: {mistake}"
            if mistake
            else f"Kibana does not answer ({mask_text(said)[:200]}); check kibana.url"
        ) from None
    told = _body(answer)
    if not answer.is_success:
        raise KibanaUnavailableError(_refused(answer.status_code, told))
    if told.get("success") is not True:
        raise KibanaUnavailableError(f"Kibana did not take all of {file}: {_errors(told)}")
    return int(told.get("successCount") or 0)


def _body(answer: httpx.Response) -> dict[str, Any]:
    try:
        told = answer.json()
    except ValueError:
        return {}
    return cast("dict[str, Any]", told) if isinstance(told, dict) else {}


def _refused(status: int, told: dict[str, Any]) -> str:
    said = mask_text(str(told.get("message", "")))[:300] or "no reason was given"
    if status in FORBIDDEN:
        return (
            f"Kibana refused ({status}: {said}); the key needs the privilege to manage saved "
            "objects: give it as JIKIMI__KIBANA__API_KEY_FILE"
        )
    return f"Kibana refused ({status}: {said}); check kibana.url and kibana.space"


def _errors(told: dict[str, Any]) -> str:
    errors = cast("list[dict[str, Any]]", told.get("errors") or [])
    parts: list[str] = []
    for one in errors[:SHOWN]:
        problem: dict[str, Any] = one.get("error") or {}
        parts.append(f"{one.get('type')} {one.get('id')}: {problem.get('type')}")
    more = len(errors) - SHOWN
    parts += [f"and {more} more"] if more > 0 else []
    return mask_text("; ".join(parts))[:300] or "no reason was given"
