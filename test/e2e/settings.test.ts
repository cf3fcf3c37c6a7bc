/** The settings in force, as operators are shown them. */
import t from 'tap'
import { settingsTable } from '../../src/config/config.ts'
import { testDirectory } from '../test-directory.ts'
import { startGuarded } from './access-fixture.ts'
import { start } from './harness.ts'

t.test('each setting is shown with its value, its source and its default', async (t) => {
  const hub = await start(t, { HISTORY: 'keep=P1Y', OPERATION_TARGETS: 'https://kim:S3CRET@plc.example/ops' })
  const { status, headers, json, text } = await hub.ask('GET', `${hub.url}/settings`)
  t.equal(status, 200)
  t.equal(headers.get('cache-control'), 'no-store')
  t.equal(json.result.length, settingsTable().length)
  const of = (name: string) => json.result.find((setting: { name: string }) => setting.name === name)
  t.match(of('HISTORY'), { flag: 'history', value: 'keep=P1Y', isSet: true, source: 'environment', default: '' })
  t.match(of('LOG_SIZE'), { value: '4GiB', source: 'default', default: '4GiB', meaning: { en: /log/, ko: /로그/ } })
  t.notMatch(text, 'S3CRET')
  t.match(of('OPERATION_TARGETS').value, 'plc.example')
})

t.test('each setting means something in Korean, about the same names and values', (t) => {
  const quoted = (text: string) => new Set(text.match(/`[^`]+`/g))
  for (const [index, [name, , , korean]] of settingsTable('ko').entries()) {
    t.match(korean, /[가-힣]/, name)
    const english = settingsTable()[index]?.[3] ?? ''
    t.strictSame([...quoted(korean).difference(quoted(english))], [], name)
  }
  t.end()
})

t.test('of what leads to a secret only whether it is set is shown', async (t) => {
  const folder = testDirectory(t, { 'mqtt.txt': 'kim:S3CRET' })
  const hub = await start(t, { MQTT_URL: 'mqtt://127.0.0.1:1', MQTT_CREDENTIALS_FILE: `${folder}/mqtt.txt` })
  const { json, text } = await hub.ask('GET', `${hub.url}/settings`)
  const secret = json.result.filter((setting: object) => !('value' in setting))
  t.strictSame(secret.map(({ name, isSet }: { name: string; isSet: boolean }) => [name, isSet]).toSorted(), [
    ['MONGODB_CREDENTIALS_FILE', false],
    ['MQTT_CREDENTIALS_FILE', true],
    ['SIGNING_KEY', false],
    ['TLS_KEY', false]
  ])
  t.notMatch(text, 'mqtt.txt')
})

t.test('only administrators and auditors see them', async (t) => {
  const roles = ['administrator', 'auditor', 'engineer', 'operator', 'gateway']
  const { hub, as } = await startGuarded(t, Object.fromEntries(roles.map((role) => [role, { role }])))
  const seen = await Promise.all(roles.map(async (role) => (await as[role]?.get(`${hub.url}/settings`))?.status))
  t.strictSame(seen, [200, 200, 403, 403, 403])
})
