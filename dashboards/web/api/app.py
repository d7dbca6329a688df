"""Puts the API together: its routes, its errors, and its OpenAPI description."""

from __future__ import annotations

from importlib.metadata import version
from typing import Any

from fastapi import Depends, FastAPI
from fastapi.openapi.utils import get_openapi
from prometheus_client import Counter, Gauge

from dashboards.web.api import (
    alerts,
    campaigns,
    clusters,
    counts,
    decisions,
    events,
    families,
    me,
    posts,
    search,
    sources,
    spread,
    subjects,
    threads,
)
from dashboards.web.api.access import permitted
from dashboards.web.api.feed import Feed
from dashboards.web.api.limits import BodyLimit
from dashboards.web.api.links import add_links
from dashboards.web.api.problems import Problem, install, refusal
from dashboards.web.site import Site

PREFIX = "/api"
MAX_BODY = 16 * 1024
# In the order of the description.
PARTS = (
    alerts,
    decisions,
    search,
    posts,
    clusters,
    campaigns,
    families,
    spread,
    subjects,
    threads,
    counts,
    sources,
    events,
    me,
)
DESCRIPTION = """\
What the pages of jikimi show, as JSON: alerts with what speaks for and against them, what
people decided, posts, clusters of copies, families of pictures, campaigns, trends, threads,
sources.

Times are ISO 8601 in UTC. Lists hold `total` and `next`, the address of the next part.
Every error is a problem after RFC 9457. Texts of posts are given as they were written:
treat them as hostile.
"""
TAGS = (
    ("alerts", "What a person should look at, and what people decided about it."),
    ("posts", "Posts that are about somebody of the watchlist."),
    ("clusters", "Posts that say the same, and when many said it at once."),
    ("campaigns", "Who pushes one story together, and what speaks for and against it."),
    ("families", "Pictures and all their variants, and what was found in them."),
    ("subjects", "Whom we protect, and how much is said about them."),
    ("threads", "What followed a post."),
    ("counts", "Totals, posts over time, posts by value."),
    ("events", "What is new, as it happens."),
    ("access", "Who one is to jikimi."),
    ("sources", "How reading goes, and when posts may have been missed."),
)


EVERYWHERE: dict[int | str, dict[str, Any]] = {
    400: refusal("The Host header or the address cannot be read."),
    401: refusal("Neither a valid key nor a session came with the request."),
    403: refusal("The key lacks the scope, or the form token is missing or stale."),
    404: refusal("There is no such thing."),
    413: refusal("The body is larger than any documented one."),
    422: refusal("The request is not as documented; `errors` says where."),
    500: refusal("A fault of jikimi; it is in the log."),
    503: refusal("The index cannot be read, or the disk is full; try again."),
}


def create_api(site: Site) -> FastAPI:
    """The API over the parts of a web process, to be mounted at ``/api``."""
    api = bare_api()
    api.state.site = site
    dropped = Counter(
        "jikimi_sse_dropped",
        "Listeners that were cut off because they did not keep up.",
        registry=site.registry,
    )
    feed = Feed(site, dropped=dropped.inc)
    listening = Gauge(
        "jikimi_sse_listeners", "Who listens to /api/events now.", registry=site.registry
    )
    listening.set_function(lambda: float(feed.listeners))
    api.state.feed = feed
    document = describe(api)
    api.openapi = lambda: document  # type: ignore[method-assign]
    return api


def bare_api() -> FastAPI:
    """The API with nothing behind it, which can only be described."""
    api = FastAPI(
        title="jikimi",
        version=version("jikimi"),
        docs_url=None,
        redoc_url=None,
        openapi_url="/openapi.json",
        responses=EVERYWHERE,
        dependencies=[Depends(permitted)],
    )
    for part in PARTS:
        api.include_router(part.router)
    install(api)
    api.add_middleware(BodyLimit, most=MAX_BODY)
    return api


def describe(api: FastAPI) -> dict[str, Any]:
    """The OpenAPI document, complete with errors and ways to identify oneself."""
    found = get_openapi(
        title=api.title,
        version=api.version,
        summary="Guards idols from deepfakes and coordinated smear campaigns.",
        description=DESCRIPTION,
        routes=api.routes,
        tags=[{"name": name, "description": text} for name, text in TAGS],
        servers=[{"url": PREFIX}],
        license_info={"name": "Apache-2.0", "identifier": "Apache-2.0"},
    )
    for operations in found["paths"].values():
        for operation in operations.values():
            # The first sentence of a docstring is what it is about.
            operation["summary"] = operation["description"].partition(".")[0]
            for parameter in operation.get("parameters", ()):
                parameter["schema"] = _not_null(parameter["schema"])
    components = found.setdefault("components", {})
    schemas = components.setdefault("schemas", {})
    made = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
    schemas |= made.pop("$defs", {})
    # A problem may hold members of its own beside those of the RFC.
    made["additionalProperties"] = True
    schemas["Problem"] = made
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)
    components["securitySchemes"] = {
        "key": {
            "type": "http",
            "scheme": "bearer",
            "description": "A key of `jikimi keys create`, as `Authorization: Bearer …`.",
        },
        "session": {
            "type": "apiKey",
            "in": "cookie",
            "name": "jikimi_session",
            "description": "The session of somebody who is logged in to the pages.",
        },
    }
    add_links(found)
    # On the machine itself, without a password, nothing is needed.
    found["security"] = [{"key": []}, {"session": []}, {}]
    return found


def _not_null(schema: dict[str, Any]) -> dict[str, Any]:
    """The schema of a parameter, which may be left out but is never null."""
    kinds = [one for one in schema.get("anyOf", ()) if one.get("type") != "null"]
    if len(kinds) != 1:
        return schema
    only: dict[str, Any] = kinds[0]
    return {key: value for key, value in schema.items() if key != "anyOf"} | only
