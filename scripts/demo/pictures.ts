/** Pictures of the sample plant: drawn here, and uploaded where they are missing. */
import { encodeId } from '../../src/model/identifier.ts'
import { BASE } from './plant.ts'

const svg = (width: number, height: number, content: string) =>
  `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}">${content}</svg>`

const word = (text: string, width: number) =>
  svg(
    width,
    44,
    `<text x="${width / 2}" y="34" text-anchor="middle" font-family="sans-serif" font-weight="bold" font-size="34">${text}</text>`
  )

const machine = svg(
  96,
  96,
  `<rect width="96" height="96" rx="10" fill="#e3edf5"/><rect x="10" y="52" width="76" height="22" rx="3" fill="#0b5a8a"/>
   <rect x="16" y="32" width="26" height="22" fill="#5b7f99"/><rect x="46" y="38" width="34" height="12" rx="6" fill="#c8702a"/>
   <path d="M62 38l8-14h10l-8 14z" fill="#8a5a2b"/><rect x="14" y="74" width="8" height="8" fill="#33475b"/>
   <rect x="74" y="74" width="8" height="8" fill="#33475b"/>`
)

const mould = svg(
  96,
  96,
  `<rect width="96" height="96" rx="10" fill="#f1ebe2"/><rect x="16" y="20" width="28" height="56" fill="#7d8b99"/>
   <rect x="52" y="20" width="28" height="56" fill="#56636f"/><g fill="#c8702a"><circle cx="48" cy="34" r="5"/>
   <circle cx="48" cy="48" r="5"/><circle cx="48" cy="62" r="5"/></g>`
)

const logo = svg(
  150,
  44,
  `<path d="M8 34L22 10l14 24h-8l-6-11-6 11z" fill="#0b5a8a"/>
   <text x="46" y="31" font-family="sans-serif" font-weight="bold" font-size="24" fill="#0b5a8a">Hansol</text>`
)

const nameplate = `/submodels/${encodeId(`${BASE}/sm/imm-01/nameplate`)}/submodel-elements`
const thumbnailOf = (asset: string) => `/shells/${encodeId(`${BASE}/aas/${asset}`)}/asset-information/thumbnail`

const pictures: Readonly<Record<string, string>> = {
  [thumbnailOf('imm-01')]: machine,
  [thumbnailOf('mould-07')]: mould,
  [`${nameplate}/CompanyLogo/attachment`]: logo,
  [`${nameplate}/${encodeURIComponent('Markings[0].MarkingFile')}/attachment`]: word('KC', 66),
  [`${nameplate}/${encodeURIComponent('Markings[1].MarkingFile')}/attachment`]: word('CE', 66)
}

/** @param api URL of the API @throws Error where one is refused */
export async function uploadPictures(api: string): Promise<void> {
  for (const [path, picture] of Object.entries(pictures)) {
    if ((await fetch(api + path, { method: 'HEAD' })).ok) continue
    const form = new FormData()
    form.append('fileName', 'picture.svg')
    form.append('file', new Blob([picture], { type: 'image/svg+xml' }), 'picture.svg')
    const response = await fetch(api + path, { method: 'PUT', body: form })
    if (!response.ok) throw new Error(`${path}: ${await response.text()}`)
  }
}
