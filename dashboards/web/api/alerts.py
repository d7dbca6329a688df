"""Alerts by the API: the list, and one with its reasons, its wordings and its decisions."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Path, Query, Request
from pydantic import Field

from dashboards.desk import OPEN, Decision
from dashboards.queries.alerts import in_state
from dashboards.queries.clusters import Variant, posts_of, variants_of
from dashboards.queries.growth import Counts, Growth, growth
from dashboards.web.api.fields import (
    MAX_ID,
    Limit,
    Model,
    Offset,
    Page,
    Since,
    Subject,
    Time,
    finite,
    in_ms,
    iso,
    next_part,
)
from dashboards.web.api.occasions import OccasionModel, occasion_models
from dashboards.web.api.problems import not_found
from dashboards.web.harm import is_spared
from dashboards.web.site import Site, TheSite
from stream.records import Alert, Evidence, Severity

router = APIRouter(tags=["alerts"])
SAMPLES = 10
State = Literal["open", "acknowledged", "resolved"]
AlertId = Annotated[str, Path(max_length=MAX_ID, description="Id of an alert.")]


class EvidenceModel(Model):
    """One measured reason."""

    signal: str = Field(description="What was measured; the reference of signals is in /help.")
    value: float | None = Field(description="What was seen; null where it is no number.")
    expected: float | None = Field(description="What was to be expected, where that is known.")
    post_ids: list[str] = Field(description="Posts that show it.")


class DecisionModel(Model):
    """What a person decided; an undo is a decision too."""

    decision_id: str
    alert_id: str
    state: State = Field(description="State in force from here on.")
    reason: str = Field(description="Why it was resolved; else empty.")
    note: str
    who: str = Field(description="Name of the person, or `key:` and the name of the key.")
    at: Time
    undoes: str = Field(description="Id of the decision this one takes back; else empty.")


class SampleModel(Model):
    """One wording of the copied text, by its first post."""

    post_id: str
    text: str
    spared: bool = Field(description="Whether readers of lists should be spared the text.")
    lang: str | None
    posts: int = Field(description="How many posts have this wording.")
    accounts: int
    first_at: Time


class AlertModel(Model):
    """Something a person should look at."""

    alert_id: str
    subject: str = Field(description="Id of the subject it is about.")
    subject_name: str
    kind: str = Field(description="What was noticed, for example `copy_burst`.")
    severity: Severity
    title: str
    state: State = Field(description="Open until a person decides.")
    created_at: Time = Field(description="Event time at which it came into being.")
    updated_at: Time = Field(description="Event time of its last growth.")
    revision: int = Field(description="Goes up with each growth.")
    posts: int
    accounts: int
    platforms: list[str]
    cluster_id: str | None
    campaign_id: str | None


class CountsModel(Model):
    """How much there was at a moment."""

    at: Time
    posts: int
    accounts: int
    platforms: list[str]
    reach: int | None = Field(
        description="Followers together of the accounts of posts still here, as far as known."
    )
    known_accounts: int = Field(description="Accounts of which followers are known.")
    at_least: bool = Field(
        description="Counted among posts that are still here: there may have been more."
    )


class GrowthModel(Model):
    """What an alert counted when it was raised, and what there is now."""

    then: CountsModel
    now: CountsModel
    counted: Literal["campaign", "copies", "pictures", "alert"] = Field(
        description="Of what `now` was counted: the campaign, all copies of the text, variants "
        "of the picture that speak for harm, or the alert's own posts."
    )


class AlertDetail(AlertModel):
    """One alert with everything that speaks for and against it."""

    operator_version: str = Field(description="Version of the rules that raised it.")
    replayed: bool = Field(description="Found by a replay of the past; nobody was called.")
    post_ids: list[str] = Field(description="Posts it rests on; some may be deleted by now.")
    evidence: list[EvidenceModel]
    counter_evidence: list[EvidenceModel] = Field(
        description="What speaks for a harmless explanation."
    )
    growth: GrowthModel
    samples: list[SampleModel] = Field(
        description=f"The {SAMPLES} most frequent wordings that are still there."
    )
    calendar: list[OccasionModel] = Field(
        description="What was on in the fandom calendar while its posts came, at most 100."
    )
    decisions: list[DecisionModel] = Field(description="Every decision, the last one first.")


@router.get("/alerts", operation_id="listAlerts")
def alerts(
    request: Request,
    site: TheSite,
    state: Annotated[
        Literal["open", "acknowledged", "resolved", "all"],
        Query(description="What people decided so far."),
    ] = "open",
    severity: Annotated[
        list[Severity], Query(max_length=4, description="Of these severities; without it all.")
    ] = [],  # noqa: B006 - FastAPI copies it
    kind: Annotated[
        list[Annotated[str, Field(max_length=100)]],
        Query(max_length=20, description="Of these kinds; without it all."),
    ] = [],  # noqa: B006 - FastAPI copies it
    subject: Subject = None,
    since: Since = None,
    offset: Offset = 0,
    limit: Limit = 50,
) -> Page[AlertModel]:
    """Alerts, the newest first."""
    found = in_state(
        site.index,
        site.board,
        state,
        subject=subject,
        kinds=kind,
        severities=severity,
        since=in_ms(since),
        offset=offset,
        limit=limit,
    )
    states = site.desk.decisions([one.alert_id for one in found.alerts])
    return Page(
        total=found.total,
        next=next_part(request, offset=offset, limit=limit, total=found.total),
        items=[alert_model(site, one, states.get(one.alert_id)) for one in found.alerts],
    )


@router.get("/alerts/{alert_id}", operation_id="getAlert")
def alert(site: TheSite, alert_id: AlertId) -> AlertDetail:
    """One alert: why it was raised, what speaks against it, what was decided."""
    found = known_alert(site, alert_id)
    cluster = site.index.cluster(found.cluster_id) if found.cluster_id else None
    posts = posts_of(site.index, cluster) or site.index.posts(found.post_ids)
    times = [one.post.event_at for one in posts] or [found.created_at]
    history = site.desk.history(found.alert_id)
    summary = alert_model(site, found, history[0] if history else None)
    return AlertDetail(
        **dict(summary),
        operator_version=found.operator_version,
        replayed=found.replayed,
        post_ids=list(found.post_ids),
        evidence=[evidence_model(one) for one in found.evidence],
        counter_evidence=[evidence_model(one) for one in found.counter_evidence],
        growth=_growth(growth(site.index, found)),
        samples=[sample_model(one) for one in variants_of(posts)[:SAMPLES]],
        calendar=occasion_models(site, found.subject, min(times), max(times) + 1),
        decisions=[decision_model(one) for one in history],
    )


def _growth(one: Growth) -> GrowthModel:
    return GrowthModel(then=_counts(one.then), now=_counts(one.now), counted=one.source)


def _counts(one: Counts) -> CountsModel:
    return CountsModel(
        at=iso(one.at),
        posts=one.posts,
        accounts=one.accounts,
        platforms=list(one.platforms),
        reach=one.reach,
        known_accounts=one.known,
        at_least=one.least,
    )


def known_alert(site: Site, alert_id: str) -> Alert:
    """The alert of that id.

    Raises:
        ApiError: there is none.
    """
    found = site.index.alert(alert_id)
    if found is None:
        raise not_found("There is no such alert. It may have been built anew; list them.")
    return found


def alert_model(site: Site, one: Alert, decision: Decision | None) -> AlertModel:
    """An alert as the API gives it, with the state that people brought it into."""
    return AlertModel(
        alert_id=one.alert_id,
        subject=one.subject,
        subject_name=site.name_of(one.subject),
        kind=one.kind,
        severity=one.severity,
        title=one.title,
        state=_state(decision),
        created_at=iso(one.created_at),
        updated_at=iso(one.updated_at),
        revision=one.revision,
        posts=one.posts,
        accounts=one.accounts,
        platforms=list(one.platforms),
        cluster_id=one.cluster_id,
        campaign_id=one.campaign_id,
    )


def decision_model(one: Decision) -> DecisionModel:
    """A decision as the API gives it."""
    return DecisionModel(
        decision_id=one.decision_id,
        alert_id=one.alert_id,
        state=_state(one),
        reason=one.reason,
        note=one.note,
        who=one.who,
        at=iso(one.at),
        undoes=one.undoes,
    )


def evidence_model(one: Evidence) -> EvidenceModel:
    """A reason as the API gives it."""
    return EvidenceModel(
        signal=one.signal,
        value=finite(one.value),
        expected=finite(one.expected),
        post_ids=list(one.post_ids),
    )


def sample_model(one: Variant) -> SampleModel:
    """A wording as the API gives it."""
    post = one.first.post
    return SampleModel(
        post_id=post.id,
        text=post.text,
        spared=is_spared(one.first.judgement),
        lang=post.lang,
        posts=one.posts,
        accounts=one.accounts,
        first_at=iso(one.first_at),
    )


def _state(decision: Decision | None) -> State:
    if decision is None or decision.state == OPEN:
        return "open"
    return "acknowledged" if decision.state == "acknowledged" else "resolved"
