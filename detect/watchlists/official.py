"""Official accounts, containers and domains of a watchlist, and posts that touch them."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from urllib.parse import urlsplit

from detect.records import Mention, Reason
from detect.watchlist import Watchlist
from ingest.records import Post

Owners = dict[str, tuple[str, ...]]

_HANDLE = re.compile(r"(?<![\w.])[@＠]([A-Za-z0-9_.-]+)")
_LINK = re.compile(r"https?://[!-~]+|(?<![\w.-])(?:[A-Za-z0-9-]+\.)+[A-Za-z]{2,}(?:/[!-~]*)?")


class Officials:
    """Answers which subjects a post touches through what is officially theirs."""

    def __init__(self, watchlist: Watchlist, reasons: frozenset[str]) -> None:
        accounts: dict[str, set[str]] = defaultdict(set)
        containers: dict[str, set[str]] = defaultdict(set)
        domains: dict[str, set[str]] = defaultdict(set)
        for subject in watchlist.subjects:
            for account in subject.official.accounts:
                accounts[account.casefold()].add(subject.id)
            for container in subject.official.containers:
                containers[container.casefold()].add(subject.id)
            for domain in subject.official.domains:
                domains[domain.casefold().removeprefix("www.").rstrip("/")].add(subject.id)
        official = "official" in reasons
        self._accounts = _frozen(accounts) if official else {}
        self._domains = _frozen(domains) if official else {}
        self._containers = _frozen(containers) if "container" in reasons else {}
        self._handles = {key.partition(":@")[2] for key in self._accounts if ":@" in key}
        self.any = bool(self._accounts or self._domains or self._containers)

    def of_post(self, post: Post) -> Iterator[Mention]:
        """Mentions for the reasons ``container`` and ``official`` outside the text."""
        platform = post.platform.casefold()
        if post.container and self._containers:
            place = post.container.casefold()
            yield from _each(self._containers, (f"{platform}:{place}", place), "container")
        if self._accounts:
            handle = post.author.handle if post.author and post.author.handle else ""
            author = (
                f"{platform}:{post.author_id.casefold()}",
                f"{platform}:@{handle.casefold().lstrip('@')}",
            )
            yield from _each(self._accounts, author, "official")
            for named in post.mentions:
                plain = named.casefold().lstrip("@")
                keys = (f"{platform}:@{plain}", f"{platform}:{plain}")
                yield from _each(self._accounts, keys, "official")
        if self._domains:
            for url in post.urls:
                yield from self._of_link(url)

    def of_text(self, text: str, platform: str | None) -> Iterator[Mention]:
        """Mentions for handles and links in the text; any platform's when None."""
        if self._handles and ("@" in text or "＠" in text):
            for match in _HANDLE.finditer(text):
                handle = match[1].rstrip(".-").casefold()
                if handle in self._handles:
                    span = (match.start(), match.start(1) + len(handle))
                    for key in self._keys(handle, platform):
                        yield from self._at(text, span, self._accounts[key], key)
        if self._domains and "." in text:
            for match in _LINK.finditer(text):
                for found in self._of_link(match.group()):
                    yield from self._at(text, match.span(), (found.subject,), found.via)

    def _keys(self, handle: str, platform: str | None) -> list[str]:
        if platform is None:
            return [key for key in self._accounts if key.endswith(f":@{handle}")]
        key = f"{platform.casefold()}:@{handle}"
        return [key] if key in self._accounts else []

    def _at(
        self, text: str, span: tuple[int, int], subjects: tuple[str, ...], via: str | None
    ) -> Iterator[Mention]:
        start, end = span
        for subject in subjects:
            yield Mention(
                subject=subject,
                reason="official",
                surface=text[start:end],
                start=start,
                end=end,
                via=via,
            )

    def _of_link(self, url: str) -> Iterator[Mention]:
        """An official domain counts with all hosts and pages below it."""
        try:
            parts = urlsplit(url if "://" in url else f"https://{url}")
            host = (parts.hostname or "").rstrip(".").removeprefix("www.")
        except ValueError:
            return
        steps = [step for step in parts.path.casefold().split("/") if step][:3]
        labels = host.split(".")
        for first in range(len(labels) - 1):
            base = ".".join(labels[first:])
            for depth in range(len(steps), -1, -1):
                yield from _each(self._domains, ("/".join((base, *steps[:depth])),), "official")


def _each(owners: Owners, keys: tuple[str, ...], reason: Reason) -> Iterator[Mention]:
    for key in keys:
        for subject in owners.get(key, ()):
            yield Mention(subject=subject, reason=reason, via=key)


def _frozen(owners: dict[str, set[str]]) -> Owners:
    return {key: tuple(sorted(subjects)) for key, subjects in owners.items()}
