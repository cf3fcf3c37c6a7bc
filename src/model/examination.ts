/**
 * The scratch scope of the examination by which the hub checks itself (compliance report): documents whose ids have this
 * prefix are stored like any others, but are no data of the plant. They reach no subscriber, registry or broker, and
 * count in no figure.
 */
export const SCRATCH_PREFIX = 'urn:aas-hub:examination:'

export function isScratch(id: string): boolean {
  return id.startsWith(SCRATCH_PREFIX)
}
