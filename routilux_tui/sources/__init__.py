"""Where jobs come from: saved files, runner sockets, machines behind ssh.

Each is a `base.Source`; `local` has those of this machine, `routilux_tui.cli.browse` adds others.
"""
