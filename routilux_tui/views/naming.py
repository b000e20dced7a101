"""What a job is called, and which of several jobs a name means: one rule for all that is asked."""

from __future__ import annotations

import os
import re
import shlex
import unicodedata
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

if TYPE_CHECKING:
    from collections.abc import Sequence

SHORTEST_PREFIX = 4
"""Letters of an id that stand for it at least: fewer are typed by mistake too easily."""
LONGEST_NAME = 100
MOST_LABELS = 50
_EARLIER = re.compile(r"(.+)@-([0-9]{1,6})", re.DOTALL)


class HasName(Protocol):
    """What a job is found by."""

    @property
    def job_id(self) -> str:
        """Its id."""

    @property
    def flow_id(self) -> str:
        """Its flow's name."""

    @property
    def name(self) -> str:
        """The name that it was given when it was started; empty where it was given none."""


_Job = TypeVar("_Job", bound=HasName)


def command(*words: str | os.PathLike[str]) -> str:
    """A command of ours as it is pasted into a shell: ``routilux-tui rm '/srv/my jobs/a.json'``.

    Args:
        words: those behind ``routilux-tui``; a file is given as a path, an option as a text.
    """
    named = [one if isinstance(one, str) else _as_file(os.fspath(one)) for one in words]
    return shlex.join(["routilux-tui", *named])


def _as_file(path: str) -> str:
    """A path by which a file is found from here that is no option and no job's name."""
    return path if os.sep in path else f"{os.curdir}{os.sep}{path}"


def jobs_named(name: str, jobs: Sequence[_Job]) -> list[_Job]:
    """The jobs that a name may mean: that of exactly this id, else those of a name, flow or prefix.

    Args:
        name: a job's id, at least four letters that it begins with, its own or its flow's name.
        jobs: the jobs to choose from; their order is kept.
    """
    exact = [one for one in jobs if one.job_id == name]
    if exact or not name:
        return exact
    is_prefix = len(name) >= SHORTEST_PREFIX
    same = unicodedata.normalize("NFC", name)  # a letter may be one sign or two, as it was typed
    return [
        one
        for one in jobs
        if any(unicodedata.normalize("NFC", known) == same for known in (one.name, one.flow_id))
        or (is_prefix and one.job_id.startswith(name))
    ]


def earlier_run(name: str) -> tuple[str, int] | None:
    """The name and the number of ``nightly@-1``, the run before the newest; None of other names."""
    found = _EARLIER.fullmatch(name)
    return None if found is None else (found[1], int(found[2]))


def launch_names(launch: Any) -> tuple[str, dict[str, str]]:
    """The name and the labels that a job was started with, from what its file says of its start."""
    if not isinstance(launch, dict):
        return "", {}
    name, labels = launch.get("name"), launch.get("labels")
    if not isinstance(name, str):
        name = ""
    if not isinstance(labels, dict):
        labels = {}
    texts = {
        key: value
        for key, value in labels.items()
        if isinstance(key, str) and isinstance(value, str)
    }
    kept = sorted(texts.items())[:MOST_LABELS]
    return name[:LONGEST_NAME], {key[:LONGEST_NAME]: value[:LONGEST_NAME] for key, value in kept}
