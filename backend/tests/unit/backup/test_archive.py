"""The file of a backup: whole or absent, and every damage is seen."""

from __future__ import annotations

import io
import os
import signal
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

from sightglass.backup import archive, shelf
from sightglass.backup.archive import BackupError, writing_archive
from sightglass.backup.create import Part, create
from sightglass.settings import Settings
from sightglass.storage.database import migrate

ALL_BUT_SQL = tuple(Part)


def make(path: Path) -> Path:
    with writing_archive(path) as writer:
        writer.add_lines("sql/predictions", (b"[%d]" % number for number in range(1000)))
        writer.add_bytes("images/a", os.urandom(50_000))
        writer.finish({"sql": {"tables": {}}})
    return path


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    made = Settings(_env_file=None, state_dir=tmp_path / "state")
    migrate(made.resolved_database_url)
    return made


def test_read_as_it_was_written(tmp_path: Path) -> None:
    path = make(tmp_path / "b.tar.gz")
    manifest = archive.verify(path)
    assert (manifest["format"], manifest["members"]) == (archive.FORMAT, 2)
    names = [member.name for member in archive.members(path, lambda n: n.startswith("sql/"))]
    assert names == ["sql/predictions/000001.jsonl"]
    assert path.stat().st_mode & 0o777 == 0o600


def test_lines_are_parted(tmp_path: Path) -> None:
    path = tmp_path / "b.tar.gz"
    lines = [b"x" * 1_000_000] * 9
    with writing_archive(path) as writer:
        assert writer.add_lines("journal", iter(lines)) == 9
        writer.finish({})
    found = [m.content.read() for m in archive.members(path, lambda _: True)]
    assert [len(each) // 1_000_000 for each in found] == [5, 4]
    assert b"".join(found) == b"".join(line + b"\n" for line in lines)


@pytest.mark.parametrize("at", [0.02, 0.3, 0.5, 0.7, 0.999])
def test_cut_off(at: float, tmp_path: Path) -> None:
    path = make(tmp_path / "b.tar.gz")
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * at)])
    with pytest.raises(BackupError, match=r"damaged|not complete"):
        archive.verify(path)


@pytest.mark.parametrize("at", [0.1, 0.3, 0.5, 0.7, 0.95])
def test_one_wrong_byte(at: float, tmp_path: Path) -> None:
    path = make(tmp_path / "b.tar.gz")
    data = bytearray(path.read_bytes())
    data[int(len(data) * at)] ^= 0x5A
    path.write_bytes(data)
    with pytest.raises(BackupError, match=r"damaged|not complete"):
        archive.verify(path)


@pytest.mark.parametrize("name", ["images/a", "sql/predictions/000001.jsonl", "checksums.txt"])
def test_member_changed_by_hand(name: str, tmp_path: Path) -> None:
    """A tar that is whole, and is not what was written."""
    path = make(tmp_path / "b.tar.gz")
    with tarfile.open(path) as old, tarfile.open(tmp_path / "c.tar.gz", "w:gz") as new:
        for info in old:
            content = old.extractfile(info)
            assert content is not None
            data = content.read()
            new.addfile(info, io.BytesIO(data[::-1] if info.name == name else data))
    with pytest.raises(BackupError, match="damaged"):
        archive.verify(tmp_path / "c.tar.gz")


@pytest.mark.parametrize("name", ["../../etc/cron.d/x", "/etc/x", "images/../../x"])
def test_names_that_lead_outside(name: str, tmp_path: Path) -> None:
    path = tmp_path / "b.tar.gz"
    with writing_archive(path) as writer:
        writer.add_bytes(name, b"x")
        writer.finish({})
    with pytest.raises(BackupError, match="which no backup has"):
        archive.verify(path)


@pytest.mark.parametrize("data", [b"", b"nonsense", b"\x1f\x8b" + bytes(100)])
def test_no_archive_at_all(data: bytes, tmp_path: Path) -> None:
    path = tmp_path / "b.tar.gz"
    path.write_bytes(data)
    with pytest.raises(BackupError):
        archive.verify(path)
    with pytest.raises(BackupError, match="does not exist"):
        archive.verify(tmp_path / "absent.tar.gz")


def test_later_format(tmp_path: Path) -> None:
    path = tmp_path / "b.tar.gz"
    with writing_archive(path) as writer:
        writer.finish({"format": archive.FORMAT + 1})
    with pytest.raises(BackupError, match="later"):
        archive.verify(path)


def test_error_in_the_middle_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(BackupError, match="shorter"), writing_archive(tmp_path / "b") as writer:
        writer.add("images/a", io.BytesIO(b"xy"), 3)
    assert list(tmp_path.iterdir()) == []


def test_killed_in_the_middle(tmp_path: Path, settings: Settings) -> None:
    """No backup is there, and the next one clears what was left."""
    folder = tmp_path / "backups"
    folder.mkdir()
    script = (
        "import os, pathlib, signal\n"
        "from sightglass.backup.archive import writing_archive\n"
        f"with writing_archive(pathlib.Path({str(folder)!r}) / 'sightglass-x.tar.gz') as writer:\n"
        "    writer.add_bytes('images/a', os.urandom(3_000_000))\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    done = subprocess.run([sys.executable, "-c", script], check=False)
    assert done.returncode == -signal.SIGKILL
    [part] = folder.iterdir()
    with pytest.raises(BackupError):
        archive.verify(part)
    assert shelf.list_backups(folder) == []
    path = create(settings, folder, without=ALL_BUT_SQL)
    assert {each.name for each in folder.iterdir()} == {path.name, ".lock"}


def test_disk_full(tmp_path: Path, settings: Settings) -> None:
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m", "none", str(folder)]
    done = subprocess.run(mount, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.fail(f"this test needs the right to mount a small tmpfs (root): {done.stderr}")
    try:
        settings.resolved_image_dir.mkdir(parents=True)
        (settings.resolved_image_dir / "big").write_bytes(os.urandom(2 << 20))
        without = [part for part in Part if part is not Part.IMAGES]
        with pytest.raises(BackupError, match="No space left"):
            create(settings, folder, without=without)
        assert [each.name for each in folder.iterdir()] == [".lock"]
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def test_only_the_newest_stay(tmp_path: Path, settings: Settings) -> None:
    made = [create(settings, tmp_path / "b", without=ALL_BUT_SQL) for _ in range(3)]
    (tmp_path / "b" / "notes.txt").write_text("mine")
    assert len(set(made)) == 3
    listed = shelf.list_backups(tmp_path / "b")
    gone = shelf.keep_newest(tmp_path / "b", 2)
    assert gone == [listed[-1].path]
    assert [each.path for each in shelf.list_backups(tmp_path / "b")] == [
        each.path for each in listed[:2]
    ]
    assert (tmp_path / "b" / "notes.txt").exists()


def test_two_at_once(tmp_path: Path, settings: Settings) -> None:
    from sightglass.backup.create import _alone

    with _alone(tmp_path / "b"), pytest.raises(BackupError, match="Another backup"):
        create(settings, tmp_path / "b", without=ALL_BUT_SQL)


def test_redis_away_is_an_error(tmp_path: Path, settings: Settings) -> None:
    """Predictions may wait in it: a backup without them has to be asked for."""
    away = settings.model_copy(update={"redis_url": "redis://127.0.0.1:1/0"})
    with pytest.raises(BackupError, match="--without redis"):
        create(away, tmp_path / "b", without=(Part.MLFLOW,))
    assert shelf.list_backups(tmp_path / "b") == []
