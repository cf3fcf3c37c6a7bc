/** Files of access rules: one, or a folder whose JSON files count together. */
import type { Stats } from 'node:fs'
import { readdir, readFile, stat } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { HubError, type Violation } from '../errors.ts'
import { parseJson } from '../formats/json.ts'
import type { AccessRule } from './rule.ts'
import { parseAccessRulesInSlices } from './rule-parser.ts'

/** Access rules as they were written, with the name that the names of its rules begin with. */
export interface RuleDocument {
  readonly name: string
  readonly model: unknown
}

export interface CheckedDocument extends RuleDocument {
  readonly rules: readonly AccessRule[]
  /** With any of these no rule of it is used. */
  readonly violations: readonly Violation[]
  readonly warnings: readonly Violation[]
}

/** With the path under which it was read. */
export interface CheckedFile extends CheckedDocument {
  readonly file: string
}

/** Of all files together: some 15,000 rules. */
export const MAX_RULE_BYTES = 4 * 1024 * 1024
const MAX_FILES = 1000

/**
 * @param path a file, or a folder whose JSON files are all read
 * @throws Error of the file system; HubError where there are none, or they are too large
 */
export async function checkRuleFiles(path: string): Promise<CheckedFile[]> {
  const found = await findRuleFiles(path)
  if (found.length === 0) throw new HubError('BadRequest', [`${path} contains no JSON files`])
  const bytes = found.reduce((sum, { stats }) => sum + stats.size, 0)
  if (bytes > MAX_RULE_BYTES) {
    throw new HubError('BadRequest', [`${path} has ${bytes} bytes; access rules have at most ${MAX_RULE_BYTES}`])
  }
  const checked: CheckedFile[] = []
  for (const { file } of found) checked.push(await checkFile(file))
  return checked
}

/** @throws HubError with the violations of the first document that has any */
export function rulesOf(documents: readonly CheckedDocument[]): AccessRule[] {
  return documents.flatMap(({ name, rules, violations }) => {
    if (violations.length === 0) return rules
    const prefixed = violations.map((one) => ({ ...one, pointer: `${name}#${one.pointer}` }))
    throw new HubError('Invalid', [violations.length], prefixed)
  })
}

export async function checkRuleDocument({ name, model }: RuleDocument): Promise<CheckedDocument> {
  return check(name, async () => model)
}

/** Changes when a file does, or comes or goes. @throws Error of the file system */
export async function fingerprintOf(path: string): Promise<string> {
  const found = await findRuleFiles(path)
  return JSON.stringify(found.map(({ file, stats }) => [file, stats.mtimeMs, stats.ctimeMs, stats.size, stats.ino]))
}

interface FoundFile {
  readonly file: string
  readonly stats: Stats
}

async function findRuleFiles(path: string): Promise<FoundFile[]> {
  const stats = await stat(path)
  if (!stats.isDirectory()) return [{ file: path, stats }]
  const names = (await readdir(path)).filter((name) => name.endsWith('.json')).sort()
  if (names.length > MAX_FILES) throw new HubError('BadRequest', [`${path} has more than ${MAX_FILES} JSON files`])
  return Promise.all(names.map(async (name) => ({ file: join(path, name), stats: await stat(join(path, name)) })))
}

async function checkFile(file: string): Promise<CheckedFile> {
  return { file, ...(await check(basename(file), async () => parseJson(await readFile(file)))) }
}

async function check(name: string, read: () => Promise<unknown>): Promise<CheckedDocument> {
  let model: unknown
  try {
    model = await read()
    return { name, model, violations: [], ...(await parseAccessRulesInSlices(model, name)) }
  } catch (error) {
    if (!(error instanceof HubError)) throw error
    const whole = { pointer: '', rule: error.name, text: error.message }
    return {
      name,
      model,
      rules: [],
      violations: error.violations.length > 0 ? error.violations : [whole],
      warnings: []
    }
  }
}
