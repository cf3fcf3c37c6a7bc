/** The pages of operators and auditors, in a real browser. */
import { writeFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { BASE, OPERATIONAL_DATA } from '../../scripts/demo/plant.ts'
import { encode, type Running, start } from '../e2e/harness.ts'
import { bearer } from '../e2e/secured-hub.ts'
import { testDirectory } from '../test-directory.ts'
import { until } from '../until.ts'
import {
  checkAccessibility,
  checkWidth,
  DESKTOP,
  NARROW,
  noBrowser,
  screenshot,
  show,
  signInWithKey,
  type Tab,
  withTab
} from './browser.ts'
import { uploadPlant } from './upload-plant.ts'

const NAMEPLATE = `${BASE}/sm/imm-01/nameplate`
/** The hub starts another one for it, and asks everything of it. */
const EXAMINATION_MS = 240_000
const PLAN = [
  'process,machine,submodel,element,kind,method,period',
  `Molding,IMM-01,${OPERATIONAL_DATA},CycleTime,cycle time,automatic,10m`,
  `Molding,IMM-01,${OPERATIONAL_DATA},MoldTemperature,temperature,semi-automatic,5m`,
  `Molding,IMM-02,urn:absent,State,state,manual,`,
  ''
].join('\n')

t.test('pages of evidence', { skip: noBrowser, timeout: 600_000 }, async (t) => {
  const directory = testDirectory(t)
  writeFileSync(join(directory, 'plan.csv'), PLAN)
  const hub = await start(t, { COLLECTION_PLAN: join(directory, 'plan.csv') })
  await fill(hub)

  await t.test('collection points are compared with the plan, and filtered by their verdict', (t) =>
    withTab(t, `${hub.url}/#/collection-points`, {}, async ({ page }) => {
      await page.getByRole('row').filter({ hasText: 'CycleTime' }).waitFor()
      t.equal(await page.getByRole('row').count(), 4 + 1, 'three planned, one not planned, and the head')
      await page.getByRole('button', { name: /Silent/ }).click()
      await page.getByRole('row').filter({ hasText: 'CycleTime' }).waitFor({ state: 'detached' })
      await page.waitForURL(/verdict=silent/)
      await page.getByRole('row').filter({ hasText: 'IMM-02' }).waitFor()
      t.equal(await page.getByRole('row').count(), 2 + 1, 'the two silent ones, and the head')
      const downloading = page.waitForEvent('download')
      await page.getByRole('button', { name: 'Download as CSV' }).click()
      const file = await readFile(await (await downloading).path(), 'utf8')
      t.equal(file.trim().split('\r\n').length, 4 + 1)
    })
  )

  await t.test('a filter that is typed keeps one that was typed just before', (t) =>
    withTab(t, `${hub.url}/#/collection-points`, {}, async ({ page }) => {
      await page.getByRole('row').filter({ hasText: 'CycleTime' }).waitFor()
      await page.getByRole('searchbox', { name: 'Process' }).fill('Molding')
      await page.getByRole('searchbox', { name: 'Machine' }).fill('IMM-02')
      await page.waitForURL(/machine=IMM-02/)
      t.match(page.url(), /process=Molding/)
      t.equal(await page.getByRole('searchbox', { name: 'Process' }).inputValue(), 'Molding')
    })
  )

  await t.test('an invalid submodel says what is wrong, and leads to where it is', (t) =>
    withTab(t, `${hub.url}/#/validation?result=invalid`, {}, async ({ page }) => {
      const result = page.locator('.validation-list > li').filter({ hasText: NAMEPLATE })
      await result.waitFor()
      t.match(await result.textContent(), /ManufacturerName/)
      await page.getByRole('combobox', { name: 'Result' }).selectOption('valid')
      await result.waitFor({ state: 'detached' })
      await page.waitForURL(/result=valid/)
    })
  )

  await t.test('the hub examines itself; its report is read, compared and deleted', (t) =>
    withTab(t, `${hub.url}/#/compliance`, {}, async (tab) => {
      const { page } = tab
      page.on('dialog', (dialog) => void dialog.accept())
      await page.getByText('No report yet').waitFor()
      for (const count of [1, 2]) {
        await page.getByRole('button', { name: 'Examine now' }).click()
        await page
          .locator('tbody tr')
          .nth(count - 1)
          .waitFor({ timeout: EXAMINATION_MS })
        await page.locator('.compliance-progress').waitFor({ state: 'detached', timeout: EXAMINATION_MS })
      }
      await page.getByRole('button', { name: 'Show' }).first().click()
      await page.getByText('Criteria of the programme').waitFor()
      await page.getByText('Operations of the API').click()
      await page.getByText('PostAssetAdministrationShell: answered 201').first().waitFor()
      await checkAccessibility(t, tab, 'a report')
      await page.getByRole('button', { name: 'Changes' }).click()
      await page.getByText(/checks are as before/).waitFor()
      const downloading = page.waitForEvent('download')
      await page.getByRole('button', { name: 'JSON' }).click()
      t.match(JSON.parse(await readFile(await (await downloading).path(), 'utf8')), { unchanged: Number })
      await page.getByRole('button', { name: 'Delete' }).first().click()
      await page.locator('tbody tr').nth(1).waitFor({ state: 'detached' })
    })
  )

  await t.test('they are accessible, and fit in both languages, widths and colours', async (t) => {
    for (const [language, theme, viewport] of [
      ['en', 'light', DESKTOP],
      ['ko', 'dark', NARROW],
      ['ko', 'light', DESKTOP]
    ] as const) {
      await withTab(t, hub.url, { language, theme, viewport }, async (tab) => {
        for (const path of ['collection-points', 'validation', 'compliance'])
          await look(t, tab, path, `${path}-${language}-${theme}-${viewport.width}`)
      })
    }
  })

  await t.test('the audit is shown to auditors, and filtered by caller and outcome', async (t) => {
    const { auditor, operator } = await protect(hub)
    await withTab(t, hub.url, { expected: /401/ }, async (tab) => {
      await signInWithKey(tab, auditor)
      await show(tab, '#/audit?outcome=refused')
      const { page } = tab
      const refused = page.getByRole('row').filter({ hasText: 'key:operator' })
      await refused.first().waitFor()
      t.equal(await page.getByRole('row').filter({ hasText: 'Done' }).count(), 0)
      await page.getByText(/The chain ends at entry/).waitFor()
      await page.getByRole('searchbox', { name: 'Caller' }).fill('key:absent')
      await page.getByText('No entry matches.').waitFor()
      await show(tab, '#/audit')
      await refused.first().waitFor()
      await checkAccessibility(t, tab, 'the audit')
      await screenshot(tab, 'audit-en')
    })
    await withTab(t, hub.url, { expected: /401/ }, async (tab) => {
      await signInWithKey(tab, operator)
      await tab.page.getByRole('link', { name: 'Plant' }).waitFor()
      t.equal(await tab.page.getByRole('link', { name: 'Audit' }).count(), 0)
    })
  })
})

async function look(t: Test, tab: Tab, path: string, name: string): Promise<void> {
  await show(tab, `#/${path}`)
  await tab.page.locator('h1').waitFor()
  await checkAccessibility(t, tab, name)
  await checkWidth(t, tab, name)
  await screenshot(tab, name)
}

/** The sample plant with samples, and a nameplate that violates its template. */
async function fill(hub: Running): Promise<void> {
  await uploadPlant(hub)
  await hub.ask('DELETE', `${hub.url}/api/v3/submodels/${encode(NAMEPLATE)}/submodel-elements/ManufacturerName`)
  // Results are written in the background.
  await until(async () => {
    const { json } = await hub.ask('GET', `${hub.url}/api/v3/validation?result=invalid`)
    return json.result.some((one: { readonly submodelId: string }) => one.submodelId === NAMEPLATE)
  })
  const sample = (path: string, value: number) => ({ submodel: OPERATIONAL_DATA, path, time: Date.now(), value })
  const items = ['CycleTime', 'InjectionPressure'].flatMap((path) => [sample(path, 12), sample(path, 13)])
  const { status, text } = await hub.ask('POST', `${hub.url}/ingest`, items)
  if (status !== 200) throw new Error(text)
}

/** Keys of an auditor and of an operator, who has tried what is not for him. */
async function protect(hub: Running): Promise<{ readonly auditor: string; readonly operator: string }> {
  const key = async (role: string, as?: string): Promise<string> => {
    const body = { name: role, claims: { role } }
    const { json, text } = await hub.ask('POST', `${hub.url}/security/keys`, body, as === undefined ? {} : bearer(as))
    if (json.key === undefined) throw new Error(text)
    return json.key
  }
  const administrator = await key('administrator')
  const [auditor, operator] = [await key('auditor', administrator), await key('operator', administrator)]
  await hub.ask('DELETE', `${hub.url}/api/v3/submodels/${encode(NAMEPLATE)}`, undefined, bearer(operator))
  // Refusals are recorded within some seconds.
  await until(async () => {
    const { json } = await hub.ask('GET', `${hub.url}/audit?outcome=refused`, undefined, bearer(auditor))
    return json.result.length > 0
  })
  return { auditor, operator }
}
