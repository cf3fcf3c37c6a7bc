/**
 * Checks a file, a large one in a thread of its own: all its documents are in memory, some of them parsed in one piece,
 * and a client that leaves ends the thread at once. The schemas of templates are those of the main thread.
 */
import type { Schema } from '../../formats/templates/schema.ts'
import type { Submodel } from '../../model/types.ts'
import type { Sources } from '../../threads/task-run.ts'
import type { ReportLanguage } from '../report-language.ts'
import type { TemplateChecker } from '../validation/template-checker.ts'
import { type CheckFileOptions, type ConformanceReport, checkFile } from './check-file.ts'
import type { InspectedFile } from './checks/inspected-file.ts'
import { contentOf, type FileContent } from './file-content.ts'
import type { FileTurns } from './file-turns.ts'
import { shippedProfile } from './load-profile.ts'
import { documentBytes, withInspectedFile } from './open-file.ts'
import type { Profile } from './profile.ts'

/** As source and as built. */
const MODULE = new URL(import.meta.url.replace(/check-thread(\.[jt]s)$/, 'check-worker$1'))

/** Fewer bytes of documents, unpacked, are checked sooner than a thread has started. */
const MIN_THREAD_BYTES = 256 * 1024

export interface CheckJob {
  readonly path: string
  /** Name and media type as they were sent. */
  readonly sent: { readonly fileName: string; readonly contentType: string }
  /** Name of a shipped profile. */
  readonly profile: string
  readonly language: ReportLanguage
}

export interface FileCheckResult {
  readonly format: InspectedFile['format']
  readonly report: ConformanceReport & { readonly content: FileContent }
}

/** What names the templates of a submodel. */
export type TemplateIds = Pick<Submodel, 'semanticId' | 'supplementalSemanticIds'>

export interface CheckHelp {
  /** For rules about submodel templates. */
  readonly templates: TemplateChecker
  readonly turns: FileTurns
  /** Ends the work. */
  readonly signal: AbortSignal
}

/**
 * @throws HubError as `withInspectedFile`, `TooLarge` where the thread runs out of memory, `Unavailable` where too many wait;
 * the reason of the signal
 */
export async function checkReceived(job: CheckJob, help: CheckHelp): Promise<FileCheckResult> {
  const { path, sent, profile, language } = job
  const { templates, turns, signal } = help
  if ((await documentBytes(path, sent)) < MIN_THREAD_BYTES) {
    const work = (file: InspectedFile) => checkInspected(file, shippedProfile(profile), language, help)
    return turns.here(signal, () => withInspectedFile(path, sent, work))
  }
  return turns.inThread<FileCheckResult>({
    ...{ module: MODULE, task: 'check', input: job, signal },
    sources: sourcesOf(templates),
    tooLarge: `${sent.fileName} needs more memory than a check may take`
  })
}

export async function checkInspected(
  file: InspectedFile,
  profile: Profile,
  language: ReportLanguage,
  options: CheckFileOptions
): Promise<FileCheckResult> {
  const report = await checkFile(file, profile, language, options)
  return { format: file.format, report: { ...report, content: contentOf(file) } }
}

function sourcesOf({ known }: TemplateChecker): Sources {
  return {
    /** Indexes of the templates that apply to submodels with these ids. */
    applicable: (ids: readonly TemplateIds[]) =>
      ids.flatMap((one) => known.applicable(one as Submodel).map((template) => known.all.indexOf(template))),
    schemas: (indexes: readonly number[]) =>
      indexes.flatMap((index): readonly Schema[] => {
        const template = known.all[index]
        if (template === undefined) return []
        return template.value === undefined ? [template.normal] : [template.normal, template.value]
      })
  }
}
