/** Files that the operator names in the settings, read before anything is opened. */
import { readFileSync } from 'node:fs'
import { type Config, ConfigError } from '../config/config.ts'
import type { TemplateChecker } from '../operations/validation/template-checker.ts'
import { type CertificateRule, parseCertificateRules } from '../security/identity/certificates.ts'
import { parseTrustList, type TrustedIssuer } from '../security/identity/trust-list.ts'
import { type LineRule, readLineRules } from '../transports/ingest/point-target.ts'
import { readMqttFiles } from '../transports/mqtt/files.ts'
import type { MqttOptions } from '../transports/mqtt/options.ts'
import { FollowedFiles } from './followed-files.ts'
import { readTemplates } from './load-templates.ts'
import { readTls, type TlsFiles } from './tls.ts'

export interface OperatorFiles {
  /** Identity providers that are trusted; absent where no file names them. */
  readonly issuers?: readonly TrustedIssuer[]
  /** Claims of client certificates; absent where they are not asked for. */
  readonly certificates?: readonly CertificateRule[]
  readonly templates: TemplateChecker
  /** For HTTPS; absent where it is not configured. */
  readonly tls?: TlsFiles
  /** Which elements the points of the line protocol belong to. */
  readonly lineRules: readonly LineRule[]
  /** Absent where no broker is configured. */
  readonly mqtt?: MqttSettings
  /** Those that are read again when they change. */
  readonly followed: FollowedFiles
}

export type MqttSettings = Omit<MqttOptions, 'hub' | 'log' | 'forms'>

/** @throws ConfigError naming the file that is wrong */
export function readOperatorFiles(config: Config): OperatorFiles {
  const followed = new FollowedFiles(config)
  const templates = readTemplates(config)
  const mqtt = readMqtt(config)
  const lineRules = readLineMapping(config)
  const issuers = readIssuers(config)
  const certificates = config.TLS_CLIENT_CA === '' ? undefined : readCertificateRules(config)
  const tls = readTls(config)
  return {
    templates,
    lineRules,
    followed,
    ...(issuers && { issuers }),
    ...(tls && { tls }),
    ...(certificates && { certificates }),
    ...(mqtt && { mqtt })
  }
}

/** @returns undefined where no file is configured @throws ConfigError */
export function readIssuers({ ISSUERS }: Pick<Config, 'ISSUERS'>): TrustedIssuer[] | undefined {
  return readFileOf('ISSUERS', ISSUERS, parseTrustList)
}

/** @throws ConfigError */
export function readCertificateRules({ TLS_CLIENT_CLAIMS }: Pick<Config, 'TLS_CLIENT_CLAIMS'>): CertificateRule[] {
  return readFileOf('TLS_CLIENT_CLAIMS', TLS_CLIENT_CLAIMS, parseCertificateRules) ?? []
}

function readFileOf<Content>(setting: string, file: string, parse: (text: string) => Content): Content | undefined {
  if (file === '') return undefined
  try {
    return parse(readFileSync(file, 'utf8'))
  } catch (error) {
    throw new ConfigError([`${setting}: ${file}: ${(error as Error).message}`])
  }
}

function readMqtt(config: Config): MqttSettings | undefined {
  const { MQTT_URL: url, MQTT_CLIENT_ID: clientId } = config
  const { MQTT_CREDENTIALS_FILE: credentials, MQTT_CA_FILE: ca, MQTT_MAPPING: mapping } = config
  if (url === '') return undefined
  try {
    const files = readMqttFiles({ credentials, ca, mapping })
    return { url, ...files, ...(clientId !== '' && { clientId }) }
  } catch (error) {
    throw new ConfigError([`A file for MQTT: ${(error as Error).message}`])
  }
}

function readLineMapping({ LINE_MAPPING }: Config): readonly LineRule[] {
  try {
    return LINE_MAPPING === '' ? [] : readLineRules(LINE_MAPPING)
  } catch (error) {
    throw new ConfigError([`LINE_MAPPING: ${(error as Error).message}`])
  }
}
