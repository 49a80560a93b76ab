"""cluster/hosts of the installer of IBM Cloud Private: an Ansible inventory with the addresses of all nodes.

Groups: master, worker, proxy, management, va, and those of dedicated hosts; samples: HSBawa/icp-ce-on-linux-containers
cluster/hosts @599863ef, jmbarros/icp_inception cluster/hosts @4554c51c. The reader uses only ansible_host of
the variables of a host, and nothing of sections of variables: they hold passwords.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ipplan.addresses import AddressError, parse_address
from ipplan.importers.collecting import Collector
from ipplan.importers.reading import decode, kebab

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ipplan.observed import Observed

_HELP = "cluster/hosts of the directory from which ICP was installed"
_GROUP = re.compile(r"\[([^\]:]+)(:[a-z]+)?\]")
_ADDRESS = re.compile(r"""\sansible_(?:ssh_)?host\s*=\s*["']?([^\s"']+)""")
_RANGE = re.compile(r"\[(\d+):(\d+)(?::(\d+))?\]")
_MOST_HOSTS = 10_000
"""Expand host ranges to at most 10,000 hosts, in one line and in all lines."""


class _Node:
    """A node: the line that names it first, its name, and its groups."""

    def __init__(self, line: int, name: str) -> None:
        self.line = line
        self.name = name
        self.groups: list[str] = []


def read(data: bytes) -> Observed:
    """Read an inventory, each node once; a note counts hosts whose address is not in the file."""
    collector = Collector()
    nodes: dict[str, _Node] = {}
    unknown: dict[str, None] = {}
    for host, address, group, line in _hosts(decode(data), collector):
        text = address or host
        try:
            key = str(parse_address(text))
        except AddressError as error:
            if address is not None and not re.search("[A-Za-z]", address):
                collector.problem(f"ansible_host is not a valid address: {error}", line)
            unknown[host] = None
            continue
        node = nodes.setdefault(key, _Node(line, host if host != text else ""))
        if group not in node.groups:
            node.groups.append(group)
    counts: dict[str, int] = {}
    for key, node in nodes.items():
        role = kebab(node.groups[0]) or "node"
        counts[role] = counts.get(role, 0) + 1
        collector.add_address(
            key,
            node.line,
            "hosts",
            name=node.name or f"icp-{role}-{counts[role]}",
            kind="icp-worker",
            description=f"node of ICP: {', '.join(node.groups)}",
        )
    if unknown and nodes:
        collector.notes.append(
            f"skipped, because the file has no address for them: {len(unknown):,} of {len(unknown) + len(nodes):,} hosts"
        )
    return collector.finish({"icp-worker"}, one_cluster=True, nothing="no host in the file has an address", help_=_HELP)


def _hosts(text: str, collector: Collector) -> Iterator[tuple[str, str | None, str, int]]:
    """Yield each host with its ansible_host, its group and its line."""
    group, listed, ranges = "ungrouped", True, 0
    for number, raw in enumerate(text.split("\n"), 1):
        line = raw.strip()
        if not line or line[0] in "#;":
            continue
        if (head := _GROUP.fullmatch(line.partition("#")[0].strip())) is not None:
            group, listed = head[1], head[2] in (None, ":hosts")
        elif listed:
            name = line.split(None, 1)[0]
            found = _ADDRESS.search(line)
            hosts = list(_expanded(name, number, collector))
            ranges += len(hosts) if len(hosts) > 1 else 0
            if ranges > _MOST_HOSTS:
                collector.problem(f"the host ranges of the file name more than {_MOST_HOSTS:,} hosts", number)
                return
            for host in hosts:
                yield host, None if found is None else found[1], group, number


def _expanded(name: str, line: int, collector: Collector) -> Iterator[str]:
    """Yield the hosts of a range such as `10.0.0.[1:5]`, or the one host without its port."""
    found = _RANGE.search(name)
    if found is None:
        host, colon, port = name.partition(":")
        yield host if colon and port.isdigit() and "." in host else name
        return
    if len(found[0]) > 24:
        collector.problem("the host range is too large", line)
        return
    numbers = range(int(found[1]), int(found[2]) + 1, max(int(found[3] or 1), 1))
    if len(numbers) > _MOST_HOSTS or _RANGE.search(name, found.end()) is not None:
        collector.problem(f"the name has a range of more than {_MOST_HOSTS:,} hosts, or two ranges", line)
        return
    for number in numbers:
        yield f"{name[: found.start()]}{number:0{len(found[1]) if found[1][0] == '0' else 1}}{name[found.end() :]}"
