/** Machines that the hub reads, and their certificates, in a real browser. */
import t from 'tap'
import { press } from '../collectors/asset-interface.ts'
import { machine } from '../collectors/opcua/fixture.ts'
import { startGuarded } from '../e2e/access-fixture.ts'
import { start } from '../e2e/harness.ts'
import { describe, modbus, modbusMachine, put } from '../e2e/modbus-machine.ts'
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
  withTab
} from './browser.ts'

const REGISTERS = {
  ...{ name: 'Press-9.csv', mimeType: 'text/csv' },
  buffer: Buffer.from('Name;Register;Type;Unit\nSpeed;0;INT16;rpm\nLevel;x;INT16;mm\nTemperature;1;UINT16;°C\n')
}

t.test('machines', { skip: noBrowser, timeout: 600_000 }, async (t) => {
  const { port, holding } = await modbusMachine(t)
  const { url } = await machine(t)
  const hub = await start(t, { COLLECT_TARGETS: `127.0.0.1:${port},${url.slice('opc.tcp://'.length)}` })
  await put(hub, press({ Speed: 'xs:int', Level: 'xs:int' }))
  const wrong = { ...modbus(port).properties, Level: { form: { href: '1/2', modv_entity: 'Register' } } }
  await describe(hub, { ...modbus(port), properties: wrong }, { ...modbus(1), idShort: 'InterfaceGone' })
  holding.writeInt16BE(12, 0)

  await t.test('are listed with state, figures and last error in words; each is tested, stopped and started', (t) =>
    withTab(t, `${hub.url}/#/connections`, {}, async ({ page }) => {
      const row = page.getByRole('row').filter({ hasText: 'InterfaceMODBUS' })
      await row.getByText('Connected', { exact: true }).waitFor()
      t.match(await row.textContent(), new RegExp(`modbus\\+tcp://127.0.0.1:${port} · 2 items`))
      await row.getByText('Wrong in the description: 1').click()
      t.match(await row.textContent(), /Level.*modv_entity is Register/)
      const gone = page.getByRole('row').filter({ hasText: 'InterfaceGone' })
      await gone.getByText('Not connected').waitFor()
      t.match(await gone.textContent(), /Not connected.*not among the targets.*Next try: /)
      await row.getByRole('button', { name: 'Test InterfaceMODBUS' }).click()
      const dialog = page.getByRole('dialog')
      await dialog.getByRole('row').filter({ hasText: 'Speed' }).getByText('12', { exact: true }).waitFor()
      t.match(await dialog.textContent(), /Speed12Good.*Level–Bad.*modv_entity/)
      await page.keyboard.press('Escape')
      await row.getByRole('button', { name: 'Stop InterfaceMODBUS' }).click()
      await row.getByText('Stopped', { exact: true }).waitFor()
      await row.getByRole('button', { name: 'Start InterfaceMODBUS' }).click()
      await row.getByText('Connected', { exact: true }).waitFor()
    })
  )

  await t.test('are discovered, stored and trusted by click', (t) =>
    withTab(t, `${hub.url}/#/connections`, { expected: /503/ }, async ({ page }) => {
      await page.getByRole('button', { name: 'Discover a machine' }).click()
      const dialog = page.getByRole('dialog')
      await dialog.getByLabel('Address').fill(url)
      await dialog.getByLabel('Beginning of all ids').fill('urn:press-7')
      await dialog.getByLabel('Sampling interval in seconds').fill('0.2')
      await dialog.getByRole('button', { name: 'Browse' }).click()
      await dialog.getByText('is not trusted').waitFor()
      await page.keyboard.press('Escape')
      await page.getByRole('link', { name: 'Certificates' }).click()
      const rejected = page.getByRole('row').filter({ hasText: 'Rejected' })
      await rejected.waitFor()
      t.match(await page.getByRole('row').filter({ hasText: 'Of the hub' }).textContent(), /AAS Hub/)
      await rejected.getByRole('button', { name: /^Trust the certificate of/ }).click()
      t.match(await dialog.locator('code').textContent(), /^(?:[0-9A-F]{2} ){19}[0-9A-F]{2}$/)
      await dialog.getByRole('button', { name: 'It is the same: trust it' }).click()
      await page.getByRole('row').filter({ hasText: 'Trusted' }).waitFor()
      await page.getByRole('link', { name: 'Connections', exact: true }).last().click()
      await page.getByRole('button', { name: 'Discover a machine' }).click()
      await dialog.getByLabel('Address').fill(url)
      await dialog.getByLabel('Beginning of all ids').fill('urn:press-7')
      await dialog.getByLabel('Sampling interval in seconds').fill('0.2')
      await dialog.getByRole('button', { name: 'Browse' }).click()
      await dialog.getByText(/values, 1 methods \(Aes256_Sha256_RsaPss, SignAndEncrypt\)/).waitFor()
      await dialog.getByRole('button', { name: 'Store and read it' }).click()
      await dialog.getByText('It is stored.').waitFor()
      await page.keyboard.press('Escape')
      const row = page.getByRole('row').filter({ hasText: 'Example machine' })
      await row.getByText('Connected', { exact: true }).waitFor()
      await until(async () => /[1-9][\d,.]*\/s/.test((await row.textContent()) ?? ''))
    })
  )

  await t.test('of Modbus are described by the list of their registers, without the rows that are none', (t) =>
    withTab(t, `${hub.url}/#/connections`, { expected: /400/ }, async ({ page }) => {
      await page.getByRole('button', { name: 'Discover a machine' }).click()
      const dialog = page.getByRole('dialog')
      await dialog.getByLabel('Protocol').selectOption('modbus')
      const describe = dialog.getByRole('button', { name: 'Describe' })
      await dialog.getByLabel('Address').fill(`modbus+tcp://127.0.0.1:${port}`)
      t.ok(await describe.isDisabled(), 'without a list there is nothing to describe')
      await dialog.getByLabel('Unit id').fill('3')
      await choose('Wrong.csv', ['Name;Register', 'Speed;x'])
      await describe.click()
      await dialog.getByText('row 2: the address is "x"').waitFor()
      // As Korean Windows writes it.
      await choose('Press-8.csv', ['Name;Register;Type;\xb4\xdc\xc0\xa7', 'Speed;0;INT16;rpm', 'Level;x;INT16;mm'])
      await describe.click()
      await dialog.getByText('Row 3:').waitFor()
      t.match(await dialog.textContent(), /1 values, 0 methods.*Left out of the list: 1.*the address is "x"/)
      await dialog.getByText('What is stored').click()
      t.match(await dialog.textContent(), /OperationalData urn:modbus:Press_8\/OperationalData/)
      t.match(
        await dialog.getByRole('row').filter({ hasText: 'Speed' }).textContent(),
        /xsd:short.*3\/0 HoldingRegister/
      )
      await dialog.getByRole('button', { name: 'Store and read it' }).click()
      await dialog.getByText('It is stored.').waitFor()
      await page.keyboard.press('Escape')
      const row = page.getByRole('row').filter({ hasText: 'Press-8' })
      await row.getByText('Connected', { exact: true }).waitFor()

      async function choose(name: string, lines: readonly string[]): Promise<void> {
        const buffer = Buffer.from(lines.join('\n'), 'latin1')
        await dialog.locator('input[type=file]').setInputFiles({ name, mimeType: 'text/csv', buffer })
        await dialog.getByText(name).waitFor()
      }
    })
  )

  await t.test('wait for a certificate that is rejected, until it is trusted from their row', (t) =>
    withTab(t, `${hub.url}/#/connections?view=certificates`, {}, async ({ page }) => {
      await page
        .getByRole('row')
        .filter({ hasText: 'Trusted' })
        .getByRole('button', { name: /^Reject/ })
        .click()
      await page.getByRole('dialog').getByRole('button', { name: 'Reject' }).click()
      await page.getByRole('row').filter({ hasText: 'Rejected' }).waitFor()
      await page.getByRole('link', { name: 'Connections', exact: true }).last().click()
      const row = page.getByRole('row').filter({ hasText: 'Example machine' })
      await row.getByRole('button', { name: 'Stop Example machine' }).click()
      await row.getByRole('button', { name: 'Start Example machine' }).click()
      await row.getByText('Not connected').waitFor()
      await row.getByText(/is not trusted; compare the thumbprint/).waitFor()
      await row.getByRole('button', { name: 'Trust the certificate of Example machine' }).click()
      await page.getByRole('dialog').getByRole('button', { name: 'It is the same: trust it' }).click()
      await row.getByText('Connected', { exact: true }).waitFor()
    })
  )

  for (const [language, theme, viewport] of [
    ['ko', 'dark', NARROW],
    ['en', 'light', DESKTOP],
    ['ko', 'light', DESKTOP]
  ] as const) {
    const name = `${language}-${theme}-${viewport.width}`
    await t.test(`${name} is accessible and fits`, (t) =>
      withTab(t, `${hub.url}/#/connections`, { language, theme, viewport }, async (tab) => {
        await tab.page.locator('.machine-actions').first().waitFor()
        await check('machines')
        await tab.page.getByRole('button', { name: /^Test InterfaceMODBUS|^InterfaceMODBUS 시험/ }).click()
        await tab.page.getByRole('dialog').getByRole('table').waitFor()
        await check('test')
        await tab.page.keyboard.press('Escape')
        await tab.page.getByRole('button', { name: /Discover a machine|설비 탐색/ }).click()
        await tab.page.getByRole('dialog').waitFor()
        await check('discover')
        await tab.page.getByRole('dialog').locator('select').first().selectOption('modbus')
        await check('discover-modbus')
        await tab.page.getByRole('dialog').locator('input[type=file]').setInputFiles(REGISTERS)
        await tab.page.getByLabel(/^Address|^주소/).fill(`modbus+tcp://127.0.0.1:${port}`)
        await tab.page.getByRole('button', { name: /^Describe|^설명 만들기/ }).click()
        await tab.page.getByText(/What is stored|저장할 내용/).click()
        await check('discovered')
        await tab.page.keyboard.press('Escape')
        await show(tab, '#/connections?view=certificates')
        await tab.page.locator('.machine-pairs').first().waitFor()
        await check('certificates')

        async function check(what: string): Promise<void> {
          await checkAccessibility(t, tab, what)
          await checkWidth(t, tab, what)
          await screenshot(tab, `${what}-${name}`)
        }
      })
    )
  }
})

t.test(
  'engineers see and change machines, auditors only see them',
  { skip: noBrowser, timeout: 600_000 },
  async (t) => {
    const { port } = await modbusMachine(t)
    const { hub, keys, as } = await startGuarded(
      t,
      { engineer: { role: 'engineer' }, auditor: { role: 'auditor' } },
      undefined,
      { COLLECT_TARGETS: `127.0.0.1:${port}`, COLLECT_CLAIMS: 'role=gateway' }
    )
    const client = { put: (path: string, body: unknown) => as.engineer.ask('PUT', path, body) }
    await put(client, press({ Speed: 'xs:int' }))
    await describe(client, modbus(port))
    const connected = async () =>
      (await as.engineer.get(`${hub.url}/connections`)).json.result[0]?.state === 'connected'
    await until(connected)
    for (const [name, isChanging] of [
      ['engineer', true],
      ['auditor', false]
    ] as const) {
      await withTab(t, hub.url, { expected: /401/ }, async (tab) => {
        await signInWithKey(tab, keys[name])
        await show(tab, '#/connections')
        await tab.page.getByRole('row').filter({ hasText: 'InterfaceMODBUS' }).waitFor()
        const buttons = await tab.page.getByRole('button', { name: /InterfaceMODBUS|Discover/ }).count()
        t.equal(buttons > 0, isChanging, `${name}: ${buttons} actions`)
        const senders = tab.page.getByText('Gateways and other senders')
        if (isChanging) t.equal(await senders.count(), 0)
        else await senders.waitFor()
      })
    }
  }
)
