/** How documents look as HTML, on a screen and on paper. */
import { LABEL_GROUND, statusColours } from './words.ts'

/** @param title runs at the head of each printed page */
export function styleSheet(title: string, isLandscape = false): string {
  const statuses = Object.entries(statusColours).map(
    ([status, { text, ground }]) => `.status.${status}{color:#${text};background:#${ground}}`
  )
  return `
:root{color-scheme:light;--line:#aab4c0;--ink:#1b2430;--soft:#556070;--accent:#1f4e79}
*{box-sizing:border-box}
body{margin:0 auto;max-width:${isLandscape ? 84 : 62}rem;padding:2.5rem 1.5rem 5rem;background:#fff;color:var(--ink);
font:15px/1.6 'Malgun Gothic','맑은 고딕','Apple SD Gothic Neo','Noto Sans KR','Noto Sans CJK KR',system-ui,sans-serif;
word-break:keep-all;overflow-wrap:anywhere}
h1{margin:0 0 1.2rem;font-size:1.9rem;line-height:1.25;letter-spacing:-.01em}
header{border-top:5px solid var(--accent);padding-top:1.6rem}
header dl{margin:0 0 2rem;border-top:1px solid var(--line)}
header dl div{display:grid;grid-template-columns:12rem 1fr;border-bottom:1px solid var(--line)}
dt{padding:.4rem .7rem;background:#${LABEL_GROUND};font-weight:600}
dd{margin:0;padding:.4rem .7rem}
nav{margin:2rem 0 3rem}
nav h2{border:0;margin:0 0 .5rem;font-size:1.15rem}
nav ol{margin:0;padding:0;list-style:none}
nav a{display:flex;gap:.8rem;padding:.15rem 0;color:inherit;text-decoration:none}
nav a:hover{text-decoration:underline}
nav span{min-width:2.2rem;color:var(--soft);font-variant-numeric:tabular-nums}
nav .level-2 a{padding-left:3rem}
h2,h3,h4,h5,h6{line-height:1.3;break-after:avoid}
h2{margin:3rem 0 1rem;padding-bottom:.3rem;border-bottom:2px solid var(--accent);font-size:1.4rem}
h3{margin:2.2rem 0 .8rem;font-size:1.15rem}
h4,h5,h6{margin:1.6rem 0 .6rem;font-size:1rem}
.number{color:var(--accent);font-variant-numeric:tabular-nums}
p,ul{margin:.6rem 0;max-width:48rem}
table{width:100%;margin:1rem 0 1.6rem;border-collapse:collapse;table-layout:fixed;font-size:.84rem;line-height:1.45}
caption{padding:.4rem 0;text-align:left;font-weight:600;break-after:avoid}
th,td{padding:.35rem .5rem;border:1px solid var(--line);text-align:left;vertical-align:top}
th{background:#${LABEL_GROUND};font-weight:600}
thead{display:table-header-group}
tr{break-inside:avoid}
td.number{color:inherit;text-align:right;font-variant-numeric:tabular-nums}
a{color:#0b5394}
code{font:.94em/1.5 ui-monospace,Consolas,'D2Coding','Noto Sans Mono',monospace;white-space:pre-wrap;overflow-wrap:anywhere}
details{margin:.35rem 0;border:1px solid var(--line);border-radius:4px}
summary{padding:.4rem .7rem;cursor:pointer;font-size:.9rem}
details[open]>summary{border-bottom:1px solid var(--line);background:#f5f7fa}
details>div{padding:.2rem .8rem;scroll-margin-top:3rem}
figure{margin:1.4rem 0;text-align:center;break-inside:avoid}
figure svg{max-width:100%;height:auto}
figcaption{margin-top:.5rem;font-weight:600;font-size:.88rem}
.status{display:inline-block;padding:0 .45em;border-radius:3px;font-weight:600;box-decoration-break:clone}
${statuses.join('\n')}
@media (max-width:40rem){body{padding:1.2rem .8rem 3rem}header dl div{grid-template-columns:1fr}table{display:block;overflow-x:auto}}
@page{size:A4${isLandscape ? ' landscape' : ''};margin:20mm 20mm 18mm;
@top-left{content:${cssString(title)};font:8pt 'Malgun Gothic','Noto Sans CJK KR',sans-serif;color:#556070}
@bottom-right{content:counter(page) " / " counter(pages);font:8pt 'Malgun Gothic','Noto Sans CJK KR',sans-serif;color:#556070}}
@media print{details::details-content{content-visibility:visible}body{max-width:none;padding:0;font-size:9.5pt;-webkit-print-color-adjust:exact;print-color-adjust:exact}
h1{font-size:20pt}h2{font-size:14pt;margin-top:8mm}h3{font-size:11.5pt}table{font-size:8pt}
nav{break-after:page}p,ul{max-width:none}a{color:inherit;text-decoration:none}figure svg{max-height:${isLandscape ? 140 : 225}mm}}
`
}

function cssString(text: string): string {
  return `"${text.replace(/[^\p{L}\p{N} .,()/–·:_-]/gu, (character) => `\\${(character.codePointAt(0) ?? 0).toString(16)} `)}"`
}
