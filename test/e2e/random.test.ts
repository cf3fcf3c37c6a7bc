import fc from 'fast-check'
import t from 'tap'
import { validate } from '../../src/formats/json.ts'
import { toValue } from '../../src/formats/to-value.ts'
import type { SubmodelElement } from '../../src/model/types.ts'
import { walk } from '../../src/model/walk.ts'
import { submodel } from '../arbitrary.ts'
import { encode, start } from './harness.ts'

const JSON_BODY = { 'content-type': 'application/json' }

t.test('a random submodel survives POST, GET, PATCH of random values, and GET', async (t) => {
  const hub = await start(t)
  await fc.assert(
    fc.asyncProperty(submodel, fc.infiniteStream(fc.integer({ min: -1000, max: 1000 })), async (document, numbers) => {
      const one = `/submodels/${encode(document.id)}`
      await hub.remove(one)
      const posted = await hub.post('/submodels', document)
      if (posted.status !== 201) throw new Error(posted.text)
      t.same((await hub.get(`${one}?extent=withBlobValue`)).json, document)

      for (const { element, path } of walk(document)) {
        const value = newValue(element, numbers)
        if (value === undefined || element.modelType !== 'Property') continue
        const { status, text } = await hub.patch(
          `${one}/submodel-elements/${encodeURIComponent(path)}/$value`,
          JSON.stringify(value),
          JSON_BODY
        )
        if (status !== 204) throw new Error(`${path} ${JSON.stringify(value)}: ${text}`)
        element.value = String(value)
      }
      const got = (await hub.get(`${one}?extent=withBlobValue`)).json
      t.same(got, document)
      t.same(validate('Submodel', got), [])
      t.same((await hub.get(`${one}/$value`)).json, JSON.parse(JSON.stringify(toValue(document))))
    }),
    { numRuns: 60 }
  )
})

function newValue(element: SubmodelElement, numbers: Iterator<number>): unknown {
  if (element.modelType !== 'Property') return undefined
  const { value } = numbers.next()
  switch (element.valueType) {
    case 'xs:int':
    case 'xs:long':
    case 'xs:double':
      return value
    case 'xs:boolean':
      return value > 0
    case 'xs:string':
      return `text ${value}`
    default:
      return undefined
  }
}

const garbage = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc.constantFrom(
    '',
    '%',
    '%zz',
    '%00',
    '..',
    '$value',
    '$metadata',
    'a[0',
    '[0]',
    'x'.repeat(3000),
    '__proto__',
    'constructor',
    '\ud800'
  )
)
const methods = fc.constantFrom('GET', 'POST', 'PUT', 'PATCH', 'DELETE')
const places = fc.constantFrom(
  '/shells',
  '/submodels',
  '/concept-descriptions',
  '/packages',
  '/shell-descriptors',
  '/lookup/shells',
  `/submodels/${encode('x')}/submodel-elements`,
  `/submodels/${encode('x')}/submodel-elements/a/$value`,
  '/serialization',
  '/query/submodels'
)
const parameters = fc.constantFrom(
  'limit',
  'cursor',
  'level',
  'extent',
  'semanticId',
  'assetIds',
  'idShort',
  'aasIds',
  'includeConceptDescriptions'
)

t.test('random garbage is answered with a 4xx Result, never with a 5xx', async (t) => {
  const hub = await start(t)
  await hub.post('/submodels', {
    modelType: 'Submodel',
    id: 'x',
    submodelElements: [{ modelType: 'Property', idShort: 'aa', valueType: 'xs:int' }]
  })
  await fc.assert(
    fc.asyncProperty(
      methods,
      places,
      fc.option(garbage, { nil: undefined }),
      fc.option(fc.tuple(parameters, garbage), { nil: undefined }),
      fc.option(
        fc.oneof(
          fc.json(),
          garbage,
          fc.anything().map((value) => JSON.stringify(value) ?? '')
        )
      ),
      async (method, place, segment, parameter, body) => {
        const path = segment === undefined ? place : `${place}/${encodeURIComponent(segment.toWellFormed())}`
        const query =
          parameter === undefined ? '' : `?${parameter[0]}=${encodeURIComponent(parameter[1].toWellFormed())}`
        const reply = await hub.ask(method, path + query, method === 'GET' ? undefined : (body ?? undefined), JSON_BODY)
        if (reply.status >= 500) throw new Error(`${method} ${path}${query}: ${reply.status} ${reply.text}`)
        if (reply.status >= 400) t.type(reply.json?.messages?.[0]?.text, 'string', `${method} ${path}${query}`)
      }
    ),
    { numRuns: 400 }
  )
})
