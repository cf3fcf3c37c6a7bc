/** The pages of the system and of documents, in a real browser. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { OPERATIONAL_DATA } from '../../scripts/demo/plant.ts'
import { type Running, start } from '../e2e/harness.ts'
import { testDirectory } from '../test-directory.ts'
import { until } from '../until.ts'
import { checkAccessibility, checkWidth, DESKTOP, NARROW, noBrowser, screenshot, show, withTab } from './browser.ts'
import { uploadPlant } from './upload-plant.ts'

const PLAN = [
  'process,machine,submodel,element,kind,method,period',
  `Molding,IMM-01,${OPERATIONAL_DATA},CycleTime,cycle time,automatic,1h`,
  ''
].join('\n')

t.test('pages of the system', { skip: noBrowser, timeout: 600_000 }, async (t) => {
  const directory = testDirectory(t, { 'plan.csv': PLAN })
  const hub = await start(t, { COLLECTION_PLAN: join(directory, 'plan.csv') })
  await uploadPlant(hub)

  await t.test('rates, memory and disk are shown and change as samples arrive', (t) =>
    withTab(t, `${hub.url}/#/system`, {}, async ({ page }) => {
      await page.getByText('The hub is ready.').waitFor()
      const card = (name: string) => page.getByRole('listitem').filter({ hasText: name })
      t.match(await card('Memory').textContent(), /MB/)
      t.match(await card('Store on disk').textContent(), /B/)
      await page.getByText('Last backup').waitFor()
      const samples = card('Samples accepted').locator('.figure-value')
      await until(async () => {
        await push(hub)
        return /^[1-9]/.test((await samples.textContent()) ?? '')
      })
      t.ok(await card('Samples accepted').locator('path:not([class])').getAttribute('d'), 'and drawn')
    })
  )

  await t.test('senders, subscriptions and standards are shown', (t) =>
    withTab(t, `${hub.url}/#/connections`, {}, async ({ page }) => {
      await push(hub)
      const row = page.getByRole('region', { name: 'Gateways and other senders' }).getByRole('row').nth(1)
      await row.waitFor()
      t.match(await row.textContent(), /Not signed in.*HTTP · 127\.0\.0\.1.*(?:Delivers|Not as planned)/)
      t.match(
        await page.locator('[aria-labelledby=broker] .fact-list').textContent(),
        /Samples accepted since the start[1-9]/
      )
      await page.getByText('No MQTT broker is configured').waitFor()
    })
  )

  await t.test('what went wrong last with a sender is said in words, also without a plan', async (t) => {
    const unplanned = await start(t)
    await withTab(t, `${unplanned.url}/#/connections`, {}, async ({ page }) => {
      await page.getByText('No sender has delivered samples').waitFor()
      const points = 'machine,submodel=urn:none speed=1'
      t.equal((await fetch(`${unplanned.url}/write?db=plant`, { method: 'POST', body: points })).status, 400)
      const row = page.getByRole('row').filter({ hasText: 'Line protocol' })
      await row.getByText('Refused', { exact: true }).waitFor()
      t.match(await row.textContent(), /there is no submodel "urn:none"/)
    })
  })

  await t.test('settings in force are found; the command for a backup is exact', (t) =>
    withTab(t, `${hub.url}/#/system`, {}, async ({ page }) => {
      await page.getByText(`aas-hub backup --data-dir ${hub.directory} --to BACKUP`).waitFor()
      await page.getByText('Writing the history').waitFor()
      t.match(await page.getByRole('region', { name: 'Disk and retention' }).textContent(), /Free on the disk.*GB|TB/)
      await page.getByRole('link', { name: 'Settings' }).click()
      const rows = page.getByRole('region', { name: 'Settings' }).getByRole('row')
      t.match(await rows.filter({ hasText: 'COLLECTION_PLAN' }).textContent(), /plan\.csv.*Environment/)
      t.equal(await rows.filter({ hasText: 'LOG_SIZE' }).count(), 0, 'those that were changed')
      await page.getByRole('searchbox', { name: 'Search' }).fill('log_size')
      t.match(await rows.filter({ hasText: 'LOG_SIZE' }).textContent(), /LOG_SIZE.*4GiB.*Default.*4GiB/)
      await page.waitForURL(/q=log_size/)
      await page.getByRole('searchbox', { name: 'Search' }).fill('')
      await page.getByRole('checkbox').check()
      await rows.nth(60).waitFor()
      await page.getByRole('combobox', { name: 'Language' }).selectOption('ko')
      await page.getByText('변경 로그의 보존 기간').waitFor()
    })
  )

  await t.test('a document of a machine is found, made and downloaded', (t) =>
    withTab(t, `${hub.url}/#/documents`, {}, async ({ page }) => {
      await page.getByRole('searchbox', { name: 'Search' }).fill('no such machine')
      await page.getByText('Nothing matches.').waitFor()
      await page.getByRole('searchbox', { name: 'Search' }).fill('imm-01')
      await page.getByRole('table').getByRole('link').first().click()
      await page.waitForURL(/aas=/)
      await page.getByLabel('Format of Data definition').selectOption('html')
      await page.getByLabel('Language of the documents').selectOption('ko')
      await page.waitForURL(/language=ko/)
      const downloading = page.waitForEvent('download')
      await page.getByRole('button', { name: 'Download: Data definition' }).click()
      const download = await downloading
      t.match(download.suggestedFilename(), /^데이터.?정의서.*\.html$/)
      t.match(await readFile(await download.path(), 'utf8'), /lang="ko"/)
    })
  )

  for (const [language, theme, viewport] of [
    ['ko', 'dark', NARROW],
    ['en', 'light', DESKTOP],
    ['ko', 'light', DESKTOP],
    ['en', 'dark', NARROW]
  ] as const) {
    const name = `${language}-${theme}-${viewport.width}`
    await t.test(`${name} is accessible and fits`, (t) =>
      withTab(t, `${hub.url}/#/system`, { language, theme, viewport }, async (tab) => {
        await push(hub)
        await tab.page.locator('.sparkline path[d*=L]').nth(2).waitFor()
        await check('system')
        await show(tab, '#/system?view=settings')
        await tab.page.getByRole('table').waitFor()
        await check('settings')
        await show(tab, '#/connections')
        await tab.page.locator('[aria-labelledby=broker] .fact-list').waitFor()
        await check('connections')
        await show(tab, '#/documents')
        await tab.page.getByRole('table').waitFor()
        await check('machines')
        await tab.page.getByRole('table').getByRole('link').first().click()
        await tab.page.locator('.documents-list').waitFor()
        await check('documents')

        async function check(what: string): Promise<void> {
          await checkAccessibility(t, tab, what)
          await checkWidth(t, tab, what)
          await screenshot(tab, `${what}-${name}`)
        }
      })
    )
  }
})

async function push(hub: Running): Promise<void> {
  const items = [1, 2, 3].map((value) => ({ submodel: OPERATIONAL_DATA, path: 'CycleTime', time: Date.now(), value }))
  const { status, text } = await hub.ask('POST', `${hub.url}/ingest`, items)
  if (status !== 200) throw new Error(text)
}
