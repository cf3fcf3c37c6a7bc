/** A file as the checks of a profile see it: all documents at once, as rules compare them with each other. */
import { HubError, type Violation } from '../../../errors.ts'
import { openEnvironment } from '../../../formats/environment.ts'
import type { EnvironmentFormat, EnvironmentSource, PackageFacts } from '../../../formats/environment-source.ts'
import { unstorable, validate } from '../../../formats/json.ts'
import { LinkedFiles } from '../../../formats/linked-files.ts'
import type { DocumentPath } from '../../../model/document-path.ts'
import { childrenMember } from '../../../model/fields.ts'
import type {
  AssetAdministrationShell,
  ConceptDescription,
  Identifiable,
  Submodel,
  SubmodelElement
} from '../../../model/types.ts'
import { childrenOf } from '../../../model/walk.ts'
import { TimeSlice } from '../../../time-slice.ts'

export interface InspectedDocument<Document = Identifiable> {
  /** Any JSON unless it is readable. */
  readonly document: Document
  readonly className: Identifiable['modelType']
  /** JSON Pointer in the environment, e.g. `/submodels/3`. */
  readonly pointer: string
  /** Of XML. */
  readonly namespace?: string
  /** What it breaks of the newest release. */
  readonly violations: readonly Violation[]
  /** Has it the classes and JSON types that the checks rely on? Members may be missing. */
  readonly isReadable: boolean
  /** All elements of a readable submodel, parents before children, variables of operations included. */
  readonly elements: readonly InspectedElement[]
}

export interface InspectedElement {
  readonly element: SubmodelElement
  /** From the submodel. */
  readonly path: DocumentPath
  readonly isListItem: boolean
}

export interface InspectedFile {
  readonly name: string
  readonly format: EnvironmentFormat
  readonly documents: readonly InspectedDocument[]
  /** The readable ones of each class. */
  readonly shells: readonly InspectedDocument<AssetAdministrationShell>[]
  readonly submodels: readonly InspectedDocument<Submodel>[]
  readonly concepts: readonly InspectedDocument<ConceptDescription>[]
  /** The first concept description of each id. */
  readonly conceptOf: ReadonlyMap<string, ConceptDescription>
  /** Where the file cannot be read on, and empty lists around the documents. */
  readonly notes: readonly Violation[]
  /** Links without a file and files without a link. */
  readonly links: readonly Violation[]
  readonly package?: PackageFacts
  /** Open as long as the file is inspected. */
  readonly source: EnvironmentSource
}

/** Documents of a file are in memory at once; larger files are refused. */
const MAX_DOCUMENT_BYTES = 32 * 2 ** 20

/** A file of millions of empty documents is small. */
const MAX_DOCUMENTS = 100_000

/** Violations of one document. */
export const MAX_VIOLATIONS = 1000

/** Of all documents; from then on the first one of each is kept. */
const MAX_VIOLATIONS_OF_FILE = 50_000

/**
 * Reads a file. Close its source when done.
 * @throws HubError `BadRequest` if it is no package and no environment, `TooLarge`
 */
export async function inspectFile(path: string, format: EnvironmentFormat, name: string): Promise<InspectedFile> {
  const source = await openEnvironment(path, format, name)
  try {
    if (source.size > MAX_DOCUMENT_BYTES) {
      throw new HubError('TooLarge', [
        `The documents of ${name} are larger than the ${MAX_DOCUMENT_BYTES} bytes that can be checked`
      ])
    }
    const links = new LinkedFiles(source)
    const documents: InspectedDocument[] = []
    const counts = new Map<string, number>()
    let budget = MAX_VIOLATIONS_OF_FILE
    const notes: Violation[] = []
    const slice = new TimeSlice()
    try {
      for await (const found of source.documents()) {
        links.follow(found)
        const index = counts.get(found.className) ?? 0
        counts.set(found.className, index + 1)
        if (documents.length >= MAX_DOCUMENTS)
          throw new HubError('TooLarge', [`${name} has more than the ${MAX_DOCUMENTS} documents that can be checked`])
        const document = inspect(found, index, Math.max(1, Math.min(MAX_VIOLATIONS, budget)))
        budget -= document.violations.length
        documents.push(document)
        await slice.check()
      }
    } catch (error) {
      if (!(error instanceof HubError) || error.name !== 'Invalid') throw error
      notes.push(...error.violations)
    }
    const facts = await source.facts?.()
    return {
      ...{ name, format, documents, source, links: links.warnings(), notes: [...notes, ...source.notes] },
      ...byClass(documents),
      ...(facts !== undefined && { package: facts })
    }
  } catch (error) {
    await source.close()
    throw error
  }
}

const LISTS = {
  AssetAdministrationShell: 'assetAdministrationShells',
  Submodel: 'submodels',
  ConceptDescription: 'conceptDescriptions'
} as const

function inspect(
  found: { readonly document: unknown; readonly className: Identifiable['modelType']; readonly namespace?: string },
  index: number,
  limit = MAX_VIOLATIONS
): InspectedDocument {
  const { className, document, namespace } = found
  const violations = validate(className, document, { limit })
  // An unknown value of an enumeration and a missing id do not keep the checks from reading.
  const reasons = violations.length === 0 ? [] : unstorable(className, document, { limit: MAX_VIOLATIONS })
  const isReadable = reasons.every(({ rule }) => rule === 'enum' || rule === 'id')
  return {
    document: document as Identifiable,
    className,
    pointer: `/${LISTS[className]}/${index}`,
    violations,
    isReadable,
    elements: isReadable && className === 'Submodel' ? elementsOf(document as Submodel) : [],
    ...(namespace !== undefined && { namespace })
  }
}

/** The file that a list of documents would be. @param like where they are from */
export function inspectDocuments(
  like: InspectedFile,
  documents: readonly Identifiable[],
  facts: PackageFacts | undefined
): InspectedFile {
  const counts = new Map<string, number>()
  const inspected = documents.map((document) => {
    const index = counts.get(document.modelType) ?? 0
    counts.set(document.modelType, index + 1)
    return inspect({ document, className: document.modelType }, index)
  })
  const { name, format, source, links } = like
  return {
    ...{ name, format, source, links, documents: inspected, notes: [] },
    ...byClass(inspected),
    ...(facts !== undefined && { package: facts })
  }
}

function byClass(documents: readonly InspectedDocument[]) {
  const readable = documents.filter(({ isReadable }) => isReadable)
  const of = (className: string) => readable.filter((one) => one.className === className)
  const concepts = of('ConceptDescription') as InspectedDocument<ConceptDescription>[]
  return {
    shells: of('AssetAdministrationShell') as InspectedDocument<AssetAdministrationShell>[],
    submodels: of('Submodel') as InspectedDocument<Submodel>[],
    concepts,
    conceptOf: new Map(concepts.map(({ document }) => [document.id, document] as const).toReversed())
  }
}

function elementsOf(submodel: Submodel): InspectedElement[] {
  const found: InspectedElement[] = []
  collect(submodel, [])
  return found

  function collect(container: Submodel | SubmodelElement, at: DocumentPath): void {
    const member = childrenMember(container.modelType) ?? ''
    const isListItem = container.modelType === 'SubmodelElementList'
    for (const [index, element] of childrenOf(container).entries()) add(element, [...at, member, index], isListItem)
    if (container.modelType !== 'Operation') return
    for (const variables of ['inputVariables', 'outputVariables', 'inoutputVariables'] as const) {
      for (const [index, { value }] of (container[variables] ?? []).entries())
        if (value !== undefined) add(value, [...at, variables, index, 'value'], false)
    }
  }

  function add(element: SubmodelElement, path: DocumentPath, isListItem: boolean): void {
    found.push({ element, path, isListItem })
    collect(element, path)
  }
}
