/** Finds the items of interfaces that elements are mapped to, and writes to the machines. */
import type { InterfaceDescription, InterfaceItem } from '../operations/asset-interfaces/asset-interface.ts'
import type { MachineCommands } from '../operations/asset-interfaces/machine-commands.ts'
import { CollectorError, type Session } from './connector.ts'

/** Runs with the session of an interface. */
type UseSession = <Result>(
  description: InterfaceDescription,
  act: (session: Session) => Promise<Result>
) => Promise<Result>

interface Command {
  readonly description: InterfaceDescription
  readonly item: InterfaceItem
}

export class Commands implements MachineCommands {
  readonly #use: UseSession
  /** By submodel and path. */
  readonly #byElement: ReadonlyMap<string, Command>

  constructor(interfaces: readonly InterfaceDescription[], use: UseSession) {
    this.#use = use
    this.#byElement = new Map(
      interfaces.flatMap((description) =>
        description.items.flatMap((item) =>
          item.commands.map(({ submodel, path }) => [keyOf(submodel, path), { description, item }] as const)
        )
      )
    )
  }

  writer(submodel: string, path: string): ((value: unknown) => Promise<void>) | undefined {
    const command = this.#byElement.get(keyOf(submodel, path))
    if (command === undefined || command.item.kind === 'action') return undefined
    const { description, item } = command
    return (value) =>
      this.#use(description, async (session) => {
        if (session.write === undefined) throw new CollectorError(`${description.idShort} can only be read`)
        await session.write(item, value)
      })
  }

  action(submodel: string, path: string): ReturnType<MachineCommands['action']> {
    const command = this.#byElement.get(keyOf(submodel, path))
    if (command === undefined) return undefined
    const { description, item } = command
    return (inputs) => this.#use(description, (session) => call(session, item, inputs))
  }
}

/** Protocols without actions write the only input. */
async function call(
  session: Session,
  item: InterfaceItem,
  inputs: Readonly<Record<string, unknown>>
): Promise<Readonly<Record<string, unknown>>> {
  if (session.call !== undefined) return session.call(item, inputs)
  const [value, ...others] = Object.values(inputs)
  if (session.write === undefined || value === undefined || others.length > 0) {
    throw new CollectorError('an operation that writes a value has exactly one input')
  }
  await session.write(item, value)
  return {}
}

function keyOf(submodel: string, path: string): string {
  return `${submodel}\n${path}`
}
