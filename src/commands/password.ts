/** Passwords for commands: from a file or typed, but never an argument, as those are in every list of processes. */
import { randomInt } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { createInterface } from 'node:readline'
import { HubError } from '../errors.ts'

/** Without characters that look alike. */
const ALPHABET = 'abcdefghjkmnpqrstuvwxyz23456789'
const GROUPS = 5
const GROUP_LENGTH = 4

/** Nearly 100 random bits, to be typed once. */
export function newPassword(): string {
  const letter = () => ALPHABET[randomInt(ALPHABET.length)]
  const group = () => Array.from({ length: GROUP_LENGTH }, letter).join('')
  return Array.from({ length: GROUPS }, group).join('-')
}

/**
 * The first line of a file; without one, of what is typed, twice and without echo, or of the standard input where that
 * is no terminal.
 */
export async function readPassword(file: string | undefined): Promise<string> {
  if (file !== undefined) return firstLine(await readFile(file, 'utf8'))
  if (!process.stdin.isTTY) {
    for await (const line of createInterface({ input: process.stdin })) return line
    throw new HubError('BadRequest', ['No password came from the standard input'])
  }
  const password = await typed('Password: ')
  if ((await typed('Again: ')) !== password) throw new HubError('BadRequest', ['The passwords differ'])
  return password
}

function firstLine(text: string): string {
  return text.split(/\r?\n/, 1)[0] ?? ''
}

function typed(prompt: string): Promise<string> {
  const { stdin, stderr } = process
  const { promise, resolve, reject } = Promise.withResolvers<string>()
  let text = ''
  const read = (chunk: Buffer) => {
    for (const sign of chunk.toString()) {
      if (sign === '\r' || sign === '\n') return finish(() => resolve(text))
      if (sign === '\u0003' || sign === '\u0004')
        return finish(() => reject(new HubError('BadRequest', ['Interrupted'])))
      text = sign === '\u007f' || sign === '\b' ? text.slice(0, -1) : text + sign
    }
  }
  const finish = (done: () => void) => {
    stdin.off('data', read).setRawMode(false).pause()
    stderr.write('\n')
    done()
  }
  stderr.write(prompt)
  stdin.setRawMode(true).on('data', read).resume()
  return promise
}
