"""What people do with single tasks, by name, and the records that it leaves."""

from __future__ import annotations

HOLD, RELEASE, DROP, FIRST, EDIT = "hold", "release", "drop", "first", "edit"
#: What can be done with tasks that wait.
QUEUE_ACTIONS = (HOLD, RELEASE, DROP, FIRST, EDIT)

#: Events of the records that people's doing leaves: a task that had failed was queued again, or one
#: that waited was given another input. Their data is the input, by the names that the slot knows it
#: by; each queues one task, for the routine that it names.
SENT_AGAIN, EDITED = "sent_again", "edited"
QUEUED_BY_HAND = frozenset({SENT_AGAIN, EDITED})
#: The event of the record that tells that somebody gave a task up, and the status of such a task.
GIVEN_UP = "given_up"
