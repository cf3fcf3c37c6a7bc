import { join } from 'node:path'
import { openSqlite } from '../../src/store/sqlite/sqlite.ts'
import { testDirectory } from '../test-directory.ts'
import { authorizing } from './authorized-writes.ts'

authorizing('SQLite', (t) => openSqlite(join(testDirectory(t), 'data')))
