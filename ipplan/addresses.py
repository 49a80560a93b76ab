"""Address arithmetic on closed integer ranges, and the one strict reader of address text.

Every value is small and immutable: `Address`, `Prefix` (an aligned block), `Range` (any first to last) and `RangeSet`
(a canonical set of ranges). An address is an IP version and an integer; text is read and written only in the part after
the values. The reader accepts one ASCII spelling and guesses nothing.

This module is the only home of netaddr: `to_netaddr` and `from_netaddr` are the border to programs that use it, and
`explain_refusal` asks it about netmasks. It knows nothing of plans, catalogues or output.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from netaddr import IPAddress, IPNetwork, IPRange

WIDTH = {4: 32, 6: 128}
"""Bits in an address, by IP version."""
HOST_MASKS = {version: [(1 << width - n) - 1 for n in range(width + 1)] for version, width in WIDTH.items()}
"""The bits after each prefix length, all set, by IP version."""


class AddressError(ValueError):
    """Report text that is not a valid address or prefix: `str()` says why, `suggestion` what to write instead."""

    def __init__(self, reason: str, suggestion: str | None = None) -> None:
        super().__init__(reason)
        self.suggestion = suggestion


class HostBitsError(AddressError):
    """Report a prefix with host bits set, such as 10.50.0.0/12.

    `block` is the enclosing prefix of the given length, `address` the address as written, an integer, and `exact` the
    largest prefix that starts at this address.
    """

    def __init__(self, block: Prefix, address: int) -> None:
        self.block = block
        self.address = address
        self.exact = largest_prefix_at(block.version, address, block.last)
        written = f"{format_address(block.version, address)}/{block.length}"
        super().__init__(f"{written} has host bits set; the enclosing block is {block}", str(block))


# -- values: an address, a prefix, a range ------------------------------------------------------------------


class _AddressFields(NamedTuple):
    version: int
    value: int


class Address(_AddressFields):
    """One address: its IP version, and its value as an integer. Its text is the canonical one.

    Invariant: `version` is 4 or 6 and 0 <= value < 2^width.
    """

    __slots__ = ()

    def __new__(cls, version: int, value: int) -> Address:
        """Build an address; raise ValueError where the invariant does not hold."""
        width = WIDTH.get(version)
        if width is None or not 0 <= value < 1 << width:
            raise ValueError(f"version {version!r} and value {value!r} are not a valid address")
        return tuple.__new__(cls, (version, value))

    @classmethod
    def from_netaddr(cls, address: IPAddress) -> Address:
        """Return the address of a `netaddr.IPAddress`; refuses what `parse_address` refuses."""
        return _checked_address(address.version, address.value)

    def to_netaddr(self) -> IPAddress:
        """Return the same address as a `netaddr.IPAddress`."""
        from netaddr import IPAddress

        return IPAddress(self.value, self.version)

    @property
    def prefix(self) -> Prefix:
        """The prefix that has this address only."""
        return tuple.__new__(Prefix, (self.version, self.value, WIDTH[self.version]))

    def __str__(self) -> str:
        return format_address(self.version, self.value)


class _PrefixFields(NamedTuple):
    version: int
    first: int
    length: int


class Prefix(_PrefixFields):
    """An aligned block of addresses: IP version, first address as an integer, prefix length.

    Invariant: `version` is 4 or 6, the length fits it, and `first` has no host bits. It is a tuple, because a plan may
    have a hundred thousand of them. The order of tuples is by version, then by address, the larger block first.
    """

    __slots__ = ()

    def __new__(cls, version: int, first: int, length: int) -> Prefix:
        """Build a prefix; raise ValueError where the invariant does not hold."""
        width = WIDTH.get(version)
        if width is None or not 0 <= length <= width:
            raise ValueError(f"version {version!r} and length {length!r} are not a valid prefix")
        if not 0 <= first < 1 << width or first & ((1 << width - length) - 1):
            raise ValueError(f"{first:#x} is not the first address of a /{length}")
        return tuple.__new__(cls, (version, first, length))

    @classmethod
    def from_netaddr(cls, network: IPNetwork) -> Prefix:
        """Return the prefix of a `netaddr.IPNetwork`.

        Refuses what `parse_prefix` refuses: raises HostBitsError where the address of the network has host bits.
        """
        return _checked_prefix(network.version, network.ip.value, network.prefixlen)

    def to_netaddr(self) -> IPNetwork:
        """Return the same prefix as a `netaddr.IPNetwork`."""
        from netaddr import IPNetwork

        return IPNetwork((self.first, self.length), version=self.version)

    @property
    def last(self) -> int:
        """The last address, as an integer."""
        return self.first | (1 << WIDTH[self.version] - self.length) - 1

    @property
    def size(self) -> int:
        """The number of addresses, with network and broadcast address."""
        return 1 << WIDTH[self.version] - self.length

    @property
    def range(self) -> Range:
        """The same addresses as a range."""
        return tuple.__new__(Range, (self.version, self.first, self.last))

    @property
    def netmask(self) -> str | None:
        """The dotted netmask; None for IPv6, which does not use netmasks."""
        if self.version == 6:
            return None
        return format_address(4, (1 << 32) - (1 << 32 - self.length))

    def holds(self, address: Address) -> bool:
        """Return whether the address is in this prefix."""
        return self.version == address.version and self.first <= address.value <= self.last

    def covers(self, other: Prefix) -> bool:
        """Return whether every address of `other` is in this prefix."""
        return self.version == other.version and self.length <= other.length and self.first <= other.first <= self.last

    def overlaps(self, other: Prefix) -> bool:
        """Return whether the two share an address; two prefixes that do are nested."""
        return self.covers(other) or other.covers(self)

    def shared(self, other: Prefix) -> Prefix | None:
        """Return the block that both have in common, None where they are disjoint."""
        if self.covers(other):
            return other
        return self if other.covers(self) else None

    def supernet(self, length: int) -> Prefix:
        """Return the prefix of the given length that covers this one; the length must not be greater."""
        shift = WIDTH[self.version] - length
        return Prefix(self.version, self.first >> shift << shift, length)

    def __str__(self) -> str:
        return f"{format_address(self.version, self.first)}/{self.length}"


class _RangeFields(NamedTuple):
    version: int
    first: int
    last: int


class Range(_RangeFields):
    """A closed range of addresses of one IP version, first and last included.

    Invariant: `version` is 4 or 6 and 0 <= first <= last < 2^width.
    """

    __slots__ = ()

    def __new__(cls, version: int, first: int, last: int) -> Range:
        """Build a range; raise ValueError where the invariant does not hold."""
        width = WIDTH.get(version)
        if width is None or not 0 <= first <= last < 1 << width:
            raise ValueError(f"version {version!r}, first {first!r} and last {last!r} are not a valid range")
        return tuple.__new__(cls, (version, first, last))

    @classmethod
    def from_netaddr(cls, addresses: IPRange) -> Range:
        """Return the range of a `netaddr.IPRange`."""
        return cls(addresses.version, addresses.first, addresses.last)

    def to_netaddr(self) -> IPRange:
        """Return the same range as a `netaddr.IPRange`."""
        from netaddr import IPAddress, IPRange

        return IPRange(IPAddress(self.first, self.version), IPAddress(self.last, self.version))

    @property
    def size(self) -> int:
        """The number of addresses."""
        return self.last - self.first + 1

    def prefixes(self) -> Iterator[Prefix]:
        """Yield the fewest prefixes that make up the range, in address order."""
        version, first, last = self
        width = WIDTH[version]
        while first <= last:
            bits = min((first & -first).bit_length() - 1 if first else width, (last - first + 1).bit_length() - 1)
            yield tuple.__new__(Prefix, (version, first, width - bits))
            first += 1 << bits

    def __str__(self) -> str:
        return f"{format_address(self.version, self.first)}-{format_address(self.version, self.last)}"


# -- text: one strict spelling -------------------------------------------------------------------------------


def format_address(version: int, value: int) -> str:
    """Return the canonical text of an address: dotted decimal, or RFC 5952 for IPv6."""
    if version == 4:
        return f"{value >> 24}.{value >> 16 & 255}.{value >> 8 & 255}.{value & 255}"
    groups = [f"{value >> shift & 0xFFFF:x}" for shift in range(112, -1, -16)]
    best_start, best_length, start = 0, 1, None
    for index in range(9):
        if index < 8 and groups[index] == "0":
            start = index if start is None else start
        elif start is not None:
            if index - start > best_length:
                best_start, best_length = start, index - start
            start = None
    if best_length < 2:
        return ":".join(groups)
    return ":".join(groups[:best_start]) + "::" + ":".join(groups[best_start + best_length :])


_OCTETS = {str(value): value for value in range(256)}
_LENGTHS = {4: {str(value): value for value in range(33)}, 6: {str(value): value for value in range(129)}}
_GROUP = re.compile(r"[0-9a-fA-F]{1,4}\Z", re.ASCII)


def _read_ipv4(text: str) -> int | None:
    octets = text.split(".")
    try:
        a, b, c, d = octets
        return _OCTETS[a] << 24 | _OCTETS[b] << 16 | _OCTETS[c] << 8 | _OCTETS[d]
    except (ValueError, KeyError):
        return None


def _read_ipv6(text: str) -> int | None:
    head, gap, tail = text.partition("::")
    left = head.split(":") if head else []
    right = tail.split(":") if tail else []
    missing = 8 - len(left) - len(right)
    if (missing < 1 if gap else missing != 0) or not all(_GROUP.match(g) for g in (*left, *right)):
        return None
    value = 0
    for group in (*left, *["0"] * missing, *right):
        value = value << 16 | int(group, 16)
    return value


def _version_of(address: str) -> int:
    return 6 if ":" in address else 4


def _read(address: str) -> int | None:
    return _read_ipv6(address) if ":" in address else _read_ipv4(address)


def parse_address(text: str) -> Address:
    """Read one address.

    Raises AddressError for anything but four decimal octets without leading zeros, or the hexadecimal groups of
    RFC 4291: no netmask, no zone id, no space around it, no IPv4 address inside an IPv6 address.
    """
    version = 6 if ":" in text else 4
    value = _read_ipv6(text) if version == 6 else _read_ipv4(text)
    if value is None:
        raise explain_refusal(text)
    return _checked_address(version, value)


def parse_prefix(text: str) -> Prefix:
    """Read one prefix in CIDR notation, address and length, in the one strict ASCII form.

    Raises HostBitsError where only the host bits are wrong, else AddressError with the reason. Nothing is guessed: no
    default length, no netmask, no octal.
    """
    address, _, length_text = text.partition("/")
    version = 6 if ":" in address else 4
    length = _LENGTHS[version].get(length_text)
    value = _read_ipv6(address) if version == 6 else _read_ipv4(address)
    if value is None or length is None:
        raise explain_refusal(text)
    return _checked_prefix(version, value, length)


def parse_block(text: str) -> Prefix:
    """Read a prefix as `parse_prefix` does; where host bits are set, return the enclosing block."""
    try:
        return parse_prefix(text)
    except HostBitsError as error:
        return error.block


def _checked_address(version: int, value: int) -> Address:
    """Return an address; raise AddressError for an IPv4-mapped one, which would hide an overlap with the IPv4 range."""
    if version == 6 and value >> 32 == 0xFFFF:
        raise _mapped(value & 0xFFFFFFFF, None)
    return tuple.__new__(Address, (version, value))


def _checked_prefix(version: int, value: int, length: int) -> Prefix:
    """Return a prefix; raise HostBitsError for one with host bits, and AddressError for an IPv4-mapped one."""
    if version == 6 and value >> 32 == 0xFFFF and length >= 96:
        raise _mapped(value & 0xFFFFFFFF, length - 96)
    host_mask = HOST_MASKS[version][length]
    if value & host_mask:
        raise HostBitsError(tuple.__new__(Prefix, (version, value & ~host_mask, length)), value)
    return tuple.__new__(Prefix, (version, value, length))


def _mapped(value: int, length: int | None) -> AddressError:
    ipv4 = format_address(4, value) if length is None else f"{format_address(4, value)}/{length}"
    return AddressError("an IPv4-mapped IPv6 address hides an IPv4 range: write the IPv4 range itself", ipv4)


# -- sets and indexes ----------------------------------------------------------------------------------------


class RangeSet:
    """An immutable set of addresses of both IP versions, as a tuple of ranges.

    Invariant: the ranges are sorted, pairwise disjoint and not adjacent, so equal sets are equal values.
    """

    __slots__ = ("ranges",)

    ranges: tuple[Range, ...]

    def __init__(self, items: Iterable[Range | Prefix] = ()) -> None:
        """Join the given ranges and prefixes, in any order and overlapping or not, in n log n time."""
        # By index, not by name, and plain tuples before they are joined: every check builds several sets of a thousand.
        spans: list[tuple[int, int, int]] = sorted(
            [
                (item[0], item[1], item[1] | HOST_MASKS[item[0]][item[2]]) if isinstance(item, Prefix) else item
                for item in items
            ]
        )
        joined: list[Range] = []
        version, first, last = 0, 0, 0
        for span in spans:
            if span[0] == version and span[1] <= last + 1:
                last = max(last, span[2])
            else:
                if version:
                    joined.append(tuple.__new__(Range, (version, first, last)))
                version, first, last = span
        if version:
            joined.append(tuple.__new__(Range, (version, first, last)))
        object.__setattr__(self, "ranges", tuple(joined))

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"a RangeSet is immutable: {name} cannot be set")

    def __iter__(self) -> Iterator[Range]:
        return iter(self.ranges)

    def __len__(self) -> int:
        return len(self.ranges)

    def __bool__(self) -> bool:
        return bool(self.ranges)

    def __eq__(self, other: object) -> bool:
        return self.ranges == other.ranges if isinstance(other, RangeSet) else NotImplemented

    def __hash__(self) -> int:
        return hash(self.ranges)

    def __repr__(self) -> str:
        return f"RangeSet({', '.join(map(str, self.ranges))})"

    @property
    def size(self) -> int:
        """The number of addresses."""
        return sum(r.last - r.first + 1 for r in self.ranges)

    def __or__(self, other: RangeSet) -> RangeSet:
        return RangeSet((*self.ranges, *other.ranges))

    def __and__(self, other: RangeSet) -> RangeSet:
        """Intersect in one pass over both, linear in their lengths."""
        out: list[Range] = []
        a, b = self.ranges, other.ranges
        i = j = 0
        while i < len(a) and j < len(b):
            x, y = a[i], b[j]
            if x.version == y.version:
                first, last = max(x.first, y.first), min(x.last, y.last)
                if first <= last:
                    out.append(tuple.__new__(Range, (x.version, first, last)))
            if (x.version, x.last) <= (y.version, y.last):
                i += 1
            else:
                j += 1
        return _set_of(tuple(out))

    def __sub__(self, other: RangeSet) -> RangeSet:
        """Subtract in one pass over both, linear in their lengths."""
        out: list[Range] = []
        holes = other.ranges
        j = 0
        for version, first, last in self.ranges:
            while j < len(holes) and (holes[j].version, holes[j].last) < (version, first):
                j += 1
            k = j
            while k < len(holes) and holes[k].version == version and holes[k].first <= last:
                if holes[k].first > first:
                    out.append(tuple.__new__(Range, (version, first, holes[k].first - 1)))
                first = holes[k].last + 1
                k += 1
            if first <= last:
                out.append(tuple.__new__(Range, (version, first, last)))
        return _set_of(tuple(out))

    def _at(self, version: int, first: int) -> Range | None:
        """Return the last range that starts at or before the address, None if there is none of that version."""
        index = bisect_right(self.ranges, (version, first, 1 << 129)) - 1
        found = self.ranges[index] if index >= 0 else None
        return found if found is not None and found.version == version else None

    def covers(self, item: Range | Prefix) -> bool:
        """Return whether every address of `item` is in the set, in log n time."""
        found = self._at(item.version, item.first)
        return found is not None and item.last <= found.last

    def overlaps(self, item: Range | Prefix) -> bool:
        """Return whether any address of `item` is in the set, in log n time."""
        found = self._at(item.version, item.last)
        return found is not None and found.last >= item.first

    def _touching(self, version: int, first: int, last: int) -> tuple[int, int]:
        """Return the positions of the ranges that share an address with these: the first, and the one after the last."""
        ranges = self.ranges
        start = bisect_left(ranges, (version, first))
        # The one that starts before may reach into it.
        start -= start > 0 and ranges[start - 1].version == version and ranges[start - 1].last >= first
        return start, bisect_left(ranges, (version, last + 1), start)

    def within(self, item: Range | Prefix) -> RangeSet:
        """Return the part of the set that is in `item`, at the cost of a search and of a copy of that part."""
        version, first, last = item.version, item.first, item.last
        start, end = self._touching(version, first, last)
        found = list(self.ranges[start:end])
        for at in {0, len(found) - 1} if found else ():
            low, high = max(found[at].first, first), min(found[at].last, last)
            found[at] = tuple.__new__(Range, (version, low, high))
        return _set_of(tuple(found))

    def without(self, item: Range | Prefix) -> RangeSet:
        """Return the set without `item`, at the cost of a search and of one copy."""
        version, first, last = item.version, item.first, item.last
        start, end = self._touching(version, first, last)
        if start == end:
            return self
        low, high = self.ranges[start].first, self.ranges[end - 1].last
        rest = ((low, first - 1), (last + 1, high))
        kept = tuple(tuple.__new__(Range, (version, a, b)) for a, b in rest if a <= b)
        return _set_of(self.ranges[:start] + kept + self.ranges[end:])

    def lowest_prefix(self, length: int, inside: Prefix) -> Prefix | None:
        """Return the first prefix of a length that is in the set and in a block, None if there is none.

        Costs a search, and a look at each range before it in the block.
        """
        version, low, high = inside.version, inside.first, inside.last
        host_bits = WIDTH[version] - length
        start, end = self._touching(version, low, high)
        for at in range(start, end if length >= inside.length else start):
            _, first, last = self.ranges[at]
            aligned = -(-max(first, low) >> host_bits) << host_bits
            if aligned | (1 << host_bits) - 1 <= min(last, high):
                return tuple.__new__(Prefix, (version, aligned, length))
        return None

    def prefixes(self) -> Iterator[Prefix]:
        """Yield the fewest prefixes that make up the set, in address order."""
        for span in self.ranges:
            yield from span.prefixes()

    def largest_prefix(self) -> Prefix | None:
        """Return the largest prefix in the set, of equal ones the lowest; None for the empty set.

        If the set has addresses of both IP versions, it is the largest of IPv4.
        """
        return min(self.prefixes(), key=lambda p: (p.version, p.length, p.first), default=None)


def _set_of(ranges: tuple[Range, ...]) -> RangeSet:
    """Return the set of ranges that are already sorted, disjoint and not adjacent."""
    made = RangeSet.__new__(RangeSet)
    object.__setattr__(made, "ranges", ranges)
    return made


class PrefixIndex:
    """Sorted prefixes, to find those that overlap another one without a look at each.

    Invariant: the prefixes are sorted; equal ones may occur several times. Results are positions in `prefixes`.
    """

    __slots__ = ("_lengths", "prefixes")

    def __init__(self, prefixes: Sequence[Prefix]) -> None:
        """Take prefixes that are sorted already."""
        self.prefixes = prefixes
        self._lengths = {version: sorted({p[2] for p in prefixes if p[0] == version}) for version in (4, 6)}

    def overlapping(self, prefix: Prefix) -> Iterator[int]:
        """Yield the positions of all prefixes that overlap the given one.

        First those that cover or equal it, the most specific first, then those inside it in address order. Costs a
        search for each prefix length in use, and a step for each result.
        """
        version, first, length = prefix
        prefixes = self.prefixes
        width = WIDTH[version]
        for shorter in reversed(self._lengths[version]):
            if shorter <= length:
                around = (version, first >> width - shorter << width - shorter, shorter)
                index = bisect_left(prefixes, around)
                while index < len(prefixes) and prefixes[index] == around:
                    yield index
                    index += 1
        last = prefix.last
        for index in range(bisect_left(prefixes, prefix), len(prefixes)):
            other = prefixes[index]
            if other[0] != version or other[1] > last:
                return
            if other[2] > length:
                yield index


def covering_prefix(prefixes: Sequence[Prefix]) -> Prefix:
    """Return the smallest prefix that covers some prefixes of one IP version, of which there is at least one."""
    version = prefixes[0].version
    low, high = min(p.first for p in prefixes), max(p.last for p in prefixes)
    bits = (low ^ high).bit_length()
    return Prefix(version, low >> bits << bits, WIDTH[version] - bits)


def largest_prefix_at(version: int, first: int, last: int) -> Prefix:
    """Return the largest prefix that starts exactly at `first` and ends no later than `last`."""
    return next(Range(version, first, last).prefixes())


# -- why a text is refused -----------------------------------------------------------------------------------


def explain_refusal(text: str) -> AddressError:
    """Return the reason why the strict reader refuses a text, and what to write where that is certain."""
    if not text:
        return AddressError("it is empty")
    if not text.isascii():
        return AddressError("it has characters that are not ASCII")
    if any(not " " <= c <= "~" for c in text):
        return AddressError("it has control characters")
    if " " in text:
        joined = text.replace(" ", "")
        return AddressError("it has spaces", joined if _accepts(joined) else None)
    if "%" in text:
        return AddressError("a zone id belongs to an interface of one host, not to a plan")
    address, slash, length = text.partition("/")
    if ":" in address and "." in address:
        return AddressError("an IPv4 address inside an IPv6 address is not accepted: write hexadecimal groups")
    octets = address.split(".")
    if all(octet.isdigit() for octet in octets):
        problem = _explain_octets(octets, slash + length)
        if problem is not None:
            return problem
    if slash:
        return _explain_length(address, length)
    if _read(address) is not None:
        usual, single = (24, 32) if _version_of(address) == 4 else (64, 128)
        return AddressError(
            f"it has no prefix length; write one, such as {address}/{usual}, or /{single} for one address"
        )
    return AddressError("it is not an address")


def _explain_octets(octets: list[str], rest: str) -> AddressError | None:
    """Return what is wrong with the decimal octets of an IPv4 address, None if they are right; `rest` comes after them."""
    if len(octets) < 4:
        filled = ".".join([*octets, *["0"] * (4 - len(octets))]) + rest
        reason = f"it has {len(octets)} of the four octets; ipplan does not add the others"
        return AddressError(reason, filled if _accepts(filled) else None)
    if len(octets) > 4:
        return AddressError(f"it has {len(octets)} octets, an IPv4 address has four")
    too_big = next((octet for octet in octets if int(octet[:6]) > 255), None)
    if too_big is not None:
        return AddressError(f"octet {too_big[:12]} is greater than 255")
    zeros = next((octet for octet in octets if len(octet) > 1 and octet[0] == "0"), None)
    if zeros is None:
        return None
    plain = ".".join(str(int(octet)) for octet in octets) + rest
    reason = f"octet {zeros[:12]} has a leading zero, which some tools read as octal"
    return AddressError(reason, plain if _accepts(plain) else None)


def _explain_length(address: str, length: str) -> AddressError:
    """Return what is wrong with a text that has a slash."""
    version = _version_of(address)
    if _read(address) is None:
        return AddressError("it is not an address and prefix length such as 10.1.0.0/16 or fd00:1::/48")
    if not length:
        return AddressError("the prefix length after the slash is missing")
    if version == 4 and _read_ipv4(length) is not None:
        return _explain_netmask(address, length)
    if length.isdigit():
        plain = length.lstrip("0") or "0"
        if length in _LENGTHS[version]:
            return AddressError("a prefix is given where one address is required", address)
        if plain in _LENGTHS[version]:
            return AddressError(f"prefix length {length[:12]} has a leading zero", f"{address}/{plain}")
        return AddressError(f"prefix length {plain[:12]} is greater than {WIDTH[version]}")
    return AddressError(f"prefix length {length[:20]!r} is not a decimal number")


def _explain_netmask(address: str, mask: str) -> AddressError:
    """Return what is wrong with a dotted text after the slash; netaddr reads netmasks and wildcard masks."""
    import netaddr

    try:
        network = netaddr.IPNetwork(f"{address}/{mask}", version=4)
    except (netaddr.AddrFormatError, ValueError, TypeError):
        return AddressError(
            "a dotted mask is not accepted, and this one is not a valid netmask: write the prefix length"
        )
    if mask in {"0.0.0.0", "255.255.255.255"}:
        return AddressError("a dotted mask is not accepted, and this one can be a netmask or a wildcard mask")
    return AddressError(
        "a netmask or wildcard mask is not accepted: write the prefix length", f"{address}/{network.prefixlen}"
    )


def _accepts(text: str) -> bool:
    """Return whether the strict reader accepts the text as a prefix, with host bits or without."""
    try:
        parse_block(text)
    except AddressError:
        return False
    return True
