/** Whether a caller has a right at all, for transports that decide on each thing that they are about. */
import { HubError } from '../errors.ts'
import { subjects } from '../model/condition/subject.ts'
import type { Access } from './access.ts'
import { describeRight, type Right } from './rights.ts'
import type { DocumentKind } from './rule.ts'

/** The request itself, and each kind of document. */
const anything = [undefined, ...(Object.keys(subjects) as DocumentKind[])]

/** Does a rule grant a right on anything, at this moment or another one? */
async function mayAny(access: Access, right: Right): Promise<boolean> {
  if (access.constantVerdict(right) === 'refused') return false
  if (!access.isStructural(right)) return true
  for (const kind of anything) if ((await access.ofKind(right, kind)) !== 'refused') return true
  return false
}

/**
 * @param rights of which one is enough
 * @throws HubError `Forbidden` where no rule grants the right on anything, `Unauthorized` for an anonymous caller
 */
export async function requireAny(access: Access, ...rights: readonly Right[]): Promise<void> {
  for (const right of rights) if (await mayAny(access, right)) return
  if (access.caller.authentication === 'none') throw new HubError('Unauthorized', ['credentials are missing'])
  throw new HubError('Forbidden', [
    `no rule grants ${access.caller.name} the right ${describeRight({ either: rights })} here`
  ])
}
