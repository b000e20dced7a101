"""``export --otlp``: what a collector of OpenTelemetry receives, decoded by its own protocol."""

from __future__ import annotations

import gzip
import sys
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import TYPE_CHECKING, Any

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from routilux_tui.cli.otlp import send_spans
from routilux_tui.errors import UsageError
from routilux_tui.views.spans import Run, spans
from tests.cli.program import tui
from tests.staged import ETL, ORDERS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


class Collector(HTTPServer):
    """Keeps what it is sent."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Request)
        self.paths: list[str] = []
        self.flows: set[str] = set()
        self.spans: list[Any] = []
        self.status = 200

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class _Request(BaseHTTPRequestHandler):
    server: Collector

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.headers.get("Content-Encoding") == "gzip":
            body = gzip.decompress(body)
        request = ExportTraceServiceRequest.FromString(body)
        self.server.paths.append(self.path)
        for one in request.resource_spans:
            told = {pair.key: pair.value.string_value for pair in one.resource.attributes}
            self.server.flows.add(told["service.name"])
            for scope in one.scope_spans:
                self.server.spans.extend(scope.spans)
        self.send_response(self.server.status)
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def collector() -> Iterator[Collector]:
    server = Collector()
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def value(span: Any, key: str) -> Any:
    [found] = [one.value for one in span.attributes if one.key == f"routilux.{key}"]
    return getattr(found, found.WhichOneof("value"))


def test_a_collector_gets_each_run_linked_to_its_cause(collector: Collector, world: Path) -> None:
    path = str(world / "etl.json")
    tui("run", str(ETL), "-p", "rows=12", "-p", "quick=0", "-p", "slow=0", "--save", path)
    told = tui("export", path, "--otlp", collector.url).stderr
    assert told == f"{collector.url}  49 spans\n"
    assert set(collector.paths) == {"/v1/traces"}
    assert collector.flows == {"nightly_etl"}
    by_id = {one.span_id: one for one in collector.spans}
    assert len(by_id) == len({one.trace_id for one in by_id.values()}) == 49
    names = [one.name for one in by_id.values()]
    assert {name: names.count(name) for name in names} == {
        "extract": 1, "clean": 12, "enrich": 12, "load": 12, "report": 12
    }  # fmt: skip
    causes = {}
    for one in by_id.values():
        assert one.end_time_unix_nano >= one.start_time_unix_nano > 0
        for link in one.links:
            cause = by_id[link.span_id]
            assert (link.trace_id, link.attributes[0].key) == (cause.trace_id, "routilux.event")
            causes[one.name] = cause.name
    assert causes["clean"] == "extract"
    assert causes["enrich"] == "clean"
    first = set(by_id)
    collector.spans.clear()
    tui("export", path, "--otlp", f"{collector.url}/v1/traces", "--one-trace")
    assert {one.span_id for one in collector.spans} == first  # it is the same, sent twice
    assert len({one.trace_id for one in collector.spans}) == 1


def test_errors_and_retries_are_told_and_no_data(collector: Collector, world: Path) -> None:
    path = str(world / "orders.json")
    tui("run", f"{ORDERS}:failing", "-p", "pace=0", "-p", "every=3", "--save", path, code=1)
    tui("export", path, "--otlp", collector.url)
    bad = [one for one in collector.spans if one.status.code == 2]
    assert bad
    assert {one.name for one in bad} == {"price"}
    assert "LookupError" in bad[-1].status.message
    assert value(bad[-1], "try") >= 1
    assert not any(b"ord-0000" in one.SerializeToString() for one in collector.spans)


def test_a_collector_that_takes_nothing_is_told(
    collector: Collector, world: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = str(world / "etl.json")
    tui("run", str(ETL), "-p", "rows=1", "-p", "quick=0", "-p", "slow=0", "--save", path)
    collector.status = 400
    told = tui("export", path, "--otlp", collector.url, code=3).stderr
    assert "the collector took 0 spans" in told
    tui("export", path, "--otlp", "localhost:4318", code=2)
    tui("export", path, code=2)
    monkeypatch.setitem(sys.modules, "opentelemetry", None)
    for name in [one for one in sys.modules if one.startswith("opentelemetry.")]:
        monkeypatch.delitem(sys.modules, name)
    with pytest.raises(UsageError, match="is not installed") as raised:
        send_spans(collector.url, "f", "j", [])
    assert raised.value.hint == "Say: pip install 'routilux-tui[otel]'"


def test_runs_that_were_killed_or_tried_again_are_spans_of_their_own() -> None:
    changes = [
        [1, "emit", "a", "out", {}, 10.0, None, [[1, "b", "in"]]],
        [2, "run", 1, "b", 11.0],
        [2, "worker", 1, "worker process 7 on box", 11.1],
        [3, "retry", 1, "b", 12.0, {"error": "no"}, 3, 13.0],
        [4, "run", 1, "b", 13.5],
        [5, "emit", "b", "more", {}, 14.0, 1, [[2, "c", "in"]]],
        [6, "take_up", 20.0],
        [7, "run", 1, "b", 21.0],
        [8, "ran", 1, "b", "completed", 22.0, None],
        [9, "run", 2, "c", 23.0],
        [10, "ran", 2, "c", "failed", 24.0, {"error": "bad"}],
        [11, "run", "odd"],
        [12],
    ]
    found = list(spans(changes))
    assert [(one.run, one.outcome, one.waited) for one in found] == [
        (Run(1, 1), "retry", 1.0),
        (Run(1, 2), "killed", 0.5),
        (Run(1, 3), "completed", 8.0),
        (Run(2, 1), "failed", 9.0),
    ]
    assert found[-1].cause == Run(1, 2)
    assert [one.worker for one in found] == ["worker process 7 on box", "", "", ""]
    assert (found[1].begin, found[1].end) == (13.5, 13.5)
