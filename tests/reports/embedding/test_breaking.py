"""Whatever happens while documents are filled, each is as it was or as it is to be, and no debris stays."""

from __future__ import annotations

import os
import re
import signal
import stat
import sys
import warnings
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from workspan.reports.cli import main
from workspan.reports.embedding.deriving import Deriver
from workspan.reports.embedding.documents import LARGEST, document, held, read
from workspan.reports.embedding.errors import EmbeddingError
from workspan.reports.embedding.filling import fill
from workspan.reports.embedding.markers import FORMATS, format_of, regions
from workspan.reports.embedding.saving import save

ASKED = b"<!-- workspan: figure lstm params --><!-- /workspan -->"
WRITTEN = b"8*d**2 + 8*d"
DERIVER = Deriver({}, "1.0")
forks = pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")


def embedded(data: bytes) -> bytes:
    """Return what a document becomes."""
    return fill(document(Path("a.md"), data), DERIVER).data


@pytest.fixture
def filed(tmp_path: Path) -> Path:
    """A document in a folder of its own, next to a picture that it asks for."""
    path = tmp_path / "own" / "a.md"
    path.parent.mkdir()
    path.write_bytes(b"<!-- workspan: picture rnn --output g.svg -->\n<!-- /workspan -->\n" + ASKED)
    return path


class Events:
    """What touches files while a process saves, one after the other."""

    def __init__(self, path: Path, act: Callable[[], object], last: int) -> None:
        self.folder, self.act, self.last = str(path.parent), act, last
        self.count, self.inside, self.name = 0, False, ""

    def __call__(self, event: str, arguments: tuple[object, ...]) -> None:
        """Act at the event of that number."""
        ours = any(self.folder in str(a) for a in arguments if isinstance(a, (str, bytes, Path)))
        if self.inside or not ours:
            return
        self.count += 1
        if self.count == self.last:
            self.inside, self.name = True, event
            try:
                self.act()
            finally:
                self.inside = False


def saved_until(path: Path, act: Callable[[], object], last: int) -> tuple[int, str]:
    """Save in a process in which something happens at an event; 0 and the event if it saved."""
    made = fill(read(path), DERIVER)
    out, into = os.pipe()
    with warnings.catch_warnings():
        # Python warns of locks that other threads hold; the child takes none, and waits for none.
        warnings.simplefilter("ignore", DeprecationWarning)
        child = os.fork()
    if child == 0:
        signal.alarm(60)
        code = 9
        events = Events(path, act, last)
        try:
            sys.addaudithook(events)
            save(made)
            code = 0 if events.count >= last else 8
        except KeyboardInterrupt:
            code = 2
        except ValueError:
            code = 1
        finally:
            os.write(into, events.name.encode())
            os._exit(code)
    os.close(into)
    _, status = os.waitpid(child, 0)
    with os.fdopen(out, "rb") as stream:
        return os.waitstatus_to_exitcode(status), stream.read().decode()


def interrupt() -> None:
    """Do as Ctrl-C does."""
    raise KeyboardInterrupt


def names(path: Path) -> set[str]:
    """Return what is in the folder of a document."""
    return {p.name for p in path.parent.iterdir()}


@forks
@pytest.mark.parametrize("act", [interrupt, lambda: os.kill(os.getpid(), signal.SIGKILL)])
def test_an_interrupt_at_any_moment(filed: Path, act: Callable[[], None]) -> None:
    """The document is whole, Ctrl-C leaves nothing beside it, and an embed removes what a kill left."""
    old = filed.read_bytes()
    new = fill(read(filed), DERIVER).data
    for last in range(1, 100):
        code, _ = saved_until(filed, act, last)
        assert filed.read_bytes() in (old, new)
        picture = filed.parent / "g.svg"
        assert not picture.exists() or picture.read_bytes().endswith(b"drawn by workspan -->\n")
        if code == 2:
            assert names(filed) <= {"a.md", "g.svg"}
        save(fill(read(filed), DERIVER))
        assert filed.read_bytes() == new
        assert names(filed) == {"a.md", "g.svg"}
        if code == 8:
            break
        filed.write_bytes(old)
        picture.unlink()
    assert last > 6, "there are that many moments"


@forks
def test_an_editor_at_any_moment(filed: Path) -> None:
    """What an editor writes while a document is filled stays, but for the very moment of the rename."""
    old = filed.read_bytes()
    lost = []
    for last in range(1, 100):
        code, event = saved_until(filed, lambda: filed.write_bytes(b"edited"), last)
        if code == 8:
            break
        if filed.read_bytes() != b"edited":
            lost.append(event)
        elif code == 0:
            assert event == "os.rename", "an embed that said it wrote was before the edit"
        filed.write_bytes(old)
        (filed.parent / "g.svg").unlink(missing_ok=True)
    assert last > 6
    assert lost == ["os.rename"]


def test_links_and_permissions_stay(tmp_path: Path) -> None:
    """A link is written through, other names of a file keep the old one, and its mode is kept."""
    folder = tmp_path / "there"
    folder.mkdir()
    path, link, hard = folder / "a.md", tmp_path / "b.md", tmp_path / "c.md"
    path.write_bytes(
        ASKED + b"\n<!-- workspan: picture rnn --output g.svg -->\n<!-- /workspan -->\n"
    )
    old = path.read_bytes()
    path.chmod(0o604)
    link.symlink_to(path)
    hard.hardlink_to(path)
    assert main(["embed", str(link)]) == 0
    assert link.is_symlink()
    assert WRITTEN in path.read_bytes()
    assert (folder / "g.svg").is_file(), "a picture stands beside the document, not beside a link"
    assert stat.S_IMODE(path.stat().st_mode) == 0o604
    assert hard.read_bytes() == old
    assert main(["embed", "--check", str(path)]) == 0


def test_one_file_under_two_names_is_named_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A document given twice by two hard links is one clear line."""
    path, other = tmp_path / "a.md", tmp_path / "b.md"
    path.write_bytes(ASKED)
    other.hardlink_to(path)
    assert main(["embed", str(path), str(other)]) == 2
    assert "which are one file" in capsys.readouterr().err
    assert path.read_bytes() == ASKED


def test_two_documents_share_no_picture(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Two documents that ask for other pictures in one file would undo each other's."""
    for name, model in (("a.md", "rnn"), ("b.md", "lstm")):
        text = f"<!-- workspan: picture {model} --output g.svg -->\n<!-- /workspan -->\n"
        (tmp_path / name).write_text(text)
    assert main(["embed", str(tmp_path / "a.md"), str(tmp_path / "b.md")]) == 2
    assert "expected a file for each picture" in capsys.readouterr().err
    assert {p.name for p in tmp_path.iterdir()} == {"a.md", "b.md"}


def test_a_lock_on_what_was_replaced_is_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who locks a document that another embed has just replaced is told to run again."""
    fcntl = pytest.importorskip("fcntl")
    path = tmp_path / "a.md"
    path.write_bytes(ASKED)
    honest = fcntl.flock

    def replaced(descriptor: int, how: int) -> None:
        other = tmp_path / "other"
        other.write_bytes(b"new")
        other.replace(path)
        honest(descriptor, how)

    monkeypatch.setattr(fcntl, "flock", replaced)
    with pytest.raises(EmbeddingError, match="run again"), held(path):
        pass

    def missing(*_: object) -> None:
        raise OSError(37, "No locks available")

    monkeypatch.setattr(fcntl, "flock", missing)
    with held(path):
        assert path.read_bytes() == b"new"


@pytest.mark.parametrize("kind", ["pipe", "socket", "device", "folder", "large", "many", "link"])
def test_what_is_no_document_is_refused_at_once(
    kind: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A pipe does not hang, a large file is not read to its end, and each is one line."""
    path = tmp_path / "a.md"
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "socket":
        import socket

        with socket.socket(socket.AF_UNIX) as server:
            server.bind(str(path))
    elif kind == "device":
        path.symlink_to("/dev/zero")
    elif kind == "folder":
        path.mkdir()
    elif kind == "large":
        with path.open("wb") as stream:
            stream.truncate(100 * 2**20)
    elif kind == "many":
        path.write_bytes((ASKED + b"\n") * 100_000)
    else:
        path.symlink_to("nowhere.md")
    size = path.stat().st_size if kind in {"large", "many"} else 0
    assert main(["embed", str(path)]) == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    told = {"large": f"{LARGEST:,} bytes", "many": "line 501: expected at most 500"}
    assert told.get(kind, "expected a document") in error
    assert kind not in {"large", "many"} or path.stat().st_size == size
    assert len(list(tmp_path.iterdir())) == 1


def test_what_an_encoding_has_not_is_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A table with lines drawn in a document that is Latin-1 is refused, not written as something else."""
    path = tmp_path / "a.md"
    asked = "table lstm attention --figures work --style console"
    data = f"é\n<!-- workspan: {asked} -->\n<!-- /workspan -->"
    path.write_bytes(data.encode("latin-1"))
    assert main(["embed", str(path)]) == 2
    error = capsys.readouterr().err
    assert "expected a document in UTF-8 for '─'" in error
    assert error.count("\n") == 1
    assert path.read_bytes() == data.encode("latin-1")


def test_nothing_is_written_if_one_document_is_broken(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A broken document after a good one, and a folder that is read-only, keep both as they were."""
    good, bad = tmp_path / "good.md", tmp_path / "bad.md"
    good.write_bytes(ASKED)
    bad.write_bytes(b"\n\n<!-- workspan: figure lstm params -->")
    assert main(["embed", str(good), str(bad)]) == 2
    assert f"{bad}, line 3" in capsys.readouterr().err
    assert good.read_bytes() == ASKED


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="no users here")
@pytest.mark.parametrize("which", ["document", "folder"])
def test_what_may_not_be_written_is_one_line(
    which: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A read-only document or folder keeps all documents of the command as they were."""
    good, path = tmp_path / "good.md", tmp_path / "kept" / "a.md"
    path.parent.mkdir()
    for one in (good, path):
        one.write_bytes(ASKED)
    (path if which == "document" else path.parent).chmod(0o444 if which == "document" else 0o555)

    def may(name: object, how: int) -> bool:
        return bool(os.stat(str(name)).st_mode & (0o222 if how == os.W_OK else 0o777))

    monkeypatch.setattr(os, "access", may)  # whoever may do everything runs this too
    assert main(["embed", str(good), str(path)]) == 2
    error = capsys.readouterr().err
    assert "read-only" in error
    assert error.count("\n") == 1
    assert good.read_bytes() == path.read_bytes() == ASKED
    path.parent.chmod(0o755)


PIECES: tuple[bytes, ...] = (
    b"\r",
    b"\n",
    b"\r\n",
    b"\x0c",
    b"\x0b",
    b"\x85",
    b"\xe9",
    b"  \t",
    b"\xef\xbb\xbf",
    b"`",
)
PIECES += (b"```", b"~~~", b"<!--", b"-->", b"<!-- workspan:", b"<!-- /workspan -->", b"\\", b"- ")
PIECES += (b"\xe2\x80\xa8", b"    x", b"> ", b"% /workspan", b"\xc3\xa9", ASKED)
AROUND = st.one_of(
    st.binary(max_size=40), st.lists(st.sampled_from(PIECES), max_size=8).map(b"".join)
)
"""Bytes around markers: any, and those that mean something."""


@given(AROUND, AROUND, AROUND)
@example(b"\xff\xfe", b"", b"")
@example(b"caf\xe9 ", b"?", b"\x0c no end")
@settings(max_examples=150, deadline=None)
def test_any_bytes_around_markers_stay(before: bytes, between: bytes, after: bytes) -> None:
    """Filling fails with a line, or changes nothing but what is between markers, and once only."""
    first, last = ASKED[: ASKED.index(b"-->") + 3], ASKED[ASKED.index(b"-->") + 3 :]
    data = before + first + between + last + after
    try:
        made = embedded(data)
    except EmbeddingError:
        return
    assert embedded(made) == made
    old, new = regions_of(data), regions_of(made)
    assert [len(a) for a in old] == [len(a) for a in new]
    assert old[0] == new[0], "what is outside of all markers"
    assert all(WRITTEN in inner for inner in new[1])


def test_a_figure_opens_no_quote(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A marker after a sign that is left open would be quoted by its own figure: one line."""
    path = tmp_path / "a.md"
    path.write_bytes(b"\n`" + ASKED)
    assert main(["embed", str(path)]) == 2
    assert "a.md:2: expected a marker that stays one" in capsys.readouterr().err
    assert path.read_bytes() == b"\n`" + ASKED


def regions_of(data: bytes) -> tuple[list[bytes], list[bytes]]:
    """Return what is outside of markers, closing ones without digests, and what is inside."""
    made = document(Path("a.md"), data)
    outside, inside, done = [], [], 0
    for region in regions(made.text, format_of(made.path)):
        outside.append(made.encode(made.text[done : region.start]))
        inside.append(made.encode(made.text[region.start : region.end]))
        done = region.after
    return [*outside, made.encode(made.text[done:])], inside


SIGNS = """<!-- --> workspan: /workspan % .. // /* */ ` ``` \\ \\verb| \\begin{verbatim}
\\end{verbatim} :: <script> x"""
SOUP = st.lists(st.sampled_from([*SIGNS.split(), " ", "\n", "\r\n"]), max_size=25).map("".join)


@given(SOUP, st.sampled_from(sorted(FORMATS)))
@settings(max_examples=200, deadline=None)
def test_any_signs_are_markers_or_one_line(text: str, ending: str) -> None:
    """Whatever stands in a document, markers are in order and apart, or a line says what is wrong."""
    try:
        found = regions(text, format_of(Path(f"a{ending}")))
    except EmbeddingError as error:
        line = re.match(r"line ([0-9]+): expected ", str(error))
        assert line
        assert 1 <= int(line[1]) <= len(re.split(r"\r\n|\r|\n", text))
        return
    places = [p for r in found for p in (r.start, r.end, r.after)]
    assert places == sorted(places)
    assert places[-1:] <= [len(text)]


KINDS = {
    "grid": "table rnn attention --figures work,state --at n=8,d=4",
    "console": "table rnn --figures params --style console",
    "figure": "figure rnn work --at n=8,d=4 --show value",
    "plot": "plot rnn attention --figure work --output p.svg",
    "picture": "picture rnn --output q.svg",
}
MARKS = {
    ".md": ("<!-- workspan: {} -->", "<!-- /workspan -->"),
    ".html": ("<!-- workspan: {} -->", "<!-- /workspan -->"),
    ".rst": (".. workspan: {}", ".. /workspan"),
    ".py": ("    .. workspan: {}", "    .. /workspan"),
    ".tex": ("% workspan: {}", "% /workspan"),
    ".typ": ("// workspan: {}", "// /workspan"),
}


@pytest.mark.parametrize("ending", MARKS)
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_embed_then_check_is_clean(
    ending: str, end: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What embed wrote is what it should be, in every format and of every kind."""
    path = tmp_path / f"a{ending}"
    first, last = MARKS[ending]
    lines = [line for kind in KINDS.values() for line in (first.format(kind), last, "", "text", "")]
    text = end.join(['"""Text.', "", *lines, '"""'] if ending == ".py" else lines)
    path.write_bytes(text.encode())
    assert main(["embed", str(path)]) == 0
    made = path.read_bytes()
    assert main(["embed", "--check", "--explain", str(path)]) == 0, capsys.readouterr().out
    assert main(["embed", str(path)]) == 0
    assert path.read_bytes() == made
    assert made.count(b"figure=") == len(KINDS)
    assert end == "\n" or made.count(b"\n") == made.count(b"\r\n")
    if ending == ".py":
        compile(made, "a.py", "exec")
