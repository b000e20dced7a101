"""Where jobs come from: saved files, runner sockets, machines behind ssh.

A new source is a `base.Source` here, whose handles are `base.Handle`: a `live.LiveHandle` where the
far end speaks the runner's protocol, which costs nothing more than a stream to it. It is given by

- `local.local_source`, if its jobs are this machine's, else `routilux_tui.cli.browse.with_hosts`;
  `merged.MergedSource` makes one list of several;
- for commands: `routilux_tui.cli.find_job`, which finds a job by its name, and
  `routilux_tui.cli.attach`, which opens one by its address (``ssh://host/JOB``);
- `flow_runs`, if its jobs are among those that one compares with; `cli.bridge`, if another machine
  is shown them.

What is asked of a job that no handle was asked before is a method of `base.Handle`, made in the
``*_requests`` files for a stream, in `saved_handle` for a file, and answered by `runner.requests`
and by `relay`. ``tests/extension_points/test_new_source.py`` checks all of that, and says what is
missing.
"""
