"""The proxy of these tests does what it says: passes, holds back, breaks, heals."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator

import pytest

from tests.scale.proxy import Proxy


@pytest.fixture
def echo() -> Iterator[int]:
    """The port of a server that says everything again."""
    listener = socket.create_server(("127.0.0.1", 0))
    ends: list[socket.socket] = []

    def answer(end: socket.socket) -> None:
        try:
            while data := end.recv(100):
                end.sendall(data)
        except OSError:
            return

    def serve() -> None:
        while True:
            try:
                end, _ = listener.accept()
            except OSError:
                return
            ends.append(end)
            threading.Thread(target=answer, args=[end], daemon=True).start()

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    yield listener.getsockname()[1]
    listener.shutdown(socket.SHUT_RDWR)
    listener.close()
    for end in ends:
        end.close()
    thread.join(5)


@pytest.fixture
def proxy(echo: int) -> Iterator[Proxy]:
    made = Proxy(echo)
    yield made
    made.close()


@pytest.fixture
def client(proxy: Proxy) -> Iterator[socket.socket]:
    with socket.create_connection(("127.0.0.1", proxy.port), timeout=0.4) as end:
        end.sendall(b"hello")
        assert end.recv(5) == b"hello"
        yield end


def test_what_a_cut_held_back_comes_when_it_is_healed(proxy, client):
    proxy.cut()
    client.sendall(b"again")
    with pytest.raises(TimeoutError):
        client.recv(5)

    proxy.heal()

    assert client.recv(5) == b"again"


def test_half_open_the_question_arrives_and_the_answer_does_not(proxy, client):
    proxy.cut_answers()
    client.sendall(b"again")
    with pytest.raises(TimeoutError):
        client.recv(5)
    proxy.heal()
    assert client.recv(5) == b"again"


def test_a_reset_breaks_what_is_open_and_lets_new_connections_in(proxy, client):
    proxy.reset()
    with pytest.raises(ConnectionResetError):
        client.recv(5)

    with socket.create_connection(("127.0.0.1", proxy.port), timeout=2) as again:
        again.sendall(b"new")
        assert again.recv(3) == b"new"


def test_slow_is_slow(proxy, client):
    proxy.slow(0.15)
    began = time.monotonic()
    client.sendall(b"again")
    assert client.recv(5) == b"again"
    assert time.monotonic() - began >= 0.3
