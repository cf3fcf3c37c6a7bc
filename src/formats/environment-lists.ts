/** The three lists of an environment, in their order. */
import type { Identifiable } from '../model/types.ts'

/** The member of the environment that holds a class. */
const ENVIRONMENT_LISTS = {
  AssetAdministrationShell: 'assetAdministrationShells',
  Submodel: 'submodels',
  ConceptDescription: 'conceptDescriptions'
} as const satisfies Record<Identifiable['modelType'], string>

/** The class that a member of the environment holds. */
export const CLASS_OF_LIST: ReadonlyMap<string, Identifiable['modelType']> = new Map(
  Object.entries(ENVIRONMENT_LISTS).map(([className, group]) => [group, className as Identifiable['modelType']])
)

/** A step of writing: a list ends, a list begins, a document stands in it. */
export interface ListStep {
  readonly closes?: string
  readonly opens?: string
  readonly document?: Identifiable
}

/** Tells where the lists begin and end; empty ones never begin. */
export async function* listSteps(identifiables: AsyncIterable<Identifiable>): AsyncGenerator<ListStep> {
  let open: string | undefined
  for await (const document of identifiables) {
    const group = ENVIRONMENT_LISTS[document.modelType]
    if (group === open) yield { document }
    else yield { document, opens: group, ...(open !== undefined && { closes: open }) }
    open = group
  }
  if (open !== undefined) yield { closes: open }
}
