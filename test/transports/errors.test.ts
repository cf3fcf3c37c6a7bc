import { Readable } from 'node:stream'
import fc from 'fast-check'
import t from 'tap'
import { HubError } from '../../src/errors.ts'
import { table } from '../../src/operations/table.ts'
import { ask, encode, messages, openTransport } from './fixture.ts'

const SUBMODEL = `/submodels/${encode('urn:s')}`

t.test('each violation is a message that names the place and the rule', async (t) => {
  const transport = await openTransport(t, {
    GetSubmodel: () => {
      throw new HubError(
        'Invalid',
        [2],
        [
          { pointer: '/submodelElements/0/value', idShortPath: 'a', rule: 'AASd-020', text: 'a number was expected' },
          { pointer: '', rule: 'x'.repeat(40), text: 'it is empty' }
        ]
      )
    }
  })
  const reply = await ask(transport.api + SUBMODEL)
  t.equal(reply.status, 400)
  const [first, second] = messages(t, reply)
  t.equal(first?.text, '/submodelElements/0/value (a): a number was expected [AASd-020]')
  t.equal(first?.code, 'AASd-020')
  t.match(second?.text, /^the document: it is empty/)
  t.equal(second?.code, 'x'.repeat(32))
})

t.test('an error without violations is one message with its name', async (t) => {
  const transport = await openTransport(t, {
    GetSubmodel: () => {
      throw new HubError('NotFound', ['Submodel', 'urn:s'])
    },
    GetAllSubmodels: () => {
      throw new HubError('Unavailable', ['the store restarts'])
    },
    GetFileByPath: () => {
      throw new HubError('MethodNotAllowed', ['attachment', '"a"', 'File'])
    }
  })
  const missing = await ask(transport.api + SUBMODEL)
  t.match(messages(t, missing), [{ code: 'NotFound', text: 'Submodel "urn:s" does not exist' }])
  const busy = await ask(`${transport.api}/submodels`)
  t.equal(busy.status, 503)
  t.match(busy.headers.get('retry-after'), /^\d+$/)
  const wrongKind = await ask(`${transport.api}${SUBMODEL}/submodel-elements/a/attachment`)
  t.equal(wrongKind.status, 405)
  t.equal(wrongKind.headers.get('allow'), '')
})

t.test('an internal error gives the client a correlationId only, and the log the details', async (t) => {
  for (const fault of [new TypeError('secret detail'), 'secret detail', null, undefined, { statusCode: 599 }]) {
    const transport = await openTransport(t, {
      GetSubmodel: () => {
        throw fault
      }
    })
    const reply = await ask(transport.api + SUBMODEL)
    t.equal(reply.status, 500)
    const [message] = messages(t, reply)
    t.notMatch(reply.text, 'secret')
    t.equal(message?.code, 'Internal')
    t.match(transport.logged.join(''), message?.correlationId ?? 'none')
    if (fault instanceof Error) t.match(transport.logged.join(''), 'secret detail')
  }
})

t.test('a damaged record is a 500 that names it', async (t) => {
  const transport = await openTransport(t, {
    GetSubmodel: () => {
      throw new HubError('Damaged', ['Submodel "urn:s"', 'its checksum does not match; restore it from a backup'])
    }
  })
  const reply = await ask(transport.api + SUBMODEL)
  t.equal(reply.status, 500)
  t.match(messages(t, reply), [
    { code: 'Damaged', text: /^Submodel "urn:s" is damaged where it is stored: its checksum/ }
  ])
  t.match(transport.logged.join(''), 'is damaged where it is stored')
})

t.test('a full disk during an upload is reported as such', async (t) => {
  const transport = await openTransport(t, {
    GetSubmodel: () => {
      throw Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' })
    }
  })
  const reply = await ask(transport.api + SUBMODEL)
  t.equal(reply.status, 507)
  t.match(messages(t, reply), [{ code: 'StorageFull' }])
})

t.test('an unrouted method is answered 405 on a known path, 404 elsewhere', async (t) => {
  const transport = await openTransport(t)
  for (const method of ['PROPFIND', 'QUERY', 'PURGE', 'MKCOL', 'REPORT']) {
    const send = (path: string) => transport.raw(`${method} ${path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`)
    const refused = await send(`/api/v3${SUBMODEL}/`)
    t.match(refused, /^HTTP\/1.1 405 /, method)
    t.match(refused, /\r\nallow: GET, HEAD, PUT, PATCH, DELETE, OPTIONS\r\n/, method)
    t.match(await send('/api/v3/nothing'), /^HTTP\/1.1 404 /, method)
    t.match(await send('/nothing'), /^HTTP\/1.1 404 /, method)
  }
  t.equal(transport.requests.length, 0)
})

t.test('malformed HTTP is answered with a Result, too', async (t) => {
  const transport = await openTransport(t)
  const expected = {
    'GARBAGE\r\n\r\n': 400,
    'GET /api/v3/shells HTTP/1.1\r\nHost: x\r\nbad header\r\n\r\n': 400,
    'GET /api/v3/sh\x01ells HTTP/1.1\r\nHost: x\r\n\r\n': 400,
    [`GET /api/v3/shells/${'a'.repeat(20_000)} HTTP/1.1\r\nHost: x\r\n\r\n`]: 431,
    'POST /api/v3/shells HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n': 400,
    'POST /api/v3/shells HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n': 400,
    'GET /api/v3/shells/%zz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n': 400,
    'GET /api/v3/shells/%ff HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n': 400,
    'GET /api/v3/shells?limit=%ff HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n': 400,
    'GET /api/v3/shells?unknown=% HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n': 400
  }
  for (const [request, status] of Object.entries(expected)) {
    const answer = await transport.raw(request)
    t.match(answer, new RegExp(`^HTTP/1.1 ${status} `), request.slice(0, 60))
    t.match(answer, /\r\n\r\n\{"messages":\[/, request.slice(0, 60))
  }
  t.equal((await ask(`${transport.api}/shells`)).status, 204, 'and the server lives on')
})

t.test('garbage anywhere is answered below 500, and a refusal is always a Result', async (t) => {
  const transport = await openTransport(t)
  const names = [
    'limit',
    'cursor',
    'level',
    'extent',
    'idShort',
    'semanticId',
    'isCaseOf',
    'dataSpecificationRef',
    'assetIds',
    'assetKind',
    'assetType',
    'aasId',
    'aasIds',
    'submodelIds',
    'includeConceptDescriptions',
    'async',
    'existing',
    '__proto__',
    'constructor'
  ]
  const verbs = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']
  const segments = [...new Set(table.flatMap(({ path }) => path.split('/')).filter((part) => !part.startsWith('{')))]
  const visible = fc.string({ unit: 'grapheme-ascii' }).map((text) => text.replaceAll(' ', '_'))
  const piece = fc.oneof(
    fc.constantFrom(...segments, 'shells', 'submodels', 'aas', '$value', '$metadata', 'a[0].b', '%2F', '%', '..'),
    fc.string({ unit: 'binary' }).map((text) => encode(text)),
    fc.string({ unit: 'grapheme' }).map((text) => encodeURIComponent(text)),
    visible
  )
  const parameter = fc.tuple(fc.constantFrom(...names), piece).map(([name, value]) => `${name}=${value}`)
  const header = fc.constantFrom('accept', 'if-match', 'if-none-match', 'range', 'content-type', 'host', 'expect')
  const request = fc.record({
    verb: fc.constantFrom(...verbs),
    path: fc.array(piece, { maxLength: 6 }),
    query: fc.array(parameter, { maxLength: 4 }),
    headers: fc.dictionary(header, visible, { maxKeys: 3 }),
    body: fc.oneof(fc.constant(''), fc.json(), fc.string({ unit: 'binary' }))
  })
  await fc.assert(
    fc.asyncProperty(request, async ({ verb, path, query, headers, body }) => {
      const bytes = Buffer.from(body)
      const lines = [
        `${verb} /api/v3/${path.join('/')}?${query.join('&')} HTTP/1.1`,
        ...Object.entries({ host: 'x', 'content-type': 'application/json', ...headers }).map((pair) => pair.join(': ')),
        `content-length: ${bytes.length}`,
        'connection: close'
      ]
      const answer = await transport.raw(Buffer.concat([Buffer.from(`${lines.join('\r\n')}\r\n\r\n`), bytes]))
      const [, status = '0'] = /^HTTP\/1\.1 (\d{3}) /.exec(answer) ?? []
      if (Number(status) < 200 || Number(status) >= 500) throw new Error(`${lines.join('\n')}\n${answer}`)
      if (Number(status) >= 400 && verb !== 'HEAD' && !/\r\n\r\n\{"messages":\[\{/.test(answer)) {
        throw new Error(`no Result: ${lines.join('\n')}\n${answer}`)
      }
    }),
    { numRuns: 1500 }
  )
})

t.test(
  'output that fails before its first byte is answered with an error that no encoding is claimed for',
  async (t) => {
    const transport = await openTransport(t, {
      GenerateSerializationByIds: () => ({
        status: 200,
        contentType: 'application/xml',
        stream: new Readable({
          read() {
            this.destroy(new Error('it cannot be written'))
          }
        })
      })
    })
    const reply = await fetch(`${transport.api}/serialization`, { headers: { 'accept-encoding': 'gzip' } })
    t.equal(reply.headers.get('content-encoding'), null)
    t.equal(reply.status, 500)
    t.match(await reply.json(), { messages: [{ code: 'Internal' }] })
  }
)
