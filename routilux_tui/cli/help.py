"""Explain a topic, or a command: what is too long for a command's own help.

Without a TOPIC, the commands and the topics that there are.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from routilux_tui.errors import UsageError

if TYPE_CHECKING:
    import argparse

_JOBS = """\
What JOB means

  an id                1f0c2a9e-..., as `ps` and `run --detach` print it
  a beginning of one   four letters at least: 1f0c
  a flow's name        as it is, spaces and all: "nightly orders"
  its name             as `run --name` gave it: nightly; nightly@-1 is the run before the newest
  @last                the job that was started last
  a path               of a saved job, wherever it is

What is inside a job's file counts, never how the file is called. To look at, a job that runs goes
before saved ones of the same name. What steers a job (pause, resume, cancel, attach) takes one that
runs, and what removes jobs one that does not; both refuse a name that means several, and say which
job they took. ssh://host/JOB is a job of another machine, for attach.
"""

_CONDITIONS = """\
Conditions

CEL, the Common Expression Language: status == "paused" || routines.fetch.retries >= 2

  status                                    pending, running, paused, completed, failed, cancelled;
                                            killed: it says running, and its process was killed
  flow_id, job_id, name, labels.KEY         as it was started; a label that it has not is empty
  current                                   the routine that started last
  age                                       seconds since it began
  progress, eta                             the part that is done, 0 to 1; seconds left; or -1
  queue, oldest                             tasks that wait; seconds that the first of them does
  waiting, questions                        whether it waits for a person; how many open questions
  silent_for                                seconds in which nothing has changed
  slower_than_usual                         how many times as long as earlier runs it takes, or 0
  records, runs, errors, retries            how many
  pending, deferred, pauses, logs, outputs  how many
  routines.NAME.X                           status, runs, errors, retries, active, execution_time,
                                            queue, p95, rate
  shared.KEY                                a value of the shared data
  log_last, output_last                     the newest entry of each

A breakpoint (`B`, pause JOB --when) also sees the task that is to start: routine, slot, data.KEY,
source, event (what sent it), tries: routine == "price" && data.amount > 1000

`ps --where`, and the list after `=`, see of each job: status, flow_id, job_id, name, labels, host,
place, live, records, errors, queue, progress, routines_done, routines_total, size, path, badge,
waiting, questions, age, and updated (seconds since its last change). There the status may also be
"no answer" (its runner runs, and gives none), unreadable (a file) and down (a machine); `ps --json`
has it as word, and as status what the job's file says. What the screen calls done, waits, waits for
you is asked for as completed, paused, waiting. What names the unknown, or no status, is an error at
once; what can't hold any more ends a wait, with 1.
"""

_MOMENTS = """\
Moments

A job is shown as it was at any moment: --at MOMENT of show, history, why and graph, --from and --to
of timeline, and `t` in the dashboard take

  03:07, 03:07:21.5         the first such time of day from the job's start on
  2026-11-25T03:07:21       a date and a time
  +1h30m, -5m               so long after its start, or before its end (now, while it runs)
  44912                     after change 44912: every step of a job is a change
  #12                       when record 12 was made, as `history --json` and `trace` count
  'errors > 3'              a condition: --at takes the first moment at which it holds, `t` the
                            next one at which its value changes, or else the last

In the dashboard `[` and `]` go a change back and on, `{` and `}` to the last and the next error,
retry, pause or answer (after a condition: to where its value changes), Space plays at 1x, 10x,
100x, as fast as it goes; `h` and `l` move the timeline's cursor, which is the same moment. All
panes show the job as it was then, and nothing acts on it; Esc leads back to now, `D` compares with
now.

Where a job's changes are not kept ([keep] changes, files of routilux itself), its records' times
tell: that is marked so, and what is not known of a moment is said. In the dashboard a search for a
condition takes 20 seconds at most and says where it ended; the same again goes on from there.
"""

_EXIT = """\
Exit codes

    0   done, or the condition was met; a pipe whose reader has gone is no error
    1   the job failed, the condition can't hold any more, or the job can't do that
    2   usage: the arguments, the configuration, a flow that can't be loaded; a job that can't begin
        (run); output that can't be written
    3   unreachable: no such job, nobody answers, a file or folder that can't be read or used
    4   asked, and not confirmed in time
    5   the job that was followed is paused
   70   a fault of this program, with its traceback
  124   the time was over first
  130   interrupted
"""

_QUESTIONS = """\
Questions

A routine asks a person, and goes on; the answer is one emit of an event of it:

  self.ask("book it?", event="booked", data={"account": account},
           choices={"yes": {"ok": True}, "no": {"ok": False}})
  self.ask("which amount?", event="booked", choices={"amount": float})
  self.ask("go on?", event="approved", within=3600, default="yes")

The job goes on with everything else. When nothing but questions is left it is paused, and says
"waits for an answer: book it?"; no thread and no worker waits. It may be killed, taken up, or moved
to another machine meanwhile.

  choices    answers by name, each with the data that it adds; or the types of what is to be given
             (int, float, str, bool, list, dict, Any); by default what `data` lacks of the event
  within     seconds; when they are over, `default` is the answer, or without one the job fails.
             Half-way and near its end it reminds of itself (or every `remind` seconds)

routilux-tui questions lists what is open, `a` in the dashboard answers, and so do

  routilux-tui answer JOB yes               the only open question
  routilux-tui answer JOB 2 --data '{"amount": 3.5}'

An answer that fits neither the types nor the event is refused (2), and so is a second one (1: it
says who has answered, and when). What a job of plain routilux defers until somebody goes on is a
question, too: yes emits it, --data edits it, drop drops it. In a saved job the answer is written to
its file, and the job is taken up where it was started.
"""

_QUEUES = """\
Queues

In the configuration:

  [queues]
  nightly = 2        how many of its jobs run at once on this machine

`run FLOW --queue nightly` begins if there is a place. Else the flow is loaded and checked, the job
is saved as pending, and its runner ends: what waits takes no memory, and outlives restarts.
`ps`, `show` and the list say which of how many it is. When a job of the queue has ended, its runner
starts the next, the longest waiting first; with the environment that it has itself, and the flow as
it is by then. A runner that is killed holds no place, but starts nothing: then the next `ps`, list
of jobs, `wait`, or `run --queue` does. A paused job keeps its place. `rm JOB` takes one out that
waits. `wait JOB` and `run --no-tui` stay until it has had its turn and has ended.
"""

_ALERTS = """\
Alerts: being told

A rule says when, and what is done. Where the job runs, it is looked at once a second, also with no
dashboard open; once a job whoever watches, and after a kill not twice. In the configuration:

  [[alert]]
  when = "failed"             failed, waits for you, slower than usual, silent for 10m, ended,
                              or a condition: status == "failed" && labels.team == "data"
  name = "nightly failed"     else what stands in when
  for = "5m"                  once it has held for so long: seconds, or s, m, h, d
  repeat = "1h"               again while it holds: after 1 h, 2 h, 4 h, then every 8 h
  bell = true                 rings in every terminal that shows the job or its line in the list
  notify = true               a notice of that terminal (OSC 9, 99 or 777), through tmux where its
                              allow-passthrough lets it
  command = ["mail", "-s", "nightly failed", "me@example.org"]

A command is a program and its arguments, and no line of a shell. It runs where the job runs, is
given the job as JSON on its standard input, and ROUTILUX_TUI_JOB; it has 30 s. What it prints is in
the job's log (log JOB --of print). No job's file can name one: those of a job that is taken up are
of its own start, if this user started it on this machine.

A job that has ended is looked at once more, and then no longer, whoever has it open: a rule about
its status waits for no `for` then, and nothing is repeated until the job goes on.

  routilux-tui run FLOW --alert failed --alert 'when = "errors > 10", command = ["./page-me"]'
  routilux-tui alerts JOB [--add RULE] [--off NAME]     `A` in the dashboard
  routilux-tui watch --where CONDITION -- COMMAND       from outside, for all jobs of all machines

The rules of the configuration are for what `run` starts: a job of a flow, and each job of a script
of routilux.
"""

#: What can be explained, and how each topic begins.
TOPICS = {
    "jobs": _JOBS,
    "conditions": _CONDITIONS,
    "moments": _MOMENTS,
    "asking": _QUESTIONS,
    "alerts": _ALERTS,
    "queues": _QUEUES,
    "exit-codes": _EXIT,
}


class _Topics(list[str]):
    """What may be asked for; what may not is told with what may have been meant."""

    def checked(self, name: str) -> str:
        """The name itself.

        Raises:
            UsageError: when there is nothing of that name.
        """
        if name in self:
            return name
        import difflib

        near = [one for one in self if one.startswith(name)]
        near = near or difflib.get_close_matches(name, self, 1)
        hint = f"Did you mean {near[0]!r}?" if near else "Those that there are: routilux-tui help"
        raise UsageError(f"There is no topic and no command {name!r}.", hint)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    from routilux_tui.cli.main import COMMANDS

    topics = _Topics([*TOPICS, *COMMANDS])
    parser.add_argument("topic", metavar="TOPIC", nargs="?", choices=topics, type=topics.checked)


def run(args: argparse.Namespace) -> int:
    """Print it."""
    from routilux_tui.cli.main import parser_of

    if args.topic in TOPICS:
        print(TOPICS[args.topic], end="")
    else:
        parser_of(args.topic or "")[1].print_help()
        if not args.topic:
            print(f"topics: {', '.join(TOPICS)}")
    return 0
