"""Signed claims of origin (C2PA): whether a file's signature holds, whose it is, what it says.

Read by c2pa-python, where it is installed, inside of the cage: nothing is fetched, neither
manifests that lie elsewhere nor lists of revoked certificates. That a file is not signed
proves nothing; that a signature holds proves who said it and that nothing was changed since,
not that it is true.
"""

from __future__ import annotations

import io
from importlib import import_module
from importlib.util import find_spec
from typing import Any, Literal, cast

import msgspec

State = Literal["absent", "valid", "trusted", "invalid", "unreadable"]
"""``valid``: unchanged since it was signed, by somebody whom no list of ours knows."""

LONGEST = 200
MOST_PROBLEMS = 8
_TRUSTED, _VALID = "Trusted", "Valid"
_SOURCE = "digitalSourceType"
_DEEPEST = 12


class Signature(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a signed claim comes to; texts are those of the file, cut and made printable."""

    state: State
    issuer: str = ""
    tool: str = ""
    source_type: str = ""
    problems: tuple[str, ...] = ()


def can_read() -> bool:
    """Whether what reads signatures is installed."""
    return find_spec("c2pa") is not None


class Signatures:
    """Reads signatures.

    Args:
        anchors: certificates of who is trusted, as PEM; without any nobody is.

    Raises:
        ImportError: c2pa-python is not installed.
        ValueError: the certificates cannot be read.
    """

    def __init__(self, anchors: str = "") -> None:
        self._library: Any = import_module("c2pa")
        wanted: dict[str, Any] = {
            "verify": {
                "remote_manifest_fetch": False,
                "ocsp_fetch": False,
                "verify_trust": True,
            }
        }
        if anchors.strip():
            wanted["trust"] = {"trust_anchors": anchors}
        try:
            settings = self._library.Settings.from_dict(wanted)
            self._context: Any = self._library.Context(settings=settings)
        except Exception as error:  # noqa: BLE001 - its errors are made at run time
            raise ValueError(f"the certificates cannot be read: {error}") from None

    def read(self, data: bytes, mime: str) -> Signature:
        """What the signed claim of a file comes to; never an exception."""
        try:
            with self._library.Reader(mime, io.BytesIO(data), context=self._context) as reader:
                state = str(reader.get_validation_state())
                found: Any = msgspec.json.decode(reader.json().encode())
        except Exception as error:  # noqa: BLE001 - whatever hostile bytes make of it
            if "ManifestNotFound" in str(error):
                return Signature(state="absent")
            return Signature(state="unreadable", problems=(_plain(str(error)),))
        return _told(state, found)


def _told(state: str, found: Any) -> Signature:
    manifests: Any = found.get("manifests") or {}
    active: Any = manifests.get(found.get("active_manifest")) or {}
    generators: Any = active.get("claim_generator_info") or [{}]
    generator: Any = generators[0]
    by: Any = active.get("signature_info") or {}
    statuses: Any = found.get("validation_status") or []
    codes: list[Any] = [one.get("code", "") for one in statuses]
    return Signature(
        state="trusted" if state == _TRUSTED else "valid" if state == _VALID else "invalid",
        issuer=_plain(by.get("issuer") or by.get("common_name") or ""),
        tool=_plain(" ".join(str(generator.get(key, "")) for key in ("name", "version"))),
        source_type=_plain(_source_type(active.get("assertions"))).rsplit("/", 1)[-1],
        problems=tuple(_plain(code) for code in codes[:MOST_PROBLEMS]),
    )


def _source_type(tree: Any, depth: int = 0) -> str:
    """The first type of source that the assertions name."""
    if depth > _DEEPEST:
        return ""
    branches = cast("dict[str, Any]", tree) if isinstance(tree, dict) else {}
    if isinstance(branches.get(_SOURCE), str):
        return str(branches[_SOURCE])
    parts: list[Any] = tree if isinstance(tree, list) else list(branches.values())  # pyright: ignore[reportUnknownVariableType]
    for part in parts:
        found = _source_type(part, depth + 1)
        if found:
            return found
    return ""


def _plain(text: Any) -> str:
    return "".join(one for one in str(text) if one.isprintable()).strip()[:LONGEST]
