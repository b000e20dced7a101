"""Measurements: what ``make bench`` prints, never a test."""
