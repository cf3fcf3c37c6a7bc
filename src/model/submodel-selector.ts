/** How senders name a submodel, before it is looked up. */

/** A submodel by id, or by an idShort that must be unique. */
export type SubmodelSelector = { readonly id: string } | { readonly idShort: string }

/**
 * Splits a SenML name, `{submodel}/{idShortPath}`, at its last slash. A submodel that is a single word is an idShort,
 * anything else an id: `OperationalData/Axis.Load`, `urn:plant:press/Speed`.
 * @returns undefined where the name has no slash between two parts
 */
export function parseSenmlName(name: string): { readonly target: SubmodelSelector; readonly path: string } | undefined {
  const [, submodel = '', path = ''] = /^(.+)\/([^/]+)$/s.exec(name) ?? []
  if (submodel === '') return undefined
  return { target: /^[a-zA-Z]\w*$/.test(submodel) ? { idShort: submodel } : { id: submodel }, path }
}
