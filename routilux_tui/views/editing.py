"""An input that somebody edits: put together from what was written, and shown as a difference."""

from __future__ import annotations

import json
from typing import Any

import msgspec

from routilux_tui.errors import UsageError
from routilux_tui.job.jsonable import parse_json, to_plain

#: Levels of an edit that are looked into.
_DEEPEST = 50


class Edited(msgspec.Struct, frozen=True, kw_only=True):
    """What becomes of an input: another in its place, or other values of some of its keys.

    ``patch`` is one of RFC 7396: ``null`` takes a key away.
    """

    input: dict[str, Any] | None = None
    patch: dict[str, Any] | None = None

    def of(self, given: Any) -> dict[str, Any]:
        """What becomes of an input."""
        if self.input is not None:
            return self.input
        merged: dict[str, Any] = merge_patch(given, self.patch or {})
        return merged


def edited_of(params: dict[str, Any]) -> Edited | None:
    """What a request makes of the inputs that it means; None where it leaves them as they are.

    Raises:
        UsageError: when it is no object, or several inputs would become the same.
    """
    whole, patch = params.get("input"), params.get("edit")
    if whole is None and patch is None:
        return None
    if not isinstance({} if whole is None else whole, dict) or not isinstance(
        {} if patch is None else patch, dict
    ):
        raise UsageError("An edit is an object.", 'Say: --edit \'{"key": "value"}\'')
    if whole is not None and params.get("task") is None:
        raise UsageError("One input in place of several would lose the others.")
    merge_patch({}, patch)
    return Edited(input=whole, patch=patch)


def parse_input(text: str) -> dict[str, Any]:
    """The input that a text tells.

    Raises:
        UsageError: when it is no JSON, or no object; says where.
    """
    try:
        value = parse_json(text)
    except RecursionError:
        raise UsageError("The input is no JSON: it is too deeply nested.") from None
    except ValueError as error:
        raise UsageError(f"The input is no JSON: {error}.") from None
    if not isinstance(value, dict):
        raise UsageError("The input is no object.", 'Say: {"key": value}')
    return value


def merge_patch(value: Any, patch: Any, depth: int = 0) -> Any:
    """A value with the keys that a patch gives in place of its own; ``null`` takes a key away.

    As RFC 7396 has it.

    Raises:
        UsageError: when the patch is too deeply nested.
    """
    if depth > _DEEPEST:
        raise UsageError("The edit is too deeply nested.")
    if not isinstance(patch, dict):
        return patch
    merged = dict(value) if isinstance(value, dict) else {}
    for key, one in patch.items():
        if one is None:
            merged.pop(key, None)
        else:
            merged[key] = merge_patch(merged.get(key), one, depth + 1)
    return merged


def patch_between(before: Any, after: Any) -> Any:
    """The patch that makes the one value of the other."""
    if not isinstance(before, dict) or not isinstance(after, dict):
        return after
    patch = {key: None for key in before if key not in after}
    for key, one in after.items():
        if key not in before or before[key] != one or type(before[key]) is not type(one):
            patch[key] = patch_between(before.get(key), one)
    return patch


def input_text(value: Any) -> str:
    """An input as it is edited: indented JSON with a line's end."""
    return json.dumps(to_plain(value), indent=2, ensure_ascii=False) + "\n"


def difference(before: Any, after: Any) -> list[str]:
    """What an edit changes, line by line: ``- `` was, ``+ `` is to be, two blanks stay."""
    old, new = input_text(before).splitlines(), input_text(after).splitlines()
    import difflib

    return [line for line in difflib.ndiff(old, new) if not line.startswith("?")]
