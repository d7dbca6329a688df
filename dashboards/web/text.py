"""Text from outside made safe to look at: escaped, tricks made visible, links checked."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from urllib.parse import quote, urlsplit

from markupsafe import Markup, escape

from detect.records import Mention

_MARKS = "\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f"
# Characters that reorder or hide text: bidirectional embeddings, overrides and
# isolates, zero-width characters outside emoji, controls, halves of surrogates.
_TRICKS = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b\u202a-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb"
    "\ud800-\udfff]"
    # Marks piled on one letter reach over other lines; six are more than any script needs.
    f"|(?<=[{_MARKS}]{{6}})[{_MARKS}]+"
)
PREVIEW = 280
MAX_URL = 2000
MAX_SPANS = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """A link that may be followed; ``host`` is where it really leads."""

    url: str
    host: str


def show(text: str) -> Markup:
    """Escaped text in which hidden and reordering characters are visible marks."""
    pieces: list[Markup] = []
    at = 0
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    for trick in _TRICKS.finditer(text):
        pieces.append(escape(text[at : trick.start()]))
        pieces.append(_mark(trick.group()))
        at = trick.end()
    pieces.append(escape(text[at:]))
    return Markup("").join(pieces)


def plain(text: str, limit: int = 200) -> str:
    """One line without hidden characters, cut, for titles and attributes."""
    line = " ".join(_TRICKS.sub("\ufffd", text).split())
    return line if len(line) <= limit else line[: limit - 1] + "…"


def code(text: str) -> Markup:
    """A sentence of ours with what stands in backticks as something to type."""
    return Markup(re.sub(r"`([^`]+)`", r"<code>\1</code>", str(escape(text))))  # noqa: S704 - escaped


def preview(text: str, limit: int = PREVIEW) -> str:
    """The beginning of a text, cut at a word where one ends near."""
    if len(text) <= limit:
        return text
    head = text[:limit]
    space = head.rfind(" ", limit - 40)
    return (head[:space] if space > 0 else head) + "…"


def highlight(text: str, mentions: Iterable[Mention], name_of: Callable[[str], str]) -> Markup:
    """The text with what names a subject marked; spans may overlap or be wrong."""
    spans = [
        (m.start, m.end, m.subject)
        for m in mentions
        if m.start is not None and m.end is not None and 0 <= m.start < m.end <= len(text)
    ][:MAX_SPANS]
    pieces: list[Markup] = []
    for start, end, subjects in _segments(len(text), spans):
        part = show(text[start:end])
        if subjects:
            names = plain(", ".join(name_of(one) for one in subjects))
            part = Markup('<mark title="{}">{}</mark>').format(names, part)
        pieces.append(part)
    return Markup("").join(pieces)


def marked(text: str, spans: Iterable[tuple[int, int]]) -> Markup:
    """The text with stretches marked that are in order and apart."""
    pieces: list[Markup] = []
    at = 0
    for start, end in spans:
        pieces += [
            show(text[at:start]),
            Markup("<mark>{}</mark>").format(show(text[start:end])),
        ]
        at = end
    return Markup("").join([*pieces, show(text[at:])])


def outside(url: str | None) -> Link | None:
    """A link to the web, or None for anything but plain http and https.

    The host shown is the one a browser would go to, so that
    ``https://known.example@evil.example`` says evil.example.
    """
    if not url or len(url) > MAX_URL or _TRICKS.search(url) or re.search(r"[\s\\]", url):
        return None
    try:
        parts = urlsplit(url)
        host = parts.hostname
        _ = parts.port
    except ValueError:
        return None
    if parts.scheme not in {"http", "https"} or not host:
        return None
    return Link(url=url, host=_ascii(host))


def path_of(*parts: str) -> str:
    """A path of ours whose last parts may hold anything, as post ids do."""
    return "/" + "/".join(quote(part, safe="", errors="replace") for part in parts)


def _segments(
    length: int, spans: Sequence[tuple[int, int, str]]
) -> Iterator[tuple[int, int, list[str]]]:
    edges = sorted({0, length, *(s for s, _, _ in spans), *(e for _, e, _ in spans)})
    for start, end in pairwise(edges):
        inside = [subject for s, e, subject in spans if s <= start and end <= e]
        yield start, end, list(dict.fromkeys(inside))


def _mark(char: str) -> Markup:
    if re.match(f"[{_MARKS}]", char):
        title = f"{len(char)} more marks on this letter"
        return Markup('<span class="trick" title="{}">+{}</span>').format(title, len(char))
    code = f"U+{ord(char):04X}"
    name = unicodedata.name(char, "control character").casefold()
    return Markup('<span class="trick" title="{}">{}</span>').format(name, code)


def _ascii(host: str) -> str:
    # Look-alike letters in a host name show themselves in its ASCII form.
    try:
        return host.encode("idna").decode("ascii")
    except UnicodeError:
        return plain(host)
