/** `/certificates`: by which the hub and the machines that it reads know each other. */
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { HubError } from '../../errors.ts'
import type { CertificateEntry, Certificates, Trust } from '../../operations/asset-interfaces/certificates.ts'
import { acceptJson } from '../http/body.ts'
import type { BodyBudget } from '../http/body-collector.ts'
import { bodyOf, longText, textIn } from '../http/body-members.ts'
import { pathParameter, serve } from '../http/extension-endpoint.ts'
import { certificateEndpoints } from './endpoint.ts'

export interface CertificateOptions {
  /** Undefined where nothing is collected. */
  readonly certificates: () => Certificates | undefined
  readonly bodies: BodyBudget
}

const MAX_PEM_LENGTH = 64 * 1024

export async function certificates(app: FastifyInstance, { bodies, ...options }: CertificateOptions): Promise<void> {
  await app.register(async (scope) => {
    acceptJson(scope, bodies)
    serveList(scope, options)
    serveActions(scope, options)
  })
}

type Parts = Pick<CertificateOptions, 'certificates'>

function serveList(app: FastifyInstance, options: Parts): void {
  serve(app, '', certificateEndpoints.list, {
    get: async ({ reply }) => {
      reply.header('cache-control', 'no-store')
      const all = options.certificates()
      const [list = [], own] = await Promise.all([all?.list(), all?.own()])
      return { result: list.map((entry) => shown(entry, own)) }
    },
    post: async ({ request, reply }) => {
      const body = bodyOf(request.body, ['certificate', 'trust'])
      const trust = trustIn(textIn(body, 'trust'))
      const pem = longText(body, 'certificate', MAX_PEM_LENGTH)
      const entry = await existing(options)
        .add(Buffer.from(pem), trust)
        .catch((error: NodeJS.ErrnoException) => {
          // An error of the disk has the code of a system call.
          if (error.syscall !== undefined) throw error
          throw new HubError('BadRequest', ['/certificate: expected a certificate as PEM'])
        })
      return reply.code(201).send(shown(entry))
    }
  })
}

function serveActions(app: FastifyInstance, options: Parts): void {
  const { renew, trust, reject, remove } = certificateEndpoints
  serve(app, '', renew, {
    post: async () => {
      const all = existing(options)
      await all.renew()
      const [list, own] = await Promise.all([all.list(), all.own()])
      const entry = list.find((one) => one.trust === 'own')
      if (entry === undefined) throw new HubError('NotFound', ['Certificate', 'own'])
      return shown(entry, own)
    }
  })
  for (const [endpoint, to] of [
    [trust, 'trusted'],
    [reject, 'rejected']
  ] as const) {
    serve(app, '', endpoint, {
      post: async ({ request }) => {
        const { name, all } = named(options, request)
        const entry = await all.move(name, to)
        if (entry === undefined) throw new HubError('NotFound', ['Certificate', name])
        return shown(entry)
      }
    })
  }
  serve(app, '', remove, {
    post: async ({ request, reply }) => {
      const { name, all } = named(options, request)
      if (!(await all.remove(name))) throw new HubError('NotFound', ['Certificate', name])
      return reply.code(204).send()
    }
  })
}

/** @throws HubError `NotFound` */
function named(options: Parts, request: FastifyRequest): { readonly name: string; readonly all: Certificates } {
  const name = pathParameter(request, 'thumbprint').toLowerCase()
  if (!/^[\da-f]{40}$/.test(name)) throw new HubError('NotFound', ['Certificate', name.slice(0, 100)])
  return { name, all: existing(options) }
}

/** @throws HubError `BadRequest` */
function existing({ certificates: all }: Parts): Certificates {
  const found = all()
  if (found === undefined) throw new HubError('BadRequest', ['Nothing is collected: COLLECT_TARGETS is empty'])
  return found
}

function trustIn(text: string): Exclude<Trust, 'own'> {
  if (text === 'trusted' || text === 'rejected') return text
  throw new HubError('BadRequest', ['/trust: expected trusted or rejected'])
}

/** @param own the hub's own is public, and what servers need */
function shown({ validFrom, validTo, ...entry }: CertificateEntry, own?: { readonly certificate: string }): object {
  return {
    ...entry,
    validFrom: new Date(validFrom).toISOString(),
    validTo: new Date(validTo).toISOString(),
    ...(entry.trust === 'own' && own !== undefined && { certificate: own.certificate })
  }
}
