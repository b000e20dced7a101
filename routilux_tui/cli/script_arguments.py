"""Telling what of a command line is the script's own."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import argparse


def split_arguments(
    parser: argparse.ArgumentParser, words: list[str]
) -> tuple[list[str], list[str]]:
    """The words that are ours, and those that the script is given.

    The script's begin after its name: with the first word that is neither an option of ours nor
    the value of one, or after ``--``. A flow takes none: of its words all are ours.
    """
    options = parser._option_string_actions  # noqa: SLF001 - argparse tells them nowhere else
    flow, python = "", False
    position = 0
    while position < len(words):
        word = words[position]
        name = word.partition("=")[0] if word.startswith("--") else word[:2]
        if word == "--":
            if not flow:
                flow = words[position + 1] if position + 1 < len(words) else ""
                return _of_script(flow, words, position + 2, position + 2, python=python)
            return _of_script(flow, words, position, position + 1, python=python)
        if word.startswith("-") and name in options:
            python |= name == "--python"
            has_value = options[name].nargs is None and word == name
            position += 1 + has_value
        elif word.startswith("-") and not flow:
            position += 1  # argparse says what is wrong with it
        elif flow:
            return _of_script(flow, words, position, position, python=python)
        else:
            flow = word
            position += 1
    return words, []


def _of_script(
    flow: str, words: list[str], end: int, begin: int, *, python: bool
) -> tuple[list[str], list[str]]:
    from routilux_tui.runner.script import script_of

    script = script_of(flow, named_python=python)
    if script is None or script.name:
        return words, []
    return words[:end], words[begin:]
