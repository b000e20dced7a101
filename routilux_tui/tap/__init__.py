"""What travels into the interpreter of a script of routilux 0.10 or 0.11, to observe and steer it.

It stands on the standard library of Python 3.8 and newer alone: routilux_tui need not be installed
there. Its counterpart, which makes jobs of what it sends, is in `routilux_tui.runner`.
"""
