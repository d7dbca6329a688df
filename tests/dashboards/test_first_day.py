"""A newcomer's first day, by the README and nothing else, in a real browser on recorded data.

Bluesky and Reddit are servers on this machine that speak the protocols of the real ones.
Files, commands and words to choose on the pages are taken from the README.
"""

from __future__ import annotations

import csv
import json
import os
import re
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.dashboards.web.browsers import chromium, needs_chromium
from tests.ingest.jetstream_server import Jetstream, jetstream, post_event
from tests.ingest.payloads import PAYLOADS, bluesky_lines
from tests.ingest.reddit_server import CLIENT_ID, CLIENT_SECRET, RunningReddit, reddit

pytestmark = [pytest.mark.browser, needs_chromium]

README = (Path(__file__).parents[2] / "README.md").read_text("utf-8")
DAY = README.partition("## A first day\n")[2].partition("\n## ")[0]
TOML = re.findall(r"^```toml\n(.*?)^```", DAY, re.MULTILINE | re.DOTALL)
SHELL = [
    line
    for block in re.findall(r"^```sh\n(.*?)^```", DAY, re.MULTILINE | re.DOTALL)
    for line in block.splitlines()
]
WORDS = set(re.findall(r"(?<!\*)\*([^*\n]+)\*(?!\*)", DAY))
"""What a person is told to look for on the pages."""

MINUTE_US = 60_000_000
HOUR_US = 60 * MINUTE_US
DAYS = 9
RUMOUR = "벨로리아 신곡 표절이라던데 다들 알고 있었어? 널리 퍼뜨려 줘"
PRAISE = (
    "벨로리아 오늘 무대 최고였다",
    "벨로리아 라디오 나온다!",
    "VELLORIA on the radio tonight",
)


def recorded(now_us: int) -> tuple[list[bytes], int]:
    """Nine quiet days, then a rumour by forty accounts; and when that began."""
    start = now_us - DAYS * 24 * HOUR_US
    lines = list[bytes]()
    if PAYLOADS.is_dir():
        # What the real network sent, as if it had been recorded on the first of these days.
        for n, line in enumerate(bluesky_lines()):
            lines.append(json.dumps(json.loads(line) | {"time_us": start + n * 1000}).encode())
    for hour in range(DAYS * 24):
        for n in range(1 + hour % 3):
            at = start + hour * HOUR_US + (n + 1) * 11 * MINUTE_US
            text = f"{PRAISE[(hour + n) % 3]} {hour}-{n}"
            lines.append(posted(f"q{hour}x{n}", text, at, did=f"did:plc:fan{hour % 37}"))
    began = (now_us - 4 * HOUR_US) // HOUR_US * HOUR_US + 7 * MINUTE_US
    lines += [
        posted(f"r{n}", RUMOUR, began + n * MINUTE_US // 2, did=f"did:plc:new{n}")
        for n in range(60)
    ]
    first = "at://did:plc:new0/app.bsky.feed.post/r0"
    reply = {"parent": {"uri": first, "cid": "b"}, "root": {"uri": first, "cid": "b"}}
    lines += [
        posted(
            f"a{n}",
            "출처가 어디야?",
            began + (5 + n) * MINUTE_US,
            did="did:plc:doubt",
            reply=reply,
        )
        for n in range(3)
    ]
    return sorted(lines, key=lambda line: json.loads(line)["time_us"]), began


def posted(key: str, text: str, at_us: int, *, did: str, **record: object) -> bytes:
    moment = time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime(at_us // 1_000_000))
    return post_event(key, text, at_us, did=did, createdAt=moment, langs=["ko"], **record)


class Newcomer:
    """Types what the README says, in a folder of their own."""

    def __init__(self, folder: Path, bluesky: Jetstream, world: RunningReddit) -> None:
        self.folder = folder
        self.environment = {
            **{name: value for name, value in os.environ.items() if "JIKIMI" not in name},
            "JIKIMI__WEB__PORT": "0",
            "PYTHONUNBUFFERED": "1",
        }
        watchlist, settings = TOML
        (folder / "watchlist.toml").write_text(watchlist, "utf-8")
        here = f'oauth_url = "{world.url}"\nreddit_url = "{world.url}"\npoll_interval_s = 2\n'
        settings = settings.replace("your-app-id", CLIENT_ID) + here
        settings = settings.replace(
            "[sources.reddit]", f'options = {{ urls = ["{bluesky.url}"] }}\n\n[sources.reddit]'
        )
        (folder / "jikimi.toml").write_text(settings, "utf-8")

    def types(self, line: str) -> subprocess.Popen[str] | None:
        """Do one line of the README; a command that goes on is handed back."""
        program, *rest = shlex.split(line)
        if program == "export":
            name, _, value = rest[0].partition("=")
            self.environment[name] = value.replace("your-app-secret", CLIENT_SECRET)
            return None
        assert program == ".venv/bin/jikimi", line
        child = subprocess.Popen(
            [sys.executable, "-m", "dashboards", *rest],
            cwd=self.folder,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        if rest == ["run"]:
            return child
        said, _ = child.communicate(timeout=120)
        assert child.returncode == 0, f"{line}\n{said}"
        if rest[:2] == ["watchlist", "try"]:
            assert "velloria" in said.casefold()
        return None


@contextmanager
def running(newcomer: Newcomer) -> Iterator[str]:
    """After the last line of the README; gives the address it prints."""
    *before, last = SHELL
    for line in before:
        assert newcomer.types(line) is None
    child = newcomer.types(last)
    assert child is not None
    assert child.stdout is not None
    try:
        yield next(
            line.split("pages: ", 1)[1].strip() for line in child.stdout if "pages: " in line
        )
    finally:
        child.send_signal(signal.SIGINT)
        said, _ = child.communicate(timeout=60)
    assert child.returncode == 0, said
    assert "logged" in said


class Reader:
    """Looks for words on the pages, but only for those that the README names."""

    def __init__(self, page: Page, url: str) -> None:
        self.page = page
        self.url = url
        self.used = set[str]()

    def told(self, word: str) -> str:
        assert word in WORDS, f"the README does not say {word}"
        self.used.add(word)
        return word

    def follow(self, word: str) -> None:
        self.page.get_by_role("link", name=self.told(word), exact=True).first.click()


def wait_for_posts(page: Page, url: str) -> None:
    """Search until the rumour has come in; a person would press reload."""
    deadline = time.monotonic() + 90
    while time.monotonic() < deadline:
        page.goto(f"{url}/posts?q=%ED%91%9C%EC%A0%88")
        if "61 posts found" in page.locator("main").inner_text():
            return
        page.wait_for_timeout(1_000)
    raise AssertionError(page.locator("main").inner_text()[:2_000])


def test_a_newcomer_comes_from_the_readme_to_an_exported_chart(tmp_path: Path):
    lines, began = recorded(time.time_ns() // 1000)
    with jetstream(lines) as bluesky, reddit() as world:
        newcomer = Newcomer(tmp_path, bluesky, world)
        with running(newcomer) as url, chromium() as browser:
            world.submit(
                "VELLORIA accused of plagiarism (표절)?",
                subreddit="kpop",
                created_utc=time.time() - 60,
            )
            page = browser.new_context(locale="en-US").new_page()
            page.goto(url)
            wait_for_posts(page, url)
            spend_the_day(Reader(page, url), began)


def spend_the_day(reader: Reader, began_us: int) -> None:
    """Steps 4 to 6."""
    page = reader.page
    page.goto(reader.url)
    box = page.locator(".find").get_by_label(reader.told("Search posts"))
    box.fill("표절")
    box.press("Enter")
    expect(page.get_by_text("61 posts found")).to_be_visible()
    assert page.locator("mark", has_text="표절").count() > 0
    assert page.get_by_text("accused of plagiarism").count() == 1

    reader.follow("Trends")
    page.get_by_role("link", name="VELLORIA", exact=True).first.click()
    subject = page.url
    table = page.get_by_role("region", name=reader.told("What stands out"))
    table.get_by_role("row", name="burst").first.get_by_role("link").first.click()
    copied = page.locator("article.post", has_text="표절").first
    copied.get_by_role("link", name=reader.told("details")).click()
    minute = time.strftime("%H:%M UTC", time.gmtime(began_us // 1_000_000))
    assert minute in page.locator("main").inner_text()
    details = page.url

    reader.follow("Where it began")
    assert "60 posts" in page.locator("main").inner_text()
    page.goto(details)
    page.get_by_role("link", name=f"{reader.told('Thread')} from here").click()
    assert "출처가 어디야?" in page.locator("main").inner_text()

    page.goto(subject)
    chart = page.locator("section", has_text=reader.told("Posts over time")).first
    with page.expect_download() as download:
        chart.get_by_role("link", name=reader.told("CSV")).click()
    exported = download.value.path().read_text("utf-8-sig")
    rows = list(csv.DictReader(exported.splitlines()))
    counts = {row["at"][:13]: int(row["posts"]) for row in rows}
    hour = time.strftime("%Y-%m-%dT%H", time.gmtime(began_us // 1_000_000))
    assert counts[hour] >= 60
    assert len(rows) == 7 * 24
    reader.follow("Alerts")
    expect(page.locator(".list .row", has_text="60")).to_have_count(1)
    assert reader.used == WORDS
