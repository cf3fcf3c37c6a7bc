/** Prints changes as they happen: `--path` and `--submodel` select, `--events N` ends it after N events. */
import { parseArgs } from 'node:util'
import { connect } from '../../src/client/client.ts'

const { values } = parseArgs({
  options: {
    hub: { type: 'string', default: 'http://127.0.0.1:8080' },
    submodel: { type: 'string', multiple: true },
    path: { type: 'string', multiple: true },
    since: { type: 'string' },
    events: { type: 'string', default: 'Infinity' }
  }
})
const client = connect(values.hub)
let left = Number(values.events)
const select = { ...(values.submodel && { submodels: values.submodel }), ...(values.path && { paths: values.path }) }
const request = { select, snapshot: true, ...(values.since !== undefined && { since: values.since }) }
client.subscribe(request, ({ events, recovered }) => {
  if (recovered === false) console.error('Earlier events are no longer in the log')
  for (const event of events) if (left-- > 0) console.log(JSON.stringify(event))
  if (left <= 0) client.close()
})
