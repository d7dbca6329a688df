"""Every operation of the API holds what its description promises, whatever is sent.

Requests are made from the description itself, right ones and wrong ones, by schemathesis;
what answers is a real index that the pipeline has filled with the demo.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from zlib import crc32

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis import Case, GenerationMode, Response
from schemathesis.specs.openapi.checks import positive_data_acceptance

from dashboards.keys import Keys
from dashboards.web.api.app import bare_api, describe
from tests.dashboards.web.api.conftest import Asked
from tests.dashboards.web.api.event_world import events_of
from tests.dashboards.web.world import NOW

EXAMPLES = 50
WALKS = 40
STEPS = 8
schema = schemathesis.openapi.from_dict(describe(bare_api()))
# A stream has no end: it has a test of its own below.
finite = schema.exclude(operation_id="listenToEvents")
# What no schema can say: that one time lies before another, that a reason needs a state,
# that a query closes its quotes.
RULES_BEYOND = {
    "decide",
    "undo",
    "getHistogram",
    "getFacet",
    "searchPosts",
    "searchFacets",
    "searchTimeline",
}
unhurried = settings(
    max_examples=EXAMPLES,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
)


@dataclass
class Known:
    """A running API, a key that may decide, ids that are there, and what was answered."""

    url: str
    headers: dict[str, str]
    ids: dict[str, list[str]]
    answered: Counter[tuple[str, int]] = field(default_factory=Counter)


@pytest.fixture
def known(demo: Asked) -> Iterator[Known]:
    _, key = Keys(demo.desk.file).create("fuzz", ["decide"], NOW)
    headers = {"authorization": f"Bearer {key.reveal()}"}
    client = demo.visitor(headers=headers)

    def listed(path: str, name: str) -> list[str]:
        found = [one[name] for one in client.get(f"/api/{path}").json()["items"]]
        assert found
        return found

    known = Known(
        url=f"{demo.served.url}/api",
        headers=headers,
        ids={
            "alert_id": listed("alerts?state=all", "alert_id"),
            "campaign_id": listed("campaigns?every=true", "campaign_id"),
            "cluster_id": listed("clusters", "cluster_id"),
            "family_id": listed("families", "family_id"),
            "post_id": listed("posts", "id"),
            "subject_id": listed("subjects", "id"),
        },
    )
    yield known
    # Whoever only ever meets errors has tried nothing.
    kinds = {(operation, status // 100) for operation, status in known.answered}
    missed = {operation for operation, _ in kinds if (operation, 2) not in kinds}
    assert missed <= {"undo"}


@finite.parametrize()
@unhurried
def test_every_answer_is_a_documented_one(case: Case, known: Known) -> None:
    if case.meta and case.meta.generation.mode is GenerationMode.POSITIVE:
        for name, value in case.path_parameters.items():
            ids = known.ids[name]
            chance = crc32(str(value).encode("utf-8", "surrogatepass"))
            if chance % 4:
                case.path_parameters[name] = ids[chance % len(ids)]

    answer = case.call(base_url=known.url, headers=known.headers)

    check(known, case, answer)


def test_a_walk_along_the_links_meets_only_documented_answers(known: Known) -> None:
    class Walk(finite.as_state_machine()):  # type: ignore[misc]
        def get_call_kwargs(self, case: Case) -> dict[str, Any]:
            return {"base_url": known.url, "headers": known.headers}

        def before_call(self, case: Case) -> None:
            # Lists by invented filters are empty, and nothing leads on from there.
            if operation_of(case).startswith(("list", "search")):
                case.query = {"state": "all"} if operation_of(case) == "listAlerts" else {}

        def validate_response(self, response: Response, case: Case, **more: Any) -> None:
            check(known, case, response, recorder=self.recorder)

    Walk.run(settings=settings(unhurried, max_examples=WALKS, stateful_step_count=STEPS))

    # Which links it draws is chance; that they lead to what is there is not.
    behind = {
        operation
        for operation, status in known.answered
        if status < 300 and not operation.startswith(("list", "search"))
    }
    assert len(behind) >= 6, behind


def operation_of(case: Case) -> str:
    return str(case.operation.definition.raw["operationId"])


def check(known: Known, case: Case, answer: Response, **more: Any) -> None:
    operation = operation_of(case)
    known.answered[operation, answer.status_code] += 1
    excluded = [positive_data_acceptance] if operation in RULES_BEYOND else []
    case.validate_response(answer, excluded_checks=excluded, headers=known.headers, **more)


places = st.text(st.characters(codec="latin-1", exclude_categories=["C"]), max_size=120)


@unhurried
@given(
    header=places, query=st.one_of(places, st.from_regex(r"\d{1,4}-\d{1,4}", fullmatch=True))
)
def test_any_place_in_the_stream_is_answered_with_events(
    demo: Asked, header: str, query: str
) -> None:
    headers = {"last-event-id": header.encode("latin-1")}
    answer = demo.client.get(
        "/api/events", params={"since": query, "follow": "false"}, headers=headers
    )

    if answer.status_code == 200:
        last = list(events_of(iter(answer.text.split("\n"))))[-1]
        assert last.name == "place"
    else:
        assert answer.status_code == 422
        assert max(len(header), len(query)) > 100
