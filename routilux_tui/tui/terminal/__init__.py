"""The terminal itself: how it is left, how fast it is fed, what it can show."""
