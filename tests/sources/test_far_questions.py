"""A question is answered from another machine: of a job that runs there, and in its file there."""

from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING

import pytest

from routilux_tui import JobState
from routilux_tui.errors import NotPossible, UsageError
from routilux_tui.sources.ssh import SshSource, host_of, ssh_handle
from tests.asking import write_asking
from tests.processes import assert_gone, until
from tests.sources.test_ssh import COMMAND, Listed

if TYPE_CHECKING:
    from pathlib import Path

    from tests.machines import Machines

pytestmark = pytest.mark.xdist_group("ssh")


async def test_a_question_is_answered_from_another_machine(machines: Machines, world: Path) -> None:
    job = machines.add("build1").start_job(write_asking(world), "n=2")
    handle = ssh_handle(host_of("build1"), COMMAND, job[:8])
    await handle.open()
    await handle.wait('status == "paused"', 20)
    first, _ = await handle.questions()
    with pytest.raises(UsageError, match="yes or no"):
        await handle.answer(first.id, "ja")
    await handle.answer(first.id, "yes")
    with pytest.raises(NotPossible, match=r"is answered by .+@"):
        await handle.answer(first.id, "no")
    await handle.wait('status == "paused" && logs > 3', 20)
    pid, path = handle.hello.pid, handle.hello.path
    await handle.close()
    os.kill(pid, signal.SIGKILL)
    assert_gone(pid)
    listed = Listed(source := SshSource(host_of("build1"), COMMAND))
    (entry,) = await listed.until("[one.place for one in jobs] == ['saved']")
    assert entry.questions == 1
    saved = source.handle(entry.key)
    await saved.open()
    (question,) = await saved.questions()
    await saved.answer(question.id, "no")
    await saved.close()
    await listed.close()
    until(lambda: JobState.load(path).status == "completed")
    state = JobState.load(path)
    assert [one["ok"] for one in state.shared_log if "ok" in one] == [True, False]
    assert "@" in state.questions[1].who["via"]
