"""Canonical form of links, so that one page shared in many spellings is one object."""

from __future__ import annotations

from urllib.parse import parse_qsl, urlencode, urlsplit

TRACKING = frozenset(
    {
        "fbclid",
        "gclid",
        "igshid",
        "igsh",
        "si",
        "ref",
        "ref_src",
        "ref_url",
        "feature",
        "mc_cid",
    }
)
"""Query names that follow the reader and not the page; every ``utm_`` name too."""

_MOBILE = ("www.", "m.", "mobile.")


def canonical_url(url: str) -> str | None:
    """Host and path without scheme, mobile prefix, tracking and fragment; None if no web link.

    Query names are sorted, so that their order makes no difference.
    """
    try:
        parts = urlsplit(url.strip())
        host = (parts.hostname or "").rstrip(".")
    except ValueError:
        return None
    if parts.scheme not in ("http", "https") or "." not in host:
        return None
    for prefix in _MOBILE:
        host = host.removeprefix(prefix)
    kept = sorted(
        (name, value)
        for name, value in parse_qsl(parts.query, keep_blank_values=True)
        if name.lower() not in TRACKING and not name.lower().startswith("utm_")
    )
    path = parts.path.rstrip("/")
    query = f"?{urlencode(kept)}" if kept else ""
    return f"{host}{path}{query}"
