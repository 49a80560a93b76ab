"""Values of the strongSwan chart: local.subnet, remote.subnet, loadBalancerIP, and the translations of subnets.

Keys as in the values that ship with the chart (2.x). Where localSubnetNAT shows a subnet as another, local.subnet
names the other, and the row has the subnet of the cluster; remoteSubnetNAT leaves remote.subnet as it is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ipplan.addresses import AddressError, parse_address
from ipplan.importers.document import Node, read_documents
from ipplan.importers.reading import Collector
from ipplan.observed import Exchange
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
        real = {other: own for own, other in _translations(document, "localSubnetNAT")}
        far = dict(_translations(document, "remoteSubnetNAT"))
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
                own, shown = (real.get(text), text) if side == "local" else (None, far.get(text))
                shown = shown if own or side == "remote" else None
                collector.add(
                    own or text, line, f"{part}.subnet", side=side, shown=shown,
                    description=f"{part}.subnet of a strongSwan tunnel" + (f", shown as {shown}" if shown else ""),
                )  # fmt: skip
        _add_gateways(document, collector)
    return collector.finish(
        ike=next(filter(None, map(_exchange, read_documents(data))), None),
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


def _translations(document: Node, key: str) -> Iterator[tuple[str, str]]:
    """Yield each real subnet of localSubnetNAT or remoteSubnetNAT, with what the other side sees in its place."""
    for text, _ in _list(document, key):
        own, equals, shown = text.partition("=")
        if equals:
            yield own, shown


def _exchange(document: Node) -> Exchange | None:
    """Return the version of IKE; None where the file states none, or leaves it to the two ends."""
    node = _node(document, "ipsec", "keyexchange")
    version = None if node is None else {"ikev1": 1, "ikev2": 2}.get(str(node.value).lower())
    return None if node is None or version is None else Exchange(version, "ipsec.keyexchange", node.line)
