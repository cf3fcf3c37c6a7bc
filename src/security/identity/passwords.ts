/** Passwords: argon2id [RFC 9106], with the parameters that OWASP recommends at least; what makes a password acceptable. */
import { argon2, randomBytes } from 'node:crypto'
import { promisify } from 'node:util'
import { HubError } from '../../errors.ts'
import { isSame } from './secrets.ts'

const MEMORY_KIB = 19_456
const PASSES = 2
const MIN_LENGTH = 12
/** Longer ones would only take time to be hashed. */
const MAX_LENGTH = 512

/** Each takes {@link MEMORY_KIB} and tens of milliseconds of a thread. */
const MAX_PARALLEL = 2
const MAX_WAITING = 100

const hashArgon2 = promisify(argon2)

let running = 0
const waiting: (() => void)[] = []

/** @returns a hash in the PHC string format */
export async function hashPassword(password: string): Promise<string> {
  const salt = randomBytes(16)
  const hash = await derive(password, salt, MEMORY_KIB, PASSES)
  return `$argon2id$v=19$m=${MEMORY_KIB},t=${PASSES},p=1$${unpadded(salt)}$${unpadded(hash)}`
}

/** @param stored undefined where there is no such user: takes the same time */
export async function isPassword(password: string, stored: string | undefined): Promise<boolean> {
  const [, memory, passes, salt, hash] =
    /^\$argon2id\$v=19\$m=(\d+),t=(\d+),p=1\$([\w+/]+)\$([\w+/]+)$/.exec(stored ?? ABSENT) ?? []
  if (salt === undefined || hash === undefined) return false
  const derived = await derive(password, Buffer.from(salt, 'base64'), Number(memory), Number(passes))
  return isSame(unpadded(derived), hash) && stored !== undefined
}

/** @throws HubError `BadRequest` */
export function checkPassword(password: string, user: string): void {
  const length = [...password].length
  const problem =
    length < MIN_LENGTH
      ? `it has ${length}`
      : length > MAX_LENGTH
        ? 'it has more'
        : new Set(password.normalize('NFKC')).size < 5
          ? 'it repeats fewer than 5 different ones'
          : password.toLowerCase().includes(user.toLowerCase())
            ? 'it contains the name of the user'
            : undefined
  if (problem === undefined) return
  throw new HubError('BadRequest', [`A password needs ${MIN_LENGTH} to ${MAX_LENGTH} characters that vary: ${problem}`])
}

/** Of no password. */
const ABSENT = `$argon2id$v=19$m=${MEMORY_KIB},t=${PASSES},p=1$${'A'.repeat(22)}$${'A'.repeat(43)}`

async function derive(password: string, nonce: Uint8Array, memory: number, passes: number): Promise<Buffer> {
  if (running >= MAX_PARALLEL) {
    if (waiting.length >= MAX_WAITING) throw new HubError('TooManyRequests', ['others are signing in; retry later'])
    await new Promise<void>((resolve) => waiting.push(resolve))
  } else running++
  try {
    const message = Buffer.from(password.slice(0, MAX_LENGTH * 2).normalize('NFKC'))
    return await hashArgon2('argon2id', { message, nonce, parallelism: 1, tagLength: 32, memory, passes })
  } finally {
    // Hands over its place.
    const next = waiting.shift()
    if (next === undefined) running--
    else next()
  }
}

function unpadded(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64').replace(/=+$/, '')
}
