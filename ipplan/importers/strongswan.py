"""Values of the strongSwan chart: local.subnet, remote.subnet, loadBalancerIP, and the translations of subnets.

Keys as in the values that ship with the chart (2.x). Where localSubnetNAT shows a subnet as another, the tunnel
carries the other, and the row has the subnet of the cluster.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ipplan.addresses import AddressError, parse_address
from ipplan.importers.document import Node, read_documents
from ipplan.importers.reading import Collector
from ipplan.plan.names import TUNNEL

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ipplan.observed import Observed, Side

_HELP = "helm get values RELEASE --all -o yaml prints them"
_SIDES: tuple[tuple[str, Side], ...] = (("local", "local"), ("remote", "remote"))


def read(data: bytes) -> Observed:
    """Read a values file, nested or with dotted keys, as YAML or JSON."""
    collector = Collector()
    for document in read_documents(data):
        # The single address that all traffic then comes from is no network of the cluster.
        single = _text(document, "enableSingleSourceIP") == "true"
        shown = dict(_translations(document))
        for part, side in _SIDES:
            if single and side == "local":
                collector.notes.append(
                    "enableSingleSourceIP is on: local.subnet is one address and not compared"
                )
                continue
            for text, line in _list(document, part, "subnet"):
                if text.startswith("%"):
                    collector.notes.append(f"{part}.subnet is {text} and not compared (line {line})")
                    continue
                own = shown.get(text) if side == "local" else None
                collector.add(
                    own or text, line, f"{part}.subnet", side=side,
                    description=f"{part}.subnet of a strongSwan tunnel" + (f", shown as {text}" if own else ""),
                )  # fmt: skip
        _add_gateways(document, collector)
    return collector.finish(
        nothing="the file has no local.subnet, remote.subnet or loadBalancerIP of a strongSwan chart",
        help_=_HELP,
    )


def _add_gateways(document: Node, collector: Collector) -> None:
    zones = [
        (text.partition("=")[2].strip(), line, "zoneLoadBalancer")
        for text, line in _list(document, "zoneLoadBalancer")
    ]
    # With an address for each zone the chart ignores the single one.
    own = zones or [(text, line, "loadBalancerIP") for text, line in _list(document, "loadBalancerIP")]
    for text, line, field in own:
        collector.add_address(
            text, line, field, name=TUNNEL[0], names=TUNNEL, side="gateway",
            description=f"{field} of a strongSwan tunnel",
        )  # fmt: skip
    for text, line in _list(document, "remote", "gateway"):
        # %any, or a name that DNS resolves, says nothing about addresses.
        if _is_address(text):
            collector.add_address(
                text, line, "remote.gateway", name="remote gateway", side="far-gateway",
                description="remote.gateway of a strongSwan tunnel",
            )  # fmt: skip


def _is_address(text: str) -> bool:
    try:
        parse_address(text)
    except AddressError:
        return text.replace(".", "").isdigit()
    return True


def _node(document: Node, *path: str) -> Node | None:
    return document.get(*path) or document.get(".".join(path))


def _text(document: Node, key: str) -> str | None:
    node = document.get(key)
    return None if node is None else str(node.value).lower()


def _list(document: Node, *path: str) -> list[tuple[str, int]]:
    """Return the words of a value, which commas, spaces or line breaks part, or those of a list, with their lines."""
    node = _node(document, *path)
    if node is None:
        return []
    nodes = node.items() or [node]
    return [
        (word, part.line)
        for part in nodes
        if isinstance(part.value, str)
        for word in part.value.replace(",", " ").split()
    ]


def _translations(document: Node) -> Iterator[tuple[str, str]]:
    """Yield what localSubnetNAT shows, with the subnet of the cluster that it stands for."""
    for text, _ in _list(document, "localSubnetNAT"):
        own, equals, shown = text.partition("=")
        if equals:
            yield shown, own
