r"""Text for LaTeX: whatever the engine, the encoding and the fonts are, it compiles and is seen.

>>> print(latex_escape("50% of d_kv"))
50\% of d\_kv
>>> print(latex_escape("Łukasz, naïve -- λ, 中"))
\L{}ukasz, na\"{\i}ve -{}- \ensuremath{\lambda}, {[}U+4E2D]
"""

from __future__ import annotations

import re
import unicodedata

from .markup import printable

_SIGNS = {
    "\\": "\\textbackslash{}",
    "[": "{[}",
    "{": "\\{",
    "}": "\\}",
    "_": "\\_",
    "&": "\\&",
    "%": "\\%",
    "$": "\\$",
    "#": "\\#",
    "~": "\\textasciitilde{}",
    "^": "\\textasciicircum{}",
    "<": "\\textless{}",
    ">": "\\textgreater{}",
    "|": "\\textbar{}",
    '"': "\\char34{}",
    "`": "\\char96{}",
}
_LETTERS = {
    "ß": "ss", "æ": "ae", "Æ": "AE", "œ": "oe", "Œ": "OE", "ø": "o", "Ø": "O", "å": "aa",
    "Å": "AA", "ł": "l", "Ł": "L", "ı": "i", "–": "textendash", "—": "textemdash",
    "‘": "textquoteleft", "’": "textquoteright", "“": "textquotedblleft",
    "”": "textquotedblright", "…": "ldots", "§": "S", "©": "copyright",
}  # fmt: skip
_GREEK = [
    "alpha",
    "beta",
    "gamma",
    "delta",
    "epsilon",
    "zeta",
    "eta",
    "theta",
    "iota",
    "kappa",
    "lambda",
    "mu",
    "nu",
    "xi",
    "_",
    "pi",
    "rho",
    "_",
    "sigma",
    "tau",
    "upsilon",
    "phi",
    "chi",
    "psi",
    "omega",
]
"""From U+03B1 on; omicron and the sigma at the end of words have no command."""
_CAPITALS = {
    "Γ": "Gamma", "Δ": "Delta", "Θ": "Theta", "Λ": "Lambda", "Ξ": "Xi", "Π": "Pi", "Σ": "Sigma",
    "Φ": "Phi", "Ψ": "Psi", "Ω": "Omega",
}  # fmt: skip
_MATHEMATICS = {
    "×": "times", "·": "cdot", "±": "pm", "≤": "le", "≥": "ge", "≠": "ne", "∞": "infty",
    "→": "to", "←": "gets", "√": "surd", "∈": "in", "∑": "sum", "−": "mathord-", "µ": "mu",
    "²": "mathord{}^2", "³": "mathord{}^3", "°": "mathord{}^\\circ",
} | _CAPITALS | {chr(0x3B1 + k): n for k, n in enumerate(_GREEK) if n != "_"}  # fmt: skip
_ACCENTS = {
    "\u0300": "`", "\u0301": "'", "\u0302": "^", "\u0303": "~", "\u0304": "=", "\u0306": "u",
    "\u0307": ".", "\u0308": '"', "\u030a": "r", "\u030b": "H", "\u030c": "v", "\u0327": "c",
}  # fmt: skip


def latex_escape(text: object) -> str:
    """Escape text for LaTeX; control characters become spaces, unknown ones their number."""
    plain = printable(text)
    # Two hyphens would become one dash.
    parts = re.sub("-(?=-)", "-\0", plain)
    return "".join("{}" if c == "\0" else _written(c) for c in parts)


def _written(character: str) -> str:
    if character in _SIGNS:
        return _SIGNS[character]
    if character.isascii():
        return character
    if character in _LETTERS:
        return f"\\{_LETTERS[character]}{{}}"
    if character in _MATHEMATICS:
        return f"\\ensuremath{{\\{_MATHEMATICS[character]}}}"
    base, *marks = list(unicodedata.normalize("NFD", character))
    if base.isascii() and base.isalpha() and len(marks) == 1 and marks[0] in _ACCENTS:
        dotless = f"\\{base}" if base in "ij" and marks[0] != "\u0327" else base
        return f"\\{_ACCENTS[marks[0]]}{{{dotless}}}"
    return f"{{[}}U+{ord(character):04X}]"
