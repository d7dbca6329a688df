"""What people decide about alerts: one or many at a time, and taking it back.

A form names the decision that its page showed. Whoever decides on an old page is told
what happened meanwhile, and what they typed is still there.
"""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import parse_qsl

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from dashboards.desk import MOST_AT_ONCE, DecidedMeanwhile
from dashboards.web.alerts import Draft, known_alert, render_alert, steps_decisions
from dashboards.web.forms import Form, PostedForm
from dashboards.web.site import Refused, TheSite, with_query
from dashboards.web.text import plain
from dashboards.web.triage import Filters, read_filters
from dashboards.web.views import REASONS

router = APIRouter()
MAX_NOTE = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A decision as a form asks for it."""

    state: str
    reason: str
    note: str


@router.post("/alerts/decide")
def decide_many(request: Request, site: TheSite, form: PostedForm) -> Response:
    """One decision about all chosen alerts; those decided meanwhile are left alone."""
    wanted = _wanted(form)
    chosen = dict(_chosen(one) for one in form.all("alert")[:MOST_AT_ONCE])
    if not chosen:
        raise Refused(400, "Choose alerts in the list first.")
    at = site.now()
    made = site.desk.decide_all(
        {alert_id: seen for alert_id, seen in chosen.items() if site.index.alert(alert_id)},
        wanted.state,
        reason=wanted.reason,
        note=wanted.note,
        who=request.state.person,
        at_ms=at,
    )
    left = len(chosen) - len(made)
    filters = _filters(form)
    path = filters.path(page=filters.page)
    return RedirectResponse(with_query(path, step=at, left=left or ""), status_code=303)


@router.post("/alerts/undo")
def undo_many(request: Request, site: TheSite, form: PostedForm) -> Response:
    """Take back what one step decided, within ten minutes, except what changed since."""
    step = form.get("step", "")
    made = steps_decisions(site.desk, request.state.person, step, site.now())
    if not made:
        raise Refused(409, "This decision can no longer be undone. Decide anew instead.")
    for one in made:
        site.desk.undo(one.decision_id, request.state.person, site.now())
    filters = _filters(form)
    return RedirectResponse(filters.path(page=filters.page), status_code=303)


@router.post("/alerts/{alert_id}/decide")
def decide(request: Request, site: TheSite, alert_id: str, form: PostedForm) -> Response:
    """Acknowledge, resolve with a reason, or open again."""
    known = known_alert(site, alert_id)
    wanted = _wanted(form)
    filters = _filters(form)
    try:
        site.desk.decide(
            known.alert_id,
            wanted.state,
            reason=wanted.reason,
            note=wanted.note,
            who=request.state.person,
            at_ms=site.now(),
            after=form.get("seen"),
        )
    except DecidedMeanwhile:
        draft = Draft(state=wanted.state, reason=wanted.reason, note=wanted.note)
        return render_alert(request, site, known, filters, draft=draft, status=409)
    return RedirectResponse(filters.path(alert_id, page=filters.page), status_code=303)


@router.post("/alerts/{alert_id}/undo")
def undo(request: Request, site: TheSite, alert_id: str, form: PostedForm) -> Response:
    """Take the last decision back, within ten minutes."""
    history = site.desk.history(known_alert(site, alert_id).alert_id)
    wanted = form.get("decision", "")
    if not any(one.decision_id == wanted for one in history):
        raise Refused(400, "This decision is not known.")
    if site.desk.undo(wanted, request.state.person, site.now()) is None:
        raise Refused(409, "This decision can no longer be undone. Decide anew instead.")
    filters = _filters(form)
    return RedirectResponse(filters.path(alert_id, page=filters.page), status_code=303)


def _wanted(form: Form) -> Wanted:
    state = form.get("state", "")
    note = plain(form.get("note", ""), MAX_NOTE)
    reason = ""
    if state == "resolved":
        reason = form.get("reason", "")
        if reason not in REASONS:
            raise Refused(400, "Choose a reason before you resolve an alert.")
        if reason == "other" and not note:
            raise Refused(400, "Say in the note what the other reason is.")
    elif state not in {"acknowledged", "open"}:
        raise Refused(400, "This decision is not known.")
    return Wanted(state=state, reason=reason, note=note)


def _chosen(field: str) -> tuple[str, str]:
    # The list writes "alert:decision"; ids hold no colon.
    alert_id, _, seen = field.partition(":")
    return alert_id, seen


def _filters(form: Form) -> Filters:
    try:
        kept = dict(parse_qsl(form.get("filters", ""), max_num_fields=10))
    except ValueError:
        kept = {}
    return read_filters(
        *(kept.get(name, "") for name in ("state", "severity", "subject", "page"))
    )
