"""Where jobs come from: saved files, runner sockets, machines behind ssh."""
