"""Where sockets and logs are kept, and who may reach them."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from routilux_tui import JobState, serve
from routilux_tui.errors import Unreachable
from routilux_tui.runner import paths
from routilux_tui.runner.launch import start_job
from tests.flows import write_flows
from tests.processes import assert_gone


@pytest.fixture
def flows(world: Path) -> str:
    return write_flows(world)


def test_sockets_have_a_place_whatever_the_folders_are_called(
    world: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    deep = world / ("d" * 90)
    deep.mkdir(mode=0o700)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(deep))
    monkeypatch.setattr("tempfile.tempdir", str(deep))
    assert len(os.fsencode(paths.socket_folder())) + 42 <= 107


def test_a_runtime_folder_that_others_may_write_to_is_refused(world: Path) -> None:
    from routilux_tui.errors import UnsafeFolder

    (world / "run").chmod(0o777)
    with pytest.raises(UnsafeFolder, match="others may write"):
        paths.safe_socket_folder()
    (world / "run").chmod(0o1777)  # as /tmp is
    paths.safe_socket_folder()


def test_what_is_made_is_for_its_user_alone_whatever_the_umask_says(
    flows: str, world: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(world / "new" / "state"))
    before = os.umask(0)
    try:
        started = start_job(f"{flows}:counting", {"n": 1})
    finally:
        os.umask(before)
    assert_gone(started.pid)
    made = [one for one in (world / "new").rglob("*") if "__pycache__" not in str(one)]
    assert len(made) >= 5
    for one in (world / "new", *made):
        assert not one.stat().st_mode & 0o077, one


def test_so_is_what_the_dashboard_and_bundles_leave_there(
    flows: str, world: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from routilux_tui.cli.find_job import unpacked
    from routilux_tui.runner.announce import Announcement, announce
    from routilux_tui.store.bundle import bundle_files, write_bundle
    from routilux_tui.tui.app import _report
    from routilux_tui.tui.terminal.clipboard import to_file

    for name in ("STATE", "CACHE"):
        monkeypatch.setenv(f"XDG_{name}_HOME", str(world / "new" / name))
    started = start_job(f"{flows}:counting", {"n": 1})
    assert_gone(started.pid)
    write_bundle(world / "a.zip", bundle_files(Path(started.path)))
    before = os.umask(0)
    try:
        to_file("long", paths.state_folder() / "copied" / "deep")
        assert _report(ValueError("x")) is not None
        assert unpacked(world / "a.zip").is_file()
        announce(Announcement(job_id="other", socket="/nowhere.sock", pid=1))
    finally:
        os.umask(before)
    folders = [one for one in (world / "new").rglob("*") if one.is_dir()]
    assert {"crashes", "deep", "bundles", "job.json.changes"} <= {one.name for one in folders}
    left = [
        one for name in ("crashes", "deep", "running") for one in (world / "new").rglob(f"{name}/*")
    ]
    assert len(left) == 3
    for one in (world / "new", *folders, *left):
        assert not one.stat().st_mode & 0o077, one


def test_a_state_folder_that_can_not_be_made_is_told(
    flows: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", "/proc/nothing")
    with pytest.raises(Unreachable, match="nothing can be kept there") as told:
        start_job(f"{flows}:counting", {})
    assert "XDG_STATE_HOME" in told.value.hint


def test_a_folder_that_is_not_ours_alone_is_refused(world: Path) -> None:
    from routilux_tui.errors import UnsafeFolder

    folder = paths.safe_socket_folder()
    folder.chmod(0o755)
    with pytest.raises(UnsafeFolder, match="chmod 700"):
        paths.safe_socket_folder()
    folder.rmdir()
    (world / "elsewhere").mkdir(mode=0o700)
    folder.symlink_to(world / "elsewhere")
    with pytest.raises(UnsafeFolder, match="link"):
        paths.safe_socket_folder()
    folder.unlink()
    folder.mkdir(mode=0o700)
    if os.getuid() == 0:
        os.chown(folder, 12345, 12345)
        with pytest.raises(UnsafeFolder, match="another user"):
            paths.safe_socket_folder()


@pytest.mark.skipif(os.getuid() != 0, reason="ONLY ROOT can become a second user")
def test_another_user_is_refused_even_where_the_folder_lets_him_in(world: Path) -> None:
    state = JobState("f")
    with serve(state) as server:
        for folder in (world, world / "run", server.path.parent):
            folder.chmod(0o755)
        server.path.chmod(0o666)
        code = (
            "import os, socket, sys; os.setgid(12345); os.setuid(12345)\n"
            "s = socket.socket(socket.AF_UNIX); s.settimeout(5); s.connect(sys.argv[1])\n"
            's.sendall(b\'{"id":1,"method":"hello","params":{"protocol":1}}\\n\')\n'
            "print(s.recv(100))"
        )
        done = subprocess.run(
            [sys.executable, "-c", code, str(server.path)],
            capture_output=True,
            text=True,
            timeout=20,
        )
        assert done.stdout.strip() == "b''" or "BrokenPipe" in done.stderr or "Reset" in done.stderr
