"""Fetching media from servers that lie, stall, never end, or point into our own network."""

from __future__ import annotations

import asyncio
import base64
import os
import time
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.media.addresses import Guard, RefusedError, canonical, is_public, parsed, url_key
from ingest.media.fetching import FailedError, Fetched, Fetcher, Limits
from ingest.media.politeness import MOST_HOSTS, Hosts
from tests.ingest.media.hostile_server import PICTURE, Hostile, hostile_server

QUICK = Limits(bytes=1_000_000, total_s=1.0, idle_s=0.5, pause_s=0.01, host_pause_s=0.0)


async def _here(_host: str, _port: int) -> Sequence[str]:
    return ["127.0.0.1"]


def with_server(
    work: Callable[[Fetcher, Hostile], Awaitable[None]], limits: Limits = QUICK
) -> None:
    """Run with a server that the settings vouch for, by its name and port alone."""

    async def run() -> None:
        async with hostile_server() as server:
            guard = Guard(also=frozenset({f"media.example:{server.port}"}))
            async with Fetcher(limits, guard=guard, resolve=_here) as fetcher:
                await work(fetcher, server)

    asyncio.run(run())


def fetched(url: str, **options: object) -> Fetched:
    async def run() -> Fetched:
        async with Fetcher(QUICK, **options) as fetcher:  # type: ignore[arg-type]
            return await fetcher.fetch(url)

    return asyncio.run(run())


def test_a_picture_is_fetched_also_behind_a_redirect() -> None:
    async def work(fetcher: Fetcher, server: Hostile) -> None:
        found = await fetcher.fetch(server.url("/to-picture"))
        assert found.data == PICTURE
        assert found.mime == "image/png"
        assert found.key == url_key(server.url("/to-picture#again"))

    with_server(work)


@pytest.mark.parametrize("path", ["/to-loopback", "/to-metadata", "/to-mapped", "/to-file"])
def test_no_redirect_leads_into_our_network(path: str) -> None:
    async def work(fetcher: Fetcher, server: Hostile) -> None:
        with pytest.raises(RefusedError):
            await fetcher.fetch(server.url(path))
        assert server.asked == [path]

    with_server(work)


def test_a_vouched_for_host_stands_for_no_other_port() -> None:
    async def work(fetcher: Fetcher, server: Hostile) -> None:
        del server
        with pytest.raises(RefusedError, match="not public"):
            await fetcher.fetch("http://media.example/picture")

    with_server(work)


def test_one_private_address_among_public_ones_is_refused_and_not_connected_to() -> None:
    async def both(_host: str, _port: int) -> Sequence[str]:
        return ["93.184.216.34", "10.0.0.7"]

    with pytest.raises(RefusedError, match="not public"):
        fetched("http://media.example/x.png", resolve=both)


def test_a_name_is_looked_up_once_so_that_it_cannot_change_its_mind() -> None:
    async def run() -> None:
        asked: list[str] = []

        async def flapping(host: str, _port: int) -> Sequence[str]:
            asked.append(host)
            return ["127.0.0.1"] if len(asked) == 1 else ["10.0.0.1"]

        async with hostile_server() as server:
            guard = Guard(also=frozenset({f"media.example:{server.port}"}))
            async with Fetcher(QUICK, guard=guard, resolve=flapping) as fetcher:
                await fetcher.fetch(server.url("/picture"))
        assert asked == ["media.example"]

    asyncio.run(run())


def test_a_body_without_end_is_cut_off_early() -> None:
    async def work(fetcher: Fetcher, server: Hostile) -> None:
        with pytest.raises(RefusedError, match="larger than"):
            await fetcher.fetch(server.url("/endless"))
        assert server.sent < 20 * QUICK.bytes

    with_server(work)


def test_a_server_that_drips_is_left_in_time() -> None:
    async def work(fetcher: Fetcher, server: Hostile) -> None:
        begun = time.monotonic()
        with pytest.raises(FailedError, match="longer than"):
            await fetcher.fetch(server.url("/slow"))
        assert time.monotonic() - begun < 10

    with_server(work)


@pytest.mark.parametrize(
    ("path", "why"),
    [
        ("/page", "says that it is 'text/html'"),
        ("/says-huge", "larger than"),
        ("/bomb", "compressed although"),
        ("/round", "redirects too often"),
        ("/gone", "404"),
    ],
)
def test_what_need_not_be_tried_again_is_refused(path: str, why: str) -> None:
    async def work(fetcher: Fetcher, server: Hostile) -> None:
        with pytest.raises(RefusedError, match=why):
            await fetcher.fetch(server.url(path))
        assert len(server.asked) == (QUICK.redirects + 1 if path == "/round" else 1)

    with_server(work)


@pytest.mark.parametrize("path", ["/says-more", "/garbage"])
def test_a_broken_answer_is_tried_again_and_then_said(path: str) -> None:
    async def work(fetcher: Fetcher, server: Hostile) -> None:
        with pytest.raises(FailedError, match="connection failed"):
            await fetcher.fetch(server.url(path))
        assert len(server.asked) == QUICK.tries

    with_server(work)


def test_a_server_that_recovers_is_asked_again() -> None:
    async def work(fetcher: Fetcher, server: Hostile) -> None:
        assert (await fetcher.fetch(server.url("/broken-for-a-while"))).data == PICTURE
        assert len(server.asked) == QUICK.tries

    with_server(work)


def test_a_server_that_asks_for_a_long_wait_is_left_alone_until_then() -> None:
    async def work(fetcher: Fetcher, server: Hostile) -> None:
        with pytest.raises(FailedError) as error:
            await fetcher.fetch(server.url("/come-back-tomorrow"))
        assert error.value.retry_s == 86400
        assert len(server.asked) == 1

    with_server(work)


def test_one_host_is_asked_a_few_at_a_time() -> None:
    async def work(fetcher: Fetcher, server: Hostile) -> None:
        await asyncio.gather(*(fetcher.fetch(server.url(f"/busy{n}")) for n in range(8)))
        assert server.most_at_once == QUICK.at_once_a_host

    with_server(work)


def test_hosts_are_forgotten_when_there_are_too_many() -> None:
    async def run() -> int:
        hosts = Hosts(1, 0.0)
        for n in range(MOST_HOSTS + 50):
            async with hosts.turn(f"host{n}"):
                pass
        return len(hosts)

    assert asyncio.run(run()) == MOST_HOSTS


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.0.1", "169.254.169.254", "0.0.0.0",
        "100.64.0.1", "192.0.2.1", "198.18.0.1", "224.0.0.1", "240.0.0.1", "255.255.255.255",
        "::", "::1", "fe80::1", "fe80::1%eth0", "fc00::1", "fd00:ec2::254", "ff02::1",
        "::ffff:127.0.0.1", "::ffff:8.8.8.8", "::127.0.0.1", "64:ff9b::7f00:1",
        "64:ff9b:1::a00:1", "2002:7f00:1::", "2001:0:4136:e378::", "2001:db8::1", "nonsense",
    ],
)  # fmt: skip
def test_addresses_inside_somebodys_network_are_not_public(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", ["8.8.8.8", "93.184.216.34", "2606:2800:220:1::1"])
def test_addresses_of_the_open_internet_are(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1/", "http://2130706433/", "http://0x7f.1/", "http://[::1]/",
        "http://localhost/", "https://[fd00:ec2::254]/", "http://[::ffff:169.254.169.254]/",
    ],
)  # fmt: skip
def test_however_our_own_machine_is_spelt_it_is_not_asked(url: str) -> None:
    with pytest.raises((RefusedError, FailedError)):
        fetched(url)


@pytest.mark.parametrize(
    "url",
    [
        "ftp://media.example/x", "gopher://media.example/", "http://", "http://a b/",
        "http://user:secret@media.example/", "http://media.example:99999/", "javascript:1",
        "http://media.example:22/", "http:\\\\media.example/", "http://" + "a" * 5000,
        "unix:/tmp/x", "", "http://[broken/",
    ],
)  # fmt: skip
def test_what_is_no_usable_url_is_refused(url: str) -> None:
    with pytest.raises(RefusedError) as error:
        fetched(url, resolve=_here)
    assert "secret" not in str(error.value)


def test_spellings_of_a_url_are_one() -> None:
    one = canonical("HTTP://Media.Example:80/x?a=1#part")
    assert one == "http://media.example/x?a=1"
    assert url_key(one) == url_key("http://media.example./x?a=1")
    assert url_key(one) != url_key("http://media.example/x?a=2")


@given(st.text(max_size=80))
def test_no_text_breaks_the_reading_of_urls(text: str) -> None:
    for url in (text, f"http://{text}", f"https://media.example/{text}"):
        assert len(url_key(url)) == 32
        try:
            assert parsed(url).hostname
        except RefusedError:
            pass
        except AssertionError:
            assert parsed(url).hostname is None


def test_a_data_url_is_read_within_bounds() -> None:
    raw = bytes(range(256))
    encoded = base64.b64encode(raw).decode()
    assert fetched(f"data:image/png;base64,{encoded}").data == raw
    assert fetched("data:,a%20b").data == b"a b"
    for broken in ("data:image/png;base64,@@@", "data:image/png", "data:" + "x" * 300 + ",a"):
        with pytest.raises(RefusedError):
            fetched(broken)
    with pytest.raises(RefusedError, match="larger"):
        fetched("data:," + "a" * (QUICK.bytes + 1))


def test_files_are_read_below_one_folder_only(tmp_path: Path) -> None:
    inside, outside = tmp_path / "media", tmp_path / "secret.png"
    inside.mkdir()
    (inside / "a b.png").write_bytes(PICTURE)
    outside.write_bytes(b"secret")
    (inside / "way-out.png").symlink_to(outside)
    os.mkfifo(inside / "pipe.png")
    (inside / "large.png").write_bytes(bytes(QUICK.bytes + 1))
    folder = str(inside)
    assert fetched((inside / "a b.png").as_uri(), folder=folder).data == PICTURE
    refused = [
        outside.as_uri(),
        (inside / "way-out.png").as_uri(),
        f"file://{inside}/../secret.png",
        f"file://{inside}/%2e%2e/secret.png",
        f"file://other{inside}/a%20b.png",
        (inside / "pipe.png").as_uri(),
        (inside / "absent.png").as_uri(),
        (inside / "large.png").as_uri(),
        f"file://{inside}/a%00b",
        inside.as_uri(),
    ]
    for url in refused:
        with pytest.raises(RefusedError):
            fetched(url, folder=folder)
    with pytest.raises(RefusedError, match="names no folder"):
        fetched((inside / "a b.png").as_uri())
