"""The panes of a job: one file each.

`routilux_tui.tui.screens.job` makes them, and `layout` says where each is seen.
"""
