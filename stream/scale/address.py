"""Where Kafka is and how we log in; loads its clients, which are imported nowhere else."""

from __future__ import annotations

import logging
import math
import socket
import ssl
import time
import warnings
from contextlib import suppress
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

import msgspec

from ingest.secret import Secret

CLIENT_ID = "jikimi"
FORCED_S = 10.0
LATELY_S = 30.0
REFUSED = "AuthenticationFailed"
"""In the names of the errors of both clients."""
REACH_S = 3.0
"""Seconds in which a broker must shake hands when we look for what is wrong."""


class KafkaUnavailableError(Exception):
    """Kafka cannot be reached or refused us for now; nothing was lost."""


class KafkaAddress(msgspec.Struct, frozen=True, kw_only=True):
    """Brokers, TLS and login. ``sasl`` is "none" or a mechanism as Kafka names it."""

    bootstrap: str
    tls: bool = False
    ca_file: Path | None = None
    cert_file: Path | None = None
    key_file: Path | None = None
    key_password: Secret | None = None
    sasl: str = "none"
    username: str | None = None
    password: Secret | None = None

    def servers(self) -> list[str]:
        """Each broker as ``host:port``."""
        return [server.strip() for server in self.bootstrap.split(",") if server.strip()]

    def protocol(self) -> str:
        """The security protocol as Kafka names it."""
        kind = "SSL" if self.tls else "PLAINTEXT"
        return kind if self.sasl == "none" else f"SASL_{kind}"

    def ssl_context(self) -> ssl.SSLContext | None:
        """What to trust and what to show, None without TLS.

        Raises:
            OSError: a certificate file cannot be read.
        """
        if not self.tls:
            return None
        context = ssl.create_default_context(cafile=self.ca_file)
        if self.cert_file is not None:
            password = self.key_password.reveal() if self.key_password else None
            context.load_cert_chain(self.cert_file, self.key_file, password)
        return context

    def options(self) -> dict[str, Any]:
        """Arguments that kafka-python and aiokafka understand alike."""
        made: dict[str, Any] = {
            "bootstrap_servers": self.servers(),
            "client_id": CLIENT_ID,
            "security_protocol": self.protocol(),
            "ssl_context": self.ssl_context(),
        }
        if self.sasl != "none":
            made["sasl_mechanism"] = self.sasl
            made["sasl_plain_username"] = self.username or ""
            made["sasl_plain_password"] = self.password.reveal() if self.password else ""
        return made


class _ClientLog(logging.Handler):
    """Shows what matters of a client's log, and remembers a login that was refused.

    The clients warn of what they try again by themselves, also of a refused login, and
    then raise that they got nowhere.
    """

    refused_at = -math.inf

    def __init__(self, shown: int) -> None:
        super().__init__()
        self._shown = shown

    def emit(self, record: logging.LogRecord) -> None:
        if REFUSED in record.getMessage():
            _ClientLog.refused_at = time.monotonic()
        if record.levelno >= self._shown:
            logging.getLogger().handle(record)


@cache
def _listen(client: str, shown: int) -> None:
    logger = logging.getLogger(client)
    logger.setLevel(logging.WARNING)
    logger.addHandler(_ClientLog(shown))
    logger.propagate = False


def unavailable(address: KafkaAddress, error: BaseException) -> KafkaUnavailableError:
    """What a client's error means for whoever has to do something about it.

    The message names the brokers and, where login or certificate is what fails, the
    settings to look at; it never holds a secret.
    """
    said = ": ".join(filter(None, [type(error).__name__, str(error)]))
    problem, reached = _look(address)
    lately = time.monotonic() - _ClientLog.refused_at < LATELY_S
    # A broker may hang up before its refusal has been read.
    nowhere = reached and "bootstrap" in said.lower()
    if not problem and address.sasl != "none" and (REFUSED in said or lately or nowhere):
        problem = "the login was refused: see kafka.username, kafka.password and kafka.sasl"
    return KafkaUnavailableError(f"Kafka at {address.bootstrap}: {problem or said}")


def _look(address: KafkaAddress) -> tuple[str, bool]:
    """What is wrong with the way to the brokers, and whether one of them was reached.

    The clients only tell that they got nowhere.
    """
    try:
        context = address.ssl_context()
    except (OSError, ValueError) as error:
        return f"kafka.ca_file, kafka.cert_file or kafka.key_file: {error}", False
    for server in address.servers():
        host, _, port = server.rpartition(":")
        host = host.strip("[]")
        try:
            with socket.create_connection((host, int(port)), timeout=REACH_S) as raw:
                if context is not None:
                    context.wrap_socket(raw, server_hostname=host).close()
        except ssl.SSLCertVerificationError as error:
            why = f"the certificate of {server} was refused, {error.verify_message}"
            return f"{why}: renew it, or name its authority in kafka.ca_file", True
        except ssl.SSLError as error:
            return f"{server} did not agree on TLS: {error.reason or error}", True
        except (OSError, ValueError):
            continue
        else:
            return "", True
    return "", False


def kafka_python(module: str = "kafka") -> Any:
    """kafka-python, or a module of it; it has no types, so it is Any from here on."""
    with warnings.catch_warnings():
        # It reads its protocol files in a way that Python has since deprecated.
        warnings.simplefilter("ignore", DeprecationWarning)
        _listen("kafka", logging.CRITICAL)
        _compiled_checksum()
        return import_module(module)


@cache
def _compiled_checksum() -> None:
    """Give kafka-python the checksum of aiokafka: its own is Python code, 0.1 µs a byte.

    That is more than all else it does for a record, written or read. Where aiokafka was
    installed without its compiled parts, kafka-python keeps its own.
    """
    with suppress(ImportError):
        compiled = import_module("aiokafka.record._crecords.cutil")
        records: Any = import_module("kafka.record.default_records")
        records.calc_crc32c = compiled.crc32c_cython


def close_producer(producer: Any, seconds: float) -> None:
    """Close a producer of kafka-python, by force when its deliveries do not end in time.

    Asked to close, it waits for deliveries first and raises when they take too long; its
    thread would go on sending what has been given up.
    """
    try:
        producer.close(timeout=seconds)
    except kafka_python("kafka.errors").KafkaError:
        sender = producer._sender  # noqa: SLF001 - nothing else ends the thread
        sender.force_close()
        sender.join(FORCED_S)
        producer.close(timeout=0)


def aiokafka(module: str = "aiokafka") -> Any:
    """aiokafka, or a module of it, as Any."""
    _listen("aiokafka", logging.WARNING)
    return import_module(module)
