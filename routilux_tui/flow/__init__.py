"""What runs a job: flows, routines, error strategies and the engine."""
