/** The page in a real browser: its first view, a chart of a year, and a tab that stays open. */
import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { type Browser, type CDPSession, chromium, type Page } from 'playwright-core'
import { OPERATIONAL_DATA, plant } from '../demo/plant.ts'
import { type Child, start } from './children.ts'
import { fillWith } from './data.ts'
import { flags } from './flags.ts'
import { lines, wanted, whole } from './measure.ts'
import { median } from './statistics.ts'

const executablePath = process.env.CHROMIUM ?? '/usr/bin/chromium'

const SAMPLES = flags.quick ? 1_000_000 : 10_000_000
const YEAR_MS = 365 * 86_400_000
/** In a push; less than the days that a column may last. */
const COLUMN = 10_000
const OPENINGS = flags.quick ? 3 : 7

/** Of the tab that stays open, with this many values a second. */
const OPEN_SECONDS = Number(flags.open ?? (flags.quick ? 40 : 3600))
const VALUES_PER_SECOND = 1000
const PUSHES_PER_SECOND = 10

const MAX_FIRST_VIEW_MS = 1000
const MAX_FIRST_VIEW_BYTES = 150_000
const MAX_CHART_MS = 1000
const MAX_GROWTH_BYTES = 10_000_000
const MAX_NEW_NODES = 1000
/** Until the chart is full of what it shows. */
const WARM_UP_SECONDS = flags.quick ? 5 : 30

/** @param folder creates a folder for data */
export async function inBrowser(folder: (name: string) => Promise<string>): Promise<void> {
  if (!wanted('browser', 'browser-chart', 'browser-open')) return
  if (!existsSync(executablePath)) {
    process.stderr.write(`The page is not measured: there is no ${executablePath}; CHROMIUM may name another one\n`)
    return
  }
  execFileSync(process.execPath, [fileURLToPath(new URL('../build-page.js', import.meta.url))], { stdio: 'ignore' })
  const directory = await folder('browser')
  await fillWith(directory, plant().submodels ?? [])
  const hub = await start('hub.ts', directory, { SAMPLE_RATE: 'off', TEMPLATES: 'off' })
  const browser = await chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-gpu'] })
  try {
    if (wanted('browser')) await firstView(browser, hub)
    if (wanted('browser', 'browser-chart')) await yearAsChart(browser, hub)
    if (wanted('browser', 'browser-open')) await stayingOpen(browser, hub)
  } finally {
    await browser.close()
    await hub.stop()
  }
}

async function firstView(browser: Browser, hub: Child): Promise<void> {
  const times: number[] = []
  let bytes = 0
  for (let count = 0; count < OPENINGS; count++) {
    await withPage(browser, async (page) => {
      await page.goto(`${hub.url}/#/plant?view=submodels`)
      await page.getByRole('treeitem').first().waitFor()
      times.push((await page.evaluate('performance.now()')) as number)
      bytes =
        (await page.evaluate(`[...performance.getEntriesByType('resource'), ...performance.getEntriesByType('navigation')]
        .reduce((sum, { transferSize }) => sum + transferSize, 0)`)) as number
    })
  }
  within('page: time to the first view with data, cold cache', median(times), MAX_FIRST_VIEW_MS, 'ms')
  within('page: bytes of the first view, with its data', bytes, MAX_FIRST_VIEW_BYTES, 'bytes')
}

async function yearAsChart(browser: Browser, hub: Child): Promise<void> {
  const step = Math.floor(YEAR_MS / SAMPLES)
  const begin = Date.now() - YEAR_MS
  const values = Array.from({ length: COLUMN }, (_, at) => 12 + Math.sin(at / 500))
  for (let from = 0; from < SAMPLES; from += COLUMN) await push(hub, 'CycleTime', begin + from * step, step, values)
  const times: number[] = []
  for (let count = 0; count < OPENINGS; count++) {
    await withPage(browser, async (page) => {
      await page.goto(`${hub.url}/#/charts`)
      await page.getByText('No values are chosen.').waitFor()
      const from = performance.now()
      const address = chartOf('CycleTime', { from: iso(begin), to: iso(begin + YEAR_MS) })
      await page.evaluate(`location.hash = ${JSON.stringify(address)}`)
      await page.getByText('Mean, lowest and highest of each').waitFor()
      times.push(performance.now() - from)
    })
  }
  within(`page: time to the chart of ${whole(SAMPLES)} samples of a year`, median(times), MAX_CHART_MS, 'ms')
}

async function stayingOpen(browser: Browser, hub: Child): Promise<void> {
  await withPage(browser, async (page) => {
    await page.goto(`${hub.url}/${chartOf('InjectionPressure', { last: '300' })}`)
    const session = await page.context().newCDPSession(page)
    await session.send('Performance.enable')
    await load(hub, WARM_UP_SECONDS)
    await page.locator('.plot canvas').waitFor()
    const first = await sizeOf(session)
    await load(hub, OPEN_SECONDS / 4)
    const early = await sizeOf(session)
    await load(hub, (OPEN_SECONDS * 3) / 4)
    const last = await sizeOf(session)
    const title = `page: growth of the tab's memory in ${OPEN_SECONDS} s of ${VALUES_PER_SECOND} values/s, after the first quarter`
    within(title, last.heap - early.heap, MAX_GROWTH_BYTES, 'bytes')
    const workload = `page: JavaScript heap and DOM nodes of that tab at its end; baseline: after ${WARM_UP_SECONDS} s`
    const [hubSize, baseline] = [sizeText(last), sizeText(first)]
    const met = last.nodes - first.nodes < MAX_NEW_NODES ? 'yes' : 'no'
    lines.push({ workload, hub: hubSize, baseline, ratio: '–', goal: `< ${MAX_NEW_NODES} nodes more`, met })
  })
}

async function load(hub: Child, seconds: number): Promise<void> {
  const size = VALUES_PER_SECOND / PUSHES_PER_SECOND
  const end = performance.now() + seconds * 1000
  while (performance.now() < end) {
    const values = Array.from({ length: size }, () => 1180 + Math.random())
    const from = performance.now()
    await push(hub, 'InjectionPressure', Date.now() - size, 1, values)
    await sleep(Math.max(0, 1000 / PUSHES_PER_SECOND - (performance.now() - from)))
  }
}

interface TabSize {
  /** Bytes of the JavaScript heap in use. */
  readonly heap: number
  /** DOM nodes, also those that are no longer in the document. */
  readonly nodes: number
}

async function sizeOf(session: CDPSession): Promise<TabSize> {
  // What the first collection frees may be what the second one needs.
  for (let count = 0; count < 2; count++) await session.send('HeapProfiler.collectGarbage')
  const { metrics } = await session.send('Performance.getMetrics')
  const figureOf = (wanted: string) => metrics.find(({ name }) => name === wanted)?.value ?? 0
  return { heap: figureOf('JSHeapUsedSize'), nodes: figureOf('Nodes') }
}

function sizeText({ heap, nodes }: TabSize): string {
  return `${(heap / 1e6).toFixed(1)} MB, ${whole(nodes)} nodes`
}

async function push(hub: Child, path: string, start: number, step: number, values: readonly number[]): Promise<void> {
  const { ok, status } = await fetch(`${hub.url}/ingest?submodel=${encodeURIComponent(OPERATIONAL_DATA)}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ samples: [{ path, start: iso(start), step, values }] })
  })
  if (!ok) throw new Error(`The samples were refused: ${status}`)
}

function chartOf(path: string, params: Readonly<Record<string, string>>): string {
  return `#/charts?${new URLSearchParams({ series: JSON.stringify([[OPERATIONAL_DATA, path]]), ...params })}`
}

function iso(time: number): string {
  return new Date(time).toISOString()
}

/** A tab with nothing in its cache. */
async function withPage(browser: Browser, use: (page: Page) => Promise<void>): Promise<void> {
  const context = await browser.newContext({ locale: 'en' })
  try {
    await use(await context.newPage())
  } finally {
    await context.close()
  }
}

function within(workload: string, measured: number, goal: number, unit: string): void {
  lines.push({
    workload,
    hub: `${whole(measured)} ${unit}`,
    ...{ baseline: '–', ratio: '–', goal: `< ${whole(goal)} ${unit}`, met: measured < goal ? 'yes' : 'no' }
  })
}
