/** The page of the plant, with the sample plant, in a real browser. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { uploadPictures } from '../../scripts/demo/pictures.ts'
import { BASE, OPERATIONAL_DATA } from '../../scripts/demo/plant.ts'
import { type Running, start } from '../e2e/harness.ts'
import { until } from '../until.ts'
import {
  checkAccessibility,
  checkWidth,
  DESKTOP,
  NARROW,
  noBrowser,
  screenshot,
  show,
  type Tab,
  withTab
} from './browser.ts'
import { uploadPlant } from './upload-plant.ts'

const OPERATIONS = join(import.meta.dirname, '../../scripts/demo/operations.ts')
const SVG = '<svg xmlns="http://www.w3.org/2000/svg" width="80" height="40"><rect width="80" height="40"/></svg>'
const MACHINE = `${BASE}/aas/imm-01`

const at = (params: Readonly<Record<string, string>>) => `#/plant?${new URLSearchParams(params)}`
const submodel = (name: string, asset = 'imm-01') => at({ submodel: `${BASE}/sm/${asset}/${name}` })

t.test('the plant', { skip: noBrowser, timeout: 600_000 }, async (t) => {
  const hub = await start(t, { OPERATIONS })
  await fill(hub)

  await t.test('assets are a tree, found with the keyboard', (t) =>
    withTab(t, hub.url, {}, async (tab) => {
      const { page } = tab
      const tree = page.getByRole('tree')
      await page.getByRole('treeitem').first().waitFor()
      t.match(await page.getByRole('treeitem').first().textContent(), /Injection moulding machine/)
      await tree.focus()
      await page.keyboard.press('ArrowRight')
      await page.getByRole('treeitem', { name: /OperationalData/ }).waitFor()
      for (const key of ['ArrowDown', 'ArrowDown', 'ArrowDown', 'Enter']) await page.keyboard.press(key)
      await page.getByRole('heading', { level: 1, name: 'OperationalData' }).waitFor()
      await checkAccessibility(t, tab, 'the tree with a submodel')
    })
  )

  await t.test('a search finds by name in any language, by identifier, semanticId, asset id and value', (t) =>
    withTab(t, hub.url, { language: 'ko' }, async ({ page }) => {
      const rows = page.getByRole('treeitem')
      const searched = [
        ['any', '금형', /병뚜껑 금형/],
        ['name', 'mouLD07', /Mould07/],
        ['id', 'aas/line-a', /라인/],
        ['semanticId', 'operational-data/1', /OperationalData/],
        ['assetId', 'MOULD-07', /Mould07/],
        ['value', 'wo-2026-0511', /OperationalData/]
      ] as const
      for (const [by, text, found] of searched) {
        await page.getByRole('combobox', { name: '검색 대상' }).selectOption(by)
        await page.getByRole('searchbox').fill(text)
        await rows.filter({ hasText: found }).first().waitFor()
        t.pass(`${by}: ${text}`)
      }
      await page.getByRole('searchbox').fill('nothing has this text')
      await page.getByText('검색 결과가 없습니다.').waitFor()
    })
  )

  await t.test('a query in AASQL finds submodels; what is no JSON is said', (t) =>
    withTab(t, hub.url, {}, async ({ page }) => {
      await page.getByRole('combobox', { name: 'Search in' }).selectOption('aasql')
      const query = page.getByRole('textbox', { name: 'Query (AASQL)' })
      await query.fill('{"$gt": [{"$field": "$sme.CycleTime#value"}, {"$numVal": 10}]}')
      await page.getByRole('button', { name: 'Run the query' }).click()
      await page
        .getByRole('treeitem', { name: /OperationalData/ })
        .first()
        .waitFor()
      await query.fill('{"$gt"')
      await page.getByRole('button', { name: 'Run the query' }).click()
      await page.getByText(/This is not JSON/).waitFor()
    })
  )

  await t.test('the hierarchy leads from the line to the machine', (t) =>
    withTab(t, hub.url + at({ view: 'hierarchy' }), {}, async ({ page }) => {
      await page.getByRole('treeitem', { name: /^LineA/ }).waitFor()
      await page.getByRole('treeitem', { name: /^Machine/ }).click()
      await page.getByRole('heading', { level: 1, name: 'Injection moulding machine' }).waitFor()
    })
  )

  await t.test('every kind of element is shown as what it is', (t) =>
    withTab(t, hub.url + submodel('nameplate'), {}, async (tab) => {
      const { page } = tab
      const plate = page.getByRole('region', { name: 'Nameplate' })
      t.match(await plate.textContent(), /Hansol Precision Machinery.*HX180-2024-0117/)
      await plate.getByRole('img', { name: 'Logo of Hansol Precision Machinery' }).waitFor()
      for (const name of ['KC', 'CE']) await plate.getByRole('img', { name }).waitFor()
      t.equal(await plate.getByRole('link', { name: '+82 55' }).getAttribute('href'), 'tel:+82551234567')
      await show(tab, submodel('technical-data'))
      await page.getByText('20 … 350 °C').waitFor()
      t.match(await element(tab, 'MaximumClampingForce').textContent(), /clamping force.*1,800 kN/)
      t.match(await element(tab, 'ServoDrive').textContent(), /Yes/)
      await element(tab, 'MountedMould').getByRole('link', { name: 'Mould for bottle caps' }).click()
      await page.getByRole('heading', { level: 1, name: 'Mould for bottle caps' }).waitFor()
      await show(tab, submodel('mould-data', 'mould-07'))
      const relation = element(tab, 'MountedOnMachine')
      await relation.getByRole('link', { name: 'Mould for bottle caps' }).waitFor()
      await relation.getByRole('link', { name: 'Injection moulding machine' }).waitFor()
      t.match(await element(tab, 'CoolingCircuits').getByRole('table').textContent(), /FlowRate.*11\.2/)
      await show(tab, submodel('structure', 'line-a'))
      t.match(await element(tab, 'LineA.Robot').textContent(), /managed together with the whole/)
      await element(tab, 'LineA.Machine').getByRole('link', { name: 'Injection moulding machine' }).waitFor()
      await element(tab, 'LineA.HasPartMould')
        .getByRole('link', { name: 'HierarchicalStructures › LineA › Mould' })
        .waitFor()
      await show(tab, submodel('control'))
      t.match(await element(tab, 'OperationalDataChanged').textContent(), /Observes.*out of the asset/)
    })
  )

  await t.test('raw JSON is one click away', (t) =>
    withTab(t, hub.url + submodel('technical-data'), {}, async (tab) => {
      await tab.page.getByRole('button', { name: 'Show ServoDrive as JSON' }).click()
      t.match(JSON.parse((await element(tab, 'ServoDrive').locator('pre').textContent()) ?? ''), { value: 'true' })
    })
  )

  await t.test('a file of an element and the picture of an asset are replaced where they are shown', (t) =>
    withTab(t, hub.url, {}, async (tab) => {
      const { page } = tab
      const id = 'urn:test:files'
      const file = { modelType: 'File', idShort: 'Manual', contentType: 'text/plain' }
      await hub.post('/submodels', { modelType: 'Submodel', id, idShort: 'Files', submodelElements: [file] })
      await show(tab, at({ submodel: id }))
      const send = (text: string) =>
        element(tab, 'Manual')
          .getByLabel('Upload a file for Manual')
          .setInputFiles({ name: '설명서.txt', mimeType: 'text/plain', buffer: Buffer.from(text) })
      await element(tab, 'Manual').getByText('no file').waitFor()
      for (const text of ['first edition', 'second edition']) {
        await send(text)
        // Until then it says how much is sent, and takes no other file.
        await element(tab, 'Manual').getByText('Upload', { exact: true }).waitFor()
        await until(
          async () => (await hub.get(`/submodels/${encoded(id)}/submodel-elements/Manual/attachment`)).text === text
        )
        await element(tab, 'Manual').getByRole('button', { name: 'Preview', exact: true }).click()
        await element(tab, 'Manual').getByText(text).waitFor()
        await element(tab, 'Manual').getByText('설명서.txt').waitFor()
      }
      await checkAccessibility(t, tab, 'a file that was sent')
      await screenshot(tab, 'plant-file-sent')
      const shell = 'urn:test:pictured'
      const assetInformation = { assetKind: 'Instance', globalAssetId: 'urn:test:asset' }
      await hub.post('/shells', {
        modelType: 'AssetAdministrationShell',
        id: shell,
        idShort: 'Pictured',
        assetInformation
      })
      await show(tab, at({ shell }))
      const picture = { name: 'picture.svg', mimeType: 'image/svg+xml', buffer: Buffer.from(SVG) }
      await page.getByLabel('Upload a picture of the asset').setInputFiles(picture)
      await page.locator('.detail-image img').waitFor()
      t.match(await hub.get(`/shells/${encoded(shell)}/asset-information/thumbnail`), { status: 200, text: SVG })
      await checkAccessibility(t, tab, 'a picture that was sent')
      await show(tab, submodel('nameplate'))
      const logo = page.getByRole('img', { name: 'Logo of Hansol Precision Machinery' })
      const former = await logo.getAttribute('src')
      await element(tab, 'CompanyLogo')
        .getByLabel(/^Upload a file/)
        .setInputFiles(picture)
      await page.locator(`img.nameplate-logo:not([src="${former}"])`).waitFor()
      await screenshot(tab, 'plant-picture-sent')
      await hub.remove(`/shells/${encoded(shell)}`)
      await hub.remove(`/submodels/${encoded(id)}`)
    })
  )

  await t.test('a file is downloaded, and shown', (t) =>
    withTab(t, hub.url + submodel('technical-data'), {}, async (tab) => {
      const drawing = element(tab, 'Drawing')
      const download = tab.page.waitForEvent('download')
      await drawing.getByRole('button', { name: 'Download' }).click()
      t.equal((await download).suggestedFilename(), 'drawing.svg')
      await drawing.getByRole('button', { name: 'Preview' }).click()
      await drawing.getByRole('img', { name: 'drawing.svg' }).waitFor()
      const blob = tab.page.waitForEvent('download')
      await element(tab, 'ControllerParameters').getByRole('button', { name: 'Download' }).click()
      t.match(await readFile(await (await blob).path(), 'utf8'), /^zone1=220;/)
    })
  )

  await t.test('an operation runs', (t) =>
    withTab(t, hub.url + submodel('control'), {}, async (tab) => {
      const form = element(tab, 'StartProduction')
      await form.getByLabel(/OrderNumber/).fill('WO-2026-0513')
      await form.getByLabel(/Quantity/).fill('100')
      await form.getByRole('button', { name: 'Run' }).click()
      await form.getByText('The operation has succeeded.').waitFor()
      t.match(await form.textContent(), /Accepted.*Yes/)
    })
  )

  await t.test('a value is checked while it is typed, and arrives in a second browser', (t) =>
    withTab(t, hub.url + submodel('operational-data'), {}, async (tab) =>
      withTab(t, hub.url + submodel('operational-data'), { language: 'ko' }, async (other) => {
        await other.page.getByText('실시간').waitFor()
        await tab.page.getByRole('button', { name: 'Edit cycle time' }).click()
        const field = element(tab, 'CycleTime').getByRole('textbox')
        await field.fill('twelve')
        await tab.page.getByText('Expected: xs:double').waitFor()
        t.ok(await tab.page.getByRole('button', { name: 'Save' }).isDisabled())
        await checkAccessibility(t, tab, 'an editor with an invalid value')
        await field.fill('13.25')
        await tab.page.getByRole('button', { name: 'Save' }).click()
        await element(tab, 'CycleTime').getByText('13.25').waitFor()
        await element(other, 'CycleTime').getByText('13.25').waitFor()
        t.match(await element(other, 'CycleTime').textContent(), /사이클 시간/)
      })
    )
  )

  await t.test('a value that changes while a submodel is read is shown, whatever comes first', (t) =>
    withTab(t, hub.url, {}, async (tab) => {
      const { page } = tab
      const cycleTime = `/submodels/${encoded(OPERATIONAL_DATA)}/submodel-elements/CycleTime/$value`
      const write = (value: string) => hub.patch(cycleTime, value)
      const subscribing = Promise.withResolvers<void>()
      const arrived = Promise.withResolvers<void>()
      await page.routeWebSocket(/\/stream$/, (socket) => {
        const server = socket.connectToServer()
        socket.onMessage((message) => void subscribing.promise.then(() => server.send(message)))
        server.onMessage((message) => {
          socket.send(message)
          if (String(message).includes('22.5')) arrived.resolve()
        })
      })
      await page.getByRole('treeitem').first().waitFor()
      await show(tab, submodel('operational-data'))
      await write('21.5')
      subscribing.resolve()
      await element(tab, 'CycleTime').getByText('21.5').waitFor()
      t.pass('before the hub delivers changes')

      await show(tab, at({}))
      await page.route(/\/submodels\/[\w-]+$/, async (route) => {
        const response = await route.fetch()
        await write('22.5')
        await arrived.promise
        await route.fulfill({ response })
      })
      await show(tab, submodel('operational-data'))
      await element(tab, 'CycleTime').getByText('22.5').waitFor()
      t.pass('before the submodel arrives')
    })
  )

  await t.test('texts are edited in every language', (t) =>
    withTab(t, hub.url + submodel('nameplate'), {}, async (tab) => {
      await tab.page.getByRole('button', { name: 'Edit ManufacturerName' }).click()
      await tab.page.getByRole('textbox', { name: 'ManufacturerName, Text' }).first().fill('Hansol')
      await tab.page.getByRole('button', { name: 'Save' }).click()
      await element(tab, 'ManufacturerName').getByText('Hansol', { exact: true }).first().waitFor()
      const address = `/submodels/${encoded(`${BASE}/sm/imm-01/nameplate`)}/submodel-elements/ManufacturerName/$value`
      await until(async () => {
        const { text } = await hub.get(address)
        return text.includes('"Hansol"') && text.includes('한솔정밀기계')
      })
    })
  )

  for (const language of ['en', 'ko'] as const) {
    for (const theme of ['light', 'dark'] as const) {
      for (const viewport of [DESKTOP, NARROW]) {
        const options = { language, theme, viewport }
        await t.test(`is accessible and fits in ${language}, ${theme}, ${viewport.width} pixels`, (t) =>
          withTab(t, hub.url, options, (tab) => lookAround(t, tab, `plant-${language}-${theme}-${viewport.width}`))
        )
      }
    }
  }
})

const VIEWS = {
  list: at({}),
  shell: at({ shell: MACHINE }),
  nameplate: at({ shell: MACHINE, submodel: `${BASE}/sm/imm-01/nameplate` }),
  values: at({ shell: MACHINE, submodel: OPERATIONAL_DATA }),
  control: at({ shell: MACHINE, submodel: `${BASE}/sm/imm-01/control` }),
  technical: at({ shell: MACHINE, submodel: `${BASE}/sm/imm-01/technical-data` })
}

async function lookAround(t: import('tap').Test, tab: Tab, name: string): Promise<void> {
  for (const [view, hash] of Object.entries(VIEWS)) {
    await show(tab, hash)
    const shown = view === 'list' ? tab.page.getByRole('treeitem').first() : tab.page.locator('article h1')
    await shown.waitFor()
    await checkAccessibility(t, tab, `${name} ${view}`)
    await checkWidth(t, tab, `${name} ${view}`)
    await screenshot(tab, `${name}-${view}`)
  }
}

function element({ page }: Tab, path: string) {
  return page.locator(`[data-path="${path}"]`)
}

const encoded = (id: string) => Buffer.from(id).toString('base64url')

async function fill(hub: Running): Promise<void> {
  await uploadPlant(hub)
  await uploadPictures(hub.api)
  const drawing = new FormData()
  drawing.append('fileName', 'drawing.svg')
  drawing.append('file', new Blob([SVG], { type: 'image/svg+xml' }), 'drawing.svg')
  await hub.put(
    `/submodels/${encoded(`${BASE}/sm/imm-01/technical-data`)}/submodel-elements/Drawing/attachment`,
    drawing
  )
}
