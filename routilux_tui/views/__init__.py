"""What is shown and asked of a job: rows, windows, projections and conditions."""
