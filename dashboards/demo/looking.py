"""Looks at the demo's pictures: the media stage over what the demo draws itself."""

from __future__ import annotations

import threading
from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from dashboards.composing.compose import wall_clock
from dashboards.composing.parts import PartEndedError
from dashboards.demo.pictures import DrawnPictures, Harmless, fill_bank
from stream.hosting.beside import Beside
from stream.media.looking import Looker
from stream.media.stage import MediaStage
from stream.scale.address import KafkaAddress
from stream.scale.kafka_log import PostsProducer
from stream.scale.media import ScaleMedia
from stream.topics import Topics

PATIENCE_S = 120.0
"""How long the end waits for the drawn pictures, on a machine that is very busy."""


def drawn_pictures(folder: Path) -> Beside:
    """The media stage of the demo, with the official portraits banked in its folder."""
    fill_bank(folder, wall_clock())
    stage = MediaStage(
        folder, looker=Looker(scorer=Harmless()), fetching=DrawnPictures(), now=wall_clock
    )
    return Beside(stage, patience_s=PATIENCE_S)


class PicturesBeside:
    """The media host of scale-out in a thread of this process.

    Args:
        ended: set when it ends although nobody asked it to.
    """

    def __init__(self, host: ScaleMedia, ended: threading.Event) -> None:
        self._host = host
        self._ended = ended
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="pictures", daemon=True)
        self._failure: Exception | None = None

    def start(self) -> None:
        """Begin to look."""
        self._thread.start()

    def at_rest(self) -> bool:
        """Whether nothing more is to be told of what is on the topic now."""
        return self._host.at_rest()

    def check(self) -> None:
        """Go on only while it looks.

        Raises:
            PartEndedError: it has ended.
        """
        if self._failure is not None:
            raise PartEndedError(f"the pictures: {self._failure}") from self._failure

    def end(self) -> None:
        """Ask it to end, and wait for it."""
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        try:
            self._host.run(self._stop)
        except Exception as error:  # noqa: BLE001 - nobody may wait for pictures in vain
            self._failure = error
            self._ended.set()


@contextmanager
def pictures_beside(
    folder: Path, address: KafkaAddress, topics: Topics, ended: threading.Event
) -> Generator[PicturesBeside]:
    """Looks at the pictures of posts on Kafka while the block lasts.

    Args:
        folder: for its own files; made when it is not there.
        ended: set when it ends by itself.

    Raises:
        KafkaUnavailableError: no broker can be reached.
    """
    folder.mkdir(exist_ok=True)
    with ExitStack() as stack:
        beside = drawn_pictures(folder)
        stack.callback(beside.close)
        producer = PostsProducer(address, topics)
        stack.callback(producer.close)
        host = ScaleMedia(address, topics, beside, producer)
        stack.callback(host.close)
        made = PicturesBeside(host, ended)
        made.start()
        stack.callback(made.end)
        yield made
