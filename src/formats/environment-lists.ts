/** The three lists of an environment, in their order. */
import type { Identifiable } from '../model/types.ts'

/** The environment's member for each class. */
const ENVIRONMENT_LISTS = {
  AssetAdministrationShell: 'assetAdministrationShells',
  Submodel: 'submodels',
  ConceptDescription: 'conceptDescriptions'
} as const satisfies Record<Identifiable['modelType'], string>

/** The class of each member of the environment. */
export const CLASS_OF_LIST: ReadonlyMap<string, Identifiable['modelType']> = new Map(
  Object.entries(ENVIRONMENT_LISTS).map(([className, group]) => [group, className as Identifiable['modelType']])
)

/** A step of writing: a list ends, a list begins, a document follows. */
export interface ListStep {
  readonly closes?: string
  readonly opens?: string
  readonly document?: Identifiable
}

/** Marks where the lists begin and end; empty lists are left out. */
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
