"""Builds what looks at pictures from settings."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from stream.settings import ConfigError

if TYPE_CHECKING:
    from detect.media.faces import Faces, People
    from detect.media.nsfw import SexualContent
    from stream.settings import Settings


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
