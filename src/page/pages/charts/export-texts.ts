/** The addresses of what a chart shows, and programs that read them. */
import type { SeriesName, TimeWindow } from '../../../client/api/timeseries.ts'

export const FORMATS = ['csv', 'parquet', 'arrow'] as const
export type Format = (typeof FORMATS)[number]

export interface ExportContent extends TimeWindow {
  readonly series: readonly SeriesName[]
  /** Width of buckets; undefined: every sample. */
  readonly intervalMs: number | undefined
  readonly language: string
}

/** A table holds the same paths of all its submodels: one for all where that is what is shown, otherwise one for each submodel. */
export function exportUrls(
  root: string,
  { series, from, to, intervalMs, language }: ExportContent,
  format: Format
): string[] {
  const bySubmodel = new Map<string, string[]>()
  for (const { submodel, path } of series) bySubmodel.set(submodel, [...(bySubmodel.get(submodel) ?? []), path])
  const byPaths = new Map<string, { submodels: string[]; paths: string[] }>()
  for (const [submodel, paths] of bySubmodel) {
    const key = JSON.stringify(paths.toSorted())
    const table = byPaths.get(key) ?? { submodels: [], paths }
    table.submodels.push(submodel)
    byPaths.set(key, table)
  }
  return [...byPaths.values()].map(({ submodels, paths }) => {
    const query = new URLSearchParams([
      ...submodels.map((id) => ['submodel', id]),
      ...paths.map((path) => ['path', path]),
      ['from', new Date(from).toISOString()],
      ['to', new Date(to).toISOString()],
      ...(intervalMs === undefined
        ? [['quality', 'true']]
        : [
            ['interval', `${intervalMs}ms`],
            ['aggregate', 'mean,min,max']
          ]),
      ['language', language],
      ['format', format]
    ])
    return `${root}/timeseries?${query}`
  })
}

/** Of Python's own library, so that it runs everywhere. @param isOpen without a key */
export function pythonFor(url: string, isOpen: boolean): string {
  const headers = isOpen ? '' : ', headers={"X-API-Key": "KEY"}'
  return [
    'import codecs, csv, urllib.request',
    `table = urllib.request.urlopen(urllib.request.Request("${url}"${headers}))`,
    'rows = list(csv.reader(codecs.iterdecode(table, "utf-8-sig")))'
  ].join('\n')
}

export function curlFor(url: string, isOpen: boolean): string {
  return `curl ${isOpen ? '' : "-H 'X-API-Key: KEY' "}'${url}' -o chart.csv`
}
