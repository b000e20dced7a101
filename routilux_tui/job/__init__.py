"""What a job is: its data, its changes, records, tasks, statuses and JSON values."""
