/** The verbs, in the order in which help names them. */
import { audit } from './audit.ts'
import { certificates } from './certificates.ts'
import { backup, check, migrate } from './data.ts'
import { discover } from './discover.ts'
import { documents } from './documents.ts'
import { exportVerb, instantiate, repair, validate } from './files.ts'
import { collect, connect } from './machines.ts'
import { mcp } from './mcp.ts'
import { access, keys, setup, users } from './security.ts'
import { serve } from './serve.ts'
import type { CliVerb } from './verb.ts'

/** Each imports what it needs when it runs, so that `validate` waits neither for the transports nor for a database driver. */
export const verbs: Readonly<Record<string, CliVerb>> = {
  serve,
  backup,
  migrate,
  check,
  validate,
  repair,
  export: exportVerb,
  instantiate,
  documents,
  discover,
  certificates,
  connect,
  collect,
  mcp,
  access,
  setup,
  keys,
  users,
  audit
}
