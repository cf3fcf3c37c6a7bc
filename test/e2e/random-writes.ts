/** What random rules let a caller learn, or remove, by writing. */
import type { DocumentStore } from '../../src/store/document-store.ts'
import { everyone, type Json, rule as written } from '../security/fixture.ts'
import { instanceOf, type Plant, type Rule, shownParts, type World } from '../security/random-scene.ts'
import { encode } from './harness.ts'
import { SHELL } from './random-routes.ts'

export interface RandomReply {
  readonly status: number
  readonly text: string
  readonly etag: string | null
}

type Ask = (method: string, path: string, body?: object, headers?: Record<string, string>) => Promise<RandomReply>

interface RandomWrite {
  readonly ask: Ask
  /** With the rights of the hub. */
  readonly store: DocumentStore
  readonly plant: Plant
}

/**
 * A refused precondition names the revision, and one that holds confirms it, only where an answer has it as ETag.
 * @throws Error if a revision is disclosed
 */
export async function comparePreconditions({ ask, store, plant }: RandomWrite): Promise<void> {
  const path = `/submodels/${encode(plant.id)}`
  const revision = (await store.head('Submodel', plant.id))?.revision
  const { etag } = await ask('GET', path)
  const isKnown = etag === `"${revision}"`
  const body = { ...instanceOf(plant), kind: 'Template' }
  const element = { modelType: 'Property', idShort: 'b', valueType: 'xs:string', value: 'other' }
  const writes = [
    ['PUT', path, body],
    ['PATCH', path, body],
    ['PATCH', `${path}/$value`, {}],
    ['PUT', `${path}/submodel-elements/c.b`, element],
    ['DELETE', path, undefined]
  ] as const
  for (const [method, at, content] of writes) {
    const stale = await ask(method, at, content, { 'if-match': '"0"' })
    check(`${method} ${at}`, stale.status >= 400, stale)
    check(`${method} ${at}: 412`, isKnown || !stale.text.includes(`"${revision}\\"`), stale)
  }
  for (const [method, at, content] of writes.slice(0, 3)) {
    const current = await ask(method, at, content, { 'if-match': `"${revision}"` })
    check(`${method} ${at} with If-Match`, isKnown || current.status >= 400, current)
    const unconditional = await ask(method, at, content)
    check(`${method} ${at} changes nothing`, isKnown || unconditional.etag !== `"${revision}"`, unconditional)
  }
}

interface RandomUpload extends Omit<RandomWrite, 'plant'> {
  readonly rules: readonly Rule[]
  readonly plants: readonly Plant[]
  worldOf(plant: Plant, route: string): World
}

/** Besides the random rules: everyone may replace shells. */
export const shellRule: Json = written({
  ...{ attributes: everyone, rights: ['ALL'] },
  objects: [{ IDENTIFIABLE: '$aas("*")' }]
})

/** @throws Error if an upload in place of the shell removes references that the caller does not see, or keeps others */
export async function compareUpload({ ask, store, rules, plants, worldOf }: RandomUpload): Promise<void> {
  const stored = await store.document('AssetAdministrationShell', SHELL)
  const { submodels: _, ...shell } = JSON.parse(String(stored?.bytes))
  const reply = await ask('POST', '/upload?existing=replace', { assetAdministrationShells: [shell] })
  check('upload', reply.status === 200, reply)
  const now = JSON.parse(String((await store.document('AssetAdministrationShell', SHELL))?.bytes))
  const kept = (now.submodels ?? []).map(({ keys }: { keys: { value: string }[] }) => keys[0]?.value)
  const hidden = plants.filter((plant) => {
    const { isVisible, parts } = shownParts(rules, 'VIEW', worldOf(plant, '/upload'))
    return !isVisible && parts.size === 0
  })
  const expected = hidden.map(({ id }) => id)
  check('references after an upload', JSON.stringify(kept) === JSON.stringify(expected), { kept, expected })
}

function check(what: string, holds: boolean, found: unknown): void {
  if (!holds) throw new Error(`${what}: ${JSON.stringify(found)}`)
}
