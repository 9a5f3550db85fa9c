"""The style of pages and drawings: light and dark, phone and paper."""

PAGE = """
:root {
  --ink: #1b1f24; --quiet: #566070; --paper: #ffffff;
  --line: #d5dae0; --head: #f4f6f8; --link: #0b5cad;
}
@media screen and (prefers-color-scheme: dark) {
  :root {
    --ink: #e6e9ed; --quiet: #9aa5b1; --paper: #14181d;
    --line: #39414a; --head: #22272e; --link: #7cb7f5;
  }
}
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; text-size-adjust: 100%; }
body { margin: 0; background: var(--paper); color: var(--ink); }
body { font: 15px/1.5 system-ui, sans-serif; }
header, nav, main { max-width: 96rem; margin: 0 auto; padding: 0 1rem; }
main { padding-bottom: 3rem; }
h1 { font-size: 1.6rem; margin: 1.5rem 0 0.5rem; }
h2 { font-size: 1.3rem; margin: 2.5rem 0 0.5rem; }
h3 { font-size: 1.1rem; margin: 2rem 0 0.5rem; }
h4 { font-size: 1rem; margin: 1.5rem 0 0.25rem; }
h5 { font-size: 0.95rem; margin: 1rem 0 0.25rem; }
p, li { max-width: 60rem; overflow-wrap: anywhere; }
p { margin: 0.4rem 0; }
a { color: var(--link); }
math { font-size: 1.05em; }
[hidden] { display: none !important; }
:focus-visible { outline: 2px solid var(--link); outline-offset: 2px; }
.skip { position: absolute; left: 1rem; top: -4rem; padding: 0.6rem 1rem; z-index: 1; }
.skip { background: var(--paper); border: 1px solid var(--line); }
.skip:focus { top: 0.5rem; }
nav ul { display: flex; flex-wrap: wrap; gap: 0 1.25rem; list-style: none; padding: 0; margin: 0; }
nav ul { border-bottom: 1px solid var(--line); }
nav a { display: inline-flex; align-items: center; min-height: 2.75rem; }
.quiet, figcaption { color: var(--quiet); font-size: 0.9em; }
.counts { font-weight: 600; }
.heard { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
.heard { bottom: 0; margin: 0; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; margin: 0.75rem 0; }
caption { text-align: left; color: var(--quiet); font-size: 0.9em; padding: 0.25rem 0; }
th, td { border-bottom: 1px solid var(--line); padding: 0.4rem 0.7rem; }
th, td { text-align: left; vertical-align: top; }
thead th { background: var(--head); }
tbody th { font-weight: 600; min-width: 8rem; }
.sheet td { min-width: 9rem; }
.sheet tbody th { position: sticky; left: 0; background: var(--paper); z-index: 1; }
.number { text-align: right; font-variant-numeric: tabular-nums; }
.marks { font-size: 0.85em; }
.marks a { display: inline-block; padding: 0.2rem 0; }
.marks.fitted a { font-style: italic; }
.disagree { color: #ffffff; background: #b91c1c; padding: 0.15rem 0.4rem; }
.disagree { font-weight: 700; }
summary { cursor: pointer; min-height: 1.6rem; color: var(--link); }
main article:target { outline: 2px solid var(--link); outline-offset: 0.5rem; }
figure { margin: 1.5rem 0; }
.plot { display: inline-block; vertical-align: top; max-width: 100%; }
.plot { margin: 0.75rem 1.5rem 0.75rem 0; }
svg { max-width: none; height: auto; }
.plot figcaption { max-width: 40rem; }
.plot svg { max-width: 100%; }
button, fieldset, input { font: inherit; color: inherit; }
.sort { all: unset; cursor: pointer; display: inline-block; min-height: 1.6rem; }
.sort:focus-visible { outline: 2px solid var(--link); outline-offset: 2px; }
.sort::after { content: " \\2195"; color: var(--quiet); }
[aria-sort="ascending"] > .sort::after { content: " \\2191"; color: var(--link); }
[aria-sort="descending"] > .sort::after { content: " \\2193"; color: var(--link); }
tbody .sort::after { content: " \\2194"; }
tbody [aria-sort="ascending"] > .sort::after { content: " \\2192"; }
tbody [aria-sort="descending"] > .sort::after { content: " \\2190"; }
.filter { border: 1px solid var(--line); border-radius: 4px; margin: 0.75rem 0; }
.filter { display: flex; flex-wrap: wrap; gap: 0 1.25rem; max-width: max-content; }
.filter label { display: inline-flex; align-items: center; gap: 0.4rem; min-height: 2.75rem; }
.panel { color: var(--ink); background: var(--paper); border: 1px solid var(--line); }
.panel { width: min(48rem, 100vw); max-width: none; height: 100dvh; max-height: none; }
.panel { margin: 0 0 0 auto; padding: 0 1.25rem 2rem; overscroll-behavior: contain; }
.panel::backdrop { background: rgb(0 0 0 / 0.4); }
.panel .back { display: none; }
.panel article { overflow-wrap: anywhere; }
.tools { position: sticky; top: 0; display: flex; gap: 0.5rem; padding: 0.75rem 0; }
.tools { background: var(--paper); z-index: 1; }
.tools button { min-height: 2.75rem; padding: 0 1rem; cursor: pointer; }
.tools button { background: var(--head); border: 1px solid var(--line); border-radius: 4px; }
@media (pointer: coarse) {
  .sort, .marks a, .back a { display: inline-flex; align-items: center; min-height: 2.75rem; }
  .sort { gap: 0.35em; }
  summary { line-height: 2.75rem; }
  .filter input { width: 1.4rem; height: 1.4rem; }
}
@media screen and (max-width: 50rem) {
  .stacked, .stacked :is(tbody, tr, th, td, caption) { display: block; }
  .stacked thead tr { display: flex; flex-wrap: wrap; background: var(--head); }
  .stacked thead th[data-model] { display: none; }
  .stacked tbody th { position: static; background: var(--head); padding: 0.6rem 0.7rem; }
  .stacked td { overflow-x: auto; overflow-wrap: anywhere; }
  .stacked td::before { content: attr(data-label); display: block; font-weight: 600; }
  .stacked thead th { border: none; }
  .stacked:not(.sheet) tr { border-bottom: 1px solid var(--quiet); }
  .stacked:not(.sheet) td { display: grid; grid-template-columns: 7rem 1fr; }
  .stacked:not(.sheet) td { justify-items: start; border: none; }
  .stacked td:empty { display: none; }
  article p { overflow-x: auto; }
  .plot { display: block; margin: 0.75rem 0; }
  .plot svg { max-width: none; }
}
@media print {
  @page { size: A4; margin: 1.5cm; }
  body { font-size: 9pt; line-height: 1.35; }
  header, nav, main { padding: 0; max-width: none; }
  nav, .skip, .filter, .heard, .back, .panel { display: none; }
  h1, h2, h3, h4, h5, caption { break-after: avoid; }
  h2 { margin-top: 1.5rem; }
  .wide { overflow: visible; }
  .sort::after { content: none !important; }
  a { color: inherit; text-decoration: none; }
  th, td { padding: 0.25rem 0.5rem; overflow-wrap: break-word; }
  thead, tr, li, figure, p { break-inside: avoid; }
  .filtered tr { break-inside: auto; }
  table { max-width: 100%; }
  .sheet, .sheet :is(tbody, th, caption) { display: block; }
  .sheet thead { display: none; }
  .sheet tr { display: grid; grid-template-columns: repeat(3, 1fr); }
  .sheet tbody th { position: static; grid-column: 1 / -1; background: var(--head); }
  .sheet td { min-width: 0; padding: 0.1rem 0.5rem; line-height: 1.25; }
  .sheet td::before { content: attr(data-label); display: block; font-weight: 600; }
  .plot { margin: 0.5rem 0; width: 14cm; }
  .plot.broad { width: 100%; }
  .plot svg { min-width: 0; }
  figure svg { max-width: 100%; }
  details::details-content { content-visibility: visible; display: block; block-size: auto; }
  details > summary { display: none; }
  #cells > section { columns: 2; column-gap: 2rem; font-size: 8pt; }
  #cells > section + section { break-before: page; }
  #cells h3 { column-span: all; }
  #cells h4 { font-size: 9.5pt; margin-top: 0.75rem; }
  #cells h5 { font-size: 8pt; margin-top: 0.5rem; }
  .stacked:not(.sheet) { table-layout: fixed; width: 100%; }
  .stacked:not(.sheet) :is(th, td) { overflow-wrap: anywhere; }
  .filtered th:nth-child(2) { width: 15%; }
  .filtered th:nth-child(3) { width: 50%; }
  #crossovers table { font-size: 8pt; }
  #crossovers th:nth-child(-n+2) { width: 17%; }
  ol, ul { padding-left: 1.5rem; }
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
@media screen and (prefers-color-scheme: dark) {
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

POSITIONS = 24
"""Positions of a drawing in time that can be pointed at."""

CONES = """
.ws .wait { fill: none; stroke: #8b96a3; stroke-width: 0.8; }
.ws .depth { fill: none; stroke: #8b96a3; stroke-width: 0.5; stroke-dasharray: 1 3; }
.ws .task { fill: #4b7fb5; stroke: none; }
.ws path.fades { fill: none; }
.ws .task.critical { fill: #1b1f24; stroke: none; }
.ws .band { fill: #1b1f24; fill-opacity: 0; stroke: none; }
.ws .row { cursor: pointer; outline: none; }
.ws .row:is(:hover, :focus-visible) > .band { fill-opacity: 0.07; }
.ws .row:focus-visible > .band { stroke: #0b5cad; stroke-width: 2; }
.ws:has(.row:is(:hover, :focus-visible)) .fades { opacity: 0.12; }
@media screen and (prefers-color-scheme: dark) {
  .ws .task { fill: #5d9bd8; }
  .ws .band { fill: #ffffff; }
  .ws .task.critical { fill: #f5f7fa; }
  .ws .row:focus-visible > .band { stroke: #7cb7f5; }
}
@media print { .ws .fades { opacity: 1 !important; } }
""" + "".join(
    f".ws:has(.p{k}:is(:hover, :focus-visible)) .r{k} {{ opacity: 1; }}\n" for k in range(POSITIONS)
)

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
@media screen and (prefers-color-scheme: dark) { svg.ws { background: #14181d; } }
"""


def backed(drawing: str) -> str:
    """Return a picture on paper of its own, which can be read on a page of any colour.

    >>> print(backed('<svg class="ws"><style>a {}</style></svg>'))
    <svg class="ws"><style>a {}
    svg.ws { background: #ffffff; }
    @media screen and (prefers-color-scheme: dark) { svg.ws { background: #14181d; } }
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
@media screen and (prefers-color-scheme: dark) {{
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
