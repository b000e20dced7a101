"""Taking values out of what is handed on: by the keys under which they stand."""

from __future__ import annotations

from typing import Any

REDACTED = "[taken out]"
#: A text that is shorter is not looked for elsewhere: it would be found in too much.
_SHORTEST = 4


class Redaction:
    """Takes out the values of some keys, and remembers them, to find them in free text, too."""

    def __init__(self, keys: frozenset[str]) -> None:
        self.keys = keys
        self._texts: set[str] = set()

    def data(self, value: Any) -> Any:
        """A JSON value without the values of the keys, however deep they stand."""
        if not self.keys:
            return value
        if isinstance(value, dict):
            return {
                key: self._take_out(one) if str(key) in self.keys else self.data(one)
                for key, one in value.items()
            }
        if isinstance(value, list):
            return [self.data(one) for one in value]
        return value

    def text(self, text: str) -> str:
        """A free text (a message, a traceback) without what was taken out of the data so far."""
        for one in sorted(self._texts, key=len, reverse=True):
            text = text.replace(one, REDACTED)
        return text

    def texts_in(self, value: Any) -> Any:
        """A JSON value whose texts are without what was taken out of the data so far."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, dict):
            return {key: self.texts_in(one) for key, one in value.items()}
        return [self.texts_in(one) for one in value] if isinstance(value, list) else value

    def _take_out(self, value: Any) -> str:
        stack = [value]
        while stack:
            one = stack.pop()
            if isinstance(one, (dict, list)):
                stack += one.values() if isinstance(one, dict) else one
            elif isinstance(one, (str, int, float)) and len(str(one)) >= _SHORTEST:
                self._texts.add(str(one))
        return REDACTED
