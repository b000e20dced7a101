"""The process that owns a live job: how it is started, found and spoken to."""
