"""The one table of actions: keys, footer, help, command palette and twins are made from it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping


class Action(NamedTuple):
    """One thing a user can do.

    Args:
        id: its name in the configuration's keymap, and of the method ``action_<id>``.
        keys: its keys, comma-separated, as Textual names them.
        shown: its key as people read it.
        label: a word or two, for the footer.
        help: a sentence, for the help and the palette.
        group: the heading it stands under in the help.
        needs: the ability of a job without which it can't be done (see `sources.base.ACTIONS`).
        twin: the command that does the same.
        footer: whether the footer shows it.
    """

    id: str
    keys: str
    shown: str
    label: str
    help: str
    group: str
    needs: str = ""
    twin: str = ""
    footer: bool = False


STEER, LOOK, PAST, MOVE, LEAVE = "Steer the job", "Look", "See the past", "Move", "Leave"

# fmt: off
JOB_ACTIONS = (
    Action("pause", "p", "p", "pause", "Pause the job; you may give a reason.", STEER, "pause",
           "pause JOB", footer=True),
    Action("resume", "r", "r", "go on", "Go on with a paused job; a question wants a clear yes.",
           STEER, "resume", "resume JOB", footer=True),
    Action("cancel", "c", "c", "cancel", "Cancel the job; you are asked first.", STEER, "cancel",
           "cancel JOB", footer=True),
    Action("answer", "a", "a", "answer", "Answer what the job asks; an event may be edited.", STEER,
           "answer", "answer JOB CHOICE"),
    Action("alerts", "A", "A", "tell me", "Be told when it fails, waits, ends; or on a condition.",
           STEER, "alert", "alerts JOB --add RULE"),
    Action("breakpoint", "B", "B", "breakpoint", "Pause before a task for which a condition holds.",
           STEER, "breakpoint", "pause JOB --when CONDITION"),
    Action("retry", "R", "R", "again", "Send what failed again; a killed job goes on.", STEER,
           "retry", "retry JOB --task N"),
    Action("queue", "m", "m", "move", "Hold a waiting task, let it go, run it next, edit, drop.",
           STEER, "queue", "queue JOB --hold N"),
    Action("workers", "W", "W", "workers", "More or fewer handlers at once, from the next task on.",
           STEER, "workers", "workers JOB N"),
    Action("giveup", "X", "X", "give up", "Have a failed input not tried again; you are asked.",
           STEER, "giveup", "giveup JOB --task N"),
    Action("read_only", "ctrl+o", "^o", "read-only", "Ask for no control, or ask again.", STEER),
    Action("open", "enter", "Enter", "open", "Show the whole value behind a row.", LOOK,
           footer=True),
    Action("why", "exclamation_mark", "!", "why", "Why the job is as it is, worst first.", LOOK,
           twin="why JOB", footer=True),
    Action("errors", "E", "E", "errors", "Show the failures alone, or all rows again.", LOOK,
           twin="history JOB --event error", footer=True),
    Action("find", "slash", "/", "find", "Find text in the focused pane.", LOOK,
           twin="history JOB --grep TEXT", footer=True),
    Action("wait", "w", "w", "wait", "Wait until a condition holds; a bell tells when.", STEER,
           "wait", "wait JOB --until CONDITION", footer=True),
    Action("zoom", "z", "z", "zoom", "Give the focused pane the whole screen.", LOOK, footer=True),
    Action("filter", "f", "f", "routine", "Show the rows of the routine under the cursor alone.",
           LOOK, twin="history JOB --routine ROUTINE", footer=True),
    Action("trace", "b", "b", "what led to it", "What led to the record, and what came of it.",
           LOOK, twin="trace JOB N", footer=True),
    Action("find_rows", "ampersand", "&", "rows with", "Show the rows with a text alone.", LOOK,
           twin="history JOB --grep TEXT"),
    Action("compare", "D", "D", "compare", "What differs from the run before it.", LOOK,
           twin="diff JOB JOB"),
    Action("runs", "H", "H", "runs", "The last runs of its flow beside each other.", LOOK,
           twin="runs FLOW-ID"),
    Action("find_next", "n", "n", "next", "The next match.", LOOK),
    Action("find_previous", "N", "N", "previous", "The match before.", LOOK),
    Action("sort", "o", "o", "sort", "Sort the flow by the next order.", LOOK),
    Action("copy", "y", "y", "copy", "Copy the row to the clipboard.", LOOK),
    Action("times", "T", "T", "times", "The time of day, or the time since the job began.", LOOK),
    Action("zoom_time(0.5)", "plus", "+", "", "Half as much time in the timeline.",
           LOOK),
    Action("zoom_time(2)", "minus", "-", "", "Twice as much time in the timeline.",
           LOOK),
    Action("step_change(-1)", "left_square_bracket", "[", "", "A change back, into the past.", PAST,
           twin="show JOB --at SEQ"),
    Action("step_change(1)", "right_square_bracket", "]", "", "A change on.", PAST),
    Action("step_mark(-1)", "left_curly_bracket", "{", "back to",
           "Back to the last error, retry, pause or answer; or change of the condition.", PAST),
    Action("step_mark(1)", "right_curly_bracket", "}", "",
           "On to the next error, retry, pause or answer; or change of the condition.", PAST),
    Action("go_to_moment", "t", "t", "go to", "Go to a time, a change, a record, or a condition.",
           PAST, twin="show JOB --at TIME"),
    Action("play", "space", "Space", "play",
           "Play the job from here: 1x, 10x, 100x, as fast as it goes, stop.", PAST),
    Action("pane(1)", "1", "1", "", "The flow: its routines.", MOVE, twin="show JOB"),
    Action("pane(2)", "2", "2", "", "Problems: errors by kind, with their inputs.", MOVE),
    Action("pane(3)", "3", "3", "", "Now: what runs, and what is next in line.", MOVE),
    Action("pane(4)", "4", "4", "", "The timeline: when which routine was busy.", MOVE,
           twin="timeline JOB"),
    Action("pane(5)", "5", "5", "", "History.", MOVE, twin="history JOB"),
    Action("pane(6)", "6", "6", "", "Shared log.", MOVE, twin="log JOB"),
    Action("pane(7)", "7", "7", "", "Shared data.", MOVE),
    Action("pane(8)", "8", "8", "", "Output.", MOVE),
    Action("pane(9)", "9", "9", "", "Pause points.", MOVE),
    Action("pane(0)", "0", "0", "", "What handlers printed and logged.", MOVE,
           twin="log JOB --of print"),
    Action("next_pane", "tab", "Tab", "panes", "The next pane.", MOVE),
    Action("previous_pane", "shift+tab", "S-Tab", "", "The pane before.", MOVE),
    Action("back", "escape", "Esc", "", "A step out: the past, a filter, a zoom; the list.", LEAVE),
    Action("help", "question_mark", "?", "keys", "What every key does.", LEAVE, footer=True),
    Action("leave", "q", "q", "leave", "Leave; the job goes on.", LEAVE, footer=True),
)

#: What the timeline does with keys that mean something else elsewhere.
TIME_ACTIONS = (
    Action("show_all", "0", "0", "", "Timeline: all of the job.", MOVE),
    Action("tail", "G,end", "G End", "", "Timeline: as much time as is seen, up to now, and on.",
           MOVE),
    Action("move_time(-1)", "left", "←", "", "Timeline: earlier, by a quarter.", MOVE),
    Action("move_time(1)", "right", "→", "", "Timeline: later, by a quarter.", MOVE),
    Action("expand", "x", "x", "", "Timeline: a lane for each handler that ran beside others.",
           MOVE, twin="timeline JOB --expand ROUTINE"),
    Action("mark_next", "m", "m", "", "Timeline: mark the busiest stretch, the critical path.",
           MOVE, twin="timeline JOB --busiest --critical"),
    Action("seek_cell(-1)", "h", "h", "", "Timeline: a cell back; all panes show that moment.",
           MOVE),
    Action("seek_cell(1)", "l", "l", "", "Timeline: a cell on.", MOVE),
)

LIST_ACTIONS = (
    Action("open", "enter", "Enter", "open", "Open the job.", LOOK, twin="show JOB", footer=True),
    Action("find", "slash", "/", "filter", "Filter as you type; = and a condition filters by it.",
           LOOK, twin="ps", footer=True),
    Action("sort", "s", "s", "sort", "Sort by the next column; a click on a head sorts by it.",
           LOOK, footer=True),
    Action("reverse", "S", "S", "turn", "Sort the other way round.", LOOK, twin="ps --reverse"),
    Action("times", "T", "T", "times", "Switch between relative and absolute times.", LOOK),
    Action("why", "exclamation_mark", "!", "why", "Why the job at the cursor is as it is.", LOOK,
           twin="why JOB", footer=True),
    Action("preview", "v", "v", "preview", "The job at the cursor in short, and past runs.", LOOK,
           footer=True),
    Action("compare", "D", "D", "compare", "Compare two jobs, or one with the run before.", LOOK,
           twin="diff JOB JOB"),
    Action("runs", "H", "H", "runs", "The last runs of its flow beside each other.", LOOK,
           twin="runs FLOW-ID"),
    Action("badge", "i", "i", "info", "The whole path, and what the status means.", LOOK),
    Action("select", "space", "Space", "select", "Select the job; p, r, c and d mean all of these.",
           STEER, footer=True),
    Action("select_matching", "asterisk", "*", "select by", "Select the jobs with a condition.",
           STEER),
    Action("pause", "p", "p", "pause", "Pause the job.", STEER, "pause", "pause JOB", footer=True),
    Action("resume", "r", "r", "go on", "Go on with a paused job.", STEER, "resume", "resume JOB"),
    Action("cancel", "c", "c", "cancel", "Cancel the job; you are asked first.", STEER, "cancel",
           "cancel JOB", footer=True),
    Action("answer", "a", "a", "answer", "Answer what the job asks.", STEER, "answer",
           "answer JOB CHOICE"),
    Action("delete", "d", "d", "delete", "Delete the saved job; you are asked first.", STEER,
           twin="rm JOB"),
    Action("read_only", "ctrl+o", "^o", "read-only", "Ask for no control, or ask again.", STEER),
    Action("back", "escape", "Esc", "", "Take the filter away.", LEAVE),
    Action("help", "question_mark", "?", "keys", "What every key does.", LEAVE, footer=True),
    Action("leave", "q", "q", "leave", "Leave; the jobs go on.", LEAVE, footer=True),
)

#: What every list of rows does, whichever pane it is in.
ROW_ACTIONS = (
    Action("down", "j,down", "j ↓", "", "A row down.", MOVE),
    Action("up", "k,up", "k ↑", "", "A row up; the tail is followed no more.", MOVE),
    Action("page_down", "ctrl+d,pagedown", "^d PgDn", "", "A page down.", MOVE),
    Action("page_up", "ctrl+u,pageup", "^u PgUp", "", "A page up.", MOVE),
    Action("top", "g,home", "g Home", "", "The first row.", MOVE),
    Action("tail", "G,end", "G End", "", "The last row, and follow the tail.", MOVE),
    Action("left", "h,left", "h ←", "", "The beginning of long rows.", MOVE),
    Action("right", "l,right", "l →", "", "The rest of long rows.", MOVE),
)
# fmt: on


#: What of the table is in force at once, by the screen as people call it.
SCREENS = {
    "a job's screen": (*JOB_ACTIONS, *ROW_ACTIONS),
    "the list": (*LIST_ACTIONS, *ROW_ACTIONS),
}


def is_key(name: str) -> bool:
    """Whether a key has this name: ``x``, ``slash``, ``f5``, ``ctrl+o``."""
    from textual.keys import Keys, key_to_character

    last = name
    while last.startswith(("ctrl+", "alt+", "shift+")):
        last = last.partition("+")[2]
    known = any(last == key.value for key in Keys) or last in {"slash", "backslash"}
    if len(last) == 1:
        return last.isprintable()
    return known or key_to_character(last) is not None


def keymap_conflict(keymap: Mapping[str, str]) -> tuple[str, str] | None:
    """An action that a keymap gives the key of another on the same screen, and how; or None."""
    for screen, actions in SCREENS.items():
        taken: dict[str, str] = {}
        # those of the keymap last, so that it is they who are blamed
        for one in sorted(actions, key=lambda one: one.id in keymap):
            for key in keymap.get(one.id, one.keys).replace(" ", "").split(","):
                other = taken.setdefault(key, one.id)
                if other != one.id:
                    return one.id, f"{key!r} is the key of {other} on {screen}"
    return None


def remapped(actions: tuple[Action, ...], keymap: Mapping[str, str]) -> tuple[Action, ...]:
    """A part of the table with the keys that a user gave, as people are told of them."""
    return tuple(
        one._replace(keys=keymap[one.id], shown=keymap[one.id].replace(",", " "))
        if one.id in keymap
        else one
        for one in actions
    )


def bindings(actions: tuple[Action, ...]) -> list[Any]:
    """Textual's bindings of a part of the table; the ids are those of the keymap."""
    from textual.binding import Binding

    return [
        Binding(
            one.keys, one.id, one.label or one.help, show=False, id=one.id, key_display=one.shown
        )
        for one in actions
    ]
