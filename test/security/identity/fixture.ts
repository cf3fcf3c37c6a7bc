/** An identity over a real store, with a clock that the test advances. */
import type { Test } from 'tap'
import { Identity, type IdentityParts } from '../../../src/security/identity/identity.ts'
import type { Store } from '../../../src/store/store.ts'
import { openStored } from '../../e2e/harness.ts'
import { type ManualClock, manualClock } from '../../manual-clock.ts'
import { testDirectory } from '../../test-directory.ts'

export interface OpenedIdentity {
  readonly identity: Identity
  readonly store: Store
  readonly clock: ManualClock
}

export async function openIdentity(
  t: Test,
  parts: Partial<IdentityParts> = {},
  clock: ManualClock = manualClock()
): Promise<OpenedIdentity> {
  const store = await openStored(testDirectory(t))
  t.teardown(() => store.close())
  return { identity: await anotherHub(t, store, clock, parts), store, clock }
}

/** A further process on the same store. */
export async function anotherHub(
  t: Test,
  store: Store,
  clock: ManualClock,
  parts: Partial<IdentityParts> = {}
): Promise<Identity> {
  const identity = new Identity({ store, clock, ...parts })
  await identity.load()
  t.teardown(identity.start())
  return identity
}
