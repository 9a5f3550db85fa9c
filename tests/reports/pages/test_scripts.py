"""Laws of scripts as text: they share one scope, and each name in it is of one thing."""

from __future__ import annotations

import re
from collections import Counter

from workspan.reports.page import SCRIPTS
from workspan.reports.scripts import script

DECLARED = re.compile(
    r"^(?:async )?(?:function\*?|const|let|var|class) +(\w+|\{[^}]*\}|\[[^]]*\])", re.MULTILINE
)


def test_no_name_is_declared_twice() -> None:
    """A function of one file does not take the place of another file's function of the same name."""
    found = DECLARED.findall(str(script(SCRIPTS)))
    names = Counter(name for shape in found for name in re.findall(r"\w+", shape))
    assert len(names) > 20
    assert [name for name, count in names.items() if count > 1] == []
