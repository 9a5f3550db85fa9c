"""Starting: what an import, the help and the main job take in a fresh process."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator

from .timing import Row, command


def starting() -> Iterator[Row]:
    """Start Python, with and without this package."""
    nothing, algebra = command("-c", "pass"), command("-c", "import sympy")
    ours = command("-c", "import workspan")
    usage = command("-m", "workspan", "--help")
    yield Row("import workspan, with Python's own start", ours, "python -c pass", nothing)
    yield Row("import workspan, with Python's own start", ours, "import sympy", algebra)
    yield Row("workspan --help", usage, "python -c pass", nothing)
    yield Row("workspan --help", usage, "import sympy", algebra)


def report() -> Iterator[Row]:
    """Write the report from a cold start."""
    with tempfile.TemporaryDirectory() as folder:
        seconds = command("-m", "workspan", "report", "-o", f"{folder}/report", repeat=1)
    libraries = "import sympy, networkx, numpy, altair, hypothesis"
    yield Row("workspan report", seconds, libraries, command("-c", libraries))
