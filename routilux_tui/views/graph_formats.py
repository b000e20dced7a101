"""A flow's graph for other programs: Mermaid, Graphviz's DOT, and JSON.

Names in a flow are text of its author; in these formats they stand quoted, and mean nothing.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from routilux_tui.views.text import printable

if TYPE_CHECKING:
    from routilux_tui.views.flow_shape import FlowShape, Link

_MERMAID = re.compile(r"[^\w .,:+*/()\[\]{}=<>!?-]|[<>]")


def mermaid(flow: FlowShape) -> str:
    """The flow as a Mermaid flowchart."""
    number = {one: f"r{n}" for n, one in enumerate(flow.routines)}
    lines = ["flowchart TD"]
    lines += [f'    {number[one]}["{_mermaid_text(one)}"]' for one in flow.routines]
    lines += [
        f'    {number[link.source]} -->|"{_mermaid_text(_label(link))}"| {number[link.target]}'
        for link in flow.links
        if link.source in number and link.target in number
    ]
    return "\n".join(lines) + "\n"


def dot(flow: FlowShape) -> str:
    """The flow as a directed graph of Graphviz."""
    lines = [f"digraph {_dot_text(flow.flow_id)} {{", "    node [shape=box];"]
    lines += [f"    {_dot_text(one)};" for one in flow.routines]
    lines += [
        f"    {_dot_text(link.source)} -> {_dot_text(link.target)} "
        f"[label={_dot_text(_label(link))}];"
        for link in flow.links
    ]
    return "\n".join([*lines, "}"]) + "\n"


def graph_object(flow: FlowShape) -> dict[str, Any]:
    """The flow as JSON: ``flow_id``, ``routines`` in order, ``connections`` by their four ends."""
    return {
        "flow_id": flow.flow_id,
        "routines": flow.routines,
        "connections": [link._asdict() for link in flow.links],
    }


def _label(link: Link) -> str:
    return link.event if link.event == link.slot else f"{link.event} to {link.slot}"


def _mermaid_text(text: str) -> str:
    """Text within Mermaid's quotes, which know no escape but a character's number."""
    return _MERMAID.sub(lambda found: f"#{ord(found.group())};", printable(text))


def _dot_text(text: str) -> str:
    plain = printable(text).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{plain}"'
