"""strongSwan as a judge of a tunnel: daemons of both ends in a lab, with the exported files."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import yaml
from labs import ROOT, ask, assert_all_agree, change_daemons, design, folder_of, prove, start

from ipplan.lab import daemons
from ipplan.lab.requirements import find

if TYPE_CHECKING:
    from conftest import Run

    from ipplan.lab.model import Daemon

pytestmark = pytest.mark.judges

REFERENCE = ROOT / "sample-plans" / "reference-architecture.toml"
TWO_CLUSTERS = ROOT / "tests" / "landscape" / "before" / "two-clusters.toml"
ESG, WORKER, ICP_WORKER = "esg", "iks-workers-of-iks-prod-1", "icp-workers-of-icp-prod-1"
NO_SECRETS = "secrets {\n}\n"
"""Without such a section the lab adds a key."""
CHARON = """\
#!/bin/sh
# charon with the plugin that reads ipsec.secrets, as the chart has it; /run is the folder of the daemon
if [ -f /run/strongswan.conf ]; then
    cp {secrets} /run/charon.secrets
    # written and not replaced: /etc/strongswan.conf is this file, too
    more='s|random nonce|& stroke|; s|^    plugins {{|&\\nstroke {{\\nsecrets_file = /run/charon.secrets\\n}}|'
    text="$(sed "$more" /run/strongswan.conf)"
    printf '%s\\n' "$text" > /run/strongswan.conf
fi
exec {charon} "$@"
"""


def ask_swanctl(device: str, *what: str, fine: bool = True) -> str:
    """Return the answer of the daemon of a device to swanctl."""
    uri = f"unix://{folder_of(device, 'strongswan')}/charon.vici"
    return ask(device, "swanctl", *what, "--uri", uri, fine=fine)


def uncomment(text: str) -> str:
    """Return a file with the section for the key from its comments, unchanged."""
    file, start, section = text.partition("# secrets {")
    return file + re.sub("(?m)^# ?", "", start + section)


@pytest.mark.parametrize(("ike", "children"), [(2, 1), (1, 3)])
def test_a_pod_reaches_a_vm_through_the_tunnel(ike: int, children: int) -> None:
    # Check reports several subnets with IKEv1, because the chart has one only; these gateways have more.
    text = REFERENCE.read_text("utf-8").replace("[integration]\n", f"[integration]\nike = {ike}\n")
    designed = design(text)
    with start(designed) as process:
        assert not process.not_up
        report = prove(designed, process)
        said = ask_swanctl(WORKER, "--list-sas", "--ike", "iks-prod-esg")
    assert_all_agree(report, least=2)
    for pair in report.pairs:
        assert pair.predicted == "reachable"
        assert pair.seen_request is not None
        assert pair.seen_request.points[-1].source == pair.source_address, "the VM sees the pod's own address"
    assert f"IKEv{ike}," in said
    assert said.count(" INSTALLED,") == children
    assert re.search(r"in +\w+, +[1-9]\d* bytes", said), said
    # Networks that the plan does not join are not in the tunnel, in either direction.
    subnets = {s for line in re.findall(r"(?m)^ +(?:local|remote) +([\d./ ]+)$", said) for s in line.split()}
    assert subnets == {"10.171.42.128/26", "172.21.0.0/16", "172.30.0.0/16", "172.24.16.0/23"}


def test_without_a_key_there_is_no_tunnel() -> None:
    """Neither with the file as it is, nor with its section for the key uncommented, as in the tunnel with ICP."""

    def change(daemon: Daemon) -> Daemon:
        files = [
            file._replace(text=uncomment(file.text) if "icp" in file.name else file.text + NO_SECRETS)
            for file in daemon.files
        ]
        return daemon._replace(files=tuple(files))

    designed = change_daemons(design(REFERENCE.read_text("utf-8")), change)
    with start(designed) as process:
        log = ask(WORKER, "cat", f"{folder_of(WORKER, 'strongswan')}/charon.log")
        said = [ask_swanctl(device, "--list-sas") for device in (ESG, WORKER, ICP_WORKER)]
        report = prove(designed, process)
    assert "tunnel iks-prod-esg, iks-prod-icp-prod " in process.not_up[f"{WORKER} strongswan"]
    for far in ("on-prem", "icp"):
        assert f"no shared key found for 'ibm-cloud' - '{far}'" in log
    assert "INSTALLED" not in "".join(said)
    assert {(p.outcome, p.reason in process.not_up.values()) for p in report.pairs} == {("not-run", True)}


@pytest.mark.parametrize(("key", "up"), [(None, False), ("", False), (' "the same at both ends"', True)])
def test_the_chart_has_no_tunnel_without_a_key(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, key: str | None, up: bool
) -> None:
    if not any(Path(folder, "libstrongswan-stroke.so").exists() for folder in daemons._PLUGIN_FOLDERS):
        pytest.skip("needs the plugin stroke of strongSwan (Debian package strongswan-starter)")
    chart = run("export", str(REFERENCE), "strongswan-iks").stdout.decode()
    secrets = yaml.safe_load(chart)["overRideIpsecSecrets"]
    if key is not None:
        (line,) = re.findall("(?m)^# (.* : PSK)$", chart)
        secrets = f"{line}{key}\n"
    (tmp_path / "ipsec.secrets").write_text(secrets, encoding="utf-8")

    def change(daemon: Daemon) -> Daemon:
        files = [file._replace(text=file.text.replace(" = start\n", " = none\n") + NO_SECRETS) for file in daemon.files]
        # The test initiates the tunnel, so the lab does not wait for it.
        return daemon._replace(files=tuple(files), settings=(*daemon.settings, ("conns", "0")))

    designed = change_daemons(design(REFERENCE.read_text("utf-8")), change)
    program = tmp_path / "charon"
    program.write_text(CHARON.format(secrets=tmp_path / "ipsec.secrets", charon=find("charon")), encoding="utf-8")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    with start(designed) as process:
        assert not process.not_up
        said = ask_swanctl(WORKER, "--initiate", "--child", "iks-prod-esg", fine=up)
        assert ("no shared key found for 'ibm-cloud' - 'on-prem'" in said) == (not up)
        assert ("INSTALLED" in ask_swanctl(ESG, "--list-sas")) == up


def test_swanctl_reads_each_tunnel_whatever_clusters_are_called() -> None:
    text = re.sub("(?m)^(iks|esg)-asn = .*\n", "", TWO_CLUSTERS.read_text("utf-8"))
    text = text.replace('iks-vcs = "bgp"', 'iks-vcs = "strongswan"')
    hostile = r"a\"}\nsecrets { ike { secret = x } }\n# $(touch hacked)"
    names = {"iks-dal": hostile, "iks-fra": f"{hostile}!"}  # the same letters
    for old, new in names.items():
        text = text.replace(f"[clusters.{old}]", f'[clusters."{new}"]').replace(f'"{old}"', f'"{new}"')
    designed = design(text)
    edge = designed.drafts.find("ESG", "dallas")
    assert edge is not None
    ((_, file, _),) = edge.daemons[0].files
    with start(designed) as process:
        assert not process.not_up
        read = ask_swanctl(edge.label, "--list-conns")
    sections = re.findall(r"(?m)^    (\S+) \{$", file)
    assert len(set(sections)) == 2
    assert re.findall(r"(?m)^(\S+): IKEv2", read) == sections
    for setting, shown in (("local_ts", "local"), ("remote_ts", "remote")):
        wanted = [subnets.split(", ") for subnets in re.findall(f"{setting} = (.*)", file)]
        assert [x.split() for x in re.findall(rf"(?m)^    {shown}: +([\d./ ]+)$", read)] == wanted
    assert read.count("id: on-prem-dallas") == 2
