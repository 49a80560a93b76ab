"""Random plan texts in which overlaps are frequent: every platform, pair and method, with names given or left out.

A plan is drafted as a list of tables, so that a test can change the order of everything in it. The texts follow the
rules of the reader. Ranges come from few small blocks; no network overlaps more than `MOST_OVERLAPS` others, because
check reports only the nearest ones.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from ipaddress import IPv4Network
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from random import Random

MOST_OVERLAPS = 5
PRIVATE_SPACE = IPv4Network("10.160.0.0/20")
PUBLIC_SPACE = IPv4Network("169.48.0.0/20")
SPACES = [
    IPv4Network(text) for text in ("10.160.0.0/21", "10.224.0.0/21", "172.24.0.0/21", "192.168.0.0/21", "172.18.0.0/21")
]
"""Of one plan, two or three are in use. IBM's private subnets lie in the first; IKS refuses routes to the last."""
DEFAULTS = {"iks-pod": "172.30.0.0/16", "iks-service": "172.21.0.0/16"}
EDGES = ("dallas", "frankfurt", "london")
SITES = ("hq", "branch")
ROOMS = [
    IPv4Network(text) for text in ("10.128.0.0/10", "172.24.0.0/14", "192.168.0.0/16", "172.18.0.0/16", "169.48.0.0/14")
]
"""Where plans without overlaps have their ranges: the like of the spaces above, and of the public one."""
METHODS: dict[tuple[str, str], tuple[str, ...]] = {
    ("iks", "edge"): ("common-vlan", "strongswan", "strongswan", "static-nat", "bgp", "none"),
    ("icp", "edge"): ("nat", "nat", "none"),
    ("iks", "iks"): ("strongswan", "strongswan", "none"),
    ("iks", "icp"): ("strongswan", "strongswan", "none"),
    ("icp", "icp"): ("strongswan", "strongswan", "none"),
    ("edge", "edge"): ("ipsec", "routed", "none"),
    ("site", "edge"): ("l2-extension", "l2-extension", "ipsec", "gre", "none"),
    ("site", "ibm-private"): ("routed", "routed", "none"),
}
TRANSLATING = ("strongswan", "ipsec", "gre", "routed")
VCS = (
    "vcs-host-private",
    "vcs-management",
    "vcs-vtep",
    "vcs-vmotion",
    "vcs-vsan",
    "vcs-nfs",
    "vcs-hcx",
    "vcs-host-public",
)

Row = dict[str, Any]


@dataclass
class Draft:
    """A plan as tables in the order in which they are written; `[[link]]` tables all have the title "link"."""

    tables: list[tuple[str, Row]] = field(default_factory=list)

    def text(self) -> str:
        """Return the plan as TOML."""
        lines = []
        for title, row in self.tables:
            lines.append("[[link]]" if title == "link" else f"[{title}]")
            lines += [f"{key} = {_value(value)}" for key, value in row.items()]
        return "\n".join([*lines, ""])

    def shuffled(self, random: Random) -> Draft:
        """Return the same plan with its tables, their keys and the order of the two ends of links mixed."""
        tables = []
        for title, row in self.tables:
            keys = random.sample(list(row), len(row))
            mixed = {key: row[key] for key in keys}
            for key in ("between", "networks", "nat"):
                if key in mixed:
                    mixed[key] = random.sample(mixed[key], len(mixed[key]))
            tables.append((title, mixed))
        random.shuffle(tables)
        return Draft(tables)

    def rows(self, title: str) -> dict[str, Row]:
        """Return the tables under a title, such as "networks", by their names."""
        return {name[len(title) + 1 :]: row for name, row in self.tables if name.startswith(f"{title}.")}

    @property
    def links(self) -> list[Row]:
        """The `[[link]]` tables."""
        return [row for title, row in self.tables if title == "link"]


def _value(value: object) -> str:
    if isinstance(value, list):
        return "[" + ", ".join(_value(item) for item in value) + "]"
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{key} = {_value(item)}" for key, item in value.items()) + " }"
    return f'"{value}"' if isinstance(value, str) else str(value)


def draft_plan(random: Random, *, named: bool = False, disjoint: bool = False) -> Draft:
    """Return a random plan; `named`: each network names its cluster, edge and site, and no short form joins anything.

    `disjoint`: no range overlaps another one, neither of a network nor of what a link shows; every network has a range,
    every cluster workers, every edge both uplinks and a VM network, every site a network.
    """
    return _Drafter(random, named=named, disjoint=disjoint).draft()


class _Drafter:
    """One plan in the making."""

    def __init__(self, random: Random, *, named: bool, disjoint: bool) -> None:
        self.random = random
        self.named = named
        self.disjoint = disjoint
        self.next_address = {space: int(space.network_address) for space in ROOMS}
        self.spaces = random.sample(SPACES, random.choice((2, 2, 3)))
        self.edges = list(EDGES[: random.choice((1, 1, 2, 2, 3))])
        self.sites = list(SITES[: random.choice((1, 1, 2))])
        self.unnamed_edge = not named and len(self.edges) == 1 and random.random() < 0.4
        self.declared_sites = named or len(self.sites) == 2 or random.random() < 0.5
        if not self.declared_sites:
            self.sites = ["enterprise"]
        self.clusters: dict[str, Row] = {}
        self.networks: dict[str, Row] = {}
        self.blocks: list[IPv4Network] = []
        self.home: dict[str, str] = {}
        """The edge of each network, and of each ICP cluster, as the reader will find it."""

    def chance(self, probability: float) -> bool:
        return self.random.random() < probability

    def draft(self) -> Draft:
        """Return the plan."""
        integration = self.integration()
        self.enterprise()
        self.platforms()
        for edge in self.edges:
            self.edge(edge)
        links = self.links(integration)
        self.settle_gateways(integration, links)
        self.leave_clusters_out()
        pools = [str(space) for space in self.spaces] if self.chance(0.5) else []
        tables: list[tuple[str, Row]] = [("plan", {"byoip": pools})] if pools else []
        if integration:
            tables.append(("integration", integration))
        tables += [(f"clusters.{name}", row) for name, row in self.clusters.items()]
        if not self.unnamed_edge:
            tables += [(f"edges.{name}", {}) for name in self.edges if self.named or self.chance(0.7)]
        if self.declared_sites:
            tables += [(f"sites.{name}", {}) for name in self.sites]
        tables += [(f"networks.{name}", row) for name, row in self.networks.items()]
        return Draft([*tables, *(("link", row) for row in links)])

    def integration(self) -> Row:
        choices: Row = {
            "icp-vcs": ["nat", "nat", "none"],
            "iks-vcs": ["common-vlan", "strongswan", "strongswan", "static-nat", "bgp", "none"],
            "iks-icp": ["strongswan", "none"],
            "enterprise": ["l2-extension", "l2-extension", "routed", "none"],
        }
        if self.named:
            return dict.fromkeys(choices, "none")
        return {key: self.random.choice(methods) for key, methods in choices.items() if self.chance(0.75)}

    # -- networks ------------------------------------------------------------------------------------------

    def add(self, name: str, kind: str, block: IPv4Network | None, **keys: object) -> str:
        row: Row = {
            "kind": kind,
            **{key.replace("_", "-"): value for key, value in keys.items() if value is not None},
        }
        if block is not None:
            row["cidr"] = str(block)
            self.blocks.append(block)
        elif kind in DEFAULTS:
            self.blocks.append(IPv4Network(DEFAULTS[kind]))
        self.networks[name] = row
        return name

    def free(self, room: IPv4Network, length: int) -> IPv4Network:
        """Return the next block of a room that nothing else has."""
        size = 1 << 32 - length
        first = -(-self.next_address[room] // size) * size
        self.next_address[room] = first + size
        return IPv4Network((first, length))

    def block(self, *spaces: IPv4Network, lengths: tuple[int, ...] = (22, 23, 24)) -> IPv4Network:
        """Return a block of one of the spaces that does not overlap too many others."""
        if self.disjoint:
            space = self.random.choice(spaces)
            room = next((r for r in ROOMS if space.subnet_of(r)), ROOMS[0])
            return self.free(room, self.random.choice(lengths))
        for _ in range(30):
            space = self.random.choice(spaces)
            length = max(self.random.choice(lengths), space.prefixlen)
            block = self.random.choice(list(space.subnets(new_prefix=length)))
            if self.fits(block):
                return block
        taken = {str(block) for block in self.blocks}
        base = 163 if spaces[0] == PRIVATE_SPACE else 225
        free = (IPv4Network(f"10.{base}.{n}.0/24") for n in range(256))
        if spaces[0] == PUBLIC_SPACE:
            free = (IPv4Network(f"169.49.{n}.0/24") for n in range(256))
        return next(block for block in free if str(block) not in taken)

    def fits(self, block: IPv4Network) -> bool:
        """Return whether the block and each that it overlaps stay within the number that check reports."""
        around = [other for other in self.blocks if other.overlaps(block)]
        return len(around) < MOST_OVERLAPS and all(
            sum(other.overlaps(third) for third in self.blocks) <= MOST_OVERLAPS for other in around
        )

    def byoip(self, *, inside: IPv4Network | None = None) -> IPv4Network:
        """Return a block of the plan's small spaces, or one equal to or inside another block."""
        if inside is not None and not self.disjoint:
            lengths = range(inside.prefixlen, min(inside.prefixlen + 3, 27))
            block = self.random.choice(list(inside.subnets(new_prefix=self.random.choice(lengths))))
            if self.fits(block):
                return block
        if self.chance(0.05):
            return self.block(PUBLIC_SPACE)
        return self.block(*self.spaces)

    def ibm(self, kind: str) -> IPv4Network | None:
        if not self.disjoint and self.chance(0.1):
            return None
        return self.block(PUBLIC_SPACE if kind.endswith("-public") else PRIVATE_SPACE, lengths=(24, 25, 26, 28))

    def enterprise(self) -> None:
        self.offices: list[IPv4Network] = []
        for number in range(self.random.choice((2, 3) if self.disjoint else (0, 1, 2, 2, 3))):
            inside = self.random.choice(self.offices) if self.offices and self.chance(0.4) else None
            block = self.byoip(inside=inside)
            self.offices.append(block)
            site: str | None = self.random.choice(self.sites)
            if self.disjoint and number < len(self.sites):
                site = self.sites[number]
            elif not self.named and self.chance(0.1 if len(self.sites) > 1 else 0.6):
                site = None
            name = self.add(f"office-{number}", "enterprise", block, site=site)
            self.home[name] = site or (self.sites[0] if len(self.sites) == 1 else "")

    def platforms(self) -> None:
        for platform in ("iks", "icp"):
            for number in range(self.random.choice((0, 1, 1, 2, 2, 3))):
                name = f"{platform}-{'abc'[number]}"
                self.clusters[name] = {"platform": platform}
                if platform == "iks":
                    self.iks(name)
                else:
                    self.icp(name)
        if not self.named and not self.clusters and self.chance(0.7):
            self.iks(None)
            self.icp(None)

    def iks(self, cluster: str | None) -> None:
        title = cluster or "iks"
        every = self.named or self.disjoint  # defaults of two clusters are one range
        if every or self.chance(0.8):
            block = None if not self.disjoint and self.chance(0.25) else self.byoip()
            self.add(f"{title}-pods", "iks-pod", block, cluster=cluster)
        if every or self.chance(0.7):
            block = None if not self.disjoint and self.chance(0.25) else self.byoip()
            self.add(f"{title}-services", "iks-service", block, cluster=cluster)
        for number in range(self.random.choice((1, 1, 2) if self.disjoint else (0, 1, 1, 2))):
            self.add(
                f"{title}-workers-{number}",
                "iks-worker-private",
                self.ibm("iks-worker-private"),
                cluster=cluster,
            )
        for side in ("private", "public"):
            if self.chance(0.4):
                kind = f"iks-ingress-{side}"
                named = ["strongswan", *(f"{edge}-strongswan" for edge in self.edges)]
                addresses = {self.random.choice(named): 3} if self.chance(0.5) else None
                self.add(f"{title}-ingress-{side}", kind, self.ibm(kind), cluster=cluster, addresses=addresses)
        if self.chance(0.3):
            self.add(f"{title}-workers-public", "iks-worker-public", self.ibm("iks-worker-public"), cluster=cluster)

    def icp(self, cluster: str | None) -> None:
        title = cluster or "icp"
        edge = self.random.choice(self.edges)
        # One or both of the cluster and its worker networks name the edge, or none of them.
        where = self.random.choice(("cluster", "network", "network", "both"))
        if self.named:
            where = "both"
        elif self.unnamed_edge or self.chance(0.08):
            where = "nowhere"
        known = edge if where != "nowhere" or len(self.edges) == 1 else ""
        if cluster is None and where in ("cluster", "both"):
            where = "network"
        if cluster is not None and where in ("cluster", "both"):
            self.clusters[cluster]["edge"] = edge
        for role in ("pod", "service"):
            if self.named or self.disjoint or self.chance(0.8):
                block = None if not self.disjoint and self.chance(0.1) else self.byoip()
                self.add(f"{title}-{role}s", f"icp-{role}", block, cluster=cluster)
        worker = None
        for number in range(self.random.choice((1, 1, 2) if self.disjoint else (0, 1, 1, 1, 2))):
            block = None if not self.disjoint and self.chance(0.1) else self.byoip()
            worker = self.add(
                f"{title}-workers-{number}",
                "icp-worker",
                block,
                cluster=cluster,
                edge=edge if where in ("network", "both") else None,
                gateway_on=self.random.choice((None, None, None, "esg", "dlr")),
            )
            self.home[worker] = known
        if cluster is not None:
            told = where != "nowhere" or len(self.edges) == 1
            self.home[cluster] = (
                edge
                if told and (worker is not None or where in ("cluster", "both"))
                else known
                if len(self.edges) == 1
                else ""
            )

    def edge(self, edge: str) -> None:
        several = len(self.edges) > 1

        def name() -> str | None:
            if self.unnamed_edge:
                return None
            return edge if self.named or self.chance(0.93 if several else 0.7) else None

        # One network names the edge for certain, so that the edge exists.
        self.home[
            self.add(f"transit-{edge}", "vcs-transit", self.byoip(), edge=None if self.unnamed_edge else edge)
        ] = edge
        for number in range(self.random.choice((1, 2, 3) if self.disjoint else (0, 1, 1, 2, 3))):
            office = self.random.choice(self.offices) if self.offices and self.chance(0.5) else None
            named = name()
            block = None if not self.disjoint and self.chance(0.08) else self.byoip(inside=office)
            routers: tuple[str | None, ...] = (None, None, None, None, "dlr", "esg", "on-premises")
            if self.disjoint and number == 0:
                named, routers = None if self.unnamed_edge else edge, (None, "dlr", "esg")
            vm = self.add(
                f"vm-{edge}-{number}",
                "vcs-vm",
                block,
                edge=named,
                prefix=24 if block is None else None,
                gateway_on=self.random.choice(routers),
                addresses={"on-premises": -1} if self.chance(0.3) else None,
            )
            self.home[vm] = edge if named or not several else ""
        for side in ("private", "public"):
            if self.disjoint or self.chance(0.6):
                kind = f"vcs-esg-{side}"
                addresses = self.random.choice(
                    (None, {"uplink": 4}, {"uplink": 4, "strongswan": 5, "icp-strongswan": 6})
                )
                esg = self.add(
                    f"esg-{edge}-{side}",
                    kind,
                    self.ibm(kind),
                    edge=edge if not self.unnamed_edge else None,
                    addresses=addresses,
                )
                self.home[esg] = edge
        for kind in self.random.sample(VCS, self.random.choice((0, 0, 1, 2))):
            self.add(f"{kind[4:]}-{edge}", kind, self.ibm(kind), edge=None if self.unnamed_edge else edge)

    # -- links ---------------------------------------------------------------------------------------------

    def ends(self, what: str) -> list[str]:
        if what == "edge":
            return [] if self.unnamed_edge else self.edges
        if what == "site":
            return self.sites
        if what == "ibm-private":
            return ["ibm-private"]
        return [name for name, row in self.clusters.items() if row["platform"] == what]

    def links(self, integration: Row) -> list[Row]:
        """Return no links, or some for each pair; without the short form, more."""
        if not self.named and self.chance(0.3):
            return []
        density = self.random.choice((0.3, 0.6, 0.9)) if integration and not self.named else 0.6
        found = []
        for (first, second), methods in METHODS.items():
            seen = set()
            for one in self.ends(first):
                for two in self.ends(second):
                    if one == two or (two, one) in seen or not self.chance(density):
                        continue
                    if first == "icp" and second == "edge" and self.home[one] != two:
                        continue
                    seen.add((one, two))
                    method = self.random.choice(methods)
                    found.append(self.link(first, one, second, two, method))
                    if first == "site" and second == "edge" and method != "none" and self.chance(0.3):
                        another = self.random.choice(
                            [m for m in methods if m != "none" and not (self.disjoint and m == method)]
                        )
                        found.append(self.link(first, one, second, two, another))
        return found

    def link(self, first: str, one: str, second: str, two: str, method: str) -> Row:
        row: Row = {"between": [one, two] if self.chance(0.7) else [two, one], "method": method}
        if method in ("none", "nat", "static-nat"):
            return row
        sides = [
            self.carriable(first, one, method, between=second),
            self.carriable(second, two, method, between=first),
        ]
        networks = []
        if self.chance(0.4):
            for side in sides:
                if side and self.chance(0.6):
                    networks += self.random.sample(side, self.random.randint(1, len(side)))
        if networks:
            row["networks"] = sorted(set(networks))
        kept = (first, method) == ("edge", "routed")
        if method in TRANSLATING and not kept and self.chance(0.5):
            nat = [
                {"network": name, "as": shown}
                for side in sides
                for name in side
                if self.chance(0.5) and (shown := self.shown(name)) is not None
            ]
            if nat:
                row["nat"] = nat
        return row

    def carriable(self, what: str, end: str, method: str, *, between: str) -> list[str]:
        """Return the networks of an end that can be named in a link."""
        kinds: tuple[str, ...]
        if what == "iks":
            kinds = ("iks-pod",) if method in ("common-vlan", "bgp") else ("iks-pod", "iks-service")
            if between != "edge":
                kinds += ("iks-worker-private",)
        elif what == "icp":
            kinds = ("icp-pod", "icp-service", "icp-worker")
        elif what == "edge":
            kinds = ("vcs-vm",) if method == "l2-extension" else ("vcs-vm", "icp-worker")
        elif what == "site":
            kinds = ("enterprise",)
        else:
            kinds = ("vcs-vtep", "vcs-management", "vcs-nfs", "iks-worker-private")
        found = []
        for name, row in self.networks.items():
            on_premises = row.get("gateway-on") == "on-premises" and method != "l2-extension"
            owner = row.get("cluster") if what in ("iks", "icp") else self.home.get(name)
            if row["kind"] in kinds and not on_premises and (owner == end or what == "ibm-private"):
                found.append(name)
        # A worker network of which nobody knows the edge stands nowhere.
        return [name for name in found if self.networks[name]["kind"] != "icp-worker" or self.home[name]]

    def shown(self, name: str) -> str | None:
        """Return a range that a link can show for a network, None where its size is not known."""
        row = self.networks[name]
        cidr = row.get("cidr") or DEFAULTS.get(row["kind"])
        if cidr is None:
            return None
        length = IPv4Network(cidr).prefixlen
        if self.disjoint:
            return str(self.free(self.random.choice(ROOMS[:3]), 32 if self.chance(0.25) else length))
        if self.chance(0.25):
            return f"{self.random.choice(self.spaces)[self.random.randint(1, 6)]}/32"
        if length < 20:
            return self.random.choice(("10.232.0.0/16", "10.233.0.0/16", "172.25.0.0/16", "10.160.0.0/16"))
        space = self.random.choice([*self.spaces, IPv4Network("10.232.0.0/20"), IPv4Network("172.26.0.0/20")])
        return (
            str(self.random.choice(list(space.subnets(new_prefix=max(length, space.prefixlen)))))
            if length >= space.prefixlen
            else None
        )

    def settle_gateways(self, integration: Row, links: list[Row]) -> None:
        """Take back gateways on premises where nothing stretches the network to a site."""
        stretching = [row for row in links if row["method"] == "l2-extension"]
        site_edge = any(
            row["method"] in ("l2-extension", "ipsec", "gre", "none") and set(row["between"]) & {*self.sites}
            for row in links
        )
        for name, row in self.networks.items():
            if row.get("gateway-on") != "on-premises":
                continue
            stretched = [link for link in stretching if self.home[name] in link["between"]]
            written = any(
                "networks" not in link or name in link["networks"] or not self.names_vm(link) for link in stretched
            )
            short = (
                integration.get("enterprise") == "l2-extension"
                and not site_edge
                and (len(self.edges) == 1 or bool(self.home[name]))
            )
            if not written and not short:
                del row["gateway-on"]

    def leave_clusters_out(self) -> None:
        """Let some networks not name their cluster where it is the only one of its platform."""
        platforms = [row["platform"] for row in self.clusters.values()]
        for row in self.networks.values():
            cluster = row.get("cluster")
            only = cluster is not None and platforms.count(self.clusters[cluster]["platform"]) == 1
            if only and not self.named and self.chance(0.3):
                del row["cluster"]

    def names_vm(self, link: Row) -> bool:
        """Return whether the networks of a link limit what it stretches."""
        return any(self.networks[name]["kind"] == "vcs-vm" for name in link.get("networks", []))
