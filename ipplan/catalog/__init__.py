"""The catalogue: who publishes or reserves which addresses, with the source and date of every row.

`tools/build_catalog.py` builds the data files beside this module from tables of facts. Nobody edits them by hand, and
nothing is fetched at run time. This module knows nothing of plans or rules.
"""

from __future__ import annotations

import json
from functools import cache
from os.path import dirname, join
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from ipplan.addresses import Prefix, PrefixIndex, parse_prefix
from ipplan.findings import Source

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

EDITIONS = ("2018-11-30", "2024-12-05", "2025-10-03")
"""The editions of IBM's published ranges that are in the catalogue, oldest first."""

DEFAULT_EDITION = EDITIONS[-1]
"""The newest edition, which is used by default."""

PLATFORM_TITLES = {
    "iks": "IKS",
    "containers": "containers",
    "openshift": "OpenShift",
    "satellite": "Satellite",
    "vpc": "IBM Cloud VPC",
    "vcfaas": "VCF as a Service",
}
"""The platforms that `keep-clear` of a plan can name, and how messages name them."""

KEEP_CLEAR = tuple(PLATFORM_TITLES)
"""The platforms that `keep-clear` of a plan can name."""

KEPT_CLEAR = frozenset(KEEP_CLEAR[:4])
"""The platforms whose ranges `allocate` avoids if the plan does not say."""

Owner = Literal["ibm", "kubernetes", "iana"]
Scope = Literal["service", "private", "public", "route", "reserved", "default", "special", "other"]


class CatalogError(ValueError):
    """Report an edition that the catalogue does not have; the message lists the ones it has."""


class Category(NamedTuple):
    """A kind of row: its name, what its rows are, who publishes them, and what that means for a plan.

    scope: "service", "private", "public": IBM Cloud uses it itself, assigns it to customers, or has it on the internet;
    "route": every classic server routes it to the BCR, which is advice; "reserved": a platform reserves it; "default": a
    platform uses it by default; "special": IANA reserves it for a purpose; "other": known, but not a reason for a
    finding.
    """

    name: str
    title: str
    owner: Owner
    scope: Scope


_CATEGORY_ROWS: tuple[tuple[str, str, Owner, Scope], ...] = (
    ("ibm-customer-private", "customer private network", "ibm", "private"),
    ("ibm-service-network", "service network", "ibm", "service"),
    ("ibm-service-file-block", "file and block storage service", "ibm", "service"),
    ("ibm-service-icos", "object storage service", "ibm", "service"),
    ("ibm-service-evault", "evault backup service", "ibm", "service"),
    ("ibm-service-advmon", "advanced monitoring service", "ibm", "service"),
    ("ibm-rhel-service-network", "RHEL service network", "ibm", "service"),
    ("ibm-rhel-endpoint", "RHEL endpoint", "ibm", "service"),
    ("ibm-windows-vsi", "Windows service", "ibm", "service"),
    ("ibm-windows-wsus-server", "Windows update service", "ibm", "service"),
    ("ibm-provisioning-required", "provisioning network", "ibm", "service"),
    ("ibm-ssl-vpn", "SSL VPN network", "ibm", "service"),
    ("ibm-ssl-vpn-pop", "SSL VPN network", "ibm", "service"),
    ("ibm-pptp-vpn", "PPTP VPN network", "ibm", "service"),
    ("ibm-pptp-vpn-pop", "PPTP VPN network", "ibm", "service"),
    ("ibm-vulnerability-scan", "vulnerability scanner", "ibm", "service"),
    ("ibm-dos-mitigation", "denial of service mitigation", "ibm", "public"),
    ("ibm-front-end-public", "public front-end network", "ibm", "public"),
    ("ibm-load-balancer", "public load balancers", "ibm", "public"),
    ("ibm-legacy", "legacy public network", "ibm", "public"),
    ("ibm-default-static-route", "default static route of classic servers", "ibm", "route"),
    ("ibm-reserved-block", "reserved block", "ibm", "service"),
    ("ibm-default-block", "default block", "ibm", "other"),
    ("kubernetes-reserved", "reserved by a Kubernetes platform", "kubernetes", "reserved"),
    ("kubernetes-default", "default of a Kubernetes platform", "kubernetes", "default"),
    ("ibm-vpc-default-prefix", "default address prefix of a VPC zone", "ibm", "default"),
    ("ibm-vpc-classic-access-default-prefix", "default address prefix of a classic-access VPC zone", "ibm", "default"),
    ("ibm-platform-reserved", "reserved by a platform of IBM Cloud", "ibm", "reserved"),
    ("ibm-platform-default", "default of a platform of IBM Cloud", "ibm", "default"),
    ("iana-special-purpose", "special-purpose space", "iana", "special"),
    ("iana-private-use", "private-use space", "iana", "other"),
)

CATEGORIES: Mapping[str, Category] = {row[0]: Category(*row) for row in _CATEGORY_ROWS}
"""Every category by its name; IBM's own names have the prefix `ibm-`."""

_ADVICE = ("10.0.0.0/8", "0.0.0.0/0")
"""Prefixes that classic servers or Direct Link use as routes; they do not reserve addresses."""

_AVOIDED_DEFAULTS = {("iks", "172.30.0.0/16"), ("iks", "172.21.0.0/16"), ("docker", "172.17.0.0/16")}
"""The platform defaults that `allocate` avoids: IKS pods and services, and the container bridge."""

_ROUTE_TARGETS = "IKS and ROKS static-route add-on"
"""Start of the title of rows that limit the destinations of static routes of workers; they reserve no addresses."""

CONTAINERS = ("docker", "calico", "kubeadm", "kubernetes")
"""The platforms that `keep-clear` calls containers."""


class Reservation(NamedTuple):
    """A row of the catalogue: a prefix that somebody publishes, reserves or uses by default.

    title: what it is, in a few words.
    data_center, city, pod: where it is; for VPC, `data_center` is the zone.
    note: what is doubtful or remarkable about the row.
    platform: the platform that it belongs to.
    keep_clear: the value of `KEEP_CLEAR` with which `allocate` avoids the row, None if no value does.
    """

    prefix: Prefix
    category: Category
    title: str
    data_center: str | None
    city: str | None
    pod: str | None
    note: str | None
    source: Source
    platform: str | None = None
    keep_clear: str | None = None


class Edition(NamedTuple):
    """An edition of IBM's ranges.

    It has a date (ISO 8601), a title, the URL of the page, and the revision of its repository; URL and revision are None
    if they are not known. `file` is the file that the edition was read from, None for one of the `EDITIONS`.
    """

    date: str
    title: str
    url: str | None
    revision: str | None
    file: str | None = None

    @property
    def name(self) -> str:
        """The name of the edition in messages and documents."""
        return self.date if self.file is None else f"{self.date} (file)"


class IksWindow(NamedTuple):
    """A range in which IKS accepts pod subnets ("pod-subnet") or service subnets ("service-subnet").

    `longest` is the longest prefix length, that is the smallest subnet, that IKS accepts.
    """

    prefix: Prefix
    option: str
    longest: int
    source: Source


class SubnetSize(NamedTuple):
    """The prefix lengths of a kind of subnet that IBM Cloud sells or assigns, from `shortest` to `longest`.

    `kind` is a network kind, or a subnet type with or without "-public" and "-private". `since` is the first date on
    which the row is valid, None for always; `typical` is the usual length.
    """

    kind: str
    version: int
    shortest: int
    longest: int
    since: str | None
    typical: int | None
    source: Source


class Catalog:
    """One edition of IBM's ranges, and all rows that do not depend on the edition.

    Invariant: `reservations` are sorted by prefix, category, data center, pod and title, and never change. `edition` is
    the name of the edition, `about` its date and source.
    """

    __slots__ = ("_index", "about", "edition", "reservations")

    def __init__(self, edition: str, reservations: tuple[Reservation, ...], about: Edition | None = None) -> None:
        self.edition = edition
        self.about = Edition(edition, edition, None, None) if about is None else about
        self.reservations = reservations
        self._index = PrefixIndex([r[0] for r in reservations])

    def overlapping(self, prefix: Prefix) -> Iterator[Reservation]:
        """Yield every row that overlaps the prefix.

        First the rows that cover it, the most specific first, then those inside it in address order. Costs a search for
        each prefix length in use, and a step for each row.
        """
        return (self.reservations[index] for index in self._index.overlapping(prefix))

    def avoided(
        self, data_centers: frozenset[str] | None = None, keep_clear: frozenset[str] = KEPT_CLEAR
    ) -> tuple[Reservation, ...]:
        """Return the rows that nothing may be allocated from.

        - IBM's ranges of every data center; with `data_centers`, customer private ranges of these only;
        - special-purpose space that is not for private use;
        - for each platform in `keep_clear`, the ranges that it reserves, and the defaults that `allocate` avoids: pods
          and services of IKS, the container bridge, address prefixes of VPC.

        The static route 10.0.0.0/8 of classic servers is advice, so it is not among them.
        """
        return tuple(r for r in self.reservations if self.avoids(r, data_centers, keep_clear))

    @staticmethod
    def avoids(
        row: Reservation,
        data_centers: frozenset[str] | None = None,
        keep_clear: frozenset[str] = KEPT_CLEAR,
    ) -> bool:
        """Return whether nothing may be allocated from a row."""
        scope = row.category.scope
        if scope == "private":
            return data_centers is None or row.data_center is None or row.data_center in data_centers
        return scope in ("service", "public", "special") or row.keep_clear in keep_clear


def load_catalog(edition: str | None = None) -> Catalog:
    """Return the catalogue with an edition of IBM's ranges, by default the newest.

    Raises CatalogError for an edition that the catalogue does not have. Each edition is read once in a process.
    """
    chosen = edition or DEFAULT_EDITION
    if chosen not in EDITIONS:
        raise CatalogError(f"{chosen} is not an edition of IBM's ranges; known editions: {', '.join(EDITIONS)}")
    return _load(chosen)


@cache
def _load(edition: str) -> Catalog:
    data = _read(f"ranges-{edition}")
    return make_catalog(Edition(data["date"], data["title"], data["url"], data["revision"]), data["rows"])


def make_catalog(edition: Edition, rows: Iterable[Sequence[str | None]]) -> Catalog:
    """Return the catalogue with an edition of IBM's ranges made of these rows.

    A row has the columns of a data file: prefix, category without `ibm-`, data center or "all", city, pod, note.
    """
    found = [
        *_ibm_rows(edition, rows),
        *_block_rows(),
        *_kubernetes_rows(),
        *_platform_rows(),
        *_vpc_rows(),
        *_special_rows(),
    ]
    # With the note, no two rows are equal, so that their order in the file makes no difference.
    found.sort(key=lambda r: (r[0], r[1][0], r[3] or "", r[5] or "", r[2], r[6] or ""))
    return Catalog(edition.name, tuple(found), edition)


def _ibm_rows(edition: Edition, rows: Iterable[Any]) -> Iterator[Reservation]:
    source = Source(edition.title, edition.url, edition.date)
    categories = {name[4:]: category for name, category in CATEGORIES.items()}
    route, service = (
        CATEGORIES["ibm-default-static-route"],
        CATEGORIES["ibm-default-static-route"]._replace(scope="service"),
    )
    for cidr, name, data_center, city, pod, note in rows:
        category = categories[name]
        if category is route and cidr not in _ADVICE:
            category = service  # 161.26.0.0/16 and 166.8.0.0/14 are service networks too
        center = None if data_center == "all" else data_center
        yield Reservation(parse_prefix(cidr), category, category.title, center, city, pod, note, source)


def _block_rows() -> Iterator[Reservation]:
    advice = CATEGORIES["ibm-reserved-block"]._replace(scope="other")
    for cidr, severity, scope, source in _read("blocks")["rows"]:
        category = CATEGORIES[f"ibm-{severity}-block"]
        if cidr in _ADVICE and category.scope == "service":
            category = advice
        title, note = _shorten(scope)
        yield Reservation(parse_prefix(cidr), category, title, None, None, None, note, Source(**source))


def _kubernetes_rows() -> Iterator[Reservation]:
    for cidr, severity, scope, platform, source in _read("kubernetes")["rows"]:
        category = CATEGORIES[f"kubernetes-{severity}"]
        title, note = _shorten(scope)
        keep_clear = None
        named = "containers" if platform in CONTAINERS else platform
        if named not in KEEP_CLEAR:
            category = category._replace(scope="other") if severity == "reserved" else category
        elif severity == "reserved" or ((platform, cidr) in _AVOIDED_DEFAULTS and "VPC" not in title):
            keep_clear = named
        yield Reservation(
            parse_prefix(cidr), category, title, None, None, None, note, Source(**source), platform, keep_clear
        )


def _platform_rows() -> Iterator[Reservation]:
    data = _read("platforms")
    sources = [Source(**source) for source in data["sources"]]
    for cidr, severity, title, scope, platform, source in data["rows"]:
        owner = "kubernetes" if platform in ("iks", "openshift", "satellite") else "ibm-platform"
        category = CATEGORIES[f"{owner}-{severity}"]
        keep_clear = None
        if severity == "reserved" and platform in KEEP_CLEAR and not title.startswith(_ROUTE_TARGETS):
            keep_clear = platform
        elif category.scope == "reserved":
            category = category._replace(scope="other")
        note = scope if scope != title else None
        yield Reservation(
            parse_prefix(cidr), category, title, None, None, None, note, sources[source], platform, keep_clear
        )


def _vpc_rows() -> Iterator[Reservation]:
    data = _read("vpc-prefixes")
    sources = [Source(**source) for source in data["sources"]]
    for cidr, name, zone, city, note, source in data["rows"]:
        category = CATEGORIES[f"ibm-{name}"]
        yield Reservation(
            parse_prefix(cidr),
            category,
            category.title,
            zone,
            city,
            None,
            note,
            sources[source],
            "vpc",
            "vpc",
        )


def _shorten(scope: str) -> tuple[str, str | None]:
    """Return the first words of a description as title, and the whole text as note if it says more."""
    title = scope
    for mark in (";", ",", ":", " ("):
        title = title.partition(mark)[0]
    return title, scope if scope != title else None


def _special_rows() -> Iterator[Reservation]:
    special, private = CATEGORIES["iana-special-purpose"], CATEGORIES["iana-private-use"]
    for cidr, name, rfc, reachable, private_use, registry in _read("special-purpose")["rows"]:
        note = None if reachable == "false" else f"globally reachable: {reachable}"
        source = Source(
            f"IANA {registry} registry, {rfc}", f"https://www.iana.org/assignments/iana-{registry}-registry/"
        )
        yield Reservation(
            _exact(cidr), private if private_use == "true" else special, name, None, None, None, note, source
        )


def _exact(cidr: str) -> Prefix:
    """Read a prefix of the registries; they list ::ffff:0:0/96, which the strict reader refuses."""
    return Prefix(6, 0xFFFF << 32, 96) if cidr == "::ffff:0:0/96" else parse_prefix(cidr)


@cache
def iks_windows() -> tuple[IksWindow, ...]:
    """Return the ranges in which IKS accepts pod and service subnets (IBM Cloud docs, containers)."""
    rows = _read("iks-windows")["rows"]
    return tuple(
        IksWindow(parse_prefix(cidr), option, longest, Source(**source)) for cidr, option, longest, source in rows
    )


@cache
def subnet_sizes() -> tuple[SubnetSize, ...]:
    """Return the subnet sizes that IBM Cloud sells or assigns (IBM Cloud docs, subnets and containers)."""
    data = _read("subnet-sizes")
    rows = [dict(zip(data["columns"], row, strict=True)) for row in data["rows"]]
    return tuple(SubnetSize(**{**row, "source": Source(**row["source"])}) for row in rows)


def _read(name: str) -> Any:
    # The loader finds the file in an archive too, and needs no import as importlib.resources would.
    spec: Any = globals()["__spec__"]
    data: bytes = spec.loader.get_data(join(dirname(__file__), "data", f"{name}.json"))
    return json.loads(data)
