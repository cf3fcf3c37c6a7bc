/** `/`: the page for browsers, a list of links for programs, and where the page is not built. */
import type { FastifyInstance } from 'fastify'
import type { Identity } from '../security/identity/identity.ts'
import { type ExtensionEndpoint, plainOperation, serve } from '../transports/http/extension-endpoint.ts'
import { LOGO } from '../transports/http/logo.ts'
import { withPagePolicy } from './page.ts'
import { sendDocument } from './page-files.ts'

export const indexPageEndpoint = {
  path: '/',
  below: 'hub',
  get: plainOperation(
    {
      operationId: 'GetLandingPage',
      right: 'PUBLIC',
      summary: 'The page of the hub',
      description: 'For browsers, which accept text/html, the page; otherwise a list of links.'
    },
    'text/html',
    { type: 'string' }
  )
} as const satisfies ExtensionEndpoint

export interface IndexPageOptions {
  readonly prefix: string
  readonly version: string
  readonly identity: Pick<Identity, 'isConfigured' | 'providers'>
}

export function mountIndexPage(app: FastifyInstance, { prefix, version, identity }: IndexPageOptions): void {
  const [openPage, closedPage] = [linksPage(prefix, version, WARNING), linksPage(prefix, version, '')]
  // Text and links only: nothing is loaded, no script runs.
  const policy =
    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
  serve(app, prefix, indexPageEndpoint, {
    get: async ({ request, reply }) => {
      reply.header('vary', 'accept')
      const isBrowser = (request.headers.accept ?? '').includes('text/html')
      if (isBrowser && (await sendDocument(request, withPagePolicy(reply, identity.providers)))) return reply
      return reply
        .type('text/html; charset=utf-8')
        .header('content-security-policy', policy)
        .send(identity.isConfigured ? closedPage : openPage)
    }
  })
}

const links = (prefix: string): readonly (readonly [href: string, english: string, korean: string])[] => [
  [`${prefix}/shells`, 'Asset Administration Shells', '자산관리셸 목록'],
  [`${prefix}/submodels`, 'Submodels', '서브모델 목록'],
  [`${prefix}/concept-descriptions`, 'Concept descriptions', '개념 설명 목록'],
  [`${prefix}/description`, 'Supported profiles of the standard', '지원 프로파일'],
  ['/docs', 'API documentation, to read and to try', 'API 문서'],
  ['/openapi.json', 'API as OpenAPI document', 'OpenAPI 문서'],
  ['/asyncapi.json', 'Messages of the stream as AsyncAPI document', 'AsyncAPI 문서'],
  ['/metrics', 'Metrics for Prometheus', '지표'],
  ['/readyz', 'Readiness', '준비 상태']
]

const WARNING = `<p class="warning"><strong>Open:</strong> no users, keys or identity providers are configured, so every caller may do
everything. <code>aas-hub setup</code> changes that.<br>
<span lang="ko">사용자, 키, 인증 제공자가 설정되지 않아 누구나 모든 작업을 할 수 있습니다.</span></p>
`

function linksPage(prefix: string, version: string, warning: string): string {
  const items = links(prefix).map(([href, english, korean]) => {
    return `<li><a href="${href}">${href}</a><br>${english} · <span lang="ko">${korean}</span></li>`
  })
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>AAS Hub</title>
<style>
:root { color-scheme: light dark }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 40rem; margin: 3rem auto; padding: 0 1rem }
li { margin: .6rem 0 }
h1 svg { vertical-align: middle }
.warning { border: 2px solid #c60; border-radius: .3rem; padding: .5rem 1rem }
</style>
</head>
<body>
<h1>${LOGO} AAS Hub ${version}</h1>
<p>A standard data hub for factories: machine data in, Asset Administration Shells out.<br>
<span lang="ko">공장을 위한 표준 데이터 허브</span></p>
${warning}<ul>
${items.join('\n')}
</ul>
</body>
</html>
`
}
