/** The operations of Part 2, release 3.1.2, as facts to test against; see operations-3.1.2.tsv. */
import { readFileSync } from 'node:fs'

/** One operation of one profile. */
export interface OfficialOperation {
  /** `service/SSP-nnn` */
  readonly profile: string
  readonly profileUri: string
  readonly method: string
  readonly path: string
  readonly operationId: string
  readonly semanticIds: readonly string[]
  readonly queryParams: readonly string[]
  readonly successStatuses: readonly string[]
  readonly errorStatuses: readonly string[]
  /** Media types of the request, and of the first successful response. */
  readonly body: readonly string[]
  readonly answer: readonly string[]
}

/** A method and path, whatever profiles it is in. */
export interface OfficialRoute {
  readonly method: string
  readonly path: string
  readonly successStatuses: ReadonlySet<string>
  readonly body: ReadonlySet<string>
}

const BASE = 'https://admin-shell.io/aas/API/'

export const operations: readonly OfficialOperation[] = readFileSync(
  new URL('operations-3.1.2.tsv', import.meta.url),
  'utf8'
)
  .trimEnd()
  .split('\n')
  .filter((line) => !line.startsWith('#'))
  .map(parse)

export const routes: readonly OfficialRoute[] = [
  ...Map.groupBy(operations, ({ method, path }) => `${method} ${path}`).values()
].map((same) => ({
  method: same[0]?.method ?? '',
  path: same[0]?.path ?? '',
  successStatuses: new Set(same.flatMap(({ successStatuses }) => successStatuses)),
  body: new Set(same.flatMap(({ body }) => body))
}))

function parse(line: string): OfficialOperation {
  const [profile = '', method = '', path = '', operationId = '', ...lists] = line.split('\t')
  const [semanticIds = [], queryParams = [], successStatuses = [], errorStatuses = [], body = [], answer = []] =
    lists.map((list) => (list === '-' ? [] : list.split(' ')))
  return {
    profile,
    profileUri: `${BASE}3/1/${profile}`,
    method,
    path,
    operationId,
    semanticIds: semanticIds.map((id) => BASE + id),
    queryParams,
    successStatuses,
    errorStatuses,
    body,
    answer
  }
}
