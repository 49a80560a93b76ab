"""`ipplan netbox` without a NetBox: bad usage, and servers that are not a NetBox; tests/judges has a real one."""

from __future__ import annotations

import http.server
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

pytest.importorskip("pynetbox", reason="needs pynetbox (extra netbox)")

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from conftest import Run

SECRET = "nbt_abcdef.0123456789"
TOKEN = {"NETBOX_TOKEN": SECRET}
NOWHERE = "http://127.0.0.1:9"


class Answer:
    """What a server answers with, and the requests that it got."""

    def __init__(self, status: int, body: bytes, headers: Mapping[str, str] = {}, wait: bool = False) -> None:
        self.status, self.body, self.headers = status, body, headers
        self.asked: list[str] = []
        self.wait = threading.Event() if wait else None


@contextmanager
def serve(answer: Answer) -> Iterator[str]:
    """A server that answers everything in the same way; its URL."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            answer.asked.append(self.path)
            if answer.wait is not None:
                answer.wait.wait(30)
                return
            self.send_response(answer.status)
            for name, value in answer.headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(answer.body)

        def log_message(self, *args: object) -> None:
            """Say nothing."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        if answer.wait is not None:
            answer.wait.set()
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.mark.parametrize("command", ["diff", "push"])
@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (Answer(200, b"<html>hello</html>"), "error: URL is not a NetBox\n"),
        (Answer(200, b"[]"), "error: URL is not a NetBox\n"),
        (Answer(200, b"null"), "error: URL is not a NetBox\n"),
        (Answer(200, b'{"netbox-version": 4}'), "error: URL is not a NetBox\n"),
        (Answer(404, b"no"), "error: URL is not a NetBox\n"),
        (Answer(200, b'{"netbox-version": "4.7.3"}'), "error: URL answers in a format that ipplan does not know\n"),
        (Answer(502, b"<html>"), "error: URL answers with HTTP status 502: Bad Gateway\n"),
        (
            Answer(403, b'{"detail": "Invalid\\u001b[31m token"}'),
            "error: NetBox at URL rejects the token or its permissions: Invalid\\x1b[31m token\n",
        ),
        (
            Answer(301, b"", {"Location": "https://elsewhere.example/api/"}),
            "error: URL redirects to https://elsewhere.example/api/\n",
        ),
    ],
)
def test_what_is_no_netbox_is_told(run: Run, good_plan: Path, command: str, answer: Answer, message: str) -> None:
    with serve(answer) as url:
        done = run("netbox", command, good_plan.name, "--url", url, env=TOKEN)
    assert (done.returncode, done.stdout) == (2, b"")
    assert done.stderr.decode().startswith(message.replace("URL", url))
    assert SECRET.encode() not in done.stderr


def test_a_server_that_does_not_answer_is_given_up(run: Run, good_plan: Path) -> None:
    with serve(Answer(200, b"", wait=True)) as url:
        done = run("netbox", "diff", good_plan.name, "--url", url, "--timeout", "1", env=TOKEN)
    assert done.returncode == 2
    assert done.stderr.decode() == f"error: {url} did not answer within 1 seconds\nhelp: pass a longer --timeout\n"


def test_an_unencrypted_server_is_no_https(run: Run, good_plan: Path) -> None:
    with serve(Answer(200, b"")) as url:
        done = run("netbox", "diff", good_plan.name, "--url", url.replace("http", "https"), env=TOKEN)
    assert done.returncode == 2
    assert b"error: " in done.stderr
    assert b"Traceback" not in done.stderr


def test_nothing_listens(run: Run, good_plan: Path) -> None:
    done = run("netbox", "push", good_plan.name, "--url", NOWHERE, env=TOKEN)
    assert (done.returncode, done.stdout) == (2, b"")
    assert done.stderr.decode().startswith(f"error: cannot reach {NOWHERE}: ")


def test_no_password_of_a_netrc_takes_the_place_of_the_token(run: Run, good_plan: Path, tmp_path: Path) -> None:
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login l password p\n", encoding="utf-8")
    (tmp_path / ".netrc").chmod(0o600)
    seen = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            seen.append(self.headers["Authorization"])
            self.send_error(404)

        def log_message(self, *args: object) -> None:
            """Say nothing."""

    server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.handle_request)
    thread.start()
    env = {**TOKEN, "HOME": str(tmp_path)}
    url = f"http://127.0.0.1:{server.server_address[1]}"
    assert run("netbox", "diff", good_plan.name, "--url", url, env=env).returncode == 2
    thread.join()
    server.server_close()
    assert seen == [f"Bearer {SECRET}"]


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("netbox.example.com", '--url "netbox.example.com" is not a valid URL'),
        ("ftp://netbox.example.com", '--url "ftp://netbox.example.com" is not a valid URL'),
        ("http://", '--url "http://" is not a valid URL'),
        ("http://[::1", "--url is not a valid URL: Invalid IPv6 URL"),
        ("http://a:port/", "--url is not a valid URL: Port could not be cast to integer value as 'port'"),
        ("https://a b/", '--url "https://a b/" is not a valid URL'),
        ("https://a/?x=1", '--url "https://a/?x=1" has a query or fragment'),
        ("https://user:hidden@a/", "--url must not hold a user name or password"),
        ("https://hidden@a/", "--url must not hold a user name or password"),
        ("", '--url "" is not a valid URL'),
    ],
)
def test_urls_that_are_none(run: Run, good_plan: Path, url: str, message: str) -> None:
    done = run("netbox", "diff", good_plan.name, "--url", url, env=TOKEN)
    assert (done.returncode, done.stdout) == (2, b"")
    assert done.stderr.decode().startswith(f"error: {message}\n")
    assert b"hidden" not in done.stderr


@pytest.mark.parametrize(
    ("env", "message"),
    [
        ({}, "error: no token for NetBox\n"),
        ({"NETBOX_TOKEN": "  "}, "error: no token for NetBox\n"),
        ({"NETBOX_TOKEN": "se cret"}, "error: NETBOX_TOKEN does not hold a token: "),
        ({"NETBOX_TOKEN": "secret\r\nX: y"}, "error: NETBOX_TOKEN does not hold a token: "),
        ({"NETBOX_TOKEN": "s", "IPPLAN_NETBOX_TOKEN": "secrét"}, "error: IPPLAN_NETBOX_TOKEN does not hold a token: "),
    ],
)
def test_tokens_that_are_none(run: Run, good_plan: Path, env: dict[str, str], message: str) -> None:
    done = run("netbox", "diff", good_plan.name, "--url", NOWHERE, env=env)
    assert (done.returncode, done.stdout) == (2, b"")
    assert done.stderr.decode().startswith(message)
    assert b"cr" not in done.stderr.replace(b"characters", b"")


def test_a_plan_without_a_name_cannot_mark_its_objects(run: Run, tmp_path: Path) -> None:
    (tmp_path / "p.toml").write_text("schema = 1\n", encoding="utf-8")
    done = run("netbox", "push", "p.toml", "--url", NOWHERE, env=TOKEN)
    assert done.returncode == 2
    assert done.stderr.decode().startswith("error: p.toml has no name; ipplan marks the objects in NetBox with it\n")


def test_a_plan_with_errors_is_not_pushed(run: Run, bad_plan: Path) -> None:
    done = run("netbox", "push", bad_plan.name, "--url", NOWHERE, env=TOKEN)
    assert (done.returncode, done.stdout) == (1, b"")
    assert done.stderr.decode().startswith("error: the plan has 1 error; nothing was pushed\n")
    done = run("netbox", "push", bad_plan.name, "--url", NOWHERE, "--with-errors", env=TOKEN)
    assert done.returncode == 2
    assert b"cannot reach" in done.stderr


def test_without_pynetbox_the_extra_is_named(run: Run, good_plan: Path, tmp_path: Path) -> None:
    (tmp_path / "pynetbox.py").write_text("raise ImportError\n", encoding="utf-8")
    script = f"import sys; sys.path.insert(0, {str(tmp_path)!r}); from ipplan.__main__ import run; sys.exit(run())"
    done = run("netbox", "diff", good_plan.name, "--url", NOWHERE, env=TOKEN, program=("-c", script))
    assert done.returncode == 2
    assert done.stderr.decode() == "error: ipplan netbox needs pynetbox\nhelp: pip install 'ipplan[netbox]'\n"
