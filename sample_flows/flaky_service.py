"""Fetches pages from a service that fails now and then.

What it shows: retries with backoff, and an optional step that is continued past. The service
is a real HTTP server on the loopback that the flow starts for itself; every third request for a
page fails, and the page of recommendations always does.

    routilux-tui run sample_flows/flaky_service.py -p pages=20

Parameters: ``pages`` (how many to fetch), ``delay`` (seconds before the first retry).
"""

from __future__ import annotations

import itertools
import json
import threading
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from routilux_tui import ErrorHandler, ErrorStrategy, Flow, JobState, Routine

#: The addresses of the services that run in this process, by the jobs that they are for.
SERVICES: dict[str, str] = {}
STARTING = threading.Lock()


def start_service() -> int:
    """Start the service in a thread; it ends when it is asked for ``/end``. Returns its port."""
    number = itertools.count(1)

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if self.path == "/end":
                self._say(200, {"bye": True})
                threading.Thread(target=server.shutdown, daemon=True).start()
            elif self.path.startswith("/recommendations") or next(number) % 3 == 0:
                self._say(503, {"error": "too busy"})
            else:
                self._say(200, {"page": self.path, "words": len(self.path) * 17})

        def _say(self, status: int, body: dict) -> None:
            content = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            """The job's own records tell enough."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answer)
    threading.Thread(target=_serve, args=(server,), daemon=True).start()
    return server.server_port


def address(job: JobState) -> str:
    """Where the job's service answers: it is started when it is first asked for in a process.

    So a job that is taken up, when the process that ran it is gone, has its service again.
    """
    with STARTING:
        if job.job_id not in SERVICES:
            SERVICES[job.job_id] = f"http://127.0.0.1:{start_service()}"
        return SERVICES[job.job_id]


def _serve(server: ThreadingHTTPServer) -> None:
    with server:
        server.serve_forever(poll_interval=0.05)


def get(url: str) -> dict:
    """One request; raises on any answer but 200."""
    with urllib.request.urlopen(url, timeout=5) as answer:  # noqa: S310 - the service above
        return json.load(answer)


class Start(Routine):
    """Asks for the pages."""

    def __init__(self) -> None:
        super().__init__()
        self.define_slot("trigger", handler=self.start)
        self.define_event("page", ["page"])

    def start(self, pages: int = 12) -> None:
        state = self.get_execution_context().job_state
        state.update_shared_data("pages", pages)
        for page in range(pages):
            self.emit("page", page=page)


class Fetch(Routine):
    """Fetches a page; a failure is tried again, a little later each time."""

    def __init__(self) -> None:
        super().__init__()
        self.define_slot("page", handler=self.fetch)
        self.define_event("fetched", ["page", "words"])

    def fetch(self, page: int) -> None:
        service = address(self.get_execution_context().job_state)
        self.emit("fetched", **get(f"{service}/page/{page}"))


class Recommend(Routine):
    """Asks for recommendations: nice to have, so the job goes on without them."""

    def __init__(self) -> None:
        super().__init__()
        self.define_slot("fetched", handler=self.recommend)
        self.set_as_optional()

    def recommend(self, page: str) -> None:
        service = address(self.get_execution_context().job_state)
        get(f"{service}/recommendations?for={page}")


def add(total: dict, new: dict) -> dict:
    """Pages and words so far."""
    return {"pages": total.get("pages", 0) + 1, "words": total.get("words", 0) + new["words"]}


class Collect(Routine):
    """Adds up the pages, and ends the service after the last."""

    def __init__(self) -> None:
        super().__init__()
        self.define_slot("fetched", handler=self.collect, merge_strategy=add)

    def collect(self, data: dict) -> None:
        state = self.get_execution_context().job_state
        state.update_shared_data("words", data["words"])
        state.append_to_shared_log({"message": f"{data['pages']} pages, {data['words']} words"})
        if data["pages"] == state.get_shared_data("pages"):
            get(f"{address(state)}/end")


def flow(delay: float = 0.2) -> Flow:
    """The flow; ``delay`` is in seconds."""
    service = Flow("flaky_service")
    service.add_routine(Start(), "start")
    service.add_routine(Fetch(), "fetch")
    service.add_routine(Recommend(), "recommend")
    service.add_routine(Collect(), "collect")
    service.routines["fetch"].set_error_handler(
        ErrorHandler(
            ErrorStrategy.RETRY,
            max_retries=8,
            retry_delay=delay,
            retry_backoff=1.5,
            retryable_exceptions=(OSError,),
        )
    )
    service.connect("start", "page", "fetch", "page")
    service.connect("fetch", "fetched", "recommend", "fetched")
    service.connect("fetch", "fetched", "collect", "fetched")
    return service
