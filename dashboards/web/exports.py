"""A table as a file to download, the same way on every page."""

from __future__ import annotations

from collections.abc import Sequence

from starlette.responses import Response

from dashboards.export import Cell, file_name, to_csv


def csv_answer(
    name: Sequence[str], header: Sequence[str], rows: Sequence[Sequence[Cell]], bom: str
) -> Response:
    """The table as CSV named after its parts; ``bom`` is "1" for Excel."""
    return Response(
        to_csv(header, rows, bom=bom == "1"),
        media_type="text/csv; charset=utf-8",
        headers={"content-disposition": f'attachment; filename="{file_name(*name)}"'},
    )
