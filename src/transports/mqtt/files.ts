/** Files of the operator: credentials for the broker, its certificate authority, and the topic mapping. */
import { readFileSync } from 'node:fs'
import { DEFAULT_MAPPING, type MqttMapping, readMapping } from './mapping.ts'
import type { MqttOptions } from './options.ts'

export interface MqttFiles {
  /** `user:password` on one line; '' for none. */
  readonly credentials: string
  /** Certificates as PEM; '' for the public authorities. */
  readonly ca: string
  /** The mapping as JSON; '' for the default. */
  readonly mapping: string
}

/** @throws Error naming the file and what is wrong with it */
export function readMqttFiles(files: MqttFiles): Pick<MqttOptions, 'username' | 'password' | 'ca' | 'mapping'> {
  const mapping: MqttMapping =
    files.mapping === '' ? DEFAULT_MAPPING : read(files.mapping, (text) => readMapping(String(text)))
  return {
    mapping,
    ...(files.credentials !== '' && read(files.credentials, credentials)),
    ...(files.ca !== '' && { ca: read(files.ca, certificates) })
  }
}

function read<Result>(path: string, parse: (bytes: Buffer) => Result): Result {
  try {
    return parse(readFileSync(path))
  } catch (error) {
    throw new Error(`${path}: ${error instanceof Error ? error.message : error}`)
  }
}

function credentials(bytes: Buffer): { username: string; password: string } {
  const [, username = '', password = ''] = /^([^:\n]+):(.*?)\r?\n?$/s.exec(bytes.toString()) ?? []
  // The content is a secret, so the error does not quote it.
  if (username === '') throw new Error('one line with user:password was expected')
  return { username, password }
}

function certificates(bytes: Buffer): Buffer {
  if (!bytes.includes('-----BEGIN CERTIFICATE-----')) throw new Error('certificates as PEM were expected')
  return bytes
}
