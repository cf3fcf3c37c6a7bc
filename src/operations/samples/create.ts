/** Series that there is no element for, where the configuration wants them: their Properties are created. */
import { HubError } from '../../errors.ts'
import { validate } from '../../formats/json.ts'
import { facetsOf } from '../../model/facets.ts'
import { childrenMember } from '../../model/fields.ts'
import { type IdShortPath, parsePath } from '../../model/path.ts'
import type { DataTypeDefXsd, Property, Submodel, SubmodelElementCollection } from '../../model/types.ts'
import { type Container, child, childrenOf, setChildren } from '../../model/walk.ts'
import { retry } from '../documents.ts'
import type { Hub } from '../hub.ts'
import type { Column } from './batch.ts'

export interface CreateOptions {
  /** The one submodel that may be created where it does not exist; absent: any that samples name. */
  readonly submodel?: string
  /** The semanticId, of a template, that a created submodel is given. */
  readonly semanticId?: string
}

/** Series of one push that may be created: a sender that invents names must not fill the hub with them. */
const MOST = 10_000

/** @returns what creates the elements for these columns as far as it may; what it leaves out is refused as unknown */
export function createSeries(hub: () => Hub, options: CreateOptions): (missing: readonly Column[]) => Promise<void> {
  return async (missing) => {
    const bySubmodel = new Map<string, Column[]>()
    for (const column of missing.slice(0, MOST)) {
      const columns = bySubmodel.get(column.submodel) ?? []
      bySubmodel.set(column.submodel, columns)
      columns.push(column)
    }
    for (const [id, columns] of bySubmodel) await createIn(hub(), id, columns, options)
  }
}

async function createIn(hub: Hub, id: string, columns: readonly Column[], options: CreateOptions): Promise<void> {
  await retry(async () => {
    const stored = await hub.store.document('Submodel', id)
    if (stored === undefined && options.submodel !== undefined && options.submodel !== id) return
    const submodel = stored === undefined ? newSubmodel(id, options) : (JSON.parse(stored.bytes.toString()) as Submodel)
    const touched = columns.flatMap((column) => grow(submodel, column) ?? [])
    if (touched.length === 0) return
    const violations = validate('Submodel', submodel)
    if (violations.length > 0) throw new HubError('Invalid', [violations.length], violations)
    hub.templates.enforce(submodel)
    const document = {
      kind: 'Submodel',
      id,
      json: JSON.stringify(submodel),
      facets: facetsOf('Submodel', submodel)
    } as const
    if (stored === undefined) await createOnce(hub, document)
    else {
      const { structure: ifStructure } = stored
      await hub.store.commit([{ change: 'replace', ...document, ifStructure, touched, became: 'created' }])
    }
    hub.templates.forget(id)
  })
}

/** Where somebody else created it meanwhile, that is as much a reason to look again as a changed structure. */
async function createOnce(
  hub: Hub,
  document: { kind: 'Submodel'; id: string; json: string; facets: ReturnType<typeof facetsOf> }
): Promise<void> {
  try {
    await hub.store.commit([{ change: 'create', ...document }])
  } catch (error) {
    if (error instanceof HubError && error.name === 'AlreadyExists') throw new HubError('Conflict', [error.message])
    throw error
  }
}

function newSubmodel(id: string, { semanticId }: CreateOptions): Submodel {
  const submodel: Submodel = { modelType: 'Submodel', id, kind: 'Instance' }
  const named = /[a-zA-Z][a-zA-Z0-9_]+$/.exec(id)?.[0]
  if (named !== undefined) submodel.idShort = named.slice(0, 128)
  if (semanticId !== undefined) {
    submodel.semanticId = { type: 'ExternalReference', keys: [{ type: 'GlobalReference', value: semanticId }] }
  }
  return submodel
}

/** Adds a Property, and the collections on the way to it. @returns its path; undefined where it cannot be there */
function grow(submodel: Submodel, { path, values }: Column): string | undefined {
  const steps = parsePath(path)
  const valueType = typeOf(values[0])
  // A list has a type for all of its elements, and its indexes follow each other: that is for people to lay out.
  if (steps === undefined || valueType === undefined || steps.some((step) => typeof step === 'number')) return undefined
  const parent = parentOf(submodel, steps)
  const idShort = String(steps.at(-1))
  if (parent === undefined || child(parent, idShort) !== undefined) return undefined
  const property: Property = { modelType: 'Property', idShort, valueType }
  setChildren(parent, [...childrenOf(parent), property])
  return path
}

function parentOf(submodel: Submodel, steps: IdShortPath): Container | undefined {
  let parent: Container = submodel
  for (const step of steps.slice(0, -1)) {
    let next = child(parent, step)
    if (next === undefined) {
      const collection: SubmodelElementCollection = { modelType: 'SubmodelElementCollection', idShort: String(step) }
      setChildren(parent, [...childrenOf(parent), collection])
      next = collection
    }
    if (childrenMember(next.modelType) === undefined || next.modelType === 'SubmodelElementList') return undefined
    parent = next
  }
  return parent
}

/** The value type of a Property by its first value. Whole numbers too may be followed by others. */
function typeOf(value: unknown): DataTypeDefXsd | undefined {
  switch (typeof value) {
    case 'number':
      return 'xs:double'
    case 'bigint':
      return 'xs:integer'
    case 'boolean':
      return 'xs:boolean'
    case 'string':
      return 'xs:string'
    default:
      return undefined
  }
}
