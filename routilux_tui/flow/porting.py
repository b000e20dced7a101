"""What flows of routilux may ask for and is not here, and what to do without it."""

from __future__ import annotations

_SAVE_THE_JOB = (
    "a flow is code, and is not saved: save its job, job_state.save(file), and go on elsewhere by "
    "flow.resume(JobState.load(file)) with a flow made by the same function"
)
_ASK_THE_JOB = "what a job did stands in its routine_states and execution_history"
#: Attributes of routilux's flows that ours do not have.
FLOW_HAS_NOT = {
    "serialize": _SAVE_THE_JOB,
    "deserialize": _SAVE_THE_JOB,
    "execution_tracker": _ASK_THE_JOB,
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
        ("Counter", "ExecutionTracker", "Gauge", "Histogram", "MetricTimer", "MetricsCollector"),
    ),
    "error class": (
        "catch ValueError for a wrong flow, errors.RoutiluxTuiError for all; raise your own",
        (
            "ConfigurationError",
            "ExecutionError",
            "RoutiluxError",
            "SerializationError",
            "SlotHandlerError",
            "StateError",
        ),
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
