"""Spans for a collector of OpenTelemetry, over OTLP/HTTP; only a command's process sends any."""

from __future__ import annotations

import logging
from hashlib import sha256
from itertools import islice
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from routilux_tui import __version__
from routilux_tui.cli.extras import imported
from routilux_tui.errors import Unreachable, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from routilux_tui.views.spans import Run, Span

_AT_ONCE = 512
_WITHIN = 10.0
_FAILED = frozenset({"failed", "error", "killed", "retry"})


def send_spans(
    url: str, flow_id: str, job_id: str, spans: Iterable[Span], *, one_trace: bool = False
) -> int:
    """Send spans; returns how many.

    Args:
        url: the collector; without a path, its ``/v1/traces``.
        flow_id: the job's flow.
        job_id: the job, of which the ids are made: sent twice, they are the same.
        spans: what is sent.
        one_trace: have all in one trace; else each run is one, linked to that which caused it.

    Raises:
        UsageError: when it is no address, or the extra is not installed.
        Unreachable: when the collector does not take them.
    """
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise UsageError(f"{url!r} is no collector's address.", "As in http://localhost:4318")
    sender = imported("opentelemetry.exporter.otlp.proto.http.trace_exporter", "otel")
    results = imported("opentelemetry.sdk.trace.export", "otel").SpanExportResult
    logging.getLogger("opentelemetry").setLevel(logging.CRITICAL)  # it is said here
    endpoint = url if parts.path.strip("/") else f"{url.rstrip('/')}/v1/traces"
    exporter = sender.OTLPSpanExporter(endpoint=endpoint, timeout=_WITHIN)
    maker = _Maker(flow_id, job_id, one_trace=one_trace)
    sent, left = 0, iter(spans)
    try:
        while batch := [maker.made(one) for one in islice(left, _AT_ONCE)]:
            if exporter.export(batch) is not results.SUCCESS:
                raise Unreachable(
                    f"{endpoint}: the collector took {sent:,} spans, and then no more.",
                    "Look whether it listens there for OTLP over HTTP.",
                )
            sent += len(batch)
    finally:
        exporter.shutdown()
    return sent


class _Maker:
    """Makes OpenTelemetry's spans of ours."""

    def __init__(self, flow_id: str, job_id: str, *, one_trace: bool) -> None:
        self._trace = imported("opentelemetry.trace", "otel")
        self._sdk = imported("opentelemetry.sdk.trace", "otel")
        resources = imported("opentelemetry.sdk.resources", "otel")
        scope = imported("opentelemetry.sdk.util.instrumentation", "otel").InstrumentationScope
        self._scope = scope("routilux-tui", __version__)
        self._resource = resources.Resource(
            {"service.name": flow_id, "routilux.flow": flow_id, "routilux.job": job_id}
        )
        self._job_id, self._one_trace = job_id, one_trace

    def made(self, span: Span) -> Any:
        """A span as it is sent."""
        trace = self._trace
        links = []
        if span.cause is not None:
            links.append(trace.Link(self._context(span.cause), {"routilux.event": span.event}))
        status = trace.Status(trace.StatusCode.UNSET)
        if span.error or span.outcome in _FAILED:
            status = trace.Status(trace.StatusCode.ERROR, span.error or span.outcome)
        return self._sdk.ReadableSpan(
            name=span.routine_id,
            context=self._context(span.run),
            resource=self._resource,
            attributes={
                "routilux.routine": span.routine_id,
                "routilux.task": span.run.task,
                "routilux.try": span.run.tries,
                "routilux.outcome": span.outcome,
                "routilux.waited": span.waited,
                **({"routilux.worker": span.worker} if span.worker else {}),
            },
            links=links,
            kind=trace.SpanKind.INTERNAL,
            status=status,
            start_time=int(span.begin * 1e9),
            end_time=int(span.end * 1e9),
            instrumentation_scope=self._scope,
        )

    def _context(self, run: Run) -> Any:
        name = f"{self._job_id}/{run.task}/{run.tries}"
        return self._trace.SpanContext(
            trace_id=_number(self._job_id if self._one_trace else name, 16),
            span_id=_number(f"span {name}", 8),
            is_remote=False,
            trace_flags=self._trace.TraceFlags(1),
        )


def _number(name: str, size: int) -> int:
    """A number of so many bytes that a name always has, and no other."""
    return int.from_bytes(sha256(name.encode(errors="replace")).digest()[:size], "big") or 1
