"""Chromium and axe-core as judges of the report page: it works, does not overflow, and is accessible."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from browser import start
from conftest import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from browser import Browser
    from conftest import Judge, Run

pytestmark = pytest.mark.judges

SAMPLES = ROOT / "sample-plans"
AXE = ROOT / ".venv-judges" / "share" / "axe.min.js"
HOSTILE = (
    "<script>document.title='x'</script>",
    "</style><h1>x",
    "{{ 7 * 7 }}",
    '\\"><img src=x onerror=alert(1)>',
    "[bold]",
    ":ab:",
    "\\u001b[31m",
    "\\u202e",
    "w" * 300,
)
TAB, ENTER = 9, 13


@pytest.fixture(scope="module")
def browser(judge: Judge) -> Iterator[Browser]:
    """A browser; skip where it is missing."""
    with start(judge("chromium", "Debian package chromium")) as found:
        yield found


@pytest.fixture
def page(run: Run, tmp_path: Path) -> Callable[..., Path]:
    """Return the function that writes the page of a plan."""
    pytest.importorskip("jinja2")

    def write(plan: Path, *options: str) -> Path:
        done = run("report", str(plan), "-o", f"{plan.stem}.html", *options)
        assert done.returncode == 0, done.stderr
        return tmp_path / f"{plan.stem}.html"

    return write


def hostile(folder: Path) -> Path:
    """Return a plan whose names would be active content in a page."""
    text = f'schema = 1\n[plan]\nname = "{HOSTILE[0]}"\ndescription = "{HOSTILE[3]}"\nbyoip = ["10.224.0.0/16"]\n'
    for number, name in enumerate(HOSTILE):
        text += f'[networks."{name}"]\nkind = "vcs-vm"\ncidr = "10.224.{number // 2}.0/24"\n'
        text += f'description = "{name}"\nlabels = {{ "{name}" = "{name}" }}\n'
    path = folder / "hostile.toml"
    path.write_text(text, encoding="utf-8")
    return path


def open_at(browser: Browser, page: Path, width: int, *, dark: bool = False, media: str = "") -> None:
    """Open a page in a window of a width."""
    browser.resize(width, dark=dark, media=media)
    browser.open(page)


@pytest.mark.parametrize("sample", ["three-sites", "conflicts", "ipv6", "hostile"])
@pytest.mark.parametrize("width", [360, 1440])
def test_nothing_overflows_and_nothing_complains(
    browser: Browser, page: Callable[..., Path], tmp_path: Path, sample: str, width: int
) -> None:
    plan = hostile(tmp_path) if sample == "hostile" else SAMPLES / f"{sample}.toml"
    written = page(plan, "--since", str(SAMPLES / "two-clusters.toml"))
    open_at(browser, written, width)
    assert browser.complaints == []
    assert browser.requests == [written.as_uri()]
    assert browser.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert (
        browser.evaluate(
            "[...document.querySelectorAll('main *')].filter(e => !e.closest('.scroll, .unseen')"
            " && e.getBoundingClientRect().right > innerWidth + 0.5).map(e => e.outerHTML.slice(0, 200))"
        )
        == []
    )


def test_hostile_names_are_shown_as_texts(browser: Browser, page: Callable[..., Path], tmp_path: Path) -> None:
    open_at(browser, page(hostile(tmp_path)), 1440)
    assert browser.evaluate("document.title").startswith("<script>")
    assert browser.evaluate("document.querySelectorAll('img, h1, script, body > style').length") == 2
    names = browser.evaluate("[...document.querySelectorAll('[data-key=ip-plan] tbody th')].map(e => e.textContent)")
    assert names == [name.replace('\\"', '"').replace("\\u001b", "\\x1b") for name in HOSTILE]


@pytest.mark.parametrize("sample", ["three-sites", "conflicts", "hostile"])
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("width", [360, 1440])
def test_axe_finds_no_violation(
    browser: Browser, page: Callable[..., Path], tmp_path: Path, sample: str, width: int, *, dark: bool
) -> None:
    if not AXE.exists():
        pytest.skip("needs axe-core (.ci/judges)")
    plan = hostile(tmp_path) if sample == "hostile" else SAMPLES / f"{sample}.toml"
    open_at(browser, page(plan, "--since", str(SAMPLES / "two-clusters.toml")), width, dark=dark)
    # Everything expanded, and nothing behind a scrollbar, so that the contrast of everything is checked.
    browser.evaluate(
        "document.querySelectorAll('details').forEach(e => { e.open = true; });"
        "document.querySelectorAll('.scroll').forEach(e => { e.style.overflow = 'visible'; e.style.maxHeight = 'none'; });"
    )
    browser.evaluate(AXE.read_text(encoding="utf-8") + ";0")
    found = browser.evaluate(
        "axe.run({resultTypes: ['violations']}).then(r => r.violations.map(v =>"
        " [v.id, v.help, v.nodes.slice(0, 3).map(n => n.html.slice(0, 200))]))"
    )
    assert found == []


def cells(browser: Browser, key: str, column: int) -> Any:
    """Return the texts in a column of a table, for the rows that are shown."""
    return browser.evaluate(
        f"[...document.querySelectorAll('[data-key={key}] tbody tr')].filter(r => !r.hidden)"
        f".map(r => r.cells[{column}].textContent.trim())"
    )


def click(browser: Browser, key: str, column: int) -> Any:
    """Click on the title of a column, and return the sort order that it shows."""
    return browser.evaluate(
        f"(() => {{ const head = document.querySelectorAll('[data-key={key}] thead th')[{column}];"
        "head.querySelector('button').click(); return [head.getAttribute('aria-sort'),"
        f"document.querySelectorAll('[data-key={key}] [aria-sort]').length]; }})()"
    )


def test_columns_sort_by_meaning(browser: Browser, run: Run, page: Callable[..., Path], tmp_path: Path) -> None:
    text = 'schema = 1\n[plan]\nbyoip = ["10.0.0.0/8", "fd00::/8"]\n'
    ranges = [
        "10.224.10.0/24",
        "10.224.9.0/24",
        "10.100.0.0/16",
        "fd00:a::/64",
        "fd00:9::/64",
        "fd00:0:0:1::/64",
    ]
    for number, cidr in enumerate(ranges):
        text += f'[networks.n{number + 7}]\nkind = "vcs-vm"\ncidr = "{cidr}"\n'
    (tmp_path / "plan.toml").write_text(text, encoding="utf-8")
    open_at(browser, page(tmp_path / "plan.toml"), 1440)
    assert click(browser, "ip-plan", 1) == ["ascending", 1]
    up = ["10.100.0.0/16", "10.224.9.0/24", "10.224.10.0/24", "fd00:0:0:1::/64", "fd00:9::/64", "fd00:a::/64"]
    assert cells(browser, "ip-plan", 1) == up
    assert click(browser, "ip-plan", 1) == ["descending", 1]
    assert cells(browser, "ip-plan", 1) == up[::-1]
    assert click(browser, "ip-plan", 0) == ["ascending", 1]
    assert cells(browser, "ip-plan", 0) == ["n7", "n8", "n9", "n10", "n11", "n12"]


def test_filters_combine_and_are_in_the_address(browser: Browser, page: Callable[..., Path]) -> None:
    written = page(SAMPLES / "three-sites.toml")
    open_at(browser, written, 1440)
    everything = cells(browser, "ip-plan", 0)
    browser.evaluate(
        "(() => { const set = (e, v, t) => { e.value = v; e.dispatchEvent(new Event(t)); };"
        "const box = document.querySelector('.controls[data-for=ip-plan]');"
        "set(box.querySelector('select[data-name=edge]'), 'dallas', 'change');"
        "set(box.querySelector('input'), 'VM-', 'input'); })()"
    )
    some = cells(browser, "ip-plan", 0)
    assert some == ["vm-shop-web", "vm-shop-db", "vm-legacy"]
    said = "document.querySelector('.controls[data-for=ip-plan] output').textContent"
    assert browser.evaluate(said) == f"3 of {len(everything)} shown"
    fragment = browser.evaluate("location.hash")
    browser.open(written, fragment)
    assert cells(browser, "ip-plan", 0) == some
    browser.evaluate("document.querySelector('.controls[data-for=ip-plan] .reset').click()")
    assert cells(browser, "ip-plan", 0) == everything
    assert browser.complaints == []


def test_copy_is_the_csv_of_what_is_shown(browser: Browser, page: Callable[..., Path], tmp_path: Path) -> None:
    plan = tmp_path / "plan.toml"
    text = 'schema = 1\n[plan]\nbyoip = ["10.224.0.0/16"]\n'
    names = ["=1+1", 'a "b", c', "-2", "d", "e"]
    for number, name in enumerate(names):
        text += f"[networks.{json.dumps(name)}]\nkind = 'vcs-vm'\ncidr = '10.224.{number}.0/24'\n"
    plan.write_text(text, encoding="utf-8")
    open_at(browser, page(plan), 1440)
    copied = browser.evaluate(
        "new Promise(done => { Object.defineProperty(navigator, 'clipboard', {value: {writeText: async t => done(t)}});"
        "document.querySelector('.controls[data-for=ip-plan] .copy').click(); })"
    )
    lines = copied.splitlines()
    assert lines[0].startswith("network,cidr,kind,")
    assert [line.partition(",10.224.")[0] for line in lines[1:]] == ["'=1+1", '"a ""b"", c"', "-2", "d", "e"]


def test_the_keyboard_reaches_and_sorts(browser: Browser, page: Callable[..., Path]) -> None:
    open_at(browser, page(SAMPLES / "ipv6.toml"), 1440)
    browser.press("Tab", TAB)
    assert browser.evaluate("document.activeElement.textContent") == "Skip to the content"
    for _ in range(120):
        browser.press("Tab", TAB)
        if browser.evaluate("document.activeElement.closest('[data-key=ip-plan] thead') !== null"):
            break
    assert browser.evaluate("document.activeElement.matches('[data-key=ip-plan] thead button:focus-visible')")
    browser.press("Enter", ENTER)
    assert browser.evaluate("document.activeElement.closest('th').getAttribute('aria-sort')") == "ascending"


def test_without_javascript_everything_is_there(browser: Browser, page: Callable[..., Path]) -> None:
    written = page(SAMPLES / "three-sites.toml")
    open_at(browser, written, 1440)
    with_script = browser.evaluate("document.querySelectorAll('main tr, main li').length")
    browser.call("Emulation.setScriptExecutionDisabled", value=True)
    try:
        browser.open(written)
    finally:
        browser.call("Emulation.setScriptExecutionDisabled", value=False)
    assert browser.evaluate("document.querySelectorAll('main tr, main li').length") == with_script
    assert browser.evaluate("document.querySelectorAll('details:not([open])').length") == 0
    assert browser.evaluate("[...document.querySelectorAll('.controls')].every(e => e.offsetParent === null)")


def test_paper_has_what_the_screen_folds(browser: Browser, page: Callable[..., Path]) -> None:
    open_at(browser, page(SAMPLES / "three-sites.toml"), 1440)
    assert browser.evaluate("document.querySelectorAll('details:not([open])').length") > 0
    browser.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert browser.evaluate("document.querySelectorAll('details:not([open])').length") == 0
    browser.evaluate("dispatchEvent(new Event('afterprint'))")
    assert browser.evaluate("document.querySelectorAll('details:not([open])').length") > 0
    browser.resize(1440, media="print")
    assert browser.evaluate("[...document.querySelectorAll('.controls, nav')].every(e => e.offsetParent === null)")
