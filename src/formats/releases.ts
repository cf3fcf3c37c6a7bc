/** The releases of the metamodel that environments are written in. */
import { HubError, type Violation } from '../errors.ts'
import { type Adaptation, toRelease30 } from '../model/downgrade.ts'
import type { Identifiable } from '../model/types.ts'
import { mediaTypeOf } from './opc.ts'

/** The first is what documents are stored in. */
export const releases = ['3.1', '3.0', '3.2'] as const
export type MetamodelRelease = (typeof releases)[number]

export function isRelease(text: string): text is MetamodelRelease {
  return (releases as readonly string[]).includes(text)
}

/** Places that are reported of a document, of each kind. */
const MAX_PLACES = 100

/**
 * Writes the document in a form of the release, in place.
 * @returns what was written in another way
 * @throws HubError `Conflict` with all places that the release cannot express
 */
export function adaptTo(release: MetamodelRelease, document: Identifiable): readonly Adaptation[] {
  if (release !== '3.0') return []
  const { adaptations, impossible } = toRelease30(document, { mediaTypeOf, limit: MAX_PLACES })
  if (impossible.length > 0) throw notExpressible(release, impossible)
  return adaptations
}

/** The refusal to write in a release. @param places pointers of several documents begin with which one it is */
export function notExpressible(release: MetamodelRelease, places: readonly Violation[]): HubError {
  const count = places.length === 1 ? 'one place has' : `${places.length} places have`
  return new HubError(
    'Conflict',
    [`This cannot be written in release ${release} of the metamodel: ${count} no form in it`],
    places
  )
}
