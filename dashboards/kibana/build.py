"""Writes the dashboards for Kibana: ``python -m dashboards.kibana.build``.

One file a dashboard, with everything that it needs, for
``POST /api/saved_objects/_import?overwrite=true`` or Kibana's page of saved objects. Ids are
stable, so that importing again replaces and never doubles.
"""

from __future__ import annotations

import json
from pathlib import Path

import msgspec

from dashboards.kibana.lens import (
    Chart,
    Object,
    count,
    dashboard,
    data_view,
    figure,
    lens,
    percentile,
    times,
    values,
)

HERE = Path(__file__).parent

VIEWS = {
    "jikimi-posts": "jikimi: posts",
    "jikimi-alerts": "jikimi: alerts",
    "jikimi-clusters": "jikimi: clusters of copies",
    "jikimi-bursts": "jikimi: bursts of copies",
    "jikimi-sources": "jikimi: sources",
    "jikimi-gaps": "jikimi: gaps of sources",
    "jikimi-takedowns": "jikimi: posts that went away",
}
"""Data views by the alias of ``stream/elastic/names.py``, with the default prefix."""

POSTS, ALERTS, CLUSTERS, BURSTS, SOURCES, GAPS, TAKEDOWNS = VIEWS
SUBJECT = values("jikimi.subjects", "Subject")
PLATFORM = values("jikimi.platform", "Platform")


class Page(msgspec.Struct, frozen=True):
    """One dashboard and its charts, row by row."""

    id: str
    title: str
    description: str
    rows: tuple[tuple[Chart, ...], ...]


PAGES = (
    Page(
        "jikimi-overview",
        "jikimi: overview",
        "What is said about whom, and what was raised as an alert.",
        (
            (
                Chart("jikimi-posts-total", "Posts", POSTS, "metric", (count("Posts"),)),
                Chart("jikimi-alerts-total", "Alerts", ALERTS, "metric", (count("Alerts"),)),
            ),
            (
                Chart(
                    "jikimi-posts-platforms", "Posts by platform", POSTS, "bar_stacked",
                    (count("Posts"),), (times(), PLATFORM),
                ),
                Chart(
                    "jikimi-alerts-severity", "Alerts by severity", ALERTS, "bar_stacked",
                    (count("Alerts"),), (times(), values("jikimi.severity", "Severity")),
                ),
            ),
            (
                Chart(
                    "jikimi-posts-subjects", "Posts by subject", POSTS, "line",
                    (count("Posts"),), (times(), SUBJECT),
                ),
                Chart(
                    "jikimi-posts-languages", "Languages", POSTS, "bar_horizontal",
                    (count("Posts"),), (values("jikimi.lang", "Language"),),
                ),
            ),
            (
                Chart(
                    "jikimi-alerts-kinds", "Alerts by subject and kind", ALERTS, "table",
                    (count("Alerts"), figure("max", "jikimi.accounts", "Most accounts")),
                    (values("jikimi.subject", "Subject"), values("rule.name", "Kind")),
                ),
            ),
        ),
    ),
    Page(
        "jikimi-spread",
        "jikimi: spread",
        "How far copies of one text went: accounts, platforms, links, time.",
        (
            (
                Chart(
                    "jikimi-clusters-largest", "Largest clusters of copies", CLUSTERS, "table",
                    (
                        figure("max", "jikimi.posts", "Posts"),
                        figure("max", "jikimi.accounts", "Accounts"),
                        figure("max", "jikimi.duration_minutes", "Minutes"),
                    ),
                    (values("jikimi.id", "Cluster", 20), values("jikimi.subject", "Subject")),
                ),
            ),
            (
                Chart(
                    "jikimi-bursts-accounts", "Accounts at the peak of bursts", BURSTS, "bar",
                    (
                        figure("max", "jikimi.peak_accounts", "Seen"),
                        figure("max", "jikimi.expected_accounts", "Expected"),
                    ),
                    (times(),),
                ),
                Chart(
                    "jikimi-clusters-duration", "How long clusters grow", CLUSTERS, "line",
                    (
                        figure("median", "jikimi.duration_minutes", "Median minutes"),
                        percentile("jikimi.duration_minutes", 95, "95th percentile"),
                    ),
                    (times(),),
                ),
            ),
            (
                Chart(
                    "jikimi-posts-domains", "Links by host", POSTS, "bar_horizontal",
                    (count("Posts"),), (values("url.domain", "Host"),),
                ),
                Chart(
                    "jikimi-posts-tags", "Hashtags", POSTS, "bar_horizontal",
                    (count("Posts"),), (values("jikimi.tags", "Hashtag"),),
                ),
            ),
        ),
    ),
    Page(
        "jikimi-sources",
        "jikimi: source health",
        "Whether posts come, from where, and what may be missing.",
        (
            (
                Chart(
                    "jikimi-posts-sources", "Posts by source", POSTS, "area_stacked",
                    (count("Posts"),), (times(), values("jikimi.source", "Source")),
                ),
                Chart(
                    "jikimi-gaps-minutes", "Minutes that may be missing", GAPS, "bar_stacked",
                    (figure("sum", "jikimi.minutes", "Minutes"),),
                    (times(), values("jikimi.source", "Source")),
                ),
            ),
            (
                Chart(
                    "jikimi-sources-state", "Sources", SOURCES, "table",
                    (
                        figure("max", "jikimi.read", "Read"),
                        figure("max", "jikimi.logged", "Kept"),
                        figure("max", "jikimi.unmatched", "About nobody"),
                        figure("max", "jikimi.malformed", "Unreadable"),
                    ),
                    (values("jikimi.source", "Source", 50), values("jikimi.state", "State")),
                ),
            ),
        ),
    ),
    Page(
        "jikimi-takedowns",
        "jikimi: takedown times",
        "How long posts stood before they went away, without saying which or whose.",
        (
            (
                Chart(
                    "jikimi-takedowns-count", "Posts that went away", TAKEDOWNS, "bar_stacked",
                    (count("Posts"),), (times(), PLATFORM),
                ),
                Chart(
                    "jikimi-takedowns-hours", "Hours until they went", TAKEDOWNS, "line",
                    (
                        figure("median", "jikimi.hours", "Median"),
                        percentile("jikimi.hours", 95, "95th percentile"),
                    ),
                    (times(),),
                ),
            ),
            (
                Chart(
                    "jikimi-takedowns-platforms", "Hours by platform", TAKEDOWNS, "table",
                    (
                        count("Posts"),
                        figure("median", "jikimi.hours", "Median hours"),
                        percentile("jikimi.hours", 95, "95th percentile"),
                    ),
                    (PLATFORM,),
                ),
                Chart(
                    "jikimi-takedowns-subjects", "Hours by subject", TAKEDOWNS, "table",
                    (count("Posts"), figure("median", "jikimi.hours", "Median hours")),
                    (SUBJECT,),
                ),
            ),
        ),
    ),
)  # fmt: skip


def files() -> dict[str, str]:
    """The files by name: one JSON object a line."""
    return {f"{page.id}.ndjson": _lines(_objects(page)) for page in PAGES}


def _objects(page: Page) -> list[Object]:
    charts = [chart for row in page.rows for chart in row]
    views = dict.fromkeys(chart.view for chart in charts)
    return [
        *(data_view(view, VIEWS[view]) for view in views),
        *map(lens, charts),
        dashboard(
            page.id,
            page.title,
            page.description,
            [[chart.id for chart in row] for row in page.rows],
        ),
    ]


def _lines(objects: list[Object]) -> str:
    return "".join(f"{json.dumps(one, sort_keys=True)}\n" for one in objects)


if __name__ == "__main__":
    for name, text in files().items():
        (HERE / name).write_text(text, encoding="utf-8")
