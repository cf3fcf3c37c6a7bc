/** Output of `aas-hub validate`: sentences or JSON, and a progress bar while it reads. */
import { once } from 'node:events'
import { basename } from 'node:path'
import { HubError, type Violation } from '../errors.ts'
import type { TemplateChecker } from '../operations/validation/template-checker.ts'
import { choiceOf } from './local-hub.ts'
import { type InvalidDocument, validateFile } from './validate.ts'

/** Smaller files are read too fast for a progress bar. */
const PROGRESS_BAR_MIN_BYTES = 1_000_000
const BAR_WIDTH = 30

/**
 * Writes to standard output while it reads, so that nothing accumulates.
 * @returns whether everything is valid
 * @throws HubError `BadRequest`
 */
export async function validateFiles(
  flags: ReadonlyMap<string, string>,
  files: readonly string[],
  checker: TemplateChecker
): Promise<boolean> {
  if (files.length === 0) throw new HubError('BadRequest', ['validate needs a file'])
  const format = choiceOf(flags, 'format', ['text', 'json'])
  const bar = process.stderr.isTTY ? new ProgressBar() : undefined
  const writer = format === 'json' ? json : text
  let count = 0
  let documents = 0
  const warnings: Warning[] = []
  await write(writer.begin)
  for (const file of files) {
    const warn = (warning: Violation) => warnings.push({ file, ...warning })
    const options = { checker, warn, ...(bar !== undefined && { progress: bar.show }) }
    for await (const invalid of validateFile(file, options)) {
      bar?.clear()
      count += invalid.metamodel.length + invalid.violations.length
      await write(writer.write(invalid, documents++))
    }
    bar?.clear()
  }
  await write(writer.end(files.length, count, warnings))
  return count === 0
}

/** At most a few hundred a file. */
type Warning = Violation & { readonly file: string }

interface ReportWriter {
  readonly begin: string
  write(invalid: InvalidDocument, before: number): string
  end(files: number, violations: number, warnings: readonly Warning[]): string
}

const text: ReportWriter = {
  begin: '',
  write({ file, origin, modelType, id, idShort, metamodel, violations }) {
    const name = modelType === undefined ? origin : `${modelType} ${idShort ?? ''} <${id ?? origin}>`.replace('  ', ' ')
    const sentences = [...metamodel.map(sentence), ...violations.map(({ text }) => text)]
    return `${[file, name].filter((part) => part !== '').join(': ')}\n${sentences.map((line) => `  ${line}\n`).join('')}`
  },
  end: (files, violations, warnings) => {
    const lines = warnings.map((warning) => `${warning.file}: Warning: ${sentence(warning)}\n`).join('')
    const read = files === 1 ? 'one file' : `${files} files`
    return `${lines}${violations === 0 ? `Nothing is wrong with ${read}.` : `${violations} violations in ${read}.`}\n`
  }
}

const json: ReportWriter = {
  begin: '{"documents":[',
  write: (invalid, before) => `${before === 0 ? '' : ','}\n${JSON.stringify(invalid)}`,
  end: (files, violations, warnings) => {
    const list = JSON.stringify(warnings)
    return `],"files":${files},"violations":${violations},"warnings":${list},"valid":${violations === 0}}\n`
  }
}

/** Path, text and rule. Violations of templates have all three in their text. */
function sentence({ pointer, idShortPath, rule, text }: Violation): string {
  const path = idShortPath ?? pointer
  return `${path === '' ? '' : `${path}: `}${text} [${rule}]`
}

async function write(text: string): Promise<void> {
  if (text !== '' && !process.stdout.write(text)) await once(process.stdout, 'drain')
}

/** A line on the terminal that is overwritten until it is cleared. */
class ProgressBar {
  #shown = ''

  readonly show = (file: string, read: number, size: number): void => {
    if (size < PROGRESS_BAR_MIN_BYTES) return
    const part = Math.min(read / size, 1)
    const done = Math.floor(part * BAR_WIDTH)
    const line = `${basename(file)} [${'#'.repeat(done)}${'.'.repeat(BAR_WIDTH - done)}] ${Math.floor(part * 100)} %`
    if (line === this.#shown) return
    this.#shown = line
    process.stderr.write(`\r\x1b[K${line}`)
  }

  clear(): void {
    if (this.#shown !== '') process.stderr.write('\r\x1b[K')
    this.#shown = ''
  }
}
