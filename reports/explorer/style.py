"""How the explorer looks: light and dark, with a mouse, on a phone, on paper."""

EXPLORE = """
:root {
  --line-0: #1668b8; --line-1: #c2470a; --line-2: #0d7f5f; --line-3: #7a4fc4; --line-4: #c4206f;
  --line-5: #4d7c0f; --line-6: #8a5a10; --line-7: #a37800; --line-8: #5f6b78;
  --accent: #0b5cad; --wrong: #b91c1c;
}
@media screen and (prefers-color-scheme: dark) {
  :root {
    --line-0: #6db3f2; --line-1: #ff9a5c; --line-2: #3fcf9f; --line-3: #b79cf5; --line-4: #ff7db5;
    --line-5: #a5d34f; --line-6: #d9a860; --line-7: #f0cf4a; --line-8: #a9b4c0;
    --accent: #7cb7f5; --wrong: #ff8b8b;
  }
}
.line-0 { --own: var(--line-0); } .line-1 { --own: var(--line-1); }
.line-2 { --own: var(--line-2); } .line-3 { --own: var(--line-3); }
.line-4 { --own: var(--line-4); } .line-5 { --own: var(--line-5); }
.line-6 { --own: var(--line-6); } .line-7 { --own: var(--line-7); }
.line-8 { --own: var(--line-8); }
#explore { scroll-margin-top: 1rem; }
#explore form { display: grid; gap: 0.75rem; margin: 0.75rem 0; }
@media (min-width: 64rem) {
  #explore form { grid-template-columns: 1fr 1fr; }
  #explore fieldset:last-of-type { grid-column: 1 / -1; }
}
#explore fieldset { border: 1px solid var(--line); border-radius: 6px; margin: 0; min-width: 0; }
#explore fieldset { padding: 0.4rem 0.9rem 0.8rem; }
#explore legend { font-weight: 600; padding: 0 0.3rem; }
#explore .choices { display: grid; gap: 0.5rem 1.25rem; }
#explore .choices { grid-template-columns: repeat(auto-fill, minmax(8.2rem, 1fr)); }
#explore .choices label { display: block; font-size: 0.9em; color: var(--quiet); }
#explore .choices input, #explore .choices select { font: inherit; color: var(--ink); width: 100%; }
#explore .choices select, #explore .choices input[type="number"], #explore .copy {
  min-height: 2.5rem; padding: 0.3rem 0.5rem; background: var(--paper);
  border: 1px solid var(--quiet); border-radius: 4px;
}
#explore .choices input[type="number"] { font-variant-numeric: tabular-nums; }
#explore .choices input[type="range"] { min-height: 2.5rem; margin: 0; accent-color: var(--accent); }
#explore .choices [aria-invalid] { border-color: var(--wrong); outline: 1px solid var(--wrong); }
#explore .copy { font: inherit; color: var(--ink); cursor: pointer; align-self: end; }
#explore .copy:hover { border-color: var(--accent); }
#explore :focus-visible { outline: 3px solid var(--accent); outline-offset: 1px; }
#explore summary { cursor: pointer; min-height: 1.5rem; }
#explore .hint { display: block; min-height: 1.3em; font-size: 0.8em; color: var(--quiet); }
#explore .note { color: var(--wrong); }
#explore .note:empty { display: none; }
#explore .told { font-weight: 600; min-height: 1.5em; }
#explore .columns { display: grid; gap: 1rem 2.5rem; align-items: start; }
#explore .columns > * { min-width: 0; }
@media (min-width: 64rem) { #explore .columns { grid-template-columns: minmax(20rem, 5fr) 7fr; } }
#explore .ranking { margin: 0.5rem 0; padding-left: 2.2rem; }
#explore .ranking li { padding: 0.15rem 0; }
#explore .ranking li::marker { font-variant-numeric: tabular-nums; color: var(--quiet); }
#explore .ranking .line { display: flex; flex-wrap: wrap; gap: 0 1rem; }
#explore .ranking .line { justify-content: space-between; align-items: baseline; }
#explore .ranking .name { font-weight: 600; }
#explore .ranking .value { font-variant-numeric: tabular-nums; text-align: right; }
#explore .ranking li > .quiet { display: block; line-height: 1.3; }
#explore .track { display: block; height: 0.6rem; background: var(--head); border-radius: 3px; }
#explore .bar { display: block; height: 100%; background: var(--own); border-radius: 3px; }
#explore .bar { transition: width 0.15s ease-out; }
#explore .without { padding-left: 1.2rem; color: var(--quiet); font-size: 0.9em; }
#explore .without:empty { display: none; }
#explore .digits { overflow-wrap: anywhere; font-variant-numeric: tabular-nums; }
#explore figure.curves { margin: 0; }
#explore .drawing { min-height: 20rem; }
#explore .curves svg { display: block; max-width: 100%; }
#explore .curves text { font: 12px system-ui, sans-serif; fill: var(--ink); }
#explore .curves text[class] { fill: var(--own); font-weight: 600; }
#explore .curves .grid { stroke: var(--line); fill: none; }
#explore .curves .here { stroke: var(--quiet); stroke-dasharray: 3 3; fill: none; }
#explore .curves .curve { fill: none; stroke: var(--own); stroke-width: 2; stroke-linejoin: round; }
#explore .curves .lead { fill: none; stroke: var(--own); stroke-width: 1; opacity: 0.6; }
#explore .curves .dash-1 { stroke-dasharray: 7 3; } #explore .curves .dash-2 { stroke-dasharray: 2 2; }
#explore .curves .dash-3 { stroke-dasharray: 9 3 2 3; }
#explore .curves .mark { fill: var(--paper); stroke: var(--ink); stroke-width: 1.5; }
#explore .turns { margin: 0.5rem 0; padding-left: 1.2rem; columns: 2 26rem; column-gap: 2.5rem; }
#explore .wide:focus-visible { outline-offset: -3px; }
#explore .figures td { font-variant-numeric: tabular-nums; min-width: 8.5rem; }
#explore .figures td small { display: block; color: var(--quiet); }
#explore .figures td .reason { max-width: 14rem; }
#explore .figures tbody th, #explore .wide tbody th { position: sticky; left: 0; background: var(--paper); }
@media (max-width: 50rem) {
  #explore .figures td, #explore .figures th { padding: 0.35rem 0.5rem; }
}
@media (prefers-reduced-motion: reduce) { #explore .bar { transition: none; } }
@media print {
  #explore form, #explore .note { display: none; }
  #explore .columns { display: block; }
  #explore .bar, #explore .track { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
  #explore .figures { table-layout: fixed; width: 100%; font-size: 5.5pt; }
  #explore .figures :is(td, th) { min-width: 0; padding: 1pt 2pt; overflow-wrap: anywhere; }
  #explore .figures tbody th { position: static; }
  #explore .figures td small { display: none; }
  #explore .curves svg { width: 100%; }
}
"""
