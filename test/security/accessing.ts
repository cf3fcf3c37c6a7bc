/** Access of callers by rules that a test may replace. */
import { systemClock } from '../../src/clock.ts'
import { Access, RulesInForce } from '../../src/security/access.ts'
import type { Store } from '../../src/store/store.ts'
import { type Json, policyOf } from './fixture.ts'

export interface Accessing {
  readonly rules: RulesInForce
  of(claims: Json | undefined, route?: string): Access
  replace(...rules: readonly Json[]): void
}

export function accessing(store: Store, ...rules: readonly Json[]): Accessing {
  const inForce = new RulesInForce(policyOf(...rules))
  return {
    rules: inForce,
    of: (claims, route = '/stream') => {
      const parts = { store, rules: inForce, clock: systemClock }
      const subject = claims === undefined ? {} : { claims }
      const authentication = claims === undefined ? 'none' : 'token'
      return new Access(parts, { subject, name: String(claims?.sub ?? 'anonymous'), authentication }, [route])
    },
    replace: (...next) => inForce.replace(policyOf(...next))
  }
}
