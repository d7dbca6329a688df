"""Who one is to the API: to try a key before using it."""

from __future__ import annotations

from typing import Literal

from fastapi import APIRouter, Request
from pydantic import Field

from dashboards.keys import Scope
from dashboards.web.api.access import Sender
from dashboards.web.api.fields import Model

router = APIRouter(tags=["access"])


class Me(Model):
    """Who sent this request."""

    who: str = Field(description="As whom decisions are recorded.")
    by: Literal["key", "pages"] = Field(description="A key, or a person at the pages.")
    scopes: list[Scope]


@router.get("/me", operation_id="getMe")
def me(request: Request, who: Sender) -> Me:
    """Who this request came from, and what they may do."""
    return Me(
        who=who,
        by="key" if request.state.by_key else "pages",
        scopes=list(request.state.scopes),
    )
