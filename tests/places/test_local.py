"""Files of this machine: nothing outside the operator's root is read or changed, whatever links say and whatever moves."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from reports.errors import MailboxError
from reports.ingest.places import local
from reports.ingest.places.local import LocalWay, key_of, move_file, name_of
from reports.ingest.places.maildir import Maildir
from reports.ingest.places.mbox import Mbox
from reports.ingest.places.place import Mark, open_place
from reports.ingest.places.watched_folder import WatchedFolder
from reports.models import Mailbox
from reports.vocabulary import MailboxFault


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    place = tmp_path / "outside"
    (place / "new").mkdir(parents=True)
    (place / "cur").mkdir()
    (place / "secret.xml").write_bytes(b"secret")
    return place


def fault(path: str | Path, root: Path) -> str:
    with pytest.raises(MailboxError) as caught, open_place(LocalWay(str(path), str(root), WatchedFolder)):
        pass
    return caught.value.code


def keys(place: WatchedFolder | Maildir | Mbox) -> list[str]:
    return [key for window in place.windows() for key in window]


def settled(file: Path, content: bytes) -> Path:
    file.write_bytes(content)
    os.utime(file, (time.time() - 100,) * 2)
    return file


@pytest.mark.parametrize("path", ["..", "../outside", "/etc", "link", "link/new", "inner/../../outside", "a\0b"])
def test_no_path_leads_out_of_the_root(root: Path, outside: Path, path: str) -> None:
    (root / "inner").mkdir()
    (root / "link").symlink_to(outside)
    assert fault(path, root) == MailboxFault.PATH_OUTSIDE
    assert fault(outside, root) == MailboxFault.PATH_OUTSIDE


def test_a_directory_that_becomes_a_link_after_it_was_judged_is_not_followed(
    root: Path, outside: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    judged = root / "inner"
    judged.mkdir()
    below = local._below_root

    def swapped(path: str, *, root: str) -> Path:
        real = below(path, root=root)
        judged.rmdir()
        judged.symlink_to(outside)
        return real

    monkeypatch.setattr(local, "_below_root", swapped)
    assert fault(judged, root) == MailboxFault.PATH_MISSING


def test_links_pipes_and_what_is_still_written_are_not_items(root: Path, outside: Path) -> None:
    (root / "link.xml").symlink_to(outside / "secret.xml")
    os.mkfifo(root / "pipe.xml")
    for name in ("a.partial", "b.tmp", ".hidden", "c.xml~"):
        settled(root / name, b"x")
    (root / "fresh.xml").write_bytes(b"x")
    settled(root / "ready.xml", b"x")
    with open_place(LocalWay(str(root), str(root), WatchedFolder)) as place:
        assert [key.rpartition(".xml")[0].rpartition(".")[2] for key in keys(place)] == ["ready"]


def test_a_file_swapped_for_a_link_or_a_pipe_after_it_was_listed_is_not_read(root: Path, outside: Path) -> None:
    first, second = settled(root / "1.xml", b"one"), settled(root / "2.xml", b"two")
    with open_place(LocalWay(str(root), str(root), WatchedFolder)) as place:
        listed = keys(place)
        first.unlink()
        first.symlink_to(outside / "secret.xml")
        second.unlink()
        os.mkfifo(second)
        found = place.fetch(listed)
        place.acknowledge(listed, Mark.HANDLED, action=Mailbox.Action.MOVE, target="done")
    assert (found.mails, set(found.unreadable)) == ({}, set(listed))
    assert (outside / "secret.xml").exists()
    assert first.is_symlink()


def test_a_target_that_is_a_link_is_not_written_to(root: Path, outside: Path) -> None:
    settled(root / "1.xml", b"one")
    (root / "done").symlink_to(outside)
    with open_place(LocalWay(str(root), str(root), WatchedFolder)) as place, pytest.raises(MailboxError):
        place.acknowledge(keys(place), Mark.HANDLED, action=Mailbox.Action.MOVE, target="done")
    assert (root / "1.xml").exists()


def test_a_file_written_anew_since_it_was_listed_is_not_moved(root: Path) -> None:
    file = settled(root / "1.xml", b"one")
    with open_place(LocalWay(str(root), str(root), WatchedFolder)) as place:
        listed = keys(place)
        settled(file, b"another")
        assert place.fetch(listed).mails == {}
        place.acknowledge(listed, Mark.HANDLED, action=Mailbox.Action.MOVE, target="done")
    assert file.read_bytes() == b"another"


def test_a_name_that_is_taken_in_the_target_replaces_nothing(root: Path) -> None:
    (root / "done").mkdir()
    (root / "done" / "1.xml").write_bytes(b"older")
    settled(root / "1.xml", b"newer")
    with open_place(LocalWay(str(root), str(root), WatchedFolder)) as place:
        place.acknowledge(keys(place), Mark.HANDLED, action=Mailbox.Action.MOVE, target="done")
    assert {file.name: file.read_bytes() for file in (root / "done").iterdir()} == {
        "1.xml": b"older",
        "1-1.xml": b"newer",
    }


@pytest.mark.parametrize("has_links", [True, False])
def test_a_move_that_was_cut_off_in_the_middle_ends_with_one_file(
    root: Path, monkeypatch: pytest.MonkeyPatch, *, has_links: bool
) -> None:
    (root / "done").mkdir()
    (root / "1.xml").write_bytes(b"one")
    source, target = (os.open(path, os.O_RDONLY) for path in (root, root / "done"))
    if has_links:
        os.link(root / "1.xml", root / "done" / "1.xml")  # as it was when the process ended
    else:
        monkeypatch.setattr(os, "link", _no_links)
    for _ in range(2):
        move_file("1.xml", source=source, target=target, new_name="1.xml")
    assert [file.name for file in root.rglob("*.xml")] == ["1.xml"]
    assert (root / "done" / "1.xml").read_bytes() == b"one"
    os.close(source)
    os.close(target)


def _no_links(*_: object, **__: object) -> None:
    raise OSError(95, "not supported")


def test_an_mbox_among_files_is_entered_mail_by_mail(root: Path) -> None:
    mbox = b"".join(
        b"From a@example.com Thu Nov 16 08:00:00 2023\nSubject: %d\n\nx\n\n" % number for number in range(3)
    )
    settled(root / "old.mbox", mbox)
    with open_place(LocalWay(str(root), str(root), WatchedFolder)) as place:
        (key,) = keys(place)
        assert list(place.fetch([key]).mails) == [key, f"{key}#2", f"{key}#3"]


@pytest.mark.parametrize("name", ["a b.xml", "ä.xml", "\udcff\udcfe.xml", "100%.xml", "x#2", "日本.eml"])
def test_every_file_name_has_a_key_and_back(name: str) -> None:
    assert name_of(key_of(name)) == name
    assert key_of(name).isascii()


def test_a_mail_program_that_renames_a_mail_does_not_make_it_new(root: Path) -> None:
    for part in ("new", "cur", "tmp"):
        (root / part).mkdir()
    (root / "new" / "1.host").write_bytes(b"x")
    with open_place(LocalWay(str(root), str(root), Maildir)) as place:
        before = keys(place)
        (root / "new" / "1.host").rename(root / "cur" / "1.host:2,RS")
        assert place.fetch(before).mails == {"1.host": b"x"}
        place.acknowledge(before, Mark.REFUSED, action=Mailbox.Action.FLAG, target="")
        assert keys(place) == before
    assert [file.name for file in (root / "cur").iterdir()] == ["1.host:2,FRS"]


@pytest.mark.parametrize("before", ["new/1.host", "cur/1.host:2,R"])
def test_flagging_that_was_cut_off_in_the_middle_ends_with_one_file(root: Path, before: str) -> None:
    for part in ("new", "cur", "tmp"):
        (root / part).mkdir()
    (root / before).write_bytes(b"x")
    after = root / "cur" / ("1.host:2,FR" if before.endswith("R") else "1.host:2,F")
    os.link(root / before, after)  # as it was when the process ended
    with open_place(LocalWay(str(root), str(root), Maildir)) as place:
        assert keys(place) == ["1.host"]
        place.acknowledge(["1.host"], Mark.REFUSED, action=Mailbox.Action.FLAG, target="")
    assert list(root.rglob("*.host*")) == [after]


_HOLD = "import fcntl, sys; file = open(sys.argv[1], 'r+b'); fcntl.lockf(file, fcntl.LOCK_EX); print('held', flush=True); input()"


def test_an_mbox_that_another_program_writes_is_left_for_later(root: Path) -> None:
    file = root / "a.mbox"
    file.write_bytes(b"From a@example.com Thu Nov 16 08:00:00 2023\nSubject: x\n\nx\n")
    way = LocalWay(str(file), str(root), Mbox, is_file=True)
    holder = subprocess.Popen([sys.executable, "-c", _HOLD, file], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert holder.stdout
    assert holder.stdout.readline() == b"held\n"
    with pytest.raises(MailboxError) as caught, open_place(way):
        pass
    assert caught.value.code == MailboxFault.FILE_LOCKED
    holder.communicate(b"\n")
    lock = root / "a.mbox.lock"
    lock.touch()
    with pytest.raises(MailboxError) as caught, open_place(way):
        pass
    assert caught.value.code == MailboxFault.FILE_LOCKED
    os.utime(lock, (0, 0))
    with open_place(way) as place:
        assert len(keys(place)) == 1
    assert lock.exists()
    lock.unlink()
    with open_place(way):
        assert not lock.exists()


def test_a_lock_file_that_vanishes_while_it_is_looked_at_is_a_lock_and_no_missing_file(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file, lock = root / "a.mbox", root / "a.mbox.lock"
    file.write_bytes(b"From a@example.com Thu Nov 16 08:00:00 2023\nSubject: x\n\nx\n")
    lock.touch()
    opened = os.open

    def open_and_release(path: str, *args: Any, **options: Any) -> int:
        try:
            return opened(path, *args, **options)
        except FileExistsError:
            lock.unlink()
            raise

    monkeypatch.setattr(os, "open", open_and_release)
    with pytest.raises(MailboxError) as caught, open_place(LocalWay(str(file), str(root), Mbox, is_file=True)):
        pass
    assert caught.value.code == MailboxFault.FILE_LOCKED
