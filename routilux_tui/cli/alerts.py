"""The rules by which people are told of a job: when, how often they were; --add sets one.

RULE is failed, waits for you, slower than usual, silent for 10m, ended, a condition in CEL, or the
parts of one: 'when = "errors > 10", for = "5m", command = ["mail", "-s", "errors", "me"]'. It rings
in the terminals that show the job, and notifies; its command runs where the job runs. See
`help alerts` for rules in the configuration.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from routilux_tui.cli import output
from routilux_tui.cli.find_job import find_running, readable

if TYPE_CHECKING:
    import argparse

    from routilux_tui.views.shapes import AlertState


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    parser.add_argument("job", metavar="JOB|FILE")
    parser.add_argument("--add", action="append", default=[], metavar="RULE", help="set a rule")
    parser.add_argument("--off", action="append", default=[], metavar="NAME", help="take it off")
    parser.add_argument("--json", action="store_true", help="a JSON object a rule")


def run(args: argparse.Namespace) -> int:
    """Set them, take them off, and print those that there are."""
    if args.add or args.off:
        from routilux_tui.runner.client import Client
        from routilux_tui.views.alerts import rule_of_text, table_of

        rules = [table_of(rule_of_text(text)) for text in args.add]
        with Client(Path(find_running(args.job).key)) as client:
            for rule in rules:
                client.call("alert", rule=rule)
            for name in args.off:
                client.call("alert_off", name=name)
            found = client.alerts()
    else:
        found = readable(args.job)[0].alerts()
    for one in found:
        _print(one, as_json=args.json)
    return 0


def _print(one: AlertState, *, as_json: bool) -> None:
    if as_json:
        output.print_json(one)
        return
    rule = one.rule
    state = f"holds, told {one.count}x" if one.holds else "does not hold"
    does = [word for word, on in (("bell", rule.bell), ("notify", rule.notify)) if on]
    does += [" ".join(rule.command)] if rule.command else []
    label = rule.name if rule.name == rule.when else f"{rule.name}: {rule.when}"
    print(output.safe(f"{label}  ({state}; {', '.join(does) or 'does nothing'})"))
