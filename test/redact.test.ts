import fastify from 'fastify'
import t from 'tap'
import { logOptions, RequestLog } from '../src/app/logging.ts'
import { readConfig } from '../src/config/config.ts'
import { redact } from '../src/redact.ts'

const secrets: readonly string[] = [
  '/stream?access_token=S3CRET',
  '/api/v3/shells?limit=1&access_token=S3CRET&cursor=x',
  '/x?ACCESS-TOKEN=S3CRET',
  '/x?access%5Ftoken=S3CRET',
  '/write?u=admin&p=S3CRET&db=plant',
  '/x?key=S3CRET',
  '/x?X-Amz-Signature=S3CRET',
  '/callback?code=S3CRET&state=1',
  'mongodb://admin:S3CRET@db1.example,db2.example/hub',
  'mongodb+srv://admin:S3C/RET@db.example/hub'.replace('C/R', 'CR'),
  'amqp://admin:p@S3CRET@broker.example',
  'connect to mqtts://S3CRET@broker.example:8883 failed',
  '{"url":"https://admin:S3CRET@registry.example/api"}',
  '{"headers":{"authorization":"Bearer S3CRET"}}',
  '{"headers":{"x-api-key": "S3CRET\\"S3CRET"}}',
  '{"msg":"{\\"password\\":\\"S3CRET\\"}"}',
  'Authorization: Basic S3CRETS3CRET==',
  'Authorization: Token S3CRETS3CRET',
  'password=S3CRET',
  `a key: aashub_abcdefghijkl_S3CRET${'x'.repeat(37)}, and more`,
  'eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJraW0ifQ.S3CRET',
  'cookie: aas-hub-session=S3CRET'
]

const innocent: readonly string[] = [
  '/api/v3/shells?limit=10&cursor=abc&idShort=Key',
  '{"code":"ECONNREFUSED","key":"value","p":1}',
  'line 1, column 2: code=7',
  'mongodb://db1.example,db2.example/hub?replicaSet=rs0',
  'user@example.com wrote http://example.com/a@b',
  'the token was not valid'
]

t.test('values with secret names are redacted in every format', async (t) => {
  for (const text of secrets) {
    t.notMatch(redact(text), /S3CRET/, text)
    t.match(redact(text), /\[redacted\]/, text)
  }
  for (const text of innocent) t.equal(redact(text), text)
  t.match(redact('/x?access_token=S3CRET&cursor=x'), /&cursor=x$/, 'what stands beside it is')
})

t.test('redacting hostile text takes linear time', async (t) => {
  for (const text of ['"'.repeat(100_000), '\\'.repeat(100_000), 'a'.repeat(100_000), 'a://'.repeat(50_000)])
    t.equal(redact(text), text)
})

t.test('the log has no secrets of URLs, errors and their causes, at any level', async (t) => {
  for (const LOG_FORMAT of ['json', 'pretty']) {
    const { config } = readConfig({ LOG_LEVEL: 'debug', LOG_FORMAT })
    const lines: string[] = []
    const stream = { write: (line: string) => void lines.push(line) }
    const options = (await logOptions(config)) as object
    const app = fastify({ logger: { ...options, stream }, logController: new RequestLog(config) })
    t.teardown(() => app.close())
    app.get('/fail', async () => {
      throw new Error('No answer', { cause: new Error('connecting mongodb://u:S3CRET@db.example/hub failed') })
    })
    await app.inject('/nowhere?access_token=S3CRET')
    await app.inject('/fail?token=S3CRET')
    const log = lines.join('')
    t.match(log, /nowhere\?access_token=\[redacted\]/)
    t.match(log, /db\.example/)
    t.notMatch(log, /S3CRET/)
  }
})

t.test('a setting with a password in it is refused without repeating it', async (t) => {
  const { problems } = t.throws(() => readConfig({ MONGODB_URL: 'mongodb://u:S3CRET@db.example/hub' })) as unknown as {
    problems: string[]
  }
  t.match(redact(problems.join()), /MONGODB_CREDENTIALS_FILE/)
  t.notMatch(redact(problems.join()), /S3CRET/)
})
