"""Exit codes of jikimi, and which error ends in which."""

from __future__ import annotations

from stream.config.secrets import mask_text

OK = 0
FAILURE = 1
USAGE = 2
CONFIGURATION = 3
PARTIAL = 4
"""Something was left out (a file could not be read wholly); the rest is done."""
INTERRUPTED = 130

_CODES = {
    "ConfigError": CONFIGURATION,
    "WatchlistError": CONFIGURATION,
    "SourceMisconfigured": CONFIGURATION,
    "SinkMisconfigured": CONFIGURATION,
    "PartitionsChangedError": CONFIGURATION,
    "TopicsChangedError": CONFIGURATION,
    "BackupUnusableError": FAILURE,
    "BankRefusedError": FAILURE,
    "BrokenStateError": FAILURE,
    "FencedError": FAILURE,
    "FolderInUseError": FAILURE,
    "IndexDamagedError": FAILURE,
    "KafkaUnavailableError": FAILURE,
    "KibanaUnavailableError": FAILURE,
    "IndexInUseError": FAILURE,
    "PartEndedError": FAILURE,
    "ReplayUnclearError": FAILURE,
    "RestoreUnfinishedError": FAILURE,
    "SearchUnavailableError": FAILURE,
    "StorageFullError": FAILURE,
    "StorageVersionError": FAILURE,
}


def code_of(error: BaseException) -> int | None:
    """The exit code of an error whose message is meant for people, None for any other.

    Errors are known by name, so that nothing has to be imported to print help.
    """
    for kind in type(error).__mro__:
        if kind.__name__ in _CODES:
            return _CODES[kind.__name__]
    if isinstance(error, KeyboardInterrupt):
        return INTERRUPTED
    return FAILURE if isinstance(error, OSError) else None


def message_of(error: BaseException) -> str:
    """What to say about an error whose message is meant for people."""
    if isinstance(error, KeyboardInterrupt):
        return "interrupted"
    if isinstance(error, OSError) and error.strerror:
        place = f"{error.filename}: " if error.filename else ""
        return f"{place}{error.strerror}"
    if type(error).__name__ == "ConfigError":
        return str(error)  # masked where it was made; "password: found" is no password
    return mask_text(str(error))
