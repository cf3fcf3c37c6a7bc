/** A large plant, always the same, for the measurement of what heavy requests do to the others. */
import { createWriteStream } from 'node:fs'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { writeAasx } from '../../src/formats/aasx-writer.ts'
import { facetsOf } from '../../src/model/facets.ts'
import type { Environment, Identifiable, Property, Submodel } from '../../src/model/types.ts'
import { openSqlite } from '../../src/store/sqlite/sqlite.ts'
import type { Change } from '../../src/store/store.ts'
import { plant } from '../demo/plant.ts'
import type { Child } from './children.ts'
import { creations } from './data.ts'
import { flags } from './flags.ts'

import { readings } from './raw-baselines.ts'

/** Submodels of ten elements. */
const SUBMODELS = flags.quick ? 2_000 : 10_000
/** Elements of the large submodel. */
export const ELEMENTS = flags.quick ? 20_000 : 100_000
export const SERIES = 10
/** Samples of each. */
const SAMPLES = flags.quick ? 100_000 : 1_000_000
const FIRST = 1_764_000_000_000
const STEP_MS = 1000
const FRAME = 50_000

export const LARGE = 'https://bench.example/large'
export const SMALL = 'https://bench.example/small'
export const RAW = 'https://bench.example/raw'

/** The first time of the samples, and the one after the last, in milliseconds since 1970. */
export const SPAN = { from: FIRST, to: FIRST + SAMPLES * STEP_MS }

export async function fillPlant(directory: string): Promise<void> {
  const store = await openSqlite(directory)
  for (const changes of creations(SUBMODELS, 10)) await store.commit(changes)
  const { assetAdministrationShells = [], submodels = [], conceptDescriptions = [] } = plant() as Environment
  const own = [leanSubmodel(LARGE, ELEMENTS), leanSubmodel(SMALL, 10), leanSubmodel(RAW, SERIES)]
  for (const one of [...assetAdministrationShells, ...submodels, ...conceptDescriptions, ...own]) {
    await store.commit([creation(one)])
  }
  await store.close()
}

function creation(document: Identifiable): Change {
  const { modelType: kind, id } = document
  return { change: 'create', kind, id, json: JSON.stringify(document), facets: facetsOf(kind, document) }
}

/** With nothing that is not needed, so that many elements fit into a request. */
export function leanSubmodel(id: string, elements: number): Submodel {
  const property = (index: number): Property => {
    return { modelType: 'Property', idShort: `V${index}`, valueType: 'xs:double', value: '21.5' }
  }
  return { modelType: 'Submodel', id, submodelElements: Array.from({ length: elements }, (_, i) => property(i)) }
}

/** Pushes the samples of all series. */
export async function pushSamples(hub: Child): Promise<void> {
  const headers = { 'content-type': 'application/json' }
  for (let series = 0; series < SERIES; series++) {
    for (let from = 0; from < SAMPLES; from += FRAME) {
      const values = readings(FRAME, series)
      const item = { submodel: RAW, path: `V${series}`, start: FIRST + from * STEP_MS, step: STEP_MS, values }
      const response = await fetch(`${hub.url}/ingest`, { method: 'POST', headers, body: JSON.stringify(item) })
      const text = await response.text()
      if (response.status !== 200) throw new Error(`The samples were refused: ${text}`)
    }
  }
}

/** An AASX with submodels and a file, together of some hundred megabytes. @returns its path */
export async function writePackage(directory: string): Promise<string> {
  const path = join(directory, 'large.aasx')
  const megabyte = 1024 * 1024
  const submodels = (async function* () {
    for (let index = 0; index < (flags.quick ? 20 : 100); index++) {
      yield leanSubmodel(`https://bench.example/uploaded/${index}`, 2_000) as Identifiable
    }
  })()
  const random = Buffer.from(Float64Array.from({ length: megabyte / 8 }, (_, i) => Math.sin(i) * i).buffer)
  const file = () => Readable.from(Array.from({ length: flags.quick ? 20 : 100 }, () => random))
  const files = [{ name: '/aasx/files/video.bin', contentType: 'application/octet-stream', open: async () => file() }]
  await pipeline(writeAasx({ identifiables: submodels, files, form: 'xml' }), createWriteStream(path))
  return path
}

/** Rows of the series of another submodel, which is in the store: 30 MB of them. */
export function lines(format: 'ndjson' | 'influx'): string {
  const count = flags.quick ? 60_000 : format === 'ndjson' ? 350_000 : 500_000
  const rows = Array.from({ length: count }, (_, i) => {
    const [element, time, value] = [i % 10, FIRST + Math.floor(i / 10) * 100, (i % 977) / 100]
    return format === 'ndjson'
      ? `{"submodel":"${SMALL}","path":"V${element}","time":${time},"value":${value}}`
      : `small,submodel=${SMALL} V${element}=${value} ${time}000000`
  })
  return rows.join('\n')
}
