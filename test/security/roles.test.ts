import t from 'tap'
import { extensionEndpoints } from '../../src/app/extension-endpoints.ts'
import { endpoints } from '../../src/operations/mounts.ts'
import { isExecution, isReadOnly, rightOf, targetsOf } from '../../src/operations/required-right.ts'
import { Policy } from '../../src/security/policy.ts'
import { type RequiredRight, rightsOf } from '../../src/security/rights.ts'
import { roles } from '../../src/security/roles.ts'
import { parseAccessRules } from '../../src/security/rule-parser.ts'
import type { AccessTarget } from '../../src/security/target.ts'
import { anonymous, noon, subject } from './fixture.ts'

const policy = new Policy(Object.entries(roles).flatMap(([role, model]) => parseAccessRules(model, role).rules))
const role = (name: string) => subject({ role: name })

/** With every right that may be asked for; none of these roles depends on data. */
function mayAlways(who: typeof anonymous, required: RequiredRight, targets: readonly AccessTarget[]): boolean {
  const verdicts = targets.flatMap((target) =>
    rightsOf(required).map((right) => policy.forSubject(who).decide(right, target, noon).is)
  )
  t.notOk(verdicts.includes('conditional'))
  return verdicts.every((verdict) => verdict === 'allowed')
}

t.test('the administrator may do everything, callers without a role nothing', async (t) => {
  for (const endpoint of endpoints) {
    const targets = targetsOf(endpoint, {}, [endpoint.path])
    const name = `${endpoint.verb} ${endpoint.path}`
    t.ok(mayAlways(role('administrator'), rightOf(endpoint), targets), name)
    for (const who of [anonymous, subject({}), role('admin')]) {
      t.notOk(mayAlways(who, rightOf(endpoint), targets), `${name} ${JSON.stringify(who)}`)
    }
  }
})

t.test('the auditor reads everything and changes nothing', async (t) => {
  for (const endpoint of endpoints) {
    const targets = targetsOf(endpoint, {}, [endpoint.path])
    const may = mayAlways(role('auditor'), rightOf(endpoint), targets)
    t.equal(may, isReadOnly(endpoint.definition), `${endpoint.verb} ${endpoint.path}`)
  }
})

t.test('access rules, keys and the audit are for the administrator, to read for the auditor', async (t) => {
  const internal = extensionEndpoints.filter(({ path }) => /^\/(security|audit|metrics)/.test(path))
  t.ok(internal.length > 1)
  for (const { path, get, post } of internal) {
    for (const operation of [get, post].filter((one) => one !== undefined)) {
      const { right, operationId } = operation
      if (right === 'PUBLIC') continue
      const may = (name: string) => mayAlways(role(name), right, [{ routes: [path] }])
      t.ok(may('administrator'), operationId)
      t.equal(may('auditor'), right === 'READ' || right === 'VIEW', operationId)
      for (const name of ['engineer', 'operator', 'gateway']) t.notOk(may(name), `${operationId} by ${name}`)
    }
  }
})

t.test('the engineer may use every operation of the standard', async (t) => {
  for (const endpoint of endpoints) {
    const targets = targetsOf(endpoint, {}, [endpoint.path])
    t.ok(mayAlways(role('engineer'), rightOf(endpoint), targets), `${endpoint.verb} ${endpoint.path}`)
  }
})

t.test('the operator reads, runs operations and writes values, but no structure', async (t) => {
  for (const endpoint of endpoints) {
    const { definition, content, verb, mount } = endpoint
    // Bulk registration and single assets are not for operators.
    if (definition.on === 'Bulk' || mount.path.startsWith('/aas') || mount.path === '/submodel') continue
    const path = endpoint.path.replace(/\{\w+\}/g, 'x')
    const may = mayAlways(role('operator'), rightOf(endpoint), targetsOf(endpoint, {}, [path]))
    const writesValue = verb === 'PATCH' && content === 'value'
    t.equal(may, isReadOnly(definition) || isExecution(definition) || writesValue, `${verb} ${endpoint.path}`)
  }
})

t.test('the gateway pushes samples, and reads no data', async (t) => {
  for (const { path, get, post } of extensionEndpoints) {
    for (const operation of [get, post].filter((one) => one !== undefined)) {
      if (operation.right === 'PUBLIC') continue
      const may = mayAlways(role('gateway'), operation.right, [{ routes: [path], kind: 'Submodel' }])
      const pushes = ['PostSamples', 'WritePoints', 'WritePointsV2'].includes(operation.operationId)
      t.equal(may, pushes, operation.operationId)
    }
  }
  const read = endpoints.filter(({ verb }) => verb === 'GET')
  for (const endpoint of read) {
    const may = mayAlways(role('gateway'), rightOf(endpoint), targetsOf(endpoint, {}, [endpoint.path]))
    t.equal(may, endpoint.path === '/description', endpoint.path)
  }
})
