"""What a closing marker says of what it closes: the parts of its digest, and the version.

>>> from ...analysis.digests import Digest
>>> made = Digest("0a", "1b", ("2c", "3d"), "0.1.0")
>>> told(made)
'figure=0a setting=1b model=2c,3d version=0.1.0'
>>> read(told(made)) == made
True
>>> read("written by hand") is None
True
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from ...analysis.digests import Digest

_TEXT = re.compile(
    r"figure=(?P<result>\w+) setting=(?P<setting>\w+) model=(?P<graphs>[\w,]+) "
    r"version=(?P<version>[\w.+]+)"
)


def told(digest: Digest) -> str:
    """Write the parts of a digest as a closing marker has them."""
    graphs = ",".join(digest.graphs)
    return (
        f"figure={digest.result} setting={digest.setting} model={graphs} version={digest.version}"
    )


def read(text: str) -> Digest | None:
    """Read what a closing marker says; None if it says nothing of the kind."""
    found = _TEXT.fullmatch(text)
    if found is None:
        return None
    graphs = tuple(found["graphs"].split(","))
    return Digest(found["result"], found["setting"], graphs, found["version"])


def changes(old: Digest | None, new: Digest, models: Sequence[str]) -> list[str]:
    """Say what is another than it was, one reason each; nothing if all is the same."""
    if old is None:
        return ["it carries no digest: it was never filled"]
    if len(old.graphs) != len(new.graphs):
        which = ["the models that are named"]
    else:
        pairs = zip(models, old.graphs, new.graphs, strict=True)
        which = [f"the model {name}" for name, was, now in pairs if was != now]
    reasons = {
        "setting": ["the setting, or what is asked for"],
        "graphs": which,
        "version": [f"the library ({old.version} -> {new.version})"],
        "result": ["the figure"],
    }
    parts = old.changed(new)
    return [reason for part, own in reasons.items() if part in parts for reason in own]
