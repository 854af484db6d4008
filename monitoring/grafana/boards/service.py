"""The dashboard of the HTTP service: is it answering, what fails, what is slow, who asks."""

from __future__ import annotations

from typing import Any

from boards import style
from boards.frame import board, variable
from boards.panels import graph, heat, listing, number

# Probes, scrapes, event streams and the UI's files are left out, as on the UI's Monitor page.
_ASKED = 'endpoint!~"/health.*|/metrics|/tasks/events|/ui.*"'
_HERE = f'job="api",instance=~"$instance",endpoint=~"$endpoint",{_ASKED}'
_ALL = f'job="api",instance=~"$instance",{_ASKED}'
_API = 'job="api",instance=~"$instance"'
_WINDOW = "[$__rate_interval]"


def dashboard() -> dict[str, Any]:
    return board(
        "service",
        "service",
        "Start here: is the service answering, what fails, what is slow, and who is asking.",
        rows=[
            ("Is it serving?", _serving()),
            ("Which requests?", _requests()),
            ("Is it overloaded?", _overload()),
            ("What is uploaded?", _uploads()),
            ("Who asks?", _keys()),
        ],
        variables=[
            variable("instance", "API process", 'up{job="api"}'),
            variable("endpoint", "Route", f"http_requests_total{{{_ASKED}}}"),
        ],
    )


def _serving() -> list[Any]:
    requests = f"sum(rate(http_requests_total{{{_ALL}}}{_WINDOW}))"
    failed = f'sum(rate(http_requests_total{{{_ALL},status=~"5..|429"}}{_WINDOW}))'
    slow = f"sum by (le) (rate(model_prediction_duration_seconds_bucket{{{_API}}}{_WINDOW}))"
    return [
        number(
            "Requests",
            "Answers per second. A sudden zero while users are there: look at nginx and at "
            "*Scrape targets* on the system dashboard.",
            "reqps",
            requests,
        ),
        number(
            "Failed or refused",
            "Share of answers with 5xx or 429. Below 1 % is normal; the table below says on which "
            "route. Runbook: docs/runbooks/AvailabilityBurnFast.md.",
            "percentunit",
            f"({failed} or vector(0)) / ({requests} > 0)",
            limits=style.FAILED_SHARE,
            empty="no requests",
        ),
        number(
            "Prediction, p95",
            "Of 100 images, 95 are answered faster. Below 0.5 s is normal. Is it queueing or the "
            "model? See *Time of each stage* on the model dashboard. Runbook: "
            "docs/runbooks/LatencyBurnFast.md.",
            "s",
            f"histogram_quantile(0.95, {slow}) >= 0",  # of no predictions it is not a number
            limits=style.LATENCY_SECONDS,
            empty="no predictions",
        ),
        number(
            "API processes",
            "Scrape targets of the API that answer. Fewer than you run: see their logs.",
            "none",
            'sum(up{job="api"})',
            least=(1, 1),
            empty="none",
        ),
        number(
            "Models served",
            "Different models and versions in service. One is normal, two for a moment while one "
            "replaces another. None: nothing can be detected. Runbook: docs/runbooks/NoModel.md.",
            "none",
            f"count(count by (model_name, version) (model_info{{{_API}}}))",
            least=(1, 1),
            empty="none",
        ),
        number(
            "Alerts",
            "Alerts that fire or are about to. Each has a page of its name in docs/runbooks.",
            "none",
            'count(ALERTS{alertstate=~"pending|firing"})',
            limits=(1, 1),
            empty="none",
        ),
        graph(
            "Objectives: how fast the error budget burns",
            "1: at this rate the budget of 30 days lasts 30 days. AvailabilityBurnFast and "
            "LatencyBurnFast fire from 14.4 over an hour or 6 over six, the slow ones from 1 over "
            "three days. *Available*: answered without 5xx; *fast*: within 0.5 s.",
            "none",
            (
                "sightglass:availability_errors:ratio_rate1h"
                " / on () sightglass:limit:availability_budget",
                "available, 1 h",
            ),
            (
                "sightglass:latency_slow:ratio_rate1h / on () sightglass:limit:latency_budget",
                "fast, 1 h",
            ),
            width=12,
            limits=(6, 14.4),
        ),
        listing(
            "Alerts now",
            "What Prometheus holds against the platform now. *pending*: true, but not for long "
            "enough to fire. Open docs/runbooks/ and the page of the alert's name.",
            (
                "min by (alertname, alertstate) (ALERTS{severity='critical'} "
                "or 2 * ALERTS{severity='warning'} or 3 * ALERTS{severity='info'})",
                "severity",
            ),
            columns={"alertname": "Alert", "severity": "Severity", "alertstate": "State"},
            words={"Severity": style.SEVERITIES},
            narrow={"Severity": 120, "State": 120},
            sort_by="Severity",
            ascending=True,
            empty="no alerts",
        ),
    ]


def _requests() -> list[Any]:
    rate = f"sum by (method, endpoint) (rate(http_requests_total{{{_HERE}}}[$__range]))"
    failed = (
        "(sum by (method, endpoint) "
        f'(rate(http_requests_total{{{_HERE},status=~"5..|429"}}[$__range]))'
        f" or 0 * {rate}) / {rate}"
    )
    buckets = (
        "sum by (method, endpoint, le) "
        f"(rate(http_request_duration_seconds_bucket{{{_HERE}}}[$__range]))"
    )
    return [
        graph(
            "Answers by status",
            "2xx and 3xx are served; 4xx is the caller's doing (docs/errors.md); 429 and 503 are "
            "refusals; other 5xx are ours: search the API's log for the status.",
            "reqps",
            (f"sum by (status) (rate(http_requests_total{{{_HERE}}}{_WINDOW}))", "{{status}}"),
            stacked=True,
        ),
        graph(
            "Time to answer",
            "From the first byte of a request to the last of its answer, so a slow upload counts. "
            "The lines are the limits of the Monitor page.",
            "s",
            *(
                (
                    f"histogram_quantile({share}, sum by (le) "
                    f"(rate(http_request_duration_seconds_bucket{{{_HERE}}}{_WINDOW})))",
                    name,
                )
                for share, name in ((0.5, "p50"), (0.95, "p95"), (0.99, "p99"))
            ),
            limits=style.LATENCY_SECONDS,
        ),
        graph(
            "Requests by route",
            "Where the load comes from. The route is a template: ids are not in it.",
            "reqps",
            (
                f"sum by (method, endpoint) (rate(http_requests_total{{{_HERE}}}{_WINDOW}))",
                "{{method}} {{endpoint}}",
            ),
        ),
        listing(
            "Routes over the time shown",
            "Rate, errors and duration of each route. One bad route: its code or its data. All of "
            "them: what they share, see the system dashboard.",
            (rate, "rate"),
            (failed, "failed"),
            (f"histogram_quantile(0.95, {buckets})", "p95"),
            columns={
                "method": "Method",
                "endpoint": "Route",
                "rate": "Per second",
                "failed": "Failed or refused",
                "p95": "p95",
            },
            units={"Per second": "reqps", "Failed or refused": "percentunit", "p95": "s"},
            narrow={"Method": 80, "Per second": 110, "Failed or refused": 140, "p95": 90},
            sort_by="Per second",
        ),
    ]


def _overload() -> list[Any]:
    return [
        graph(
            "In flight and waiting",
            "*waiting* beyond zero for minutes: more is asked than the engine can do; QUEUE_LIMIT "
            "is where refusals begin. The scrape of each API is a request too. Runbook: "
            "docs/runbooks/Overloaded.md.",
            "none",
            (f"sum(active_connections{{{_API}}})", "requests being answered"),
            (f"sum(inference_in_flight{{{_API}}})", "in the engine"),
            (f"sum(inference_queue_depth{{{_API}}})", "waiting"),
        ),
        graph(
            "Refused or given up",
            "queue_full, too_late: overload; deadline: waited in vain; cancelled: the client hung "
            "up; shutting_down: a restart. None of it is normal for long.",
            "reqps",
            (
                f"sum by (reason) (rate(requests_refused_total{{{_API}}}{_WINDOW}))",
                "{{reason}}",
            ),
            stacked=True,
            empty="none",
        ),
    ]


def _uploads() -> list[Any]:
    sizes = f"sum by (le) (rate(file_upload_size_bytes_bucket{{{_API}}}{_WINDOW}))"
    return [
        graph(
            "Uploads by what came of them",
            "Accepted, or the code of the error (docs/errors.md). Many broken images of a sudden: "
            "a client or a camera has changed.",
            "reqps",
            (f"sum by (status) (rate(file_uploads_total{{{_API}}}{_WINDOW}))", "{{status}}"),
            stacked=True,
            width=8,
        ),
        graph(
            "Accepted uploads by format",
            "A new format, or one that is gone, is a change at a client.",
            "reqps",
            (
                "sum by (file_type) "
                f'(rate(file_uploads_total{{{_API},status="accepted"}}{_WINDOW}))',
                "{{file_type}}",
            ),
            stacked=True,
            width=8,
        ),
        heat(
            "Size of uploads",
            "Larger images take longer to receive and to decode; MAX_FILE_SIZE is the end.",
            "bytes",
            sizes,
            width=8,
        ),
    ]


def _keys() -> list[Any]:
    by_key = f"sum by (key) (rate(api_key_requests_total{{{_API}}}{_WINDOW}))"
    refused = f'api_key_requests_total{{{_API},result!="ok"}}'
    return [
        graph(
            "Requests by API key",
            "Who makes the load. Empty where keys are not required.",
            "reqps",
            (by_key, "{{key}}"),
            empty="no keys in use",
        ),
        graph(
            "Refused by API key",
            "denied: the key lacks a scope; rate_limited and quota: it asks for more than it was "
            "given. Talk to its owner, or raise its limit. Runbook: "
            "docs/runbooks/KeyOverItsLimit.md.",
            "reqps",
            (f"sum by (key, result) (rate({refused}{_WINDOW}))", "{{key}}: {{result}}"),
            empty="none",
        ),
    ]
