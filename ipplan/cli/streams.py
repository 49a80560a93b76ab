"""Read inputs and write outputs: standard streams, input files, `-o FILE`.

Output is written whole or the run fails. Writes go to the file descriptor in a loop, because an unbuffered Python
stream silently drops the rest after a short write (python/cpython issue 86210). Knows nothing of the content.
"""

from __future__ import annotations

import errno
import os
import stat
import sys
from contextlib import contextmanager, suppress
from io import FileIO, RawIOBase
from typing import TYPE_CHECKING

from ipplan.cli import system
from ipplan.output.text import escape

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import IO, TextIO

LARGEST_INPUT = 64 * 1024 * 1024
"""Read at most 64 MiB of one input."""

STDIN_NAME = "<stdin>"
"""The name of standard input in messages and documents."""


class UsageProblem(Exception):  # noqa: N818  (the user's problem, not ours)
    """A problem that the user can fix; ends the run with exit status 2, one line and maybe a hint."""

    def __init__(self, message: str, hint: str | None = None) -> None:
        super().__init__(message)
        self.hint = hint


class InputProblem(UsageProblem):
    """An input that cannot be read; `file` is its name in messages."""

    def __init__(self, file: str, message: str, hint: str | None = None) -> None:
        super().__init__(message, hint)
        self.file = file


class OutputProblem(UsageProblem):
    """A result that could not be written whole."""


class _InUseError(PermissionError):
    """A file that cannot be replaced while another program has it open; only Windows has such files."""


class ReaderGoneError(Exception):
    """Output pipe closed early (`| head`); the run ends quietly."""


def say(text: str) -> None:
    """Write one line to standard error, with control characters escaped. A closed stream is not an error."""
    say_text(escape(text) + "\n")


def say_text(text: str) -> None:
    """Write text that is already escaped, of any number of lines, to standard error."""
    if sys.stderr is None:
        return
    with suppress(OSError, ValueError):
        encoding = sys.stderr.encoding or "ascii"
        sys.stderr.write(text.encode(encoding, "backslashreplace").decode(encoding))
        sys.stderr.flush()


def is_terminal(stream: TextIO | None = None) -> bool:
    """Return whether a stream, standard output by default, is a terminal that handles escape sequences."""
    stream = sys.stdout if stream is None else stream
    try:
        if stream is None or not stream.isatty() or os.environ.get("TERM") == "dumb":
            return False
        return system.POSIX or system.understands_escapes(stream.fileno())
    except (OSError, ValueError):
        return False


def error_terminal() -> TextIO | None:
    """Return standard error if it is a terminal, for progress that is drawn only during a run."""
    return sys.stderr if is_terminal(sys.stderr) else None


def terminal_width(stream: TextIO | None = None) -> int:
    """Return the width of a terminal: COLUMNS if it is set, else the terminal's own, else 80."""
    text = os.environ.get("COLUMNS", "")
    if text.isascii() and text.isdigit() and len(text) < 6 and int(text) > 0:
        return int(text)
    try:
        return os.get_terminal_size((stream or sys.stdout).fileno()).columns or 80
    except (OSError, ValueError, AttributeError):
        return 80


def goes_to_stdout(file: str) -> bool:
    """Return whether a file after -o means standard output."""
    return file in ("-", "/dev/stdout")


_OUTPUT = "ipplan.output"
"""The key of the file after -o in the context of a run."""


def watch_output(file: str) -> None:
    """Let `read_input` reject this file for the rest of the run, because the result will replace it."""
    from click import get_current_context

    get_current_context().meta[_OUTPUT] = file


def _reject_output(status: os.stat_result, name: str) -> None:
    """Raise UsageProblem if an input is the file after -o, or the regular file that standard output goes to.

    Not InputProblem: that is reported in a document, which would overwrite the file.
    """
    if not stat.S_ISREG(status.st_mode):
        return
    from click import get_current_context

    context = get_current_context(silent=True)
    file = None if context is None else context.meta.get(_OUTPUT)
    if file is not None:
        with suppress(OSError, ValueError):
            if os.path.samestat(status, os.stat(file)):
                raise UsageProblem(f"cannot write {file}: this run reads it, as {name}", "name another file after -o")
        return
    with suppress(OSError, ValueError, AttributeError):
        if os.path.samestat(status, os.fstat(sys.stdout.fileno())):
            raise UsageProblem(
                f"cannot write to standard output: it goes to {name}, which this run reads",
                "redirect it to another file",
            )


def deliver(result: str | bytes, output: str | None = None, *, for_programs: bool = False) -> None:
    """Write a result whole to standard output or, atomically, to the file `output`.

    "-" and /dev/stdout mean standard output. Text `for_programs`, such as a plan, is UTF-8 there too, unless standard
    output is a terminal: redirected output must equal the file that -o writes, but Windows redirects in an old code
    page. Raises OutputProblem if the result cannot be written in full, and for bytes on a terminal; ReaderGoneError if
    the output pipe is closed early.
    """
    if output is not None and not goes_to_stdout(output):
        # Always UTF-8: a file must not depend on the locale of the user.
        replace_file(output, _encoded(result, "utf-8"))
        return
    stream = sys.stdout
    if stream is None:
        raise OutputProblem("cannot write the result: standard output is closed")
    try:
        descriptor = stream.fileno()
    except (OSError, ValueError):
        if isinstance(result, bytes):
            raise OutputProblem("the result is a binary file, and standard output takes text", "add -o FILE") from None
        stream.write(result)
        return
    if isinstance(result, bytes) and os.isatty(descriptor):
        raise OutputProblem("the result is a binary file, and standard output is a terminal", "add -o FILE")
    try:
        stream.flush()
        os.fstat(descriptor)
        encoding = "utf-8" if for_programs and not os.isatty(descriptor) else stream.encoding or "utf-8"
        _write_all(descriptor, _encoded(result, encoding), _console(stream))
    except OSError as error:
        if system.is_reader_gone(error, descriptor):
            raise ReaderGoneError from None
        raise OutputProblem(f"cannot write the result to standard output: {_reason(error)}") from None


def _encoded(result: str | bytes, encoding: str) -> bytes:
    return result if isinstance(result, bytes) else result.encode(encoding, "backslashreplace")


def _console(stream: TextIO) -> RawIOBase | None:
    """Return the stream that shows UTF-8 in a Windows console, whose descriptor expects an old code page; else None."""
    buffer = getattr(stream, "buffer", None)
    raw = getattr(buffer, "raw", buffer)
    return raw if isinstance(raw, RawIOBase) and not isinstance(raw, FileIO) else None


def _write_all(descriptor: int, data: bytes, console: RawIOBase | None = None) -> None:
    rest = memoryview(data)
    while rest:
        rest = rest[_write_some(descriptor, rest, console) :]


def _write_some(descriptor: int, data: memoryview, console: RawIOBase | None) -> int:
    try:
        return os.write(descriptor, data) if console is None else console.write(data) or 0
    except BlockingIOError:
        system.wait_for(descriptor, writing=True)
        return 0


def replace_file(path: str, data: bytes, look: Callable[[], None] | None = None) -> None:
    """Replace a file by `data` so that at every moment it holds the old or the new content, whole.

    Keeps the mode and, where allowed, the owner of the old file; keeps a symbolic link and replaces its target. Calls
    `look` when the new file is on the disk, directly before it replaces the old one; if `look` raises, the old file
    stays. Raises OutputProblem for anything but a regular file, and if the file cannot be written.
    """
    if system.is_device_name(path):
        raise OutputProblem(f"cannot write {path}: Windows treats this name as a device", "choose another name")
    try:
        target = os.path.realpath(path)
        try:
            old = os.stat(target)
        except FileNotFoundError:
            old = None
        if old is not None and not stat.S_ISREG(old.st_mode):
            raise OutputProblem(f"cannot write {path}: it is {_kind(old.st_mode)}, not a regular file")
        if not system.POSIX and old is not None and not old.st_mode & stat.S_IWRITE:
            # Windows neither replaces a read-only file nor removes a temporary file with that mode.
            raise OutputProblem(f"cannot write {path}: it is read-only")
        _replace(target, data, old, look)
    except _InUseError:
        raise OutputProblem(
            f"cannot write {path}: another program has it open; nothing is written",
            "close it there and run again",
        ) from None
    except (OSError, ValueError) as error:
        raise OutputProblem(f"cannot write {path}: {_reason(error)}") from None


def create_file(path: str, data: bytes, hint: str) -> None:
    """Write a new file whole; raise OutputProblem if the name exists, or the file cannot be written.

    The check and the write are one step for all runs of ipplan; see `replace_unchanged`. `hint` is the next step for a
    file that exists.
    """

    def look() -> None:
        # A dangling link exists too.
        if os.path.lexists(path):
            raise OutputProblem(f"{path} exists; nothing is written", hint)

    with _locked(path):
        look()
        replace_file(path, data, look)


LONGEST_WAIT = 5.0
"""Wait at most 5 seconds for another run that writes the same file."""

SHORT_WAIT = 1.0
"""Wait at most 1 second on Windows for a program that has the file open; one that only reads it is done by then."""


def replace_unchanged(path: str, old: bytes, new: bytes) -> None:
    """Replace a file by `new` if it still holds `old`, as `replace_file` does.

    Read, compare and replace are one step for all runs of ipplan. They lock the folder, because a lock on a file that is
    replaced by renaming protects nothing. An editor holds no lock, so the old file is compared last, when the new one
    is already on the disk. Raises OutputProblem if the file was changed or may not be written, and if another run holds
    the lock for longer than `LONGEST_WAIT`.
    """

    def look() -> None:
        if read_input(path)[0] != old:
            raise OutputProblem(f"{path} was changed since it was read; nothing is written", "run again")

    with _locked(path):
        look()
        # A rename ignores the mode of the old file, but its owner may have set it on purpose.
        if not os.access(path, os.W_OK):
            raise OutputProblem(f"cannot write {path}: it is read-only")
        replace_file(path, new, look)


@contextmanager
def _locked(path: str) -> Iterator[None]:
    """Hold the lock on the folder of a file."""
    try:
        lock = system.FolderLock(os.path.dirname(os.path.realpath(path)))
        _wait_for_lock(path, lock)
    except (OSError, ValueError) as error:
        raise OutputProblem(f"cannot write {path}: {_reason(error)}") from None
    try:
        yield
    finally:
        lock.release()


def _wait_for_lock(path: str, lock: system.FolderLock) -> None:
    from time import monotonic, sleep

    start = monotonic()
    while not _takes(lock, monotonic() - start):
        if monotonic() - start >= LONGEST_WAIT:
            raise OutputProblem(
                f"cannot write {path}: another run holds the lock on its folder",
                "run again when it has ended",
            )
        sleep(0.02)


def _takes(lock: system.FolderLock, waited: float) -> bool:
    try:
        return lock.take()
    except PermissionError:
        # On Windows, a file that is being removed cannot be opened for a moment.
        if system.POSIX or waited >= SHORT_WAIT:
            raise
        return False


_MOST_TRIES = 10
"""Write a file at most 10 times if another run removes it before it is renamed."""


def _replace(target: str, data: bytes, old: os.stat_result | None, look: Callable[[], None] | None = None) -> None:
    folder, name = os.path.split(target)
    _remove_left_over(folder, name)
    for _ in range(_MOST_TRIES):
        if _replace_once(folder, name, data, old, look):
            system.sync_folder(folder)
            return
    raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT))


def _replace_once(
    folder: str, name: str, data: bytes, old: os.stat_result | None, look: Callable[[], None] | None
) -> bool:
    """Write a file and rename it; return False if another run removed it in between, as on Windows."""
    mode = 0o666 if old is None else stat.S_IMODE(old.st_mode)
    temporary, descriptor = _create_temporary(folder, name, mode & 0o777)
    keeper = None
    try:
        try:
            if system.POSIX:
                # A second descriptor keeps the lock: the first is closed before the rename, because closing may fail.
                keeper = os.dup(descriptor)
            if old is not None:
                system.copy_rights(descriptor, temporary, old)
            _write_all(descriptor, data)
            os.fsync(descriptor)
        finally:
            system.close(descriptor)
        _rename(temporary, os.path.join(folder, name), look)
    except BaseException as error:
        removed = not os.path.lexists(temporary)
        with suppress(OSError):
            os.unlink(temporary)
        if removed and isinstance(error, FileNotFoundError):
            return False
        raise
    finally:
        if keeper is not None:
            os.close(keeper)
    return True


def _rename(temporary: str, target: str, look: Callable[[], None] | None) -> None:
    """Rename a file over another; raise _InUseError if a program keeps the other one open."""
    from time import monotonic, sleep

    end = monotonic() + SHORT_WAIT
    while True:
        if look is not None:
            look()
        try:
            os.replace(temporary, target)
        except PermissionError as error:
            if system.POSIX:
                raise
            # Most programs that have it open only read it, such as another run or a virus scanner.
            if monotonic() >= end:
                raise _InUseError(*error.args) from None
            sleep(0.02)
        else:
            return


def _create_temporary(folder: str, name: str, mode: int) -> tuple[str, int]:
    """Create the file that will replace `name`; return its path and a descriptor.

    It is hidden and in the same folder, because only there a rename is one step. It is locked while it is open: a file
    without a lock was left by a run that was killed, and the next run removes it.
    """
    while True:
        temporary = os.path.join(folder, f"{_temporary_start(name)}{os.urandom(6).hex()}.tmp")
        descriptor = os.open(temporary, system.CREATE, mode)
        # Before the lock, another run may have removed it as left over. On Windows an open file cannot be removed.
        if not system.POSIX or (system.lock(descriptor) is not False and os.fstat(descriptor).st_nlink):
            return temporary, descriptor
        os.close(descriptor)
        with suppress(FileNotFoundError):
            os.unlink(temporary)


def _temporary_start(name: str) -> str:
    return f".{name[:40]}."


def _is_temporary(file: str, name: str) -> bool:
    """Return whether `_create_temporary` makes such a name."""
    start = _temporary_start(name)
    word = file[len(start) : -4]
    return file == f"{start}{word}.tmp" and len(word) == 12 and all(char in "0123456789abcdef" for char in word)


def _remove_left_over(folder: str, name: str) -> None:
    """Remove the files that killed runs left when they wrote `name`, never those of a living run."""
    with suppress(OSError), os.scandir(folder) as entries:
        for path in [entry.path for entry in entries if _is_temporary(entry.name, name)]:
            with suppress(OSError):
                system.remove_unused(path)


def read_input(path: str) -> tuple[bytes, str]:
    """Return the bytes of an input and its name for messages; "-" is standard input.

    Raises InputProblem if the input cannot be read or exceeds `LARGEST_INPUT` bytes. Waits only for standard input and
    for descriptors that the caller opened (/dev/stdin, /dev/fd/N).
    """
    if path == "-":
        return _read_stdin()
    try:
        status = os.stat(path)
        inherited = path == "/dev/stdin" or path.startswith(("/dev/fd/", "/proc/self/fd/"))
        if not stat.S_ISREG(status.st_mode) and (not inherited or stat.S_ISDIR(status.st_mode)):
            hint = None
            if stat.S_ISDIR(status.st_mode) and os.path.isfile(os.path.join(path, "plan.toml")):
                hint = f"did you mean {os.path.join(path, 'plan.toml')}?"
            raise InputProblem(path, f"cannot read {path}: it is {_kind(status.st_mode)}, not a file", hint)
        _reject_output(status, path)
        with open(path, "rb", buffering=0) as stream:
            return _read_all(stream, path, status.st_size), path
    except (OSError, ValueError) as error:
        raise InputProblem(path, f"cannot read {path}: {_reason(error)}", _near_file(path, error)) from None


def _read_stdin() -> tuple[bytes, str]:
    if sys.stdin is None:
        raise InputProblem(STDIN_NAME, "cannot read standard input: it is closed")
    try:
        if sys.stdin.isatty():
            say(f"reading the plan from standard input; end it with {system.END_OF_INPUT}")
        with suppress(OSError, ValueError):
            _reject_output(os.fstat(sys.stdin.fileno()), STDIN_NAME)
        return _read_all(sys.stdin.buffer, STDIN_NAME, 0), STDIN_NAME
    except (OSError, ValueError) as error:
        raise InputProblem(STDIN_NAME, f"cannot read standard input: {_reason(error)}") from None


def _read_all(stream: IO[bytes], name: str, expected: int) -> bytes:
    """Read to the end, at most `LARGEST_INPUT` bytes; `expected` is the likely size."""
    chunks: list[bytes] = []
    total = 0
    size = min(max(expected + 1, 1 << 16), LARGEST_INPUT + 1)
    while True:
        chunk: bytes | None = stream.read(size)
        if chunk is None:
            system.wait_for(stream.fileno(), writing=False)
            continue
        if not chunk:
            return chunks[0] if len(chunks) == 1 else b"".join(chunks)
        total += len(chunk)
        if total > LARGEST_INPUT:
            raise InputProblem(name, f"cannot read {name}: it is larger than {LARGEST_INPUT >> 20} MiB")
        chunks.append(chunk)


def _kind(mode: int) -> str:
    if stat.S_ISDIR(mode):
        return "a directory"
    if stat.S_ISFIFO(mode):
        return "a named pipe"
    return "a socket" if stat.S_ISSOCK(mode) else "a device"


def _reason(error: OSError | ValueError) -> str:
    if isinstance(error, OSError):
        text = os.strerror(error.errno) if error.errno else str(error)
        return text[:1].lower() + text[1:]
    return "the name or stream is not usable: " + str(error)


def _near_file(path: str, error: OSError | ValueError) -> str | None:
    """Return a hint at the file in the same folder with the nearest name, None without one."""
    if not isinstance(error, OSError) or error.errno != errno.ENOENT:
        return None
    folder, name = os.path.split(path)
    try:
        names = sorted(entry.name for entry in os.scandir(folder or ".") if entry.is_file())
    except (OSError, ValueError):
        return None
    from ipplan.plan.problems import nearest

    near = nearest(name, names[:1000])
    return None if near is None else f"did you mean {os.path.join(folder, near)}?"
