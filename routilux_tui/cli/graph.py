"""A flow's routines and connections: as a picture, or for another program.

FLOW is path/to/file.py[:name] or package.module:name. As text, the connections are rails left of
the names: one rail a target, from its first source down to it; ways back are dashed, with heavy
ends, and lead up.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from routilux_tui.cli import output
from routilux_tui.views import graph_formats
from routilux_tui.views.graph import Graph
from routilux_tui.views.graph_formats import Link

if TYPE_CHECKING:
    import argparse

FORMATS = ("text", "mermaid", "dot", "json")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The words of the command."""
    parser.add_argument("flow", metavar="FLOW")
    parser.add_argument(
        "-p", dest="params", action="append", default=[], metavar="KEY=VALUE",
        help="a parameter of the flow's factory",
    )  # fmt: skip
    parser.add_argument("--as", dest="form", choices=FORMATS, default="text", help="the format")
    parser.add_argument("--json", action="store_true", help="the same as --as json")


def run(words: argparse.Namespace) -> int:
    """Print the graph."""
    flow_id, routines, links = flow_graph(words.flow, output.parse_params(words.params))
    form = "json" if words.json else words.form
    if form == "json":
        output.print_json(graph_formats.graph_object(flow_id, routines, links))
    elif form == "mermaid":
        print(graph_formats.mermaid(routines, links), end="")
    elif form == "dot":
        print(graph_formats.dot(flow_id, routines, links), end="")
    else:
        print_rails(routines, links)
    return 0


def flow_graph(spec: str, params: dict[str, object]) -> tuple[str, list[str], list[Link]]:
    """The id, the routines and the connections of a flow.

    Raises:
        FlowLoadError: when there is no such flow, or its code raised.
    """
    from routilux_tui.flow.loading import load_flow

    flow, _ = load_flow(spec, params)
    links = [
        Link(source, event.name, target, slot.name)
        for source, event, target, slot, _ in flow.connections
    ]
    return flow.flow_id, list(flow.routines), links


def print_rails(routines: list[str], links: list[Link]) -> None:
    """Print the picture for people, as wide as it is."""
    graph = Graph(routines, [(link.source, link.target) for link in links])
    rails = graph.draw(widest=graph.width, ascii_only=output.is_ascii())
    for routine_id, text, mark in zip(rails.order, rails.texts, rails.marks, strict=True):
        print(f"{text}{output.safe(routine_id)} {mark}".rstrip())
