"""The file of a backup: whole or absent, and every damage is seen."""

from __future__ import annotations

import io
import os
import signal
import sqlite3
import subprocess
import sys
import tarfile
import tracemalloc
from contextlib import closing
from pathlib import Path

import pytest

from sightglass.backup import archive, mlflow_store, shelf
from sightglass.backup.archive import BackupError, writing_archive
from sightglass.backup.create import Part, create
from sightglass.backup.restore import restore
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
    """And whatever has another name: people rename what they want to keep."""
    folder = tmp_path / "b"
    made = [create(settings, folder, without=ALL_BUT_SQL) for _ in range(3)]
    assert len(set(made)) == 3
    theirs = [folder / name for name in ("notes.txt", "sightglass-before-the-move.tar.gz")]
    for path in theirs:
        path.write_text("mine")
    assert [each.path for each in shelf.list_backups(folder)] == made[::-1]
    assert shelf.keep_newest(made[-1], 2) == made[:1]
    assert [each.path for each in shelf.list_backups(folder)] == made[:0:-1]
    assert all(path.exists() for path in theirs)


def test_a_clock_that_went_back(tmp_path: Path, settings: Settings) -> None:
    """What was just made stays, and so does what seems to come from the future."""
    folder = tmp_path / "b"
    made = create(settings, folder, without=ALL_BUT_SQL)
    later = [folder / f"sightglass-29990101T00000{n}Z.tar.gz" for n in range(3)]
    older = folder / "sightglass-20200101T000000Z.tar.gz"
    for path in (*later, older):
        path.write_bytes(made.read_bytes())
    assert shelf.keep_newest(made, 1) == [older]
    assert all(path.exists() for path in (made, *later))


@pytest.mark.parametrize("place", ["images/old", "models", "mlflow/b"])
def test_a_backup_is_not_backed_up(place: str, settings: Settings) -> None:
    with pytest.raises(BackupError, match="take another folder"):
        create(settings, settings.state_dir / place, without=ALL_BUT_SQL)


def test_wrong_state_folder(tmp_path: Path) -> None:
    wrong = Settings(_env_file=None, state_dir=tmp_path / "typo")
    with pytest.raises(BackupError, match="holds no history"):
        create(wrong, tmp_path / "b", without=ALL_BUT_SQL)
    assert list(tmp_path.iterdir()) == []


def test_names_that_are_hard_to_write_down(tmp_path: Path, settings: Settings) -> None:
    """They come back as they were, and sha256sum reads the list of them."""
    names = [b"new\nline", b"back\\slash", "bus \U0001f68c".encode(), b"\xff\xfe", b"l" * 250]
    folder = settings.model_cache_dir
    folder.mkdir(parents=True)
    for name in names:
        (folder / os.fsdecode(name)).write_bytes(name)
    without = [part for part in Part if part is not Part.MODELS]
    path = create(settings, tmp_path / "b", without=without)
    new = Settings(_env_file=None, state_dir=tmp_path / "new")
    restore(new, path)
    assert {os.fsencode(path.name) for path in new.model_cache_dir.iterdir()} == set(names)
    subprocess.run(["tar", "-xzf", path], cwd=tmp_path, check=True, capture_output=True)
    command = ["sha256sum", "--quiet", "--strict", "-c", "checksums.txt"]
    subprocess.run(command, cwd=tmp_path, check=True)


def test_links_in_the_served_model_are_followed(tmp_path: Path, settings: Settings) -> None:
    """Downloaded models often are folders of links."""
    (tmp_path / "blob").write_bytes(b"weights")
    bundle = tmp_path / "bundle"
    bundle.mkdir()
    (bundle / "model.onnx").symlink_to(tmp_path / "blob")
    served = settings.model_copy(update={"model_path": bundle})
    without = [part for part in Part if part is not Part.MODELS]
    path = create(served, tmp_path / "b", without=without)
    names = [member.name for member in archive.members(path, lambda n: n.startswith("served"))]
    assert names == ["served-model/model.onnx"]
    absent = settings.model_copy(update={"model_path": tmp_path / "absent.onnx"})
    path = create(absent, tmp_path / "b", without=without)
    assert archive.verify(path)["models"]["served"] is None


def test_database_of_mlflow_is_locked(
    tmp_path: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mlflow_store, "_LOCK_SECONDS", 0.1)
    place = settings.state_dir / "mlflow" / "mlflow.db"
    place.parent.mkdir()
    with closing(sqlite3.connect(place, isolation_level=None)) as other:
        other.execute("CREATE TABLE t (x)")
        other.execute("BEGIN EXCLUSIVE")
        without = [part for part in Part if part is not Part.MLFLOW]
        with pytest.raises(BackupError, match="locked"):
            create(settings, tmp_path / "b", without=without)
    assert shelf.list_backups(tmp_path / "b") == []


def test_memory_does_not_grow_with_what_is_kept(tmp_path: Path, settings: Settings) -> None:
    """Pictures of 100 MB, most of them in one file, and never more than a few MB at once."""
    folder = settings.resolved_image_dir
    folder.mkdir(parents=True)
    for name, size in (("large", 80 << 20), *((f"p{n}", 100_000) for n in range(200))):
        with (folder / name).open("wb") as file:
            file.truncate(size)
    without = [part for part in Part if part is not Part.IMAGES]
    tracemalloc.start()
    try:
        path = create(settings, tmp_path / "b", without=without)
        archive.verify(path)
        restore(Settings(_env_file=None, state_dir=tmp_path / "new"), path)
        assert tracemalloc.get_traced_memory()[1] < 24 << 20
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    "manifest",
    [b"[]", b'"x"', b'{"format": "1"}', b'{"format": 1, "members": 0}', b" " * (17 << 20)],
)
def test_manifest_that_is_none(manifest: bytes, tmp_path: Path) -> None:
    path = tmp_path / "b.tar.gz"
    with tarfile.open(path, "w:gz") as tar:
        info = tarfile.TarInfo(archive.MANIFEST)
        info.size = len(manifest)
        tar.addfile(info, io.BytesIO(manifest))
    with pytest.raises(BackupError, match="damaged"):
        archive.verify(path)


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
