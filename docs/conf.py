"""How Sphinx builds these pages: ``sphinx-build -W -b html docs docs/_build``.

What the library knows is written below ``generated/`` first: the reference, the catalogue of
models, the claims that were checked. Nothing there is kept, and nothing is copied by hand. With
``-t short`` the claims are left out, which is a check of seconds.
"""

import sys
from pathlib import Path
from typing import Any

import workspan

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))

project = "workspan"
author = "The workspan developers"
copyright = author  # noqa: A001 - Sphinx reads this name
release = version = workspan.__version__

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "workspan.reports.sphinx",
]
exclude_patterns = ["_build"]
myst_heading_anchors = 3
suppress_warnings = ["myst.header"]  # what a command printed may begin at the third level

autodoc_member_order = "bysource"
autodoc_typehints = "none"  # the signatures have them
autodoc_inherit_docstrings = False
napoleon_google_docstring = False

add_module_names = False

html_math_renderer = "workspan"

html_theme = "furo"
html_theme_options = {
    "light_css_variables": {"code-font-size": "72%"}  # a console's 100 columns fit
}
html_title = f"workspan {release}"
html_copy_source = False
html_show_sphinx = False
html_static_path = ["static"]
html_css_files = ["pages.css"]


def as_prose(app: Any, what: str, name: str, obj: Any, options: Any, lines: list[str]) -> None:
    """Keep napoleon from taking what stands before a colon for the type of an attribute.

    It looks at the first line only, so that line becomes an empty comment.
    """
    if what in {"attribute", "property", "data"}:
        lines[:0] = ["..", ""]


def near(app: Any, page: str, template: str, context: dict[str, Any], doctree: Any) -> None:
    """Show the contents two levels deep, and on pages of claims all that is on the way there.

    Hundreds of claims in the contents of each page would be long to read and slow to build.
    """
    whole = context["toctree"]
    deep = {"collapse": True} if page.startswith("generated/claims/") else {"maxdepth": 2}
    context["toctree"] = lambda **options: whole(**options | deep)


def setup(app: Any) -> None:
    """Write the generated pages before Sphinx looks for pages."""
    from generating import write_pages

    app.connect("autodoc-process-docstring", as_prose, priority=400)  # napoleon has 500
    app.connect("html-page-context", near, priority=400)  # furo, which shows them, has 500
    app.connect(
        "builder-inited",
        lambda app: write_pages(HERE / "generated", claims="short" not in app.tags),
    )
