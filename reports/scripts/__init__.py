"""What runs in a page: plain JavaScript, a file for each concern, put inline whole.

A page works without any of it; the scripts add what a reader does to it. They fetch nothing, write
nothing but the page's own address, and take their data from blocks of JSON in the page.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Iterable
from importlib.resources import files
from typing import Any

from ..notation.markup import Markup, element

__all__ = ["data_block", "digest_of", "script"]

DEFINED = re.compile(r"^(?:async )?(?:function\*?|const|let|class) (\w+)", re.MULTILINE)


def script(names: Iterable[str]) -> Markup:
    """Return the named scripts as one strict program with names of its own.

    A name that two of them define would silently be that of the last.

    >>> str(script(["sorting"])).splitlines()[:2]
    ['(() => {', '"use strict";']
    """
    here = files("workspan.reports.scripts")
    texts = [here.joinpath(f"{name}.js").read_text(encoding="utf-8") for name in names]
    body = "\n".join(texts)
    assert "</script" not in body.lower()
    assert "<!--" not in body
    defined = DEFINED.findall(body)
    assert len(defined) == len(set(defined)), [d for d in defined if defined.count(d) > 1]
    return Markup(f'(() => {{\n"use strict";\n{body}}})();\n')


def data_block(name: str, data: Any) -> Markup:
    r"""Return data for scripts, as JSON that no markup in it can end.

    >>> print(data_block("sizes", {"n": "</script>"}))
    <script id="sizes" type="application/json">{"n":"\u003c/script>"}</script>
    """
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c")
    return element("script", Markup(text), id=name, type="application/json")


def digest_of(text: str) -> str:
    """Return a text's hash as a content-security-policy names it."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
