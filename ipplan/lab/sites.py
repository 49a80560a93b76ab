"""Sites: the on-premises router with its NAT to the internet, Direct Link to IBM Cloud, and stretched networks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ipplan.flows.machines import NOT_ON_THE_INTERNET, is_public
from ipplan.lab.backbone import outside
from ipplan.lab.drafts import Group
from ipplan.lab.exported import to_private
from ipplan.lab.link_nat import LinkNat, add_link_nat
from ipplan.lab.model import Command
from ipplan.lab.overlay import wire_name
from ipplan.landscape.ends import PRIVATE
from ipplan.landscape.holders import free_addresses, pick
from ipplan.landscape.tunnels import translations

if TYPE_CHECKING:
    from ipplan.lab.backbone import Backbone
    from ipplan.lab.drafts import Draft
    from ipplan.landscape.ends import End

_TABLE = 200
"""The number of the first routing table of the XCR."""
_LINK_TABLE = 400
"""The number of the first routing table for NAT on Direct Link."""
_MOST_LISTED = 65536
"""Search the last free address only in networks of at most this many addresses."""


class Sites:
    """Adds what the enterprise has around its networks."""

    def __init__(self, backbone: Backbone) -> None:
        self.backbone = backbone
        self.lab = backbone.lab
        self.landscape = backbone.landscape
        self.ends = backbone.ends

    def add(self, site: End, number: int) -> None:
        """Complete the router of a site: to the internet, over Direct Link to the BCR, and in stretched networks."""
        name = self.landscape.site_name(site)
        router = self.lab.find("on-premises router", name)
        if router is None:
            return
        at_internet, at_router = self.backbone.link(self.backbone.internet, router, f"{router.title} to the internet")
        router.scenery(f"ip route replace default via {at_internet}")
        for block in (*NOT_ON_THE_INTERNET[:3], *self.landscape.classic[1:]):
            router.scenery(f"ip route replace blackhole {block} metric 4000")
        out = router.interface(f"TO_{self.backbone.internet.label}")
        public = outside(0x10000 + number)
        router.held.append((None, public))
        router.rule(
            f"table ip lab-out {{\nchain out {{\ntype nat hook postrouting priority 110;\noifname {out} ip saddr != "
            f"{{ {', '.join(self._public_ends(router) or ['192.0.2.255'])} }} snat to {public}\n}}\n}}\n",
            "its public address",
        )
        for prefix in (f"{public}/32", *(f"{a}/32" for a in self._public_ends(router))):
            self.backbone.internet.scenery(f"ip route replace {prefix} via {at_router}")
            self.backbone.fcr.scenery(f"ip route replace {prefix} via {self.backbone.at_internet}")
        self.lab.say("sites: their users, their public address, and NAT to the internet")
        if to_private(self.landscape, site):
            self._direct_link(site, name, router)
        self._stretched(site, router)

    def _public_ends(self, router: Draft) -> list[str]:
        """Return the public addresses that a router has in the plan; its tunnels end there."""
        found = []
        for network in self.ends.networks:
            for name, address in router.held:
                if name == network.name and network.prefix is not None and network.prefix.version == 4:
                    own = pick(network)
                    if is_public(own) and ":" not in address:
                        found.append(address)
        return list(dict.fromkeys(found))

    def _direct_link(self, site: End, name: str | None, router: Draft) -> None:
        label = "xcr" if name is None else f"xcr-{name}"
        xcr = self.lab.device(label, "XCR" if name is None else f"XCR {name}", Group("XCR", name))
        at_bcr, from_bcr = self.backbone.link(self.backbone.bcr, xcr, "Direct Link")
        at_router, from_xcr = self.backbone.link(router, xcr, "WAN")
        inside, outside = xcr.interface("TO_bcr"), xcr.interface(f"TO_{router.label}")
        table = _TABLE
        # Packets from the BCR go to the site, and the other way round.
        xcr.scenery(f"ip route replace default via {at_router} table {table}")
        xcr.scenery(f"ip rule add priority 50 iif {inside} lookup {table}")
        xcr.scenery(f"ip route replace default via {at_bcr} table {table + 1}")
        for prefix in self.landscape.classic:
            if str(prefix) != "10.0.0.0/8":
                xcr.scenery(f"ip route replace blackhole {prefix} table {table + 1}")
        xcr.scenery(f"ip rule add priority 51 iif {outside} lookup {table + 1}")
        xcr.scenery(f"ip route replace default via {at_bcr}")
        self.lab.say("XCR: Direct Link between the BCR and a site")
        own = router.interface(f"TO_{xcr.label}")
        for route in self.landscape.router_routes(site):
            if route.via == "XCR" and route.prefix.version == 4:
                router.scenery(f"ip route replace {route.prefix} via {from_xcr}{self._known_source(site, router)}")
        for route in self.landscape.bcr:
            if route.via == "XCR" and route.to == site and route.prefix.version == 4:
                self.backbone.bcr.scenery(f"ip route replace {route.prefix} via {from_bcr}")
        joint = next((j for j in self.ends.links.of(site) if j.pair == "site-private"), None)
        if joint is not None and own is not None:
            mine, theirs = (translations(self.ends.carriage.carried(joint, e)) for e in (site, PRIVATE))
            if mine or theirs:
                table = _LINK_TABLE + self.backbone.links
                remote = [p for r in self.landscape.router_routes(site) if r.via == "XCR" for p in (r.prefix,)]
                remote += [t.real for t in theirs]
                nat = LinkNat(own, mine, theirs, remote or [NOT_ON_THE_INTERNET[0]], table, shared=False)
                add_link_nat(router, nat)
                router.late.append(Command(f"ip route replace default via {from_xcr} table {table}", None))
                self.lab.say(f"NAT of {joint.title} at {router.title}")

    def _known_source(self, site: End, router: Draft) -> str:
        """Return the source with which the router itself sends over Direct Link: an address that is routed back."""
        carried = {
            c.network.name
            for j in self.ends.links.of(site)
            if j.pair == "site-private"
            for c in self.ends.carriage.carried(j, site)
        }
        own = next((a for name, a in router.held if name in carried and ":" not in a), None)
        return "" if own is None else f" src {own}"

    def _stretched(self, site: End, router: Draft) -> None:
        """Attach the on-premises router to each stretched network, at a free address where the plan names none."""
        for joint in self.ends.links.of_pair(site, "site-edge"):
            if joint.method != "l2-extension":
                continue
            self.lab.say("HCX: a stretched network is one wire")
            for item in self.ends.carriage.carried(joint, joint.second):
                network = item.network
                if network.prefix is None or any(n == network.name for n, _ in router.held):
                    continue
                free = (
                    list(free_addresses(network))[-1:]
                    if network.prefix.size <= _MOST_LISTED
                    else [pick(network, skip=9)]
                )
                if not free:
                    continue
                router.attach(
                    f"STRETCHED_{network.name}",
                    wire_name(network),
                    f"{free[0].text}/{network.prefix.length}",
                    network=network.name,
                )
                self.lab.say(f"{router.title}: an address in {network.name}, because the plan names none")
