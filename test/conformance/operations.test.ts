import { existsSync, readFileSync } from 'node:fs'
import t from 'tap'
import { operations, routes } from './operations.ts'

interface Published {
  readonly profile: string | null
  readonly profileUri: string
  readonly method: string
  readonly path: string
  readonly operationId: string
  readonly semanticIds: readonly string[]
  readonly queryParams: readonly { readonly name: string }[]
  readonly successStatuses: readonly string[]
  readonly errorStatuses: readonly string[]
  readonly requestBodyContentTypes: readonly string[]
  readonly responses: Readonly<Record<string, { readonly content?: object }>>
}

const file = new URL('../../../shared/spec/operations-3.1.2.json', import.meta.url)
const skip = existsSync(file) ? false : 'the published list of operations is not at hand'

t.test('there are 397 operations in 27 profiles, of 224 methods and paths', async (t) => {
  t.equal(operations.length, 397)
  t.equal(new Set(operations.map(({ profile }) => profile)).size, 27)
  t.equal(routes.length, 224)
})

t.test('the facts are those of the published documents', { skip }, async (t) => {
  const published = (JSON.parse(readFileSync(file, 'utf8')) as { operations: Published[] }).operations
  const expected = published
    .filter(({ profile }) => profile !== null)
    .map((one) => ({
      profileUri: one.profileUri,
      method: one.method,
      path: one.path,
      operationId: one.operationId,
      semanticIds: one.semanticIds,
      queryParams: one.queryParams.map(({ name }) => name),
      successStatuses: one.successStatuses,
      errorStatuses: one.errorStatuses,
      body: one.requestBodyContentTypes,
      answer: Object.keys(one.responses[one.successStatuses[0] ?? '']?.content ?? {})
    }))
  t.strictSame(
    operations.map(({ profile, ...facts }) => facts),
    expected
  )
})
