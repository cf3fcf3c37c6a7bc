/** A copy without the members that are undefined, as JSON has none. */
export function defined<Members extends object>(
  members: Members
): { [Name in keyof Members]?: Exclude<Members[Name], undefined> } {
  return Object.fromEntries(Object.entries(members).filter(([, held]) => held !== undefined)) as never
}
