/** The protocols that machines are read by; each is loaded when an interface needs it. */
import type { Connectors } from '../connector.ts'

export const connectors: Connectors = {
  modbus: async () => (await import('../modbus/modbus.ts')).openModbus
}
