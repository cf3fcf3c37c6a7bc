/** The page of charts, in a real browser: months and the live tail, gaps and quality, files and programs. */
import { execFile, spawnSync } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { promisify } from 'node:util'
import t, { type Test } from 'tap'
import { OPERATIONAL_DATA } from '../../scripts/demo/plant.ts'
import { startHub } from '../../scripts/hub-process.ts'
import { freePort } from '../../scripts/ports.ts'
import { type Running, start } from '../e2e/harness.ts'
import { testDirectory } from '../test-directory.ts'
import { until } from '../until.ts'
import { checkAccessibility, checkWidth, DESKTOP, NARROW, noBrowser, screenshot, type Tab, withTab } from './browser.ts'
import { uploadPlant } from './upload-plant.ts'

/** The pause between two attempts doubles while the hub starts. */
const RECONNECTING = { timeoutMs: 90_000 }
const MINUTE = 60_000
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR
/** A whole minute, some time ago. */
const START = Math.floor((Date.now() - 40 * DAY) / MINUTE) * MINUTE

const address = (paths: readonly string[], params: Readonly<Record<string, string>> = {}) => {
  const series = JSON.stringify(paths.map((path) => [OPERATIONAL_DATA, path]))
  return `/#/charts?${new URLSearchParams({ series, ...params })}`
}

t.test('charts', { skip: noBrowser, timeout: 600_000 }, async (t) => {
  const hub = await start(t)
  await fill(hub)

  await t.test('every sample of a short time is drawn, with gaps and bad quality', (t) =>
    withTab(t, hub.url + short(['CycleTime']), {}, async (tab) => {
      const { page } = tab
      await page.getByText('Every sample is drawn.').waitFor()
      await page.getByText('Crosses: quality is bad or uncertain.').waitFor()
      // Good ones are counted: 60 before the gap, 60 after it.
      t.equal(await cell(tab, 'CycleTime', 4), '120')
      t.equal(await cell(tab, 'CycleTime', 3), '12.5 s', 'the highest, of good quality')
      await screenshot(tab, 'chart-gap')
    })
  )

  await t.test('months are drawn as buckets, and every sample again after zooming in', (t) =>
    withTab(t, hub.url + address(['CycleTime'], period(-DAY, 39 * DAY)), {}, async ({ page }) => {
      await page.getByText('Mean, lowest and highest of each').waitFor()
      await page.getByRole('button', { name: 'Zoom in' }).waitFor()
      for (let count = 0; count < 14; count++) await page.getByRole('button', { name: 'Zoom in' }).click()
      await page.getByText('Every sample is drawn.').waitFor()
      const parameter = (name: string) => Date.parse(new URLSearchParams(page.url().split('?')[1]).get(name) ?? '')
      const from = () => parameter('from')
      // The address follows when the chart stands still, which it may do between two clicks, too.
      await until(async () => parameter('to') - from() < (40 * DAY) / 2 ** 13.5)
      t.ok(from() > START + 18 * DAY)
      const before = from()
      await page.getByRole('group', { name: 'Chart' }).focus()
      await page.keyboard.press('ArrowLeft')
      await until(async () => from() < before)
      t.pass('the left arrow goes back, and the address says so')
    })
  )

  await t.test('a drag goes back in time, the wheel zooms, the cursor reads out, a double click follows live', (t) =>
    withTab(t, hub.url + short(['CycleTime', 'InjectionPressure']), {}, async (tab) => {
      const { page } = tab
      await page.getByText('Every sample is drawn.').waitFor()
      const box = (await page.locator('.u-over').boundingBox()) ?? { x: 0, y: 0, width: 0, height: 0 }
      const from = () => Date.parse(new URLSearchParams(page.url().split('?')[1]).get('from') ?? '')
      const middle = box.y + box.height / 2
      await page.mouse.move(box.x + box.width * 0.25, middle)
      await page.getByText('At the cursor').waitFor()
      t.match(await cell(tab, 'CycleTime', 0), /^\d.* s$/)
      t.match(await cell(tab, 'InjectionPressure', 0), /bar|MPa|\d/)
      const before = from()
      await page.mouse.down()
      await page.mouse.move(box.x + box.width * 0.5, middle, { steps: 4 })
      await page.mouse.up()
      await until(async () => from() < before)
      const dragged = from()
      await page.mouse.wheel(0, -400)
      await until(async () => from() > dragged)
      await page.locator('.u-over').dblclick()
      await page.getByText('Live', { exact: true }).waitFor()
    })
  )

  await t.test('a value is found by its name, added and removed', (t) =>
    withTab(t, `${hub.url}/#/charts`, {}, async (tab) => {
      const { page } = tab
      await page.getByRole('button', { name: 'Add a value' }).click()
      await page.getByRole('searchbox', { name: 'Search values' }).fill('cycletime')
      await page.getByRole('checkbox', { name: new RegExp(`CycleTime.*${OPERATIONAL_DATA}`) }).check()
      await page.getByRole('row').filter({ hasText: OPERATIONAL_DATA }).waitFor()
      await page.waitForURL(/CycleTime/)
      await checkAccessibility(t, tab, 'choosing values')
      await page.getByRole('button', { name: /^Remove / }).click()
      await page.getByText('No values are chosen.').waitFor()
    })
  )

  await t.test('what is seen is a file, and three lines of Python read the same', (t) =>
    withTab(t, hub.url + short(['CycleTime']), {}, async ({ page }) => {
      await page.getByText('Every sample is drawn.').waitFor()
      await page.getByText('Export what is seen').click()
      const downloading = page.waitForEvent('download')
      await page.getByRole('link', { name: 'Download CSV' }).click()
      const file = await readFile(await (await downloading).path(), 'utf8')
      t.equal(file.trim().split('\n').length, 1 + 125)
      for (const format of ['Parquet', 'Arrow']) {
        const link = await page.getByRole('link', { name: `Download ${format}` }).getAttribute('href')
        t.equal((await fetch(link ?? '')).status, 200, format)
      }
      const python = (await page.locator('[data-snippet=Python]').textContent()) ?? ''
      t.equal(python.split('\n').length, 3)
      await runsAsPasted(t, python)
      const url = (await page.locator('[data-snippet=URL]').textContent()) ?? ''
      t.equal((await (await fetch(url)).text()).trim(), file.trim())
    })
  )

  await t.test('a sample that arrives is drawn while the chart is live', (t) =>
    withTab(t, hub.url + address(['ClampingForce'], { last: '300' }), {}, async (tab) => {
      await tab.page.getByText('There are no samples in this time.').waitFor()
      await push(hub.url, 'ClampingForce', Date.now() - 1000, [1451.5])
      await until(async () => (await cell(tab, 'ClampingForce', 0)).startsWith('1,451.5'))
      await push(hub.url, 'ClampingForce', Date.now() - 500, [1452.5])
      await until(async () => (await cell(tab, 'ClampingForce', 0)).startsWith('1,452.5'))
      t.equal(await cell(tab, 'ClampingForce', 4), '2')
    })
  )

  await t.test('in both languages, widths and themes', async (t) => {
    for (const language of ['en', 'ko'] as const)
      for (const viewport of [DESKTOP, NARROW])
        for (const theme of ['light', 'dark'] as const) {
          const name = `${language} ${viewport.width} ${theme}`
          await withTab(
            t,
            hub.url + address(['CycleTime', 'InjectionPressure'], period(-DAY, 39 * DAY)),
            { language, viewport, theme },
            async (tab) => {
              await tab.page.locator('.u-over').waitFor()
              await checkWidth(t, tab, name)
              await checkAccessibility(t, tab, name)
              await screenshot(tab, `chart-${name.replaceAll(' ', '-')}`)
            }
          )
        }
  })
})

t.test('a live chart misses nothing while the hub is killed', { skip: noBrowser, timeout: 600_000 }, async (t) => {
  const settings = { DATA_DIR: testDirectory(t), PORT: String(await freePort()), LOG_LEVEL: 'info' }
  let hub = await startHub(settings)
  t.teardown(() => hub.kill())
  await uploadPlant(hub)
  await push(hub.url, 'CycleTime', Date.now() - 5000, [12, 12, 12])
  const expected = /ERR_CONNECTION|ERR_EMPTY_RESPONSE|WebSocket|failed:/
  await withTab(t, hub.url + address(['CycleTime'], { last: '300' }), { expected }, async (tab) => {
    await until(async () => (await cell(tab, 'CycleTime', 4)) === '3')
    await hub.kill()
    await tab.page.getByText('Reconnecting').waitFor()
    hub = await startHub(settings)
    await push(hub.url, 'CycleTime', Date.now() - 1000, [13, 14])
    await until(async () => (await cell(tab, 'CycleTime', 4)) === '5', RECONNECTING)
    t.match(await cell(tab, 'CycleTime', 0), /^14/)
  })
})

/** Minutes around a gap: a minute of samples, half an hour without, five of bad quality, a minute of samples. */
function short(paths: readonly string[]): string {
  return address(paths, period(-MINUTE, 33 * MINUTE))
}

function period(from: number, to: number) {
  return { from: new Date(START + from).toISOString(), to: new Date(START + to).toISOString() }
}

async function fill(hub: Running): Promise<void> {
  await uploadPlant(hub)
  const minute = Array.from({ length: 60 }, (_, second) => 12 + (second % 2) / 2)
  await push(hub.url, 'CycleTime', START, minute)
  await push(hub.url, 'CycleTime', START + 31 * MINUTE - 5000, [20, 20, 20, 20, 20], 'bad')
  await push(hub.url, 'CycleTime', START + 31 * MINUTE, minute)
  await push(
    hub.url,
    'InjectionPressure',
    START,
    Array.from({ length: 1900 }, (_, at) => 1180 + (at % 60))
  )
  const week = Array.from({ length: 7 * 24 * 60 }, (_, at) => 12 + Math.sin(at / 700))
  for (let day = 1; day < 36; day += 7) await push(hub.url, 'CycleTime', START + day * DAY, week, 'good', MINUTE)
}

async function push(
  url: string,
  path: string,
  start: number,
  values: readonly number[],
  quality = 'good',
  step = 1000
): Promise<void> {
  const samples = [{ path, start: new Date(start).toISOString(), step, values, quality }]
  const response = await fetch(`${url}/ingest?submodel=${OPERATIONAL_DATA}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ samples })
  })
  if (!response.ok) throw new Error(await response.text())
}

/** A cell of the table below the chart, by the path of its series: 0 is the value, 4 the number of samples. */
async function cell({ page }: Tab, path: string, column: number): Promise<string> {
  return (await page.locator(`tr[data-path=${path}] td`).nth(column).textContent()) ?? ''
}

async function runsAsPasted(t: Test, python: string): Promise<void> {
  if (spawnSync('python3', ['--version']).status !== 0) return t.comment('no Python here')
  // The hub is in this process, so it must not wait.
  const { stdout } = await promisify(execFile)('python3', ['-c', `${python}\nprint(len(rows))`])
  t.equal(stdout.trim(), String(1 + 125), 'as pasted')
}
