"""The codebook of a result folder: what each file holds, field by field."""

from __future__ import annotations

from collections.abc import Mapping
from inspect import cleandoc

import msgspec

from dashboards.batch import rows

TABLES: Mapping[str, type[msgspec.Struct]] = {
    "accounts": rows.AccountRow,
    "alerts": rows.AlertRow,
    "campaigns": rows.CampaignRow,
    "cascades": rows.CascadeRow,
    "clusters": rows.ClusterRow,
    "edges": rows.EdgeRow,
    "memberships": rows.MembershipRow,
    "posts": rows.PostRow,
    "spread": rows.SpreadRow,
}
PARTS = (rows.EvidenceRow, rows.HopRow, rows.CarrierRow, rows.StepRow)
HEAD = """\
# Codebook

One JSON object a line in every `.ndjson`; where there is a `.parquet` of the same name, it
holds the same rows. Times are ISO 8601 in UTC. `network.graphml` and `network.gexf` hold
the edges as a graph. `manifest.json` says from what and with which settings it was made.
"""


def codebook(counts: Mapping[str, int]) -> str:
    """The codebook of a folder with these tables."""
    parts = [HEAD]
    parts += [_section(f"{name}.ndjson", TABLES[name]) for name in sorted(counts)]
    parts += [_section(kind.__name__, kind) for kind in PARTS]
    return "\n".join(parts)


def _section(title: str, kind: type[msgspec.Struct]) -> str:
    info = msgspec.inspect.type_info(kind)
    fields = info.fields if isinstance(info, msgspec.inspect.StructType) else ()
    table = "\n".join(f"| `{one.name}` | {_said(one.type)} |" for one in fields)
    about = cleandoc(kind.__doc__ or "").replace("``", "`")
    return f"## {title}\n\n{about}\n\n| Field | Type |\n|---|---|\n{table}\n"


def _said(info: msgspec.inspect.Type) -> str:  # noqa: PLR0911 - one case a type
    match info:
        case msgspec.inspect.UnionType():
            inner = (t for t in info.types if not isinstance(t, msgspec.inspect.NoneType))
            return " or ".join(map(_said, inner)) + ", or null"
        case msgspec.inspect.StructType():
            return info.cls.__name__
        case msgspec.inspect.VarTupleType():
            return f"list of {_said(info.item_type)}"
        case msgspec.inspect.DictType():
            return f"object of {_said(info.value_type)}"
        case msgspec.inspect.LiteralType():
            return "one of " + ", ".join(f"`{value}`" for value in info.values)
        case msgspec.inspect.IntType():
            return "whole number"
        case msgspec.inspect.FloatType():
            return "number"
        case _:
            return "text"
