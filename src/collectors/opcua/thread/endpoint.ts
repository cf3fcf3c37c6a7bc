/** Chooses an endpoint of a server by its security, and opens a client for it. */
import { isIPv6 } from 'node:net'
import {
  coerceSecurityPolicy,
  crypto_utils,
  type EndpointDescription,
  MessageSecurityMode,
  OPCUAClient,
  SecurityPolicy,
  type UserIdentityInfo,
  UserTokenType
} from 'node-opcua-client'
import type { Clock } from '../../../clock.ts'
import { CertificateStore } from '../../../operations/opcua-certificates/certificate-store.ts'
import { certificateTrust } from '../../../operations/opcua-certificates/certificate-trust.ts'
import {
  APPLICATION_NAME,
  applicationUriOf,
  ownCertificate
} from '../../../operations/opcua-certificates/own-certificate.ts'
import type { ChannelSecurity, SecurityMode, ServerEndpoint, UserIdentity } from '../messages.ts'
import { Refused } from './refused.ts'

/** From the weakest to the best. The deprecated Basic128Rsa15 and Basic256 are only used where they are asked for. */
const POLICIES = ['None', 'Aes128_Sha256_RsaOaep', 'Basic256Sha256', 'Aes256_Sha256_RsaPss'] as const

const CONNECT_TIMEOUT_MS = 10_000
const REQUEST_TIMEOUT_MS = 15_000
const SESSION_TIMEOUT_MS = 120_000

export interface ChosenEndpoint {
  readonly client: OPCUAClient
  readonly identity: UserIdentityInfo
  readonly policy: string
  readonly mode: SecurityMode
  /** To connect to. */
  readonly url: string
}

/** @throws Refused where the server has no such endpoint, or its certificate is not trusted */
export async function chooseEndpoint(endpoint: ServerEndpoint, clock: Clock): Promise<ChosenEndpoint> {
  const own = await ownCertificate(endpoint.certificates)
  const store = new CertificateStore(endpoint.certificates)
  const chain = [crypto_utils.convertPEMtoDER(own.certificate)]
  const privateKey = crypto_utils.makePrivateKeyFromPem(own.key)
  const keys = {
    getCertificate: () => chain[0] as Buffer,
    getCertificateChain: () => chain,
    getPrivateKey: () => privateKey
  }
  const applicationUri = applicationUriOf(own.certificate)
  const open = (security: object, retries: number) =>
    OPCUAClient.create({
      applicationName: APPLICATION_NAME,
      ...(applicationUri !== undefined && { applicationUri }),
      certificateKeyPairProvider: keys,
      // For what the library looks at by itself, as when the server comes back with another certificate.
      clientCertificateManager: certificateTrust({ store, own: chain[0], clock, of: 'server' }),
      // Servers often advertise a name that only they resolve: what is connected to is what was described and checked.
      endpointMustExist: false,
      connectionStrategy: { maxRetry: retries, initialDelay: 500, maxDelay: 5000, randomisationFactor: 0.5 },
      transportTimeout: CONNECT_TIMEOUT_MS,
      defaultTransactionTimeout: REQUEST_TIMEOUT_MS,
      requestedSessionTimeout: SESSION_TIMEOUT_MS,
      keepSessionAlive: true,
      ...security
    })
  const url = addressed(endpoint)
  const endpoints = await endpointsOf(open({}, 0), url)
  const chosen = choose(endpoints, endpoint.security)
  const mode = MessageSecurityMode[chosen.securityMode] as SecurityMode
  const policy = nameOf(chosen.securityPolicyUri)
  if (mode !== 'None') {
    const problem = await store.check(leafOf(chosen), clock.milliseconds())
    // Tried again soon, as it may be trusted at any moment.
    if (problem !== undefined) throw new Refused(problem)
  }
  const client = open(
    {
      securityMode: chosen.securityMode,
      securityPolicy: coerceSecurityPolicy(chosen.securityPolicyUri),
      ...(mode !== 'None' && { serverCertificate: chosen.serverCertificate })
    },
    -1
  )
  return { client, identity: identityFor(chosen, endpoint.identity), policy, mode, url }
}

/** The URL with the checked address in place of the name. */
function addressed({ url, address }: ServerEndpoint): string {
  const { port, pathname } = new URL(url.replace(/^opc\.tcp:/i, 'http:'))
  const host = isIPv6(address) ? `[${address}]` : address
  // Port 80 is the default of the scheme that it was parsed as.
  const explicit = /^[^/]*\/\/[^/]*:80(?:\/|$)/.test(url) ? '80' : port === '' ? '4840' : port
  return `opc.tcp://${host}:${explicit}${pathname === '/' ? '' : pathname}`
}

async function endpointsOf(client: OPCUAClient, url: string): Promise<EndpointDescription[]> {
  try {
    await client.connect(url)
    return await client.getEndpoints({ endpointUrl: url })
  } finally {
    await client.disconnect().catch(() => {})
  }
}

function choose(endpoints: readonly EndpointDescription[], { mode, policy }: ChannelSecurity): EndpointDescription {
  const offered = endpoints.filter(({ transportProfileUri }) => !/(?:https|wss)/i.test(transportProfileUri ?? ''))
  const fitting = offered.filter(
    ({ securityMode, securityPolicyUri }) =>
      (mode === undefined || MessageSecurityMode[securityMode] === mode) &&
      (policy === undefined ? rankOf(securityPolicyUri) >= 0 : nameOf(securityPolicyUri) === policy)
  )
  // Not the level that the server claims for an endpoint: a server that lies would choose none of them.
  const [best] = fitting.sort(
    (one, other) =>
      rankOf(other.securityPolicyUri) - rankOf(one.securityPolicyUri) || other.securityMode - one.securityMode
  )
  if (best !== undefined) return best
  const list = offered.map((one) => `${nameOf(one.securityPolicyUri)} with ${MessageSecurityMode[one.securityMode]}`)
  throw new Refused(
    `the server offers no endpoint with ${policy ?? 'a known policy'} and ${mode ?? 'any mode'}; it offers ${[...new Set(list)].join(', ') || 'none'}`,
    true
  )
}

function rankOf(policyUri: string | null): number {
  return (POLICIES as readonly string[]).indexOf(nameOf(policyUri))
}

function nameOf(policyUri: string | null): string {
  return policyUri?.split('#')[1] ?? 'None'
}

/** A server may send the chain; the first one is its own. */
function leafOf({ serverCertificate }: EndpointDescription): Buffer {
  const certificate = serverCertificate ?? Buffer.alloc(0)
  if (certificate.length === 0) throw new Refused('the server presents no certificate', true)
  return crypto_utils.split_der(certificate)[0] ?? certificate
}

const TOKENS = {
  anonymous: UserTokenType.Anonymous,
  user: UserTokenType.UserName,
  certificate: UserTokenType.Certificate
} as const

function identityFor(endpoint: EndpointDescription, identity: UserIdentity): UserIdentityInfo {
  const tokens = endpoint.userIdentityTokens ?? []
  const token = tokens.find(({ tokenType }) => tokenType === TOKENS[identity.kind])
  if (token === undefined) {
    const kinds = [...new Set(tokens.map(({ tokenType }) => UserTokenType[tokenType]))].join(', ') || 'none'
    throw new Refused(`the server takes no ${identity.kind} identity at this endpoint; it takes ${kinds}`, true)
  }
  if (identity.kind === 'anonymous') return { type: UserTokenType.Anonymous }
  if (identity.kind === 'certificate') {
    return {
      type: UserTokenType.Certificate,
      certificateData: crypto_utils.convertPEMtoDER(identity.certificate),
      privateKey: identity.key
    }
  }
  const policy = token.securityPolicyUri || endpoint.securityPolicyUri
  if (endpoint.securityMode === MessageSecurityMode.None && nameOf(policy) === SecurityPolicy.None.split('#')[1]) {
    throw new Refused('the server would take the password unencrypted; choose a security policy other than None', true)
  }
  return { type: UserTokenType.UserName, userName: identity.name, password: identity.password }
}
