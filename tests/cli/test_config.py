"""The configuration: its checks, and what follows from the terminal and the locale."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from routilux_tui.cli.config import settings
from tests.cli.program import tui
from tests.conftest import DATA

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("told", "theme"), [("", "dark"), ("15;0", "dark"), ("0;15", "light"), ("0;default;7", "light")]
)
def test_a_light_terminal_gets_the_light_theme(
    told: str, theme: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLORFGBG", told)
    assert settings().theme == theme
    monkeypatch.setenv("ROUTILUX_TUI_THEME", "dark")
    assert settings().theme == "dark"


@pytest.mark.parametrize(
    ("locale", "ascii_only"),
    [
        ({"LANG": "en_US.UTF-8"}, False),
        ({"LC_ALL": "C"}, True),
        ({"LANG": "C"}, True),
        ({"LANG": "de_DE.ISO-8859-1"}, True),
        ({"LANG": "C", "LC_ALL": "C.UTF-8"}, False),
        ({}, False),
    ],
)
def test_what_is_printed_is_ascii_where_the_locale_is_not_utf_8(
    locale: dict[str, str], ascii_only: bool
) -> None:
    clean = {k: v for k, v in os.environ.items() if k not in {"LANG", "LC_ALL", "LC_CTYPE"}}
    words = ["show", str(DATA / "jobs/0.11.0/completed.json")]
    done = subprocess.run(
        [sys.executable, "-m", "routilux_tui", *words],
        capture_output=True,
        encoding="utf-8",
        env={**clean, **locale},
    )
    assert done.stdout.isascii() is ascii_only


def test_the_configuration_is_checked_with_its_line(world: Path) -> None:
    place = world / "config/routilux-tui"
    place.mkdir()
    (place / "config.toml").write_text('# mine\ntheme = "light"\nfps = 99\n')
    done = tui("info", code=2)
    assert "line 3" in done.stderr
    (place / "config.toml").write_text('theme = "light"\ntimez = "absolute"\n')
    assert "Did you mean 'times'" in tui("info", code=2).stderr
    (place / "config.toml").write_text('theme = "light"\n[keymap]\npauze = "x"\n')
    assert "did you mean 'pause'" in tui("info", code=2).stderr
    (place / "config.toml").write_text('[keymap]\nsort = "o"\nselect = "x"\nbadge = "b"\n')
    assert json.loads(tui("info", "--json").stdout)["settings"]["keymap"]["value"]["sort"] == "o"
    for entry, why in {
        'find = "nokey"': "there is no key 'nokey'",
        'find = ""': "there is no key ''",
        'find = "p"': "'p' is the key of pause on a job's screen",
        '"pane(1)" = "j"': "'j' is the key of down on a job's screen",
        'sort = "space"': "'space' is the key of ",
    }.items():
        (place / "config.toml").write_text(f'times = "absolute"\n[keymap]\nzoom="Z"\n{entry}\n')
        told = tui("info", code=2).stderr
        assert "line 4" in told, told
        assert why in told, told
    (place / "config.toml").write_text(
        '[keymap]\npause = "r, f5"\nresume = "p"\ncopy = "alt+c"\nfind = "/"\nzoom = "percent_sign"\n'
    )
    tui("info")
    (place / "config.toml").write_text('theme = "light"\nfps = 5\n')
    told = json.loads(tui("info", "--json").stdout)["settings"]
    assert told["theme"]["from"].endswith("config.toml")
    os.environ["ROUTILUX_TUI_FPS"] = "7"
    try:
        told = json.loads(tui("info", "--json").stdout)["settings"]
    finally:
        del os.environ["ROUTILUX_TUI_FPS"]
    assert told["fps"] == {"value": 7.0, "from": "ROUTILUX_TUI_FPS"}


def test_no_setting_reaches_the_terminal_as_it_is(
    world: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ROUTILUX_TUI_REMOTE_COMMAND", "x\x1b]52;c;x\x07\x9b\u202e")
    monkeypatch.setenv("XDG_STATE_HOME", str(world / "s\x1b[2J"))
    printed = tui("info").stdout
    assert not {"\x1b", "\x07", "\x9b", "\u202e"} & set(printed)
    assert "]52;c;x" in printed


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (f"fps = {'9' * 5000}", "more digits"),
        (f"a = {'[' * 3000}{']' * 3000}", "nested too deeply"),
    ],
    ids=["digits", "brackets"],
)
def test_a_configuration_that_can_not_be_read_says_why(world: Path, text: str, why: str) -> None:
    path = world / "config/routilux-tui/config.toml"
    path.parent.mkdir()
    path.write_text(text)
    told = tui("info", code=2).stderr
    assert str(path) in told
    assert why in told
