"""Write a folder of files, whole or not at all."""

from __future__ import annotations

import os
import shutil
import tempfile
from contextlib import suppress
from typing import TYPE_CHECKING

from ipplan.cli.streams import OutputProblem, UsageProblem, replace_file

if TYPE_CHECKING:
    from collections.abc import Mapping


def write_folder(path: str, files: Mapping[str, bytes], *, marker: str, force: bool) -> None:
    """Write files to a new folder; `files` maps paths with forward slashes to contents.

    ipplan first writes a folder beside it and renames it when all files are there. An empty folder
    is replaced; a folder with files only with `force`, and only if `marker` is one of them. Raises UsageProblem or
    OutputProblem.
    """
    path = os.path.normpath(path)
    held = _held(path)
    if held and marker not in held:
        raise UsageProblem(
            f"cannot write {path}: it holds other files and no {marker} of an earlier export",
            "name a folder that does not exist",
        )
    if held and not force:
        raise UsageProblem(f"cannot write {path}: it exists", "add --force to replace it, or name another folder")
    parent = os.path.dirname(path) or "."
    try:
        new = tempfile.mkdtemp(prefix=f".{os.path.basename(path)}.", suffix=".tmp", dir=parent)
    except OSError as error:
        raise OutputProblem(f"cannot write {path}: {error.strerror or error}") from None
    try:
        for name, data in files.items():
            file = os.path.join(new, *name.split("/"))
            os.makedirs(os.path.dirname(file), exist_ok=True)
            replace_file(file, data)
        _take_place(new, path)
    except OSError as error:
        raise OutputProblem(f"cannot write {path}: {error.strerror or error}; nothing is written") from None
    finally:
        shutil.rmtree(new, ignore_errors=True)


def _held(path: str) -> list[str]:
    """Return the names in a folder; raise for anything but a folder."""
    if os.path.islink(path) or (os.path.lexists(path) and not os.path.isdir(path)):
        raise UsageProblem(f"cannot write {path}: it is not a folder", "name a folder that does not exist")
    try:
        return os.listdir(path)
    except FileNotFoundError:
        return []
    except OSError as error:
        raise OutputProblem(f"cannot write {path}: {error.strerror or error}") from None


def _take_place(new: str, path: str) -> None:
    """Rename the new folder to its final name; if that fails, restore the old folder."""
    os.chmod(new, 0o777 & ~_umask())
    if not os.path.lexists(path):
        os.rename(new, path)
        return
    old = f"{new}.old"
    os.rename(path, old)
    try:
        os.rename(new, path)
    except OSError:
        with suppress(OSError):
            os.rename(old, path)
        raise
    shutil.rmtree(old, ignore_errors=True)


def _umask() -> int:
    mask = os.umask(0o077)
    os.umask(mask)
    return mask
