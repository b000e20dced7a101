"""``routilux-tui bundle``: a job in an archive, which opens like any other; hostile ones don't."""

from __future__ import annotations

import json
import os
import stat
import zipfile
from pathlib import Path

import pytest

from tests.cli.test_commands import tui
from tests.staged import ORDERS


@pytest.fixture
def failed(world: Path) -> str:
    path = str(world / "orders.json")
    tui("run", f"{ORDERS}:failing", "-p", "pace=0", "-p", "every=3", "--save", path, code=1)
    return path


def test_a_bundle_opens_like_the_job_in_it(failed: str, world: Path) -> None:
    target = world / "handed.zip"
    tui("bundle", failed, str(target), "-y")
    assert stat.S_IMODE(target.stat().st_mode) == 0o600
    names = zipfile.ZipFile(target).namelist()
    assert {"job.json", "flow/nightly_orders.py"} <= set(names)
    for words in (("history", "--json"), ("log",), ("graph",)):
        command, *rest = words
        assert tui(command, str(target), *rest).stdout == tui(command, failed, *rest).stdout
    assert tui("diff", failed, str(target)).stdout.endswith("They did the same.\n")
    assert tui("history", str(target), "--at", "errors >= 2").stdout
    tui("rm", "-y", str(target), code=3)
    assert target.exists()
    tui("bundle", failed, str(target), "-y", "--no-source")
    assert "flow/nightly_orders.py" not in zipfile.ZipFile(target).namelist()


def test_what_a_file_from_elsewhere_names_is_never_packed(failed: str, world: Path) -> None:
    secret = world / "id_rsa.py"
    secret.write_text("secret")
    plain = json.loads(Path(failed).read_text())
    plain["launch"]["path"] = str(secret)
    other = world / "other.json"
    other.write_text(json.dumps(plain))
    target = world / "handed.zip"
    told = tui("bundle", str(other), str(target), "-y").stderr
    assert "its flow's source is left out" in told
    assert not [one for one in zipfile.ZipFile(target).namelist() if one.startswith("flow/")]


def test_a_flow_that_has_changed_since_is_said(world: Path) -> None:
    flow = world / "mine.py"
    flow.write_text(ORDERS.read_text())
    path, target = str(world / "m.json"), world / "handed.zip"
    tui("run", f"{flow}:failing", "-p", "pace=0", "-p", "every=3", "--save", path, code=1)
    flow.write_text(ORDERS.read_text() + "# changed\n")
    assert "has changed since" in tui("bundle", path, str(target), "-y").stderr
    assert b"# changed" in zipfile.ZipFile(target).read("flow/mine.py")


def test_nothing_is_written_over_the_job_itself_nor_over_what_is_no_file(
    failed: str, world: Path
) -> None:
    pipe = world / "pipe"
    os.mkfifo(pipe)
    (segment, *_) = sorted(Path(f"{failed}.changes").glob("*.seg"))
    linked = world / "linked.json"
    linked.symlink_to(failed)
    before = [Path(one).read_bytes() for one in (failed, segment)]
    commands = (
        lambda target: ("bundle", failed, target, "-y"),
        lambda target: ("report", failed, "-o", target),
        lambda target: ("export", failed, "--perfetto", target),
    )
    for command in commands:
        for target in (failed, str(segment), str(linked)):
            assert "is the job's own file" in tui(*command(target), code=2).stderr
        assert "is a folder" in tui(*command(str(world)), code=2).stderr
        nowhere = world / "none" / "x"
        assert str(nowhere) in tui(*command(str(nowhere)), code=None).stderr
    assert "no regular file" in tui("bundle", failed, str(pipe), "-y", code=2).stderr
    assert stat.S_ISFIFO(pipe.stat().st_mode)
    assert [Path(one).read_bytes() for one in (failed, segment)] == before


def test_it_says_what_is_in_it_and_asks(failed: str, world: Path) -> None:
    target = world / "handed.zip"
    asked = tui("bundle", failed, str(target), stdin="n\n", code=1)
    assert "job.json" in asked.stderr
    assert not target.exists()
    assert "bundle -y" in tui("bundle", failed, str(target), code=2).stderr
    tui("bundle", failed, str(target), stdin="y\n")
    assert target.exists()
    assert "over what is there" in tui("bundle", failed, str(target), stdin="n\n", code=1).stderr


def test_what_is_taken_out_is_nowhere_in_the_archive(failed: str, world: Path) -> None:
    target = world / "handed.zip"
    tui("bundle", failed, str(target), "-y", "--redact", "currency")
    with zipfile.ZipFile(target) as opened:
        assert opened.namelist() == ["job.json"]
        content = opened.read("job.json").decode()
    assert "EÜR" not in content
    assert '"EUR"' not in content
    told = json.loads(tui("show", str(target), "--json").stdout)
    assert told["header"]["status"] == "failed"


@pytest.mark.parametrize(
    "names",
    [["../job.json"], ["/job.json"], ["other.json"], ["flow/../../job.json"], []],
    ids=lambda names: "+".join(names) or "empty",
)
def test_an_archive_that_is_no_bundle_is_refused(names: list[str], world: Path) -> None:
    target = world / "bad.zip"
    with zipfile.ZipFile(target, "w") as archive:
        for name in names:
            archive.writestr(name, "{}")
    assert "it is no bundle" in tui("show", str(target), code=3).stderr
    assert not list(world.rglob("job.json"))


def test_a_link_a_bomb_and_a_broken_archive_are_refused(world: Path) -> None:
    link = zipfile.ZipInfo("job.json")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(world / "link.zip", "w") as archive:
        archive.writestr(link, "/etc/passwd")
    assert "it is no bundle" in tui("show", str(world / "link.zip"), code=3).stderr
    (world / "torn.zip").write_bytes(b"PK\x03\x04 and no more")
    assert "it can't be read as a bundle" in tui("show", str(world / "torn.zip"), code=3).stderr
    with zipfile.ZipFile(world / "bomb.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("job.json", "{}")
        with archive.open("job.log", "w", force_zip64=True) as log:
            for _ in range(800):
                log.write(bytes(1 << 20))
    assert "too large" in tui("show", str(world / "bomb.zip"), code=3).stderr
    assert not list((world / "cache").rglob("job.json"))


def test_an_archive_that_is_damaged_within_or_no_file_is_refused(failed: str, world: Path) -> None:
    target = world / "damaged.zip"
    for method in (zipfile.ZIP_DEFLATED, zipfile.ZIP_LZMA, zipfile.ZIP_BZIP2):
        with zipfile.ZipFile(target, "w", method) as archive:
            archive.write(failed, "job.json")
        content = bytearray(target.read_bytes())
        content[46:60] = b"\xff" * 14
        target.write_bytes(content)
        assert f"{target}: " in tui("show", str(target), code=3).stderr
    os.mkfifo(world / "pipe.zip")
    (world / "endless.zip").symlink_to("/dev/zero")
    for name in ("pipe.zip", "endless.zip"):
        assert "no regular file" in tui("show", str(world / name), code=3).stderr


def test_names_of_dots_are_left_out(failed: str, world: Path) -> None:
    with zipfile.ZipFile(world / "dots.zip", "w") as archive:
        archive.write(failed, "job.json")
        for name in ("flow/..", "flow/.", "job.json.changes/.."):
            archive.writestr(name, "x")
    tui("show", str(world / "dots.zip"))


def test_what_nobody_has_opened_for_long_is_removed(failed: str, world: Path) -> None:
    targets = [world / "first.zip", world / "second.zip"]
    for target in targets:
        tui("bundle", failed, str(target), "-y")
    tui("show", str(targets[0]))
    [first] = (world / "cache").rglob("job.json")
    left = first.parent.with_name("x.1.new")  # by one that was killed
    left.mkdir()
    for folder in (first.parent, left):
        os.utime(folder, (1e9, 1e9))
    tui("show", str(targets[1]))
    [second] = (world / "cache").rglob("job.json")
    assert second != first
    assert not left.exists()
    os.utime(second.parent, (1e9, 1e9))
    tui("show", str(targets[1]))
    assert second.parent.stat().st_mtime > 1e9


def test_an_archive_with_a_password_says_so_in_words(failed: str, world: Path) -> None:
    target = world / "locked.zip"
    tui("bundle", failed, str(target), "-y")
    content = bytearray(target.read_bytes())
    for head, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        content[content.index(head) + at] |= 1
    target.write_bytes(content)
    told = tui("show", str(target), code=3).stderr
    assert "job.json in it is encrypted" in told
    assert "ZipInfo" not in told
