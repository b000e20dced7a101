"""Finding the Python in which a script's routilux is installed, and of which version that is."""

from __future__ import annotations

import functools
import os
import subprocess
import sys
from pathlib import Path

import msgspec

from routilux_tui.errors import FlowLoadError

HOW = (
    "Make an environment with it: python3 -m venv .venv && "
    ".venv/bin/pip install 'routilux==0.11.0' 'serilux<0.4'; "
    "then say --python .venv/bin/python."
)
_WITHIN = 20.0
#: Nothing of the library is run: where it lies says what it has.
_ASK = """
import json, os, sys
folder = version = ""
if sys.version_info >= (3, 8):
    import importlib.util
    from importlib.metadata import PackageNotFoundError, version as ask
    sys.path[0] = sys.argv[1]
    spec = importlib.util.find_spec("routilux")
    folder = os.path.dirname(spec.origin) if spec and spec.origin else ""
    try:
        version = ask("routilux") if folder else ""
    except PackageNotFoundError:
        pass
needed = ["job_state.py", "flow/event_loop.py", "flow/state_management.py"]
has = bool(folder) and all(os.path.exists(os.path.join(folder, one)) for one in needed)
print(json.dumps({
    "python": list(sys.version_info[:2]), "folder": folder, "version": version, "has": has,
}))
"""


class Interpreter(msgspec.Struct, frozen=True):
    """A Python, and the routilux that it has; ``version`` is empty where it has none."""

    path: str
    python: tuple[int, int]
    folder: str
    version: str
    has: bool
    """Whether that routilux has jobs with a JobState, which can be observed."""


@functools.lru_cache(maxsize=32)
def examine(python: str, folder: str) -> Interpreter | None:
    """What a Python says of itself, for a script in a folder; None when it does not answer."""
    try:
        answer = subprocess.run(
            [python, "-c", _ASK, folder],
            capture_output=True,
            timeout=_WITHIN,
            check=True,
            stdin=subprocess.DEVNULL,
        ).stdout
        found = msgspec.json.decode(answer.splitlines()[-1], type=dict[str, object])
        return msgspec.convert({"path": python, **found}, Interpreter)
    except (OSError, subprocess.SubprocessError, msgspec.MsgspecError, IndexError):
        return None


def find_interpreter(script: str, folder: Path, given: str = "") -> Interpreter:
    """The Python in which a script is to run.

    Args:
        script: the script, for messages.
        folder: where it lies.
        given: the Python that its user has named; empty to look for one: ours, the active virtual
            environment, a ``.venv`` or ``venv`` in the script's folder or above it, ``python3``.

    Raises:
        FlowLoadError: when there is none with routilux 0.10 or 0.11.
    """
    if given:
        named = str(Path.cwd() / Path(given).expanduser())  # a link is not followed: it says which
        found = examine(named, str(folder))
        if found is None:
            raise FlowLoadError(
                f"{given} is no Python that answers.", "Say --python PATH/TO/bin/python."
            )
        return _checked(script, found)
    seen = [found for one in _candidates(folder) if (found := examine(one, str(folder)))]
    for found in seen:
        if found.has:
            return _checked(script, found)
    for found in seen:
        if found.folder:
            return _checked(script, found)
    looked = ", ".join(found.path for found in seen)
    raise FlowLoadError(f"{script} imports routilux, which is in none of: {looked}.", HOW)


def _checked(script: str, found: Interpreter) -> Interpreter:
    if found.python < (3, 8):
        raise FlowLoadError(
            f"{found.path} is Python {found.python[0]}.{found.python[1]}; "
            "routilux needs 3.8 or newer.",
            HOW,
        )
    if not found.folder:
        raise FlowLoadError(f"{script} imports routilux, which {found.path} does not have.", HOW)
    if not found.has:
        version = found.version or "of another version"
        raise FlowLoadError(
            f"{script} runs on routilux {version} ({found.path}), which has no JobState any more: "
            "only jobs of routilux 0.10 and 0.11 can be shown.",
            HOW,
        )
    return found


def _candidates(folder: Path) -> list[str]:
    found = [sys.executable]
    active = os.environ.get("VIRTUAL_ENV")
    if active:
        found.append(f"{active}/bin/python")
    for start in (folder, Path.cwd()):
        for place in (start, *start.parents):
            found += [str(place / name / "bin" / "python") for name in (".venv", "venv")]
    on_path = [f"{one}/python3" for one in os.get_exec_path()]
    found += [next((one for one in on_path if os.access(one, os.X_OK)), "")]
    return [one for one in dict.fromkeys(found) if one and os.access(one, os.X_OK)]
