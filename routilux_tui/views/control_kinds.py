"""Every control, in one table: what people may ask of a job which changes it.

A new control is a line here, and has a name in

- `runner.requests`: the protocol's methods that ask for it, among `_CHANGING`;
- `runner.steering` or `runner.task_steering`: a method that notes who asked for it;
- the engine: a method of `flow.controls`, `flow.task_controls`, `flow.queue_controls`,
  `flow.question_controls` or `flow.worker_threads`, declared in `flow.engine.Engine`, if it carries
  it out; and of `runner.script_engine`, if a script's jobs can be asked, too: the
  library's side carries it out in `tap.observatory`;
- `sources.base.Handle`: a method, made by the ``*_requests`` files of `sources` for a live job, and
  by `sources.refusals` or `sources.saved_handle` for a file; `sources.relay` answers for a far one;
- `tui.actions`: a key, in `JOB_ACTIONS` and, if many jobs at once can be asked, `LIST_ACTIONS`; its
  ``needs`` is the control, and a screen has its method ``action_<id>``;
- `tui.widgets.header`: a word among `_ASKED`, if it is not confirmed at once;
- `cli`: a command, its twin; and the README's table of keys.

``tests/extension_points/test_new_control.py`` checks all of them, and says which is missing.
"""

from __future__ import annotations

from typing import NamedTuple

from routilux_tui.job import status as statuses
from routilux_tui.views.naming import command


class ControlKind(NamedTuple):
    """What is known of a control, beside how it is carried out.

    Args:
        label: what it is in a sentence: "Can't pause".
        requests: the methods of the protocol that ask for it.
        handle: the methods of `sources.base.Handle` that do.
        ours_alone: whether only a job of our own engine can be asked, not one of routilux itself.
        after_end: whether a job that has ended can be asked.
        in_file: whether a job that nobody runs can be asked: it is taken up then.
        is_reply: whether it replies to what the job did, so that `{` and `}` stop there.
    """

    label: str
    requests: tuple[str, ...]
    handle: tuple[str, ...]
    ours_alone: bool = False
    after_end: bool = False
    in_file: bool = False
    is_reply: bool = True


#: Every control by its name, as `sources.base.Handle.cannot` and a job's record have it.
CONTROLS = {
    "pause": ControlKind("pause", ("pause",), ("pause",), is_reply=False),
    "resume": ControlKind("resume", ("resume",), ("resume",)),
    "cancel": ControlKind("cancel", ("cancel",), ("cancel",), is_reply=False),
    "force": ControlKind("force", ("cancel",), ("cancel",), after_end=True, is_reply=False),
    "retry": ControlKind(
        "send again", ("retry",), ("retry", "take_up"),
        ours_alone=True, after_end=True, in_file=True,
    ),
    "giveup": ControlKind("give up", ("giveup",), ("give_up",), ours_alone=True),
    "queue": ControlKind("change the queue", ("change_queue",), ("change_queue",), ours_alone=True),
    "workers": ControlKind("change the workers", ("workers",), ("set_workers",)),
    "answer": ControlKind("answer", ("answer",), ("answer",), in_file=True),
    "breakpoint": ControlKind(
        "set a breakpoint",
        ("breakpoint", "breakpoint_off"),
        ("set_breakpoint", "check_breakpoint", "take_off_breakpoint"),
        ours_alone=True, is_reply=False,
    ),
    "alert": ControlKind(
        "set a rule", ("alert", "alert_off"), ("set_alert", "take_off_alert"), is_reply=False
    ),
}  # fmt: skip
NOTHING_ASKED = "it asks nothing"
"""Why a job can't be answered that has no open question."""
#: What commands alone ask, by the methods of the protocol: no key does, and no handle.
FOR_COMMANDS = ("emit", "set")

#: What is asked of a job's status; the other controls are about what is in it.
OF_THE_STATUS = ("pause", "resume", "cancel")


def forbids(status: str, action: str) -> bool:
    """Whether a job's status alone forbids to pause it, to go on with it, or to cancel it.

    To go on with a running job calls off a pause that it was asked for, if it was.
    """
    return action in OF_THE_STATUS and (
        statuses.has_ended(status) or (action == "pause" and status == "paused")
    )


def why_left_behind(status: str, library: str = "") -> str:
    """Why a job takes no control that has not ended and that nobody runs, and the ways out.

    Args:
        status: what its file says.
        library: what ran it, if that was another library's script.
    """
    delete = "d on the list deletes it"
    if library:
        return f"it was run by a script of {library}, which has ended; {delete}"
    if status == "pending":
        return f"it has not begun; R on its screen begins it, {delete}"
    why = "its runner was killed" if status == "running" else "nobody runs it"
    return f"{why}; R on its screen takes it up, {delete}"


def why_silent(name: str) -> str:
    """Why a job takes no control whose runner does not answer, and the way out where it is."""
    way = f"; end it: {command('cancel', '--force', name)}" if name else ""
    return f"its runner does not answer{way}"
