import fastify from 'fastify'
import t, { type Test } from 'tap'
import { extensionEndpoints } from '../../src/app/extension-endpoints.ts'
import { docs } from '../../src/transports/http/docs.ts'
import { hubDocument } from '../../src/transports/http/openapi.ts'
import { asyncApi } from '../../src/transports/stream/asyncapi.ts'

async function start(t: Test, publicUrl = ''): Promise<string> {
  const app = fastify({ routerOptions: { ignoreTrailingSlash: true } })
  // As the hub does: what a page may do must be said by the page.
  app.addHook('onRequest', (_, reply, done) => {
    reply.header('content-security-policy', "default-src 'none'; sandbox")
    done()
  })
  await app.register(docs, {
    document: hubDocument('/aas', extensionEndpoints, '1.2.3'),
    messages: (url) => asyncApi('1.2.3', url),
    publicUrl
  })
  t.teardown(() => app.close())
  return app.listen({ host: '127.0.0.1', port: 0 })
}

t.test('/openapi.json names the base path of the API', async (t) => {
  const response = await fetch(`${await start(t)}/openapi.json`)
  t.equal(response.headers.get('content-type'), 'application/json')
  const document = (await response.json()) as { openapi: string; servers: unknown; paths: object }
  t.equal(document.openapi, '3.1.0')
  t.strictSame(document.servers, [{ url: '/aas' }])
  t.ok(Object.hasOwn(document.paths, '/submodels/{submodelIdentifier}/$value'))
})

t.test('/docs works without internet access', async (t) => {
  const url = await start(t)
  const page = await fetch(`${url}/docs`)
  t.equal(page.status, 200)
  t.match(page.headers.get('content-type'), /^text\/html/)
  const html = await page.text()
  t.notMatch(html, /(src|href)="(https?:)?\/\//, 'nothing comes from elsewhere')
  t.notMatch(html, /<script(?![^>]*\bsrc=)/, 'no script stands in the page, so none need be allowed')
  const parts = [...html.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, part = '']) => new URL(part, page.url))
  t.ok(parts.length > 3)
  for (const part of parts) {
    const response = await fetch(part)
    t.equal(response.status, 200, part.pathname)
    t.ok((await response.arrayBuffer()).byteLength > 0, part.pathname)
  }
})

t.test('the policy of /docs allows this origin only', async (t) => {
  const page = await fetch(`${await start(t)}/docs/`)
  await page.text()
  const policy = new Map(
    (page.headers.get('content-security-policy') ?? '').split(';').map((rule) => {
      const [name = '', ...sources] = rule.trim().split(' ')
      return [name, sources.join(' ')]
    })
  )
  t.equal(policy.get('default-src'), "'none'")
  t.equal(policy.get('script-src'), "'self'")
  t.equal(policy.get('connect-src'), "'self'")
  t.equal(policy.get('frame-ancestors'), "'none'")
  t.notOk(policy.has('sandbox'))
  t.notOk(policy.has('upgrade-insecure-requests'), 'a plant may speak plain http')
})

t.test('the page shows the document of this hub and uses no online validator', async (t) => {
  const url = await start(t)
  const shown = (await (await fetch(`${url}/docs/json`)).json()) as object
  t.strictSame(shown, await (await fetch(`${url}/openapi.json`)).json())
  const script = await (await fetch(`${url}/docs/static/swagger-initializer.js`)).text()
  t.match(script, /"validatorUrl":null/)
})

t.test('/docs has the name, version and logo of the hub', async (t) => {
  const url = await start(t)
  t.match(await (await fetch(`${url}/docs`)).text(), '<title>AAS Hub 1.2.3</title>')
  const icon = await fetch(`${url}/docs/static/theme/logo.svg`)
  t.equal(icon.headers.get('content-type'), 'image/svg+xml')
  t.match(await icon.text(), /^<svg /)
  t.match(await (await fetch(`${url}/docs/static/swagger-initializer.js`)).text(), 'data:image/svg+xml;base64,')
  const text = await (await fetch(`${url}/openapi.json`)).text()
  t.notMatch(text, /\bDerived\b|\bsrc\/|\bscripts\/|\bopenapi\//, 'files of the project are no matter of a user')
})

t.test('/asyncapi.json names the URL under which the client reaches the stream', async (t) => {
  const url = await start(t)
  const response = await fetch(`${url}/asyncapi.json`)
  t.match(response.headers.get('content-type'), /^application\/json/)
  t.match(await response.json(), {
    asyncapi: '3.0.0',
    info: { version: '1.2.3' },
    servers: { hub: { host: new URL(url).host, protocol: 'ws' } }
  })
  const behind = await (await fetch(`${await start(t, 'https://hub.example')}/asyncapi.json`)).json()
  t.match(behind, { servers: { hub: { host: 'hub.example', protocol: 'wss' } } })
})
