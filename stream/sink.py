"""The Sink protocol: where alerts are delivered; registered under ``jikimi.sinks``."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

from ingest.records import Record
from stream.records import Alert


class Delivery(Record, frozen=True, kw_only=True, tag="delivery/1"):
    """One message to one sink. ``delivery_id`` is the same on every try."""

    delivery_id: str
    alert: Alert
    link: str


class DeliveryError(Exception):
    """The sink did not take it; try again later."""


@runtime_checkable
class Sink(Protocol):
    """Takes alerts. Must be safe to call again with the same ``delivery_id``."""

    @property
    def name(self) -> str: ...

    def deliver(self, delivery: Delivery, /) -> None:
        """Hand the alert over durably.

        Raises:
            DeliveryError: not taken; the caller tries again with back-off.
        """
        ...
