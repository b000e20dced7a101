"""Print a completion script.

bash: source <(routilux-tui completion bash), in ~/.bashrc. zsh: the same with zsh, after compinit.
fish: routilux-tui completion fish > ~/.config/fish/completions/routilux-tui.fish
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import argparse

#: A space after a whole word is part of the answer, so that a folder has none.
_BASH = """\
_routilux_tui() {
    mapfile -t COMPREPLY < <(routilux-tui complete bash \
"$COMP_LINE" "$COMP_POINT" "$COMP_WORDBREAKS" 2>/dev/null)
}
complete -o nospace -o nosort -F _routilux_tui routilux-tui
"""
_ZSH = """\
#compdef routilux-tui
_routilux_tui() {
    local value what
    local -a whole whole_shown part part_shown answer
    answer=("${(@0)$(routilux-tui complete zsh \
"${(@Q)words[1,CURRENT-1]}" "${words[CURRENT]}" 2>/dev/null)}")
    for value what in "${(@)answer}"; do
        if [[ "$value" == w?* ]]; then
            whole+=("${value[2,-1]}")
            whole_shown+=("${value[2,-1]}${what:+  -- $what}")
        elif [[ "$value" == p?* ]]; then
            part+=("${value[2,-1]}")
            part_shown+=("${value[2,-1]}")
        fi
    done
    (( $#part )) && compadd -U -S '' -d part_shown -a part
    (( $#whole )) && compadd -U -d whole_shown -a whole
}
compdef _routilux_tui routilux-tui
"""
_FISH = """\
complete -c routilux-tui -e
complete -c routilux-tui -f -a '(routilux-tui complete fish \
(commandline -opc) "$(commandline -ct)" 2>/dev/null)'
"""
_SCRIPTS = {"bash": _BASH, "zsh": _ZSH, "fish": _FISH}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    parser.add_argument("shell", choices=sorted(_SCRIPTS))


def run(args: argparse.Namespace) -> int:
    """Print the script."""
    print(_SCRIPTS[args.shell], end="")
    return 0
