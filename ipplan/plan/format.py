"""The format of a plan, as one table: its TOML tables, their keys, and what each value has to be.

The reader takes known keys, allowed values and limits from here. `tools/build_schema.py` builds the JSON Schema from the
same rows, and `tools/build_reference.py` the reference page. To add a key, add a row here and a field in `model`; to add
a kind of network, add a row in `kinds`. This module knows nothing of how values are read.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple, get_args

from ipplan.catalog import EDITIONS, KEEP_CLEAR
from ipplan.plan.choices import ACCOUNT_ROUTING, GATEWAY_ON, INTEGRATION, INTERNET, STATUSES, VLANS
from ipplan.plan.kinds import KINDS
from ipplan.plan.methods import TRANSLATING, Method

if TYPE_CHECKING:
    from collections.abc import Mapping

SCHEMA = 1
"""The plan format that this version reads."""
LONGEST_TEXT = 10_000
"""Accept at most 10,000 characters in a description or a reason."""
LARGEST_COUNT = 1_000_000_000
"""Accept no larger number of workers, pods, services or hosts: it would be a typing error."""
LARGEST_ASN = 4_294_967_294
"""Accept no larger autonomous system number (RFC 7300 reserves 4294967295)."""
LARGEST_NTH = 1 << 64
"""Accept no larger number of a usable address: an IPv6 /64 has that many addresses."""

Form = Literal[
    "text",
    "name",
    "file",
    "number",
    "choice",
    "data-center",
    "prefix",
    "block",
    "date",
    "labels",
    "addresses",
    "tables",
]
"""What a value is. `prefix` is a CIDR without host bits; `block` is one where host bits mean the enclosing block."""


class When(NamedTuple):
    """A condition on another key of the same table: it has one of these values."""

    key: str
    values: tuple[str, ...]


class Key(NamedTuple):
    """One key of a table.

    form, array: what the value is, or what each value of the array is.
    meaning: one sentence for people: the schema and the reference page show it.
    default: what holds without the key, in words.
    choices, noun: the allowed values, and what one is called in "is not a valid ...".
    limits: the least and the greatest number.
    items: how many different values the array has, where that number is fixed.
    required, required_when: why the key has to be there, and under which condition; always, if there is none.
    only: the condition under which the key has an effect; without it, the key is an error.
    how: how to write the key, for messages about a missing or wrong value.
    table: the format of each entry, for the form "tables".
    """

    form: Form
    meaning: str
    default: str | None = None
    array: bool = False
    choices: tuple[str, ...] = ()
    noun: str = ""
    limits: tuple[int, int] | None = None
    items: int | None = None
    required: str | None = None
    required_when: When | None = None
    only: When | None = None
    how: str | None = None
    table: Table | None = None


class Table(NamedTuple):
    """One table of a plan.

    shape: "single" for one table, "named" for one table a name, "array" for an array of tables.
    entry: what one entry is, for named tables and arrays.
    at_most_one: groups of keys that exclude each other.
    """

    name: str
    shape: Literal["single", "named", "array"]
    meaning: str
    entry: str
    keys: Mapping[str, Key]
    at_most_one: tuple[tuple[str, ...], ...] = ()

    @property
    def heading(self) -> str:
        """How the plan opens the table, such as [clusters.NAME]."""
        return {"single": "[{}]", "named": "[{}.NAME]", "array": "[[{}]]"}[self.shape].format(self.name)


def _count(meaning: str, default: str | None = None) -> Key:
    return Key("number", meaning, default, limits=(1, LARGEST_COUNT))


def _asn(owner: str, note: str = "") -> Key:
    return Key("number", f"Autonomous system number of {owner}{note}.", limits=(1, LARGEST_ASN))


def _kinds(*, allocated: bool = False, enterprise: bool = False, routed: bool = False) -> When:
    """Return the condition that a network has a kind with one of these properties."""
    return When(
        "kind",
        tuple(
            kind.name
            for kind in KINDS.values()
            if (allocated and kind.provider in ("default", "byoip"))
            or (enterprise and kind.provider == "enterprise")
            or (routed and kind.router is not None)
        ),
    )


_METHODS: tuple[Method, ...] = get_args(Method)
_METHOD = "method of this integration"

_DATA_CENTER = Key("data-center", "The data center of IBM Cloud, such as dal10.")
_FOR_PEOPLE = {
    "labels": Key(
        "labels",
        "Labels for people, name and value, such as the team or the ticket.",
        how='labels = { team = "erp" }',
    ),
    "vlan": Key("number", "The VLAN ID, for people; nothing is computed from it.", limits=VLANS),
    "status": Key(
        "choice",
        "How far it has got. A retired part holds its ranges and takes part in no flow and no export.",
        choices=STATUSES,
        noun="status",
    ),
}
"""The keys that networks, clusters, edges and sites share."""

_PLAN = Table(
    "plan",
    "single",
    "What the plan is about.",
    "",
    {
        "name": Key("name", "The name of the plan."),
        "description": Key("text", "What the plan is for."),
        "data-centers": Key(
            "data-center",
            "The data centers where IBM Cloud assigns subnets to this account, such as dal10.",
            array=True,
        ),
        "ranges-edition": Key(
            "choice",
            "The edition of IBM Cloud's published ranges to check against.",
            "the newest edition",
            choices=EDITIONS,
            noun="edition of IBM's published ranges",
        ),
        "ranges-file": Key(
            "file",
            "A file that `ipplan ranges import` wrote, instead of an edition; the path is relative to the plan.",
        ),
        "keep-clear": Key(
            "choice",
            "Platforms whose reserved ranges `allocate` avoids, besides IBM Cloud's own and those of the plan's clusters.",
            "iks, containers, openshift and satellite",
            array=True,
            choices=KEEP_CLEAR,
            noun="platform to keep clear of",
        ),
        "byoip": Key("block", "The pools that the enterprise brings; `allocate` tries them in this order.", array=True),
        "owned-public": Key("prefix", "Public ranges that the enterprise owns and may bring.", array=True),
    },
    at_most_one=(("ranges-edition", "ranges-file"),),
)

_INTEGRATION = Table(
    "integration",
    "single",
    "How the platforms are joined: the short form, for every pair of ends that has no link.",
    "",
    {
        "icp-vcs": Key(
            "choice",
            "How ICP and vCenter Server are joined: nat is SNAT and DNAT on the ESG.",
            choices=INTEGRATION["icp-vcs"],
            noun=_METHOD,
        ),
        "iks-vcs": Key(
            "choice", "How IKS and vCenter Server are joined.", choices=INTEGRATION["iks-vcs"], noun=_METHOD
        ),
        "iks-icp": Key("choice", "How IKS and ICP are joined.", choices=INTEGRATION["iks-icp"], noun=_METHOD),
        "enterprise": Key(
            "choice",
            "How the enterprise is joined: l2-extension is the L2 concentrators of HCX, routed is Direct Link.",
            choices=INTEGRATION["enterprise"],
            noun=_METHOD,
        ),
        "iks-asn": _asn("the workers' vRouters", "; IBM excludes Calico's default 64512"),
        "esg-asn": _asn("the ESG"),
        "enterprise-asn": _asn("the enterprise's router"),
        "ike": Key("number", "The version of IKE that the tunnels use.", "2", limits=(1, 2)),
        "account-routing": Key(
            "choice",
            "What routes between the subnets of the account.",
            choices=ACCOUNT_ROUTING,
            noun="way to route in an account",
        ),
    },
)

_CLUSTERS = Table(
    "clusters",
    "named",
    "The Kubernetes clusters, by name.",
    "A Kubernetes cluster.",
    {
        "platform": Key(
            "choice",
            "The platform: IBM Cloud Kubernetes Service (iks) or IBM Cloud Private (icp).",
            choices=("iks", "icp"),
            noun="platform",
            required="a cluster has one platform",
        ),
        "workers": _count("The number of worker nodes."),
        "pods-per-worker": _count("The number of pods on each worker."),
        "services": _count("The number of services in the cluster."),
        "data-center": _DATA_CENTER,
        "edge": Key(
            "name",
            "The edge that an ICP cluster is behind, or that an IKS cluster is joined with.",
            "the only edge of the plan",
        ),
        **_FOR_PEOPLE,
    },
)

_EDGES = Table(
    "edges",
    "named",
    "The NSX edges, by name. A plan with one edge does not have to declare it.",
    "An NSX edge: an ESG with its DLR and the overlay behind it.",
    {
        "data-center": _DATA_CENTER,
        "internet": Key(
            "choice",
            "How the networks behind the edge reach the internet.",
            choices=INTERNET,
            noun="way to reach the internet",
        ),
        **_FOR_PEOPLE,
    },
)

_SITES = Table(
    "sites",
    "named",
    "The sites of the enterprise, by name. A plan without sites has one, named enterprise.",
    "A site of the enterprise.",
    _FOR_PEOPLE,
)

_NAT = Table(
    "nat",
    "array",
    "Networks that the far side sees at other addresses.",
    "A network, and the addresses that the far side sees.",
    {
        "network": Key(
            "name", "A network of one of the two ends.", required="it names the network whose addresses are translated"
        ),
        "as": Key(
            "prefix",
            "What the far side sees: a prefix of the same size, or one address (/32 or /128) for answers only.",
            required="it is the prefix that the far side sees",
        ),
    },
)

_LINK = Table(
    "link",
    "array",
    "Links: which clusters, edges and sites are joined, and how.",
    "How two ends are joined.",
    {
        "between": Key(
            "name",
            "The two ends: clusters, edges, sites, or ibm-private for IBM Cloud's private network.",
            array=True,
            items=2,
            required="a link joins two ends",
            how='between = ["A", "B"]',
        ),
        "method": Key(
            "choice",
            "How the two ends are joined; each pair of ends has its own methods.",
            choices=_METHODS,
            noun="method",
            required="it says how the two ends are joined",
        ),
        "networks": Key(
            "name",
            "The networks that the link carries or stretches, each a network of one of the two ends.",
            "everything that the method can carry",
            array=True,
            only=When("method", tuple(method for method in _METHODS if method != "none")),
        ),
        "nat": Key(
            "tables",
            "Networks that the far side sees at other addresses.",
            only=When("method", tuple(method for method in _METHODS if method in TRANSLATING)),
            how='nat = [{ network = "NAME", as = "CIDR" }]',
            table=_NAT,
        ),
    },
)

_AVOID = Table(
    "avoid",
    "array",
    "Address space that nothing may be allocated from.",
    "A prefix that nothing may be allocated from.",
    {
        "cidr": Key("prefix", "The prefix to avoid.", required="it is the prefix to avoid"),
        "reason": Key("text", "Why nothing may be allocated from it."),
    },
)

_WAIVE = Table(
    "waive",
    "array",
    "Waivers: findings that a named owner accepts.",
    "A finding that an owner accepts.",
    {
        "rule": Key("name", "The rule whose finding is accepted.", required="it names the rule to waive"),
        # Not a name of at most 500 characters: the title of another plan can stand before the name.
        "networks": Key(
            "text",
            "The networks that the finding is about; PLAN/NETWORK for a network of another plan.",
            "every network",
            array=True,
        ),
        "reason": Key("text", "Why the finding is accepted.", required="a waiver gives a reason"),
        "owner": Key("name", "Who accepts the finding."),
        "until": Key("date", "The last day of the waiver, a TOML date without quotes.", "no end"),
    },
)

_NETWORKS = Table(
    "networks",
    "named",
    "The networks, by name.",
    "A network, with at most one of cidr, prefix and hosts. Without them, its cluster or its kind gives the size.",
    {
        "kind": Key(
            "choice",
            "What the network is for.",
            choices=tuple(KINDS),
            noun="kind of network",
            required="it says what the network is for",
        ),
        "cluster": Key("name", "The cluster that the network belongs to.", "the only cluster of the platform"),
        "edge": Key("name", "The edge that the network belongs to or is behind.", "the only edge of the plan"),
        "site": Key(
            "name", "The site of an enterprise network.", "the only site of the plan", only=_kinds(enterprise=True)
        ),
        "gateway-on": Key(
            "choice",
            "The router that has the gateway address of a network behind an edge.",
            "dlr for VM networks, esg for ICP workers",
            choices=GATEWAY_ON,
            noun="router for a gateway",
            only=_kinds(routed=True),
        ),
        "data-center": _DATA_CENTER._replace(default="that of its cluster or edge, else those of the plan"),
        "cidr": Key(
            "block",
            "The prefix of the network; `allocate` never moves it.",
            required="the enterprise's own networks exist already, ipplan does not allocate them",
            required_when=_kinds(enterprise=True),
        ),
        "prefix": Key("number", "The size of the network, as a prefix length.", limits=(0, 128)),
        "hosts": _count("The size as a number of hosts; gateway, network and broadcast address are added."),
        "grow-to": Key(
            "number",
            "Keep room so that the network can grow to this prefix length without a move.",
            limits=(0, 128),
        ),
        "group": Key("name", "The group: `allocate` places its networks under one covering prefix."),
        "pool": Key("block", "Allocate only from this pool of plan.byoip.", "any pool", only=_kinds(allocated=True)),
        "addresses": Key(
            "addresses",
            "Named addresses: the n-th usable one, from -1 at the end, or a full address in quotes.",
            how="addresses = { gateway = 1 }",
        ),
        "description": Key("text", "What the network is for, in words."),
        **_FOR_PEOPLE,
    },
    at_most_one=(("cidr", "prefix", "hosts"),),
)

TABLES: Mapping[str, Table] = {
    table.name: table for table in (_PLAN, _INTEGRATION, _CLUSTERS, _EDGES, _SITES, _LINK, _AVOID, _WAIVE, _NETWORKS)
}
"""Every table of a plan by its name, in the order of the reference page."""

TOP_KEYS = ("schema", *TABLES)
"""Every key at the top of a plan."""
