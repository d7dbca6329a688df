"""Writes the page of the HTTP API from its OpenAPI document."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

Schema = Mapping[str, Any]


def page(note: str) -> str:
    """Every operation with its parameters and its answer, then every model."""
    document = _document()
    lines = [
        "# HTTP API\n",
        note,
        "How to begin: [use the API](../how-to/use-the-api.md). All of it, for programs:",
        "`/api/openapi.json`. Every error is `application/problem+json` of RFC 9457.\n",
    ]
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            lines += _operation(method, f"/api{path}", operation)
    lines.append("## Models\n")
    for name, schema in sorted(document["components"]["schemas"].items()):
        lines += _model(name, schema)
    return "\n".join(lines)


def _document() -> dict[str, Any]:
    from dashboards.web.api.app import bare_api, describe

    return describe(bare_api())


def _operation(method: str, path: str, operation: Schema) -> Iterator[str]:
    yield f"## {method.upper()} {path}\n"
    yield " ".join(operation["description"].split()) + "\n"
    parameters: list[Schema] = operation.get("parameters", [])
    if parameters:
        yield "| Parameter | In | Type | Default | Meaning |"
        yield "|---|---|---|---|---|"
        for one in parameters:
            schema = one["schema"]
            cells = (
                f"`{one['name']}`",
                one["in"],
                _type(schema),
                _default(schema),
                _cell(one.get("description", "")),
            )
            yield f"| {' | '.join(cells)} |"
        yield ""
    body = operation.get("requestBody", {}).get("content", {})
    for media, content in body.items():
        yield f"Takes `{media}`: {_type(content['schema'])}.\n"
    for status, answer in operation["responses"].items():
        if status.startswith("2"):
            for media, content in answer.get("content", {}).items():
                yield f"Answers {status}, `{media}`: {_type(content.get('schema', {}))}.\n"


def _model(name: str, schema: Schema) -> Iterator[str]:
    yield f"### {name}\n"
    if schema.get("description"):
        yield " ".join(schema["description"].split()) + "\n"
    yield "| Field | Type | Meaning |"
    yield "|---|---|---|"
    for field, held in schema.get("properties", {}).items():
        yield f"| `{field}` | {_type(held)} | {_cell(held.get('description', ''))} |"
    yield ""


def _type(schema: Schema) -> str:
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return f"[{name}](#{name.lower()})"
    if "anyOf" in schema:
        kinds = [_type(one) for one in schema["anyOf"]]
        return " or ".join(kinds)
    if "enum" in schema:
        return ", ".join(f"`{one}`" for one in schema["enum"])
    if schema.get("type") == "array":
        return f"list of {_type(schema.get('items', {}))}"
    kind = str(schema.get("type", "any"))
    if schema.get("format") == "date-time":
        kind = "time"
    limits = [
        f"{sign} {schema[key]:,}"
        for key, sign in (("minimum", "≥"), ("maximum", "≤"), ("maxLength", "length ≤"))
        if key in schema
    ]
    return f"{kind} {' '.join(limits)}".strip()


def _default(schema: Schema) -> str:
    value = schema.get("default")
    return "" if value in (None, "", []) else f"`{value}`"


def _cell(text: str) -> str:
    return " ".join(text.replace("|", "\\|").split())
