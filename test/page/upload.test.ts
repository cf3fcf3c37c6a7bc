/** Files into the hub by the page, in a real browser: dropped, checked, repaired, stored, and refused. */
import { createWriteStream, readFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import t, { type Test } from 'tap'
import { writeXml } from '../../src/formats/xml-writer.ts'
import { encode, type Running, start } from '../e2e/harness.ts'
import { bearer, secured } from '../e2e/secured-hub.ts'
import { type Model, referenceModel, writePackage } from '../operations/conformance/reference-model.ts'
import { claim, eq, rule, str } from '../security/fixture.ts'
import { testDirectory } from '../test-directory.ts'
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

const SUBMODEL = 'https://www.smart-factory.kr/ids/sm/Press/Identification/1/0'

/** What a test chooses or drops. */
interface TestFile {
  readonly name: string
  readonly mimeType: string
  readonly buffer: Buffer
}

async function packageOf(t: Test, model: Model, name: string): Promise<TestFile> {
  const path = await writePackage(join(testDirectory(t), 'machine.aasx'), model)
  return { name, mimeType: 'application/octet-stream', buffer: readFileSync(path) }
}

const jsonOf = (name: string, content: unknown): TestFile => ({
  ...{ name, mimeType: 'application/json' },
  buffer: Buffer.from(JSON.stringify(content))
})

async function xmlOf(t: Test, model: Model, name: string): Promise<TestFile> {
  const path = join(testDirectory(t), 'machine.xml')
  const documents = [...model.assetAdministrationShells, ...model.submodels, ...model.conceptDescriptions]
  const identifiables = (async function* () {
    yield* documents
  })()
  await pipeline(Readable.from(writeXml(identifiables, '3.1')), createWriteStream(path))
  return { name, mimeType: 'text/xml', buffer: readFileSync(path) }
}

/** One mistake with one right answer, and one that only a person can correct. */
function brokenModel(isRepairable: boolean): Model {
  const model = referenceModel()
  Object.assign(model.submodels[0].semanticId.keys[0], { type: 'Submodel' })
  if (!isRepairable) delete model.submodels[0].submodelElements[0].value
  return model
}

/** As a mouse does. */
async function drop({ page }: Tab, files: readonly TestFile[]): Promise<void> {
  const sent = files.map(({ name, mimeType, buffer }) => ({ name, mimeType, base64: buffer.toString('base64') }))
  await page.locator('.drop-zone').waitFor()
  await page.evaluate(`{
    const transfer = new DataTransfer()
    for (const { name, mimeType, base64 } of ${JSON.stringify(sent)}) {
      const bytes = Uint8Array.from(atob(base64), (sign) => sign.charCodeAt(0))
      transfer.items.add(new File([bytes], name, { type: mimeType }))
    }
    const zone = document.querySelector('.drop-zone')
    for (const type of ['dragover', 'drop'])
      zone.dispatchEvent(new DragEvent(type, { dataTransfer: transfer, bubbles: true, cancelable: true }))
  }`)
}

/** The card of a file. */
const card = ({ page }: Tab, name: string) => page.locator('.upload-file').filter({ hasText: name })
const button = (tab: Tab, file: string, name: RegExp | string) => card(tab, file).getByRole('button', { name })

t.test('uploading', { skip: noBrowser, timeout: 600_000 }, async (t) => {
  const hub = await start(t)

  await t.test('a package that is dropped is checked, stored, and found in the plant', (t) =>
    withTab(t, `${hub.url}/#/upload`, {}, async (tab) => {
      const { page } = tab
      await page.getByRole('combobox', { name: 'Check by' }).selectOption('kosmo')
      await drop(tab, [await packageOf(t, referenceModel(), '프레스.aasx')])
      await card(tab, '프레스.aasx').getByText('Follows all rules that were checked.').waitFor()
      t.match(
        await card(tab, '프레스.aasx').textContent(),
        /Shells: 1.*Submodels: 6.*Concept descriptions: 4.*Files: 2/
      )
      t.strictSame((await hub.get('/submodels')).json.result, [], 'nothing is stored before it is asked for')
      await button(tab, '프레스.aasx', 'Store').click()
      await card(tab, '프레스.aasx').getByText('Stored: 11').waitFor()
      await checkAccessibility(t, tab, 'a stored file')
      await card(tab, '프레스.aasx').getByRole('link', { name: 'Press' }).click()
      await page.waitForURL(/shell=/)
      await page.getByRole('heading', { level: 1, name: 'Press' }).waitFor()
      await show(tab, '#/upload')
      await card(tab, '프레스.aasx').getByText('Stored: 11').waitFor()
    })
  )

  await t.test('what is dropped as soon as the page is there is not missed', (t) =>
    withTab(t, `${hub.url}/#/plant`, {}, async (tab) => {
      const { page } = tab
      await page.getByRole('link', { name: 'Upload' }).waitFor()
      await page.evaluate(`new MutationObserver((_, observer) => {
        const zone = document.querySelector('.drop-zone')
        if (zone === null) return
        observer.disconnect()
        const dataTransfer = new DataTransfer()
        dataTransfer.items.add(new File(['{}'], 'early.json', { type: 'application/json' }))
        zone.dispatchEvent(new DragEvent('drop', { dataTransfer, bubbles: true, cancelable: true }))
      }).observe(document.body, { childList: true, subtree: true })`)
      await page.getByRole('link', { name: 'Upload' }).click()
      await card(tab, 'early.json').waitFor()
    })
  )

  await t.test('documents that exist already are only replaced, or left, when the reader says so', (t) =>
    withTab(t, `${hub.url}/#/upload`, {}, async (tab) => {
      const model = referenceModel()
      model.submodels[0].submodelElements[0].value = '99'
      await drop(tab, [jsonOf('again.json', model)])
      await card(tab, 'again.json').getByText('Exist already: 11').waitFor()
      const store = button(tab, 'again.json', /^Store/)
      t.ok(await store.isDisabled())
      await card(tab, 'again.json')
        .getByRole('radio', { name: /Leave them/ })
        .check()
      await screenshot(tab, 'upload-existing')
      await store.click()
      await card(tab, 'again.json').getByText('Left as they were: 11').waitFor()
      t.equal(await pressureOf(hub), '12.5')
      await drop(tab, [jsonOf('replace.json', model)])
      await card(tab, 'replace.json')
        .getByRole('radio', { name: /Replace them/ })
        .check()
      await button(tab, 'replace.json', /^Store/).click()
      await card(tab, 'replace.json').getByText('Replaced: 11').waitFor()
      t.equal(await pressureOf(hub), '99')
    })
  )

  await t.test('a file with mistakes shows each where it is, is repaired, downloaded and stored', (t) =>
    withTab(t, `${hub.url}/#/upload`, {}, async (tab) => {
      const { page } = tab
      await removeAll(hub)
      await page.getByRole('combobox', { name: 'Check by' }).selectOption('kosmo')
      await drop(tab, [await packageOf(t, brokenModel(true), 'broken.aasx')])
      const found = card(tab, 'broken.aasx')
      await found.getByText('IDTA-1 · AASd-122').first().waitFor()
      t.match(await found.textContent(), /Identification.*\/submodels\/0\/semanticId/)
      await checkAccessibility(t, tab, 'findings')
      await button(tab, 'broken.aasx', 'See what can be repaired').click()
      await found.getByText('1 change can be made').waitFor()
      await found.getByText('Then the file follows all rules that were checked.').waitFor()
      await checkAccessibility(t, tab, 'a repair')
      await screenshot(tab, 'upload-repair')
      const downloading = page.waitForEvent('download')
      await button(tab, 'broken.aasx', 'Download the repaired file').click()
      const download = await downloading
      t.equal(download.suggestedFilename(), 'broken-repaired.aasx')
      const form = new FormData()
      form.append('file', new Blob([await readFile(await download.path())]), 'broken-repaired.aasx')
      t.match((await hub.ask('POST', `${hub.url}/validate?profile=kosmo`, form)).json, { valid: true })
      t.strictSame((await hub.get('/submodels')).json.result, [], 'a repair stores nothing')
      await button(tab, 'broken.aasx', 'Repair and store').click()
      await found.getByText('Stored: 11').waitFor()
      const { json } = await hub.get(`/submodels/${encode(SUBMODEL)}`)
      t.equal(json.semanticId.keys[0].type, 'GlobalReference')
    })
  )

  await t.test('what a repair leaves is listed, and its place is a link once the file is stored', (t) =>
    withTab(t, `${hub.url}/#/upload`, {}, async (tab) => {
      const { page } = tab
      await removeAll(hub)
      await page.getByRole('combobox', { name: 'Check by' }).selectOption('kosmo')
      await drop(tab, [await packageOf(t, brokenModel(false), 'half.aasx')])
      await button(tab, 'half.aasx', 'See what can be repaired').click()
      await card(tab, 'half.aasx').getByText('This remains for a person:').waitFor()
      await button(tab, 'half.aasx', 'Repair and store').click()
      await card(tab, 'half.aasx').getByText('Stored: 11').waitFor()
      await card(tab, 'half.aasx').getByRole('link', { name: 'Pressure' }).first().click()
      await page.waitForURL(/submodel=.*path=Pressure/)
    })
  )

  await t.test('a reference is a link once its target is uploaded', (t) =>
    withTab(t, `${hub.url}/#/plant?submodel=urn:plant:from`, {}, async (tab) => {
      const { page } = tab
      const value = { type: 'ModelReference', keys: [{ type: 'Submodel', value: 'urn:plant:to' }] }
      const from = { modelType: 'Submodel', id: 'urn:plant:from', idShort: 'From' }
      const elements = [{ modelType: 'ReferenceElement', idShort: 'Next', value }]
      await hub.post('/submodels', { ...from, submodelElements: elements })
      await page.reload()
      await page.getByText('not in this hub, or not for you').waitFor()
      await show(tab, '#/upload')
      await drop(tab, [
        jsonOf('to.json', { submodels: [{ modelType: 'Submodel', id: 'urn:plant:to', idShort: 'To' }] })
      ])
      await button(tab, 'to.json', /^Store/).click()
      await card(tab, 'to.json').getByText('Stored: 1').waitFor()
      await show(tab, '#/plant?submodel=urn:plant:from')
      await page.locator('[data-path=Next]').getByRole('link', { name: 'To' }).waitFor()
    })
  )

  await t.test('JSON and XML are taken as well, several in a queue, by the keyboard alone', (t) =>
    withTab(t, `${hub.url}/#/upload`, {}, async (tab) => {
      const { page } = tab
      await removeAll(hub)
      const submodel = { modelType: 'Submodel', id: 'urn:plant:one', idShort: 'One' }
      const model = referenceModel()
      await page
        .getByLabel('Choose files')
        .setInputFiles([jsonOf('one.json', { submodels: [submodel] }), await xmlOf(t, model, 'two.xml')])
      for (const name of ['one.json', 'two.xml']) {
        await button(tab, name, /^Store/).press('Enter')
        await card(tab, name).getByText('Open in the plant:').waitFor()
      }
      t.equal((await hub.get('/submodels')).json.result.length, 7)
      await page.getByRole('button', { name: 'Take one.json off the list' }).press('Enter')
      await card(tab, 'one.json').waitFor({ state: 'detached' })
    })
  )

  await t.test('rules that are changed while a file is checked are those of its report', (t) =>
    withTab(t, `${hub.url}/#/upload`, {}, async (tab) => {
      const { page } = tab
      // The plant holds a shell whose thumbnail is no part of the XML file it came from.
      await removeAll(hub)
      const changed = Promise.withResolvers<void>()
      await page.route(/\/validate\?profile=idta/, async (route) => {
        await changed.promise
        await route.continue()
      })
      const checking = page.waitForRequest(/\/validate\?profile=idta/)
      await drop(tab, [
        jsonOf('late.json', { submodels: [{ modelType: 'Submodel', id: 'urn:late', idShort: 'Late' }] })
      ])
      await checking
      await page.getByRole('combobox', { name: 'Check by' }).selectOption('kosmo')
      changed.resolve()
      await card(tab, 'late.json').getByText('KOSMO-SM-4', { exact: true }).waitFor()
      await show(tab, '#/plant')
      await page.getByRole('combobox', { name: 'Language' }).selectOption('ko')
      await show(tab, '#/upload')
      await page
        .locator('.upload-remedy')
        .filter({ hasText: /[가-힣]/ })
        .first()
        .waitFor()
    })
  )

  await t.test('what cannot be read or stored is said in one sentence, with what the hub says', (t) =>
    withTab(t, `${hub.url}/#/upload`, { expected: /400|403|413/ }, async (tab) => {
      await drop(tab, [{ name: 'bad.aasx', mimeType: '', buffer: Buffer.from('PK no package') }])
      await card(tab, 'bad.aasx').getByText('This file cannot be read.').waitFor()
      t.match(await card(tab, 'bad.aasx').textContent(), /This is not an AASX package/)
      await drop(tab, [jsonOf('rules.json', { submodels: [{ modelType: 'Submodel', id: 'urn:x', idShort: '1st' }] })])
      await button(tab, 'rules.json', 'Store as it is').click()
      await card(tab, 'rules.json').getByText('The hub refuses the file, as it breaks rules.').waitFor()
      t.match(await card(tab, 'rules.json').textContent(), /idShort/)
      await checkAccessibility(t, tab, 'refused files')
      await screenshot(tab, 'upload-refused')
    })
  )

  await t.test('a file that is too large is said, also when much of it is still to be sent', async (t) => {
    const small = await start(t, { UPLOAD_LIMIT: '100000' })
    await withTab(t, `${small.url}/#/upload`, { expected: /413/ }, async (tab) => {
      const large = jsonOf('large.json', { submodels: [{ modelType: 'Submodel', id: 'x'.repeat(20_000_000) }] })
      await tab.page.getByLabel('Choose files').setInputFiles([large])
      await card(tab, 'large.json').getByText('The file is too large for this hub.').waitFor()
    })
  })

  await t.test('a lost connection is said, and tried again', (t) =>
    withTab(t, `${hub.url}/#/upload`, { expected: /failed|ERR_|WebSocket/ }, async (tab) => {
      const file = jsonOf('offline.json', { submodels: [{ modelType: 'Submodel', id: 'urn:offline' }] })
      await tab.page.locator('.drop-zone').waitFor()
      await tab.context.setOffline(true)
      await drop(tab, [file])
      await card(tab, 'offline.json').getByText('The connection was lost. Nothing of the file was stored.').waitFor()
      await tab.context.setOffline(false)
      await button(tab, 'offline.json', 'Try again').click()
      await card(tab, 'offline.json').getByText('Submodels: 1').waitFor()
    })
  )

  await t.test('it is accessible, and fits in both languages, widths and colours', async (t) => {
    await removeAll(hub)
    const broken = await packageOf(t, brokenModel(false), 'machine.aasx')
    for (const [language, theme, viewport, repair] of [
      ['en', 'light', DESKTOP, 'See what can be repaired'],
      ['ko', 'dark', NARROW, '고칠 수 있는 곳 보기'],
      ['ko', 'light', DESKTOP, '고칠 수 있는 곳 보기'],
      ['en', 'dark', NARROW, 'See what can be repaired']
    ] as const) {
      const name = `upload-${language}-${theme}-${viewport.width}`
      await withTab(t, `${hub.url}/#/upload`, { language, theme, viewport }, async (tab) => {
        const { page } = tab
        await page.locator('.drop-zone').waitFor()
        await checkAccessibility(t, tab, `${name}, empty`)
        await screenshot(tab, `${name}-empty`)
        await page.getByRole('combobox', { name: /Check by|검사 기준/ }).selectOption('kosmo')
        await drop(tab, [broken])
        await button(tab, 'machine.aasx', repair).click()
        await page.locator('.upload-repair').waitFor()
        await checkAccessibility(t, tab, name)
        await checkWidth(t, tab, name)
        await screenshot(tab, name)
      })
    }
  })

  await t.test('nothing moves while a file is checked', (t) =>
    withTab(t, `${hub.url}/#/upload`, {}, async (tab) => {
      const { page } = tab
      await page.locator('.drop-zone').waitFor()
      // Also parts of the page that come late.
      await page.waitForLoadState('networkidle')
      await page.evaluate(`{
        globalThis.shifted = 0
        new PerformanceObserver((list) => {
          for (const entry of list.getEntries()) globalThis.shifted += entry.value
        }).observe({ type: 'layout-shift' })
      }`)
      await drop(tab, [jsonOf('still.json', { submodels: [{ modelType: 'Submodel', id: 'urn:still' }] })])
      await card(tab, 'still.json').getByText('Submodels: 1').waitFor()
      t.equal(await page.evaluate('globalThis.shifted'), 0)
    })
  )

  await t.test('it is shown to those who may upload, and says what else they may not do', async (t) => {
    const keys = await protect(hub)
    await withTab(t, hub.url, { expected: /401/ }, async (tab) => {
      await signInWithKey(tab, keys.operator)
      await tab.page.getByRole('link', { name: 'Plant' }).waitFor()
      t.equal(await tab.page.getByRole('link', { name: 'Upload' }).count(), 0)
    })
    await withTab(t, hub.url, { expected: /401/ }, async (tab) => {
      await signInWithKey(tab, keys.engineer)
      await tab.page.getByRole('link', { name: 'Upload' }).click()
      await drop(tab, [jsonOf('own.json', { submodels: [{ modelType: 'Submodel', id: 'urn:engineer' }] })])
      await button(tab, 'own.json', /^Store/).click()
      await card(tab, 'own.json').getByText('Stored: 1').waitFor()
    })
  })

  await t.test('who may store but not check stores without a check, as far as the rules allow', async (t) => {
    const own = rule({
      rights: ['ALL'],
      objects: [{ IDENTIFIABLE: '$sm("urn:own")' }],
      formula: eq(claim('line'), str('a'))
    })
    const { hub: guarded, key } = await secured(t, [own], async () => {})
    const file = (id: string) => jsonOf(`${id.slice(4)}.json`, { submodels: [{ modelType: 'Submodel', id }] })
    await withTab(t, guarded.url, { expected: /401|403/ }, async (tab) => {
      await signInWithKey(tab, (await key({ line: 'a' })).key)
      await tab.page.getByRole('link', { name: 'Upload' }).click()
      await drop(tab, [file('urn:own'), file('urn:other')])
      for (const name of ['own.json', 'other.json']) {
        await card(tab, name)
          .getByText(/You may not check files/)
          .waitFor()
        await button(tab, name, 'Store without a check').click()
      }
      await card(tab, 'own.json').getByText('Stored: 1').waitFor()
      await card(tab, 'other.json').getByText('You may not store what is in this file.').waitFor()
    })
  })
})

async function pressureOf(hub: Running): Promise<string> {
  return (await hub.get(`/submodels/${encode(SUBMODEL)}/submodel-elements/Pressure`)).json.value
}

async function removeAll(hub: Running): Promise<void> {
  for (const kind of ['shells', 'submodels', 'concept-descriptions']) {
    const { json } = await hub.get(`/${kind}?limit=500`)
    for (const { id } of json.result as { readonly id: string }[]) await hub.remove(`/${kind}/${encode(id)}`)
  }
}

/** Keys of an operator and of an engineer. */
async function protect(hub: Running): Promise<{ readonly operator: string; readonly engineer: string }> {
  const key = async (role: string, as?: string): Promise<string> => {
    const body = { name: role, claims: { role } }
    const { json, text } = await hub.ask('POST', `${hub.url}/security/keys`, body, as === undefined ? {} : bearer(as))
    if (json.key === undefined) throw new Error(text)
    return json.key
  }
  const administrator = await key('administrator')
  return { operator: await key('operator', administrator), engineer: await key('engineer', administrator) }
}
