/** The process that compaction.test.ts kills: it reports that it begins, then compacts until it is done. */
import { compact } from '../../src/consumers/history/compaction.ts'
import { openSqlite } from '../../src/store/sqlite/sqlite.ts'

const store = await openSqlite(String(process.argv[2]))
process.send?.('begins')
while (await compact(store, { submodel: 'm', path: 'Speed' }, { rest: async () => {} }));
