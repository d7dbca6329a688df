"""Findings of pictures, read from the tables of the local index."""

from __future__ import annotations

import json
import sqlite3

import msgspec

from detect.records import PictureFinding
from stream.index import FindingQuery
from stream.local.tables import storable

_decode = msgspec.msgpack.Decoder(PictureFinding).decode


class FindingReader:
    """Part of the reader of the tables."""

    _db: sqlite3.Connection

    def findings(self, query: FindingQuery) -> list[PictureFinding]:
        """What was found, in the order asked for; of deleted posts nothing."""
        conditions = ["at IS NOT NULL"]
        values: list[str | int] = []
        if query.grave:
            conditions.append("severity != ''")
        for column, wanted in (
            ("family", query.family), ("post_id", query.post_id), ("subject", query.subject),
        ):  # fmt: skip
            if wanted is not None:
                if not storable(wanted):
                    return []
                conditions.append(f"{column} = ?")
                values.append(wanted)
        if query.post_ids is not None:
            conditions.append("post_id IN (SELECT value FROM json_each(?))")
            values.append(json.dumps([one for one in query.post_ids if storable(one)]))
        where = " AND ".join(conditions)
        way = "DESC" if query.newest else "ASC"
        rows = self._db.execute(
            f"SELECT body FROM findings WHERE {where} ORDER BY at {way}, id LIMIT ?",
            (*values, max(query.limit, 0)),
        )
        return [_decode(row[0]) for row in rows]
