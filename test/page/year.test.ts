/** A year of samples in a chart, and from there to seconds. */
import type { Page } from 'playwright-core'
import t from 'tap'
import { OPERATIONAL_DATA } from '../../scripts/demo/plant.ts'
import { start } from '../e2e/harness.ts'
import { noBrowser, screenshot, withTab } from './browser.ts'
import { uploadPlant } from './upload-plant.ts'

const DAY = 86_400_000
const YEAR = 365 * DAY
/** A sample every twenty seconds. */
const STEP = 20_000
const COUNT = YEAR / STEP
const COLUMN = 10_000
const BEGIN = Date.now() - YEAR - DAY

const MAX_DRAWING_MS = 1000
/** The machine that runs the test may be busy: one of several drawings must be in time. */
const TRIES = 8
/** From a year to less than an hour, a half more each. */
const ZOOMS = 24

t.test(
  'a year is drawn within a second, and seconds are a gesture away',
  { skip: noBrowser, timeout: 600_000 },
  async (t) => {
    const hub = await start(t, { SAMPLE_RATE: 'off' })
    await uploadPlant(hub)
    for (let at = 0; at < COUNT; at += COLUMN) await push(hub.url, at, Math.min(COLUMN, COUNT - at))

    await withTab(t, `${hub.url}/#/charts`, {}, async (tab) => {
      const { page } = tab
      await page.getByText('No values are chosen.').waitFor()
      // Each another window, so that it is read and drawn again.
      const ms = await quickest((attempt) => open(page, BEGIN - (attempt + 1) * DAY, BEGIN + YEAR))
      t.ok(ms < MAX_DRAWING_MS, `the year: ${ms} ms`)
      const count = await page.locator('tr[data-path=CycleTime] td').nth(4).textContent()
      t.equal(count?.replaceAll(',', ''), String(COUNT), 'of all samples')
      await screenshot(tab, 'chart-year')

      await page.getByRole('group', { name: 'Chart' }).focus()
      for (let zoom = 0; zoom < ZOOMS; zoom++) await page.keyboard.press('+')
      await page.getByText('Every sample is drawn.').waitFor()
      const seconds = await quickest((attempt) => open(page, BEGIN + 200 * DAY + attempt, BEGIN + 200 * DAY + 600_000))
      t.ok(seconds < MAX_DRAWING_MS, `ten minutes of it: ${seconds} ms`)
    })
    await hub.stop()
  }
)

async function push(url: string, at: number, count: number): Promise<void> {
  const values = Array.from({ length: count }, (_, index) => 12 + Math.sin((at + index) / 700))
  const samples = [{ path: 'CycleTime', start: new Date(BEGIN + at * STEP).toISOString(), step: STEP, values }]
  const response = await fetch(`${url}/ingest?submodel=${OPERATIONAL_DATA}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ samples })
  })
  if (!response.ok) throw new Error(await response.text())
}

/** Milliseconds from the new address to the drawing, as the page sees it. */
async function open(page: Page, from: number, to: number): Promise<number> {
  const params = {
    series: JSON.stringify([[OPERATIONAL_DATA, 'CycleTime']]),
    from: new Date(from).toISOString(),
    to: new Date(to).toISOString()
  }
  await page.evaluate("location.hash = '#/charts'")
  await page.getByText('No values are chosen.').waitFor()
  return (await page.evaluate(`new Promise((resolve) => {
    const from = performance.now()
    const isDrawn = () => /Mean, lowest and highest|Every sample is drawn/.test(document.body.textContent)
    const observer = new MutationObserver(() => {
      if (!isDrawn() || document.querySelector('.plot canvas') === null) return
      observer.disconnect()
      requestAnimationFrame(() => resolve(Math.round(performance.now() - from)))
    })
    observer.observe(document.body, { childList: true, subtree: true, characterData: true })
    location.hash = ${JSON.stringify(`#/charts?${new URLSearchParams(params)}`)}
  })`)) as number
}

async function quickest(attempt: (number: number) => Promise<number>): Promise<number> {
  let least = Number.POSITIVE_INFINITY
  for (let number = 0; number < TRIES && least >= MAX_DRAWING_MS; number++) {
    least = Math.min(least, await attempt(number))
  }
  return least
}
