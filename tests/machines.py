"""Machines to reach by ssh: each an sshd of its own on the loopback, with its own home."""

from __future__ import annotations

import contextlib
import getpass
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

SSHD = shutil.which("sshd", path=f"{os.environ.get('PATH', '')}:/usr/sbin") or ""


class Machine:
    """One of them: an sshd that runs in a world of its own.

    Args:
        name: what ssh calls it.
        folder: where it keeps everything.
        key: the public key that it lets in.
    """

    def __init__(self, name: str, folder: Path, key: Path) -> None:
        self.name = name
        self.folder = folder
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        for part in ("state", "run", "config", "home"):
            (folder / part).mkdir(parents=True, mode=0o700)
        subprocess.run(
            ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(folder / "host_key")],
            check=True,
        )
        path = f"{Path(sys.executable).parent}:/usr/bin:/bin"
        (folder / "sshd_config").write_text(
            f"ListenAddress 127.0.0.1:{self.port}\n"
            f"HostKey {folder}/host_key\n"
            f"PidFile {folder}/pid\n"
            f"AuthorizedKeysFile {key}\n"
            "UsePAM no\nStrictModes no\nPasswordAuthentication no\nPermitRootLogin yes\n"
            f'SetEnv "PATH={path}" "PYTHONPATH={Path(__file__).parent.parent}" '
            f"XDG_STATE_HOME={folder}/state XDG_RUNTIME_DIR={folder}/run "
            f"XDG_CONFIG_HOME={folder}/config\n"
        )
        self._process: subprocess.Popen[bytes] | None = None
        self.start()

    @property
    def environment(self) -> dict[str, str]:
        """What a program on that machine finds in its environment."""
        return {
            **os.environ,
            "XDG_STATE_HOME": str(self.folder / "state"),
            "XDG_RUNTIME_DIR": str(self.folder / "run"),
            "XDG_CONFIG_HOME": str(self.folder / "config"),
        }

    def start(self) -> None:
        """Boot it."""
        if os.getuid() == 0:
            Path("/run/sshd").mkdir(exist_ok=True)
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [SSHD, "-D", "-e", "-f", str(self.folder / "sshd_config")],
                stderr=log,
                start_new_session=True,
            )
        deadline = time.monotonic() + 10
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
            except OSError:
                assert time.monotonic() < deadline, (self.folder / "log").read_text()
                time.sleep(0.02)
            else:
                return

    def run(self, *words: str, code: int = 0, within: float = 60.0) -> str:
        """Run the program there, as one does who has logged in; what it prints."""
        done = subprocess.run(
            [sys.executable, "-m", "routilux_tui", *words],
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=within,
            check=False,
        )
        assert done.returncode == code, done.stderr
        return done.stdout.strip()

    def start_job(self, flow: str, *params: str, workers: int = 0) -> str:
        """Start a job there, with parameters as ``name=value``; its id."""
        more = ["--workers", str(workers)] if workers else []
        return self.run("run", flow, "--detach", *more, *(f"-p{one}" for one in params))

    def stop(self) -> None:
        """Take it off the net, and all that came in through it."""
        if self._process is None:
            return
        self.cut()
        self._process.kill()
        self._process.wait()
        self._process = None

    def cut(self) -> None:
        """Break every connection; new ones are let in."""
        assert self._process is not None
        listed = subprocess.run(
            ["pgrep", "-P", str(self._process.pid)], capture_output=True, text=True, check=False
        )
        for pid in listed.stdout.split():
            subprocess.run(["pkill", "-KILL", "-P", pid], check=False)
            with contextlib.suppress(ProcessLookupError):
                os.kill(int(pid), signal.SIGKILL)


class Machines:
    """Those of one test, and the ``ssh`` that knows them.

    Args:
        folder: where all is kept.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.all: dict[str, Machine] = {}
        self.key = folder / "key"
        subprocess.run(
            ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(self.key)], check=True
        )
        ssh = shutil.which("ssh")
        assert ssh is not None
        self.path = folder / "bin"
        self.path.mkdir()
        wrapper = self.path / "ssh"
        wrapper.write_text(f'#!/bin/sh\nexec {ssh} -F {folder}/ssh_config "$@"\n')
        wrapper.chmod(0o755)
        self.config = folder / "ssh_config"
        self.config.write_text("")

    def add(self, name: str) -> Machine:
        """One more machine, up and known."""
        machine = Machine(name, self.folder / name, Path(f"{self.key}.pub"))
        known = self.folder / f"{name}_known"
        public = (machine.folder / "host_key.pub").read_text()
        known.write_text(f"[127.0.0.1]:{machine.port} {public}")
        with self.config.open("a") as config:
            config.write(
                f"Host {name}\n  HostName 127.0.0.1\n  Port {machine.port}\n"
                f"  User {getpass.getuser()}\n  IdentityFile {self.key}\n"
                f"  UserKnownHostsFile {known}\n"
            )
        self.all[name] = machine
        return machine


@pytest.fixture
def machines(world: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Machines]:
    """None yet; `Machines.add` makes one."""
    if not SSHD or not shutil.which("ssh"):
        if os.environ.get("CI"):
            pytest.fail("openssh-server is missing: .ci/run installs it")
        pytest.skip("NO SSHD: install openssh-server to test what goes over ssh")
    folder = world / "net"
    folder.mkdir()
    made = Machines(folder)
    monkeypatch.setenv("PATH", f"{made.path}:{os.environ['PATH']}")
    yield made
    for machine in made.all.values():
        machine.stop()
