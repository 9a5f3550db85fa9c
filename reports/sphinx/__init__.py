"""Derived tables, figures and pictures in pages that Sphinx builds.

An extension: ``extensions = ["workspan.reports.sphinx"]``. It brings a directive and a role, both
called ``workspan``, that ask for what the markers of ``workspan embed`` ask for, in the same words,
in reStructuredText and in MyST. Pages name models of the catalogue, and those that ``conf.py``
names: ``workspan_models = ["models.py:gated"]``, with paths from its folder.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sphinx.application import Sphinx


def setup(app: Sphinx) -> dict[str, Any]:
    """Add the directive, the role and what keeps pages up to date."""
    from workspan import __version__

    from .deriving import Derivations
    from .directive import directive_of, role_of
    from .formulas import add_renderer
    from .pictures import PictureConverter

    derivations = Derivations()
    app.add_config_value("workspan_models", (), "env", frozenset({list, tuple}))
    app.add_directive("workspan", directive_of(derivations))
    app.add_role("workspan", role_of(derivations))
    app.add_post_transform(PictureConverter)
    app.connect("config-inited", add_renderer)
    app.connect("builder-inited", derivations.start)
    app.connect("env-get-outdated", derivations.outdated)
    app.connect("env-purge-doc", derivations.purge)
    app.connect("env-merge-info", derivations.merge)
    app.connect("build-finished", derivations.finish)
    return {
        "version": __version__,
        "env_version": 1,
        "parallel_read_safe": True,
        "parallel_write_safe": True,
    }
