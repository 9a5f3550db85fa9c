r"""Text of BibTeX fields as people read it.

>>> untex(r"Kaiser, {\L}ukasz and Fran{\c{c}}ois, {R}{\'e}mi")
'Kaiser, Łukasz and François, Rémi'
"""

from __future__ import annotations

import re
import unicodedata

ACCENTS = {
    "`": "\u0300",
    "'": "\u0301",
    "^": "\u0302",
    "~": "\u0303",
    "=": "\u0304",
    "u": "\u0306",
    ".": "\u0307",
    '"': "\u0308",
    "r": "\u030a",
    "H": "\u030b",
    "v": "\u030c",
    "c": "\u0327",
}
"""What TeX writes before a letter, as the character that Unicode writes after it."""
LETTERS = {"L": "Ł", "l": "ł", "O": "Ø", "o": "ø", "ss": "ß", "ae": "æ", "AE": "Æ", "i": "ı"}
ACCENTED = re.compile(r"\\([`'^~=.\"]|[uvrHc](?=[{\s]))\s*(?:\{(\w)\}|(\w))")
LETTER = re.compile(r"\\([A-Za-z]+)\s*")


def untex(text: str) -> str:
    """Return text of a BibTeX field in Unicode: accents and special letters, without braces and dollars."""
    text = ACCENTED.sub(lambda m: (m[2] or m[3]) + ACCENTS[m[1]], text)
    text = LETTER.sub(lambda m: LETTERS.get(m[1], m[0]), text)
    return unicodedata.normalize("NFC", re.sub(r"(?<!\\)[{}$]", "", text)).replace("\\", "")
