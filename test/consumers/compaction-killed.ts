/** The process that compaction.test.ts kills: it tells that it begins, and brings chunks together until it is done. */
import { compact } from '../../src/consumers/history/compaction.ts'
import { openSqlite } from '../../src/store/sqlite/sqlite.ts'

const store = await openSqlite(String(process.argv[2]))
process.send?.('begins')
while (await compact(store, { submodel: 'm', path: 'Speed' }, { rest: async () => {} }));
