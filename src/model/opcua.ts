/** Numbers of OPC UA that several transports and collectors read: built-in types and status codes. */
import type { Quality } from './samples.ts'
import type { DataTypeDefXsd } from './types.ts'

/** Built-in types with a single value, by their number (OPC 10000-6, 5.1.2). */
export const OPCUA_TYPES: Readonly<Record<number, DataTypeDefXsd>> = {
  1: 'xs:boolean',
  2: 'xs:byte',
  3: 'xs:unsignedByte',
  4: 'xs:short',
  5: 'xs:unsignedShort',
  6: 'xs:int',
  7: 'xs:unsignedInt',
  8: 'xs:long',
  9: 'xs:unsignedLong',
  10: 'xs:float',
  11: 'xs:double',
  12: 'xs:string',
  13: 'xs:dateTime'
}

/**
 * Quality from a number: an OPC UA status code (Part 4, 7.39: the upper two bits are the severity) or an OPC Classic
 * quality, which has eight bits.
 */
export function qualityOfCode(code: number): Quality | undefined {
  if (!Number.isInteger(code) || code < 0 || code > 0xffff_ffff) return undefined
  if (code > 0 && code < 256) return code >= 192 ? 'good' : code >= 64 ? 'uncertain' : 'bad'
  return (['good', 'uncertain', 'bad', 'bad'] as const)[code >>> 30]
}

/** Of those that machines report for values (OPC 10000-8, 6.3.2 and OPC 10000-4, 7.39.2). */
const STATUS: Readonly<Record<number, string>> = {
  1083179008: 'UncertainLastUsableValue: the source is not connected any more',
  1083244544: 'UncertainSubstituteValue: the value was set by hand',
  1083310080: 'UncertainInitialValue: nothing was measured yet',
  1083375616: 'UncertainSensorNotAccurate: the sensor is at its limit or not calibrated',
  1083441152: 'UncertainEngineeringUnitsExceeded: the value is outside its range',
  1083506688: 'UncertainSubNormal: too few of its sources are good',
  2150694912: 'BadNoCommunication: the server does not reach the source',
  2150760448: 'BadWaitingForInitialData: nothing was measured yet',
  2156462080: 'BadConfigurationError: the source is not configured correctly',
  2156527616: 'BadNotConnected: the source is not connected',
  2156593152: 'BadDeviceFailure: the device has failed',
  2156658688: 'BadSensorFailure: the sensor has failed',
  2156724224: 'BadOutOfService: the source is out of service'
}

export function statusText(code: number): string {
  // The lower half are flags.
  const base = (code & 0xffff_0000) >>> 0
  return STATUS[base] ?? `status code 0x${code.toString(16).padStart(8, '0')}`
}
