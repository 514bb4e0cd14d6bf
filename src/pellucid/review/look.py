"""The report's style: hairlines, four sizes, blue for right and vermilion for wrong; light, dark, on paper."""

from pellucid.train.charts import STYLE as CHARTS

STYLE = (
    CHARTS
    + """
:root { --blue: #0072b2; --red: #c44601; --line: #8885; --faint: #6b6b6b; --gap: 16px;
  --mono: ui-monospace, Menlo, Consolas, monospace }
@media screen and (prefers-color-scheme: dark) { :root { --blue: #56b4e9; --red: #ff8c4b; --faint: #a6a6a6 } }
* { box-sizing: border-box }
body { margin: 0; font: 14px/1.5 system-ui, "Noto Sans KR", "Noto Sans CJK KR", sans-serif; overflow-wrap: anywhere;
  -webkit-print-color-adjust: exact; print-color-adjust: exact }
body:lang(ko) { word-break: keep-all }
main { max-width: 1040px; margin: 0 auto; padding: 24px 16px 48px }
h1 { font-size: 24px; line-height: 1.3; margin: 0 } h2 { font-size: 18px; margin: 40px 0 8px }
h3 { font-size: 14px; margin: 0 0 8px } p { margin: 0 0 16px; max-width: 72ch } small { font-size: 12px }
p, small, caption, figcaption, dt { color: var(--faint) } b, code { color: CanvasText }
code, td.number, td.share, .matrix td { font-family: var(--mono); font-variant-numeric: tabular-nums }
figure { margin: 0 } table { border-collapse: collapse } .wide { overflow-x: auto; max-width: 100% }
.facts { display: flex; flex-wrap: wrap; gap: 8px 40px; margin: 24px 0 0; padding: 16px 0; border: solid var(--line);
  border-width: 1px 0 } .facts div { display: flex; flex-direction: column-reverse }
.facts dd { margin: 0; font: 18px/1.3 var(--mono) } .facts .hero { font-size: 24px; font-weight: bold }
.recipe { display: grid; grid-template-columns: max-content 1fr; gap: 4px 24px; margin: 0 } .recipe dd { margin: 0;
  font-family: var(--mono) }
.doubts { border-left: 3px solid var(--red); padding: 0 0 0 16px; margin: 24px 0 0 } .doubts h2 { margin: 0 0 4px }
.doubts ul { margin: 0; padding: 0 0 0 18px }
.classes { width: 100% } .classes :is(th, td) { padding: 4px var(--gap) 4px 0; border-bottom: 1px solid var(--line);
  text-align: left; font-weight: normal } .classes tr:first-child th { font-size: 12px; color: var(--faint);
  white-space: nowrap }
.classes .number { text-align: right; padding: 4px 0 4px 12px }
.classes td.share { min-width: calc(60px + var(--gap)); position: relative }
.classes td.share::after { content: ""; position: absolute; left: 0; bottom: -1px; height: 2px; background: var(--blue);
  width: calc((100% - var(--gap)) * var(--share)) }
.both { display: flex; flex-wrap: wrap; gap: 24px 40px; align-items: flex-start }
.matrix caption { font-size: 12px; text-align: right; padding-bottom: 4px }
.matrix th { font-weight: normal; padding: 0 8px 0 0; text-align: right; max-width: 160px }
.matrix .heads th { padding: 0 2px 4px; text-align: center; vertical-align: bottom; line-height: 1.2 }
.matrix .tall span { writing-mode: vertical-rl; transform: rotate(180deg); max-height: 160px; overflow-wrap: normal }
.matrix .heads th:first-child { font-size: 12px; color: var(--faint); text-align: right; padding-right: 8px;
  white-space: nowrap }
.matrix td { min-width: 40px; height: 32px; padding: 0 4px; text-align: center; font-size: 12px;
  border: 1px solid var(--line); color: var(--faint) } .matrix td[style] { color: CanvasText }
.matrix td.strong { color: #fff } .matrix td.right { background: rgb(0 114 178 / var(--share)) }
.matrix td.wrong { background: rgb(196 70 1 / var(--share)); font-weight: normal }
img { display: block; image-rendering: pixelated; background: #fff } img.matrix { width: min(100%, 560px); height: auto;
  border: 1px solid var(--line) }
.frequent ol { margin: 0; padding: 0 0 0 24px } .frequent li { padding: 2px 0 }
.cards { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 304px), 1fr)); gap: 24px }
.card { break-inside: avoid } .maps { display: grid; grid-auto-flow: column; grid-auto-columns: 1fr; gap: 4px }
.maps img { width: 100%; height: auto; border: 1px solid var(--line) }
.card figcaption { display: flex; flex-wrap: wrap; gap: 0 16px; padding-top: 4px; color: inherit }
.card figcaption > small { flex-basis: 100% } .wrong { color: var(--red); font-weight: bold }
footer { margin-top: 48px; padding-top: 8px; border-top: 1px solid var(--line) }
@media (max-width: 480px) { :root { --gap: 8px } .facts { column-gap: 24px } .matrix td { min-width: 29px; height: 29px;
  padding: 0 } .matrix th { padding-right: 4px } }
@media print { @page { size: A4; margin: 14mm } :root { color-scheme: light } main { padding: 0; max-width: none }
  body { font-size: 12px } h2, section > p { break-after: avoid } tr, .chart, .doubts, .both > * { break-inside: avoid }
  .wide { overflow: visible } .charts { grid-template-columns: 1fr 1fr } .cards { display: block; margin-right: -16px }
  .card { display: inline-block; width: calc(33.3% - 16px); margin: 0 16px 16px 0; vertical-align: top } }
"""
)
