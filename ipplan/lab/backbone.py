"""The routers and services of IBM Cloud and the internet, to which the rest of the scenery is attached."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ipplan.addresses import format_address
from ipplan.flows.machines import NOT_ON_THE_INTERNET
from ipplan.lab.drafts import Group, workers_of
from ipplan.lab.overlay import wire_name

if TYPE_CHECKING:
    from ipplan.lab.drafts import Draft
    from ipplan.lab.exported import Exports
    from ipplan.landscape.model import HostAddress

_SERVICES = ("161.26.0.10", "161.26.0.6")
"""IBM Cloud's private DNS and NTP."""


class Backbone:
    """The FCR, the BCR, IBM Cloud's services, and a host on the internet."""

    def __init__(self, exports: Exports) -> None:
        self.lab = exports.lab
        self.landscape = exports.landscape
        self.ends = exports.landscape.ends
        self.fcr = self._router("FCR")
        self.bcr = self._router("BCR")
        self.links = 0
        self._add_internet()
        self._add_services()
        self.lab.say("FCR: drops private addresses; reaches a host on the internet")
        self.lab.say("BCR: drops packets from sources that it has no route to")

    def _router(self, kind: str) -> Draft:
        found = self.lab.find(kind, None)
        if found is None:
            found = self.lab.device(kind.lower(), kind, Group(kind, None))
            found.path_filter = 2
        return found

    def link(self, first: Draft, second: Draft, name: str) -> tuple[str, str]:
        """Join two devices with a wire of their own, and return the addresses of both on it."""
        self.links += 1
        base = 4 * self.links
        ends = tuple(f"169.254.{100 + base // 256}.{base % 256 + n}" for n in (1, 2))
        for draft, own, other in ((first, ends[0], second), (second, ends[1], first)):
            variable = f"TO_{other.label}"
            draft.attach(variable, self.lab.wire(f"link {self.links}", name), f"{own}/30")
            interface = draft.interface(variable)
            number = 1 if draft is first else 2
            draft.scenery(f"ip -6 address replace fd00:169:{self.links:x}::{number}/64 dev {interface}")
        return ends[0], ends[1]

    def _add_internet(self) -> None:
        self.internet = self.lab.device("internet", "internet", Group("internet", None))
        self.internet.path_filter = 0
        self.at_fcr, self.at_internet = self.link(self.fcr, self.internet, "the internet")
        out = self.internet.interface(f"TO_{self.fcr.label}")
        self.internet.scenery(f"ip route replace default via {self.at_fcr}")
        self.internet.scenery(f"ip -6 route replace default via fd00:169:{self.links:x}::1 dev {out}")
        self.internet.router = self.at_fcr
        self._to_internet = self.links
        for block in NOT_ON_THE_INTERNET:
            self.fcr.scenery(f"ip route replace blackhole {block}")
        for prefix in self.landscape.classic:
            self.fcr.scenery(f"ip route replace blackhole {prefix}")

    def host_on_the_internet(self, address: HostAddress) -> Draft:
        """Give the host on the internet an address."""
        text = address.text
        if not self.internet.has(text):
            if address.version == 6:
                self.internet.hold(f"{text}/128", "lo", None)
                via = f"via fd00:169:{self._to_internet:x}::2 dev {self.fcr.interface('TO_internet')}"
                self.fcr.scenery(f"ip -6 route replace {text}/128 {via}")
            else:
                self.internet.hold(f"{text}/32", "lo", None)
                self.fcr.scenery(f"ip route replace {text}/32 via {self.at_internet}")
        return self.internet

    def _add_services(self) -> None:
        self.services = self.lab.device("ibm-services", "IBM Cloud's services", Group("IBM Cloud's services", None))
        at_bcr, at_services = self.link(self.bcr, self.services, "IBM Cloud's service network")
        self.services.scenery(f"ip route replace default via {at_bcr}")
        self.services.router = at_bcr
        self._at_services = at_services
        for text in _SERVICES:
            self.service(text)

    def service(self, text: str) -> Draft:
        """Give IBM Cloud's services an address."""
        if not self.services.has(text):
            self.services.hold(f"{text}/32", "lo", None)
            self.bcr.scenery(f"ip route replace {text}/32 via {self._at_services}")
        return self.services

    def public_side(self, worker: Draft) -> None:
        """Give a worker or a host a public side that the plan does not have, as `ipplan flows` assumes."""
        wire = self.lab.wire(f"public side of {worker.label}")
        for network in self.ends.by_kind["iks-ingress-public"]:
            if worker.group == workers_of("iks", network.cluster):
                self.lab.join(wire_name(network), wire)
        wire = self.lab.wire(wire)
        gateway, address = (outside(4 * worker.number + n) for n in (1, 2))
        worker.attach("PUBLIC", wire, f"{address}/30")
        worker.scenery(f"ip route replace default via {gateway}")
        self.fcr.attach(f"TO_{worker.label}", wire, f"{gateway}/30")
        self.lab.say(f"{worker.title}: a public side, for which the plan has no network")


def outside(number: int) -> str:
    """Return a public address that no plan has: from benchmark space, which the internet does not route (RFC 2544)."""
    return format_address(4, 0xC6120000 + number)
