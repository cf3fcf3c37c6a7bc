import type { Reply } from './harness.ts'

/** A request may be refused, with a reason that says something; it may not be answered by a fault of the hub. */
export function refuseServerFault(what: string, { status, json, text }: Reply): void {
  if (status >= 500) throw new Error(`${what}: ${status} ${text}`)
  if (status < 400) return
  const messages = json?.messages as { text?: string }[] | undefined
  if (typeof messages?.[0]?.text !== 'string' || text.includes('undefined')) throw new Error(`${what}: ${text}`)
}
