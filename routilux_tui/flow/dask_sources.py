"""The modules of a flow as they are where its job runs: taken there, and had by Dask's workers.

Workers need not have the flow's file, nor what lies beside it, nor the same of either. What is
installed is imported there by its name.
"""

from __future__ import annotations

import importlib
import importlib.abc
import importlib.util
import sys
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from importlib.machinery import ModuleSpec
    from types import ModuleType

_MOST = 4 << 20
"""Bytes of modules that go with a call; of a flow that has more only its own goes."""
_INSTALLED = frozenset({"site-packages", "dist-packages"})
_LIBRARY = Path(importlib.util.__file__).parents[1]
"""Python's own modules."""


class Source(NamedTuple):
    """A module that was loaded from a file of the flow's own."""

    name: str
    file: str
    text: bytes
    is_package: bool


# Where the job runs


def sources_of(name: str) -> tuple[Source, ...]:
    """A module that is not installed, and what is loaded of the files beside it and below.

    The module itself is the first; empty for one that workers import by its name.
    """
    return _sources_of(name, len(sys.modules))  # what is imported later goes with later calls


@lru_cache(maxsize=256)
def _sources_of(name: str, _loaded: int) -> tuple[Source, ...]:
    own = _source_of(name)
    if own is None:
        return ()
    depth = name.count(".") + own.is_package if name.replace(".", "_").isidentifier() else 0
    folder = Path(own.file).parents[depth]
    beside = [
        source
        for other in list(sys.modules)
        if other != name and (source := _source_of(other, below=folder)) is not None
    ]
    if sum(len(one.text) for one in beside) > _MOST:
        return (own,)
    return (own, *beside)


def _source_of(name: str, below: Path | None = None) -> Source | None:
    """The source of a module, if it is loaded of a file (below a folder) that is not installed."""
    file = getattr(sys.modules.get(name), "__file__", None)
    is_ours = name == "__main__" or name.partition(".")[0] == "routilux_tui"
    if is_ours or not isinstance(file, str) or not file.endswith(".py"):
        return None
    path = Path(file)
    if not _INSTALLED.isdisjoint(path.parts) or path.is_relative_to(_LIBRARY):
        return None
    if below is not None and not path.is_relative_to(below):
        return None
    try:
        return Source(name, file, path.read_bytes(), path.name == "__init__.py")
    except OSError:
        return None


# Where the handler runs

_sent: dict[str, Source] = {}


class _SentModules(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Finds the modules that came with calls, before whatever this machine has by their names."""

    def find_spec(
        self,
        fullname: str,
        path: Sequence[str] | None,  # noqa: ARG002 - as the import system calls it
        target: ModuleType | None = None,  # noqa: ARG002
    ) -> ModuleSpec | None:
        source = _sent.get(fullname)
        if source is None:
            return None
        return importlib.util.spec_from_loader(
            fullname, self, origin=source.file, is_package=source.is_package
        )

    def exec_module(self, module: ModuleType) -> None:
        source = _sent[module.__name__]
        module.__file__ = source.file
        code: Any = compile(source.text, source.file, "exec")
        exec(code, module.__dict__)  # noqa: S102 - our own runner's flow, as it has it itself


_finder = _SentModules()


def have_modules(sources: Iterable[Source]) -> None:
    """Have modules as they are where the job runs, whatever was loaded by their names before.

    Called by one thread at a time.

    Raises:
        Exception: whatever the first of them raises as it is loaded; all is as before then.
    """
    wanted = {one.name: one for one in sources}
    if all(_sent.get(name) == one for name, one in wanted.items()):
        return
    if _finder not in sys.meta_path:
        sys.meta_path.insert(0, _finder)
    loaded = {name: sys.modules.pop(name) for name in wanted if name in sys.modules}
    sent = {name: _sent[name] for name in wanted if name in _sent}
    _sent.update(wanted)
    try:
        importlib.import_module(next(iter(wanted)))
    except BaseException:
        for name in wanted:
            sys.modules.pop(name, None)
            _sent.pop(name, None)
        sys.modules.update(loaded)
        _sent.update(sent)
        raise
