"""Where jobs come from: saved files, runner sockets, machines behind ssh.

A new source is a `base.Source` here, whose handles are `base.Handle`: a `live.LiveHandle` where the
far end speaks the runner's protocol, which costs nothing more than a stream to it. It is given by

- `local.local_source`, if its jobs are this machine's, else `routilux_tui.cli.browse.with_hosts`;
  `merged.MergedSource` makes one list of several;
- for commands: `routilux_tui.cli.find_job`, which finds a job by its name, and
  `routilux_tui.cli.attach`, which opens one by its address (``ssh://host/JOB``);
- `routilux_tui.cli.arguments`, which refuses addresses where none are taken,
  `routilux_tui.cli.config` (``hosts``), `routilux_tui.cli.watch` and `routilux_tui.cli.open`, if
  its jobs are named otherwise than those there are; `routilux_tui.cli.screen`, which says how one
  comes back to them;
- the screens that tell a far job by its ``ssh://``, and what a list does by `JobEntry.place`
  (``live`` is steered, ``host`` is a machine's own line), if its jobs are far in another way;
- `flow_runs`, if its jobs are among those that one compares with; `cli.bridge`, if another machine
  is shown them.

What is asked of a job that no handle was asked before is a method of `base.Handle`, made in the
``*_requests`` files for a stream, in `saved_handle` for a file, and answered by `runner.requests`
and by `relay`. ``tests/extension_points/test_new_source.py`` checks handles, requests and answers,
and says what is missing; where commands find its jobs it can't know.
"""
