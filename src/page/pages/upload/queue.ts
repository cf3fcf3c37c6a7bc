/**
 * The files that the reader has chosen, worked on one after another: each is checked, then repaired or stored as the reader
 * says. They stay while the reader looks at another page.
 */
import { effect, signal, untracked } from '@preact/signals'
import { ApiError } from '../../../client/api/http.ts'
import {
  checkFile,
  type FileReport,
  findStored,
  type ListedDocument,
  type ProfileName,
  type RepairReport,
  repairFile,
  type SentFile,
  type StoredReport,
  storeFile
} from '../../../client/api/upload.ts'
import { hub } from '../../core/hub.ts'
import { language } from '../../core/language.ts'
import { onOtherCaller } from '../../core/session.ts'

export type FileWork = 'check' | 'repair' | 'store'

export type FileState =
  | { readonly is: 'waiting'; readonly work: FileWork }
  /** @property share of the file that is sent; 1: the hub works on it */
  | { readonly is: 'working'; readonly work: FileWork; readonly share: number }
  | { readonly is: 'checked' }
  | { readonly is: 'stored'; readonly report: StoredReport }
  | { readonly is: 'failed'; readonly work: FileWork; readonly error: unknown }

/** What to do with documents that exist already. */
export type ExistingChoice = 'replace' | 'keep'

export interface QueuedFile {
  readonly number: number
  readonly file: SentFile
  readonly state: FileState
  /** Of the file as it is. */
  readonly report?: FileReport
  readonly repair?: { readonly report: RepairReport; readonly file: SentFile } | undefined
  /** Ids of its first {@link MAX_LOOKED_UP} documents that exist already; undefined: that is not known. */
  readonly existing?: ReadonlySet<string> | undefined
  /** Has the hub said that documents exist already? */
  readonly isConflict: boolean
  readonly choice?: ExistingChoice | undefined
}

export const MAX_FILES = 100

/** Documents of a file that are looked up; of further ones the hub says when it stores them. */
export const MAX_LOOKED_UP = 320

export const files = signal<readonly QueuedFile[]>([])
export const profile = signal<ProfileName>('idta')

const controllers = new Map<number, AbortController>()
const jobs: (() => Promise<void>)[] = []
let isRunning = false
let count = 0

onOtherCaller(() => {
  for (const { number } of files.peek()) removeFile(number)
})

effect(() => {
  void [profile.value, language.value]
  untracked(checkAgain)
})

/** Those beyond {@link MAX_FILES} are left out. */
export function addFiles(added: readonly File[]): void {
  for (const file of added.slice(0, MAX_FILES - files.peek().length)) {
    const number = count++
    controllers.set(number, new AbortController())
    const queued: QueuedFile = {
      number,
      file: { content: file, name: file.name },
      state: { is: 'waiting', work: 'check' },
      isConflict: false
    }
    files.value = [...files.peek(), queued]
    begin(number, 'check')
  }
}

export function removeFile(number: number): void {
  controllers.get(number)?.abort()
  controllers.delete(number)
  files.value = files.peek().filter((one) => one.number !== number)
}

export function chooseExisting(number: number, choice: ExistingChoice): void {
  change(number, { choice })
}

/** By other rules, or in another language. Files that are being checked follow by themselves. */
function checkAgain(): void {
  for (const { number, state } of files.peek()) {
    const isOver = state.is === 'checked' || (state.is === 'failed' && state.work !== 'store')
    if (isOver) begin(number, 'check')
  }
}

/** @param isRepaired store the repaired file */
export function begin(number: number, work: FileWork, isRepaired = false): void {
  change(number, { state: { is: 'waiting', work } })
  jobs.push(() => run(number, work, isRepaired))
  if (!isRunning) void runAll()
}

async function runAll(): Promise<void> {
  isRunning = true
  for (let next = jobs.shift(); next !== undefined; next = jobs.shift()) await next()
  isRunning = false
}

async function run(number: number, work: FileWork, isRepaired: boolean): Promise<void> {
  const queued = files.peek().find((one) => one.number === number)
  const signal = controllers.get(number)?.signal
  if (queued === undefined || signal === undefined) return
  const transfer = {
    signal,
    onSent: (share: number) => change(number, { state: { is: 'working', work, share } })
  }
  transfer.onSent(0)
  const rules = { profile: profile.peek(), language: language.peek() }
  const isOutdated = () => rules.profile !== profile.peek() || rules.language !== language.peek()
  try {
    if (work === 'check') {
      const report = await checkFile(hub(), queued.file, rules, transfer)
      const existing = await known(report.content.documents)
      if (isOutdated()) return begin(number, 'check')
      change(number, {
        ...{ state: { is: 'checked' }, report, existing, isConflict: false },
        ...{ repair: undefined, choice: undefined }
      })
    } else if (work === 'repair') {
      const repair = await repairFile(hub(), queued.file, rules, transfer)
      const existing = await known(repair.report.report.content.documents)
      if (isOutdated()) return begin(number, 'check')
      change(number, { state: { is: 'checked' }, repair, existing })
    } else {
      const { choice = 'refuse', file } = queued
      const repair = isRepaired ? queued.repair : undefined
      const stored = await storeFile(hub(), repair?.file ?? file, choice, transfer)
      change(number, {
        state: { is: 'stored', report: stored },
        ...(repair && { report: repair.report.report }),
        // The repaired file may be large.
        repair: undefined
      })
    }
  } catch (error) {
    if (signal.aborted) return
    const isConflict = work === 'store' && existsAlready(error)
    change(number, isConflict ? { state: { is: 'checked' }, isConflict } : { state: { is: 'failed', work, error } })
  }
}

/** Undefined where it cannot be found out: then the hub says it when the file is stored. */
function known(documents: readonly ListedDocument[]): Promise<ReadonlySet<string> | undefined> {
  return findStored(hub(), documents.slice(0, MAX_LOOKED_UP)).catch(() => undefined)
}

function existsAlready(error: unknown): boolean {
  return error instanceof ApiError && error.messages.some(({ code }) => code === 'AlreadyExists')
}

function change(number: number, changed: Partial<QueuedFile>): void {
  files.value = files.peek().map((one) => (one.number === number ? { ...one, ...changed } : one))
}
