"""`JobState`, as users know it: attributes, methods, save and load, waiting, output handlers."""
