"""The panes of a job: one file each."""
