"""Loading a flow from a file or a module: ``path/to/file.py:name`` or ``package.module:name``.

``name`` is a `Flow`, or a callable that returns one. Without it, the file's only flow is meant,
or its only factory.
"""

from __future__ import annotations

import importlib
import importlib.util
import inspect
import sys
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Any

from routilux_tui.errors import FlowLoadError, UsageError
from routilux_tui.flow.flow import Flow

if TYPE_CHECKING:
    from types import ModuleType

_MAIN_HINT = (
    "Make it in a function that returns it, or at the file's top level: what stands under "
    "`if __name__ == '__main__':` runs only when the file itself is run."
)


def load_flow(spec: str, params: dict[str, Any] | None = None) -> tuple[Flow, dict[str, Any]]:
    """Load a flow.

    Args:
        spec: ``path/to/file.py[:name]`` or ``package.module[:name]``.
        params: parameters of the call; a factory is given those that it names.

    Returns:
        The flow, and the parameters that are left for its entry routine. A flow without a
        name of its own goes by that of its file.

    Raises:
        FlowLoadError: when there is no such file, module or flow, or the user's code raised;
            then with its traceback.
    """
    location, name = split_spec(spec)
    module = _import(location)
    candidate = _find_named(module, location, name) if name else _find_only(module, location)
    params = dict(params or {})
    if not isinstance(candidate, Flow):
        candidate = _call_factory(candidate, spec, params)
    if not candidate.is_named:
        stem = module.__name__.removesuffix(" (flow)").rpartition(".")[2]
        candidate.flow_id = f"{stem}.{name}" if name else stem
    return candidate, params


def split_spec(spec: str) -> tuple[str, str]:
    """The file or module of a flow's words, and its name there, or nothing.

    A path may hold colons itself: what comes after the last one is a name only where it can be
    one, and where the whole is no file.
    """
    location, colon, name = spec.rpartition(":")
    if not colon or Path(spec).is_file() or "/" in name or name.endswith(".py"):
        return spec, ""
    return location, name


def check_taken(params: dict[str, Any], changed: list[str]) -> None:
    """Raise UsageError where what is left for the entry was meant to change a run without it."""
    for name in changed:
        if name in params:
            raise UsageError(
                f"{name!r} is a parameter of the entry routine, which is not run again.",
                "Run the whole again, or leave it out.",
            )


def check_params(flow: Flow, entry: str, params: dict[str, Any]) -> None:
    """Refuse parameters that the entry routine's handler would never see.

    Raises:
        UsageError: naming the first of them, and those that there are.
    """
    slot = flow.routine(entry).get_slot("trigger")
    ignored = slot.ignored(params) if slot is not None else []
    if slot is not None and ignored:
        raise UsageError(
            f"Routine {entry!r}, the entry, has no parameter {ignored[0]!r}.",
            f"It has: {', '.join(slot.parameters()) or 'none'}.",
        )


def _import(location: str) -> ModuleType:
    if location.endswith(".py") or "/" in location:
        return _import_file(Path(location).expanduser())
    if not location:
        raise FlowLoadError("FLOW names no file and no module.", "Say file.py:name.")
    try:
        if importlib.util.find_spec(location.partition(".")[0]) is None:
            _import_from(Path.cwd())  # it is not installed: its package lies here
        return importlib.import_module(location)
    except ModuleNotFoundError as error:
        if error.name and (location == error.name or location.startswith(f"{error.name}.")):
            raise FlowLoadError(
                f"There is no module {location!r}.", "Say path/to/file.py:name for a file."
            ) from None
        raise _user_error(f"Module {location!r}", error) from error
    except BaseException as error:
        raise _user_error(f"Module {location!r}", error) from error


def _import_file(path: Path) -> ModuleType:
    if not path.is_file():
        kind = "is no regular file" if path.exists() else "does not exist"
        raise FlowLoadError(f"{path} {kind}.", "Say path/to/file.py:name.")
    path = path.resolve()
    _import_from(path.parent)
    name = path.stem
    if _is_taken(name, path):
        name = f"{name} (flow)"  # the module that goes by that name stays what it is
    found = importlib.util.spec_from_file_location(name, path)
    if found is None or found.loader is None:
        raise FlowLoadError(f"{path} is no Python file.", "Its name ends in .py.")
    module = importlib.util.module_from_spec(found)
    sys.modules[name] = module
    try:
        found.loader.exec_module(module)
    except BaseException as error:
        raise _user_error(str(path), error) from error
    return module


def _import_from(folder: Path) -> None:
    """Have modules of a folder found: behind the standard library, before what is installed.

    A ``token.py`` or ``json.py`` that happens to lie there is not taken for Python's own.
    """
    if str(folder) in sys.path:
        return
    library = str(Path(inspect.__file__).parent)
    behind = [
        n
        for n, place in enumerate(sys.path)
        if place == library or Path(place).name == "lib-dynload"
    ]
    sys.path.insert(max(behind, default=-1) + 1, str(folder))


def _is_taken(name: str, path: Path) -> bool:
    """Whether a module's name means another file than this one."""
    if name in sys.stdlib_module_names:
        return True
    try:
        found = importlib.util.find_spec(name)
    except (ImportError, ValueError):  # what is loaded under that name has no file
        return name in sys.modules
    return found is not None and found.origin is not None and found.origin != str(path)


def _user_error(where: str, error: BaseException) -> FlowLoadError:
    """The user's own code raised: his traceback, without our frames."""
    trace = error.__traceback__
    ours = (__file__, "<frozen importlib._bootstrap>", "<frozen importlib._bootstrap_external>")
    while trace is not None and (
        trace.tb_frame.f_code.co_filename in ours
        or "importlib" in trace.tb_frame.f_code.co_filename
    ):
        trace = trace.tb_next
    text = "".join(traceback.format_exception(type(error), error, trace))
    return FlowLoadError(f"{where} raised {type(error).__name__}: {error}", traceback=text)


def _candidates(module: ModuleType) -> dict[str, Any]:
    """The flows of a module, and its functions that say or look like they return one."""
    found: dict[str, Any] = {}
    for name, candidate in vars(module).items():
        if isinstance(candidate, Flow):
            found[name] = candidate
        elif inspect.isfunction(candidate) and candidate.__module__ == module.__name__:
            annotation = str(candidate.__annotations__.get("return", ""))
            is_annotated = annotation in {"Flow", "<class 'routilux_tui.flow.flow.Flow'>"}
            is_named_so = not annotation and (name == "flow" or name.endswith("_flow"))
            if is_annotated or is_named_so or annotation.endswith(".Flow"):
                found[name] = candidate
    return {name: candidate for name, candidate in found.items() if not name.startswith("_")}


def _find_only(module: ModuleType, location: str) -> Any:
    found = _candidates(module)
    flows = [candidate for candidate in found.values() if isinstance(candidate, Flow)]
    if len(found) == 1 or len(flows) == 1:  # a factory beside it made it, or makes another
        return (flows or list(found.values()))[0]
    if not found:
        raise FlowLoadError(
            f"{location} holds no flow, and no function that makes one.", _MAIN_HINT
        )
    raise FlowLoadError(
        f"{location} holds more than one flow.",
        f"Name one: {', '.join(f'{location}:{name}' for name in found)}.",
    )


def _find_named(module: ModuleType, location: str, name: str) -> Any:
    candidate: Any = module
    for part in name.split("."):
        candidate = getattr(candidate, part, None)
    if candidate is None:
        there = ", ".join(_candidates(module))
        hint = f"It has: {there}." if there else _MAIN_HINT
        raise FlowLoadError(f"{location} has no {name!r}.", hint)
    if not isinstance(candidate, Flow) and not callable(candidate):
        raise FlowLoadError(
            f"{location}:{name} is a {type(candidate).__name__}, neither a Flow nor a callable.",
            "Name a Flow, or a function that returns one.",
        )
    return candidate


def _call_factory(factory: Any, spec: str, params: dict[str, Any]) -> Flow:
    given = {}
    try:
        signature = inspect.signature(factory)
    except (TypeError, ValueError):
        signature = inspect.Signature()
    for name, parameter in signature.parameters.items():
        if parameter.kind in {parameter.POSITIONAL_OR_KEYWORD, parameter.KEYWORD_ONLY}:
            if name in params:
                given[name] = params.pop(name)
            elif parameter.default is parameter.empty:
                raise FlowLoadError(f"{spec} needs the parameter {name!r}.", f"Say -p {name}=...")
    try:
        flow = factory(**given)
    except BaseException as error:
        raise _user_error(spec, error) from error
    if not isinstance(flow, Flow):
        raise FlowLoadError(
            f"{spec} returned a {type(flow).__name__} (of {type(flow).__module__}), not a Flow.",
            "Import Flow and Routine from routilux_tui.",
        )
    return flow
