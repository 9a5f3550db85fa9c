"""Filling derives what stands between markers, and leaves all else as it is, byte for byte."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workspan.analysis.deriving import derive
from workspan.analysis.witnesses import measured
from workspan.graphs.models import CATALOGUE
from workspan.graphs.setting import Setting
from workspan.graphs.sizes import poly
from workspan.graphs.tracing import trace
from workspan.reports.cli import main
from workspan.reports.commands.loading import load
from workspan.reports.commands.options import PLOTS
from workspan.reports.embedding.checking import difference
from workspan.reports.embedding.deriving import Deriver
from workspan.reports.embedding.directives import parse
from workspan.reports.embedding.documents import document, held
from workspan.reports.embedding.errors import EmbeddingError
from workspan.reports.embedding.filling import Filled, fill
from workspan.reports.embedding.saving import save

DERIVER = Deriver({}, "1.0")
DIRECTIVES = (
    "figure lstm work",
    "figure attention work --at n=8,d=4 --show value",
    "table lstm --figures params,state",
    "table rnn attention --figures params --show formula",
)
PAIRS = {
    ".md": ("<!-- workspan: {} -->", "<!-- /workspan{} -->"),
    ".rst": (".. workspan: {}", ".. /workspan{}"),
    ".tex": ("% workspan: {}", "% /workspan{}"),
    ".typ": ("/* workspan: {} */", "/* /workspan{} */"),
    ".html": ("<!-- workspan: {} -->", "<!-- /workspan{} -->"),
}
ENDS = st.sampled_from(["\n", "\r\n", "\r"])
# Signs that open a comment or shown text would make a marker part of something else.
PLAIN = st.text(
    st.characters(blacklist_characters="`~%/*\\<.-:\r\n\x00", codec="utf-8"), max_size=30
)
LINES = st.lists(PLAIN, max_size=4)


def filled(path: str, data: bytes, deriver: Deriver = DERIVER) -> Filled:
    """Fill bytes that stand in no file."""
    return fill(document(Path(path), data), deriver)


@st.composite
def documents(draw: st.DrawFn) -> tuple[str, str, list[str]]:
    """Draw a document with markers: its name, its encoding, and what stands outside markers."""
    ending = draw(st.sampled_from(sorted(PAIRS)))
    opening, _ = PAIRS[ending]
    encoding = draw(st.sampled_from(["utf-8", "utf-8-sig", "utf-16-le"]))
    end = draw(ENDS)
    pieces, before = [], "" if encoding == "utf-8" else "\ufeff"
    for directive in draw(st.lists(st.sampled_from(DIRECTIVES), max_size=3)):
        before += "".join(f"{line}{draw(ENDS)}" for line in draw(LINES)) + end
        pieces.append(before + opening.format(directive) + end)
        before = draw(st.sampled_from([end, f"  {end}", f"\t{end}{end}"]))
    codec = "utf-16-le" if encoding == "utf-16-le" else "utf-8"
    return f"a{ending}", codec, [*pieces, before + draw(PLAIN)]


def put_together(name: str, codec: str, pieces: list[str], old: str) -> bytes:
    """Return a document with something between its markers."""
    _, closing = PAIRS[Path(name).suffix]
    inner = f"{old}\n{closing.format('')}"
    return inner.join(pieces).encode(codec)


@given(documents(), PLAIN)
@settings(max_examples=60, deadline=None)
def test_text_outside_markers_is_untouched(drawn: tuple[str, str, list[str]], old: str) -> None:
    """Byte for byte, a filled document is its own text around what stands between its markers."""
    name, codec, pieces = drawn
    made = filled(name, put_together(name, codec, pieces, old)).data
    _, closing = PAIRS[Path(name).suffix]
    digests = r" figure=\w+ setting=\w+ model=[\w,]+ version=1\.0"
    last = re.escape(closing).replace(r"\{\}", digests)
    # The end of the opening marker's line is the first thing between the markers.
    outside = [re.escape(p.rstrip("\r\n")) for p in pieces[:-1]]
    between = rf"(?:(?!/workspan).)*?{last}"
    pattern = between.join([*outside, re.escape(pieces[-1])])
    assert re.fullmatch(pattern, made.decode(codec), re.DOTALL)


@given(documents(), PLAIN)
@settings(max_examples=60, deadline=None)
def test_filling_twice_is_filling_once(drawn: tuple[str, str, list[str]], old: str) -> None:
    """What was filled is what it should be, and says so for each marker."""
    name, codec, pieces = drawn
    once = filled(name, put_together(name, codec, pieces, old))
    again = filled(name, once.data)
    assert again.data == once.data
    assert not again.changed
    assert all(reason.endswith("as it was") for reason in again.reasons)


def test_a_figure_in_restructuredtext_stands_within_a_line() -> None:
    """A substitution between markers is what its name stands for, wherever the text says it."""
    core = pytest.importorskip("docutils.core")
    text = (
        "Work: |lstm-work|.\n\n.. workspan: figure lstm work --at n=64,d=32 --name lstm-work\n\n"
        ".. /workspan\n"
    )
    made = filled("a.rst", text.encode()).data.decode()
    parts = core.publish_parts(made, writer="html5", settings_overrides={"report_level": 1})
    assert "<p>Work: 1,091,584.</p>" in parts["body"]
    assert "system-message" not in parts["body"]


def test_what_is_filled_in_a_note_does_not_end_it() -> None:
    """A console within fences has fences of its own, and the marker after it is found."""
    marker = "<!-- workspan: table lstm --figures state --style console -->\n<!-- /workspan -->\n"
    text = f"```{{note}}\n{marker}\n```\n\n{marker}"
    once = filled("a.md", text.encode())
    assert once.data.decode().count("\n```\n") == 2
    assert once.data.decode().count("\n~~~console\n") == 1
    assert len(once.reasons) == 2
    assert not filled("a.md", once.data).changed


@pytest.mark.parametrize("encoding", ["utf-8", "latin-1", "utf-16"])
def test_encodings_stay(encoding: str) -> None:
    """An accent outside the markers is the same bytes, whatever the encoding is."""
    text = "é <!-- workspan: figure lstm work -->?<!-- /workspan --> é"
    made = filled("a.md", text.encode(encoding)).data.decode(encoding)
    assert made.startswith("é <!--")
    assert made.endswith("--> é")
    assert "`16*d**2*n" in made


def test_a_figure_is_what_is_derived() -> None:
    """A formula between markers is that of the derivation, and a value is the formula's."""
    text = b"<!-- workspan: figure rnn work --><!-- /workspan -->"
    formula = derive("work", trace(CATALOGUE["rnn"]), Setting()).formula
    assert formula is not None
    written = re.search(r"`(.*)`", filled("a.md", text).data.decode())
    assert written is not None
    assert poly(written[1]) == formula
    text = b"<!-- workspan: figure rnn work --at n=9,d=4 --><!-- /workspan -->"
    assert f"-->{formula.evaluate(n=9, d=4):,}<!--" in filled("a.md", text).data.decode()


def test_values_at_several_sizes_are_listed() -> None:
    """A formula equals each value at its own sizes, and no value another one."""
    text = b"<!-- workspan: table rnn --figures state --at d=3 --at d=5 -->\n<!-- /workspan -->"
    made = filled("a.md", text).data.decode()
    assert "| `d` = 3; 5 |" in made
    assert "At d=3; d=5." in made


@pytest.mark.parametrize(
    ("directive", "told"),
    [
        ("tabel lstm", "did you mean table"),
        ("table lstn", "did you mean lstm"),
        ("table", "expected table as in"),
        ("table lstm lstm", "each model once"),
        ("table lstm --figures wrk", "did you mean work"),
        ("table lstm --unit furlong", "expected unit to be one of"),
        ("table lstm --at n=0", "from 1 to"),
        ("table lstm --at q=3", "one of the sizes"),
        ("table lstm --at", "a value after --at"),
        ("table 'lstm", "quotes in pairs"),
        ("figure attention state", "to have a formula"),
        ("figure lstm work --show value", "expected --at"),
        ("figure lstm work --at n=8 --show value", "expected sizes for d"),
        ("figure evil.py:f work", "run embed with --model evil.py:f"),
        ("plot lstm --figure work --output ../x.svg", "expected --output such as"),
        ("plot lstm --figure work --output /x.svg", "expected --output such as"),
        ("plot lstm --output x.svg", "expected plot as in 'plot growth lstm"),
        (
            "plot roofline lstm --output x.svg --machine b200",
            "expected --machine to be one of a100",
        ),
        ("plot roofline lstm --output x.svg --machine a.toml", "to be one of a100"),
        ("plot memory lstm --figures work --output x.svg", "of kind growth only"),
        ("plot memory lstm --at n=4 --at n=8 --output x.svg", "expected --at once"),
        ("plot gradient llama --output x.svg", "expected a gradient to reach tokens"),
        ("picture lstm --at L=65 --output x.svg", "at most 64"),
    ],
)
def test_what_makes_no_sense_is_named_with_its_line(directive: str, told: str) -> None:
    """A marker that asks for what there is not says the file, the line and the way out."""
    text = f"\n<!-- workspan: {directive} -->\n<!-- /workspan -->".encode()
    with pytest.raises(EmbeddingError, match=rf"^a\.md:2: .*{re.escape(told)}"):
        filled("a.md", text)


def test_a_document_alone_runs_no_code(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A file that only the document names is not imported; one of the command line is."""
    model = tmp_path / "own.py"
    ran = tmp_path / "ran"
    model.write_text(
        f"import workspan as ws\nopen({str(ran)!r}, 'w').close()\n"
        "def own(x):\n    return ws.linear(x, 'd')\n",
        encoding="utf-8",
    )
    path = tmp_path / "a.md"
    text = f"<!-- workspan: figure '{model}:own' params -->?<!-- /workspan -->"
    path.write_text(text, encoding="utf-8")
    assert main(["embed", str(path)]) == 2
    assert "--model" in capsys.readouterr().err
    assert not ran.exists()
    assert path.read_text(encoding="utf-8") == text
    assert main(["embed", str(path), "--model", f"{model}:own"]) == 0
    assert "`d**2 + d`" in path.read_text(encoding="utf-8")


def test_check_finds_what_differs_and_says_what_repairs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A changed figure fails and nothing is written; the command that is printed repairs it."""
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "a b.md"
    data = b"x <!-- workspan: figure lstm params -->?<!-- /workspan --> no end"
    path.write_bytes(data)
    assert main(["embed", "--check", "a b.md"]) == 1
    told = capsys.readouterr().out
    assert path.read_bytes() == data
    assert told.startswith("--- a b.md")
    assert "\n\\ No newline at end of file\n" in told
    assert told.splitlines()[-1] == "workspan embed 'a b.md'"
    assert main(["embed", "a b.md"]) == 0
    assert main(["embed", "--check", "a b.md"]) == 0
    good = path.read_bytes()
    path.write_bytes(good.replace(b"8*d", b"9*d"))
    assert main(["embed", "--check", "a b.md"]) == 1
    capsys.readouterr()
    assert main(["embed", "--explain", "a b.md"]) == 1
    assert "the text between the markers, by other hands" in capsys.readouterr().out
    assert main(["embed", "a b.md"]) == 0
    assert path.read_bytes() == good


@pytest.mark.skipif(shutil.which("patch") is None, reason="no patch here")
def test_the_diff_is_a_patch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Applying what --check prints gives the document that embed writes."""
    monkeypatch.chdir(tmp_path)
    text = "a\n<!-- workspan: table lstm --figures work -->\nold\n<!-- /workspan -->\nlast"
    made = filled("a.md", text.encode())
    Path("a.md").write_text(text, encoding="utf-8")
    shown = difference(made).encode()
    subprocess.run(["patch", "-p0"], input=shown, check=True, capture_output=True, timeout=30)
    assert Path("a.md").read_bytes() == made.data


def note(directive: str) -> str:
    """Return the line under a table that says where its witnesses were taken."""
    text = f"<!-- workspan: table {directive} -->\n<!-- /workspan -->".encode()
    (line,) = (x for x in filled("a.md", text).data.decode().splitlines() if "Witnesses" in x)
    return line


def test_a_table_says_where_its_witnesses_were_taken() -> None:
    """Sizes that can be unrolled and run are, others are counted as not, and all say so."""
    asked = "lstm attention --figures work,span"
    assert note(asked).endswith("4 run. Witnesses were taken at small sizes.")
    assert "at n=9, d=4 (4 measured, 4 run), otherwise at small" in note(f"{asked} --at n=9,d=4")
    far = note(f"{asked} --at n=9,d=4 --at n=1000000000000,d=4")
    assert re.search(
        r"at n=9, d=4 \(4 .*?\), at n=1000000000000, d=4 \([0-3] measured, 0 run\)", far
    )
    assert "4 measured, 4 run. Witnesses" in far


def test_a_witness_at_the_sizes_of_a_table_can_disagree(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is counted at the sizes that are asked for is held against the formula."""
    monkeypatch.setattr(
        "workspan.analysis.api.measured",
        lambda name, graph, setting, at: 1 if at["n"] == 9 else measured(name, graph, setting, at),
    )
    text = b"<!-- workspan: table lstm --figures work%s -->\n<!-- /workspan -->"
    assert b"DISAGREE" in filled("a.md", text % b" --at n=9,d=4").data
    assert b"DISAGREE" not in filled("a.md", text % b"").data


LINEAR = "import workspan as ws\ndef own(x):\n    return ws.linear(x, 'd')\n"
CAUSES = {
    "model": "the model own",
    "setting": "the setting, or what is asked for",
    "library": "the library (1.0 -> 2.0)",
    "hands": "the text between the markers, by other hands",
    "figure": "the figure",
}


@pytest.mark.parametrize(
    "causes",
    [
        (),
        ("model",),
        ("setting",),
        ("library",),
        ("hands",),
        ("model", "figure"),
        ("setting", "model", "library"),
        ("library", "hands"),
    ],
    ids=lambda causes: "-".join(causes) or "nothing",
)
def test_explain_names_each_cause_and_no_other(causes: tuple[str, ...], tmp_path: Path) -> None:
    """One model of two, the setting, the library and other hands are told apart; edits come last."""
    model = tmp_path / "own.py"

    def embedded(data: bytes, version: str = "1.0") -> Filled:
        return filled("a.md", data, Deriver({"own": load(f"{model}:own")}, version))

    model.write_text(LINEAR, encoding="utf-8")
    text = b"<!-- workspan: table rnn own --figures params -->\n<!-- /workspan -->"
    assert "never filled" in embedded(text).reasons[0]
    data = embedded(text).data
    if "figure" in causes:
        model.write_text(LINEAR.replace("return ", "x = ws.linear(x, 'd')\n    return "), "utf-8")
    elif "model" in causes:
        model.write_text(LINEAR.replace("return ", "return ws.tanh(").strip() + ")\n", "utf-8")
    if "setting" in causes:
        data = data.replace(b"own --figures", b"own --unit layer --figures")
    if "hands" in causes:
        data = data.replace(b"cells", b"boxes")
    (reason,) = embedded(data, "2.0" if "library" in causes else "1.0").reasons
    # What other hands did is not looked for where the digest explains a difference.
    told = [CAUSES[c] for c in causes if c != "hands" or causes == ("hands",)]
    if not causes:
        assert reason.endswith(": as it was")
    else:
        found = reason.partition("changed: ")[2].split("; ")
        assert [f for f in found if f != CAUSES["figure"] or "figure" in causes] == told


def test_pictures_stand_beside_the_document(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A picture is written, checked and made anew; another file of that name is left alone."""
    path = tmp_path / "a.md"
    path.write_text(
        "<!-- workspan: plot lstm attention --figure work --output p/w.svg -->\n"
        "<!-- /workspan -->\n<!-- workspan: picture lstm --at L=2 --output g.svg -->\n"
        "<!-- /workspan -->\n",
        encoding="utf-8",
    )
    assert main(["embed", str(path)]) == 0
    plot = tmp_path / "p" / "w.svg"
    good = plot.read_bytes()
    assert b"</svg>" in good
    assert (tmp_path / "g.svg").is_file()
    plot.unlink()
    capsys.readouterr()
    assert main(["embed", "--check", "--explain", str(path)]) == 1
    told = capsys.readouterr().out
    assert "changed: the file p/w.svg" in told
    assert f"Only derived: {plot}" in told
    assert main(["embed", str(path)]) == 0
    assert plot.read_bytes() == good
    plot.write_bytes(b"<svg>mine</svg>")
    capsys.readouterr()
    assert main(["embed", str(path)]) == 2
    assert "another file" in capsys.readouterr().err
    assert plot.read_bytes() == b"<svg>mine</svg>"


@pytest.mark.parametrize("kind", PLOTS)
def test_plots_of_every_kind_stand_beside_the_document(kind: str, tmp_path: Path) -> None:
    """Each is filled at its sizes, and checks as what it should be."""
    path = tmp_path / "a.md"
    figures = "--figures work " if kind == "growth" else ""
    path.write_text(
        f"<!-- workspan: plot {kind} rnn attention {figures}--at d=8 --output p.svg -->\n"
        "<!-- /workspan -->\n",
        encoding="utf-8",
    )
    assert main(["embed", str(path)]) == 0
    assert "d=8" in (tmp_path / "p.svg").read_text(encoding="utf-8")
    assert ": rnn, attention](p.svg)" in path.read_text(encoding="utf-8")
    assert main(["embed", "--check", str(path)]) == 0


def test_a_plot_without_a_kind_is_one_of_growth() -> None:
    """The directive that names a figure alone asks for the same picture."""
    deriver = Deriver({}, "0")
    old = deriver.derive(parse("plot lstm gru --figure work --output p.svg"))
    new = deriver.derive(parse("plot growth lstm gru --figures work --output p.svg"))
    assert old.files == new.files
    assert parse("plot memory lstm --output p.svg").models == ("lstm",)


def test_a_picture_leaves_the_folder_by_no_link(tmp_path: Path) -> None:
    """A folder that is a link to elsewhere is not written to."""
    folder, away = tmp_path / "here", tmp_path / "away"
    folder.mkdir()
    away.mkdir()
    (folder / "p").symlink_to(away)
    text = b"<!-- workspan: picture lstm --output p/g.svg -->\n<!-- /workspan -->\n"
    with pytest.raises(EmbeddingError, match="beside the document"):
        filled(str(folder / "a.md"), text)


def test_links_to_a_document(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A document named twice is filled once and its link stays; links in a ring are one line."""
    path, link, ring = (tmp_path / name for name in ("a.md", "b.md", "ring.md"))
    path.write_bytes(b"<!-- workspan: figure lstm params --><!-- /workspan -->")
    link.symlink_to(path)
    ring.symlink_to(ring)
    assert main(["embed", str(path), str(link)]) == 0
    assert link.is_symlink()
    assert b"8*d" in path.read_bytes()
    capsys.readouterr()
    assert main(["embed", str(ring)]) == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_a_document_that_changes_meanwhile_is_left_alone(tmp_path: Path) -> None:
    """What somebody writes while figures are derived is not lost."""
    path = tmp_path / "a.md"
    data = b"<!-- workspan: figure lstm params --><!-- /workspan -->"
    path.write_bytes(data + b" more")
    with pytest.raises(EmbeddingError, match="left alone"):
        save(fill(document(path, data), DERIVER))
    assert path.read_bytes() == data + b" more"
    assert [p.name for p in tmp_path.iterdir()] == ["a.md"]


def test_an_interrupted_embed_leaves_the_document(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ctrl-C at the last moment leaves the document as it was, and nothing beside it."""
    path = tmp_path / "a.md"
    data = b"<!-- workspan: figure lstm params --><!-- /workspan -->"
    path.write_bytes(data)

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Path, "replace", interrupt)
    assert main(["embed", str(path)]) == 130
    assert path.read_bytes() == data
    assert [p.name for p in tmp_path.iterdir()] == ["a.md"]


def test_a_read_only_document_keeps_its_pictures_from_being_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """If a document may not be written, no other file is, and a check still works."""
    path = tmp_path / "a.md"
    path.write_text(
        "<!-- workspan: picture lstm --output g.svg -->\n<!-- /workspan -->\n", encoding="utf-8"
    )
    monkeypatch.setattr(os, "access", lambda *_: False)
    assert main(["embed", str(path)]) == 2
    assert "the file is read-only" in capsys.readouterr().err
    assert [p.name for p in tmp_path.iterdir()] == ["a.md"]
    assert main(["embed", "--check", str(path)]) == 1


def test_two_embeds_at_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The second one says that another is at work, and a check does not mind."""
    pytest.importorskip("fcntl")
    path = tmp_path / "a.md"
    path.write_text("nothing", encoding="utf-8")
    with held(path):
        assert main(["embed", str(path)]) == 2
        assert "no other embed at work" in capsys.readouterr().err
        assert main(["embed", "--check", str(path)]) == 0
    assert main(["embed", str(path)]) == 0


@pytest.mark.parametrize(
    ("name", "data", "told"),
    [
        ("a.md", None, "found no file"),
        ("a.md", b"a\x00b", "expected text"),
        ("a.docx", b"", "endings"),
        ("a.md", b"\xff\xfe\x00", "expected text"),
        ("a.md", b"<!-- workspan: table lstm -->", "line 1: expected /workspan"),
        ("", b"", "got a folder"),
    ],
)
def test_what_is_no_document_is_one_clear_line(
    tmp_path: Path, name: str, data: bytes | None, told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """A folder, a missing file, bytes that are no text: one line, and nothing is written."""
    path = tmp_path / name
    if name and data is not None:
        path.write_bytes(data)
    good = tmp_path / "good.md"
    good.write_bytes(b"<!-- workspan: figure lstm params --><!-- /workspan -->")
    assert main(["embed", str(good), str(path)]) == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert told in error
    assert good.read_bytes().endswith(b"<!-- /workspan -->")


def test_a_table_in_markdown_is_a_table() -> None:
    """A parser of CommonMark with tables reads rows, and figures as code within a line."""
    markdown_it = pytest.importorskip("markdown_it")
    text = (
        b"<!-- workspan: table lstm attention --figures params,work -->\n<!-- /workspan -->\n\n"
        b"It is <!-- workspan: figure lstm params --><!-- /workspan --> here.\n"
    )
    shown = markdown_it.MarkdownIt().enable("table").render(filled("a.md", text).data.decode())
    assert shown.count("<tr>") == 3
    assert shown.count("<td>") == 6
    assert re.search(
        r"<p>It is <!-- .*? --><code>8\*d\*\*2 .*?</code><!-- .*? --> here.</p>", shown
    )


@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="no TeX here")
def test_a_filled_paper_compiles(tmp_path: Path) -> None:
    """Tables, figures and console output between markers are what LaTeX takes."""
    directives = ("table lstm causal_attention", "figure lstm work")
    console = "table lstm attention --figures work --style console"
    body = "".join(f"% workspan: {d}\n% /workspan\n" for d in (*directives, console))
    text = (
        "\\documentclass{article}\n\\usepackage{amsmath,array,booktabs,longtable,xcolor}\n"
        f"\\begin{{document}}\n{body}\\end{{document}}\n"
    )
    path = tmp_path / "paper.tex"
    path.write_bytes(filled("paper.tex", text.encode()).data)
    command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", path.name]
    run = subprocess.run(command, cwd=tmp_path, capture_output=True, check=False, timeout=60)
    assert run.returncode == 0, run.stdout[-500:]
