"""How a handler is given its data: by the parameters that it has."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

_TAKES_ALL, _TAKES_ONE, _TAKES_SEVERAL = range(3)


class Signature:
    """What a handler takes; looked at once, for a look takes longer than many a handler.

    Args:
        handler: the user's function.
    """

    __slots__ = ("_all_default", "_kind", "names")

    def __init__(self, handler: Callable[..., Any]) -> None:
        self.names: list[str] = []
        self._all_default = False
        self._kind = _TAKES_ALL
        try:
            parameters = list(inspect.signature(handler).parameters.values())
        except (TypeError, ValueError):  # some builtins have no signature
            self._kind, self.names = _TAKES_ONE, ["data"]
            return
        if any(one.kind is one.VAR_KEYWORD for one in parameters):
            return
        named = [one for one in parameters if one.kind is not one.VAR_POSITIONAL]
        if parameters and not named:  # it takes *args alone
            self._kind, self.names = _TAKES_ONE, ["data"]
            return
        self.names = [one.name for one in named]
        self._all_default = all(one.default is not one.empty for one in named)
        one_alone = len(named) == 1 and named[0].kind is not named[0].KEYWORD_ONLY
        self._kind = _TAKES_ONE if one_alone else _TAKES_SEVERAL

    def call(self, handler: Callable[..., Any], data: dict[str, Any]) -> Any:
        """Call the handler with ``data`` as its parameters ask for it; see `Slot.call`."""
        if self._kind is _TAKES_ALL:
            return handler(**data)
        names = self.names
        if self._kind is _TAKES_ONE:
            name = names[0]
            if name == "data":
                return handler(dict(data))
            if name in data:
                return handler(data[name])
            return handler(dict(data)) if data or not self._all_default else handler()
        matched = {name: data[name] for name in names if name in data}
        if matched or (self._all_default and not data):
            return handler(**matched)
        return handler(dict(data)) if names else handler()

    def ignored(self, data: dict[str, Any]) -> list[str]:
        """The names in ``data`` that the handler would silently not be given."""
        if self._kind is _TAKES_ALL or self.names == ["data"]:
            return []
        if not self._all_default and not any(name in data for name in self.names):
            return []  # its first parameter is given the whole
        return [name for name in data if name not in self.names]
