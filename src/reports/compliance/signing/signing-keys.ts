/**
 * The keys that reports are signed with. The private one is a file: that of a setting, or one in the data directory that
 * is made at first use and is in no backup. Over a database that several hubs share it is a document there, as they sign
 * with the same. Public keys of the past are kept, so that earlier reports can be verified.
 */
import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto'
import { readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Clock } from '../../../clock.ts'
import { HubError } from '../../../errors.ts'
import type { DocumentStore } from '../../../store/document-store.ts'
import type { Change } from '../../../store/store.ts'
import type { PublicKey, SignatureAlgorithm, SigningKey } from './signature.ts'

export interface SigningKeysOptions {
  readonly store: DocumentStore
  readonly clock: Pick<Clock, 'milliseconds'>
  readonly directory: string
  /** A private key as PEM (PKCS #8), which is only read; '' for one of the hub's own. */
  readonly file: string
  /** Several hubs use the store. */
  readonly isShared: boolean
}

const KIND = 'SigningKey'
const FILE_NAME = 'signing-key.pem'
/** The document of the private key, where the store is shared; all others are public keys by id. */
const PRIVATE_ID = 'private'
/** Public keys of the past that are listed. */
const MAX_KEYS = 1000

export class SigningKeys {
  readonly #options: SigningKeysOptions
  /** Keys are made one after the other: two that are written at once would replace each other's file. */
  #making: Promise<unknown> = Promise.resolve()

  constructor(options: SigningKeysOptions) {
    this.#options = options
  }

  /** The key to sign with; made where there is none. @throws HubError `Unavailable` where it cannot be read */
  async current(): Promise<SigningKey> {
    return (await this.#stored()) ?? this.#inTurn(async () => (await this.#stored()) ?? this.#make(() => []))
  }

  /**
   * Makes a new key, and signs with it from now on.
   * @param more to be committed with it
   * @throws HubError `Conflict` where the key is that of a setting
   */
  rotate(more: (keyId: string) => readonly Change[] = () => []): Promise<SigningKey> {
    return this.#inTurn(() => this.#make(more))
  }

  #inTurn(make: () => Promise<SigningKey>): Promise<SigningKey> {
    const made = this.#making.then(make)
    this.#making = made.catch(() => {})
    return made
  }

  async #stored(): Promise<SigningKey | undefined> {
    const stored = await this.#read()
    if (stored === undefined) return undefined
    const key = await signingKeyOf(stored)
    await this.#publish(key)
    return key
  }

  async #make(more: (keyId: string) => readonly Change[]): Promise<SigningKey> {
    const { file, isShared } = this.#options
    if (file !== '')
      throw new HubError('Conflict', ['The key is the one that SIGNING_KEY names; replace that file to change it'])
    const { privateKey } = generateKeyPairSync('ed25519')
    const key = await signingKeyOf(privateKey)
    const pem = privateKey.export({ type: 'pkcs8', format: 'pem' }) as string
    // The public key first: a report must never be signed with a key that is not published.
    await this.#publish(key, more(key.id))
    if (!isShared) await this.#writeFile(pem)
    else await this.#store(pem)
    return key
  }

  /** The public keys, the newest first. */
  async published(): Promise<readonly PublicKey[]> {
    const { items } = await this.#options.store.documents(KIND, [['use', 'public']], { limit: MAX_KEYS })
    const found = items.map(({ bytes }) => JSON.parse(bytes.toString()) as { jwk: PublicKey; created: number })
    return found.toSorted((one, other) => other.created - one.created).map(({ jwk }) => jwk)
  }

  async #read(): Promise<KeyObject | undefined> {
    const { store, directory, file, isShared } = this.#options
    if (file !== '') return privateKeyIn(await readPem(file), file)
    if (!isShared) {
      const path = join(directory, FILE_NAME)
      const pem = await readFile(path, 'utf8').catch(ifMissing)
      return pem === undefined ? undefined : privateKeyIn(pem, path)
    }
    const document = await store.document(KIND, PRIVATE_ID)
    if (document === undefined) return undefined
    const { pem } = JSON.parse(document.bytes.toString()) as { readonly pem: string }
    return privateKeyIn(pem, 'the database')
  }

  async #publish({ id, publicKey }: SigningKey, more: readonly Change[] = []): Promise<void> {
    const { store, clock } = this.#options
    if ((await store.head(KIND, id)) !== undefined) return
    const json = JSON.stringify({ jwk: publicKey, created: clock.milliseconds() })
    const change: Change = { change: 'create', kind: KIND, id, json, facets: [['use', 'public']] }
    await store.commit([change, ...more]).catch(ifExists)
  }

  async #store(pem: string): Promise<void> {
    const { store } = this.#options
    const isStored = (await store.head(KIND, PRIVATE_ID)) !== undefined
    const change = isStored ? 'replace' : 'create'
    await store
      .commit([{ change, kind: KIND, id: PRIVATE_ID, json: JSON.stringify({ pem }), facets: [] }])
      .catch(ifExists)
  }

  /** A crash leaves the earlier key or the new one. */
  async #writeFile(pem: string): Promise<void> {
    const path = join(this.#options.directory, FILE_NAME)
    await writeFile(`${path}.new`, pem, { mode: 0o600, flush: true })
    await rename(`${path}.new`, path)
  }
}

/** @throws HubError `Unavailable`: no private key that reports can be signed with */
async function signingKeyOf(privateKey: KeyObject): Promise<SigningKey> {
  const { calculateJwkThumbprint, exportJWK } = await import('jose')
  const algorithm = algorithmOf(privateKey)
  const jwk = await exportJWK(createPublicKey(privateKey))
  const id = await calculateJwkThumbprint(jwk)
  return { id, algorithm, privateKey, publicKey: { ...jwk, kid: id, alg: algorithm, use: 'sig' } }
}

function algorithmOf({ asymmetricKeyType, asymmetricKeyDetails: details }: KeyObject): SignatureAlgorithm {
  if (asymmetricKeyType === 'ed25519') return 'EdDSA'
  if (asymmetricKeyType === 'ec' && details?.namedCurve === 'prime256v1') return 'ES256'
  if (asymmetricKeyType === 'ec' && details?.namedCurve === 'secp384r1') return 'ES384'
  if (asymmetricKeyType === 'rsa' && (details?.modulusLength ?? 0) >= 2048) return 'PS256'
  throw new HubError('Unavailable', [
    'The signing key is of another kind than Ed25519, P-256, P-384 or RSA of 2048 bits'
  ])
}

async function readPem(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8')
  } catch (error) {
    throw new HubError('Unavailable', [`The signing key cannot be read: ${(error as Error).message}`])
  }
}

function privateKeyIn(pem: string, from: string): KeyObject {
  try {
    return createPrivateKey(pem)
  } catch {
    // The message of the error could have a part of the key.
    throw new HubError('Unavailable', [`${from} has no private key as PEM without a password`])
  }
}

function ifMissing(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT') throw error
}

/** Another hub was first. */
function ifExists(error: unknown): undefined {
  if (!(error instanceof HubError && error.name === 'AlreadyExists')) throw error
}
