/** Who may call the hub: opens the identities, and refuses to start where a stranger could reach an open hub. */
import { stat } from 'node:fs/promises'
import type { FastifyBaseLogger } from 'fastify'
import type { Clock } from '../clock.ts'
import { type Config, ConfigError } from '../config/config.ts'
import type { SecurityEventSink } from '../security/identity/events.ts'
import { Identity } from '../security/identity/identity.ts'
import type { TrustedIssuer } from '../security/identity/trust-list.ts'
import { isLoopback } from '../security/loopback.ts'
import type { Store } from '../store/store.ts'
import type { OperatorFiles } from './operator-files.ts'

export interface IdentityOptions {
  readonly config: Config
  readonly files: Pick<OperatorFiles, 'issuers' | 'certificates'>
  readonly store: Store
  readonly clock: Clock
  readonly log: FastifyBaseLogger
  readonly events?: SecurityEventSink
}

/** @throws ConfigError where the hub would be open to other machines */
export async function openIdentity(options: IdentityOptions): Promise<Identity> {
  const { config, files, store, clock, log, events } = options
  const { issuers, certificates } = files
  const identity = new Identity({
    ...{ store, clock, isShared: config.MONGODB_URL !== '' },
    ...(issuers && { issuers }),
    ...(certificates && { certificates }),
    ...(events && { events }),
    report: (text, error) => {
      if (error === undefined) log.info(text)
      else log.warn({ err: error }, text)
    }
  })
  await identity.load()
  if (issuers !== undefined) logIssuers(issuers, log)
  if (!identity.isConfigured) checkExposure(config, log)
  else await warnOfReaders(config, log)
  return identity
}

/** Warns of what is accepted and risky. */
export function logIssuers(issuers: readonly TrustedIssuer[], log: Pick<FastifyBaseLogger, 'warn'>): void {
  if (issuers.length === 0) log.warn('ISSUERS: the list is empty, so no token of an identity provider is accepted')
  for (const { issuer, audiences } of issuers) {
    if (audiences.length === 0) log.warn(`ISSUERS: ${issuer} has no audience, so its tokens for others count here too`)
    if (issuer.startsWith('http:')) log.warn(`ISSUERS: ${issuer} is not https, so its keys can be replaced on the way`)
  }
}

/** May any caller that reaches the address do everything, also from other machines? */
export function isInsecure({ HOST, INSECURE }: Config, identity: Identity): boolean {
  return INSECURE && !isLoopback(HOST) && !identity.isConfigured
}

/** Callers are known, but may other accounts of the machine read what is stored? */
async function warnOfReaders({ DATA_DIR }: Config, log: FastifyBaseLogger): Promise<void> {
  if (process.platform === 'win32') return
  const { mode } = await stat(DATA_DIR)
  if ((mode & 0o077) !== 0) log.warn(`Other accounts of this machine may read ${DATA_DIR}; chmod 700 keeps them out`)
}

function checkExposure({ HOST, INSECURE, DATA_DIR }: Config, log: FastifyBaseLogger): void {
  if (isLoopback(HOST)) {
    log.warn('No users, keys or issuers are configured: every program on this machine may do everything')
  } else if (INSECURE) {
    log.warn(`INSECURE: every machine that reaches ${HOST} may do everything`)
  } else {
    throw new ConfigError([
      `HOST is ${HOST}, so other machines reach this hub, but no way to authenticate is configured. One of these sets it up:`,
      `  aas-hub setup --data-dir ${DATA_DIR}   makes an administrator, the key of a gateway and an auditor`,
      '  aas-hub keys create NAME --role administrator   makes an API key',
      '  aas-hub --issuers FILE   accepts the tokens of an identity provider',
      'Or start it with --insecure where no stranger can reach it.'
    ])
  }
}
