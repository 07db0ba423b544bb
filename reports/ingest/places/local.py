"""The one gate to files of this machine: only below the operator's root, through no link, and never a device or a pipe.

The web's administrators name paths, so nothing that they name may lead elsewhere. Every directory is opened from the root
on, part by part and without following links; whoever swaps one for a link meanwhile gets an error, not another file.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import ClassVar, Protocol
from urllib.parse import quote, unquote_to_bytes

from reports.errors import MailboxError, MailboxMisconfigured
from reports.ingest.places.place import Place, Step
from reports.vocabulary import MailboxFault, MailboxStep

_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_SAFE = "!$&'()*+,;=:@[]{} "


class CountedPlace(Place, Protocol):
    """A place that knows how many items it holds."""

    def count(self) -> int:
        """How many items are there now."""


@dataclass(frozen=True, slots=True)
class LocalWay:
    """The way to a directory, or to a file in one; `root` is "" where the operator allows no local paths.

    `open` is given the opened directory, the name in it ("" for the directory itself), and the path for people.
    """

    path: str
    root: str
    open: Callable[[int, str, str], CountedPlace]
    is_file: bool = False
    step_names: ClassVar[tuple[MailboxStep, ...]] = (MailboxStep.ALLOWED, MailboxStep.FOLDER, MailboxStep.COUNT)

    def steps(self, stack: ExitStack, *, is_read_only: bool) -> Generator[Step, None, Place]:
        """See `Way`. That nothing is changed where nothing is to be is left to the place: it changes what it is told."""
        with accessing(self.path):
            real = _below_root(self.path, root=self.root)
            yield Step(MailboxStep.ALLOWED, self.root)
            name = real.name if self.is_file else ""
            directory = _open_directory(real.parent if self.is_file else real, root=Path(os.path.realpath(self.root)))
            stack.callback(os.close, directory)
            place = self.open(directory, name, self.path)
            yield Step(MailboxStep.FOLDER, str(real))
            yield Step(MailboxStep.COUNT, str(place.count()))
        return place


@contextmanager
def accessing(path: str) -> Iterator[None]:
    """What can go wrong with files, as MailboxError."""
    try:
        yield
    except (FileNotFoundError, NotADirectoryError) as error:
        raise MailboxMisconfigured(MailboxFault.PATH_MISSING, _said(path, error)) from None
    except PermissionError as error:
        raise MailboxMisconfigured(MailboxFault.PATH_FORBIDDEN, _said(path, error)) from None
    except OSError as error:
        raise MailboxError(MailboxFault.PATH_FAILED, _said(path, error)) from None


def key_of(name: str) -> str:
    """A file name as ASCII text for the ledger: names may hold bytes that are no text."""
    return quote(os.fsencode(name), safe=_SAFE)


def name_of(key: str) -> str:
    """The file name that `key_of` made the key of."""
    return os.fsdecode(unquote_to_bytes(key))


def read_file(name: str, *, directory: int, limit: int) -> tuple[bytes, os.stat_result]:
    """The bytes of a regular file, `limit` and one more at most, and what it was when it was opened. Raises OSError."""
    with os.fdopen(os.open(name, _FILE, dir_fd=directory), "rb") as file:
        found = os.fstat(file.fileno())
        if not stat.S_ISREG(found.st_mode):
            raise PermissionError(0, "not a regular file", name)
        return file.read(limit + 1), found


def open_file(name: str, *, directory: int) -> int:
    """A descriptor of a regular file. Raises OSError."""
    descriptor = os.open(name, _FILE, dir_fd=directory)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise PermissionError(0, "not a regular file", name)
    return descriptor


def subdirectory(name: str, *, directory: int, is_made: bool = False) -> int:
    """A descriptor of a directory directly below another one; the caller closes it. Raises OSError."""
    if not is_plain_name(name):
        raise PermissionError(0, "not the name of a directory here", name)
    if is_made:
        with suppress(FileExistsError):
            os.mkdir(name, 0o770, dir_fd=directory)
    return os.open(name, _DIRECTORY, dir_fd=directory)


def is_plain_name(name: str) -> bool:
    """Whether a name stays in its directory."""
    return bool(name) and name not in {".", ".."} and "/" not in name and "\0" not in name


def move_file(name: str, *, source: int, target: int, new_name: str) -> None:
    """Move a file into another directory of the same file system under `new_name`, or under "1-" and so on before it where that
    is another file. A file that is gone is passed over. Repeated after a crash anywhere it ends with one file.
    """
    for number in count():
        candidate = f"{number}-{new_name}" if number else new_name
        try:
            _link(name, candidate, source=source, target=target)
        except FileExistsError:
            if not _is_same(name, candidate, source=source, target=target):
                continue
        except FileNotFoundError:
            return
        with suppress(FileNotFoundError):
            os.unlink(name, dir_fd=source)
        return


def _link(name: str, new_name: str, *, source: int, target: int) -> None:
    """Raises FileExistsError where the new name is taken: a plain rename would replace that file."""
    try:
        os.link(name, new_name, src_dir_fd=source, dst_dir_fd=target, follow_symlinks=False)
    except (FileExistsError, FileNotFoundError):
        raise
    except OSError:  # file systems without links, and links to what belongs to others
        try:
            os.stat(new_name, dir_fd=target, follow_symlinks=False)
        except FileNotFoundError:
            os.rename(name, new_name, src_dir_fd=source, dst_dir_fd=target)
        else:
            raise FileExistsError(new_name) from None


def _is_same(name: str, other: str, *, source: int, target: int) -> bool:
    try:
        return os.path.samestat(
            os.stat(name, dir_fd=source, follow_symlinks=False), os.stat(other, dir_fd=target, follow_symlinks=False)
        )
    except FileNotFoundError:
        return False


def _below_root(path: str, *, root: str) -> Path:
    if not root:
        raise MailboxMisconfigured(MailboxFault.LOCAL_OFF, (("path", path),))
    real_root = Path(os.path.realpath(root))
    if "\0" in path:
        raise MailboxMisconfigured(MailboxFault.PATH_OUTSIDE, (("root", root),))
    real = Path(os.path.realpath(real_root / path))
    if not real.is_relative_to(real_root):
        raise MailboxMisconfigured(MailboxFault.PATH_OUTSIDE, (("path", path), ("root", root)))
    return real


def _open_directory(real: Path, *, root: Path) -> int:
    """Raises MailboxMisconfigured where the parent of a file that is the root itself would be opened."""
    if not real.is_relative_to(root):
        raise MailboxMisconfigured(MailboxFault.PATH_OUTSIDE, (("path", str(real)), ("root", str(root))))
    opened = os.open(root, _DIRECTORY)
    for part in real.relative_to(root).parts:
        try:
            inner = os.open(part, _DIRECTORY, dir_fd=opened)
        finally:
            os.close(opened)
        opened = inner
    return opened


def _said(path: str, error: OSError) -> tuple[tuple[str, str], ...]:
    return (("path", path), ("error", error.strerror or str(error)))
