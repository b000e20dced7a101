"""The configuration: flags over environment over the file, and where each value came from."""

from __future__ import annotations

import os
import re
import sys
from typing import TYPE_CHECKING, Any, NamedTuple

from routilux_tui.errors import ConfigError, JobFileError, JobFileMissing, UsageError
from routilux_tui.runner.paths import config_file

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable

    from routilux_tui.tui.settings import Settings

SSH_FPS = 10.0
HOME_FPS = 15.0
_SHIFTS = {"": 0, "K": 10, "M": 20, "G": 30}
_SMALLEST_LOG = 1 << 20
_LARGEST = 1 << 20
"""Bytes of the configuration at most."""


class Value(NamedTuple):
    """A setting, and where it came from."""

    value: Any
    origin: str


def _one_of(*choices: str) -> Callable[[Any], Any]:
    def take(value: Any) -> str:
        if value not in choices:
            raise ValueError(f"it is one of {', '.join(choices)}")
        return str(value)

    return take


def _flag(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    if str(value).lower() in {"1", "true", "yes", "on"}:
        return True
    if str(value).lower() in {"0", "false", "no", "off", ""}:
        return False
    raise ValueError("it is true or false")


def _fps(value: Any) -> float:
    number = float(value)
    if isinstance(value, bool) or not 0.5 <= number <= 30:
        raise ValueError("it is a number from 0.5 to 30")
    return number


def _hosts(value: Any) -> list[str]:
    from routilux_tui.sources.ssh import host_of

    names = value.replace(",", " ").split() if isinstance(value, str) else value
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise ValueError('it is a list of machines: ["build1", "ops@build2"]')
    for name in names:
        host_of(name)
    return list(dict.fromkeys(names))


def _keep(value: Any) -> str:
    from routilux_tui.store.retention import parse_keep

    if isinstance(value, dict):
        if value.keys() - {"changes"}:
            raise ValueError("it has one key, changes")
        value = value.get("changes", "")
    if not isinstance(value, str):
        raise ValueError("it is an age (30d), a size (1GB) or none")
    parse_keep(value)
    return value


def _command(value: Any) -> str:
    if not isinstance(value, str) or not value.strip() or "\n" in value:
        raise ValueError("it is a command, as the shell there would take it")
    return value.strip()


class _WrongEntry(ValueError):
    """What is wrong with one entry of a table."""

    def __init__(self, name: str, message: str) -> None:
        super().__init__(message)
        self.name = name


def _keymap(value: Any) -> dict[str, str]:
    from routilux_tui.tui.actions import SCREENS, is_key, keymap_conflict

    if not isinstance(value, dict):
        raise ValueError("it is a table of action = keys")
    ids = {one.id for actions in SCREENS.values() for one in actions}
    for name, keys in value.items():
        if name not in ids:
            import difflib

            near = difflib.get_close_matches(name, ids, 1)
            hint = f"; did you mean {near[0]!r}?" if near else ""
            raise _WrongEntry(name, f"there is no action {name!r}{hint}")
        if not isinstance(keys, str):
            raise _WrongEntry(name, f"the keys of {name} are text")
        for key in keys.split(","):
            if not is_key(key.strip()):
                hint = "a key is x, slash, f5, ctrl+o; several are parted by commas"
                raise _WrongEntry(name, f"there is no key {key.strip()!r}; {hint}")
    keymap = {name: keys.replace(" ", "") for name, keys in value.items()}
    wrong = keymap_conflict(keymap)
    if wrong is not None:
        raise _WrongEntry(wrong[0], f"{wrong[1]}; give one of the two another")
    return keymap


def _size(value: Any) -> int:
    found = re.fullmatch(r"\s*(\d{1,9})\s*(|[KMG]i?B?)\s*", str(value), re.IGNORECASE)
    size = int(found[1]) << _SHIFTS[found[2][:1].upper()] if found is not None else 0
    if isinstance(value, bool) or size < _SMALLEST_LOG:
        raise ValueError('it is a number of bytes from 1MB up: "64MB"')
    return size


def _queues(value: Any) -> dict[str, int]:
    if not isinstance(value, dict):
        raise ValueError("it is a table of queue = how many of its jobs run at once")
    for name, limit in value.items():
        if not isinstance(limit, int) or isinstance(limit, bool) or not 1 <= limit <= 1000:
            raise _WrongEntry(name, "how many of its jobs run at once is a number from 1 to 1000")
    return value


def _alerts(value: Any) -> list[dict[str, Any]]:
    from routilux_tui.views.alerts import rule_of

    if not isinstance(value, list):
        raise ValueError('it is a list of tables: [[alert]] and when = "failed"')
    names = []
    for table in value:
        try:
            names.append(rule_of(table).name)
        except UsageError as error:
            hint = f" ({error.hint.rstrip('.')})" if error.hint else ""
            raise ValueError(f"{error.message.rstrip('.')}{hint}") from None
    twice = [name for name in names if names.count(name) > 1]
    if twice:
        raise ValueError(f"two rules are called {twice[0]!r}")
    return value


#: Every setting: how it is checked, and its default.
SETTINGS: dict[str, tuple[Callable[[Any], Any], Any]] = {
    "theme": (_one_of("auto", "dark", "light"), "auto"),
    "times": (_one_of("relative", "absolute"), "relative"),
    "fps": (_fps, None),
    "ascii": (_flag, None),
    "colour": (_flag, None),
    "mouse": (_flag, True),
    "read_only": (_flag, False),
    "keymap": (_keymap, {}),
    "hosts": (_hosts, []),
    "remote_command": (_command, "routilux-tui"),
    "keep": (_keep, ""),
    "queues": (_queues, {}),
    "alert": (_alerts, []),
    "log_size": (_size, 64 << 20),
}


def add_screen_arguments(parser: argparse.ArgumentParser) -> None:
    """The flags of every command that opens a screen."""
    screen = parser.add_argument_group("screen options")
    screen.add_argument("--theme", choices=["auto", "dark", "light"])
    screen.add_argument("--fps", type=float, help="frames a second at most")
    screen.add_argument("--ascii", action="store_true", default=None, help="draw with ASCII alone")
    screen.add_argument("--no-mouse", dest="mouse", action="store_false", default=None)
    screen.add_argument(
        "--read-only",
        dest="read_only",
        action="store_true",
        default=None,
        help="ask for no control",
    )


def add_remote_command(parser: argparse.ArgumentParser) -> None:
    """The flag of every command that may reach other machines."""
    parser.add_argument(
        "--remote-command", metavar="COMMAND", help="how routilux-tui is started there"
    )


def effective_settings(flags: argparse.Namespace | None = None) -> dict[str, Value]:
    """Every setting with its origin.

    Raises:
        ConfigError: when the file or the environment has a wrong key or value.
    """
    values = {name: Value(default, "default") for name, (_, default) in SETTINGS.items()}
    values.update(_from_file())
    for name, (check, _) in SETTINGS.items():
        variable = f"ROUTILUX_TUI_{name.upper()}"
        text = os.environ.get(variable)
        if text is not None and name not in {"keymap", "queues", "alert"}:
            try:
                values[name] = Value(check(text), variable)
            except ValueError as error:
                raise ConfigError(f"{variable}={text!r}: {error}.") from None
        flag = getattr(flags, name, None)
        if flag is not None:
            try:
                values[name] = Value(check(flag), f"--{name.replace('_', '-')}")
            except ValueError as error:
                raise ConfigError(f"--{name}: {error}.") from None
    return values


def _from_file() -> dict[str, Value]:
    from routilux_tui.store.files import read_regular

    path = config_file()
    try:
        content = read_regular(str(path), _LARGEST)
    except JobFileMissing:
        return {}
    except JobFileError as error:
        raise ConfigError(f"{error.message}", "It is a file of text, in TOML.") from None
    if sys.version_info >= (3, 11):
        import tomllib
    else:
        import tomli as tomllib  # type: ignore[import-not-found,unused-ignore] # older Pythons have it
    try:
        text = content.decode("utf-8")
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{path}: {error}.") from None
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path}: it is no UTF-8: {error}.") from None
    except RecursionError:
        raise ConfigError(f"{path}: it is nested too deeply.") from None
    except ValueError:
        raise ConfigError(f"{path}: a number in it has more digits than are read.") from None
    values = {}
    for name, value in table.items():
        where = f"{path}, line {_line_of(text, name)}"
        if name not in SETTINGS:
            import difflib

            near = difflib.get_close_matches(name, SETTINGS, 1)
            hint = f"Did you mean {near[0]!r}?" if near else f"There are: {', '.join(SETTINGS)}."
            raise ConfigError(f"{where}: there is no setting {name!r}.", hint)
        try:
            values[name] = Value(SETTINGS[name][0](value), str(path))
        except _WrongEntry as error:
            where = f"{path}, line {_line_of(text, error.name, within=name)}"
            raise ConfigError(f"{where}: {name}.{error.name}: {error}.") from None
        except (ValueError, TypeError) as error:
            shown = "" if name == "alert" else f" = {value!r}"
            raise ConfigError(f"{where}: {name}{shown}: {error}.") from None
    return values


def _line_of(text: str, name: str, within: str = "") -> int:
    """The line that sets a name, after the line of the table that it is in."""
    start = _line_of(text, within) - 1 if within else 0
    pattern = rf"\s*\[?\s*[\"']?{re.escape(name)}(?![\w-])"
    for number, line in enumerate(text.splitlines()[start:], start + 1):
        if re.match(pattern, line):
            return number
    return start + 1


def _is_light(colours: str) -> bool:
    """Whether a terminal says of itself that it is light, as rxvt does: ``0;15``, ink and ground.

    They are numbers of the 16 colours; 7 and 15 are the white ones.
    """
    return colours.rpartition(";")[2] in {"7", "15"}


def settings(flags: argparse.Namespace | None = None) -> Settings:
    """What the dashboard is to look like, for this terminal."""
    from routilux_tui.tui.settings import Settings

    values = {name: one.value for name, one in effective_settings(flags).items()}
    remote = any(os.environ.get(name) for name in ("SSH_CONNECTION", "SSH_TTY"))
    if values["fps"] is None:
        values["fps"] = SSH_FPS if remote else HOME_FPS
    if values["theme"] == "auto":
        values["theme"] = "light" if _is_light(os.environ.get("COLORFGBG", "")) else "dark"
    if values["ascii"] is None:
        from routilux_tui.cli.output import is_ascii

        values["ascii"] = is_ascii()
    if values["colour"] is None:
        values["colour"] = not os.environ.get("NO_COLOR")
    known = values.keys() & set(Settings._fields)
    return Settings(**{name: values[name] for name in known})
