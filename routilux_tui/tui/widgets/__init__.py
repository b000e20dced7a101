"""Widgets that draw their own lines, so that a change costs what changed."""
