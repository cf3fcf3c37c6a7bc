/** A document as PDF, printed by Chromium where there is one. */
import { execFile } from 'node:child_process'
import { accessSync, constants, createWriteStream } from 'node:fs'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import { HubError } from '../../errors.ts'
import type { TimeSlice } from '../../time-slice.ts'
import { concurrencyLimit } from '../concurrency-limit.ts'
import type { ReportDocument } from '../document.ts'
import { NO_CHROMIUM } from './formats.ts'
import { renderHtml } from './html.ts'

export interface PdfOptions {
  /** The setting `CHROMIUM`; undefined: the usual names and places. */
  readonly chromium: string | undefined
  readonly signal?: AbortSignal
}

const TIMEOUT_MS = 60_000
/** Each takes some hundred megabytes. */
const limited = concurrencyLimit(2, 'Other documents are being printed; try again later')

const NAMES = ['chromium', 'chromium-browser', 'google-chrome-stable', 'google-chrome', 'chrome', 'microsoft-edge']
const PLACES = [
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
  'C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe',
  'C:\\Program Files (x86)\\Microsoft\\Edge\\Application\\msedge.exe'
]

/**
 * Without network: all that a document needs is in it.
 * @throws HubError `NotImplemented` without a Chromium, `Unavailable` where it fails or too many run
 */
export async function renderPdf(document: ReportDocument, slice: TimeSlice, options: PdfOptions): Promise<Buffer> {
  const program = findChromium(options.chromium)
  if (program === undefined) throw new HubError('NotImplemented', [NO_CHROMIUM])
  return limited(() => printed(program, document, slice, options.signal))
}

async function printed(
  program: string,
  document: ReportDocument,
  slice: TimeSlice,
  signal: AbortSignal | undefined
): Promise<Buffer> {
  const folder = await mkdtemp(join(tmpdir(), 'aas-hub-pdf-'))
  try {
    const page = join(folder, 'document.html')
    await pipeline(Readable.from(renderHtml(document, slice)), createWriteStream(page, { mode: 0o600 }))
    const pdf = join(folder, 'document.pdf')
    await print(program, [...argumentsFor(folder), `--print-to-pdf=${pdf}`, pathToFileURL(page).href], signal)
    return await readFile(pdf)
  } finally {
    await rm(folder, { recursive: true, force: true, maxRetries: 3 })
  }
}

/** @param setting a path, which is not looked for elsewhere */
export function findChromium(setting: string | undefined): string | undefined {
  if (setting !== undefined) return isProgram(setting) ? setting : undefined
  const folders = (process.env.PATH ?? '').split(delimiter).filter((folder) => folder !== '')
  return [...NAMES.flatMap((name) => folders.map((folder) => join(folder, name))), ...PLACES].find(isProgram)
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}

function argumentsFor(folder: string): string[] {
  return [
    ...['--headless', '--disable-gpu', '--no-first-run', '--no-pdf-header-footer', '--disable-extensions'],
    ...['--disable-background-networking', '--disable-component-update', '--disable-sync', '--disable-dev-shm-usage'],
    // No name resolves, and what needs none meets a proxy that is not there.
    ...['--host-resolver-rules=MAP * ~NOTFOUND', '--proxy-server=127.0.0.1:9'],
    `--user-data-dir=${join(folder, 'profile')}`,
    // Chromium refuses its sandbox to root. The page has no script, and its policy allows none.
    ...(process.getuid?.() === 0 ? ['--no-sandbox'] : [])
  ]
}

async function print(program: string, args: readonly string[], signal: AbortSignal | undefined): Promise<void> {
  const limits = { timeout: TIMEOUT_MS, killSignal: 'SIGKILL' as const, maxBuffer: 1024 * 1024 }
  try {
    await promisify(execFile)(program, args, { ...limits, ...(signal && { signal }) })
  } catch (error) {
    signal?.throwIfAborted()
    const { killed, message } = error as Error & { killed?: boolean }
    const reason = killed ? `no result after ${TIMEOUT_MS / 1000} s` : (message.split('\n')[1] ?? message)
    throw new HubError('Unavailable', [`Chromium could not print the document: ${reason.slice(0, 200)}`])
  }
}
