import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import t from 'tap'
import { Literal } from '../../src/model/literal.ts'
import { qualityOfCode } from '../../src/model/opcua.ts'
import { parsePath } from '../../src/model/path.ts'
import { parsePayload } from '../../src/mqtt/payload.ts'
import { DEFAULT_PAYLOAD_RULE, type PayloadRule } from '../../src/mqtt/payload-rule.ts'
import { idShortPathOf, topicPattern } from '../../src/mqtt/topics.ts'
import { readMqttFiles } from '../../src/transports/mqtt/files.ts'
import { readMapping } from '../../src/transports/mqtt/mapping.ts'
import { testDirectory } from '../test-directory.ts'

const match = (pattern: string, topic: string) => {
  const named = topicPattern(pattern).match(topic.split('/'))
  return named && Object.fromEntries([...named].map(([name, levels]) => [name, levels.join('/')]))
}

t.test('a pattern names the levels of a topic', async (t) => {
  t.equal(topicPattern('a/{b}/+/{c...}').filter, 'a/+/+/#')
  t.strictSame(match('a/{b}/+/{c...}', 'a/1/2/3/4'), { b: '1', c: '3/4' })
  t.strictSame(match('{a}/b', 'x/b'), { a: 'x' })
  t.strictSame(match('a/#', 'a/b/c'), {})
  for (const [pattern, topic] of [
    ['a/{b}', 'a'],
    ['a/{b}', 'a/b/c'],
    ['a/{b...}', 'a'],
    ['a/b', 'a/c'],
    ['#', '$SYS/uptime'],
    ['{a}/uptime', '$SYS/uptime']
  ] as const) {
    t.equal(match(pattern, topic), undefined, `${pattern} ${topic}`)
  }
})

t.test('the name of a signal becomes a valid idShortPath', async (t) => {
  t.equal(idShortPathOf('Zone 1/Temp[0]/°C'), 'Zone_1.Temp[0]._C')
  t.equal(idShortPathOf('/a//b.c/'), 'a.b.c')
  fc.assert(
    fc.property(
      fc.stringMatching(/^[a-zA-Z][a-zA-Z0-9_]*(\/[a-zA-Z]\w*)*$/),
      (name) => parsePath(idShortPathOf(name)) !== undefined
    )
  )
})

t.test('an invalid mapping is refused with the place of the error', async (t) => {
  const topic = { topic: 'a/{b}', submodel: 'urn:{b}' }
  for (const [mapping, message] of [
    [[], /the mapping is not an object/],
    [{ topic: [] }, /"topic"; expected topics, sparkplug, interfaces/],
    [{ topics: {} }, /topics is not a list/],
    [{ topics: [{ ...topic, topic: 'a/#/b' }] }, /topics\[0\].topic: "#" must be the last level/],
    [{ topics: [{ ...topic, topic: 'a/x{b}' }] }, /"x\{b\}" in "a\/x\{b\}" is neither/],
    [{ topics: [{ ...topic, topic: '{b}/{b}' }] }, /occurs twice/],
    [{ topics: [topic, { ...topic, path: '{c}' }] }, /topics\[1\].path asks for \{c\}/],
    [{ topics: [{ ...topic, idShort: 'b' }] }, /topics\[0\] needs one of submodel and idShort/],
    [{ topics: [{ ...topic, payload: 'xml' }] }, /topics\[0\].payload is none of auto, value, text, opcua, senml/],
    [{ topics: [{ topic: 'a', payload: 'senml', path: 'P' }] }, /topics\[0\] needs one of/],
    [{ topics: [{ ...topic, unit: 'h' }] }, /topics\[0\].unit is none of/],
    [{ sparkplug: { hostId: 'a/b' } }, /hostId is not a topic level/],
    [{ sparkplug: { devices: [{ device: 'a/{x}', path: '{metric}' }] } }, /devices\[0\] needs one of/],
    [{ interfaces: 'yes' }, /interfaces is neither/]
  ] as const) {
    t.throws(() => readMapping(JSON.stringify(mapping)), { message }, String(message))
  }
})

t.test('an invalid file is named, and no secret is quoted', async (t) => {
  const folder = testDirectory(t, { good: 'user:pass:word\n', bad: 'hunter2', mapping: '{"topics": 1}', ca: 'hunter2' })
  const files = (more: object) => readMqttFiles({ credentials: '', ca: '', mapping: '', ...more })
  t.match(files({ credentials: join(folder, 'good') }), { username: 'user', password: 'pass:word' })
  t.match(files({}).mapping, { interfaces: true, sparkplug: { groups: [] } })
  for (const [name, file] of [
    ['credentials', 'bad'],
    ['mapping', 'mapping'],
    ['ca', 'ca'],
    ['mapping', 'none']
  ] as const) {
    const refused = (() => {
      try {
        return files({ [name]: join(folder, file) })
      } catch (error) {
        return String(error)
      }
    })()
    t.match(refused, file)
    t.notMatch(refused, 'hunter2')
  }
  writeFileSync(join(folder, 'ca'), '-----BEGIN CERTIFICATE-----\n')
  t.ok(files({ ca: join(folder, 'ca') }).ca)
})

const read = (payload: string | Uint8Array, path = 'P', rule: Partial<PayloadRule> = {}) => {
  const bytes = typeof payload === 'string' ? Buffer.from(payload) : payload
  const { samples, problems } = parsePayload(bytes, { id: 'urn:x' }, path, { ...DEFAULT_PAYLOAD_RULE, ...rule }, 7n)
  const plain = (value: unknown) => (value instanceof Literal ? `${value.kind} ${value}` : value)
  return { problems, samples: samples.map(({ path, time, value, quality }) => [path, time, plain(value), quality]) }
}

t.test('plain messages are values, values with time and quality, or fields', async (t) => {
  t.strictSame(read('1.50').samples, [['P', undefined, 'bare 1.50', undefined]])
  t.strictSame(read('000100').samples, [['P', undefined, 'bare 000100', undefined]])
  t.strictSame(read('123456789012345678901').samples, [['P', undefined, 'bare 123456789012345678901', undefined]])
  t.strictSame(read('0.12345678901234567').samples, [['P', undefined, 'bare 0.12345678901234567', undefined]])
  t.strictSame(read('{"value": 9007199254740993, "time": "5"}').samples, [
    ['P', 5_000_000n, 'number 9007199254740993', undefined]
  ])
  t.strictSame(read(' on \n').samples, [['P', undefined, 'bare on', undefined]])
  t.strictSame(read('"on"', 'P', { form: 'text' }).samples, [['P', undefined, '"on"', undefined]])
  t.strictSame(read('{"min": 1}', 'P', { form: 'value' }).samples, [['P', undefined, { min: 1 }, undefined]])
  t.strictSame(read('null').samples, [])
  t.strictSame(read('{"a": {"b": 1, "c": null}, "time": 1}', '', { unit: 's' }).samples, [
    ['a.b', 1_000_000_000n, 1, undefined]
  ])
  t.strictSame(read('{"__proto__": 1, "constructor": 2}', '').samples, [
    ['__proto__', undefined, 1, undefined],
    ['constructor', undefined, 2, undefined]
  ])
  t.strictSame(read('{"a": 1}', '', { fields: new Map([['constructor.name', 'X']]) }).samples, [])
  const ua = '{"v": 1, "ts": "1970-01-01T00:00:01Z", "s": {"Code": 2147483648}}'
  t.strictSame(read(ua, 'P', { value: ['v'], quality: ['s'] }).samples, [['P', 1_000_000_000n, 1, 'bad']])
  t.strictSame(read('{"value": 1, "q": "GOOD_LOCAL"}').samples, [['P', undefined, 1, 'good']])
  t.equal(read(`${'{"a":'.repeat(100)}1${'}'.repeat(100)}`, '').problems.length, 1)
  t.strictSame(read(`[${'{"value":1},'.repeat(100_001)}{"value":1}]`).samples, [], 'too many at once are none')
})

t.test('SenML names are fields below the mapped element, or contain the submodel themselves', async (t) => {
  const pack = JSON.stringify([
    { bn: 'axis/', n: 'load', bt: 1795489200, v: 1.5 },
    { n: 'on', t: -1, vb: true },
    { n: 'spare', vs: 'x', v: 1 }
  ])
  const { samples, problems } = read(pack, 'P', { form: 'senml' })
  t.strictSame(samples, [
    ['P.axis.load', 1795489200_000_000_000n, 1.5, undefined],
    ['P.axis.on', 1795489199_000_000_000n, true, undefined]
  ])
  t.match(problems, [/one value/])
  const fields = new Map([['axis/load', 'Load']])
  t.match(read(pack, '', { form: 'senml', fields }).samples, [['Load']])
  t.match(read('{}', 'P', { form: 'senml' }), { samples: [], problems: [/a list/] })

  const bytes = Buffer.from('[{"n":"Press/Axis.Load","v":1},{"n":"urn:a/b/Speed","v":2},{"n":"Load","v":3}]')
  const named = parsePayload(bytes, undefined, '', { ...DEFAULT_PAYLOAD_RULE, form: 'senml' }, 7n)
  t.strictSame(named.samples, [
    { target: { idShort: 'Press' }, path: 'Axis.Load', time: undefined, value: 1 },
    { target: { id: 'urn:a/b' }, path: 'Speed', time: undefined, value: 2 }
  ])
  t.match(named.problems, [/"Load" names no submodel/])
})

t.test('data sets of OPC UA PubSub are read field by field', async (t) => {
  const message = {
    MessageType: 'ua-data',
    Messages: [
      {
        Timestamp: '1970-01-01T00:00:02Z',
        Payload: {
          Speed: { Value: 1.5, SourceTimestamp: '1970-01-01T00:00:01.5Z', StatusCode: 0x8000_0000 },
          'Axis/Load': { Value: { Type: 11, Body: 2 }, StatusCode: { Code: 0x4000_0000, Symbol: 'Uncertain' } },
          State: 'on',
          Odd: { Value: 1, SourceTimestamp: 'now' },
          None: { StatusCode: 0 }
        }
      },
      { MessageType: 'ua-keepalive' },
      {}
    ]
  }
  const { samples, problems } = read(JSON.stringify(message), 'P', { form: 'opcua' })
  t.strictSame(samples, [
    ['P.Speed', 1_500_000_000n, 1.5, 'bad'],
    ['P.Axis.Load', 2_000_000_000n, 2, 'uncertain'],
    ['P.State', 2_000_000_000n, 'on', undefined]
  ])
  t.match(problems, [/"Odd"/, /no Payload/])
  t.strictSame(read('{"Payload": {"A": {"UaType": 11, "Value": 1}}}', '', { form: 'opcua' }).samples, [
    ['A', undefined, 1, undefined]
  ])
})

t.test('the mapping in docs/mqtt.md is valid', async (t) => {
  const page = readFileSync(new URL('../../docs/mqtt.md', import.meta.url), 'utf8')
  const [, text = ''] = /```json\n([\s\S]*?)```/.exec(page) ?? []
  const { topics, sparkplug, interfaces } = readMapping(text)
  t.ok(topics.length > 2)
  t.ok(interfaces)
  t.ok(sparkplug?.hostId)
})

t.test('any payload is either read or reported as a problem', async () => {
  const payload = fc.oneof(
    fc.json().map((text) => Buffer.from(text)),
    fc.uint8Array(),
    fc.string().map((text) => Buffer.from(text))
  )
  fc.assert(
    fc.property(
      payload,
      fc.constantFrom('', 'P'),
      fc.constantFrom('auto', 'value', 'text', 'opcua', 'senml'),
      (bytes, path, form) => {
        read(bytes, path, { form })
      }
    )
  )
})

t.test('qualities of OPC UA and of OPC Classic are distinguished by their size', async (t) => {
  const codes = [0, 192, 64, 24, 0x4000_0000, 0x8000_0000, 0xc000_0000, 0x0096_0000, -1, 1.5, 2 ** 32]
  const expected = [
    'good',
    'good',
    'uncertain',
    'bad',
    'uncertain',
    'bad',
    'bad',
    'good',
    undefined,
    undefined,
    undefined
  ]
  t.strictSame(codes.map(qualityOfCode), expected)
})
