"""Numbers that a file tells: ids, counts, seconds, each as it should be or as none."""

from __future__ import annotations

from typing import Any, TypeGuard


def is_id(value: Any) -> TypeGuard[int]:
    """Whether a value of a file may be the id of a task: an integer from 0 to 2**63 - 1."""
    return type(value) is int and 0 <= value < 1 << 63


def as_count(value: Any) -> int:
    """A count that a file tells; 0 where it tells none."""
    return value if is_id(value) else 0


def as_number(value: Any) -> float:
    """A number from 0 up that a file tells, such as seconds; 0 where it tells none."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return 0.0
    return float(value) if 0 <= value < 1e15 else 0.0
