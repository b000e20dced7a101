"""Validators: what a slot's data must be for its handler to be called."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable


class ValidationError(Exception):
    """The data is not what a slot takes.

    Args:
        message: what is wrong with it.
        field: the name in the data that is wrong; empty where it is the whole.
    """

    def __init__(self, message: str, field: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.field = field

    def __str__(self) -> str:
        return f"{self.field}: {self.message}" if self.field else self.message


class Validator:
    """What a slot's ``validator`` may be; any object with a ``validate`` like this one does."""

    def validate(self, data: dict[str, Any]) -> None:
        """Raise `ValidationError` when the handler is not to have ``data``."""
        raise NotImplementedError

    @staticmethod
    def types(**types: type | tuple[type, ...]) -> Validator:
        """Takes data in which each of these names is there and of its type."""
        return _Types(types)

    @staticmethod
    def custom(check: Callable[[dict[str, Any]], Any]) -> Validator:
        """Takes data of which ``check(data)`` is true, or a ``(true, message)`` pair."""
        return _Custom(check)


class _Types(Validator):
    def __init__(self, types: dict[str, type | tuple[type, ...]]) -> None:
        self._types = types

    def validate(self, data: dict[str, Any]) -> None:
        for name, kind in self._types.items():
            if name not in data:
                raise ValidationError("it is missing", name)
            if not isinstance(data[name], kind):
                several = kind if isinstance(kind, tuple) else (kind,)
                expected = " or ".join(one.__name__ for one in several)
                raise ValidationError(f"is {type(data[name]).__name__}, not {expected}", name)


class _Custom(Validator):
    def __init__(self, check: Callable[[dict[str, Any]], Any]) -> None:
        self._check = check

    def validate(self, data: dict[str, Any]) -> None:
        try:
            result = self._check(data)
        except ValidationError:
            raise
        except Exception as error:
            raise ValidationError(f"{type(error).__name__}: {error}") from error
        passed, *why = result if isinstance(result, tuple) else (result,)
        if not passed:
            raise ValidationError(str(*why[:1]) or "the check says no")
