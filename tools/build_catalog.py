"""Rebuild the catalogue's data files from the CSVs in tools/facts/.

    python -m tools.build_catalog           write ipplan/catalog/data/*.json
    python -m tools.build_catalog --check   write nothing, exit 1 where a file would change

One row a line, sorted, with title, address, revision and date of the source and the digest of the CSV that the
file was made from: a change of the facts is a diff that a person can read. To add an edition, put its CSV beside
the others, its source into `EDITIONS` here, and its date into `EDITIONS` of `ipplan/catalog`.
"""

from __future__ import annotations

import csv
import hashlib
import ipaddress
import json
import re
import sys
from pathlib import Path
from typing import Any, NamedTuple

FACTS = Path(__file__).parent / "facts"
DATA = Path(__file__).parent.parent / "ipplan" / "catalog" / "data"


class Edition(NamedTuple):
    """An edition of IBM's page of IP ranges: the repository of IBM's documentation and the commit it is from."""

    date: str
    repository: str
    revision: str

    @property
    def url(self) -> str:
        """Where the page can be read."""
        return f"https://github.com/ibm-cloud-docs/{self.repository}/blob/{self.revision}/ips.md"


EDITIONS = (
    Edition("2018-11-30", "hardware-firewall-dedicated", "ccf7c3e"),
    Edition("2024-12-05", "cloud-infrastructure", "b17787c"),
    Edition("2025-10-03", "infrastructure-hub", "c0135fb"),
)

_PLATFORMS = (
    ("satellite", "satellite"),
    ("openshift", "openshift"),
    ("docker", "docker"),
    ("strongswan", "strongswan"),
    ("iks", "iks"),
    ("icp", "icp"),
    ("calico", "calico"),
    ("kubeadm", "kubeadm"),
    ("kube-apiserver", "kubernetes"),
)
"""Word in the scope of a Kubernetes row, and the platform it means; the first that is found counts."""

_OTHER_PLATFORMS = (
    ("iks", "iks"),
    ("roks", "openshift"),
    ("openshift", "openshift"),
    ("ovn-kubernetes", "openshift"),
    ("satellite", "satellite"),
    ("ibm cloud vpc", "vpc"),
    ("vcf as a service", "vcfaas"),
    ("vcf for vpc", "vcf-vpc"),
    ("vcf for classic - automated", "vcf-classic-automated"),
    ("transit gateway", "transit-gateway"),
    ("direct link", "direct-link"),
    ("powervs", "powervs"),
    ("nsx", "nsx"),
)
"""First words of the scope of a row of reserved-additional.csv, and the platform that they mean."""

_REPOSITORY = re.compile(r"([\w.-]+/[\w.-]+) ([\w./-]+\.\w+)(?:(?: and|,) [\w./-]+)?@([0-9a-f]{7,40})(?![\w.])")
_DATE = re.compile(r"\b\d{4}-\d{2}-\d{2}\b")


def source(text: str) -> dict[str, str | None]:
    """Return a source as title (the whole text), url of the first document it names, and the newest date in it."""
    link = re.search(r"https?://[^\s;]+", text)
    found = _REPOSITORY.search(text)
    url = f"https://github.com/{found[1]}/blob/{found[3]}/{found[2]}" if found else None
    return {
        "title": text,
        "url": url or (link[0] if link else None),
        "date": max(_DATE.findall(text), default=None),
    }


def read(name: str) -> tuple[list[dict[str, str]], str]:
    """Return the rows of a CSV and its digest."""
    raw = (FACTS / name).read_bytes()
    return list(csv.DictReader(raw.decode("utf-8").splitlines())), hashlib.sha256(raw).hexdigest()


def order(cidr: Any) -> tuple[int, int, int]:
    """Return the sort key of a CIDR; raises ValueError where it is none."""
    network = ipaddress.ip_network(cidr)
    return network.version, int(network.network_address), network.prefixlen


def render(head: dict[str, Any], rows: list[list[Any]], columns: list[str]) -> str:
    """Return a data file: the head, the columns, one row a line."""
    lines = [f"{json.dumps(key)}: {json.dumps(value, ensure_ascii=False)}," for key, value in head.items()]
    body = ",\n".join(json.dumps(row, ensure_ascii=False) for row in rows)
    return "{" + "\n".join(lines) + f'\n"columns": {json.dumps(columns)},\n"rows": [\n{body}\n]}}\n'


def ranges(edition: Edition) -> str:
    """Return the data file of an edition of IBM's ranges; rows that are printed twice are kept once."""
    name = f"ibm-cloud-ranges-{edition.date}.csv"
    rows, digest = read(name)
    columns = ["cidr", "category", "data_center", "city", "pod", "note"]
    unique = {tuple(row[c] or None for c in columns) for row in rows}
    data = sorted(unique, key=lambda r: (*order(r[0]), *(x or "" for x in r[1:])))
    head = {
        "title": f"IBM Cloud docs, {edition.repository}: IBM Cloud IP ranges, edition {edition.date}",
        "url": edition.url,
        "revision": edition.revision,
        "date": edition.date,
        "from": name,
        "sha256": digest,
    }
    return render(head, [list(r) for r in data], columns)


def blocks() -> str:
    """Return the data file of IBM's aggregate and default blocks."""
    rows, digest = read("ibm-reserved-blocks.csv")
    data: list[list[Any]] = [[r["cidr"], r["severity"], r["scope"], source(r["source"])] for r in rows]
    data.sort(key=lambda r: (*order(r[0]), r[1], r[2]))
    head = {
        "title": "IBM Cloud blocks that are no rows of the ranges page",
        "from": "ibm-reserved-blocks.csv",
        "sha256": digest,
    }
    return render(head, data, ["cidr", "severity", "scope", "source"])


def kubernetes() -> str:
    """Return the data file of the ranges that Kubernetes platforms reserve or take by default."""
    rows, digest = read("kubernetes-reserved.csv")
    data = []
    for row in rows:
        scope = row["scope"].lower()
        platform = next(platform for word, platform in _PLATFORMS if word in scope)
        data.append([row["cidr"], row["severity"], row["scope"], platform, source(row["source"])])
    data.sort(key=lambda r: (*order(r[0]), r[1], r[2]))
    head = {"title": "Ranges of Kubernetes platforms", "from": "kubernetes-reserved.csv", "sha256": digest}
    return render(head, data, ["cidr", "severity", "scope", "platform", "source"])


def platforms() -> str:
    """Return the data file of what further platforms reserve or take by default; each source is written once."""
    rows, digest = read("reserved-additional.csv")
    titles = list(dict.fromkeys(row["source"] for row in rows))
    data: list[list[Any]] = []
    for row in rows:
        scope = row["scope"]
        platform = next(name for words, name in _OTHER_PLATFORMS if scope.lower().startswith(words))
        data.append([row["cidr"], row["severity"], short(scope), scope, platform, titles.index(row["source"])])
    data.sort(key=lambda r: (*order(r[0]), r[1], r[3]))
    head = {
        "title": "Ranges of further platforms",
        "from": "reserved-additional.csv",
        "sha256": digest,
        "sources": [source(title) for title in titles],
    }
    return render(head, data, ["cidr", "severity", "title", "scope", "platform", "source"])


def short(scope: str) -> str:
    """Return a description without what stands in parentheses, and without what follows from it."""
    return re.split(r"[;,]|: (?:prefix )?must not", re.sub(r" \([^)]*\)", "", scope))[0]


def vpc() -> str:
    """Return the data file of the default address prefixes of VPC zones; each source is written once."""
    rows, digest = read("vpc-address-prefixes.csv")
    titles = list(dict.fromkeys(row["source"] for row in rows))
    # "suspect" marks rows that rules report as doubtful.
    notes = [row["note"].replace("Suspect:", "suspect:") or None for row in rows]
    data: list[list[Any]] = [
        [r["cidr"], r["category"], r["data_center"], r["city"], note, titles.index(r["source"])]
        for r, note in zip(rows, notes, strict=True)
    ]
    data.sort(key=lambda r: (*order(r[0]), r[1], r[2]))
    head = {
        "title": "Default address prefixes of IBM Cloud VPC",
        "from": "vpc-address-prefixes.csv",
        "sha256": digest,
        "sources": [source(title) for title in titles],
    }
    return render(head, data, ["cidr", "category", "zone", "city", "note", "source"])


def special() -> str:
    """Return the data file of IANA's special-purpose registries."""
    rows, digest = read("special-purpose.csv")
    columns = ["cidr", "name", "rfc", "globally_reachable", "private_use", "registry"]
    data = sorted(([r[c] for c in columns] for r in rows), key=lambda r: (*order(r[0]), r[1]))
    head = {
        "title": "IANA special-purpose address registries",
        "from": "special-purpose.csv",
        "sha256": digest,
    }
    return render(head, data, columns)


def windows() -> str:
    """Return the data file of the windows that IKS accepts for pods and services."""
    rows, digest = read("iks-allowed-subnets.csv")
    data: list[list[Any]] = [
        [r["cidr"], r["option"], int(r["longest_prefix_allowed"]), source(r["source"])] for r in rows
    ]
    data.sort(key=lambda r: (r[1], *order(r[0])))
    head = {
        "title": "Pod and service subnets that IKS accepts",
        "from": "iks-allowed-subnets.csv",
        "sha256": digest,
    }
    return render(head, data, ["cidr", "option", "longest", "source"])


def sizes() -> str:
    """Return the data file of the subnet sizes that IBM Cloud sells or assigns."""
    rows, digest = read("subnet-sizes.csv")
    data: list[list[Any]] = [
        [
            r["kind"],
            int(r["ip_version"]),
            int(r["shortest"]),
            int(r["longest"]),
            r["since"] or None,
            int(r["typical"]) if r["typical"] else None,
            source(r["source"]),
        ]
        for r in rows
    ]
    head = {
        "title": "Subnet sizes of IBM Cloud classic infrastructure",
        "from": "subnet-sizes.csv",
        "sha256": digest,
    }
    return render(head, data, ["kind", "version", "shortest", "longest", "since", "typical", "source"])


def build() -> dict[str, str]:
    """Return the text of every data file by its name."""
    files = {f"ranges-{edition.date}.json": ranges(edition) for edition in EDITIONS}
    files |= {
        "blocks.json": blocks(),
        "kubernetes.json": kubernetes(),
        "special-purpose.json": special(),
        "iks-windows.json": windows(),
        "subnet-sizes.json": sizes(),
        "platforms.json": platforms(),
        "vpc-prefixes.json": vpc(),
    }
    return files


def main(arguments: list[str]) -> int:
    """Write the files, or with --check compare them; return the exit status."""
    check = arguments == ["--check"]
    if arguments and not check:
        print("usage: python -m tools.build_catalog [--check]", file=sys.stderr)
        return 2
    changed = []
    for name, text in build().items():
        path = DATA / name
        if not path.exists() or path.read_bytes() != text.encode():
            changed.append(name)
            if not check:
                path.write_bytes(text.encode())
    for name in changed:
        print(f"{name}: {'differs from what the facts give' if check else 'written'}")
    return 1 if check and changed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
