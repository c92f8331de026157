"""Whether a message of the server is valid in its revision of the protocol.

The judge is the types of the official Python package. Where the variable MCP_SCHEMAS names a folder
with the official JSON Schemas (2024-11-05.json and so on, ext-tasks.json), they judge as well.
"""

import functools
import json
import os
import pathlib

import jsonschema
from mcp_types import methods

SCHEMAS = os.environ.get("MCP_SCHEMAS")
STATELESS = "2026-07-28"
TASKS = {"tasks/get": "GetTaskResult", "tasks/update": "UpdateTaskResult",
         "tasks/cancel": "CancelTaskResult"}
# Definitions in the JSON Schemas, by method.
RESULTS = {
    "initialize": "InitializeResult", "ping": "EmptyResult", "server/discover": "DiscoverResult",
    "tools/list": "ListToolsResult", "tools/call": "CallToolResult",
    "prompts/list": "ListPromptsResult", "prompts/get": "GetPromptResult",
    "resources/list": "ListResourcesResult", "resources/read": "ReadResourceResult",
    "resources/templates/list": "ListResourceTemplatesResult",
    "resources/subscribe": "EmptyResult", "resources/unsubscribe": "EmptyResult",
    "completion/complete": "CompleteResult", "logging/setLevel": "EmptyResult",
    "subscriptions/listen": "SubscriptionsListenResult",
}
NOTICES = {
    "notifications/progress": "ProgressNotification",
    "notifications/message": "LoggingMessageNotification",
    "notifications/tools/list_changed": "ToolListChangedNotification",
    "notifications/prompts/list_changed": "PromptListChangedNotification",
    "notifications/resources/list_changed": "ResourceListChangedNotification",
    "notifications/resources/updated": "ResourceUpdatedNotification",
    "notifications/subscriptions/acknowledged": "SubscriptionsAcknowledgedNotification",
    "elicitation/create": "ElicitRequest", "sampling/createMessage": "CreateMessageRequest",
    "roots/list": "ListRootsRequest",
}


@functools.cache
def schema(name):
    document = json.loads((pathlib.Path(SCHEMAS) / f"{name}.json").read_text())
    return document, "$defs" if "$defs" in document else "definitions"


@functools.cache
def validator(name, definition):
    document, key = schema(name)
    whole = {
        "$schema": document.get("$schema", "https://json-schema.org/draft/2020-12/schema"),
        key: document[key], "$ref": f"#/{key}/{definition}"}
    return jsonschema.validators.validator_for(whole)(whole)


def against_schema(name, definition, value):
    validator(name, definition).validate(value)


def has_no_null(value, path="$"):
    """No optional member is null anywhere, except inside data that is the tools' own."""
    if isinstance(value, dict):
        for name, inner in value.items():
            assert inner is not None, f"{path}.{name} is null"
            if name not in ("structuredContent", "data", "result"):
                has_no_null(inner, f"{path}.{name}")
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            has_no_null(inner, f"{path}[{number}]")


def check(message, revision, method=None):
    """Raises when `message` is not valid; `method` is that of the request it answers."""
    assert message["jsonrpc"] == "2.0"
    if "method" in message:
        check_notice(message, revision)
    elif "error" in message:
        check_error(message, revision)
    elif method:
        assert set(message) == {"jsonrpc", "id", "result"}, set(message)
        check_result(message["result"], revision, method)


def check_error(message, revision):
    assert set(message) <= {"jsonrpc", "id", "error"}, set(message)
    error = message["error"]
    assert isinstance(error["code"], int) and isinstance(error["message"], str)
    if message.get("id", 0) is None:
        # JSON-RPC's null; the newer revisions leave it out.
        assert revision < "2025-11-25"
    elif SCHEMAS and (revision >= "2025-11-25" or "id" in message):
        name = "JSONRPCErrorResponse" if revision >= "2025-11-25" else "JSONRPCError"
        against_schema(revision, name, message)


def check_notice(message, revision):
    if message["method"] == "notifications/tasks":
        has_no_null(message)
        if SCHEMAS:
            against_schema("ext-tasks", "TaskStatusNotification", message)
        return
    has_no_null(message)
    parse = methods.parse_server_request if "id" in message else methods.parse_server_notification
    parse(message["method"], revision, message.get("params"))
    if SCHEMAS:
        against_schema(revision, NOTICES[message["method"]], message)


def check_result(result, revision, method):
    has_no_null(result)
    kind = result.get("resultType")
    assert (kind is not None) == (revision == STATELESS)
    if method in TASKS or kind == "task":
        if SCHEMAS:
            against_schema("ext-tasks", TASKS.get(method, "CreateTaskResult"), result)
        return
    if (method, revision) in methods.SERVER_RESULTS:
        methods.validate_server_result(method, revision, result)
    else:
        assert method == "ping", (method, revision)
    if SCHEMAS:
        definition = "InputRequiredResult" if kind == "input_required" else RESULTS[method]
        if definition == "EmptyResult" and revision == STATELESS:
            definition = "Result"
        against_schema(revision, definition, result)
