"""Builds what looks at pictures from settings."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from stream.settings import ConfigError

if TYPE_CHECKING:
    from detect.media.examined import Raster
    from detect.media.faces import Faces, People
    from detect.media.forgery import ForgeryModel
    from detect.media.nsfw import SexualContent
    from detect.records import SeenFace
    from detect.watchlist import Watchlist
    from ingest.media.fetching import Fetcher
    from stream.config.media import MediaSettings
    from stream.hosting.beside import Beside
    from stream.media.stage import MediaStage
    from stream.settings import Settings

OF_AGE = 19
"""Years; in Korea childhood ends by law with the 19th birthday."""

MOST_CERTIFICATES = 100_000
"""Characters of certificates: they are handed to the cage in its surroundings."""


def sexual_content(settings: Settings) -> SexualContent | None:
    """The model of the gate; None where it was not fetched, and then nothing passes.

    Raises:
        ConfigError: a file of its name is there and is another one, or cannot be run.
    """
    return _sexual_content(settings.media.models)


@lru_cache(maxsize=4)
def _sexual_content(folder: Path) -> SexualContent | None:
    from dashboards.weights import held
    from detect.media.nsfw import SexualContent
    from detect.media.weights import NSFW

    try:
        raw = held(folder, NSFW)
        return None if raw is None else SexualContent(raw)
    except (OSError, ValueError) as error:
        raise ConfigError(f"media.models: {error}") from None


def faces(settings: Settings) -> Faces | None:
    """The models of faces, new ones at every call as they serve one thread; None where they
    were not fetched.

    Raises:
        ConfigError: a file of their names is there and is another one, or cannot be run.
    """
    from dashboards.weights import held
    from detect.media.faces import Faces
    from detect.media.weights import SFACE, YUNET

    folder = settings.media.models
    try:
        yunet, sface = held(folder, YUNET), held(folder, SFACE)
        return None if yunet is None or sface is None else Faces(yunet, sface)
    except (OSError, ValueError) as error:
        raise ConfigError(f"media.models: {error}") from None


def enrolled_people(settings: Settings) -> People:
    """Who is enrolled in the data folder of the settings; nobody where there is no file."""
    from detect.media.faces import People
    from stream.enrolled import FACES_FILE, Enrolled

    path = settings.data.folder / FACES_FILE
    if not path.is_file():
        return People()
    with Enrolled(path) as enrolled:
        return enrolled.people()


def media_stage(settings: Settings, folder: Path, watchlist: Watchlist) -> MediaStage | None:
    """The owner of the pictures of an installation; None where they are switched off.

    Raises:
        ConfigError: a model is there and cannot be used.
    """
    wanted = settings.media
    if not wanted.enabled:
        return None
    from dashboards.composing.compose import wall_clock
    from ingest.media.together import Together
    from stream.media.looking import Looker
    from stream.media.stage import Load, MediaStage

    enrolment = _enrolment(settings)
    looker = Looker(
        scorer=sexual_content(settings),
        faces=_spotting(settings, enrolment),
        enrolment=enrolment,
        sexual_from=wanted.sexual_from,
        previews=wanted.previews,
        judges=forgery_models(settings),
        trust=trusted_signers(settings),
    )
    return MediaStage(
        folder,
        looker=looker,
        fetching=Together(lambda: _fetcher(wanted)),
        now=wall_clock,
        may_be_minor=minors(watchlist),
        load=Load(most=wanted.waiting),
        watched=[one.id for one in watchlist.subjects],
        reasons_of=settings.reasons_for,
    )


def _enrolment(settings: Settings) -> Callable[[], int]:
    """Tells which state the file of enrolled people is in; 0 while there is none.

    It is asked for every picture, and opens the file only when it was written to.
    """
    from stream.enrolled import FACES_FILE, Enrolled

    path = settings.data.folder / FACES_FILE
    files = (path, path.with_name(f"{path.name}-wal"))
    held: dict[tuple[tuple[int, int] | None, ...], int] = {}

    def written() -> tuple[tuple[int, int] | None, ...]:
        return tuple(
            (one.stat().st_mtime_ns, one.stat().st_size) if one.is_file() else None
            for one in files
        )

    def enrolment() -> int:
        if not path.is_file():
            return 0
        before = written()
        if before not in held:
            with Enrolled(path) as enrolled:
                edition = enrolled.edition()
            held.clear()
            # What is written while it is read is read again.
            held[before] = edition
        return held[before]

    return enrolment


def _spotting(
    settings: Settings, enrolment: Callable[[], int]
) -> Callable[[Raster], tuple[SeenFace, ...]] | None:
    """Finds faces, and those who are enrolled at that moment among them."""
    import numpy as np

    spotter = faces(settings)
    if spotter is None:
        return None
    held: dict[int, People] = {}

    def spot(raster: Raster) -> tuple[SeenFace, ...]:
        edition = enrolment()
        if edition not in held:
            # Whoever was deleted is forgotten here too.
            held.clear()
            held[edition] = enrolled_people(settings)
        image = np.frombuffer(raster.data, np.uint8).reshape(raster.height, raster.width, 3)
        return spotter.seen(image, held[edition])

    return spot


def media_beside(settings: Settings, folder: Path, watchlist: Watchlist) -> Beside | None:
    """The same, in a thread beside the embedded host."""
    from stream.hosting.beside import Beside

    stage = media_stage(settings, folder, watchlist)
    return None if stage is None else Beside(stage)


def minors(watchlist: Watchlist) -> Callable[[str, int], bool]:
    """Whether a subject was under age at a time (ms), by the birth dates of the watchlist.

    Of a group it is enough that one member was.
    """
    born: dict[str, str] = {}
    for subject in watchlist.subjects:
        if subject.birth_date is not None:
            for name in (subject.id, *watchlist.groups_of(subject.id)):
                born[name] = max(born.get(name, ""), subject.birth_date)

    def may_be_minor(subject: str, at: int) -> bool:
        date = born.get(subject)
        if date is None:
            return False
        when = datetime.fromtimestamp(at / 1000, UTC)
        of_age = f"{int(date[:4]) + OF_AGE:04}{date[4:10]}"
        return when.strftime("%Y-%m-%d") < of_age

    return may_be_minor


def _fetcher(wanted: MediaSettings) -> Fetcher:
    from ingest.media.addresses import Guard
    from ingest.media.fetching import Fetcher, Limits

    return Fetcher(
        Limits(bytes=wanted.most_bytes, total_s=float(wanted.timeout_s)),
        guard=Guard(also=frozenset(wanted.also_from)),
        folder=None if wanted.files is None else str(wanted.files),
    )


def trusted_signers(settings: Settings) -> str:
    """Certificates of whose signatures are trusted, as PEM; empty without a file.

    Raises:
        ConfigError: the file cannot be read, or holds no certificates.
    """
    path = settings.media.trusted_signers
    if path is None:
        return ""
    try:
        found = path.read_text("ascii")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"media.trusted_signers: {error}") from None
    if "BEGIN CERTIFICATE" not in found or len(found) > MOST_CERTIFICATES:
        raise ConfigError(
            f"media.trusted_signers: {path} holds no certificates in PEM, or more than 100 kB"
        )
    return found


REGISTRY = "models.toml"
"""In the folder of models: which forgery models are there."""


def forgery_models(settings: Settings) -> tuple[ForgeryModel, ...]:
    """The forgery models of the registry; none where there is no registry.

    Raises:
        ConfigError: the registry has mistakes, or a model of it must not be used.
    """
    return _forgery_models(settings.media.models)


@lru_cache(maxsize=4)
def _forgery_models(folder: Path) -> tuple[ForgeryModel, ...]:
    from detect.media.forgery import ForgeryModel
    from detect.media.registry import RegistryError, parse_registry

    path = folder / REGISTRY
    if not path.is_file():
        return ()
    try:
        entries = parse_registry(path.read_text("utf-8"))
        return tuple(ForgeryModel(one, (folder / one.file).read_bytes()) for one in entries)
    except (RegistryError, OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: {error}") from None
