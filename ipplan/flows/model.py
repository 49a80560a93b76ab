"""Define the values of a flow: machines, hops, stops and traces.

A flow has a result, an end word and a reason. The lists of results and end words are closed; docs explain each.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

if TYPE_CHECKING:
    from ipplan.addresses import Prefix
    from ipplan.landscape.ends import End
    from ipplan.landscape.model import DestinationNat, HostAddress, RangeNat, Route, SourceNat
    from ipplan.plan.model import Network

Result = Literal["reachable", "unreachable", "ambiguous", "undetermined"]
"""Request and answer arrive, or not; two networks have the address; the plan does not contain a fact that decides."""
EndWord = Literal[
    "delivered",
    "handed-over",
    "no-route",
    "no-neighbour",
    "source-refused",
    "not-translated",
    "outside-tunnel",
    "wrong-network",
    "no-session",
    "loop",
    "ambiguous",
    "undetermined",
]
"""The end of one way of a flow."""
Action = Literal[
    "request",
    "answer",
    "dns",
    "forward",
    "route",
    "snat",
    "dnat",
    "session",
    "service",
    "proxy",
    "ip-in-ip",
    "vxlan",
    "ipsec",
    "gre",
    "l2-extension",
    "deliver",
]
"""The action of a device on a packet at a hop."""
Domain = Literal["iks", "icp", "overlay", "ibm-private", "ibm-public", "ibm-services", "enterprise", "internet"]
"""The domain of an end."""

END_WORDS: dict[EndWord, str] = {
    "delivered": "the machine with the address received it",
    "handed-over": "it left the networks that the plan describes",
    "no-route": "a routing table has no route to the destination",
    "no-neighbour": "a route leads there, but no device has the address",
    "source-refused": "the reverse path filter drops it: the route back to its source uses another interface",
    "not-translated": "it needs NAT there, and no rule translates it",
    "outside-tunnel": "the subnets of the tunnel do not cover it",
    "wrong-network": "it arrived in another network with the same address",
    "no-session": "the answer bypassed the device that translated the request, so it comes from another address",
    "loop": "it returned to the same device with the same addresses",
    "ambiguous": "one routing table leads to two networks that have the address",
    "undetermined": "the plan does not contain the fact that decides",
}
"""Every end word with its meaning."""
ARRIVED: frozenset[EndWord] = frozenset({"delivered", "handed-over"})
"""The end words of a way that arrives."""


class Machine(NamedTuple):
    """One end of a flow: an address in a network, in its domain. `network` is None outside of the plan.

    `end` is the cluster, edge or site that it belongs to, None on IBM Cloud's networks and on the internet.
    """

    domain: Domain
    network: Network | None
    address: HostAddress
    end: End | None = None

    @property
    def title(self) -> str:
        """The network of the machine, for a heading."""
        if self.network is not None:
            return self.network.name
        return "the internet" if self.domain == "internet" else "IBM Cloud's services"


class Outer(NamedTuple):
    """One packet around the packet."""

    protocol: str
    source: HostAddress
    destination: HostAddress


class Changed(NamedTuple):
    """An address that a hop translates: the field, its old and its new value."""

    field: Literal["source", "destination"]
    old: HostAddress
    new: HostAddress


Decision = "Route | SourceNat | DestinationNat | RangeNat"
"""An entry of a device that decides at a hop."""


class Hop(NamedTuple):
    """One step: a device, its action, and the addresses of the packet after it.

    `name` is the end of the device. `outer` are the packets around the packet, the outermost first. `decided` are the
    routes and NAT rules of the device that decided. `route` is the prefix of the route, and `route_network` the network of
    the plan that it leads to. `changed` are the translated addresses; `unmatched` names a list of rules without a match.
    `case` is an assumption about which of several cases applies.
    """

    device: str
    name: str | None
    action: Action
    source: HostAddress
    destination: HostAddress
    text: str
    outer: tuple[Outer, ...] = ()
    decided: tuple[Route | SourceNat | DestinationNat | RangeNat, ...] = ()
    route: Prefix | None = None
    route_network: str | None = None
    changed: tuple[Changed, ...] = ()
    unmatched: str | None = None
    case: str | None = None


class Stop(NamedTuple):
    """The place and reason at which one way of a flow ends before its destination, and a remedy.

    `table` is the table that was searched, and `nearest` its entry that came closest.
    """

    device: str
    name: str | None
    end: EndWord
    reason: str
    help: str | None = None
    table: str | None = None
    nearest: str | None = None


class Trace(NamedTuple):
    """A traced flow: the request up to its destination or stop, and the answer on its own way back.

    `end` is the end word of the request. `assumptions` are facts that the plan does not state. `alike` are all pairs of
    networks with the same result, its own among them, in blocks: each network of one list with each of the other.
    """

    flow: str | None
    title: str
    source: Machine
    destination: Machine
    asked: HostAddress
    hops: tuple[Hop, ...]
    stop: Stop | None
    end: EndWord
    back: tuple[Hop, ...]
    back_stop: Stop | None
    assumptions: tuple[str, ...] = ()
    alike: tuple[tuple[tuple[str, ...], tuple[str, ...]], ...] = ()

    @property
    def ok(self) -> bool:
        """Whether the request arrives and the answer comes back."""
        return self.stop is None and self.back_stop is None

    @property
    def result(self) -> Result:
        """The result of the flow."""
        stop = self.stop or self.back_stop
        if stop is None:
            return "reachable"
        if stop.end in ("ambiguous", "undetermined"):
            return "ambiguous" if stop.end == "ambiguous" else "undetermined"
        return "unreachable"


class Missing(NamedTuple):
    """A documented flow for which the plan has no source or no destination."""

    flow: str
    title: str
    reason: str
    help: str | None


class Flow(NamedTuple):
    """A documented flow: its letter, name and title, the kinds of its ends, and the number of its steps there."""

    letter: str
    name: str
    title: str
    source: str | None
    destination: str
    steps: int


FLOWS: tuple[Flow, ...] = (
    Flow("A", "internet-to-iks", "internet user to a web tier in a container on IKS", None, "iks-pod", 6),
    Flow("B", "internet-to-icp", "internet user to a web tier in a container on ICP", None, "icp-pod", 6),
    Flow("C", "iks-to-vm", "web tier in a container on IKS to a database VM", "iks-pod", "vcs-vm", 10),
    Flow("D", "icp-to-vm", "web tier in a container on ICP to a database VM", "icp-pod", "vcs-vm", 9),
    Flow(
        "E",
        "enterprise-to-vm",
        "enterprise user to a VM over the enterprise's link",
        "enterprise",
        "vcs-vm",
        7,
    ),
)
"""The five flows of the reference architecture, 38 steps together."""


class FlowError(ValueError):
    """A flow or an end that the plan does not have; the message names it, `help` says what to do."""

    def __init__(self, message: str, help_: str | None = None) -> None:
        super().__init__(message)
        self.help = help_
