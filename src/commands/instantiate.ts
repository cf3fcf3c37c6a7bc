/** `aas-hub instantiate`: a machine made from a reference model, as a file or in a running hub, ready for samples. */
import { openAsBlob } from 'node:fs'
import { mkdtemp, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { HubError } from '../errors.ts'
import { isBoolean, isNumeric } from '../model/datatypes.ts'
import { encodeId } from '../model/identifier.ts'
import type { DataTypeDefXsd } from '../model/types.ts'
import {
  type CollectedElement,
  instantiate,
  type MadeInstance
} from '../operations/conformance/reference-model/instance.ts'
import type { ReportLanguage } from '../operations/report-language.ts'
import { reportLanguage } from './conformance-report.ts'
import { existsAt, type HubAddress, hubAddressOf, requestHub } from './hub-request.ts'
import { idBaseOf, type LocalHub } from './local-hub.ts'

/**
 * Runs the command.
 * @throws HubError with one sentence; then nothing is written or stored
 */
export async function instantiateModel(
  flags: ReadonlyMap<string, string>,
  files: readonly string[],
  { apiPrefix }: LocalHub
): Promise<void> {
  const [from, ...others] = files
  if (from === undefined || others.length > 0) throw new HubError('BadRequest', ['instantiate needs one file'])
  const hub = await hubAddressOf(flags)
  const output = flags.get('output')
  if ((hub === undefined) === (output === undefined))
    throw new HubError('BadRequest', [
      'instantiate needs --output with the file to write, or --url of the hub to store in'
    ])
  if (output !== undefined && resolve(output) === resolve(from))
    throw new HubError('BadRequest', [`The instance is another file than ${from}, which stays as it is`])
  const serial = flags.get('serial')
  if (serial?.trim() === '') throw new HubError('BadRequest', ['--serial is empty, expected the number of the machine'])
  const request = { idBase: idBaseOf(flags), ...(serial !== undefined && { serial }) }
  const language = reportLanguage(flags)
  await stat(from)
  let made: MadeInstance
  if (hub === undefined) made = await instantiate(from, output ?? '', request)
  else {
    const folder = await mkdtemp(join(tmpdir(), 'aas-hub-instance-'))
    try {
      const file = join(folder, 'instance.aasx')
      made = await instantiate(from, file, request)
      await store(hub, apiPrefix, file, made)
    } finally {
      await rm(folder, { recursive: true, force: true })
    }
  }
  process.stdout.write(
    flags.has('json')
      ? `${JSON.stringify(made, null, 2)}\n`
      : textOf(made, { language, hub, to: output ?? hub?.url ?? '' })
  )
}

/** Concept descriptions that the hub has already stay as they are there; the machine must be new. */
async function store(hub: HubAddress, api: string, file: string, { shells }: MadeInstance): Promise<void> {
  for (const { id, submodels } of shells) {
    const paths = [`/shells/${encodeId(id)}`, ...submodels.map((one) => `/submodels/${encodeId(one)}/$metadata`)]
    for (const path of paths) {
      if (await existsAt(hub, api + path))
        throw new HubError('Conflict', [`${hub.url} has ${id} already; another machine needs another --serial`])
    }
  }
  const form = new FormData()
  form.append('file', await openAsBlob(file), 'instance.aasx')
  await requestHub(hub, 'POST', `${api}/upload?existing=keep`, form)
}

const WORDS = {
  en: {
    made: '{id} is an instance of {model}, in {to}',
    points: 'Samples for {submodel}:',
    push: 'For example:',
    none: 'The model has no submodel OperationalData with a Property, so there is nothing to push samples to'
  },
  ko: {
    made: '{id}: {model}의 인스턴스를 {to}에 만들었습니다',
    points: '{submodel}에 보낼 수 있는 값:',
    push: '예:',
    none: '모델에 Property가 있는 서브모델 OperationalData가 없어 값을 보낼 곳이 없습니다'
  }
} as const

interface Destination {
  readonly language: ReportLanguage
  readonly hub: HubAddress | undefined
  readonly to: string
}

/** What was made, where samples go, and how to push one. */
function textOf({ shells, points }: MadeInstance, { language, hub, to }: Destination): string {
  const words = WORDS[language]
  const lines = shells.map(({ id, model }) => fill(words.made, { id, model, to }))
  if (points.length === 0) lines.push(words.none)
  for (const [submodel, group] of Map.groupBy(points, (point) => point.submodel)) {
    lines.push('', fill(words.points, { submodel }))
    const width = Math.max(...group.map(({ path }) => path.length))
    for (const { path, valueType, unit = '' } of group)
      lines.push(`  ${path.padEnd(width)}  ${valueType} ${unit}`.trimEnd())
    lines.push('', words.push, pushExample(submodel, group, hub))
  }
  return `${lines.join('\n')}\n`
}

function fill(text: string, values: Readonly<Record<string, string>>): string {
  return text.replace(/\{(\w+)\}/g, (_, name) => values[name] ?? '')
}

/** Of one sample, with the example of the model. */
function pushExample(submodel: string, points: readonly CollectedElement[], hub: HubAddress | undefined): string {
  const point = points.find(({ example }) => example !== undefined) ?? points[0]
  const sample = { path: point?.path, value: point === undefined ? undefined : jsonOf(point) }
  const body = JSON.stringify({ submodel, samples: [sample] }).replaceAll("'", String.raw`'\''`)
  const url = new URL('/ingest', hub?.url ?? 'http://127.0.0.1:8080')
  const key = hub === undefined || hub.key === '' ? '' : ` -H "authorization: Bearer $AAS_HUB_KEY"`
  return `  curl ${url}${key} -H 'content-type: application/json' -d '${body}'`
}

function jsonOf({ valueType, example }: CollectedElement): unknown {
  const type = valueType as DataTypeDefXsd
  if (isBoolean(type)) return example === 'true' || example === '1'
  if (!isNumeric(type)) return example ?? ''
  const number = Number(example ?? 0)
  return Number.isFinite(number) ? number : 0
}
