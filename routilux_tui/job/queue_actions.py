"""What people do with tasks that wait for their turn, by name."""

from __future__ import annotations

HOLD, RELEASE, DROP, FIRST, EDIT = "hold", "release", "drop", "first", "edit"
#: What can be done with tasks that wait.
QUEUE_ACTIONS = (HOLD, RELEASE, DROP, FIRST, EDIT)
