"""Keyed state as an operator sees it while it works: committed rows under its own writes."""

from __future__ import annotations

from collections.abc import Iterator

from stream.operator import Effects, Put, State


class Overlay:
    """Reads through the effects gathered so far to the committed state.

    Every write goes straight into ``effects``, so what an operator returns is
    what it has seen itself.
    """

    def __init__(self, state: State, effects: Effects) -> None:
        self._state = state
        self.effects = effects

    def get(self, key: str) -> bytes | None:
        """The newest value of the key, None when absent, deleted or expired."""
        put = self.effects.put.get(key)
        if put is not None:
            return put.value
        if key in self.effects.delete:
            return None
        return self._state.get(key)

    def put(self, key: str, value: bytes, expires_at: int) -> None:
        """Write a value that is hidden once the watermark reaches ``expires_at``."""
        self.effects.delete.discard(key)
        self.effects.put[key] = Put(value, expires_at)

    def delete(self, key: str) -> None:
        """Remove the key."""
        self.effects.put.pop(key, None)
        self.effects.delete.add(key)

    def scan(self, prefix: str) -> Iterator[tuple[str, bytes]]:
        """Keys with ``prefix`` in order of the key."""
        rows = {k: v for k, v in self._state.scan(prefix) if k not in self.effects.delete}
        rows.update({k: p.value for k, p in self.effects.put.items() if k.startswith(prefix)})
        yield from sorted(rows.items())
