"""A job on disk: reading every version, writing, the journal, recovery, large files."""
