/** Writes a draft as a file. */
import { Readable, type Transform } from 'node:stream'
import { writeAasx } from '../../../formats/aasx-writer.ts'
import { writeJson } from '../../../formats/environment.ts'
import type { EnvironmentFormat } from '../../../formats/environment-source.ts'
import type { MetamodelRelease } from '../../../formats/releases.ts'
import { writeXml } from '../../../formats/xml-writer.ts'
import type { Identifiable } from '../../../model/types.ts'
import { writeWhole } from '../../whole-file.ts'
import type { Draft } from './draft.ts'

export interface DraftForm {
  readonly release: MetamodelRelease
  /** That of the original by default. */
  readonly format?: EnvironmentFormat
  /** Of the document in a package. */
  readonly inside: 'json' | 'xml'
  /** What the written bytes pass, e.g. to be counted. */
  readonly through?: Transform
}

/** The file appears when it is complete. */
export async function writeDraft(draft: Draft, to: string, form: DraftForm): Promise<void> {
  const { release, inside, format = draft.origin.format, through } = form
  const identifiables = grouped(draft.documents)
  const stream =
    format === 'aasx'
      ? writeAasx({ identifiables, files: draft.files, form: inside, release })
      : Readable.from(format === 'xml' ? writeXml(identifiables, release) : writeJson(identifiables))
  await writeWhole(to, stream, ...(through === undefined ? [] : [through]))
}

async function* grouped(documents: readonly Identifiable[]): AsyncGenerator<Identifiable> {
  for (const kind of ['AssetAdministrationShell', 'Submodel', 'ConceptDescription'] as const)
    yield* documents.filter(({ modelType }) => modelType === kind)
}
