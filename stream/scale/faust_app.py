"""The Faust worker: a thin consumer that hands whole batches to the host.

Faust does membership of the group, the consumer's thread, signals and timers. Batches,
state, offsets and errors are the host's: agents and acknowledgements of Faust lose what an
exception interrupts. Some of what is overridden here is private to Faust, so its version is
pinned and ``tests/scale/test_faust.py`` says when one of these parts has changed.
"""

# Faust's own types are partial.
# pyright: reportUnknownMemberType=false
from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping
from pathlib import Path
from typing import Any, ClassVar, cast

import faust
from faust.transport.drivers import aiokafka as driver
from faust.types import TP

from stream.scale.address import KafkaAddress
from stream.scale.host import Place, ScaleHost
from stream.scale.loop import COMMIT_EVERY_S, handle_all
from stream.scale.membership import Membership, take_over
from stream.scale.progress import Progress
from stream.scale.watchdog import Watchdog, end_process, reason_of
from stream.storage.memory import seldom_collect
from stream.topics import LARGEST_VALUE

POLL_S = 0.25


class Parts:
    """What the consumer of an app needs; Faust makes the consumer itself."""

    def __init__(
        self, host: ScaleHost, watchdog: Watchdog, batch: int, progress: Progress
    ) -> None:
        self.host = host
        self.watchdog = watchdog
        self.batch = batch
        self.progress = progress


class ConsumerThread(driver.AIOKafkaConsumerThread):
    """The thread of the consumer, reading committed records only."""

    def _create_worker_consumer(self, transport: Any) -> Any:
        # Faust derives the isolation level from this alone, and nothing else while it
        # makes the client; its own transactions stay off.
        self.consumer.in_transaction = True
        try:
            return super()._create_worker_consumer(transport)
        finally:
            self.consumer.in_transaction = False

    @property
    def coordinator(self) -> Any:
        """aiokafka's part that keeps the membership of the group."""
        consumer: Any = self._ensure_consumer()
        return consumer._coordinator  # noqa: SLF001 - no public way to it


class BatchConsumer(driver.Consumer):
    """Hands record batches of the host's topics to the host; other topics go on to agents."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.busy = asyncio.Lock()
        self._ending = False
        self._noted_at = 0.0

    @property
    def parts(self) -> Parts:
        """The host and what belongs to it."""
        return cast("WorkerApp", self.app).parts

    def _new_consumer_thread(self) -> ConsumerThread:
        return ConsumerThread(self, loop=self.loop, beacon=self.beacon)

    async def on_partitions_assigned(self, assigned: set[TP], generation_id: int = 0) -> None:
        """Open what is ours now, before Faust goes on: it may take its time."""
        try:
            async with self.busy:
                every_s = self.app.conf.broker_heartbeat_interval
                thread = cast("ConsumerThread", self._thread)
                confirm = self._confirm(Membership(thread.coordinator))
                # What was waiting for a worker that ends goes to those who stay.
                places = [] if self._ending else self._ours(assigned)
                await take_over(self.parts.host, places, confirm, every_s)
        except Exception as error:  # noqa: BLE001 - a worker that cannot open must not go on
            end_process(reason_of(error))
        self.parts.watchdog.beat()
        await super().on_partitions_assigned(assigned, generation_id)

    def _confirm(self, membership: Membership) -> Callable[[], Awaitable[None]]:
        async def confirm() -> None:
            asked = asyncio.run_coroutine_threadsafe(
                membership.confirm(), self._thread.thread_loop
            )
            await asyncio.wrap_future(asked)
            self.parts.watchdog.beat()

        return confirm

    async def perform_seek(self) -> None:
        """Faust's last step before records flow: begin where each partition stands."""
        await super().perform_seek()
        host = self.parts.host
        ours = {TP(*place): host.next(place) for place in host.places}
        assigned = self.assignment()
        wanted = {tp: offset for tp, offset in ours.items() if tp in assigned}
        if wanted:
            await self.seek_wait(wanted)

    async def on_partitions_revoked(self, revoked: set[TP]) -> None:
        """Let the batch under way end, then give up what is not ours any more."""
        self.stop_flow()
        async with self.busy:
            for place in self._ours(revoked):
                await self.parts.host.close(place)
        self.parts.watchdog.beat()
        await super().on_partitions_revoked(revoked)

    async def give_up_all(self) -> None:
        """Let the batch under way end, then close everything."""
        self._ending = True
        self.stop_flow()
        async with self.busy:
            await self.parts.host.close_all()

    def verify_event_path(self, now: float, tp: TP) -> None:
        """Faust's own detector of stuck streams does not see what the host does."""
        if tp.topic not in self.parts.host.inputs:
            super().verify_event_path(now, tp)

    async def _drain_messages(self, fetcher: Any) -> None:
        try:
            while not (self._stopped.is_set() or fetcher._stopped.is_set()):  # noqa: SLF001
                self.parts.watchdog.beat()
                records, _ = await self._wait_next_records(POLL_S)
                await asyncio.sleep(0)
                await self._take(records or {})
                self._look()
        except self.consumer_stopped_errors:
            if not self.app.should_stop:
                raise
        except asyncio.CancelledError:
            # Faust takes a fetcher that is cancelled during a rebalance for a crashed
            # one; told to end just then, a worker would end as if it had failed.
            if not (fetcher.should_stop or self.should_stop or self.app.should_stop):
                raise
        except Exception as error:  # noqa: BLE001 - nothing may be skipped: end, start anew
            end_process(reason_of(error))

    def _look(self) -> None:
        places = [TP(*place) for place in self.parts.host.places]
        assigned = self.assignment()
        ours = tuple(tp for tp in places if tp in assigned)

        async def ends(of: Collection[TP]) -> Mapping[TP, int]:
            return await self.highwaters(*of)

        self.parts.progress.look_at_times(ours, self.position, ends)

    async def _take(self, records: Any) -> None:
        host = self.parts.host
        for tp, others in records.items():
            if tp.topic not in host.inputs:
                for record in others:
                    await self.callback(self._to_message(tp, record))
        generation = self.app.consumer_generation_id
        async with self.busy:
            if not self.flow_active or generation != self.app.consumer_generation_id:
                return  # a rebalance has begun: these will be read again
            # A file must not be closed under a batch: also when we are cancelled it ends.
            work = asyncio.ensure_future(handle_all(host, records, self.parts.batch))
            await _to_its_end(work)
            await self._note_offsets()

    async def _note_offsets(self) -> None:
        """Tell the group how far we are, for those who watch the lag."""
        moment = self.loop.time()
        if moment - self._noted_at < COMMIT_EVERY_S:
            return
        self._noted_at = moment
        assigned = self.assignment()
        host = self.parts.host
        offsets = {
            TP(*place): host.next(place) for place in host.places if TP(*place) in assigned
        }
        if offsets:
            await self._commit(offsets)

    def _ours(self, places: Iterable[TP]) -> list[Place]:
        inputs = self.parts.host.inputs
        return [Place(tp.topic, tp.partition) for tp in places if tp.topic in inputs]


async def _to_its_end(work: asyncio.Future[None]) -> None:
    try:
        await asyncio.shield(work)
    except asyncio.CancelledError:
        await work
        raise


class BatchTransport(driver.Transport):
    """Faust's transport with our consumer."""

    Consumer: ClassVar[Any] = BatchConsumer


class WorkerApp(faust.App):
    """A Faust app whose consumer works for a host."""

    parts: Parts

    def _new_transport(self) -> BatchTransport:
        return BatchTransport(self.conf.broker_consumer, self, loop=self.loop)


async def _before_shutdown(app: Any, *_: Any, **__: Any) -> None:
    """SIGTERM: no revocation comes any more, so partitions are given up here."""
    consumer = app.consumer
    if isinstance(consumer, BatchConsumer):
        await consumer.give_up_all()
    app.parts.watchdog.stop()


def build_app(
    parts: Parts,
    address: KafkaAddress,
    *,
    group: str,
    folder: Path,
    session_s: float = 10.0,
) -> WorkerApp:
    """The app over a host; ``folder`` is for Faust's own files."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("faust", "mode", "stream.scale.faust_app"):
        # They tell every service that starts and stops.
        logging.getLogger(name).setLevel(logging.WARNING)
    # Faust's services bind to the loop there is when they are made.
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    app = WorkerApp(
        group,
        loop=loop,
        broker=[f"kafka://{server}" for server in address.servers()],
        broker_credentials=credentials(address),
        broker_session_timeout=session_s,
        broker_heartbeat_interval=session_s / 5,
        broker_request_timeout=max(40.0, session_s * 2),
        broker_rebalance_timeout=60.0,
        broker_max_poll_records=parts.batch * 2,
        consumer_max_fetch_size=LARGEST_VALUE,
        consumer_auto_offset_reset="earliest",
        store="memory://",
        table_standby_replicas=0,
        topic_allow_declare=False,
        topic_disable_leader=True,
        stream_wait_empty=False,
        web_enabled=False,
        web_tables_enabled=False,
        worker_redirect_stdouts=False,
        datadir=folder,
    )
    app.parts = parts
    handler: Any = _before_shutdown
    app.on_before_shutdown.connect(handler)
    for name in parts.host.inputs:
        # Named before the start, so that it is subscribed without an agent.
        app.topics.add(
            app.topic(name, key_serializer="raw", value_serializer="raw", value_type=bytes)
        )
    return app


def credentials(address: KafkaAddress) -> Any:
    """How Faust logs in to the brokers of an address."""
    context = address.ssl_context()
    if address.sasl == "none":
        return faust.SSLCredentials(context) if context else None
    return faust.SASLCredentials(
        username=address.username,
        password=address.password.reveal() if address.password else "",
        ssl_context=context,
        mechanism=address.sasl,
    )


def run_app(app: WorkerApp) -> None:
    """Work until SIGINT or SIGTERM; returns after a clean end."""
    seldom_collect()
    app.parts.watchdog.start()
    work(app)


def work(app: faust.App) -> None:
    """Run an app of Faust until SIGINT or SIGTERM, without what it draws on a terminal."""
    worker = faust.Worker(app, loop=app.loop, override_logging=False, quiet=True)
    worker.spinner = None
    try:
        worker.execute_from_commandline()
    except SystemExit as ended:
        if ended.code:
            raise
