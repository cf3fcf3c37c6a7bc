/** What a hub writes to its log while it is shown credentials of every kind, right and wrong ones. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import t, { type Test } from 'tap'
import { testDirectory } from '../test-directory.ts'

const cli = new URL('../../src/cli.ts', import.meta.url).pathname
const PASSWORD = 'correct horse battery'

async function startLogging(t: Test): Promise<{ url: string; lines: string[]; stop(): Promise<void> }> {
  const args = ['--port', '0', '--data-dir', testDirectory(t), '--log-level', 'trace', '--log-format', 'json']
  const hub = spawn(process.execPath, [cli, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { PATH: process.env.PATH }
  })
  t.teardown(() => hub.kill('SIGKILL'))
  const lines: string[] = []
  const { promise, resolve } = Promise.withResolvers<string>()
  for (const stream of [hub.stdout, hub.stderr]) {
    createInterface(stream).on('line', (line) => {
      lines.push(line)
      const [, url] = /Listening on (http:[^"]+)/.exec(line) ?? []
      if (url !== undefined) resolve(url)
    })
  }
  const stop = async () => {
    hub.kill('SIGTERM')
    await once(hub, 'close')
  }
  return { url: await promise, lines, stop }
}

t.test('no credential is in the log, whatever its level, nor in a refusal', async (t) => {
  const { url, lines, stop } = await startLogging(t)
  const answers: string[] = []
  const ask = async (method: string, path: string, headers: Record<string, string> = {}, body?: object) => {
    const response = await fetch(url + path, {
      method,
      headers: { ...headers, ...(body && { 'content-type': 'application/json' }) },
      ...(body && { body: JSON.stringify(body) })
    })
    const text = await response.text()
    if (!response.ok) answers.push(text)
    return { text, cookie: response.headers.get('set-cookie') ?? '' }
  }
  const basic = (password: string) => ({ authorization: `Basic ${Buffer.from(`kim:${password}`).toString('base64')}` })
  await ask('POST', '/security/users', {}, { name: 'kim', password: PASSWORD, claims: { role: 'administrator' } })
  const { key } = JSON.parse((await ask('POST', '/security/keys', basic(PASSWORD), { name: 'line-1' })).text)
  const session = /=([^;]+)/.exec(
    (await ask('POST', '/security/session', {}, { user: 'kim', password: PASSWORD })).cookie
  )?.[1]
  const wrongKey = key.replace(/.{8}$/, 'S3CRETS3')
  const jwt = `${Buffer.from('{"alg":"none"}').toString('base64url')}.${Buffer.from('{"iss":"S3CRET"}').toString('base64url')}.`
  for (const path of ['/api/v3/shells', '/absent', '/ingest', '/security/keys']) {
    for (const shown of [key, wrongKey, jwt, 'S3CRETS3CRET']) {
      await ask('GET', path, { authorization: `Bearer ${shown}` })
      await ask('POST', path, { 'x-api-key': shown }, { password: 'S3CRETS3CRET' })
      await ask('POST', `/write?db=x&u=kim&p=${shown}`)
      await ask('GET', `${path}?access_token=${shown}`)
    }
    await ask('GET', path, basic('S3CRETS3CRET'))
    await ask('GET', path, { cookie: `aas-hub-session=${session}` })
  }
  await ask('POST', '/security/session', {}, { user: 'kim', password: 'S3CRETS3CRET' })
  await ask('POST', '/security/users/change', { authorization: `Bearer ${key}` }, { name: 'kim', password: 'S3CRET' })
  await stop()
  const written = [...lines, ...answers].join('\n')
  t.ok(lines.length > 30, 'requests are logged')
  t.ok(answers.length > 30, 'and refused')
  for (const secret of [key, key.slice(-43), session, wrongKey, jwt, PASSWORD, 'S3CRET']) {
    const line = written.split('\n').find((one) => one.includes(String(secret)))
    t.equal(line, undefined, String(secret).slice(0, 12))
  }
})
