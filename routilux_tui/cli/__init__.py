"""The commands: the only place that prints, and that knows exit codes.

The names in `routilux_tui.cli.main.COMMANDS` are files here; the others are what they share. A new
command is a file with `add_arguments` and `run`, whose docstring is its help, a line in `COMMANDS`,
and a line in the README; ``tests/extension_points/test_new_command.py`` checks it. One that changes
a job is the twin of a control: see `routilux_tui.views.control_kinds`.
"""
