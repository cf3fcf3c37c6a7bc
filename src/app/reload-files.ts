/** Takes over changed files of the operator while the hub runs: issuers, claims of client certificates, and those of TLS. */
import type { FastifyBaseLogger } from 'fastify'
import type { Config } from '../config/config.ts'
import type { Caller } from '../security/caller.ts'
import { securityEvents } from './audit.ts'
import { logIssuers } from './identity.ts'
import { type OperatorFiles, readCertificateRules, readIssuers } from './operator-files.ts'
import type { Services } from './services.ts'
import type { TlsServer } from './tls.ts'

export interface ReloadParts {
  readonly config: Config
  readonly files: Pick<OperatorFiles, 'followed' | 'certificates'>
  readonly services: Pick<Services, 'clock' | 'identity' | 'audit'>
  /** Undefined where HTTPS is not configured. */
  readonly tls: TlsServer | undefined
  readonly log: FastifyBaseLogger
}

/** @returns stops it */
export function reloadFiles({ config, files, services, tls, log }: ReloadParts): () => Promise<void> {
  const { clock, identity, audit } = services
  const events = securityEvents(audit)
  return files.followed.watch({
    ...{ clock, log },
    take: {
      ISSUERS: () => {
        const issuers = readIssuers(config) ?? []
        logIssuers(issuers, log)
        identity.replaceIssuers(issuers)
      },
      TLS_CLIENT_CLAIMS: () => {
        const rules = readCertificateRules(config)
        // Without client certificates nothing is configured by their claims.
        if (files.certificates !== undefined) identity.replaceCertificateRules(rules)
      },
      ...(tls !== undefined && {
        TLS: () => {
          tls.reload()
          identity.recheck()
        }
      })
    },
    onChange: (setting, reason) => {
      if (!identity.isConfigured) return
      const event = { action: 'load file', subject: setting, by: HUB } as const
      events.report({ ...event, succeeded: reason === undefined, ...(reason !== undefined && { reason }) })
    }
  })
}

const HUB: Caller = { subject: {}, name: 'hub', authentication: 'configuration' }
