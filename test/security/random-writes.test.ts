import { join } from 'node:path'
import { openSqlite } from '../../src/store/sqlite/sqlite.ts'
import { testDirectory } from '../test-directory.ts'
import { comparingWrites } from './random-writes.ts'

comparingWrites('SQLite', (t) => openSqlite(join(testDirectory(t), 'data')))
