"""What a machine needs for a lab: settings of simulated kernels, and this machine itself."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from conftest import ROOT

from ipplan.lab import requirements
from ipplan.lab.model import LabError

if TYPE_CHECKING:
    from collections.abc import Callable

CLONE = "sys/kernel/unprivileged_userns_clone"
MOST = "sys/user/max_user_namespaces"
APPARMOR = "sys/kernel/apparmor_restrict_unprivileged_userns"
NOBODY = 65534
PROGRAM = """
import json, sys
from pathlib import Path
from ipplan.lab import requirements
from ipplan.lab.model import LabError
try:
    requirements.check(needs_nft=False, proc=Path(sys.argv[1]))
    print(json.dumps([None, requirements.kernel_has("ipip")]))
except LabError as error:
    print(json.dumps([str(error), error.help]))
"""


def kernel(folder: Path, **settings: str) -> Path:
    """Return a folder with kernel settings that replaces /proc."""
    for name, value in settings.items():
        path = folder / {"clone": CLONE, "most": MOST, "apparmor": APPARMOR}[name]
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"{value}\n", encoding="utf-8")
    return folder


@pytest.mark.parametrize(
    ("settings", "setting", "way_out"),
    [
        ({}, None, None),
        ({"clone": "1", "most": "96365"}, None, None),
        (
            {"clone": "0", "most": "96365"},
            "kernel.unprivileged_userns_clone is 0",
            "kernel.unprivileged_userns_clone=1",
        ),
        ({"most": "0"}, "user.max_user_namespaces is 0", "user.max_user_namespaces=15000"),
    ],
)
def test_a_kernel_may_forbid_user_namespaces(
    tmp_path: Path, settings: dict[str, str], setting: str | None, way_out: str | None
) -> None:
    refused = requirements.forbidden(kernel(tmp_path, **settings))
    if setting is None or way_out is None:
        assert refused is None
        return
    assert refused is not None
    assert str(refused) == (f"a lab of an ordinary user needs user namespaces, and this kernel forbids them: {setting}")
    assert refused.help == f"run it as root, or allow them: sudo sysctl -w {way_out}"


@pytest.mark.parametrize(
    ("settings", "restricted"), [({}, False), ({"apparmor": "0"}, False), ({"apparmor": "1"}, True)]
)
def test_apparmor_may_keep_the_rights_in_a_user_namespace(
    tmp_path: Path, settings: dict[str, str], restricted: bool
) -> None:
    refused = requirements.restricted(kernel(tmp_path, **settings))
    assert (refused is not None) == restricted
    if refused is not None:
        assert str(refused).endswith("kernel.apparmor_restrict_unprivileged_userns is 1")
        assert refused.help is not None
        for way in (
            "root",
            "sudo sysctl -w kernel.apparmor_restrict_unprivileged_userns=0",
            "/etc/apparmor.d/",
        ):
            assert way in refused.help


@pytest.mark.parametrize(
    ("here", "needs_nft", "missing", "packages"),
    [
        ((), True, "unshare, nsenter, mount, ip, nft", "util-linux mount iproute2 nftables"),
        (("unshare", "nsenter", "mount", "nft"), True, "ip", "iproute2"),
        (("unshare", "nsenter", "mount", "ip"), True, "nft", "nftables"),
        (("ip", "mount"), False, "unshare, nsenter", "util-linux"),
    ],
)
def test_missing_programs_are_named_with_their_packages(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, here: tuple[str, ...], needs_nft: bool, missing: str, packages: str
) -> None:
    for name in here:
        (tmp_path / name).touch(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(requirements, "FOLDERS", ())
    with pytest.raises(LabError) as raised:
        requirements.check(needs_nft=needs_nft)
    assert str(raised.value) == f"the lab needs programs that are not installed: {missing}"
    assert raised.value.help == f"apt install {packages}"


@pytest.fixture
def as_user() -> Callable[[Path], list[object]]:
    """A function that checks as an ordinary user, with a folder that replaces /proc."""
    python = sys.executable
    switch: dict[str, object] = {}
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"}
    if os.geteuid() == 0:
        # The Python of root may be in a folder that only root reads.
        python, switch = "/usr/bin/python3", {"user": NOBODY, "group": NOBODY, "extra_groups": []}

    def call(*command: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(  # type: ignore[call-overload,no-any-return]
            [python, *command], env=environment, cwd="/", capture_output=True, text=True, check=False, **switch
        )

    if call("-c", "import ipplan.lab.requirements").returncode:
        pytest.skip(f"an ordinary user cannot run ipplan with {python} here")

    def check(proc: Path) -> list[object]:
        done = call("-c", PROGRAM, str(proc))
        assert done.returncode == 0, done.stderr
        found: list[object] = json.loads(done.stdout)
        return found

    return check


def test_what_the_kernel_forbids_stops_an_ordinary_user_only(as_user: Callable[[Path], list[object]]) -> None:
    import tempfile

    with tempfile.TemporaryDirectory() as name:
        proc = kernel(Path(name), most="0")
        for path in (proc, *proc.rglob("*")):
            path.chmod(0o755)
        message, _ = as_user(proc)
        assert "user.max_user_namespaces is 0" in str(message)
        if os.geteuid() == 0:
            requirements.check(needs_nft=False, proc=proc)


def test_this_machine_is_tried_for_real(as_user: Callable[[Path], list[object]]) -> None:
    error, answer = as_user(Path("/proc"))
    if error is not None:
        assert answer, "there is a way out"
        pytest.skip(f"no lab for an ordinary user: {error}")
    assert answer == requirements.kernel_has("ipip")
    before = Path("/proc/net/dev").read_text("utf-8").count(":")
    assert {kind: type(requirements.kernel_has(kind)) for kind in ("gre", "vxlan", "ipip")} == {
        "gre": bool,
        "vxlan": bool,
        "ipip": bool,
    }
    assert Path("/proc/net/dev").read_text("utf-8").count(":") == before
