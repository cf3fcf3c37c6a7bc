/** Users, keys and access rules, in a real browser. */
import t from 'tap'
import { plant } from '../../scripts/demo/plant.ts'
import { type Running, start } from '../e2e/harness.ts'
import { bearer } from '../e2e/secured-hub.ts'
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

const QUESTION = new URLSearchParams({ claims: '{"role":"engineer"}', method: 'GET', path: '/submodels' })
const PASSWORD = 'correct horse battery'

t.test('an open hub gets its first administrator', { skip: noBrowser, timeout: 600_000 }, async (t) => {
  const hub = await start(t)
  await withTab(t, `${hub.url}/#/access`, { expected: /401/ }, async ({ page }) => {
    await page.getByText('Create an administrator first').waitFor()
    await page.getByRole('button', { name: 'New user' }).click()
    const create = page.getByRole('button', { name: 'Create' })
    await page.getByLabel('Name').fill('kim')
    await page.getByLabel('Password', { exact: false }).fill('short')
    t.ok(await create.isDisabled(), 'a short password is not sent')
    await page.getByLabel('Password', { exact: false }).fill(PASSWORD)
    await create.click()
    await page.getByRole('heading', { name: 'Sign in' }).waitFor()
    await page.getByLabel('User').fill('kim')
    await page.getByLabel('Password').fill(PASSWORD)
    await page.getByRole('button', { name: 'Sign in', exact: true }).click()
    await page.getByRole('row').filter({ hasText: 'kim' }).getByText('Administrator').waitFor()
  })
})

t.test('users and keys', { skip: noBrowser, timeout: 600_000 }, async (t) => {
  const hub = await start(t)
  const { administrator, auditor, operator } = await protect(hub)

  await t.test('a user is made, changed, locked, unlocked and deleted', (t) =>
    withTab(t, `${hub.url}/#/access`, { expected: /401|409/ }, async (tab) => {
      const { page } = tab
      await signInWithKey(tab, administrator)
      await page.getByRole('button', { name: 'New user' }).click()
      await page.getByLabel('Name').fill('lee')
      await page.getByLabel('Password', { exact: false }).fill(PASSWORD)
      await checkAccessibility(t, tab, 'a new user')
      await screenshot(tab, 'access-new-user')
      await page.getByRole('button', { name: 'Create' }).click()
      const lee = page.getByRole('row').filter({ hasText: 'lee' })
      await lee.getByText('Operator').waitFor()

      await page.getByRole('button', { name: 'New user' }).click()
      await page.getByLabel('Name').fill('lee')
      await page.getByLabel('Password', { exact: false }).fill(PASSWORD)
      await page.getByRole('button', { name: 'Create' }).click()
      await page.getByRole('alert').waitFor()
      await page.keyboard.press('Escape')
      await page.getByRole('dialog').waitFor({ state: 'detached' })

      await page.getByRole('button', { name: 'Change lee' }).click()
      await page.getByRole('checkbox', { name: 'Auditor' }).check()
      await page.getByRole('button', { name: 'Save' }).click()
      await lee.getByText('Auditor').waitFor()
      await page.getByRole('button', { name: 'Lock lee', exact: true }).click()
      await lee.getByText('Locked').waitFor()
      const login = { user: 'lee', password: PASSWORD }
      t.equal((await hub.ask('POST', `${hub.url}/security/session`, login)).status, 401)
      await page.getByRole('button', { name: 'Unlock lee' }).click()
      await lee.getByText('Locked').waitFor({ state: 'detached' })
      t.equal((await hub.ask('POST', `${hub.url}/security/session`, login)).status, 200)

      await page.getByRole('button', { name: 'Delete lee' }).click()
      await page.getByRole('dialog').getByRole('button', { name: 'Delete', exact: true }).click()
      await lee.waitFor({ state: 'detached' })
    })
  )

  await t.test('a key is shown once, works, gets a new secret, and is revoked', (t) =>
    withTab(t, `${hub.url}/#/access?view=keys`, { expected: /401/ }, async (tab) => {
      const { page } = tab
      await signInWithKey(tab, administrator)
      await page.getByRole('button', { name: 'New API key' }).click()
      await page.getByLabel('Name').fill('line-1')
      await page.getByRole('checkbox', { name: 'Operator' }).check()
      await page.getByLabel('Expires').fill('2099-12-31')
      await page.getByRole('button', { name: 'Create' }).click()
      const dialog = page.getByRole('dialog', { name: 'The key of line-1' })
      const key = (await dialog.locator('code').textContent()) ?? ''
      t.match(key, /^aashub_/)
      await checkAccessibility(t, tab, 'the key')
      await screenshot(tab, 'access-shown-key')
      t.equal((await hub.get('/submodels', bearer(key))).status, 200)
      await page.getByRole('button', { name: 'I have kept it' }).click()
      await dialog.waitFor({ state: 'detached' })
      t.notMatch(await page.content(), key, 'it is gone from the page')

      await page.getByRole('button', { name: 'Rotate line-1' }).click()
      await page.getByLabel(/stays valid/).selectOption('an hour')
      await page.getByRole('button', { name: 'Rotate', exact: true }).click()
      const next = (await dialog.locator('code').textContent()) ?? ''
      t.not(next, key)
      await page.getByRole('button', { name: 'I have kept it' }).click()
      const row = page.getByRole('row').filter({ hasText: 'line-1' })
      await row.getByText('Two secrets valid').waitFor()

      await page.getByRole('button', { name: 'Revoke line-1' }).click()
      await page.getByRole('dialog').getByRole('button', { name: 'Revoke', exact: true }).click()
      await row.waitFor({ state: 'detached' })
      t.equal((await hub.get('/submodels', bearer(next))).status, 401)
      await page.getByRole('searchbox', { name: 'Search' }).fill('no such key')
      await page.getByText('Nothing matches.').waitFor()
      await page.waitForURL(/q=no\+such\+key/)
    })
  )

  await t.test('an explanation has an address; a version of the rules is shown and put in force', (t) =>
    withTab(t, `${hub.url}/#/access?view=rules`, { expected: /401/ }, async (tab) => {
      const { page } = tab
      await signInWithKey(tab, administrator)
      await page.getByLabel('Method').selectOption('DELETE')
      await page.getByLabel('Path').fill('/submodels/dXJuOng')
      await page.getByRole('button', { name: 'Explain' }).click()
      await page.getByText('DeleteSubmodel').waitFor()
      await page.getByText('Refused', { exact: true }).waitFor()
      await page.waitForURL(/method=DELETE/)
      await page.reload()
      await page.getByText('DeleteSubmodel').waitFor()
      await page.getByRole('button', { name: 'Show Version 1' }).click()
      await page.getByRole('dialog').getByText('AllAccessPermissionRules').waitFor()
      await checkAccessibility(t, tab, 'the rules of a version')
      await page.keyboard.press('Escape')
      await page.getByRole('button', { name: 'Put in force: version 1' }).click()
      await page.getByRole('dialog').getByRole('button', { name: 'Put in force', exact: true }).click()
      const row = page.getByRole('row').filter({ hasText: 'everything for administrators' })
      await row.getByText('In force', { exact: true }).waitFor()
      await page.getByRole('button', { name: 'Put in force: version 0' }).click()
      await page.getByRole('dialog').getByRole('button', { name: 'Put in force', exact: true }).click()
      await row.getByText('Replaced').waitFor()
    })
  )

  await t.test('an auditor reads them, an operator does not find them', async (t) => {
    await withTab(t, `${hub.url}/#/access`, { expected: /401/ }, async (tab) => {
      await signInWithKey(tab, auditor)
      await tab.page.getByRole('row').filter({ hasText: 'park' }).waitFor()
      t.equal(await tab.page.getByRole('button', { name: /New|Change|Lock|Delete/ }).count(), 0)
    })
    await withTab(t, hub.url, { expected: /401/ }, async (tab) => {
      await signInWithKey(tab, operator)
      await tab.page.getByRole('link', { name: 'Plant' }).waitFor()
      t.equal(await tab.page.getByRole('link', { name: 'Users and keys' }).count(), 0)
    })
  })

  for (const [language, theme, viewport] of [
    ['ko', 'dark', NARROW],
    ['en', 'light', DESKTOP],
    ['ko', 'light', DESKTOP],
    ['en', 'dark', NARROW]
  ] as const) {
    const name = `access-${language}-${theme}-${viewport.width}`
    await t.test(`${name} is accessible and fits`, (t) =>
      withTab(t, hub.url, { language, theme, viewport, expected: /401/ }, async (tab) => {
        await signInWithKey(tab, administrator)
        for (const view of ['users', 'keys', 'rules']) {
          await show(tab, `#/access?view=${view}${view === 'rules' ? `&${QUESTION}` : ''}`)
          await tab.page.getByRole('table').waitFor()
          await checkAccessibility(t, tab, `${name} ${view}`)
          await checkWidth(t, tab, `${name} ${view}`)
          await screenshot(tab, `${name}-${view}`)
        }
      })
    )
  }
})

/** Keys of an administrator, an auditor and an operator; a user, and a version of the rules. */
async function protect(
  hub: Running
): Promise<{ readonly administrator: string; readonly auditor: string; readonly operator: string }> {
  await hub.post('/submodels', plant().submodels?.[0])
  const key = async (role: string, as?: string): Promise<string> => {
    const body = { name: role, claims: { role }, ...(role === 'operator' && { expires: tomorrow() }) }
    const { json, text } = await hub.ask('POST', `${hub.url}/security/keys`, body, as === undefined ? {} : bearer(as))
    if (json.key === undefined) throw new Error(text)
    return json.key
  }
  const administrator = await key('administrator')
  const [auditor, operator] = [await key('auditor', administrator), await key('operator', administrator)]
  const asAdministrator = bearer(administrator)
  const park = { name: 'park', password: PASSWORD, claims: { role: ['engineer', 'auditor'], line: 'line-1' } }
  await hub.ask('POST', `${hub.url}/security/users`, park, asAdministrator)
  const formula = { $eq: [{ $attribute: { CLAIM: 'role' } }, { $strVal: 'administrator' }] }
  const acl = { ATTRIBUTES: [{ CLAIM: 'role' }], RIGHTS: ['ALL'], ACCESS: 'ALLOW' }
  const rules = { AllAccessPermissionRules: { rules: [{ ACL: acl, OBJECTS: [{ ROUTE: '*' }], FORMULA: formula }] } }
  const note = encodeURIComponent('everything for administrators')
  const staged = await hub.ask('POST', `${hub.url}/security/access-rules?note=${note}`, rules, asAdministrator)
  if (staged.status !== 201) throw new Error(staged.text)
  return { administrator, auditor, operator }
}

function tomorrow(): string {
  return new Date(Date.now() + 86_400_000).toISOString()
}
