/**
 * Submodels of which some elements are damaged. They are refused as a whole, but what lies beside these elements is read and
 * written as ever, and what replaces or deletes one of them repairs the submodel.
 */
import { HubError } from '../errors.ts'
import { formatPath, isWithin, parseStoredPath } from '../model/path.ts'
import type { Submodel } from '../model/types.ts'
import { resolve } from '../model/walk.ts'
import { DamagedElements } from '../store/damage.ts'
import { parseDocument } from '../store/parse-document.ts'
import type { Document, DocumentKind } from '../store/store.ts'
import type { ApiRequest } from './api-request.ts'
import type { OperationContext } from './operation-context.ts'

export interface PartlyDamaged {
  readonly document: Document
  /** What of the document must not be used; absent: all of it is sound. */
  readonly damage?: DamagedElements
}

/** Reads a document, of which elements may be damaged. @throws HubError `NotFound`; `Damaged` if nothing else can be read */
export async function getPartlyDamaged(
  { store }: Pick<OperationContext, 'store'>,
  kind: DocumentKind,
  id: string
): Promise<PartlyDamaged> {
  try {
    const document = await store.document(kind, id)
    if (document === undefined) throw new HubError('NotFound', [kind, id])
    return { document }
  } catch (error) {
    if (!(error instanceof DamagedElements && isOfKnownElements(error))) throw error
    return { document: error.rest, damage: error }
  }
}

/** Reads a submodel for one of its elements. @throws HubError `NotFound`; `Damaged` if it, or one below it, is damaged */
export async function getAround(
  context: Pick<OperationContext, 'store'>,
  submodel: string,
  path: string
): Promise<Document> {
  const { document, damage } = await getPartlyDamaged(context, 'Submodel', submodel)
  if (damage?.paths.some((damaged) => isWithin(damaged, path))) throw damage
  return document
}

/**
 * Is what was edited a repair of damaged elements?
 * @param edited `touched` and `carried` as in `EditResult`
 * @throws the damage, if the new document would contain values of these elements that are not theirs
 */
export function isRepair(
  damage: DamagedElements | undefined,
  { touched, carried }: { readonly touched?: readonly string[]; readonly carried?: boolean },
  { idShortPath }: ApiRequest
): boolean {
  if (damage === undefined) return false
  if (touched === undefined) throw damage
  const roots = touched.filter((root) => damage.paths.some((path) => isWithin(path, root)))
  const addressed = idShortPath && formatPath(idShortPath)
  if (roots.length > 0 && (carried === true || roots.some((root) => root !== addressed))) throw damage
  return roots.length > 0
}

/** Of which element a row is, is not known where its path is damaged. */
function isOfKnownElements({ rest, paths }: DamagedElements): boolean {
  const submodel = parseDocument(rest) as Submodel
  return paths.every((text) => {
    const path = parseStoredPath(text)
    return path !== undefined && path.length > 0 && resolve(submodel, path) !== undefined
  })
}
