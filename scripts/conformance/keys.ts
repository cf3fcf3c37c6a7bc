/** API keys of a hub that a conformance run has started. */

/** The first key of a hub is that of an administrator. */
export async function createKey(url: string, role: string, by?: string): Promise<string> {
  const { headers } = by === undefined ? { headers: {} } : showing(by)
  const response = await fetch(`${url}/security/keys`, {
    method: 'POST',
    headers: { ...headers, 'content-type': 'application/json' },
    body: JSON.stringify({ name: role, claims: { role } })
  })
  const { key } = (await response.json()) as { key?: string }
  if (key === undefined) throw new Error(`No key: ${response.status}`)
  return key
}

/** Options of `fetch`. */
export function showing(key: string) {
  return { headers: { authorization: `Bearer ${key}` } }
}
