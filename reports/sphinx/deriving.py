"""Derivations of one build: each is made once, and pages whose models changed are read again.

Where Sphinx reads pages in several processes, what one of them derived is handed to the others in
a folder beside the pages that were read, which is emptied before each build.
"""

from __future__ import annotations

import contextlib
import os
import pickle
import shutil
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from sphinx.errors import ConfigError

from ...graphs.digest import digest
from ..commands.files import write, write_bytes
from ..commands.loading import ModelError
from ..embedding.deriving import Derived, Deriver, allowed
from ..embedding.errors import EmbeddingError
from ..notation.style import backed

if TYPE_CHECKING:
    from sphinx.application import Sphinx
    from sphinx.environment import BuildEnvironment

    from ..embedding.directives import Directive

SEEN = "workspan_seen"
"""Where an environment remembers what each page was made from."""


class Derivations:
    """What the pages of a build ask for."""

    def __init__(self) -> None:
        self.deriver = Deriver({}, "")
        self.files: tuple[str, ...] = ()
        """Of the models that conf.py names."""
        self.folder = Path()
        self.models: dict[str, str] = {}
        """Digests of those that were looked at."""

    def start(self, app: Sphinx) -> None:
        """Load the models that conf.py names, and forget what an earlier build derived.

        Raises
        ------
        sphinx.errors.ConfigError
            If there is no such model.
        """
        from workspan import __version__

        named = app.config.workspan_models
        wrong = next((a for a in named if not isinstance(a, str)), None)
        if wrong is not None:
            raise ConfigError(f"expected workspan_models to hold texts, got {wrong!r}")
        try:
            models = allowed(named, Path(app.confdir))
        except (ModelError, EmbeddingError) as error:
            raise ConfigError(f"workspan_models: {error}") from error
        self.deriver = Deriver(models, __version__, "add it to workspan_models in conf.py: {name}")
        self.models = {}
        files = {a.rpartition(":")[0] for a in named if ":" in a}
        self.files = tuple(str(Path(app.confdir) / f) for f in sorted(files))
        self.folder = Path(app.doctreedir) / "workspan"
        self.finish(app)

    def finish(self, app: Sphinx, error: Exception | None = None) -> None:
        """Remove what was handed between processes."""
        shutil.rmtree(self.folder / "derived", ignore_errors=True)

    def derive(self, directive: Directive, env: BuildEnvironment) -> Derived:
        """Return what a directive of the page that is being read asks for.

        Raises
        ------
        ValueError
            If a model, a figure or a size is unknown, or if there is no such formula.
        """
        # A page that shows an error is read again too, once its model is another one.
        self._note(directive, env)
        key = directive.describe()
        known = self.deriver.found.get(key)
        if known is None:
            path = self.folder / "derived" / digest(key)
            path.parent.mkdir(parents=True, exist_ok=True)
            with _alone(path.with_suffix(".lock")):
                if path.is_file():
                    known = pickle.loads(path.read_bytes())
                else:
                    known = self.deriver.derive(directive)
                    write_bytes(path, pickle.dumps(known))
            self.deriver.found[key] = known
        return known

    def picture(self, name: str, drawing: str, env: BuildEnvironment) -> str:
        """Write a picture beside the pages that were read; return how a page refers to it."""
        path = self.folder / "pictures" / digest(drawing)[:16] / name
        if not path.is_file():
            write(path, backed(drawing))
        return "/" + Path(os.path.relpath(path, env.srcdir)).as_posix()

    def _note(self, directive: Directive, env: BuildEnvironment) -> None:
        seen = _seen(env).setdefault(env.docname, {"": self.deriver.version})
        seen.update({name: self._digest(name) for name in directive.models})
        if any(name in self.deriver.models for name in directive.models):
            for file in self.files:
                env.note_dependency(file)

    def outdated(
        self, app: Sphinx, env: BuildEnvironment, added: set[str], changed: set[str], gone: set[str]
    ) -> Sequence[str]:
        """Name the pages that were made by another version, or from models that are others now."""
        return [page for page, seen in sorted(_seen(env).items()) if self._changed(seen)]

    def _changed(self, seen: Mapping[str, str]) -> bool:
        version = self.deriver.version
        return any((self._digest(n) if n else version) != was for n, was in seen.items())

    def _digest(self, name: str) -> str:
        """Return the digest of a model's graph; nothing if it is gone, which its page will say."""
        if name not in self.models:
            try:
                self.models[name] = self.deriver.digest(name)
            except ValueError:
                self.models[name] = ""
        return self.models[name]

    def purge(self, app: Sphinx, env: BuildEnvironment, page: str) -> None:
        """Forget a page that will be read again."""
        _seen(env).pop(page, None)

    def merge(
        self, app: Sphinx, env: BuildEnvironment, pages: Sequence[str], other: BuildEnvironment
    ) -> None:
        """Take over what another process noted of the pages that it read."""
        _seen(env).update({p: seen for p, seen in _seen(other).items() if p in pages})


def _seen(env: BuildEnvironment) -> dict[str, dict[str, str]]:
    if not hasattr(env, SEEN):
        setattr(env, SEEN, {})
    found: dict[str, dict[str, str]] = getattr(env, SEEN)
    return found


@contextlib.contextmanager
def _alone(path: Path) -> Iterator[None]:
    """Wait until no other process holds a file."""
    try:
        import fcntl
    except ImportError:  # where pages are read by one process only
        yield
        return
    with path.open("w") as stream:
        fcntl.flock(stream, fcntl.LOCK_EX)
        yield
