"""A NetBox over its REST API: read the objects that a plan concerns, and send changes; the only home of pynetbox.

The token goes to the host of the URL only: redirects are rejected, `next` links of pages are not followed, and a .netrc
cannot replace it. Decides nothing: `ipplan.netbox.difference` computes what changes.
"""

from __future__ import annotations

import os
from contextlib import contextmanager
from functools import partial
from itertools import groupby
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlsplit

import pynetbox
import requests

from ipplan import __version__
from ipplan.cli.streams import UsageProblem, say
from ipplan.netbox.difference import payload, read_found
from ipplan.output.text import escape

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ipplan.netbox.difference import Found, ObjectChange, Raw
    from ipplan.netbox.outcome import Outcome
    from ipplan.netbox.wanted import Desired, What

TOKENS = ("IPPLAN_NETBOX_TOKEN", "NETBOX_TOKEN")
"""Environment variables that may hold the token, in this order."""
_PAGE = 250
"""Ask for 250 objects in one page."""
_MOST_ASKED = 40
"""Name at most 40 objects in one request: servers reject lines of more than about 4,000 bytes."""
_MOST_SENT = 50
"""Change at most 50 objects in one request, so that it ends long before the server times out."""
_CONNECT = 10
"""Wait at most 10 seconds for a connection."""
_ENDPOINTS: dict[What, tuple[str, str]] = {
    "tag": ("extras", "tags"),
    "role": ("ipam", "roles"),
    "VLAN group": ("ipam", "vlan_groups"),
    "VLAN": ("ipam", "vlans"),
    "prefix": ("ipam", "prefixes"),
}
_MOST_READ = 200_000
"""Read at most 200,000 objects of one kind."""
_UNREADABLE = (
    requests.RequestException,
    pynetbox.ContentError,
    ValueError,
    KeyError,
    TypeError,
    AttributeError,
)
"""Exceptions without an answer, or with an answer that a NetBox would not give."""
_VERBS = {"create": "create", "update": "update", "adopt": "update", "delete": "delete"}


def read_token() -> str:
    """Return the token from the environment; raise UsageProblem if it is missing or cannot be sent in a header."""
    for name in TOKENS:
        token = os.environ.get(name, "").strip()
        if token:
            if not (token.isascii() and token.isprintable()) or " " in token:
                raise UsageProblem(f"{name} does not hold a token: a token has no spaces or special characters")
            return token
    raise UsageProblem("no token for NetBox", f"set the environment variable {TOKENS[1]}; there is no option for it")


def parse_url(text: str) -> str:
    """Return the URL of a NetBox without a slash or /api at its end; raise UsageProblem if it is not valid."""
    shown = escape(text[:200])
    try:
        parts = urlsplit(text)
        named = parts.username is not None or parts.password is not None
        _ = parts.port
    except ValueError as error:
        raise UsageProblem(f"--url is not a valid URL: {error}") from None
    if named:
        raise UsageProblem(
            "--url must not hold a user name or password",
            f"the token comes from the environment variable {TOKENS[1]}",
        )
    if parts.scheme not in ("http", "https") or not parts.hostname or not text.isprintable() or " " in text:
        raise UsageProblem(f'--url "{shown}" is not a valid URL', "write https://netbox.example.com")
    if parts.query or parts.fragment:
        raise UsageProblem(f'--url "{shown}" has a query or fragment', "write the address of the home page")
    if parts.scheme == "http" and parts.hostname not in ("localhost", "127.0.0.1", "::1"):
        say("warning: the token goes to NetBox unencrypted; https protects it")
    return text.rstrip("/").removesuffix("/api").rstrip("/")


class _Refused(NamedTuple):
    """A request that NetBox rejected: why, and whether the cause is an object, so that others may succeed."""

    reason: str
    about_objects: bool


class NetBox:
    """A NetBox at a URL. Every method raises UsageProblem if the server does not answer like a NetBox."""

    def __init__(self, url: str, token: str, timeout: int) -> None:
        self.url = url
        self._timeout = timeout
        session = requests.Session()
        session.max_redirects = 0
        session.auth = lambda request: request
        session.headers["User-Agent"] = f"ipplan/{__version__}"
        session.request = partial(session.request, timeout=(_CONNECT, timeout))
        self._api = pynetbox.api(url, token=token)
        self._api.http_session = session

    def read(self, desired: Desired, vrf: str | None) -> tuple[tuple[Found, ...], int | None]:
        """Return the objects of the plan, the objects in their places, and the number of the VRF."""
        with self._explaining():
            self._require_netbox()
            number = None if vrf is None else self._find_vrf(vrf)
            raw = self._read_raw(desired, "null" if number is None else str(number))
            return read_found(raw), number

    def send(self, changes: Sequence[ObjectChange], vrf: int | None) -> Iterator[Outcome]:
        """Make changes in their order, many in one request; yield the outcome of each.

        If NetBox rejects a request because of an object, every object is sent by itself. After any other failure the rest
        is not tried.
        """
        from ipplan.netbox.outcome import Outcome

        left = list(changes)
        while left:
            batch = _next_batch(left)
            refused = self._try(batch, vrf)
            if refused is not None and refused.about_objects and len(batch) > 1:
                for change in batch:
                    alone = self._try([change], vrf)
                    yield Outcome(change, "done" if alone is None else "failed", alone and alone.reason)
                    left.pop(0)
                    if alone is not None and not alone.about_objects:
                        refused = alone
                        break
            else:
                yield from (
                    Outcome(change, "done" if refused is None else "failed", refused and refused.reason)
                    for change in batch
                )
                del left[: len(batch)]
            if refused is not None and not refused.about_objects:
                yield from (Outcome(change, "not-tried", None) for change in left)
                return

    def _try(self, batch: Sequence[ObjectChange], vrf: int | None) -> _Refused | None:
        """Send changes of one kind in one request; return why they were rejected, None if they were made."""
        endpoint = self._endpoint(batch[0].what)
        try:
            if batch[0].action == "delete":
                endpoint.delete([change.number for change in batch])
            else:
                getattr(endpoint, _VERBS[batch[0].action])([payload(change, vrf) for change in batch])
        except pynetbox.RequestError as error:
            about_objects = error.req.status_code in (400, 409)
            return _Refused(_detail(error.req) if about_objects else self._refusal(error.req)[0], about_objects)
        except pynetbox.AllocationError as error:
            return _Refused(_detail(error.req), about_objects=True)
        except _UNREADABLE as error:
            return _Refused(f"{self._failure(error)[0]}; the change may have been made", about_objects=False)
        return None

    def _require_netbox(self) -> None:
        status = self._api.status()
        if not isinstance(status, dict) or not isinstance(status.get("netbox-version"), str):
            raise UsageProblem(*self._not_netbox())

    def _find_vrf(self, name: str) -> int:
        for field in ("name", "rd"):
            rows = self._fetch("ipam", "vrfs", **{field: name})
            if len(rows) == 1:
                return int(rows[0]["id"])
            if rows:
                raise UsageProblem(
                    f'NetBox has {len(rows):,} VRFs with the name "{escape(name)}"',
                    "use the route distinguisher with --vrf",
                )
        raise UsageProblem(
            f'NetBox has no VRF with the name or route distinguisher "{escape(name[:80])}"',
            "create it there, or leave out --vrf for the global table",
        )

    def _read_raw(self, desired: Desired, vrf: str) -> dict[What, list[Raw]]:
        tags = self._fetch("extras", "tags", slug__isw="ipplan")
        tags += self._fetch_by("tag", "name", [str(tag.fields["name"]) for tag in desired.of("tag")])
        groups = self._fetch("ipam", "vlan_groups", slug__isw=desired.tag)
        prefixes = self._fetch_by("prefix", "prefix", [p.key for p in desired.of("prefix")], vrf_id=vrf)
        if any(tag["slug"] == desired.tag for tag in tags):
            # NetBox rejects a search for a tag that it does not have.
            prefixes += self._fetch("ipam", "prefixes", tag=desired.tag, vrf_id=vrf)
        return {
            "tag": _once(tags),
            "role": self._fetch("ipam", "roles"),
            "VLAN group": groups,
            "VLAN": _once(self._fetch_by("VLAN", "group_id", [str(group["id"]) for group in groups])),
            "prefix": _once(prefixes),
        }

    def _fetch_by(self, what: What, field: str, values: Sequence[str], **filters: Any) -> list[Raw]:
        found = []
        for start in range(0, len(values), _MOST_ASKED):
            filters[field] = list(values[start : start + _MOST_ASKED])
            found += self._fetch(*_ENDPOINTS[what], **filters)
        return found

    def _fetch(self, app: str, name: str, /, **filters: Any) -> list[Raw]:
        """Return all objects that pass the filters, read page by page."""
        endpoint = getattr(getattr(self._api, app), name)
        found: list[Raw] = []
        while True:
            page = endpoint.filter(**filters, limit=_PAGE, offset=len(found))
            rows = [dict(row) for row in page]
            found += rows
            if len(found) > _MOST_READ:
                raise UsageProblem(f"{self.url} has more than {_MOST_READ:,} {name} that concern the plan")
            if not rows or len(found) >= len(page):
                return found

    def _endpoint(self, what: What) -> Any:
        app, name = _ENDPOINTS[what]
        return getattr(getattr(self._api, app), name)

    @contextmanager
    def _explaining(self) -> Iterator[None]:
        """Turn the errors of a request into a UsageProblem."""
        try:
            yield
        except pynetbox.RequestError as error:
            raise UsageProblem(*self._refusal(error.req)) from None
        except _UNREADABLE as error:
            raise UsageProblem(*self._failure(error)) from None

    def _refusal(self, answer: Any) -> tuple[str, str | None]:
        """Return what an HTTP status means, and what to do."""
        code = answer.status_code
        if code in (401, 403):
            return (
                f"NetBox at {self.url} rejects the token or its permissions: {_detail(answer)}",
                "the token needs the permissions to view, add and change tags, roles, VLAN groups, VLANs and prefixes, and "
                "with --prune to delete them; a token may also be read-only",
            )
        if code == 404:
            return self._not_netbox()
        return f"{self.url} answers with HTTP status {code}: {_detail(answer)}", None

    def _not_netbox(self) -> tuple[str, str | None]:
        return f"{self.url} is not a NetBox", "write the address of its home page, without /api"

    def _failure(self, error: Exception) -> tuple[str, str | None]:
        """Return why there is no answer, or no readable answer, and what to do."""
        if isinstance(error, requests.TooManyRedirects):
            place = (error.response.headers.get("Location") or "") if error.response is not None else ""
            return (
                f"{self.url} redirects to {escape(place[:200])}",
                "use the address that it redirects to: ipplan does not send the token there by itself",
            )
        if isinstance(error, requests.exceptions.SSLError):
            return (
                f"the certificate of {self.url} cannot be verified: {_innermost(error)}",
                "set REQUESTS_CA_BUNDLE to the file with the certificates of your own authority",
            )
        if isinstance(error, requests.Timeout):
            seconds = _CONNECT if isinstance(error, requests.ConnectTimeout) else self._timeout
            return f"{self.url} did not answer within {seconds:,} seconds", "pass a longer --timeout"
        if isinstance(error, requests.JSONDecodeError | pynetbox.ContentError):
            return self._not_netbox()
        if isinstance(error, requests.ConnectionError):
            return f"cannot reach {self.url}: {_innermost(error)}", None
        if isinstance(error, requests.RequestException):
            return f"{self.url} does not answer like a NetBox: {_innermost(error)}", None
        return f"{self.url} answers in a format that ipplan does not know", "ipplan supports NetBox 4.7"


def _next_batch(changes: Sequence[ObjectChange]) -> list[ObjectChange]:
    """Return the first changes that one request can make."""
    _, first = next(groupby(changes, key=lambda change: (change.what, _VERBS[change.action])))
    return list(first)[:_MOST_SENT]


def _once(rows: Sequence[Raw]) -> list[Raw]:
    return list({row["id"]: row for row in rows}.values())


def _detail(answer: Any) -> str:
    """Return the reason that NetBox gives for rejecting a request, on one line."""
    try:
        said = answer.json()
    except ValueError:
        return escape(str(answer.reason))
    words = "; ".join(dict.fromkeys(_messages(said))) or str(answer.reason)
    return escape(words[:500])


def _messages(said: Any, name: str = "") -> Iterator[str]:
    if isinstance(said, dict):
        for key, value in said.items():
            yield from _messages(value, "" if key in ("detail", "__all__", "non_field_errors") else str(key))
    elif isinstance(said, list):
        for value in said:
            yield from _messages(value, name)
    else:
        yield f"{name}: {said}" if name else str(said)


def _innermost(error: BaseException) -> str:
    """Return the message of the innermost wrapped error, without names of Python objects."""
    reason: Any = error
    while True:
        inner = getattr(reason, "reason", None) or next(
            (arg for arg in getattr(reason, "args", ()) if isinstance(arg, BaseException)), None
        )
        if not isinstance(inner, BaseException):
            break
        reason = inner
    words = str(inner or getattr(reason, "strerror", None) or reason)
    return escape(words.rpartition(">: ")[2].rpartition("): ")[2][:300])
