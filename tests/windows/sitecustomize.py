"""Make a Python on POSIX behave like one on Windows. Python runs this at its start if the folder is on its path.

It removes the functions that Windows does not have and changes those that behave differently there: folders cannot be
opened; a file that any process has open cannot be renamed, replaced or removed; descriptors translate line feeds without
O_BINARY; a closed pipe is an invalid argument; msvcrt locks files. sys.platform and os.name stay, because libraries
would otherwise load modules that only Windows has.
"""

from __future__ import annotations

import errno
import fcntl
import os
import select
import signal
import stat
import subprocess  # before msvcrt exists; with it, subprocess would import more of Windows
import sys
from contextlib import contextmanager
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

del subprocess

O_BINARY = 1 << 28
"""A bit that no flag of Linux uses."""

MISSING = {
    os: (
        "O_NOFOLLOW",
        "O_CLOEXEC",
        "O_DIRECTORY",
        "O_NONBLOCK",
        "O_SYNC",
        "O_NOCTTY",
        "chown",
        "chroot",
        "fchmod",
        "fchown",
        "fork",
        "forkpty",
        "getegid",
        "geteuid",
        "getgid",
        "getpgid",
        "getpgrp",
        "getuid",
        "killpg",
        "lchown",
        "mkfifo",
        "mknod",
        "nice",
        "openpty",
        "pread",
        "pwrite",
        "readv",
        "setgid",
        "setsid",
        "setuid",
        "statvfs",
        "sync",
        "sysconf",
        "uname",
        "wait",
        "wait3",
        "wait4",
        "writev",
    ),
    signal: (
        "SIGALRM",
        "SIGCHLD",
        "SIGHUP",
        "SIGKILL",
        "SIGPIPE",
        "SIGQUIT",
        "SIGTSTP",
        "SIGUSR1",
        "SIGUSR2",
        "SIGWINCH",
        "SIGXFSZ",
        "alarm",
        "pause",
        "pthread_sigmask",
        "setitimer",
        "sigwait",
    ),
    select: ("epoll", "poll"),
}
MODULES = ("fcntl", "grp", "pty", "pwd", "resource", "syslog", "termios", "tty")

_open, _write, _close, _unlink, _replace = os.open, os.write, os.close, os.unlink, os.replace
_flock, SHARED, ALONE = fcntl.flock, fcntl.LOCK_SH, fcntl.LOCK_EX
_text: set[int] = set()
"""Descriptors that translate line feeds."""


@contextmanager
def at_once(mode: int) -> Iterator[None]:
    """Stop other processes from opening files while one is searched, renamed or removed."""
    descriptor = _open(__file__, os.O_RDONLY)
    try:
        _flock(descriptor, mode)
        yield
    finally:
        _close(descriptor)


def reject_open(path: Any) -> None:
    """Raise PermissionError if any process has a file open."""
    try:
        wanted = os.stat(path, follow_symlinks=False)
    except OSError:
        return
    for process in os.scandir("/proc"):
        if not process.name.isdigit():
            continue
        try:
            for entry in os.scandir(f"/proc/{process.name}/fd"):
                found = os.stat(entry.path)
                if os.path.samestat(found, wanted) and stat.S_ISREG(found.st_mode):
                    raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), os.fspath(path))
        except (FileNotFoundError, ProcessLookupError):
            continue
        except PermissionError as error:
            if error.filename == os.fspath(path):
                raise


def reject_read_only(path: Any) -> None:
    """Raise PermissionError for an existing read-only file."""
    if os.path.lexists(path) and not os.lstat(path).st_mode & stat.S_IWRITE:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), os.fspath(path))


def open_(path: Any, flags: int, mode: int = 0o777, **rest: Any) -> int:
    """Open a file, never a folder."""
    if os.path.isdir(path):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), os.fspath(path))
    with at_once(SHARED):
        descriptor = _open(path, flags & ~O_BINARY, mode, **rest)
    if not flags & O_BINARY:
        _text.add(descriptor)
    return descriptor


def write(descriptor: int, data: Any) -> int:
    """Write bytes, with line feeds translated if the descriptor is in text mode."""
    if descriptor in _text:
        _write(descriptor, bytes(data).replace(b"\n", b"\r\n"))
        return len(data)
    try:
        return _write(descriptor, data)
    except BrokenPipeError:
        raise OSError(errno.EINVAL, os.strerror(errno.EINVAL)) from None


def close(descriptor: int) -> None:
    """Close a descriptor."""
    _text.discard(descriptor)
    _close(descriptor)


def unlink(path: Any) -> None:
    """Remove a file unless a process has it open or it is read-only."""
    with at_once(ALONE):
        reject_open(path)
        reject_read_only(path)
        _unlink(path)


def replace(source: Any, target: Any) -> None:
    """Rename a file unless a process has either file open or the target is read-only."""
    with at_once(ALONE):
        reject_open(source)
        reject_open(target)
        reject_read_only(target)
        _replace(source, target)


def locking(descriptor: int, mode: int, nbytes: int) -> None:
    """Lock the whole file instead of some bytes of it."""
    if mode != 2 or nbytes < 1:
        raise NotImplementedError("ipplan uses only LK_NBLCK")
    try:
        _flock(descriptor, ALONE | fcntl.LOCK_NB)
    except BlockingIOError:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES)) from None


def select_(*_: Any) -> None:
    """Fail: on Windows, select supports only sockets."""
    raise OSError(10038, "An operation was attempted on something that is not a socket")


def become_windows() -> None:
    """Change the modules of this process."""
    for module, names in MISSING.items():
        for name in names:
            if hasattr(module, name):
                delattr(module, name)
    for name in MODULES:
        sys.modules[name] = None  # type: ignore[assignment]
    msvcrt: Any = ModuleType("msvcrt")
    msvcrt.LK_NBLCK, msvcrt.locking, msvcrt.get_osfhandle = 2, locking, int
    sys.modules["msvcrt"] = msvcrt
    changed: dict[str, Any] = {
        "O_BINARY": O_BINARY,
        "O_NOINHERIT": 0,
        "open": open_,
        "write": write,
        "close": close,
        "unlink": unlink,
        "remove": unlink,
        "replace": replace,
    }
    for name, value in changed.items():
        setattr(os, name, value)
    select_module: Any = select
    select_module.select = select_


become_windows()
