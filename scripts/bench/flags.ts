/** The flags of `npm run bench`. Ends the process where they are wrong, or where `--help` asks for them. */
import { type ParseArgsConfig, parseArgs } from 'node:util'
import { isWorkload, unknownWorkload, workloads } from './workloads.ts'

const USAGE = `npm run bench -- [--only NAME] [--quick] [--write]

  Measures the hub beside baselines, in the same run.

  --only NAME         one workload, see below
  --quick             few and short rounds, for a first look
  --write             puts the table into docs/benchmarks.md, or docs/mongodb.md
  --peers             also beside other products, which are downloaded if they are not installed
  --store mongodb     the hub over MongoDB, at MONGODB_URL
  --heavy NAME,…      some of the heavy requests of "blocking"
  --open SECONDS      for which "browser-open" keeps its tab
  --minutes COUNT     for which "day" pushes at most
  --documents COUNT   stored in MongoDB before it is measured
  --reads COUNT       of these documents that are read

Workloads:
${Object.entries(workloads)
  .map(([name, what]) => `  ${name.padEnd(18)}  ${what}`)
  .join('\n')}
`

const options = {
  help: { type: 'boolean' },
  only: { type: 'string' },
  heavy: { type: 'string' },
  quick: { type: 'boolean' },
  peers: { type: 'boolean' },
  open: { type: 'string' },
  minutes: { type: 'string' },
  write: { type: 'boolean' },
  store: { type: 'string', default: 'sqlite' },
  documents: { type: 'string' },
  reads: { type: 'string' }
} as const satisfies ParseArgsConfig['options']

export const flags = readFlags()

function readFlags() {
  try {
    const { values } = parseArgs({ options })
    if (values.help) {
      console.log(USAGE)
      process.exit(0)
    }
    if (values.only !== undefined && !isWorkload(values.only)) throw new Error(unknownWorkload(values.only))
    if (values.store !== 'sqlite' && values.store !== 'mongodb')
      throw new Error(`--store is sqlite or mongodb; found "${values.store}"`)
    return values
  } catch (error) {
    console.error(`${(error as Error).message}\nSee npm run bench -- --help`)
    process.exit(2)
  }
}
