import { join } from 'node:path'
import { openSqlite } from '../../src/store/sqlite/sqlite.ts'
import { comparingWrites } from './random-writes.ts'

comparingWrites('SQLite', (t) => openSqlite(join(t.testdir({}), 'data')))
