"""What a handler in a worker process prints and logs: sent to its job's process, as it comes."""

from __future__ import annotations

import io
import logging
import sys
import threading
from typing import TYPE_CHECKING, Any

from routilux_tui.flow.calls import Log, Print

if TYPE_CHECKING:
    from collections.abc import Callable

    from routilux_tui.flow.calls import Message

#: What of a log record is sent; its arguments are in its message by then.
_FIELDS = ("name", "levelno", "levelname", "created", "pathname", "filename", "lineno", "funcName")


class WorkerOutput:
    """Takes what this process prints and logs while it runs a handler.

    Args:
        send: takes a message to the process that runs the job.
    """

    def __init__(self, send: Callable[[Message], None]) -> None:
        self._send = send
        #: Whether a handler runs: what is printed else goes where it always did.
        self.is_open = False
        self._streams = [
            _Stream(self, "stdout", sys.stdout),
            _Stream(self, "stderr", sys.stderr),
        ]
        sys.stdout, sys.stderr = self._streams
        logging.getLogger().addHandler(_LogSender(self))

    def send(self, message: Message) -> bool:
        """Send a message; False where no handler runs."""
        if self.is_open:
            self._send(message)
        return self.is_open

    def close(self) -> None:
        """The handler has ended: send what has no end of a line, too."""
        for stream in self._streams:
            stream.flush()
        self.is_open = False


class _Stream(io.TextIOBase):
    """What stands in the place of standard output, or error."""

    encoding = "utf-8"
    errors = "backslashreplace"

    def __init__(self, output: WorkerOutput, name: str, former: Any) -> None:
        self._output = output
        self._name = name
        self._former = former
        self._lock = threading.Lock()
        self._begun = ""

    def writable(self) -> bool:
        return True

    def fileno(self) -> int:
        number: int = self._former.fileno()
        return number

    def write(self, text: str) -> int:
        with self._lock:
            self._begun += text
            if "\n" in text:
                whole, _, self._begun = self._begun.rpartition("\n")
                self._pass_on(f"{whole}\n")
        return len(text)

    def flush(self) -> None:
        with self._lock:
            text, self._begun = self._begun, ""
            if text:
                self._pass_on(text)

    def _pass_on(self, text: str) -> None:
        if not self._output.send(Print(self._name, text)):
            self._former.write(text)
            self._former.flush()


class _LogSender(logging.Handler):
    """Sends log records; the job's process hands them to its own handlers."""

    def __init__(self, output: WorkerOutput) -> None:
        super().__init__()
        self._output = output

    def emit(self, record: logging.LogRecord) -> None:
        try:
            self._output.send(Log(log_fields(record)))
        except Exception:
            self.handleError(record)


def log_fields(record: logging.LogRecord) -> dict[str, Any]:
    """What of a log record is sent: all that another process can make one of."""
    fields = {name: getattr(record, name) for name in _FIELDS}
    fields["msg"] = record.getMessage()
    if record.exc_info:
        fields["exc_text"] = logging.Formatter().formatException(record.exc_info)
    return fields
