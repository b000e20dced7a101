"""The one tree of errors.

Every error that a user may meet is one of these. Each carries a message for people, a hint
that names the way out, and the exit code that a command ends with::

    RoutiluxTuiError                    1
    ├── UsageError                      2   the words of the call are off
    │   ├── FlowLoadError               2   FLOW can't be loaded; holds the user's traceback
    │   ├── ConfigurationError          2   for flows of routilux, which know it by this name
    │   │   └── FlowDefinitionError     2   (also ValueError) a flow that can't be what it says
    │   ├── ConditionError              2   a condition that doesn't parse or names the unknown
    │   └── ConfigError                 2   a wrong key or value, with its line
    ├── OutputFailed                    2   what is printed can't be written
    ├── JobFileError                    3   (also ValueError) a file that is no readable job
    │   ├── JobFileMissing              3   (also FileNotFoundError)
    │   ├── JobFileTorn                 3   cut short or being written
    │   ├── JobFileHostile              3   too deep, too large, not a regular file
    │   └── UnknownKind                 3   good JSON that holds no job
    ├── JobFailed                       1   the job ended other than completed
    ├── ConditionImpossible             1   the job ended; the condition can't hold any more
    ├── StateError                      1   for flows of routilux, which know it by this name
    │   └── NotPossible                 1   this job can't do that now, and why
    │       ├── ReadOnly                1   refused where the job lives
    │       └── RunElsewhere            1   another process runs it, or has run it just now
    ├── ExecutionError                  1   for flows of routilux to raise and catch
    ├── SerializationError              1   a flow that can't be written as JSON
    ├── SlotHandlerError                1   for flows of routilux to raise and catch
    ├── JobCancelled                    1   raised by `emit` in a handler of a cancelled job
    ├── Unreachable                     3   nobody answers where the job should be
    │   ├── NoSuchJob                   3   no job of that name, or more than one
    │   ├── UnsafeFolder                3   the socket folder is not ours alone
    │   ├── PeerRefused                 3   another user's process
    │   └── ProtocolMismatch            3   names both versions and the remedy
    ├── NotConfirmed                    4   asked, but the job has not said so in time
    └── TimedOut                        124
"""

from __future__ import annotations


class RoutiluxTuiError(Exception):
    """Base of every error of this package.

    Args:
        message: what is wrong, naming the thing and the place, in one sentence.
        hint: the way out, in one sentence; empty where there is none.
    """

    exit_code = 1
    title = "Error"

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message} {self.hint}".strip()


class UsageError(RoutiluxTuiError):
    """The words of the call are off."""

    exit_code = 2
    title = "Usage"


class FlowLoadError(UsageError):
    """FLOW can't be loaded.

    Args:
        message: what is wrong.
        hint: the way out.
        traceback: the traceback of the user's own code, as text; empty where it never ran.
    """

    title = "The flow can't be loaded"

    def __init__(self, message: str, hint: str = "", traceback: str = "") -> None:
        super().__init__(message, hint)
        self.traceback = traceback


class ConfigurationError(UsageError):
    """Something is set up wrongly."""

    title = "Set up wrongly"


class FlowDefinitionError(ConfigurationError, ValueError):
    """A flow that can't be what it says: a missing routine, slot or event."""

    title = "The flow is not right"


class ConditionError(UsageError):
    """A condition that doesn't parse, or names something a job doesn't have."""

    title = "The condition is not right"


class TooCostly(ConditionError):
    """Judging a condition takes too much time or memory."""

    def __init__(
        self,
        message: str = "The condition takes too long to judge, or too much memory.",
        hint: str = "Ask for less: no list within a list within a list.",
    ) -> None:
        super().__init__(message, hint)


class ConfigError(UsageError):
    """A wrong key or value in the configuration, with its line."""

    title = "The configuration is not right"


class OutputFailed(RoutiluxTuiError):
    """What is printed can't be written: standard output is full, or takes nothing."""

    exit_code = 2
    title = "Not written"


class JobFileError(RoutiluxTuiError, ValueError):
    """A file that is no readable job; the message begins with its path."""

    exit_code = 3
    title = "Not a readable job file"


class JobFileMissing(JobFileError, FileNotFoundError):
    """There is no such file."""

    title = "No such job file"


class JobFileTorn(JobFileError):
    """The file is cut short, or is being written."""

    title = "The job file is cut short"


class JobFileHostile(JobFileError):
    """The file is too deep, too large, or not a regular file."""

    title = "The job file is refused"


class UnknownKind(JobFileError):
    """Good JSON that holds no job."""

    title = "Not a job"


class JobFailed(RoutiluxTuiError):
    """The job ended other than completed."""

    title = "The job failed"


class ConditionImpossible(RoutiluxTuiError):
    """The job ended; the condition can't hold any more."""

    title = "The condition can't hold any more"


class StateError(RoutiluxTuiError):
    """A job is not in the state that is asked of it."""

    title = "Not in that state"


class ExecutionError(RoutiluxTuiError):
    """A routine could not do its work.

    Args:
        message: what is wrong.
        routine_id: the routine; empty where it is none.
    """

    title = "The routine failed"

    def __init__(self, message: str, routine_id: str = "") -> None:
        super().__init__(f"{message} (routine_id={routine_id})" if routine_id else message)
        self.routine_id = routine_id


class SerializationError(RoutiluxTuiError):
    """An object that can't be written as JSON, or made of it.

    Args:
        message: what is wrong.
        object_type: the name of the object's type; empty where it is not known.
    """

    title = "Not serializable"

    def __init__(self, message: str, object_type: str = "") -> None:
        super().__init__(f"{message} (type={object_type})" if object_type else message)
        self.object_type = object_type


class SlotHandlerError(RoutiluxTuiError):
    """The handler of a slot went wrong.

    Args:
        message: what is wrong.
        slot_name: the slot; empty where it is not known.
    """

    title = "The handler failed"

    def __init__(self, message: str, slot_name: str = "") -> None:
        super().__init__(f"{message} (slot={slot_name})" if slot_name else message)
        self.slot_name = slot_name


class NotPossible(StateError):
    """This job can't do that now, and the message says why."""

    title = "Not possible"


class ReadOnly(NotPossible):
    """Refused where the job lives: it takes no controls."""

    title = "Read-only"


class RunElsewhere(NotPossible):
    """Another process runs the job, or has run it since its file was read."""


class JobCancelled(RoutiluxTuiError):
    """Raised by ``emit`` in a handler whose job has been cancelled."""

    title = "The job is cancelled"


class Unreachable(RoutiluxTuiError):
    """Nobody answers where the job should be."""

    exit_code = 3
    title = "Not reachable"


class NoSuchJob(Unreachable):
    """No job answers to that name, or more than one does."""

    title = "No such job"


class UnsafeFolder(Unreachable):
    """The socket folder is not ours alone."""

    title = "The socket folder is not safe"


class PeerRefused(Unreachable):
    """The other end belongs to another user."""

    title = "Refused"


class ProtocolMismatch(Unreachable):
    """Two versions that can't talk; the message names both and the remedy."""

    title = "Versions don't meet"


class NotConfirmed(RoutiluxTuiError):
    """Asked, but the job has not said so in time."""

    exit_code = 4
    title = "Not confirmed"


class TimedOut(RoutiluxTuiError):
    """The time given was over first."""

    exit_code = 124
    title = "Timed out"
