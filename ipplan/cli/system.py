"""The differences between systems: locks, file modes, durable renames, closed pipes, terminals, shell quotes.

The functions of the running Python decide, never the name of the system. Windows has no descriptors of folders, no
flock and no owners; it locks files with msvcrt, and rejects renaming or removing an open file. Knows nothing of the
content of files.
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
"""Whether folders can be opened, and open files can be renamed and removed. Windows allows neither."""

END_OF_INPUT = "ctrl-D" if POSIX else "ctrl-Z and Enter"
"""The keys that end standard input on a terminal."""

LOCK_FILE = ".ipplan.lock"
"""The file that carries the lock on a folder that cannot be opened; the last holder removes it."""


def _flags(*names: str) -> int:
    flags = 0
    for name in names:
        flags |= getattr(os, name, 0)
    return flags


_ANY = _flags("O_CLOEXEC", "O_NOINHERIT", "O_BINARY")
"""Do not pass a descriptor to child processes, and keep bytes as they are: Windows would write LF as CR LF."""

CREATE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | _flags("O_NOFOLLOW") | _ANY
"""Flags for os.open: create a new file, never through a link."""

_UPDATE = os.O_RDWR | _flags("O_NOFOLLOW", "O_NONBLOCK") | _ANY
"""Flags to open an existing file without blocking, because it may be a named pipe."""

_FOLDER = os.O_RDONLY | _flags("O_DIRECTORY") | _ANY


# -- locks ---------------------------------------------------------------------------------------------------


def lock(descriptor: int) -> bool | None:
    """Lock an open file until it is closed; return False if another process holds the lock, None without locks."""
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
        # Some network file systems have no locks.
        return None
    return True


def _lock_first_byte(msvcrt: ModuleType, descriptor: int) -> bool | None:
    try:
        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
    except OSError as error:
        return False if error.errno in (errno.EACCES, errno.EDEADLK) else None
    return True


class FolderLock:
    """The lock on a folder that a run of ipplan holds while it compares and replaces a file in it.

    It is on the folder itself, or on `LOCK_FILE` in it if folders cannot be opened. It ends with the process.
    """

    def __init__(self, folder: str) -> None:
        self._path = folder if POSIX else os.path.join(folder, LOCK_FILE)
        self._descriptor: int | None = None

    def take(self) -> bool:
        """Take the lock and return whether that worked; without locks it always does. Raises OSError."""
        descriptor = os.open(self._path, _FOLDER if POSIX else os.O_RDWR | os.O_CREAT | _ANY, 0o666)
        # Between opening and locking, the previous holder may have removed the file.
        if lock(descriptor) is False or not self._is_there(descriptor):
            os.close(descriptor)
            return False
        self._descriptor = descriptor
        return True

    def release(self) -> None:
        """Release the lock."""
        if self._descriptor is None:
            return
        try:
            close(self._descriptor)
        finally:
            self._descriptor = None
            if not POSIX:
                # Fails while another run waits for the lock; that run then removes the file.
                with suppress(OSError):
                    os.unlink(self._path)

    def _is_there(self, descriptor: int) -> bool:
        try:
            return POSIX or os.path.samestat(os.fstat(descriptor), os.stat(self._path))
        except OSError:
            return False


# -- files ---------------------------------------------------------------------------------------------------


def close(descriptor: int) -> None:
    """Close a descriptor even if interrupted: Windows cannot remove an open file."""
    try:
        os.close(descriptor)
    except BaseException:
        # If closing failed, the descriptor is closed anyway.
        with suppress(OSError):
            os.close(descriptor)
        raise


def remove_unused(path: str) -> None:
    """Remove a regular file unless a living process has it locked (on Windows: open). May raise OSError."""
    if not POSIX:
        if stat.S_ISREG(os.lstat(path).st_mode):
            os.unlink(path)
        return
    descriptor = os.open(path, _UPDATE)
    try:
        # Without locks, ipplan cannot know whether it is in use.
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
        # Without the owner, drop setuid and setgid.
        mode &= 0o777
    change_mode = getattr(os, "fchmod", None)
    if change_mode is None:
        os.chmod(path, mode)
    else:
        change_mode(descriptor, mode)


def sync_folder(folder: str) -> None:
    """Make a rename durable; some systems and file systems cannot do that and do not need it."""
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
"""Names that mean a device in every folder, with any file extension.

https://learn.microsoft.com/windows/win32/fileio/naming-a-file
"""


def is_device_name(path: str) -> bool:
    """Return whether Windows treats the last part of a path as a device, such as NUL or aux.toml."""
    name = path.replace("\\", "/").rpartition("/")[2]
    return not POSIX and name.partition(".")[0].partition(":")[0].rstrip(" ").lower() in _DEVICES


# -- streams and terminals -----------------------------------------------------------------------------------


def is_reader_gone(error: OSError, descriptor: int) -> bool:
    """Return whether a write failed because the pipe was closed; Windows reports an invalid argument then."""
    if isinstance(error, BrokenPipeError):
        return True
    with suppress(OSError):
        return error.errno == errno.EINVAL and stat.S_ISFIFO(os.fstat(descriptor).st_mode)
    return False


def wait_for(descriptor: int, *, writing: bool) -> None:
    """Wait until a non-blocking descriptor can be read or written, or for a moment if the system cannot say."""
    from select import select

    try:
        select([] if writing else [descriptor], [descriptor] if writing else [], [])
    except OSError:
        # On Windows, select supports only sockets.
        from time import sleep

        sleep(0.01)


_VIRTUAL_TERMINAL = 0x0004
"""ENABLE_VIRTUAL_TERMINAL_PROCESSING: https://learn.microsoft.com/windows/console/setconsolemode"""


def understands_escapes(descriptor: int) -> bool:
    """Return whether a terminal handles escape sequences; on Windows, switch that on first.

    There, NUL also reports that it is a terminal, but has no console mode.
    """
    import ctypes

    # Read with getattr, because only Windows has it.
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
    """Return a word quoted for the shell of the system; cmd and PowerShell both accept double quotes."""
    if POSIX:
        import shlex

        return shlex.quote(word)
    plain = word and all(char.isalnum() or char in "-_.:\\/" for char in word)
    return word if plain else f'"{word}"'
