"""On the oldest Python that the package promises all of it can be imported, and the screen opens."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import sys
from pathlib import Path

import pexpect
import pytest

OLDEST = (3, 10)
ROOT = Path(__file__).parents[1]
IMPORT_ALL = """
import importlib, pkgutil, routilux_tui
for one in pkgutil.walk_packages(routilux_tui.__path__, "routilux_tui."):
    if not one.name.endswith("__main__"):
        try:
            importlib.import_module(one.name)
        except ModuleNotFoundError as error:  # what an extra brings is not installed
            assert not error.name.startswith("routilux_tui"), error
"""


def _oldest() -> str:
    """A Python of that version; none on a machine that has but newer ones."""
    name = "python{}.{}".format(*OLDEST)
    home = Path(pwd.getpwuid(os.getuid()).pw_dir)
    versions = sorted(home.glob(".pyenv/versions/{}.{}*/bin/python".format(*OLDEST)))
    for one in (shutil.which(name), *map(str, versions)):
        if one and subprocess.run([one, "--version"], capture_output=True, check=False).stdout:
            return one
    return ""


@pytest.mark.timeout(600)
def test_all_is_imported_and_the_screen_opens(tmp_path: Path) -> None:
    if sys.version_info[:2] == OLDEST:
        python = Path(sys.executable)  # all other tests run on it, too
    else:
        oldest = _oldest()
        if not oldest:
            pytest.skip("there is no such Python here")
        subprocess.run([oldest, "-m", "venv", str(tmp_path / "venv")], check=True)
        python = tmp_path / "venv/bin/python"
        subprocess.run([python, "-m", "pip", "install", "-q", str(ROOT)], check=True)
    subprocess.run([python, "-c", IMPORT_ALL], check=True, cwd=tmp_path)
    command = f"{python} -m routilux_tui run {ROOT / 'sample_flows/source_audit.py'}"
    screen = pexpect.spawn(command, cwd=tmp_path, dimensions=(24, 80), timeout=60)
    screen.expect("Flow")
    screen.send("q")
    screen.expect(pexpect.EOF)
    screen.close()
    assert screen.exitstatus == 0
