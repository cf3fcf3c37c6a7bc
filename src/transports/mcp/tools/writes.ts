/** Tools that change or start something: offered only where the operator has switched them on, and by right of the caller. */
import { z } from 'zod'
import { elementPath, type HubRequests, Unanswerable } from '../hub/requests.ts'
import { select } from '../hub/selection.ts'
import { tool } from './tool.ts'

const MAX_SAMPLES = 1000
const name = z.string().min(1).max(2048)

const element = {
  machine: name.optional().describe('Shell by idShort, id or asset id'),
  submodel: name.describe('id, or idShort beside the machine'),
  path: name.describe('idShortPath')
}

export const writeValue = tool({
  name: 'write_value',
  title: 'Write a value',
  description: 'Sets the value of one element, durable when answered. Returns the value before.',
  writes: true,
  input: z.strictObject({ ...element, value: z.unknown().describe('In the ValueOnly form: 12.7, true, "text"') }),
  run: async ({ hub }, { machine, submodel, path, value }) => {
    const id = await submodelOf(hub, machine, submodel)
    const place = hub.port.apiPrefix + elementPath(id, path, '/$value')
    const before = await hub.get<unknown>(place).catch(() => undefined)
    await hub.write('PATCH', place, value)
    return { written: path, submodel: id, before: before ?? null, now: value }
  }
})

export const pushSamples = tool({
  name: 'push_samples',
  title: 'Write samples with their times',
  description:
    'Appends samples to the history of one element, e.g. predictions. Repeating is harmless: a time counts once.',
  writes: true,
  input: z.strictObject({
    ...element,
    samples: z
      .array(
        z.strictObject({
          time: z.string().max(40).describe('ISO 8601'),
          value: z.unknown(),
          quality: z.enum(['good', 'uncertain', 'bad']).optional()
        })
      )
      .min(1)
      .max(MAX_SAMPLES)
  }),
  run: async ({ hub }, { machine, submodel, path, samples }) => {
    const id = await submodelOf(hub, machine, submodel)
    const items = samples.map((sample) => ({ path, ...sample }))
    const receipt = await hub.write<{ accepted: number }>('POST', '/ingest', { submodel: id, samples: items })
    return { accepted: receipt?.accepted ?? 0, submodel: id, path }
  }
})

export const invokeOperation = tool({
  name: 'invoke_operation',
  title: 'Invoke an Operation',
  description: 'Starts an Operation of a machine and waits for its result. "describe" shows its arguments.',
  writes: true,
  input: z.strictObject({
    ...element,
    input: z.record(z.string(), z.unknown()).default({}).describe('Values by idShort'),
    inoutput: z.record(z.string(), z.unknown()).optional()
  }),
  run: async ({ hub }, { machine, submodel, path, input, inoutput }) => {
    const id = await submodelOf(hub, machine, submodel)
    const place = hub.port.apiPrefix + elementPath(id, path, '/invoke/$value')
    const body = { inputArguments: input, ...(inoutput !== undefined && { inoutputArguments: inoutput }) }
    return hub.write('POST', place, body)
  }
})

async function submodelOf(hub: HubRequests, machine: string | undefined, submodel: string): Promise<string> {
  const { submodels } = await select(hub, { machine: machine === undefined ? [] : [machine], submodel: [submodel] })
  const [only, ...others] = submodels
  if (only !== undefined && others.length === 0) return only
  throw new Unanswerable(
    `"${submodel}" is the name of ${submodels.length} submodels: name "machine" too, or use the id`
  )
}
