"""Claims files come from outside: what is odd, huge or endless is refused, by file, line or field."""

from __future__ import annotations

from pathlib import Path

import pytest

from workspan.analysis.claims import ClaimError, parse, read, verdict_on

HEAD = '[[claim]]\nid = "a"\nstatement = "s"\nsource = "t"\nmodels = ["lstm"]\nfigure = "work"\n'
EQUALS = HEAD + 'relation = "equals"\n'
MANY = ", ".join(["'lstm'"] * 32)
READINGS = "".join(f'[[claim.readings]]\nname = "r{k}"\nmodels = [{MANY}]\n' for k in range(8))

ODD = {
    "a number of thousands of digits": (EQUALS + f"at = {{ n = {'9' * 5000} }}", "expected TOML"),
    "nested for ever": ("a = " + "[" * 5000 + "]" * 5000, "nested"),
    "no TOML": ("[[claim]\n", r"line 1, column 8"),
    "nothing": ("", "claim"),
    "a foreign field": (EQUALS + "colour = 1", r"claim\[0\]"),
    "a field of another kind": (EQUALS + "at = { n = 1.5 }", r"claim\[0\]\.at"),
    "twice the same": (EQUALS * 2, r"claim\[1\]\.id"),
    "too many claims": ("".join(EQUALS.replace('"a"', f'"a{k}"') for k in range(1001)), "1000"),
    "a terminal's codes": (EQUALS.replace('"s"', r'"\u001b[31m"'), r"claim\[0\]\.statement"),
    "a path as a name": (EQUALS.replace('"a"', '"../a"'), r"claim\[0\]\.id"),
    "code": (EQUALS + "value = \"__import__('os')\"", r"claim\[0\]\.value"),
    "a formula too deep": (EQUALS + f'value = "{"(" * 500}n{")" * 500}"', r"claim\[0\]\.value"),
    "a power": (EQUALS + 'value = "n**100000"', r"claim\[0\]\.value: .* exponent"),
    "terms": (EQUALS + 'value = "(n + d + L + 3)**16"', r"claim\[0\]\.value: .* terms"),
    "terms by symbols": (
        EQUALS + 'value = "a**16"\nsymbols = { a = "(n + d + L)**3" }',
        r"claim\[0\]\.value: .* terms once a are replaced",
    ),
    "sizes in a ring": (
        EQUALS + 'value = "n"\ndomain = ["n = d", "d = n"]',
        r"claim\[0\]\.domain",
    ),
    "a reading of a reading": (
        EQUALS + '[[claim.readings]]\nname = "r"\n[[claim.readings.readings]]\nname = "s"\n',
        r"claim\[0\]\.readings",
    ),
    "too many readings to try": (EQUALS + 'value = "n"\n' + READINGS, r"claim\[0\]\.readings"),
}


@pytest.mark.parametrize("name", ODD)
def test_what_is_odd_is_an_error_that_says_where(name: str) -> None:
    """Law: the error has the file's name, and the line or the path to the field, in one line."""
    text, where = ODD[name]
    with pytest.raises(ClaimError, match=where) as caught:
        parse(text, "mine.toml")
    assert str(caught.value).startswith("mine.toml: ")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("content", "reason"), [(b"\xff\xfe", "UTF-8"), (b"a" * 1_000_001, "bytes")]
)
def test_files_that_cannot_be_read(tmp_path: Path, content: bytes, reason: str) -> None:
    """Bytes that are no text, and files of any size, are errors with the file's name."""
    (tmp_path / "mine.toml").write_bytes(content)
    with pytest.raises(ClaimError, match=rf"mine\.toml: .*{reason}"):
        read(tmp_path / "mine.toml")


def test_a_byte_order_mark_is_no_text(tmp_path: Path) -> None:
    """A file as some editors write it is read as any other."""
    (tmp_path / "mine.toml").write_bytes(b"\xef\xbb\xbf" + EQUALS.encode())
    (claim,) = read(tmp_path / "mine.toml")
    assert claim.id == "a"


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        ('value = "n"\ndomain = ["n <= d", "d <= n - 1"]', "no sizes were found with"),
        ('value = "2**n"\nat = { n = 10000000000000000, d = 7 }', "exponent of at most"),
        ('value = "2**(2**(2**n))"\nat = { n = 6, d = 7 }', "exponent of at most"),
    ],
)
def test_what_cannot_be_decided_says_why(more: str, reason: str) -> None:
    """A domain without sizes proves nothing, and a number without end is not computed."""
    (claim,) = parse(EQUALS + more, "mine.toml")
    found = verdict_on(claim)
    assert found.verdict == "out of reach"
    assert reason in found.reason


@pytest.mark.parametrize("relation", ["equals", "at most", "Theta", "O"])
def test_a_large_formula_is_judged_all_the_same(relation: str) -> None:
    """A formula near the bound gets a verdict, and one that a small size can refute gets its size."""
    value = "(n + d + 3)**16"
    (claim,) = parse(HEAD + f'relation = "{relation}"\nvalue = "{value}"\nsettings = [{{}}]', "t")
    found = verdict_on(claim)
    right = {"equals": "refuted", "at most": "proved", "Theta": "refuted", "O": "confirmed"}
    assert found.verdict == right[relation]
