import { once } from 'node:events'
import { connect } from 'node:net'
import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { pipeline } from 'node:stream/promises'
import t from 'tap'
import type { ApiRequest, ApiResponse } from '../../src/operations/api-request.ts'
import { ask, encode, messages, openTransport } from './fixture.ts'

const SUBMODEL = `/submodels/${encode('s')}`
const ATTACHMENT = `${SUBMODEL}/submodel-elements/a/attachment`

t.test('a JSON body reaches the operation unchanged', async (t) => {
  const transport = await openTransport(t)
  const bodies = [
    '{"a":"한","__proto__":{"x":1},"constructor":[1e3,null]}',
    '[]',
    '"x"',
    '0',
    'false',
    'null',
    '\ufeff{}'
  ]
  for (const body of bodies) {
    const { status } = await post('/submodels', body)
    t.equal(status, 204, body)
    t.same(transport.onlyRequest().body, JSON.parse(body.replace('\ufeff', '')), body)
  }
  const types = [
    'application/json; charset=utf-8',
    'application/json;charset="UTF-8"',
    'Application/JSON',
    'application/json ; x=y'
  ]
  for (const type of types) {
    t.equal((await post('/submodels', '{}', type)).status, 204, type)
    transport.onlyRequest()
  }
  t.equal((await ask(transport.api + SUBMODEL, patch('application/merge-patch+json'))).status, 204)
  t.same(transport.onlyRequest().body, {})

  async function post(path: string, body: string, type = 'application/json') {
    return await ask(transport.api + path, { method: 'POST', body, headers: { 'content-type': type } })
  }
})

t.test('a body that is not JSON is refused with the reason', async (t) => {
  const transport = await openTransport(t)
  const send = async (body: string | Uint8Array<ArrayBuffer>, type: string, method = 'POST', path = '/submodels') => {
    const reply = await ask(transport.api + path, { method, body, headers: { 'content-type': type } })
    const [message] = messages(t, reply, type)
    return `${reply.status} ${message?.text}`
  }
  t.match(await send('{"a":}', 'application/json'), /^400 .*line 1, column 6/i)
  t.match(await send(new Uint8Array([0x7b, 0xff, 0x7d]), 'application/json'), /^400 .*UTF-8/)
  t.match(await send('', 'application/json'), /^400 .*Submodel/)
  t.match(await send('x'.repeat(100_001), 'application/json'), /^413 .*100000 bytes/)
  t.match(await send('{}', 'application/json; charset=iso-8859-1'), /^415 .*application\/json/)
  t.match(await send('{}', 'text/plain'), /^415 .*application\/json/)
  t.match(await send('{}', 'application/xml'), /^415/)
  t.match(await send('{}', ';;;'), /^415/)
  t.match(await send('{}', 'application/merge-patch+json'), /^415/)
  t.match(await send('{}', 'text/plain', 'PATCH', SUBMODEL), /^415 .*merge-patch/)
  const nothing = await ask(`${transport.api}/submodels`, { method: 'POST' })
  t.equal(nothing.status, 400)
  t.match(messages(t, nothing)[0]?.text, 'A JSON body is needed')
  t.equal(transport.requests.length, 0, 'and nothing is asked of the operations')
  t.match(
    await transport.raw(
      'POST /api/v3/submodels HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}'
    ),
    /^HTTP\/1.1 415 /,
    'a body without type'
  )
})

t.test('a file whose media type is not a valid header is sent as bytes', async (t) => {
  let contentType = ''
  const file = (): ApiResponse => ({
    status: 200,
    contentType,
    fileName: 'f',
    stream: Readable.from([Buffer.from('bytes')])
  })
  const transport = await openTransport(t, { GetFileByPath: file })
  for (const type of ['text/\u0001pl\nain', 'text/plain\r\nX-Evil: 1', 'text/한', 'a/b\u007f', '']) {
    contentType = type
    const reply = await ask(transport.api + ATTACHMENT)
    t.equal(reply.status, 200, JSON.stringify(type))
    t.equal(reply.headers.get('content-type'), 'application/octet-stream', JSON.stringify(type))
    t.equal(reply.headers.get('x-evil'), null)
    t.equal(reply.text, 'bytes')
  }
})

t.test('a Content-Encoding is refused for documents, forms and files', async (t) => {
  const transport = await openTransport(t)
  const places = [
    ['POST', '/submodels', 'application/json'],
    ['PUT', ATTACHMENT, 'multipart/form-data; boundary=x'],
    ['POST', '/upload', 'application/json']
  ] as const
  for (const [method, path, type] of places) {
    const headers = { 'content-type': type, 'content-encoding': 'gzip' }
    const reply = await ask(transport.api + path, { method, body: '{}', headers })
    t.equal(reply.status, 415, path)
    t.match(messages(t, reply)[0]?.text, 'no Content-Encoding', path)
  }
  t.equal(transport.requests.length, 0)
  const headers = { 'content-type': 'application/json', 'content-encoding': 'identity' }
  t.equal((await ask(`${transport.api}/submodels`, { method: 'POST', body: '{}', headers })).status, 204)
})

t.test('GET and DELETE may have a Content-Type without a body', async (t) => {
  const transport = await openTransport(t)
  for (const type of ['application/json', 'text/plain']) {
    for (const method of ['GET', 'DELETE']) {
      t.equal(
        (await ask(transport.api + SUBMODEL, { method, headers: { 'content-type': type } })).status,
        204,
        method + type
      )
    }
  }
})

t.test('the body of a DELETE is ignored', async (t) => {
  const transport = await openTransport(t)
  const types = [
    'application/json',
    'application/json; charset=latin1',
    'text/plain',
    'multipart/form-data',
    'none',
    ''
  ]
  const bodies: Record<string, string> = { '{}': '{}', null: 'null', 'no JSON': '{"a', large: 'x'.repeat(300_000) }
  for (const type of types) {
    for (const [name, body] of Object.entries(bodies)) {
      for (const length of [`Content-Length: ${body.length}`, 'Transfer-Encoding: chunked']) {
        const sent = length.startsWith('C') ? body : `${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`
        const contentType = type === '' ? '' : `Content-Type: ${type}\r\n`
        const answer = await transport.raw(
          `DELETE /api/v3${SUBMODEL} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n${contentType}${length}\r\n\r\n${sent}`
        )
        t.match(answer, /^HTTP\/1.1 204 /, `${type}, ${name}, ${length}`)
        t.equal(transport.onlyRequest().body, undefined)
      }
    }
  }
})

t.test('a client that writes everything before it reads gets the refusal and can keep the connection', async (t) => {
  const transport = await openTransport(t, { PostSubmodel: () => ({ status: 201 }) })
  const size = 8_000_000
  const requests: Record<string, string> = {
    '413 by length': `POST /api/v3/submodels HTTP/1.1\r\nContent-Type: application/json\r\nContent-Length: ${size}`,
    '413 on the way': 'POST /api/v3/submodels HTTP/1.1\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked',
    '415 of a document': `POST /api/v3/submodels HTTP/1.1\r\nContent-Type: text/plain\r\nContent-Length: ${size}`,
    '415 of a file': `POST /upload HTTP/1.1\r\nContent-Type: text/plain\r\nContent-Length: ${size}`,
    '404 of nothing': `POST /nowhere HTTP/1.1\r\nContent-Type: text/plain\r\nContent-Length: ${size}`,
    '405 of a verb': `POST /api/v3/description HTTP/1.1\r\nContent-Length: ${size}`
  }
  for (const [name, head] of Object.entries(requests)) {
    const body = head.includes('chunked')
      ? `${size.toString(16)}\r\n${'x'.repeat(size)}\r\n0\r\n\r\n`
      : 'x'.repeat(size)
    for (const closes of [false, true]) {
      const socket = connect(Number(new URL(transport.url).port), '127.0.0.1')
      socket.pause()
      const connection = closes ? 'close' : 'keep-alive'
      const written = Promise.withResolvers<void>()
      socket.on('error', written.reject)
      socket.write(`${head}\r\nHost: x\r\nConnection: ${connection}\r\n\r\n${body}`, () => written.resolve())
      await written.promise
      if (!closes) socket.write('GET /api/v3/shells HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n')
      const answers = (await buffer(socket)).toString().split('HTTP/1.1 ').slice(1)
      t.match(answers[0], new RegExp(`^${name.slice(0, 3)} `), `${name}, ${connection}`)
      t.equal(answers.length, closes ? 1 : 2, 'and what is asked next is answered')
    }
  }
})

t.test('a bulk DELETE has a body', async (t) => {
  const transport = await openTransport(t)
  const init = { method: 'DELETE', body: '["a"]', headers: { 'content-type': 'application/json' } }
  t.equal((await ask(`${transport.api}/bulk/shell-descriptors`, init)).status, 204)
  t.same(transport.onlyRequest().body, ['a'])
})

t.test('the file of a form arrives as a stream, with the fields before it', async (t) => {
  const seen: unknown[] = []
  const transport = await openTransport(t, {
    PutFileByPath: read(seen),
    PostAASXPackage: read(seen),
    UploadFile: read(seen)
  })
  const bytes = Buffer.alloc(300_000, 'abc')
  const form = new FormData()
  form.append('fileName', '도면.pdf')
  form.append('aasIds', 'a')
  form.append('aasIds', 'b')
  form.append('__proto__', 'x')
  form.append('file', new Blob([bytes], { type: 'application/pdf' }), 'x.pdf')
  form.append('late', 'x')
  const places = [
    ['PUT', ATTACHMENT],
    ['POST', '/packages'],
    ['POST', '/upload?existing=keep']
  ] as const
  for (const [method, path] of places) {
    const { status } = await ask(transport.api + path, { method, body: form })
    t.equal(status, 204, path)
    t.match(seen.pop(), {
      fileName: 'x.pdf',
      contentType: 'application/pdf',
      fields: { fileName: '도면.pdf', aasIds: 'a,b' },
      bytes
    })
  }
  t.equal(transport.requests.at(-1)?.query.existing, 'keep')
})

t.test('a part named file is the file, with a file name or without', async (t) => {
  const seen: unknown[] = []
  const transport = await openTransport(t, { PutFileByPath: read(seen) })
  const headers = { 'content-type': 'multipart/form-data; boundary=x' }
  const body =
    '--x\r\nContent-Disposition: form-data; name="other"; filename="o"\r\n\r\nno\r\n--x\r\nContent-Disposition: form-data; name="file"\r\n\r\nyes\r\n--x--\r\n'
  t.equal((await ask(transport.api + ATTACHMENT, { method: 'PUT', headers, body })).status, 204)
  t.match(seen, [{ bytes: Buffer.from('yes'), fileName: '' }])
})

t.test('a body that is not a form with a file is refused', async (t) => {
  const transport = await openTransport(t, { PutFileByPath: read([]) })
  const put = async (body: string | FormData, headers = {}) => {
    const reply = await ask(transport.api + ATTACHMENT, { method: 'PUT', body, headers })
    return `${reply.status} ${messages(t, reply)[0]?.text}`
  }
  const form = new FormData()
  t.match(await put(form), /^400 .*"file"/)
  form.append('fileName', 'x')
  t.match(await put(form), /^400 .*"file"/)
  form.append('big', 'x'.repeat(70_000))
  t.match(await put(form), /^413 .*field/)
  t.match(await put('{}', { 'content-type': 'application/json' }), /^415 .*multipart\/form-data/)
  t.match(await put('x', { 'content-type': 'multipart/form-data' }), /^400/)
  t.match(await put('x', { 'content-type': 'multipart/form-data; boundary=b' }), /^400/)
  t.match(await put('--b\r\nno header\r\n\r\n', { 'content-type': 'multipart/form-data; boundary=b' }), /^400/)
  const cut = '--b\r\nContent-Disposition: form-data; name="file"; filename="f"\r\n\r\nhalf'
  t.match(await put(cut, { 'content-type': 'multipart/form-data; boundary=b' }), /^400 .*complete/)
  const many = new FormData()
  for (let count = 0; count < 200; count++) many.append(`f${count}`, 'x')
  t.match(await put(many), /^4(00|13)/)
})

t.test('a file that the operation does not read is discarded, and the connection stays open', async (t) => {
  const transport = await openTransport(t, {
    PutFileByPath: ({ upload }) => {
      upload?.bytes.destroy()
      return { status: 204 }
    },
    PutThumbnail: () => ({ status: 204 })
  })
  for (const path of [ATTACHMENT, `/shells/${encode('a')}/asset-information/thumbnail`]) {
    const form = new FormData()
    form.append('file', new Blob([Buffer.alloc(3_000_000)]), 'x')
    form.append('other', new Blob([Buffer.alloc(1_000_000)]), 'y')
    t.equal((await ask(transport.api + path, { method: 'PUT', body: form })).status, 204)
  }
})

t.test('a client that disconnects during a file causes an error, not a short file', async (t) => {
  const outcome = Promise.withResolvers<unknown>()
  const started = Promise.withResolvers<void>()
  const transport = await openTransport(t, {
    PutFileByPath: async ({ upload }) => {
      started.resolve()
      await buffer(upload?.bytes ?? Readable.from([])).then(outcome.resolve, outcome.resolve)
      return { status: 204 }
    },
    UploadFile: async ({ upload }) => {
      started.resolve()
      await buffer(upload?.bytes ?? Readable.from([])).then(outcome.resolve, outcome.resolve)
      return { status: 204 }
    }
  })
  const form = '--b\r\nContent-Disposition: form-data; name="file"; filename="f"\r\n\r\nhalf'
  const socket = connect(Number(new URL(transport.url).port), '127.0.0.1')
  socket.write(
    `PUT /api/v3${ATTACHMENT} HTTP/1.1\r\nHost: x\r\nContent-Type: multipart/form-data; boundary=b\r\nContent-Length: 1000\r\n\r\n${form}`
  )
  await started.promise
  socket.destroy()
  t.match(await outcome.promise, { name: 'BadRequest' })
})

t.test('the same for a file that is the whole body', async (t) => {
  const outcome = Promise.withResolvers<unknown>()
  const started = Promise.withResolvers<void>()
  const transport = await openTransport(t, {
    UploadFile: async ({ upload }) => {
      started.resolve()
      await buffer(upload?.bytes ?? Readable.from([])).then(outcome.resolve, outcome.resolve)
      return { status: 204 }
    }
  })
  const socket = connect(Number(new URL(transport.url).port), '127.0.0.1')
  socket.write(
    'POST /upload HTTP/1.1\r\nHost: x\r\nContent-Type: application/xml\r\nContent-Length: 1000\r\n\r\n<environment'
  )
  await once(socket, 'connect')
  await started.promise
  socket.destroy()
  t.match(await outcome.promise, { name: 'BadRequest' })
})

t.test('an upload may be the file itself, at the root and below the API', async (t) => {
  const seen: unknown[] = []
  const transport = await openTransport(t, { UploadFile: read(seen) })
  const body = Buffer.alloc(200_000, 'x')
  const types = {
    'application/json': 'upload.json',
    'application/xml': 'upload.xml',
    'text/xml; charset=utf-8': 'upload.xml',
    'application/asset-administration-shell-package': 'upload.aasx',
    'application/asset-administration-shell-package+xml': 'upload.aasx',
    'application/aas+zip': 'upload.aasx',
    'application/octet-stream': 'upload'
  }
  for (const [type, name] of Object.entries(types)) {
    for (const url of [`${transport.url}/upload`, `${transport.api}/upload`]) {
      t.equal((await ask(url, { method: 'POST', body, headers: { 'content-type': type } })).status, 204, type)
      t.match(seen.pop(), { fileName: name, contentType: type.split(';')[0], bytes: body })
    }
  }
  const headers = { 'content-type': 'application/octet-stream' }
  await ask(`${transport.url}/upload?fileName=${encodeURIComponent('공장 1.aasx')}&existing=replace`, {
    method: 'POST',
    body,
    headers
  })
  t.match(seen.pop(), { fileName: '공장 1.aasx' })
  t.equal(transport.requests.at(-1)?.query.existing, 'replace')
  for (const [url, status] of [
    ['/upload?existing=x', 400],
    ['/upload?fileName=a&fileName=b', 400]
  ] as const) {
    const reply = await ask(transport.url + url, { method: 'POST', body, headers })
    t.equal(reply.status, status)
    messages(t, reply)
  }
  const image = await ask(`${transport.url}/upload`, { method: 'POST', body, headers: { 'content-type': 'image/png' } })
  t.equal(image.status, 415)
  t.match(messages(t, image)[0]?.text, 'multipart/form-data')
})

t.test('an operation that stops reading a body can still answer', async (t) => {
  const transport = await openTransport(t, {
    UploadFile: async ({ upload }) => {
      if (upload === undefined) return { status: 204 }
      const { HubError } = await import('../../src/errors.ts')
      await pipeline(upload.bytes, async function* (parts) {
        for await (const part of parts) {
          yield part
          throw new HubError('TooLarge', ['The file is larger than 1 byte'])
        }
      })
      return { status: 204 }
    }
  })
  const reply = await ask(`${transport.api}/upload`, {
    method: 'POST',
    body: Buffer.alloc(5_000_000),
    headers: { 'content-type': 'application/octet-stream' }
  })
  t.equal(reply.status, 413)
  t.match(messages(t, reply)[0]?.text, '1 byte')
})

function patch(type: string): RequestInit {
  return { method: 'PATCH', body: '{}', headers: { 'content-type': type } }
}

function read(seen: unknown[]) {
  return async ({ upload }: ApiRequest): Promise<ApiResponse> => {
    if (upload === undefined) throw new Error('no upload')
    seen.push({ ...upload, fields: { ...upload.fields }, bytes: await buffer(upload.bytes) })
    return { status: 204 }
  }
}
