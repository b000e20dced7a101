"""What is shown and asked of a job, without a screen: rows, windows, figures, conditions, graphs.

It may import state, store, job and errors, the standard library, msgspec and CEL; ``make contract``
checks it (``[tool.importlinter]`` in pyproject.toml).
"""
