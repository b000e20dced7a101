"""A flow's routines and connections: as a picture, or for another program.

JOB is a running job, a saved one or a file; FLOW is path/to/file.py[:name] or
package.module:name. As text, the connections are rails left of the names: one rail a target, from
its first source down to it; ways back are dashed, with heavy ends, and lead up.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from routilux_tui.cli import output
from routilux_tui.cli.at_moment import add_at_argument, readable_at
from routilux_tui.errors import UsageError
from routilux_tui.views import graph_formats
from routilux_tui.views.flow_shape import FlowShape, Link
from routilux_tui.views.graph import Graph

if TYPE_CHECKING:
    import argparse

FORMATS = ("text", "mermaid", "dot", "json")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    parser.add_argument("what", metavar="JOB|FILE|FLOW")
    parser.add_argument(
        "-p", dest="params", action="append", default=[], metavar="KEY=VALUE",
        help="a parameter of the flow's factory",
    )  # fmt: skip
    parser.add_argument("--as", dest="form", choices=FORMATS, default="text", help="the format")
    add_at_argument(parser)
    parser.add_argument("--json", action="store_true", help="the same as --as json")


def run(args: argparse.Namespace) -> int:
    """Print the graph."""
    is_flow = args.what.endswith(".py") or ":" in args.what
    if is_flow and args.at is not None:
        raise UsageError("--at goes with a job: a flow has no past.")
    if is_flow:
        flow = flow_of_spec(args.what, output.parse_params(args.params))
    else:
        flow = readable_at(args.what, args.at)[0].flow()
        if not flow.is_whole:
            print("routilux-tui: the job does not tell its flow's connections.", file=sys.stderr)
    form = "json" if args.json else args.form
    if form == "json":
        output.print_json(graph_formats.graph_object(flow))
    elif form == "mermaid":
        print(graph_formats.mermaid(flow), end="")
    elif form == "dot":
        print(graph_formats.dot(flow), end="")
    else:
        print_rails(flow)
    return 0


def flow_of_spec(spec: str, params: dict[str, object]) -> FlowShape:
    """What a flow is made of, by its file or module.

    Raises:
        FlowLoadError: when there is no such flow, or its code raised.
    """
    from routilux_tui.flow.loading import load_flow

    flow, _ = load_flow(spec, params)
    return FlowShape(
        flow_id=flow.flow_id,
        routines=list(flow.routines),
        links=[
            Link(source, event.name, target, slot.name)
            for source, event, target, slot, _ in flow.connections
        ],
        workers=flow.max_workers,
    )


def print_rails(flow: FlowShape) -> None:
    """Print the picture for people, as wide as it is."""
    graph = Graph(flow.routines, [(link.source, link.target) for link in flow.links])
    rails = graph.draw(widest=graph.width, ascii_only=output.is_ascii())
    for routine_id, text, mark in zip(rails.order, rails.texts, rails.marks, strict=True):
        print(f"{text}{output.safe(routine_id)} {mark}".rstrip())
