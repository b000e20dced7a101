"""What is painted, and which key does what."""
