"""What two runs differ in: the flow, its parameters, what the routines did, errors, data, records.

Every difference says whether it is more than noise. Two runs of the same thing never take the
same time, so times decide nothing alone: they are told where the larger is at least `SLOWER`
times the smaller, by `LEAST_SECONDS` or more, over at least `LEAST_RUNS` runs each. Counts of
errors and retries are told whenever they differ, and are more than noise where they differ by
more than two standard deviations of a count of chance (twice the root of their sum), or where one
of them has none.
"""

from __future__ import annotations

from itertools import zip_longest
from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from routilux_tui.views.insight import RoutineFigures
    from routilux_tui.views.shapes import Row

SLOWER = 1.5
LEAST_SECONDS = 0.005
LEAST_RUNS = 20
#: A run that is shorter is told by how busy the machine was.
LEAST_SECONDS_OF_ALL = 1.0
#: The counts of a routine that are compared, and how they are called.
_COUNTS = {"done": "done", "errors": "errors", "retries": "retries"}
_NEAR = 10
"""A tenth of what is compared is near its end."""
#: Differences in shared data or parameters beyond so many are only counted.
MOST_PATHS = 200

FLOW, PARAMETERS, ROUTINES, TIMES, ERRORS, DATA, RECORDS = (
    "flow", "parameters", "routines", "times", "errors", "data", "records",
)  # fmt: skip
#: The parts, in the order in which they are told.
_PARTS = (FLOW, PARAMETERS, ROUTINES, TIMES, ERRORS, DATA, RECORDS)


class Run(msgspec.Struct, frozen=True, kw_only=True):
    """One run, as far as it is compared. None means that its file does not say.

    ``connections`` are ``(source, event, target, slot)``; ``code`` is a hash of the flow's
    source; ``kinds`` counts the errors of each kind, by ``routine: error``; ``seconds`` is how
    long it took.
    """

    job_id: str
    flow_id: str
    status: str
    params: Mapping[str, Any] | None = None
    code: str | None = None
    connections: Sequence[tuple[str, str, str, str]] | None = None
    routines: Mapping[str, RoutineFigures] = {}
    kinds: Mapping[str, int] = {}
    data: Mapping[str, Any] = {}
    seconds: float | None = None


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that differs: ``part`` is one of those above, ``name`` says what of it.

    A side that has nothing there is None; ``is_noise``: no more than chance would make of it.
    """

    part: str
    name: str
    a: Any = None
    b: Any = None
    is_noise: bool = False


def diff(a: Run, b: Run) -> list[Difference]:
    """The differences of two runs, part by part, but for their records (see `first_parting`)."""
    found: list[Difference] = []
    found += _flow(a, b)
    if a.params is not None and b.params is not None:
        found += _values(PARAMETERS, a.params, b.params)
    found += _routines(a, b)
    took = [one for one in (a.seconds, b.seconds) if one is not None]
    if len(took) == 2 and max(took) >= LEAST_SECONDS_OF_ALL and _differ(*took):
        found.append(Difference(part=TIMES, name="all of it", a=a.seconds, b=b.seconds))
    for kind in sorted({*a.kinds, *b.kinds}):
        counts = a.kinds.get(kind, 0), b.kinds.get(kind, 0)
        if counts[0] != counts[1]:
            found.append(
                Difference(
                    part=ERRORS,
                    name=kind,
                    a=counts[0],
                    b=counts[1],
                    is_noise=all(counts) and _is_chance(*counts),
                )
            )
    found += _values(DATA, a.data, b.data)
    return sorted(found, key=lambda one: _PARTS.index(one.part))


def are_alike(differences: Iterable[Difference]) -> bool:
    """Whether two runs did the same: times, and what is noise, do not count."""
    return all(one.part == TIMES or one.is_noise for one in differences)


def first_parting(
    a: Iterable[Row], b: Iterable[Row], cut_at: int | None = None
) -> tuple[Row | None, Row | None]:
    """The first record of each run that the other does not have; None where there is none.

    Records are matched by routine, event and data, not by their times or their order: what runs
    at the same time has no order. Both histories are read once, in step, and what they have in
    common is forgotten at once.

    Args:
        a: the records of one.
        b: those of the other.
        cut_at: how many there are of each at the most, where there would be more: those near that
            may have their match behind it, and say nothing.
    """
    open_a: dict[tuple[str, str, str], list[Row]] = {}
    open_b: dict[tuple[str, str, str], list[Row]] = {}
    rows_a, rows_b = iter(a), iter(b)
    while True:
        one, other = next(rows_a, None), next(rows_b, None)
        if one is None and other is None:
            break
        _match(one, open_a, open_b)
        _match(other, open_b, open_a)
    reach = None if cut_at is None else cut_at - cut_at // _NEAR
    return _earliest(open_a, reach), _earliest(open_b, reach)


def _match(
    row: Row | None,
    own: dict[tuple[str, str, str], list[Row]],
    others: dict[tuple[str, str, str], list[Row]],
) -> None:
    """Take a record's match out of the other's open ones, or leave it open itself."""
    if row is None:
        return
    key = (row.routine, row.name, row.text)
    matches = others.get(key)
    if matches:
        matches.pop(0)
        if not matches:
            del others[key]
    else:
        own.setdefault(key, []).append(row)


def _earliest(rows: dict[tuple[str, str, str], list[Row]], reach: int | None) -> Row | None:
    first = min((one[0] for one in rows.values()), key=lambda row: row.n, default=None)
    return None if first is None or (reach is not None and first.n >= reach) else first


def _flow(a: Run, b: Run) -> list[Difference]:
    found = []
    if a.flow_id != b.flow_id:
        found.append(Difference(part=FLOW, name="name", a=a.flow_id, b=b.flow_id))
    if a.code is not None and b.code is not None and a.code != b.code:
        found.append(Difference(part=FLOW, name="code", a=a.code, b=b.code))
    if a.status != b.status:
        found.append(Difference(part=FLOW, name="status", a=a.status, b=b.status))
    if a.connections is not None and b.connections is not None:
        ends_a, ends_b = set(a.connections), set(b.connections)
        for ends in sorted(ends_a ^ ends_b):
            name = "{}.{} to {}.{}".format(*ends)
            here = ends in ends_a
            found.append(
                Difference(part=FLOW, name=f"connection {name}", a=here or None, b=not here or None)
            )
    return found


def _routines(a: Run, b: Run) -> list[Difference]:
    found = []
    for name in dict.fromkeys([*a.routines, *b.routines]):
        one, other = a.routines.get(name), b.routines.get(name)
        if one is None or other is None:
            runs = [None if side is None else side.done for side in (one, other)]
            found.append(Difference(part=ROUTINES, name=name, a=runs[0], b=runs[1]))
            continue
        for what, shown in _COUNTS.items():
            counts = getattr(one, what), getattr(other, what)
            if counts[0] != counts[1]:
                chance = what != "done" and all(counts) and _is_chance(*counts)
                found.append(
                    Difference(
                        part=ROUTINES,
                        name=f"{name} {shown}",
                        a=counts[0],
                        b=counts[1],
                        is_noise=chance,
                    )
                )
        enough = min(one.done, other.done) >= LEAST_RUNS
        for what in ("p50", "p95", "wait_p95"):
            took, takes = getattr(one, what), getattr(other, what)
            if enough and took is not None and takes is not None and _differ(took, takes):
                found.append(Difference(part=TIMES, name=f"{name} {what}", a=took, b=takes))
    return found


def _differ(took: float, takes: float) -> bool:
    """Whether two times differ by more than noise."""
    low, high = min(took, takes), max(took, takes)
    return high - low >= LEAST_SECONDS and high >= SLOWER * low


def _is_chance(one: int, other: int) -> bool:
    return (one - other) ** 2 <= 4 * (one + other)


def _values(part: str, a: Any, b: Any) -> list[Difference]:
    """Where two JSON values differ, by path."""
    found: list[Difference] = []
    count = 0
    stack = [("", a, b)]
    while stack:
        path, one, other = stack.pop()
        if isinstance(one, dict) and isinstance(other, dict):
            keys = list(dict.fromkeys([*one, *other]))
            stack += [
                (f"{path}.{key}" if path else str(key), one.get(key), other.get(key))
                for key in reversed(keys)
            ]
        elif isinstance(one, list) and isinstance(other, list):
            pairs = list(zip_longest(one, other))
            stack += [(f"{path}[{n}]", *pairs[n]) for n in reversed(range(len(pairs)))]
        elif type(one) is not type(other) or one != other:
            count += 1
            if count <= MOST_PATHS:
                found.append(Difference(part=part, name=path, a=one, b=other))
    if count > MOST_PATHS:
        more = f"{count - MOST_PATHS} more"
        found.append(Difference(part=part, name=more))
    return found
