/** Signing in and out, in a real browser. */
import { writeFileSync } from 'node:fs'
import { createServer, type IncomingMessage, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { OPERATIONAL_DATA } from '../../scripts/demo/plant.ts'
import { type Running, start } from '../e2e/harness.ts'
import { bearer } from '../e2e/secured-hub.ts'
import { startProvider } from '../identity-provider.ts'
import { testDirectory } from '../test-directory.ts'
import { checkAccessibility, checkWidth, NARROW, noBrowser, screenshot, signInWithKey, withTab } from './browser.ts'
import { uploadPlant } from './upload-plant.ts'

const PASSWORD = 'correct horse battery'
const VALUES = `#/plant?${new URLSearchParams({ submodel: OPERATIONAL_DATA })}`

t.test('signing in', { skip: noBrowser, timeout: 600_000 }, async (t) => {
  const hub = await start(t)
  const { reader } = await protect(hub)

  for (const language of ['en', 'ko'] as const) {
    await t.test(`is accessible and fits on a phone, ${language}`, (t) =>
      withTab(t, hub.url, { language, viewport: NARROW }, async (tab) => {
        await tab.page.locator('input[name=password]').waitFor()
        await checkAccessibility(t, tab, 'sign in')
        await checkWidth(t, tab, 'sign in')
        await screenshot(tab, `sign-in-${language}`)
      })
    )
  }

  await t.test('with name and password: a wrong one is said, the right one leads to where the address was', (t) =>
    withTab(t, hub.url + VALUES, { expected: /401/ }, async ({ page, context }) => {
      await page.getByLabel('User').fill('kim')
      await page.getByLabel('Password').fill('not the password')
      await page.getByRole('button', { name: 'Sign in', exact: true }).click()
      await page.getByText('Name and password do not fit together').waitFor()
      await page.getByLabel('Password').fill(PASSWORD)
      await page.getByRole('button', { name: 'Sign in', exact: true }).click()
      await page.getByRole('heading', { level: 1, name: 'OperationalData' }).waitFor()
      await page.getByText('Live', { exact: true }).waitFor()

      // An unsafe request carries the token against CSRF.
      await page.getByRole('button', { name: 'Edit State' }).click()
      await page.getByRole('textbox', { name: 'State' }).fill('stopped')
      await page.getByRole('button', { name: 'Save' }).click()
      await page.locator('[data-path=State]').getByText('stopped').waitFor()

      await page.reload()
      await page.getByText('kim', { exact: true }).waitFor()
      t.notMatch(JSON.stringify(await context.storageState()), PASSWORD)
      t.notOk((await page.evaluate('document.cookie')) as string, 'no script reads the cookie')
      await page.getByRole('button', { name: 'Sign out' }).click()
      await page.getByRole('heading', { name: 'Sign in' }).waitFor()
    })
  )

  await t.test('a phone has room for who is signed in', (t) =>
    withTab(t, hub.url + VALUES, { viewport: NARROW, language: 'ko' }, async (tab) => {
      await tab.page.getByLabel('사용자').fill('kim')
      await tab.page.getByLabel('비밀번호').fill(PASSWORD)
      await tab.page.getByRole('button', { name: '로그인', exact: true }).click()
      await tab.page.getByText('실시간').waitFor()
      await checkWidth(t, tab, 'signed in')
      await checkAccessibility(t, tab, 'signed in')
      await tab.page.getByRole('button', { name: '메뉴 열기' }).click()
      await tab.page.getByRole('navigation').getByRole('link', { name: '공장' }).waitFor()
      await checkAccessibility(t, tab, 'the navigation')
      await tab.page.keyboard.press('Escape')
      await tab.page.getByRole('button', { name: '로그아웃' }).click()
      await tab.page.getByRole('heading', { name: '로그인' }).waitFor()
    })
  )

  await t.test('with an API key, which is forgotten with the tab', (t) =>
    withTab(t, hub.url + VALUES, { expected: /401/ }, async ({ page, context }) => {
      await page.getByRole('button', { name: 'Use an API key instead' }).click()
      await page.getByLabel('API key').fill('aashub_wrong')
      await page.getByRole('button', { name: 'Use this key' }).click()
      await page.getByText('This key is not valid here').waitFor()
      await page.getByLabel('API key').fill(reader)
      await page.getByRole('button', { name: 'Use this key' }).click()
      await page.getByText('Live', { exact: true }).waitFor()
      t.equal(await page.getByRole('button', { name: /^Edit/ }).count(), 0, 'who only reads is not offered to edit')
      await page.reload()
      await page.getByText('Live', { exact: true }).waitFor()
      const other = await context.newPage()
      await other.goto(hub.url)
      await other.getByRole('heading', { name: 'Sign in' }).waitFor()
    })
  )

  await t.test('who signs in next reads names again, as other rules may hold', (t) =>
    withTab(t, hub.url + VALUES, { expected: /401/ }, async (tab) => {
      const { page } = tab
      const namesAreRead = () => page.waitForRequest(/\/query\/concept-descriptions/)
      for (const count of [1, 2]) {
        const reading = namesAreRead()
        await signInWithKey(tab, reader)
        await reading
        t.pass(`read by caller ${count}`)
        await page.getByText('Live', { exact: true }).waitFor()
        await page.getByRole('button', { name: 'Sign out' }).click()
        await page.getByRole('heading', { name: 'Sign in' }).waitFor()
      }
    })
  )

  await t.test('what the caller may not see is not there', (t) =>
    withTab(t, hub.url, { expected: /40[13]/ }, async ({ page }) => {
      await page.getByRole('button', { name: 'Continue without signing in' }).click()
      await page.getByText('This hub shows nothing to readers who have not signed in.').waitFor()
      t.equal(await page.getByRole('treeitem').count(), 0)
    })
  )

  await t.test('a session that has ended asks to sign in again', (t) =>
    withTab(t, hub.url, { expected: /40[13]/ }, async ({ page, context }) => {
      await page.getByLabel('User').fill('kim')
      await page.getByLabel('Password').fill(PASSWORD)
      await page.getByRole('button', { name: 'Sign in', exact: true }).click()
      await page.getByRole('treeitem').first().waitFor()
      await context.clearCookies()
      await page.getByRole('button', { name: 'Submodels' }).click()
      await page.getByText('Your session has ended').waitFor()
    })
  )
})

t.test(
  'users sign in at an identity provider, with PKCE, and out',
  { skip: noBrowser, timeout: 600_000 },
  async (t) => {
    const provider = await startProvider(t)
    provider.server.service.on('beforeTokenSigning', (token: { payload: Record<string, unknown> }) => {
      Object.assign(token.payload, { aud: 'aas-hub', role: 'engineer', name: 'park' })
    })
    const issuers = join(testDirectory(t), 'issuers.json')
    const page = { clientId: 'aas-hub-page' }
    writeFileSync(issuers, JSON.stringify([{ issuer: provider.url, audience: 'aas-hub', page }]))
    const hub = await start(t, { ISSUERS: issuers })
    let challenge = ''
    provider.server.service.on(
      'beforeAuthorizeRedirect',
      (_: unknown, { query }: { query: Record<string, string> }) => {
        challenge = query.code_challenge_method ?? ''
      }
    )
    await withTab(t, `${hub.url}/#/plant?view=submodels`, {}, async (tab) => {
      await tab.page.getByRole('button', { name: /^Sign in with/ }).click()
      await tab.page.getByRole('button', { name: 'Sign out' }).waitFor()
      t.equal(challenge, 'S256')
      await tab.page.waitForURL(({ href }) => href === `${hub.url}/#/plant?view=submodels`)
      t.pass('back where it was, without the code in the address')
      await tab.page.getByText('There are no submodels yet.').waitFor()
      await tab.page.getByText('park', { exact: true }).waitFor()
      await screenshot(tab, 'signed-in-by-provider')
    })
  }
)

t.test('the page works below a path of a reverse proxy', { skip: noBrowser, timeout: 600_000 }, async (t) => {
  const hub = await start(t)
  await uploadPlant(hub)
  const proxy = await startProxy(t, hub, '/plant-a/hub')
  await withTab(t, `${proxy}/plant-a/hub/${VALUES}`, {}, async ({ page }) => {
    await page.getByText('Live', { exact: true }).waitFor()
    await page.getByRole('treeitem').first().waitFor()
    t.pass('parts, requests and stream')
  })
})

/** Makes users and keys: an administrator kim, an auditor's key. */
async function protect(hub: Running): Promise<{ readonly reader: string }> {
  await uploadPlant(hub)
  const kim = { name: 'kim', password: PASSWORD, claims: { role: 'administrator' } }
  await hub.ask('POST', `${hub.url}/security/users`, kim)
  const session = await hub.ask('POST', `${hub.url}/security/session`, { user: 'kim', password: PASSWORD })
  const headers = {
    cookie: String(session.headers.get('set-cookie')).split(';')[0] ?? '',
    'x-csrf-token': session.json.csrfToken
  }
  const key = await hub.ask('POST', `${hub.url}/security/keys`, { name: 'audit', claims: { role: 'auditor' } }, headers)
  await hub.get('/shells', bearer(key.json.key))
  return { reader: key.json.key }
}

/** Takes the path away, as a proxy does that serves several applications. */
async function startProxy(t: Test, hub: Running, path: string): Promise<string> {
  const target = new URL(hub.url)
  const forward = (incoming: IncomingMessage) =>
    request({
      ...{ host: target.hostname, port: target.port, method: incoming.method, headers: incoming.headers },
      path: incoming.url?.slice(path.length)
    })
  const server = createServer((incoming, outgoing) => {
    const sent = forward(incoming)
    sent.on('response', (response) => {
      outgoing.writeHead(response.statusCode ?? 502, response.headers)
      response.pipe(outgoing)
    })
    sent.on('error', () => outgoing.destroy())
    incoming.pipe(sent)
  })
  server.on('upgrade', (incoming, socket) => {
    const sent = forward(incoming)
    sent.on('upgrade', (response, upstream) => {
      const lines = Object.entries(response.headers).map(([name, value]) => `${name}: ${value}`)
      socket.write(`HTTP/1.1 101 Switching Protocols\r\n${lines.join('\r\n')}\r\n\r\n`)
      upstream.pipe(socket)
      socket.pipe(upstream)
      for (const [one, other] of [[socket, upstream] as const, [upstream, socket] as const]) {
        one.on('error', () => other.destroy())
        one.on('close', () => other.destroy())
      }
    })
    sent.end()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}
