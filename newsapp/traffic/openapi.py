"""The OpenAPI document, made of OPERATIONS."""

from __future__ import annotations

from typing import Any

from newsapp.traffic.operations import ERROR, OPERATIONS, Operation, Parameter

KEY = {"type": "http", "scheme": "bearer", "description": "The key of one of the paper's own apps."}


def document(url: str, desk_url: str, title: str, version: str) -> dict[str, Any]:
    """What the public API of a paper is, for programs. The desk's listener has what takes a key."""
    paths: dict[str, Any] = {}
    for operation in OPERATIONS:
        paths.setdefault(operation.path, {})[operation.method.lower()] = described(operation) | (keyed(desk_url) if operation.keyed else {})
    return {
        "openapi": "3.1.0",
        "info": {"title": title, "version": version, "description": "What this paper tells of its readers' attention, as JSON."},
        "servers": [{"url": url}],
        "paths": paths,
        "components": {"schemas": {"Error": ERROR}, "securitySchemes": {"key": KEY}},
    }


def keyed(desk_url: str) -> dict[str, Any]:
    return {"servers": [{"url": desk_url}], "security": [{"key": []}]}


def described(operation: Operation) -> dict[str, Any]:
    answer = {"description": operation.summary, **content(operation.answer, operation.example)}
    refusals = {str(status): {"description": text, **content({"$ref": "#/components/schemas/Error"})} for status, text in operation.refusals.items()}
    body = {"requestBody": {"required": True, **content(operation.body, operation.said)}} if operation.body else {}
    return {
        "operationId": operation.name,
        "summary": operation.summary,
        "description": operation.help,
        "parameters": [parameter_of(parameter) for parameter in operation.parameters],
        **body,
        "responses": {str(operation.success): answer, **refusals},
    }


def content(schema: dict[str, Any], example: dict[str, Any] | None = None) -> dict[str, Any]:
    shown = {"example": example} if example else {}
    return {"content": {"application/json": {"schema": schema, **shown}}}


def parameter_of(parameter: Parameter) -> dict[str, Any]:
    required = parameter.place == "path"
    return {"name": parameter.name, "in": parameter.place, "required": required, "description": parameter.help, "schema": parameter.schema()}
