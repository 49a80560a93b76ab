"""The addresses of each device by interface, as commands for Linux (ip-address(8))."""

from __future__ import annotations

from shlex import quote
from typing import TYPE_CHECKING, NamedTuple

from ipplan.exporters import ExportError, comment, places
from ipplan.exporters.gre import commands
from ipplan.landscape.instances import of_edge, of_ibm, of_site
from ipplan.plan.names import as_label

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from ipplan.exporters import Request
    from ipplan.exporters.places import Host, Place

_WORDS = {
    "public": "on the public network",
    "private": "on the private network",
    "transit": "on the transit network",
    "workers": "on the VXLAN",
    "vxlan": "on the VXLAN",
    "vlan": "on the VLAN",
    "lan": "in the network",
    "stretched": "in the stretched network",
    "interface": "on the VXLAN",
}
"""Where an interface is, by its purpose."""
_ALONE = ("public", "private", "transit", "interface")
"""Purposes that a device has one interface for, even with several networks on it."""


class Section(NamedTuple):
    """A device in the script: its label there, and its interfaces.

    `variables` has for each interface, by `key_of`, the shell variable that holds its name, and a description.
    """

    label: str
    host: Host
    variables: Mapping[tuple[str, str], tuple[str, str]]


def export_ip_address(request: Request) -> str:
    """Return a shell script that sets the addresses of one device, named by its argument.

    The names of interfaces come from variables; the script changes nothing where one is missing. Raises ExportError
    where no network has a range.
    """
    lines = [
        "#!/bin/sh",
        *map(comment, request.header("addresses of a Linux machine that replaces a device")),
        "# Set the names of its interfaces in variables: PUBLIC=eth0 PRIVATE=eth1 sh FILE DEVICE",
        "set -eu",
        'case "${1:-}" in',
    ]
    found: list[str] = []
    for label, host, variables in sections(request):
        found.append(label)
        lines += [
            f"{quote(label)})",
            f"    {comment(host.title + ('' if host.number is None else f', {host.number}'))}",
        ]
        lines += [f'    : "${{{name}:?{words}}}"' for name, words in dict.fromkeys(variables.values())]
        for place in host.places:
            lines += _commands(place, variables[key_of(place)][0])
        lines += [f'    ip link set "${name}" up' for name in dict.fromkeys(name for name, _ in variables.values())]
        lines += [f"    {line}" for line in commands(request, host)]
        lines.append("    ;;")
    if not found:
        raise ExportError(
            "no network of the plan has a range", "write cidr in one, or run ipplan allocate PLAN --write"
        )
    usage = f"usage: sh FILE DEVICE, one of: {', '.join(found)}"
    return "\n".join([*lines, "*)", f"    echo {quote(usage)} >&2", "    exit 2", "    ;;", "esac"]) + "\n"


def sections(request: Request) -> Iterator[Section]:
    """Yield the devices of the script with their labels."""
    labels: dict[str, int] = {}
    for host in _hosts(request):
        number = "" if host.number is None else f"-{host.number}"
        label = as_label(host.title)[: 63 - len(number)].rstrip("-") + number
        # Different names may have the same label.
        labels[label] = same = labels.get(label, 0) + 1
        yield Section(label + (f"-{same}" if same > 1 else ""), host, _variables(host.places))


def _hosts(request: Request) -> Iterator[Host]:
    """Yield every device, in the order of the routing tables."""
    landscape = request.landscape
    ends = landscape.ends
    for edge in ends.edges:
        for instance in of_edge(landscape, edge):
            yield from places.of_router(landscape, instance)
    for network in ends.by_kind["vcs-vm"]:
        yield from places.of_network(network)
    for cluster in (*ends.of_platform("icp"), *ends.of_platform("iks")):
        yield from places.of_cluster(landscape, cluster)
    for instance in of_ibm(landscape):
        yield from places.of_router(landscape, instance)
    for site in ends.sites:
        for instance in of_site(landscape, site):
            yield from places.of_router(landscape, instance)


def key_of(place: Place) -> tuple[str, str]:
    """Return the key of the interface of a place, unique in its device."""
    return place.interface, "" if place.interface in _ALONE else place.network.name


def _variables(found: Sequence[Place]) -> Mapping[tuple[str, str], tuple[str, str]]:
    """Return the variable of each interface and its description, in characters that a shell does not change."""
    variables: dict[tuple[str, str], tuple[str, str]] = {}
    numbers: dict[str, int] = {}
    for place in found:
        key = key_of(place)
        if key not in variables:
            numbers[place.interface] = number = numbers.get(place.interface, 0) + 1
            name = place.interface.upper() + ("" if place.interface in _ALONE else str(number))
            where = "" if place.interface in _ALONE else f" of {as_label(place.network.name)}"
            variables[key] = name, f"the interface {_WORDS[place.interface]}{where}"
    return variables


def _commands(place: Place, variable: str) -> Iterator[str]:
    """Yield a command for each address; a comment where the address is not known yet."""
    assert place.network.prefix is not None
    for number, address in enumerate(place.addresses):
        what = place.text if not number else f"{address.name or 'one more'} of {address.network}"
        if address.value is None:
            yield f"    {comment(f'{what}: not known yet')}"
            continue
        note = comment(f"{what}{', an example' if address.example else ''}")
        yield f'    ip address replace {address.text}/{place.network.prefix.length} dev "${variable}"  {note}'
