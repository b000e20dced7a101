"""What a job is: its state, its changes, its files and journal, queries and conditions."""
