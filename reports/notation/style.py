"""The style of pages and drawings: light and dark, phone and paper."""

PAGE = """
:root {
  --ink: #1b1f24; --quiet: #5b6572; --paper: #ffffff;
  --line: #d5dae0; --head: #f4f6f8; --link: #0b5cad;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ink: #e6e9ed; --quiet: #9aa5b1; --paper: #14181d;
    --line: #39414a; --head: #22272e; --link: #7cb7f5;
  }
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink); }
body { font: 15px/1.5 system-ui, sans-serif; }
main { max-width: 96rem; margin: 0 auto; padding: 1rem; }
h1 { font-size: 1.6rem; margin: 0.5rem 0; }
h2 { font-size: 1.3rem; margin: 2.5rem 0 0.5rem; }
h3 { font-size: 1.1rem; margin: 2rem 0 0.5rem; }
h4 { font-size: 1rem; margin: 1.5rem 0 0.25rem; }
h5 { font-size: 0.95rem; margin: 1rem 0 0.25rem; }
p { max-width: 60rem; margin: 0.4rem 0; }
a { color: var(--link); }
math { font-size: 1.05em; }
.quiet, figcaption { color: var(--quiet); font-size: 0.9em; }
.counts { font-weight: 600; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; margin: 0.75rem 0; }
th, td { border-bottom: 1px solid var(--line); padding: 0.4rem 0.7rem; }
th, td { text-align: left; vertical-align: top; }
thead th { background: var(--head); }
tbody th { font-weight: 600; min-width: 8rem; }
.sheet td { min-width: 9rem; }
.sheet tbody th { position: sticky; left: 0; background: var(--paper); }
[hidden] { display: none !important; }
.heard { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
caption { text-align: left; color: var(--quiet); font-size: 0.9em; padding: 0.25rem 0; }
.sort { all: unset; cursor: pointer; display: inline-block; min-height: 1.6rem; }
.sort::after { content: " \\2195"; color: var(--quiet); }
[aria-sort="ascending"] > .sort::after { content: " \\2191"; color: var(--link); }
[aria-sort="descending"] > .sort::after { content: " \\2193"; color: var(--link); }
tbody .sort::after { content: " \\2194"; }
tbody [aria-sort="ascending"] > .sort::after { content: " \\2192"; }
tbody [aria-sort="descending"] > .sort::after { content: " \\2190"; }
:focus-visible { outline: 2px solid var(--link); outline-offset: 2px; }
button, fieldset { font: inherit; color: inherit; }
.controls button { min-height: 2.75rem; padding: 0 1rem; cursor: pointer; }
.controls button { background: var(--head); border: 1px solid var(--line); border-radius: 4px; }
.controls { position: sticky; top: 0; display: flex; gap: 0.5rem; padding: 0.75rem 0; }
.controls { background: var(--paper); }
.panel { color: var(--ink); background: var(--paper); border: 1px solid var(--line); }
.panel { width: min(48rem, 100vw); max-width: none; height: 100dvh; max-height: none; }
.panel { margin: 0 0 0 auto; padding: 0 1.25rem 2rem; overscroll-behavior: contain; }
.panel::backdrop { background: rgb(0 0 0 / 0.4); }
.panel .back { display: none; }
.panel article { overflow-wrap: anywhere; }
.filter { border: 1px solid var(--line); border-radius: 4px; margin: 0.75rem 0; }
.filter { display: flex; flex-wrap: wrap; gap: 0 1.25rem; max-width: max-content; }
.filter label { display: inline-flex; align-items: center; gap: 0.4rem; min-height: 2.5rem; }
.number { text-align: right; font-variant-numeric: tabular-nums; }
.marks { font-size: 0.85em; }
.marks.fitted a { font-style: italic; }
.disagree { color: #ffffff; background: #b91c1c; padding: 0.15rem 0.4rem; }
.disagree { font-weight: 700; }
main article:target { outline: 2px solid var(--link); outline-offset: 0.5rem; }
figure { margin: 1.5rem 0; }
.plot { display: inline-block; vertical-align: top; max-width: 100%; }
.plot { margin: 0.75rem 1.5rem 0.75rem 0; }
svg { max-width: none; height: auto; }
.plot figcaption { max-width: 40rem; }
.plot svg { max-width: 100%; }
@media (max-width: 50rem) {
  .sheet, .sheet tbody, .sheet tr, .sheet th, .sheet td { display: block; }
  .sheet thead { display: none; }
  .sheet tbody th { position: static; background: var(--head); padding: 0.6rem 0.7rem; }
  .sheet td::before { content: attr(data-label); display: block; font-weight: 600; }
  .sheet td:empty { display: none; }
  .plot svg { max-width: none; }
}
@media print {
  @page { size: A4; margin: 1.5cm; }
  .wide { overflow: visible; }
  .sort::after { content: none !important; }
  .filter { display: none; }
  article, figure, tr { break-inside: avoid; }
  .sheet, .sheet tbody, .sheet th { display: block; }
  .sheet thead { display: none; }
  .sheet tr { display: grid; grid-template-columns: repeat(3, 1fr); }
  .sheet tbody th { position: static; grid-column: 1 / -1; background: var(--head); }
  .sheet td::before { content: attr(data-label); display: block; font-weight: 600; }
  svg { max-width: 100%; }
}
"""

DRAWING = """
.ws text { font: 11px system-ui, 'Liberation Sans', Arial, sans-serif; fill: #1b1f24; }
.ws .title { font-size: 15px; font-weight: 600; }
.ws .quiet { fill: #5b6572; }
.ws .box { fill: #f4f6f8; stroke: #8b96a3; stroke-width: 1; }
.ws .source { fill: #e6f0e6; }
.ws .arrow { fill: none; stroke: #8b96a3; stroke-width: 1.2; }
.ws .head { fill: #8b96a3; stroke: none; }
.ws .gather { stroke: #0f7b6c; stroke-width: 1.6; }
.ws .gather-head, .ws .gather-text { fill: #0f7b6c; }
.ws .time { stroke: #c2410c; stroke-width: 1.8; }
.ws .time-head, .ws .time-text { fill: #c2410c; }
.ws .layer { stroke: #6d28d9; stroke-width: 1.8; stroke-dasharray: 6 3; }
.ws .layer-head, .ws .layer-text { fill: #6d28d9; }
.ws .critical { stroke: #1b1f24; stroke-width: 2.4; }
.ws .critical-head { fill: #1b1f24; }
.ws .gather.critical { stroke: #0f7b6c; }
.ws .gather-head.critical-head { fill: #0f7b6c; }
.ws .paper { fill: #ffffff; }
.ws text.time-text, .ws text.layer-text, .ws text.gather-text { font-weight: 600; }
@media (prefers-color-scheme: dark) {
  .ws text { fill: #e6e9ed; }
  .ws .quiet { fill: #9aa5b1; }
  .ws .box { fill: #22272e; stroke: #6b7684; }
  .ws .source { fill: #1f3324; }
  .ws .arrow { stroke: #6b7684; }
  .ws .head { fill: #6b7684; }
  .ws .gather { stroke: #2dd4bf; }
  .ws .gather-head, .ws .gather-text { fill: #2dd4bf; }
  .ws .time { stroke: #fb923c; }
  .ws .time-head, .ws .time-text { fill: #fb923c; }
  .ws .layer { stroke: #c4b5fd; }
  .ws .layer-head, .ws .layer-text { fill: #c4b5fd; }
  .ws .critical { stroke: #f5f7fa; }
  .ws .critical-head { fill: #f5f7fa; }
  .ws .gather.critical { stroke: #2dd4bf; }
  .ws .gather-head.critical-head { fill: #2dd4bf; }
  .ws .paper { fill: #14181d; }
}
"""

SHOWN = """
div.workspan-shown table { border-collapse: collapse; margin: 0.5rem 0; }
div.workspan-shown th, div.workspan-shown td {
  border: 0 solid rgba(128, 128, 128, 0.45); border-width: 0 0 1px 0;
  padding: 0.35rem 0.7rem; text-align: left; vertical-align: top;
}
div.workspan-shown .wide { overflow-x: auto; }
div.workspan-shown .quiet, div.workspan-shown .marks { opacity: 0.75; font-size: 0.9em; }
div.workspan-shown .disagree { color: #ffffff; background: #b91c1c; font-weight: 700; }
div.workspan-shown .disagree { padding: 0.15rem 0.4rem; }
"""
"""Of a fragment in a page of somebody else: its colours are those of the page, light or dark."""

BACKDROP = """
svg.ws { background: #ffffff; }
@media (prefers-color-scheme: dark) { svg.ws { background: #14181d; } }
"""


def backed(drawing: str) -> str:
    """Return a picture on paper of its own, which can be read on a page of any colour.

    >>> print(backed('<svg class="ws"><style>a {}</style></svg>'))
    <svg class="ws"><style>a {}
    svg.ws { background: #ffffff; }
    @media (prefers-color-scheme: dark) { svg.ws { background: #14181d; } }
    </style></svg>
    """
    return drawing.replace("</style>", f"{BACKDROP}</style>", 1)


SERIES = (
    "#1f6fb4", "#c2500a", "#12805c", "#6a51a3", "#c51b7d",
    "#4d7c0f", "#8a5a12", "#a87400", "#5f6b76",
)  # fmt: skip
"""Colours of series, in contrast of 3 or more with white (WCAG 2.1, 1.4.11)."""
DARK_SERIES = (
    "#6bb3f0", "#fb923c", "#4fd1a5", "#b8a6f0", "#f472b6",
    "#a3d65c", "#d6a15e", "#f2cc4d", "#aab4be",
)  # fmt: skip
"""The same, in contrast with a dark page."""


def _series(colours: tuple[str, ...]) -> str:
    return "\n".join(
        f".plot .s{k} {{ stroke: {c}; }} .plot .dot.s{k}, .plot .area.s{k} {{ fill: {c}; }}"
        for k, c in enumerate(colours)
    )


PLOT = f"""
svg.plot {{ background: #ffffff; }}
.plot text {{ font: 11px system-ui, 'Liberation Sans', Arial, sans-serif; fill: #1b1f24; }}
.plot .head {{ font-size: 13px; font-weight: 600; }}
.plot .name {{ font-weight: 600; }}
.plot .quiet {{ fill: #5b6572; }}
.plot .grid {{ stroke: #d5dae0; fill: none; }}
.plot .leader {{ stroke: #8b96a3; fill: none; stroke-width: 0.8; }}
.plot .mark {{ fill: #1b1f24; }}
.plot .ring, .plot .mean {{ stroke: #1b1f24; fill: none; stroke-width: 1.3; }}
.plot .mean {{ stroke-dasharray: 5 3; }}
.plot .roof {{ stroke: #1b1f24; fill: none; stroke-width: 2; }}
.plot .minor {{ stroke-dasharray: 5 4; stroke-width: 1.2; }}
.plot .line {{ fill: none; stroke-width: 2; }}
.plot .area {{ fill-opacity: 0.3; stroke-width: 1; }}
.plot .area.strong {{ fill-opacity: 0.9; }}
{_series(SERIES)}
@media (prefers-color-scheme: dark) {{
svg.plot {{ background: #14181d; }}
.plot text {{ fill: #e6e9ed; }}
.plot .quiet {{ fill: #9aa5b1; }}
.plot .grid {{ stroke: #39414a; }}
.plot .leader {{ stroke: #6b7684; }}
.plot .mark {{ fill: #e6e9ed; }}
.plot .ring, .plot .mean, .plot .roof {{ stroke: #e6e9ed; }}
{_series(DARK_SERIES)}
}}
"""
"""The style of plots, in a page and in files of their own."""
