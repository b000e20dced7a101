"""Print a completion script: ``source <(routilux-tui completion bash)``."""
# ruff: noqa: E501 - lines of other shells

from __future__ import annotations

from typing import TYPE_CHECKING

from routilux_tui.cli.main import COMMANDS

if TYPE_CHECKING:
    import argparse

_JOBS = "attach show history log tail pause resume cancel wait rm"

_BASH = """\
_routilux_tui() {
    local word="${COMP_WORDS[COMP_CWORD]}"
    if [ "$COMP_CWORD" = 1 ]; then
        COMPREPLY=($(compgen -W "@commands@ --help --version" -- "$word"))
    elif [[ "$word" == -* ]]; then
        local options="$(routilux-tui "${COMP_WORDS[1]}" --help 2>/dev/null | grep -oE -e '--[a-z][a-z-]*' | sort -u)"
        COMPREPLY=($(compgen -W "$options" -- "$word"))
    elif [[ " @jobs@ " == *" ${COMP_WORDS[1]} "* ]]; then
        local jobs="$(routilux-tui ps --json 2>/dev/null | sed -n 's/.*"job_id":"\\([^"]*\\)".*/\\1/p')"
        COMPREPLY=($(compgen -W "$jobs @last" -- "$word") $(compgen -f -- "$word"))
    else
        COMPREPLY=($(compgen -f -- "$word"))
    fi
}
complete -o filenames -F _routilux_tui routilux-tui
"""
_ZSH = """\
#compdef routilux-tui
_routilux_tui() {
    local -a commands
    commands=(@described@)
    if (( CURRENT == 2 )); then
        _describe command commands
    elif [[ "${words[CURRENT]}" == -* ]]; then
        compadd -- $(routilux-tui "${words[2]}" --help 2>/dev/null | grep -oE -e '--[a-z][a-z-]*' | sort -u)
    elif [[ " @jobs@ " == *" ${words[2]} "* ]]; then
        compadd -- $(routilux-tui ps --json 2>/dev/null | sed -n 's/.*"job_id":"\\([^"]*\\)".*/\\1/p') @last
        _files
    else
        _files
    fi
}
compdef _routilux_tui routilux-tui
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    parser.add_argument("shell", choices=["bash", "zsh", "fish"])


def run(args: argparse.Namespace) -> int:
    """Print the script."""
    if args.shell == "fish":
        lines = ["complete -c routilux-tui -f"]
        lines.extend(
            f"complete -c routilux-tui -n __fish_use_subcommand -a {name} -d '{what}'"
            for name, what in ((name, what.replace("'", "\\'")) for name, what in COMMANDS.items())
        )
        lines.append(
            f"complete -c routilux-tui -n '__fish_seen_subcommand_from {_JOBS}' -F -a "
            '"(routilux-tui ps --json 2>/dev/null | string replace -rf \'.*\\"job_id\\":\\"([^\\"]*)\\".*\' \'\\$1\')"'
        )
        lines.append(f"complete -c routilux-tui -n '__fish_seen_subcommand_from {_JOBS}' -a @last")
        lines.append(
            "complete -c routilux-tui -n 'not __fish_use_subcommand' -a "
            "\"(string match -q -- '-*' (commandline -ct); and routilux-tui "
            "(commandline -opc)[2] --help 2>/dev/null | string match -ra -- '--[a-z][a-z-]*')\""
        )
        print("\n".join(lines))
        return 0
    described = " ".join(
        "'" + f"{name}:{what}".replace("'", "") + "'" for name, what in COMMANDS.items()
    )
    text = _BASH if args.shell == "bash" else _ZSH
    print(
        text.replace("@commands@", " ".join(COMMANDS))
        .replace("@described@", described)
        .replace("@jobs@", _JOBS),
        end="",
    )
    return 0
