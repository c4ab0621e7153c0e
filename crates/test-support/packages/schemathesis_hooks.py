"""Checks of schemathesis that know what the OpenAPI document cannot express.

A valid request may be rejected only because of a parameter or a field in NAMED, for the reason given there.
"""

import re

import schemathesis
from schemathesis.core.failures import Failure
from schemathesis.specs.openapi.checks import (
    allow_header_conformance,
    negative_data_rejection,
    positive_data_acceptance,
)

NAMED = {
    "range": "custom needs start and end",
    "start": "before end, at most 366 days, in a year that can be stored",
    "end": "see start",
    "workspace_id": "only the caller's",
    "cursor": "from a previous page",
    "token": "from a link, valid once",
    "code": "from the login, valid once",
    "address": "must be a recipient of the channel",
    "email": "the syntax of addresses, one account each, no mixed scripts",
    "to": "see email",
    "password": "not a common one; must be the current one",
    "current_password": "must be the current one",
    "new_password": "not a common one",
    "name": "256 bytes, no control characters, not only spaces; at most 10 workspaces, 100 keys, 50 channels",
    "full_name": "see name",
    "workspace_name": "see name",
    "model": "see name",
    "provider": "see name",
    "q": "see name",
    "kind": "cannot be changed",
    "url": "a public URL, required by the kind",
    "scopes": "no repetition",
    "expires_at": "in the future",
    "timestamp": "from the year 2000 to tomorrow",
    "tags": "see name",
    "spans": "the fields of spans, unique ids",
    "traces": "see spans",
    "input": "a depth of at most 64",
    "output": "see input",
    "metadata": "see input",
    "error": "no NUL, 16 KiB",
    "comment": "see error",
    "trace_id": "see name",
    "agent_id": "see name",
    "model_provider": "see name",
    "session_id": "see name",
    "user_id": "see name",
    # Alert rules: fields that depend on others.
    "warning": "a threshold is required; beyond info",
    "critical": "beyond warning",
    "info": "see warning",
    "baseline": "none for some metrics",
    "side": "above for some metrics",
    "min_traces": "0 for some metrics",
    "group_by": "not with agent_id or model",
    "metric": "not with group_by",
    "channel_ids": "must exist",
    "muted_until": "a time that can be stored",
    # 80.0 is an integer in JSON Schema, but not for serde.
    "window_minutes": "no decimal point",
    "hysteresis_percent": "no decimal point",
    "for_minutes": "no decimal point",
    "renotify_minutes": "no decimal point",
    "rate_limit": "no decimal point",
}


def rejected_names(response):
    """Returns the parameters and fields that the response names."""
    body = response.json()
    names = [re.split(r"[.\[]", field["field"])[0] for field in body.get("fields", [])]
    if body["code"] == "invalid_time_range":
        names.append("range")
    if body["code"] == "link_expired":
        names.append("token")
    if not names:
        names = re.findall(r"^(\w+): ", body["detail"])
    return names


@schemathesis.check
def valid_requests_are_accepted(ctx, response, case):
    try:
        return positive_data_acceptance(ctx, response, case)
    except Failure:
        names = rejected_names(response)
        if not names or not all(name in NAMED for name in names):
            raise


@schemathesis.check
def invalid_requests_are_rejected(ctx, response, case):
    # A batch is accepted without its invalid traces, which the response lists.
    if response.status_code == 202 and response.json().get("rejected"):
        return None
    return negative_data_rejection(ctx, response, case)


@schemathesis.check
def allow_header_lists_the_methods(ctx, response, case):
    # A trace may have the id "batch".
    if case.path == "/api/v1/traces/batch":
        return None
    return allow_header_conformance(ctx, response, case)
