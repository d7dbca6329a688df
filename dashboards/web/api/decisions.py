"""Deciding by the API: acknowledge, resolve, open again, take back."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Body
from pydantic import Field

from dashboards.desk import DecidedMeanwhile, Decision
from dashboards.web.api.access import Sender
from dashboards.web.api.alerts import AlertId, DecisionModel, State, decision_model, known_alert
from dashboards.web.api.fields import MAX_ID, Model
from dashboards.web.api.problems import ApiError, invalid, refusal
from dashboards.web.site import TheSite
from dashboards.web.text import plain
from dashboards.web.views import REASONS

router = APIRouter(tags=["alerts"])
MAX_NOTE = 500
CONFLICT: dict[int | str, dict[str, Any]] = {
    409: refusal(
        "Somebody else has decided meanwhile; `current` holds the decision in force, null "
        "where there is none."
    )
}


class NewDecision(Model):
    """What to do about an alert."""

    state: State = Field(description="`open` opens it again.")
    reason: str = Field(
        default="",
        max_length=100,
        description=f"Needed for `resolved`, else empty. One of: {', '.join(REASONS)}.",
    )
    note: str = Field(
        default="", max_length=MAX_NOTE, description="Needed for the reason `other`."
    )
    after: str | None = Field(
        default=None,
        max_length=MAX_ID,
        description="Id of the decision that was in force when you looked, empty for none: "
        "if another one is in force by now, nothing is recorded (409). Without it the "
        "decision is recorded whatever holds.",
    )


class Undo(Model):
    """What to take back."""

    decision_id: str = Field(
        min_length=1, max_length=MAX_ID, description="The last decision about the alert."
    )


@router.post(
    "/alerts/{alert_id}/decisions",
    operation_id="decide",
    status_code=201,
    responses=CONFLICT,
)
def decide(
    site: TheSite, alert_id: AlertId, who: Sender, wanted: Annotated[NewDecision, Body()]
) -> DecisionModel:
    """Acknowledge, resolve with a reason, or open again. Sent twice, it is recorded once."""
    known = known_alert(site, alert_id)
    note = plain(wanted.note, MAX_NOTE)
    if wanted.state == "resolved" and wanted.reason not in REASONS:
        raise invalid("body.reason", f"needed for resolved; one of: {', '.join(REASONS)}")
    if wanted.state != "resolved" and wanted.reason:
        raise invalid("body.reason", "only resolved has a reason")
    if wanted.reason == "other" and not note:
        raise invalid("body.note", "say what the other reason is")
    try:
        made = site.desk.decide(
            known.alert_id,
            wanted.state,
            reason=wanted.reason,
            note=note,
            who=who,
            at_ms=site.now(),
            after=wanted.after,
        )
    except DecidedMeanwhile as conflict:
        raise _conflict(
            "Somebody else has decided about this alert meanwhile.", conflict.current
        ) from None
    return decision_model(made)


@router.post(
    "/alerts/{alert_id}/undo", operation_id="undo", status_code=201, responses=CONFLICT
)
def undo(
    site: TheSite, alert_id: AlertId, who: Sender, wanted: Annotated[Undo, Body()]
) -> DecisionModel:
    """Take the last decision about an alert back, within ten minutes."""
    history = site.desk.history(known_alert(site, alert_id).alert_id)
    if not any(one.decision_id == wanted.decision_id for one in history):
        raise invalid("body.decision_id", "no decision about this alert has this id")
    made = site.desk.undo(wanted.decision_id, who, site.now())
    if made is None:
        raise _conflict(
            "It is no longer the last decision, or older than ten minutes; decide anew.",
            history[0],
        )
    return decision_model(made)


def _conflict(detail: str, current: Decision | None) -> ApiError:
    held = decision_model(current).model_dump() if current else None
    return ApiError(409, "conflict", detail, more={"current": held})
