"""What runners and viewers say to each other: JSON-RPC 2.0, one message a line.

The first request is ``hello`` and names the protocol's version. A viewer asks for what it
shows: ``subscribe`` has it sent a ``frame`` (see `routilux_tui.views.shapes.Frame`) at most so many
times a second, ``window``, ``item`` and ``find`` fetch a part of a section. ``pause``,
``resume``, ``cancel``, ``wait`` and ``check`` do what their names say.
"""

from __future__ import annotations

from typing import Any, TypeVar

import msgspec

from routilux_tui import __version__, errors
from routilux_tui.job.jsonable import decode, dumps, encode, preview
from routilux_tui.views.shapes import INPUT, JOB, PRINTED, SECTIONS, Filter

Answer = TypeVar("Answer")

VERSION = 1
"""The protocol that this program speaks. Fields may be added to it; a reader skips what it
does not know. What a reader of the same version could misunderstand needs a new number."""

MAX_REQUEST = 256 << 10
"""Bytes of a request's line at most."""
MAX_ANSWER = 32 << 20
"""Bytes of an answer's line at most."""
LARGEST_ITEM = 4 << 20
"""Bytes of one value at most."""

_decode = msgspec.json.Decoder().decode

#: JSON-RPC's own codes for what is wrong with a message.
PARSE_ERROR, INVALID_REQUEST, NO_METHOD, INVALID_PARAMS, INTERNAL = (
    -32700,
    -32600,
    -32601,
    -32602,
    -32603,
)

#: Our errors by the code that stands for them on the wire.
CODES: dict[int, type[errors.RoutiluxTuiError]] = {
    1: errors.RoutiluxTuiError,
    2: errors.UsageError,
    3: errors.FlowDefinitionError,
    4: errors.ConditionError,
    5: errors.ConfigError,
    6: errors.JobFileError,
    7: errors.JobFileMissing,
    8: errors.JobFileTorn,
    9: errors.JobFileHostile,
    10: errors.UnknownKind,
    11: errors.JobFailed,
    12: errors.ConditionImpossible,
    13: errors.NotPossible,
    14: errors.ReadOnly,
    15: errors.JobCancelled,
    16: errors.Unreachable,
    17: errors.NoSuchJob,
    18: errors.UnsafeFolder,
    19: errors.PeerRefused,
    20: errors.ProtocolMismatch,
    21: errors.NotConfirmed,
    22: errors.TimedOut,
    23: errors.FlowLoadError,
    24: errors.ExecutionError,
    25: errors.StateError,
    26: errors.ConfigurationError,
    27: errors.SerializationError,
    28: errors.SlotHandlerError,
    29: errors.OutputFailed,
    30: errors.TooCostly,
    31: errors.RunElsewhere,
}
_CODE_OF = {kind: code for code, kind in CODES.items()}


class Hello(msgspec.Struct, frozen=True, kw_only=True):
    """The answer to ``hello``: who answers, and where its job is kept."""

    protocol: int
    version: str
    job_id: str
    flow_id: str = ""
    pid: int = 0
    path: str = ""
    log: str = ""
    read_only: bool = False
    cannot: dict[str, str] = {}


def request(number: int, method: str, params: dict[str, Any]) -> bytes:
    """A request's line."""
    return _line({"jsonrpc": "2.0", "id": number, "method": method, "params": params})


def answer(number: Any, result: Any) -> bytes:
    """The line of a request's answer."""
    return _line({"jsonrpc": "2.0", "id": number, "result": result})


def notice(method: str, params: Any) -> bytes:
    """The line of a message that wants no answer."""
    return _line({"jsonrpc": "2.0", "method": method, "params": params})


def _line(message: dict[str, Any]) -> bytes:
    try:
        return encode(message) + b"\n"
    except Exception:  # a lone surrogate, a huge integer: what msgspec has no word for
        return dumps(msgspec.to_builtins(message)) + b"\n"


def refusal(number: Any, error: BaseException | tuple[int, str]) -> bytes:
    """The line that says why a request can't be answered."""
    hint = ""
    if isinstance(error, tuple):
        code, message = error
    elif isinstance(error, errors.RoutiluxTuiError):
        kind = next(one for one in type(error).__mro__ if one in _CODE_OF)
        code, message, hint = _CODE_OF[kind], error.message, error.hint
    else:
        code, message = INTERNAL, f"{type(error).__name__}: {error}"
    detail = {"code": code, "message": message, "data": {"hint": hint}}
    return _line({"jsonrpc": "2.0", "id": number, "error": detail})


def parse(line: bytes) -> dict[str, Any]:
    """The message of a line.

    Raises:
        ValueError: when it is no JSON-RPC message.
    """
    try:
        message = _decode(line)
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
        message = decode(line)
    if not isinstance(message, dict):
        raise ValueError("not a JSON-RPC message")
    return message


def section_of(params: dict[str, Any]) -> str:
    """The section that a request names.

    Raises:
        KeyError, ValueError: when it names none.
    """
    section = params["section"]
    if section not in {*SECTIONS, PRINTED, JOB, INPUT}:
        raise ValueError(f"no section {str(section)[:40]!r}")
    return str(section)


def filter_of(where: Any) -> Filter:
    """The filter that a request names."""
    given = where if isinstance(where, dict) else {}
    task = given.get("task")
    routine, name, text = (str(given.get(part, "")) for part in ("routine", "name", "text"))
    return Filter(
        routine,
        name,
        text,
        task if isinstance(task, int) else None,
        failures=given.get("failures") is True,
    )


def sendable(item: Any) -> Any:
    """A value as it is sent; of one that is too large, its size and its beginning."""
    size = len(answer(None, item))
    if size <= LARGEST_ITEM:
        return item
    return {"too large to be sent whole": size, "beginning": preview(item, 100_000)}


def understood(place: str, answer: Any, kind: type[Answer]) -> Answer:
    """An answer, or a part of it, as what it should be.

    Args:
        place: who gave it, for people.
        answer: what was given.
        kind: what it should be.

    Raises:
        Unreachable: when it is something else.
    """
    try:
        return msgspec.convert(answer, kind)
    except msgspec.ValidationError as error:
        raise errors.Unreachable(
            f"{place}: the answer can't be understood: {error}.",
            "Whoever answers there is no routilux-tui, or of a version that says it otherwise.",
        ) from error


def raised(error: Any) -> errors.RoutiluxTuiError:
    """The error that a refusal stands for."""
    if not isinstance(error, dict):
        return errors.Unreachable("The runner's answer can't be understood.")
    message = str(error.get("message", ""))
    data = error.get("data")
    hint = str(data.get("hint", "")) if isinstance(data, dict) else ""
    code = error.get("code")
    kind = CODES.get(code) if isinstance(code, int) else None
    if kind is None:
        return errors.Unreachable(f"The runner refused: {message}", hint)
    refused = kind(message)
    refused.hint = hint  # the second argument of some is something else
    return refused


def protocol_mismatch(theirs: Any, their_version: str) -> errors.ProtocolMismatch:
    """The error for two programs that don't speak the same protocol."""
    return errors.ProtocolMismatch(
        f"This is routilux-tui {__version__} (protocol {VERSION}); the other end is "
        f"routilux-tui {their_version or 'of an unknown version'} (protocol {theirs}).",
        "Upgrade the older of the two; a job that runs goes on meanwhile.",
    )
