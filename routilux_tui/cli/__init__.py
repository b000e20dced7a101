"""The commands: the only place that prints, and that knows exit codes.

The names in `routilux_tui.cli.main.COMMANDS` are files here; the others are what they share.
"""
