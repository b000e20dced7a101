"""What flows of routilux may ask for and is not here, and what to do without it."""

from __future__ import annotations

_ASK_THE_JOB = "what a job did stands in its routine_states and execution_history"
#: Attributes of routilux's flows that ours do not have.
FLOW_HAS_NOT = {
    "metrics_collector": _ASK_THE_JOB,
}

#: Names that routilux exports: kind -> what to do without them, and which they are.
_NAMES = {
    "ready-made routine": (
        "write it as a Routine of your own",
        (
            "ConditionalRouter",
            "DataFlattener",
            "DataTransformer",
            "DataValidator",
            "ResultExtractor",
            "TextClipper",
            "TextRenderer",
            "TimeProvider",
        ),
    ),
    "measuring": (
        "a JobState counts runs, errors, retries and times by itself, see its routine_states",
        ("Counter", "Gauge", "Histogram", "MetricTimer", "MetricsCollector"),
    ),
    "analysis": (
        "analyse the flow with routilux itself",
        (
            "BaseFormatter",
            "RoutineAnalyzer",
            "RoutineMarkdownFormatter",
            "WorkflowAnalyzer",
            "WorkflowD2Formatter",
            "analyze_routine_file",
            "analyze_workflow",
        ),
    ),
}


def why_not_here(name: str) -> str:
    """Why a name of routilux can't be imported, and the way out; empty for any other name."""
    for kind, (remedy, names) in _NAMES.items():
        if name in names:
            return f"routilux's {name} ({kind}) is not part of routilux_tui: {remedy}"
    return ""
