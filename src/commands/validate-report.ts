/** How `aas-hub validate` tells what it found: sentences for people, JSON for programs, a bar while it reads. */
import { once } from 'node:events'
import { basename } from 'node:path'
import type { Violation } from '../errors.ts'
import type { TemplateChecker } from '../operations/validation/template-checker.ts'
import { type Broken, validateFile } from './validate.ts'

/** Smaller files are read before anybody wonders. */
const PROGRESS_BAR_MIN_BYTES = 1_000_000
const BAR_WIDTH = 30

/** Writes to standard output as it reads, so nothing is gathered. @returns whether everything is valid */
export async function reportFiles(
  files: readonly string[],
  checker: TemplateChecker,
  format: 'text' | 'json'
): Promise<boolean> {
  const bar = process.stderr.isTTY ? new Bar() : undefined
  const writer = format === 'json' ? json : text
  let count = 0
  let documents = 0
  const warnings: Warning[] = []
  await write(writer.begin)
  for (const file of files) {
    const warn = (warning: Violation) => warnings.push({ file, ...warning })
    const options = { checker, warn, ...(bar !== undefined && { progress: bar.show }) }
    for await (const broken of validateFile(file, options)) {
      bar?.clear()
      count += broken.metamodel.length + broken.violations.length
      await write(writer.tell(broken, documents++))
    }
    bar?.clear()
  }
  await write(writer.end(files.length, count, warnings))
  return count === 0
}

/** At most a few hundred a file. */
type Warning = Violation & { readonly file: string }

interface Writer {
  readonly begin: string
  tell(broken: Broken, before: number): string
  end(files: number, violations: number, warnings: readonly Warning[]): string
}

const text: Writer = {
  begin: '',
  tell({ file, origin, modelType, id, idShort, metamodel, violations }) {
    const name = modelType === undefined ? origin : `${modelType} ${idShort ?? ''} <${id ?? origin}>`.replace('  ', ' ')
    const sentences = [...metamodel.map(sentence), ...violations.map(({ text }) => text)]
    return `${[file, name].filter((part) => part !== '').join(': ')}\n${sentences.map((line) => `  ${line}\n`).join('')}`
  },
  end: (files, violations, warnings) => {
    const told = warnings.map((warning) => `${warning.file}: Warning: ${sentence(warning)}\n`).join('')
    const read = files === 1 ? 'one file' : `${files} files`
    return `${told}${violations === 0 ? `Nothing is wrong with ${read}.` : `${violations} violations in ${read}.`}\n`
  }
}

const json: Writer = {
  begin: '{"documents":[',
  tell: (broken, before) => `${before === 0 ? '' : ','}\n${JSON.stringify(broken)}`,
  end: (files, violations, warnings) => {
    const told = JSON.stringify(warnings)
    return `],"files":${files},"violations":${violations},"warnings":${told},"valid":${violations === 0}}\n`
  }
}

/** The place, what was expected and found, the rule. What a template says names its place and rule itself. */
function sentence({ pointer, idShortPath, rule, text }: Violation): string {
  const place = idShortPath ?? pointer
  return `${place === '' ? '' : `${place}: `}${text} [${rule}]`
}

async function write(text: string): Promise<void> {
  if (text !== '' && !process.stdout.write(text)) await once(process.stdout, 'drain')
}

/** A line on the terminal that is written over until it is wiped away. */
class Bar {
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
