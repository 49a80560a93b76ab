"""A private NetBox: PostgreSQL and Redis on sockets in a folder, the import form of NetBox and its REST API.

`python tests/judges/netbox_server.py` makes the dump anew, for the version of NetBox in .venv-judges: its tables, and a
user who may do everything. Restoring it takes seconds; the migrations that it replaces take minutes.
"""

from __future__ import annotations

import contextlib
import json
import lzma
import os
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

DUMP = Path(__file__).parent / "data" / "netbox-4.7.3.dump.xz"
USER = "judge"
CONFIGURATION = """
ALLOWED_HOSTS = ["*"]
DATABASES = {{"default": {{"NAME": "netbox", "USER": "netbox", "HOST": {folder!r}}}}}
REDIS = {{name: {{"URL": "unix://{folder}/redis.sock"}} for name in ("tasks", "caching")}}
SECRET_KEY = {secret!r}
API_TOKEN_PEPPERS = {{1: {secret!r}}}
CENSUS_REPORTING_ENABLED = False
ISOLATED_DEPLOYMENT = True
RELEASE_CHECK_URL = None
LOGGING = {{"version": 1, "disable_existing_loggers": True}}
"""
FORM = """
import html, json, re, sys
import django
django.setup()
from django.contrib.auth import get_user_model
from django.test import Client
from ipam.models import Prefix

client = Client(raise_request_exception=False)
client.force_login(get_user_model().objects.get(username="judge"))
answers = []
for text in json.load(sys.stdin):
    Prefix.objects.all().delete()
    fields = {"import_method": "direct", "data": text, "format": "csv", "csv_delimiter": "auto"}
    answer = client.post("/ipam/prefixes/import/", fields)
    errors = [html.unescape(e) for e in re.findall("(?:Record|Row) [0-9]+[^<\\n]*", answer.content.decode())]
    held = [[str(p.prefix), p.status, p.description] for p in Prefix.objects.order_by("pk")]
    answers.append({"status": answer.status_code, "errors": errors, "prefixes": held})
print("\\n" + json.dumps(answers))
"""
TOKENS = """
import json
import django
django.setup()
from django.contrib.auth import get_user_model
from users.models import Token

tokens = []
for name, version, writes in (("judge", 2, True), ("judge", 1, True), ("judge", 2, False), ("guest", 2, True)):
    user, _ = get_user_model().objects.get_or_create(username=name)
    token = Token(user=user, version=version, write_enabled=writes)
    token.save()
    tokens.append(f"nbt_{token.key}.{token.token}" if version == 2 else token.token)
print("\\n" + json.dumps(tokens))
"""


def find_netbox() -> Path | None:
    """Return the Python of the environment that has NetBox, None where there is none."""
    places = [Path(__file__).parent.parent.parent / ".venv-judges" / "bin" / "python", Path(sys.executable)]
    for python in places:
        if python.exists() and (python.parent / "netbox").exists():
            return python
    return None


def find_postgresql() -> Path | None:
    """Return the folder with the programs of PostgreSQL, which Debian does not put into PATH."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb")) or [Path(shutil.which("initdb") or "/-")]
    return found[-1].parent if found[-1].exists() else None


class Server:
    """PostgreSQL and Redis, running, and NetBox on them."""

    def __init__(self, folder: Path, netbox: Path, postgresql: Path) -> None:
        self.folder, self.netbox, self.postgresql = folder, netbox, postgresql

    def database(self, program: str, *arguments: str, feed: bytes | None = None) -> bytes:
        """Run a program of PostgreSQL; as root, as the user postgres, because it refuses to run as root."""
        command = [str(self.postgresql / program), *arguments]
        if os.geteuid() == 0:
            command = ["runuser", "-u", "postgres", "--", *command]
        done = subprocess.run(command, input=feed, cwd=self.folder, capture_output=True, check=False, timeout=120)
        assert done.returncode == 0, (program, done.stderr)
        return done.stdout

    def python(self, *arguments: str, feed: str | None = None, timeout: int = 120) -> str:
        """Run a Python program within NetBox."""
        environment = {
            **os.environ,
            "NETBOX_ROOT": str(self.folder),
            "DJANGO_SETTINGS_MODULE": "netbox.settings",
            "DJANGO_SUPERUSER_PASSWORD": secrets.token_urlsafe(30),
        }
        done = subprocess.run(
            [str(self.netbox), *arguments],
            input=feed,
            cwd=self.folder,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=timeout,
        )
        assert done.returncode == 0, done.stderr[-2000:]
        return done.stdout

    def import_prefixes(self, *texts: str) -> list[dict[str, Any]]:
        """Give each CSV to the bulk import form of an empty NetBox; return status, errors, and the prefixes it holds."""
        lines = self.python("-c", FORM, feed=json.dumps(texts)).splitlines()
        found: list[dict[str, Any]] = json.loads(lines[-1])
        return found

    @contextlib.contextmanager
    def serve(self) -> Iterator[Site]:
        """Serve HTTP on a free port of this machine while the context lasts."""
        tokens = Tokens(*json.loads(self.python("-c", TOKENS).splitlines()[-1]))
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        environment = {
            **os.environ,
            "NETBOX_ROOT": str(self.folder),
            "DJANGO_SETTINGS_MODULE": "netbox.settings",
        }
        command = ["-m", "gunicorn", "--bind", f"127.0.0.1:{port}", "--threads", "2", "--timeout", "120"]
        server = subprocess.Popen(
            [str(self.netbox), *command, "netbox.wsgi"],
            cwd=self.folder,
            env=environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        site = Site(f"http://127.0.0.1:{port}", tokens)
        try:
            deadline = time.monotonic() + 120
            while not site.answers():
                assert server.poll() is None, "gunicorn ended"
                assert time.monotonic() < deadline, "gunicorn does not answer"
                time.sleep(0.2)
            yield site
        finally:
            server.terminate()
            server.wait(30)


class Tokens(NamedTuple):
    """Tokens of the API: current and old kind, one that may not write, and one of a user without permissions."""

    today: str
    old: str
    reader: str
    guest: str


class Site(NamedTuple):
    """A NetBox that answers HTTP."""

    url: str
    tokens: Tokens

    def ask(self, path: str, method: str = "GET", body: object = None) -> Any:
        """Send a request to the REST API as a user with all permissions, and return the answer."""
        data = None if body is None else json.dumps(body).encode()
        headers = {"Authorization": f"Bearer {self.tokens.today}", "Content-Type": "application/json"}
        request = urllib.request.Request(f"{self.url}/api/{path}", data, headers, method=method)
        with urllib.request.urlopen(request, timeout=60) as answer:
            text = answer.read()
        return json.loads(text) if text else None

    def answers(self) -> bool:
        """Return whether it is up."""
        try:
            return bool(self.ask("status/"))
        except (urllib.error.URLError, ConnectionError):
            return False


@contextlib.contextmanager
def run_server(netbox: Path, postgresql: Path, *, restore: bool = True) -> Iterator[Server]:
    """Start PostgreSQL and Redis in a folder of their own, and stop and remove them at the end."""
    # Not under pytest's folder: paths of sockets may have about 100 characters, and postgres has to reach it.
    folder = Path(tempfile.mkdtemp(prefix="ipplan-netbox-"))
    server = Server(folder, netbox, postgresql)
    redis: subprocess.Popen[bytes] | None = None
    try:
        (folder / "conf").mkdir()
        secret = secrets.token_urlsafe(60)
        (folder / "conf" / "configuration.py").write_text(
            CONFIGURATION.format(folder=str(folder), secret=secret), "utf-8"
        )
        folder.chmod(0o755)
        (folder / "db").mkdir()
        if os.geteuid() == 0:
            shutil.chown(folder / "db", "postgres")
            folder.chmod(0o777)
        data = str(folder / "db" / "data")
        server.database("initdb", "-D", data, "-A", "trust", "-U", "netbox", "-E", "UTF8", "--no-sync", "--locale=C")
        options = f"-k {folder} -c listen_addresses= -c fsync=off -c full_page_writes=off"
        server.database("pg_ctl", "-D", data, "-l", str(folder / "db" / "log"), "-o", options, "-w", "start")
        redis = subprocess.Popen(
            ["redis-server", "--port", "0", "--unixsocket", str(folder / "redis.sock"), "--save", ""],
            cwd=folder,
            stdout=subprocess.DEVNULL,
        )
        server.database("createdb", "-h", str(folder), "-U", "netbox", "netbox")
        if restore:
            arguments = ("-h", str(folder), "-U", "netbox", "-d", "netbox", "--no-owner")
            server.database("pg_restore", *arguments, feed=lzma.decompress(DUMP.read_bytes()))
        deadline = time.monotonic() + 10
        while not (folder / "redis.sock").exists() and time.monotonic() < deadline:
            time.sleep(0.05)
        yield server
    finally:
        if redis is not None:
            redis.terminate()
            redis.wait(10)
        with contextlib.suppress(AssertionError):
            server.database("pg_ctl", "-D", str(folder / "db" / "data"), "-m", "immediate", "-w", "stop")
        shutil.rmtree(folder, ignore_errors=True)


def make_dump() -> None:
    """Write the dump: migrate an empty database, add the user, and keep what the import form needs."""
    netbox, postgresql = find_netbox(), find_postgresql()
    if netbox is None or postgresql is None:
        sys.exit("needs PostgreSQL, redis-server, and netbox in .venv-judges")
    with run_server(netbox, postgresql, restore=False) as server:
        server.python("-m", "netbox", "migrate", "--no-input", timeout=3600)
        server.python(
            "-m",
            "netbox",
            "createsuperuser",
            "--no-input",
            "--username",
            USER,
            "--email",
            "judge@example.com",
        )
        arguments = ("-h", str(server.folder), "-U", "netbox", "-Fc", "-Z", "9", "--no-owner", "netbox")
        DUMP.write_bytes(lzma.compress(server.database("pg_dump", *arguments), preset=9))
    sys.stdout.write(f"{DUMP}: {DUMP.stat().st_size:,} bytes\n")


if __name__ == "__main__":
    make_dump()
