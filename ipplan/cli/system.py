"""What differs between systems: locks, rights of files, lasting renames, closed pipes, terminals, quotes of shells.

Everything is chosen by what the running Python has, never by the name of the system. Windows has no descriptors of
folders, no flock and no owners; it locks files with msvcrt, and refuses to rename or remove a file that is open.
Knows nothing of what is read or written.
"""

from __future__ import annotations

import errno
import os
import stat
from contextlib import suppress
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from types import ModuleType

POSIX = hasattr(os, "O_DIRECTORY")
"""Whether folders can be opened, and open files renamed and removed. Windows allows neither."""

END_OF_INPUT = "ctrl-D" if POSIX else "ctrl-Z and Enter"
"""The keys that end standard input on a terminal."""

LOCK_FILE = ".ipplan.lock"
"""The file that stands for the lock on a folder, where a folder cannot be opened; the last holder removes it."""


def _flags(*names: str) -> int:
    flags = 0
    for name in names:
        flags |= getattr(os, name, 0)
    return flags


_ANY = _flags("O_CLOEXEC", "O_NOINHERIT", "O_BINARY")
"""Keep a descriptor from child processes, and bytes as they are: Windows turns a line feed into CR LF otherwise."""

CREATE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | _flags("O_NOFOLLOW") | _ANY
"""Flags for os.open: make a new file, never behind a link."""

_UPDATE = os.O_RDWR | _flags("O_NOFOLLOW", "O_NONBLOCK") | _ANY
"""Open a file that is there; not blocking, because anybody may have put a named pipe there."""

_FOLDER = os.O_RDONLY | _flags("O_DIRECTORY") | _ANY


# -- locks ---------------------------------------------------------------------------------------------------


def lock(descriptor: int) -> bool | None:
    """Lock an open file until it is closed; False where somebody else holds the lock, None where there are no locks."""
    for name, take in (("fcntl", _flock), ("msvcrt", _lock_first_byte)):
        module = _module(name)
        if module is not None:
            return take(module, descriptor)
    return None


def _module(name: str) -> ModuleType | None:
    from importlib import import_module

    try:
        return import_module(name)
    except ImportError:
        return None


def _flock(fcntl: ModuleType, descriptor: int) -> bool | None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        # Some network file systems know no locks.
        return None
    return True


def _lock_first_byte(msvcrt: ModuleType, descriptor: int) -> bool | None:
    try:
        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
    except OSError as error:
        return False if error.errno in (errno.EACCES, errno.EDEADLK) else None
    return True


class FolderLock:
    """The lock on a folder, which runs of ipplan hold while they compare a file in it and replace it.

    It is on the folder itself, or on `LOCK_FILE` in it where folders cannot be opened. It ends with the process.
    """

    def __init__(self, folder: str) -> None:
        self._path = folder if POSIX else os.path.join(folder, LOCK_FILE)
        self._descriptor: int | None = None

    def take(self) -> bool:
        """Take the lock and tell whether that worked; where there are no locks it always does. Raises OSError."""
        descriptor = os.open(self._path, _FOLDER if POSIX else os.O_RDWR | os.O_CREAT | _ANY, 0o666)
        # Between opening and locking, the holder before may have removed the file.
        if lock(descriptor) is False or not self._is_there(descriptor):
            os.close(descriptor)
            return False
        self._descriptor = descriptor
        return True

    def release(self) -> None:
        """Give the lock back."""
        if self._descriptor is None:
            return
        try:
            close(self._descriptor)
        finally:
            self._descriptor = None
            if not POSIX:
                # Refused as long as somebody waits for the lock, who then removes it.
                with suppress(OSError):
                    os.unlink(self._path)

    def _is_there(self, descriptor: int) -> bool:
        try:
            return POSIX or os.path.samestat(os.fstat(descriptor), os.stat(self._path))
        except OSError:
            return False


# -- files ---------------------------------------------------------------------------------------------------


def close(descriptor: int) -> None:
    """Close a descriptor, also where an interruption comes first: Windows removes no file that is open."""
    try:
        os.close(descriptor)
    except BaseException:
        # Where closing failed, it is closed all the same.
        with suppress(OSError):
            os.close(descriptor)
        raise


def remove_unused(path: str) -> None:
    """Remove a regular file that no living process has locked, or on Windows open; else raise OSError or keep it."""
    if not POSIX:
        if stat.S_ISREG(os.lstat(path).st_mode):
            os.unlink(path)
        return
    descriptor = os.open(path, _UPDATE)
    try:
        # Without locks nobody knows whether it is used.
        if stat.S_ISREG(os.fstat(descriptor).st_mode) and lock(descriptor):
            os.unlink(path)
    finally:
        os.close(descriptor)


def copy_rights(descriptor: int, path: str, old: os.stat_result) -> None:
    """Give an open file the mode and, where allowed, the owner of another one."""
    mode = stat.S_IMODE(old.st_mode)
    change_owner = getattr(os, "fchown", None)
    try:
        if change_owner is None:
            raise PermissionError
        change_owner(descriptor, old.st_uid, old.st_gid)
    except PermissionError:
        # Rights that come with the owner stay with the owner.
        mode &= 0o777
    change_mode = getattr(os, "fchmod", None)
    if change_mode is None:
        os.chmod(path, mode)
    else:
        change_mode(descriptor, mode)


def sync_folder(folder: str) -> None:
    """Make a rename last; some systems and file systems cannot, and have no need to."""
    if not POSIX:
        return
    with suppress(OSError):
        descriptor = os.open(folder, _FOLDER)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


_PORTS = (port + number for port in ("com", "lpt") for number in "0123456789\u00b9\u00b2\u00b3")
_DEVICES = frozenset(("con", "prn", "aux", "nul", "conin$", "conout$", *_PORTS))
"""Names that mean a device in every folder, with any ending.

https://learn.microsoft.com/windows/win32/fileio/naming-a-file
"""


def is_device_name(path: str) -> bool:
    """Tell whether Windows takes the last part of a path for a device, as it does NUL and aux.toml."""
    name = path.replace("\\", "/").rpartition("/")[2]
    return not POSIX and name.partition(".")[0].partition(":")[0].rstrip(" ").lower() in _DEVICES


# -- streams and terminals -----------------------------------------------------------------------------------


def is_reader_gone(error: OSError, descriptor: int) -> bool:
    """Tell whether a write failed because the reader of a pipe closed it; Windows calls that an invalid argument."""
    if isinstance(error, BrokenPipeError):
        return True
    with suppress(OSError):
        return error.errno == errno.EINVAL and stat.S_ISFIFO(os.fstat(descriptor).st_mode)
    return False


def wait_for(descriptor: int, *, writing: bool) -> None:
    """Wait until a descriptor that does not block can be read or written, or for a moment where nobody can tell."""
    from select import select

    try:
        select([] if writing else [descriptor], [descriptor] if writing else [], [])
    except OSError:
        # On Windows, select knows sockets only.
        from time import sleep

        sleep(0.01)


_VIRTUAL_TERMINAL = 0x0004
"""ENABLE_VIRTUAL_TERMINAL_PROCESSING: https://learn.microsoft.com/windows/console/setconsolemode"""


def understands_escapes(descriptor: int) -> bool:
    """Tell whether a terminal acts on escape sequences; on Windows, make its console do so first.

    There, NUL says that it is a terminal too, and has no console mode.
    """
    import ctypes

    # Looked up, because only Windows has it.
    libraries: Any = getattr(ctypes, "windll", None)
    msvcrt: Any = _module("msvcrt")
    if libraries is None or msvcrt is None:
        return True
    try:
        handle = ctypes.c_void_p(msvcrt.get_osfhandle(descriptor))
    except OSError:
        return False
    mode = ctypes.c_ulong()
    if not libraries.kernel32.GetConsoleMode(handle, ctypes.byref(mode)):
        return False
    wanted = mode.value | _VIRTUAL_TERMINAL
    return mode.value == wanted or bool(libraries.kernel32.SetConsoleMode(handle, wanted))


def quote_word(word: str) -> str:
    """Return a word as the shell of the system takes it for one; cmd and PowerShell both know double quotes."""
    if POSIX:
        import shlex

        return shlex.quote(word)
    plain = word and all(char.isalnum() or char in "-_.:\\/" for char in word)
    return word if plain else f'"{word}"'
