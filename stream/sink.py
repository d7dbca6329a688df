"""The Sink protocol: where alerts are delivered; registered under ``jikimi.sinks``.

DeliveryError           not taken; try again later (``retry_after`` seconds, if asked)
└── DeliveryRefused     this message will never be taken; trying again does not help
SinkMisconfigured       a person must act; the message names the key
"""

from __future__ import annotations

from typing import Literal, Protocol, runtime_checkable

from ingest.records import Record
from stream.records import Alert

Occasion = Literal["new", "update", "repeat"]
"""Why a message is sent: a new alert, a graver one, or one still open after hours."""


class Delivery(Record, frozen=True, kw_only=True, tag="delivery/1"):
    """One message to one sink. ``delivery_id`` is the same on every try."""

    delivery_id: str
    alert: Alert
    link: str
    occasion: Occasion = "new"


class DeliveryError(Exception):
    """The sink did not take it; try again later."""

    def __init__(self, message: str, *, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class DeliveryRefused(DeliveryError):
    """The sink will never take this one message."""


class SinkMisconfigured(Exception):
    """Wrong or missing settings of a sink; the message names the key and what is allowed."""


@runtime_checkable
class Sink(Protocol):
    """Takes alerts. Must be safe to call again with the same ``delivery_id``.

    A class that is registered also has ``from_settings(name, options)``, which
    raises SinkMisconfigured. Error messages hold no credentials.
    """

    @property
    def name(self) -> str: ...

    def deliver(self, delivery: Delivery, /) -> None:
        """Hand the alert over durably.

        Raises:
            DeliveryError: not taken; the caller tries again with back-off.
        """
        ...
