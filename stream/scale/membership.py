"""Whether the brokers still count a consumer among its group, and signs of life to them.

aiokafka sends none while partitions are taken over. A worker whose state took longer to
restore than its session lasts was put out of the group; and one that was frozen just then
would, when it woke up, fence whoever owned its partitions by that time.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection
from typing import Any

import structlog

from stream.scale.address import KafkaUnavailableError
from stream.scale.host import Place, ScaleHost

PATIENCE_S = 30.0
"""Seconds in which brokers must answer a sign of life."""
PAUSE_S = 0.2

log = structlog.get_logger(__name__)


class MembershipLostError(Exception):
    """The group has gone on without us: our partitions belong to others."""


class Membership:
    """The membership of one consumer in one generation of its group.

    Args:
        coordinator: aiokafka's, of the consumer; private in part, so that
            ``tests/scale/test_faust.py`` says when it has changed.
    """

    def __init__(self, coordinator: Any) -> None:
        self._coordinator = coordinator
        self._generation = coordinator.generation

    async def confirm(self) -> None:
        """Ask the brokers, in the loop of the consumer.

        Raises:
            MembershipLostError: we are no member, or of another generation by now; the
                consumer will join anew by itself.
            KafkaUnavailableError: they do not answer.
        """
        held = self._coordinator
        moment = asyncio.get_running_loop().time
        until = moment() + PATIENCE_S
        while held.generation == self._generation:
            await held.ensure_coordinator_known()
            # Not known to the brokers, it forgets its generation and asks to join anew.
            if await held._do_heartbeat():  # noqa: SLF001 - nothing public asks
                return
            if moment() > until:
                raise KafkaUnavailableError("the brokers do not say whether we are a member")
            await asyncio.sleep(PAUSE_S)
        raise MembershipLostError


async def take_over(
    host: ScaleHost,
    places: Collection[Place],
    confirm: Callable[[], Awaitable[None]],
    every_s: float,
) -> bool:
    """Open partitions that the group gave us; False when others have them by now.

    Args:
        confirm: see ``Membership.confirm``; asked before anybody is fenced, and then every
            ``every_s`` seconds.

    Raises:
        Exception: what ``ScaleHost.open`` and ``confirm`` raise.
    """

    async def keep() -> None:
        while True:
            await asyncio.sleep(every_s)
            await confirm()

    opening = [asyncio.ensure_future(host.open(place, confirm)) for place in places]
    keeping = asyncio.ensure_future(keep())
    waiting: set[asyncio.Future[None]] = set(opening)
    try:
        while waiting:
            done, _ = await asyncio.wait(
                {keeping, *waiting}, return_when=asyncio.FIRST_COMPLETED
            )
            for each in done:
                each.result()
            waiting -= done
    except MembershipLostError:
        await _end([*opening, keeping])
        log.warning("woke_up_too_late", partitions=len(places))
        for place in places:
            await host.close(place)
        return False
    finally:
        await _end([*opening, keeping])
    return True


async def _end(tasks: Collection[asyncio.Future[None]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
