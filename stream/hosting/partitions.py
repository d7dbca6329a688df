"""The number of partitions of a data folder: fixed when it is made."""

from __future__ import annotations

from stream.storage.store import Store


class PartitionsChangedError(Exception):
    """The data folder was made with another number of partitions."""


def fix_partitions(store: Store, partitions: int) -> None:
    """Note the number of partitions of a new folder.

    Raises:
        PartitionsChangedError: the folder was made with another number.
    """
    held = store.meta("partitions")
    if held is None:
        with store.transaction():
            store.set_meta("partitions", str(partitions).encode())
    elif int(held) != partitions:
        raise PartitionsChangedError(
            f"the data folder {store.folder} was made with {int(held)} partitions, "
            f"pipeline.partitions says {partitions}: set it back or start a new folder"
        )
