/** A hundred thousand shells, and a hub that is killed under an open page. */
import t from 'tap'
import { OPERATIONAL_DATA } from '../../scripts/demo/plant.ts'
import { startHub } from '../../scripts/hub-process.ts'
import { freePort } from '../../scripts/ports.ts'
import { start } from '../e2e/harness.ts'
import { testDirectory } from '../test-directory.ts'
import { until } from '../until.ts'
import { noBrowser, show, withTab } from './browser.ts'
import { uploadPlant } from './upload-plant.ts'

const SHELLS = 100_000
/** Rendered rows, however many there are. */
const MAX_ROWS = 60
/** Of the main thread, at once, on a busy machine: work that grows with the rows for each row takes much longer. */
const MAX_TASK_MS = 1000

t.test('a hundred thousand shells are as quick as ten', { skip: noBrowser, timeout: 600_000 }, async (t) => {
  const hub = await start(t)
  const shells = Array.from({ length: SHELLS }, (_, index) => ({
    modelType: 'AssetAdministrationShell',
    id: `urn:shell:${index}`,
    idShort: `Machine${index}`,
    ...(index === 66_666 && { displayName: [{ language: 'ko', text: '끝에서 찾는 사출기' }] }),
    assetInformation: { assetKind: 'Instance', globalAssetId: `urn:asset:${index}` }
  }))
  const form = new FormData()
  const environment = JSON.stringify({ assetAdministrationShells: shells })
  form.append('file', new Blob([environment], { type: 'application/json' }), 'shells.json')
  const uploaded = await hub.post('/upload', form)
  t.equal(uploaded.status, 201)

  await withTab(t, `${hub.url}/#/upload`, {}, async (tab) => {
    const { page } = tab
    let pages = 0
    page.on('request', (request) => {
      if (/\/shells\?/.test(request.url())) pages++
    })
    await show(tab, '#/plant')
    const rows = page.getByRole('treeitem')
    await rows.first().waitFor()
    t.equal(pages, 1, 'the first rows are there with the first page')
    await page.evaluate(`globalThis.longest = 0
      new PerformanceObserver((list) => {
        for (const { duration } of list.getEntries()) longest = Math.max(longest, duration)
      }).observe({ type: 'longtask' })`)

    const scroller = page.locator('.tree-scroller')
    let last = 0
    for (let pages = 0; pages < 300 && last < SHELLS - 1; pages++) {
      await scroller.evaluate((element) => element.scrollTo(0, element.scrollHeight))
      const before = last
      await until(async () => {
        const [, number = '0'] = /Machine(\d+)/.exec((await rows.last().textContent()) ?? '') ?? []
        last = Number(number)
        return last > before
      })
    }
    t.equal(last, SHELLS - 1, 'the last one is reached')
    const count = await rows.count()
    t.ok(count < MAX_ROWS, `${count} rows are rendered`)
    const longest = Math.round((await page.evaluate('longest')) as number)
    t.comment(`longest task: ${longest} ms`)
    t.ok(longest < MAX_TASK_MS, `${longest} ms`)

    await page.getByRole('searchbox').fill('machine77777')
    await rows.filter({ hasText: 'Machine77777' }).waitFor()
    t.pass('and found by its name')
    await page.getByRole('searchbox').fill('찾는 사출')
    await rows
      .filter({ hasText: '끝에서 찾는 사출기' })
      .or(rows.filter({ hasText: 'Machine66666' }))
      .waitFor()
    t.pass('and by its display name')
  })
})

t.test(
  'a page that is open while the hub is killed and started again shows what was missed',
  {
    skip: noBrowser,
    timeout: 600_000
  },
  async (t) => {
    const settings = { DATA_DIR: testDirectory(t), PORT: String(await freePort()), LOG_LEVEL: 'info' }
    let hub = await startHub(settings)
    t.teardown(() => hub.kill())
    await uploadPlant(hub)
    const submodel = `${hub.api}/submodels/${Buffer.from(OPERATIONAL_DATA).toString('base64url')}`
    const write = (value: number) =>
      fetch(`${submodel}/submodel-elements/CycleTime/$value`, {
        method: 'PATCH',
        headers: { 'content-type': 'application/json' },
        body: String(value)
      })
    const url = `${hub.url}/#/plant?${new URLSearchParams({ submodel: OPERATIONAL_DATA })}`
    // What is under way when the hub is killed is reset, and refused while there is none.
    await withTab(t, url, { expected: /ERR_CONNECTION|ERR_EMPTY_RESPONSE|WebSocket|failed:/ }, async ({ page }) => {
      const value = page.locator('[data-path=CycleTime]')
      await page.getByText('Live', { exact: true }).waitFor()
      await write(14.5)
      await value.getByText('14.5').waitFor()
      await hub.kill()
      await page.getByText('Reconnecting').waitFor()
      hub = await startHub(settings)
      await write(15.25)
      await value.getByText('15.25').waitFor()
      await page.getByText('Live', { exact: true }).waitFor()
      t.pass('it has recovered')
    })
  }
)
