"""Builds the judge of posts and its model from settings."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from stream.settings import ConfigError

if TYPE_CHECKING:
    from detect.harm.judge import HarmJudge
    from detect.harm.lexicon import HarmLexicon
    from detect.harm.model import HarmModel
    from stream.settings import Settings


def build_judge(settings: Settings) -> HarmJudge | None:
    """The judge of matched posts; None where judging is switched off.

    Raises:
        ConfigError: the model or the own words of the settings cannot be used.
    """
    if not settings.judging.enabled:
        return None
    from detect.harm.judge import HarmJudge
    from detect.language import identify

    return HarmJudge(identify, harm_model(settings), _lexicon(settings.judging.words))


def harm_model(settings: Settings) -> HarmModel | None:
    """The model of the settings, else the one that comes with jikimi; None without either.

    Raises:
        ConfigError: the model of the settings cannot be used.
    """
    return _load(settings.judging.model)


def _lexicon(place: Path | None) -> HarmLexicon | None:
    """The lexicon with the own words of a file; None for the one that comes with jikimi."""
    if place is None:
        return None
    from detect.harm.own import OwnWordsError, own_lexicon
    from stream.config.decode import TomlLines

    try:
        raw = place.read_bytes()
    except OSError as error:
        raise ConfigError(f"judging.words: {place}: {error.strerror}") from None
    try:
        return own_lexicon(raw)
    except OwnWordsError as error:
        line = TomlLines(raw.decode("utf-8", "replace")).line(error.key) if error.key else None
        where = f"{place}:{line}" if line else f"{place}"
        key = f"{'.'.join(error.key)}: " if error.key else ""
        raise ConfigError(f"{where}: {key}{error}") from None


@lru_cache(maxsize=4)
def _load(place: Path | None) -> HarmModel | None:
    from detect.harm.model import HarmModel, shipped

    try:
        raw = shipped() if place is None else place.read_bytes()
        return None if raw is None else HarmModel(raw)
    except (OSError, ValueError) as error:
        raise ConfigError(f"judging.model: {place or 'the shipped model'}: {error}") from None
