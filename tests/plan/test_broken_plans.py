"""Plans that somebody broke: whatever the bytes, the reader raises nothing but PlanError, with a place for each problem."""

from __future__ import annotations

import sys
from importlib import import_module
from pathlib import Path
from random import Random

import pytest

from ipplan.findings import MOST_PROBLEMS
from ipplan.output.findings import render_problems
from ipplan.plan.load import PlanError, parse_plan
from ipplan.plan.toml_dialect import without_newer
from ipplan.plan.toml_text import _may_be_newer, read_toml

SAMPLES = sorted((Path(__file__).parent.parent.parent / "sample-plans").glob("*.toml"))
MARKS = (
    "<<<<<<< HEAD\n",
    "=======\n",
    ">>>>>>> other\n",
    '"',
    "'",
    '"""',
    "'''",
    "[",
    "]",
    "[[",
    "]]",
    "{",
    "}",
    "{y=1",
    "=",
    ",",
    ".",
    "#",
    "\\",
    "\\e",
    "\\x41",
    "\n",
    "\r\n",
    "\r",
    " ",
    "\0",
    "\ufeff",
    "\u201c",
    "10:30",
    "hosts =\n",
    "[networks.web\n",
    "networks.web]\n",
    "{ a = 1,\n b = 2 }",
    ", }",
    "-",
    "true",
)
HUGE = ("0x" + "f" * 4000, "9" * 5000, "a." * 1500, "[" * 500, "{a=" * 200, "k" * 3000)


def mutant(text: str, random: Random, marks: tuple[str, ...]) -> str:
    """Return the text with one to three mistakes in it."""
    for _ in range(random.choice((1, 1, 2, 3))):
        at = random.randrange(len(text) + 1)
        line = text.rfind("\n", 0, at) + 1
        end = text.find("\n", at) + 1 or len(text)
        brackets = [i for i, char in enumerate(text) if char in "[]{}\"'=,"]
        gone = random.choice(brackets) if brackets else at
        text = random.choice(
            (
                lambda: text[:at] + text[at + random.randint(1, 3) :],  # noqa: B023
                lambda: text[:at] + random.choice(marks) + text[at + random.randint(0, 1) :],  # noqa: B023
                lambda: text[:line] + random.choice(marks) + text[line:],  # noqa: B023
                lambda: text[:line] + text[end:],  # noqa: B023
                lambda: text[:at] + text[end:],  # noqa: B023
                lambda: text[:end] + text[line:end] + text[end:],  # noqa: B023
                lambda: text[:gone] + text[gone + 1 :],  # noqa: B023
                lambda: text[:at],  # noqa: B023
            )
        )()
    return text


def mutants(sample: Path, count: int, marks: tuple[str, ...]) -> list[str]:
    """Return broken versions of a plan: the same in every run."""
    random = Random(sample.name)
    text = sample.read_text(encoding="utf-8")
    # A part of a large plan breaks in the same ways, and is read sooner.
    start = text.find("\n[") + 1
    return [mutant(text[:start] + text[start:][:2000], random, marks) for _ in range(count)]


def refusal(text: str) -> PlanError | None:
    """Return the error that a plan ends in; None for one that is read."""
    try:
        parse_plan(text.encode(), "plan.toml")
    except PlanError as error:
        return error
    return None


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda path: path.stem)
def test_a_broken_plan_ends_in_problems_with_places_and_in_nothing_else(sample: Path) -> None:
    for text in mutants(sample, 300, (*MARKS, *HUGE)):
        lines = text.split("\n")
        error = refusal(text)
        if error is None:
            continue
        assert 1 <= len(error.problems) <= MOST_PROBLEMS
        for problem in error.problems:
            at = problem.location
            assert at is not None
            assert at.line is not None
            assert at.column is not None
            assert 1 <= at.line <= len(lines)
            # Two more, because a table header may have been mended by two brackets.
            assert 1 <= at.column <= len(lines[at.line - 1]) + 3
        shown = render_problems("plan.toml", error.problems, error.hidden, width=None, color=False)
        assert len(shown) < 800 * (len(error.problems) + 1)


@pytest.mark.skipif(not (3, 11) <= sys.version_info < (3, 15), reason="tomllib of these versions reads TOML 1.0")
@pytest.mark.parametrize("sample", SAMPLES, ids=lambda path: path.stem)
def test_what_is_toml_is_what_a_reader_of_toml_1_0_accepts(sample: Path) -> None:
    tomllib = import_module("tomllib")
    for text in mutants(sample, 300, MARKS):
        reading = read_toml(text.encode())
        try:
            expected = tomllib.loads(text.removeprefix("\ufeff"))
        except ValueError:
            assert reading.problems
        else:
            assert (reading.document, reading.problems) == (expected, [])


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda path: path.stem)
def test_the_quick_look_misses_nothing(sample: Path) -> None:
    for text in mutants(sample, 300, MARKS):
        if not _may_be_newer(text):
            assert without_newer(text, MOST_PROBLEMS) == ([], 0, text)


def found(text: str) -> list[tuple[int | None, int | None, str]]:
    """Return line, column and message of every problem of a plan."""
    with pytest.raises(PlanError) as caught:
        parse_plan(text.encode(), "plan.toml")
    assert caught.value.hidden == 0
    places = [(p.location, p.message) for p in caught.value.problems]
    return [(at.line, at.column, message) for at, message in places if at is not None]


UNKNOWN = "is not a key that ipplan knows; it would have no effect"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            '[networks.web]\nkind = "vcs-vm\nprefx = 24\n',
            [
                (2, 15, "the quote that opens the value of kind is not closed"),
                (3, 1, f"networks.web.prefx {UNKNOWN}"),
            ],
        ),
        (
            '[networks.web]\nkind = "vcs-vm"\nhosts =\nprefx = 24\n',
            [(3, 8, "hosts has no value"), (4, 1, f"networks.web.prefx {UNKNOWN}")],
        ),
        (
            '[networks.a]\nkind = "vcs-vm"\nnetworks.b]\nkind = "vcs-vm"\nprefx = 24\n',
            [
                (3, 11, "the table header has no opening bracket: networks.b]"),
                (5, 1, f"networks.b.prefx {UNKNOWN}"),
            ],
        ),
        (
            '[networks.a]\nkind = "vcs-vm"\n[networks.b\nkind = "vcs-vm"\nprefx = 24\n',
            [
                (3, 12, "the bracket of the table header is not closed: [networks.b"),
                (5, 1, f"networks.b.prefx {UNKNOWN}"),
            ],
        ),
        (
            '[networks.a]\nkind = "vcs-vm"\n<<<<<<< HEAD\nhosts = 3\n=======\nhosts = 4\n>>>>>>> b\n',
            [
                (3, 1, "this is a marker of a merge conflict: <<<<<<< HEAD"),
                (5, 1, "this is a marker of a merge conflict: ======="),
                (6, 1, "networks.a.hosts is defined a second time; first on line 4"),
                (7, 1, "this is a marker of a merge conflict: >>>>>>> b"),
            ],
        ),
        (
            '[networks.a]\nkind = "vcs-vm"\naddresses = {y=1\nprefx = 24\n',
            [
                (3, 13, "the brace that opens the value of addresses is not closed"),
                (4, 1, f"networks.a.prefx {UNKNOWN}"),
            ],
        ),
        (
            '[plan]\nbyoip = [\n  "10.0.0.0/8"\n  "172.16.0.0/12"\n]\nx = 1\n',
            [(2, 9, "this is not TOML: unclosed array"), (6, 1, f"plan.x {UNKNOWN}")],
        ),
        (
            '[networks.a]\nkind = "vcs-vm\\\n\nprefx = 24\n',
            [
                (2, 15, "kind has a backslash that is not a valid escape"),
                (4, 1, f"networks.a.prefx {UNKNOWN}"),
            ],
        ),
        (
            "[[avoid]]\ncidr = 10.0.0.0/8\n",
            [(2, 12, "the value of cidr is not in quotes: 10.0.0.0/8")],
        ),
        (
            f"schema = 0x{'f' * 4000}\n",
            [(1, 10, f"schema is 0x{'f' * 75}..., and this ipplan reads schema 1")],
        ),
        (
            f"[plan]\nname = {'9' * 5000}\nx = 1\n",
            [
                (2, 8, "a number of 5,000 characters cannot be read: at most 4,000"),
                (3, 1, f"plan.x {UNKNOWN}"),
            ],
        ),
        (
            f"[plan]\nname = {'[' * 200}{']' * 200}\nx{'.a' * 1500} = 1\ny = 1\n",
            [
                (2, 108, "values are nested too deeply to be read: at most 100 levels"),
                (3, 1, "a key of more than 100 parts cannot be read"),
                (4, 1, f"plan.y {UNKNOWN}"),
            ],
        ),
    ],
)
def test_every_problem_of_a_broken_plan_is_reported_at_its_place(
    text: str, expected: list[tuple[int, int, str]]
) -> None:
    assert found(text) == expected


ONLY = "which only TOML 1.1 has; a plan is TOML 1.0"


@pytest.mark.parametrize(
    ("text", "line", "column", "message"),
    [
        ('[plan]\nname = "a\\e"\n', 2, 10, f"the escape \\e, {ONLY}"),
        ('[plan]\nname = "\\\\\\x41"\n', 2, 11, f"the escape \\x, {ONLY}"),
        ('[plan]\nname = """\na\\x41"""\n', 3, 2, f"the escape \\x, {ONLY}"),
        ('[sites."a\\x41"]\n', 1, 10, f"the escape \\x, {ONLY}"),
        ("sites = {\n  a = {}\n}\n", 1, 10, f"a line break in an inline table, {ONLY}"),
        ("sites = { # all\n  a = {} }\n", 1, 11, f"a line break in an inline table, {ONLY}"),
        ("sites = { a = {}, }\n", 1, 17, f"a comma before a closing brace, {ONLY}"),
        ("sites = { a = { x = [{ b = 1, }] } }\n", 1, 29, f"a comma before a closing brace, {ONLY}"),
        ("[[waive]]\nuntil = 10:30\n", 2, 9, f"a time without seconds, 10:30, {ONLY}"),
        ("[[waive]]\nuntil = 2027-03-31 10:30Z\n", 2, 9, f"a time without seconds, 2027-03-31 10:30Z, {ONLY}"),
        (
            "[[waive]]\nuntil = [\n2027-03-31T10:30+01:00]\n",
            3,
            1,
            f"a time without seconds, 2027-03-31T10:30+01:00, {ONLY}",
        ),
    ],
)
def test_what_only_toml_1_1_has_is_refused_whatever_the_installed_tomli_takes(
    text: str, line: int, column: int, message: str
) -> None:
    assert (line, column, message) in found(text)


def test_everything_newer_is_reported_at_once_and_the_rest_is_read() -> None:
    reading = read_toml(b'a = "\\e\\x41"\nb = { c = 1,\n}\nd = 1\n')

    assert [(p.line, p.column) for p in reading.problems] == [(1, 6), (1, 8), (2, 12), (2, 13)]
    assert reading.document == {"d": 1}


@pytest.mark.parametrize(
    "text",
    [
        "a = 'c:\\x41 \\e'",
        'a = "\\\\e \\\\x41"',
        "# \\e { 10:30",
        'a = "at 10:30 { }, }"',
        "a = 10:30:00",
        "a = 2027-03-31 10:30:00.5Z",
        "a = { b = [1, 2,], c = {} }",
        "a = { b = [\n1,\n] }",
        "a = [{ b = 1 },\n{ b = 2 }, # }\n]",
        'a = """\n{ b = 1,\n}"""',
        "a = { }",
        'a = { "b c" = "}", d = \'{\' }',
        "a = '''\\e'''",
        'a = "fd00::10:30"',
    ],
)
def test_what_toml_1_0_has_is_read(text: str) -> None:
    assert read_toml(text.encode()).problems == []
