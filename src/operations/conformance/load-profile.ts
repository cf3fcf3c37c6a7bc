/** Finds profiles: those shipped with the hub, and an operator's own file. */
import { readdirSync, readFileSync } from 'node:fs'
import { basename } from 'node:path'
import { fileURLToPath } from 'node:url'
import { HubError } from '../../errors.ts'
import { parseJson } from '../../formats/json.ts'
import { type Profile, parseProfile } from './profile.ts'

const SHIPPED = fileURLToPath(new URL('../../../schemas/profiles/', import.meta.url))

const shipped = new Map<string, Profile>()
/** Any later year is a name too. */
const MAX_CACHED = 16

/**
 * A shipped profile, also of an earlier year: `kosmo`, `kosmo-2025`.
 * @throws HubError `BadRequest` if there is none of the name
 */
export function shippedProfile(name: string): Profile {
  const known = shipped.get(name)
  if (known !== undefined) return known
  const [, base = '', year] = /^([a-z]+)(?:-(\d{4}))?$/.exec(name) ?? []
  if (!shippedNames().includes(base))
    throw new HubError('BadRequest', [
      `There is no profile "${name.slice(0, 60)}"; there are ${shippedNames().join(', ')}, also of a year, e.g. kosmo-2025`
    ])
  const text = readFileSync(`${SHIPPED}${base}.json`, 'utf8')
  const profile = parseProfile(name, JSON.parse(text), year === undefined ? undefined : Number(year))
  if (shipped.size < MAX_CACHED) shipped.set(name, profile)
  return profile
}

function shippedNames(): string[] {
  return readdirSync(SHIPPED).flatMap((file) => (file.endsWith('.json') ? [basename(file, '.json')] : []))
}

/** A shipped profile by name, or one from a JSON file. @throws HubError `BadRequest` saying what is wrong with it */
export function profileNamed(nameOrFile: string): Profile {
  if (!/[./\\]/.test(nameOrFile)) return shippedProfile(nameOrFile)
  return parseProfile(basename(nameOrFile, '.json'), parseJson(readFileSync(nameOrFile)))
}
