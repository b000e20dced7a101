"""What is measured of this machine's jobs, as Prometheus reads it: over HTTP, or in a file."""

from __future__ import annotations

import contextlib
import ipaddress
import socket
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

from routilux_tui import __version__
from routilux_tui.cli.extras import imported
from routilux_tui.cli.output import safe
from routilux_tui.errors import RoutiluxTuiError
from routilux_tui.runner.machine_measures import Level, MachineMeasures
from routilux_tui.views.measures import BOUNDS, OUTCOMES, Distribution

if TYPE_CHECKING:
    from collections.abc import Iterator

PATH = "/metrics"
_NAMES = ("flow", "routine")


class JobsCollector:
    """Gives `prometheus_client` what is measured, each time that it is asked."""

    def __init__(self) -> None:
        self._families = imported("prometheus_client.core", "metrics")
        self._measures = MachineMeasures()
        self._lock = threading.Lock()

    def registry(self) -> Any:
        """A registry of this collector alone: nothing of the exporter itself."""
        registry = imported("prometheus_client", "metrics").CollectorRegistry(auto_describe=False)
        registry.register(self)
        return registry

    def describe(self) -> list[Any]:
        """No names ahead: nobody is asked before somebody wants to know."""
        return []

    def collect(self) -> Iterator[Any]:
        """All metrics, as of now."""
        with self._lock:
            began = time.monotonic()
            self._measures.collect()
            yield from self._of_jobs()
            yield from self._of_routines()
            took = time.monotonic() - began
            yield self._gauge("routilux_scrape_duration_seconds", "How long asking all took.", took)

    def _gauge(self, name: str, what: str, value: float) -> Any:
        return self._families.GaugeMetricFamily(name, what, value=value)

    def _of_jobs(self) -> Iterator[Any]:
        gauge, counter = self._families.GaugeMetricFamily, self._families.CounterMetricFamily
        build = gauge("routilux_build_info", "The version of the exporter.", labels=["version"])
        build.add_metric([__version__], 1)
        jobs = gauge("routilux_jobs", "Jobs that have not ended.", labels=["flow", "status"])
        for key, count in self._measures.jobs.items():
            jobs.add_metric(key, count)
        ended = counter("routilux_jobs_ended", "Jobs that ended.", labels=["flow", "outcome"])
        for key, count in self._measures.ended.items():
            ended.add_metric(key, count)
        progress = gauge(
            "routilux_job_progress_ratio",
            "How far the least advanced running job of a flow is.",
            labels=["flow"],
        )
        for flow, part in self._measures.progress.items():
            progress.add_metric([flow], part)
        silent = self._gauge(
            "routilux_unresponsive_runners",
            "Runners that did not answer in time.",
            self._measures.silent,
        )
        yield from (build, jobs, ended, progress, silent)

    def _of_routines(self) -> Iterator[Any]:
        gauge, counter = self._families.GaugeMetricFamily, self._families.CounterMetricFamily
        histogram = self._families.HistogramMetricFamily
        runs = counter("routilux_runs", "Runs of handlers.", labels=[*_NAMES, "outcome"])
        times = histogram("routilux_run_duration_seconds", "Run times of handlers.", labels=_NAMES)
        waits = histogram(
            "routilux_queue_wait_seconds",
            "Waits of tasks until their handler began.",
            labels=_NAMES,
        )
        for key, total in self._measures.totals.items():
            for outcome, count in zip(OUTCOMES, total.runs, strict=True):
                runs.add_metric([*key, outcome], count)
            times.add_metric(key, *_buckets(total.run_time))
            waits.add_metric(key, *_buckets(total.queue_wait))
        queued = gauge("routilux_queued_tasks", "Tasks that wait for a routine.", labels=_NAMES)
        running = gauge("routilux_running_handlers", "Handlers that run.", labels=_NAMES)
        oldest = gauge(
            "routilux_oldest_task_wait_seconds", "For how long the oldest waits.", labels=_NAMES
        )
        for key in self._measures.totals:
            level = self._measures.levels.get(key, Level())
            queued.add_metric(key, level.queued)
            running.add_metric(key, level.running)
            oldest.add_metric(key, level.oldest)
        yield from (runs, times, waits, queued, running, oldest)


def _buckets(spans: Distribution) -> tuple[list[tuple[str, int]], float]:
    named = zip(map(str, BOUNDS), spans.counts, strict=True)
    return [*named, ("+Inf", spans.count)], spans.total


class Exporter(ThreadingHTTPServer):
    """Answers GET /metrics.

    Args:
        address: where it listens; with port 0 at any that is free.
        registry: what is measured.

    Raises:
        OSError: when it can't listen there.
    """

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, address: tuple[str, int], registry: Any) -> None:
        self.address_family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
        self.registry = registry
        self.is_local = is_loopback(address[0])
        super().__init__(address, _Request)

    def handle_error(self, _request: Any, _address: Any) -> None:
        """Whoever hung up is no error of ours."""


class _Request(BaseHTTPRequestHandler):
    server: Exporter
    server_version = "routilux-tui"
    sys_version = ""
    timeout = 10

    def do_GET(self) -> None:
        """Answer with all metrics."""
        if self.server.is_local and not is_loopback(_host_of(self.headers.get("Host", ""))):
            self.send_error(403, "This is not the host that you think it is")
        elif self.path.partition("?")[0] != PATH:
            self.send_error(404, f"There is only {PATH}")
        else:
            self._send_metrics()

    def _send_metrics(self) -> None:
        exposition = imported("prometheus_client.exposition", "metrics")
        encode, kind = exposition.choose_encoder(self.headers.get("Accept", ""))
        try:
            page = encode(self.server.registry)
        except (RoutiluxTuiError, OSError) as error:
            print(safe(f"routilux-tui: {error}"), file=sys.stderr, flush=True)
            self.send_error(500, "The jobs could not be asked")
            return
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(page)))
        self.end_headers()
        self.wfile.write(page)

    def log_message(self, *_: Any) -> None:
        """Nobody reads a line for each scrape."""


def is_loopback(host: str) -> bool:
    """Whether a host is this machine and no other, whatever a name server says."""
    if host == "localhost":
        return True
    with contextlib.suppress(ValueError):
        return ipaddress.ip_address(host).is_loopback
    return False


def _host_of(header: str) -> str:
    """The host of a Host header, without its port."""
    if header.startswith("["):
        return header[1:].partition("]")[0]
    return header.partition(":")[0]
