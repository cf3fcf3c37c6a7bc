import t from 'tap'
import { ConfigError, readConfig, settingsTable } from '../src/config/config.ts'
import { settings } from '../src/config/settings.ts'

t.test('all settings have defaults', async (t) => {
  const { config, words } = readConfig({})
  t.equal(config.HOST, '127.0.0.1')
  t.equal(config.PORT, 8080)
  t.equal(config.BODY_LIMIT, 16 * 1024 * 1024)
  t.equal(config.REQUEST_TIMEOUT, 300_000)
  t.equal(config.LENIENT, false)
  t.same(config.CORS_ORIGIN, [])
  t.same(words, [])
})

t.test('a setting comes from the environment, and a flag of the same name wins', async (t) => {
  const environment = { PORT: '1', DATA_DIR: '/x', LENIENT: 'yes', UNKNOWN_TO_US: '?', HOST: '' }
  const { config, words } = readConfig(environment, [
    'serve',
    '--port',
    '2',
    '--cors-origin=https://a.example,https://b.example'
  ])
  t.equal(config.PORT, 2)
  t.equal(config.DATA_DIR, '/x')
  t.equal(config.LENIENT, true)
  t.equal(config.HOST, '127.0.0.1', 'an empty variable is not set')
  t.same(config.CORS_ORIGIN, ['https://a.example', 'https://b.example'])
  t.same(words, ['serve'])
  t.equal(readConfig({}, ['--lenient']).config.LENIENT, true)
  t.equal(
    readConfig({}, ['--lenient', 'serve']).config.LENIENT,
    true,
    'a flag without value does not eat the next word'
  )
  t.equal(readConfig({ LENIENT: '1' }, ['--lenient=false']).config.LENIENT, false)
})

t.test('sizes and times are written with units', async (t) => {
  for (const [written, bytes] of [
    ['1', 1],
    ['512', 512],
    ['3KiB', 3072],
    ['3kb', 3000],
    ['2 MiB', 2_097_152],
    ['1gib', 2 ** 30]
  ] as const) {
    t.equal(readConfig({ BODY_LIMIT: written }).config.BODY_LIMIT, bytes, written)
  }
  for (const [written, span] of [
    ['500ms', 500],
    ['2s', 2000],
    ['3m', 180_000],
    ['1h', 3_600_000],
    ['7d', 604_800_000]
  ] as const) {
    t.equal(readConfig({ REQUEST_TIMEOUT: written }).config.REQUEST_TIMEOUT, span, written)
  }
})

t.test('policies for templates are written by semanticId, which may hold an equals sign', async (t) => {
  const { config } = readConfig({ TEMPLATES: 'Enforce', TEMPLATE_POLICY: 'https://a.example/?v=1=off, 0173-1#01=warn' })
  t.equal(config.TEMPLATES, 'enforce')
  t.strictSame(
    [...config.TEMPLATE_POLICY],
    [
      ['https://a.example/?v=1', 'off'],
      ['0173-1#01', 'warn']
    ]
  )
  for (const TEMPLATE_POLICY of ['urn:a', 'urn:a=maybe', '=off', 'urn:a=off,']) {
    t.throws(() => readConfig({ TEMPLATE_POLICY }), ConfigError, TEMPLATE_POLICY)
  }
})

t.test('all wrong settings are reported at once, by name, with what was expected', async (t) => {
  const wrong = {
    PORT: '65536',
    BODY_LIMIT: '16 monkeys',
    UPLOAD_LIMIT: '0',
    REQUEST_TIMEOUT: '5',
    DRAIN_TIMEOUT: '25d',
    LOG_RETENTION: '0d',
    API_PREFIX: 'api',
    PUBLIC_URL: 'https://hub.example/path',
    CORS_ORIGIN: 'a.example',
    TRUSTED_PROXIES: '10.0.0.0/33',
    LENIENT: 'maybe',
    MAX_LIMIT: '-1',
    LOG_LEVEL: 'inf'
  }
  const problems = problemsOf(wrong, ['--data-dri', 'x', '--host', '--log-format=xml'])
  for (const [name, found] of Object.entries(wrong)) {
    t.ok(
      problems.some((problem) => problem.startsWith(`${name} is ${JSON.stringify(found)}, expected `)),
      name
    )
  }
  t.ok(problems.includes('--data-dri is not known; did you mean --data-dir?'))
  t.ok(problems.includes('--log-format is "xml", expected one of auto, pretty, json'))
  t.match(
    problems.find((problem) => problem.startsWith('LOG_LEVEL')),
    /did you mean info\?/
  )
  t.equal(problems.length, Object.keys(wrong).length + 3)
})

t.test('the default page size must not exceed the maximum', async (t) => {
  t.same(problemsOf({ MAX_LIMIT: '10' }), ['DEFAULT_LIMIT is 100, expected at most MAX_LIMIT, which is 10'])
})

t.test('properties of Object.prototype are not flags', async (t) => {
  for (const flag of ['__proto__', 'constructor', 'toString']) t.match(problemsOf({}, [`--${flag}`]), [/is not known/])
})

t.test('the table names every setting once', async (t) => {
  t.same(
    settingsTable().map(([name]) => name),
    Object.keys(settings)
  )
})

function problemsOf(environment: Record<string, string>, args: string[] = []): readonly string[] {
  try {
    readConfig(environment, args)
  } catch (error) {
    if (error instanceof ConfigError) return error.problems
    throw error
  }
  return []
}
