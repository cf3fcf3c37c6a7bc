/** How a message is read. */
import type { TimeUnit } from '../model/time.ts'

export const PAYLOAD_FORMS = ['auto', 'value', 'text', 'opcua', 'senml'] as const

export interface PayloadRule {
  /**
   * - `auto`: a bare value, a value with time and quality, an object of fields, or a list of such;
   * - `value`: the payload is one value in the ValueOnly form;
   * - `text`: the payload is one text;
   * - `opcua`: data sets of OPC UA PubSub;
   * - `senml`: a SenML pack (RFC 8428); its names are read as by `/ingest` where the rule names no submodel.
   */
  readonly form: (typeof PAYLOAD_FORMS)[number]
  /** Names of the members that hold value, time and quality; the first one present counts. */
  readonly value: readonly string[]
  readonly time: readonly string[]
  readonly quality: readonly string[]
  /** Unit of numeric times. */
  readonly unit: TimeUnit
  /** idShortPaths by the path of the field in the message (`axis.speed`); absent: all fields, under their own names. */
  readonly fields?: ReadonlyMap<string, string>
}

export const DEFAULT_PAYLOAD_RULE: PayloadRule = {
  form: 'auto',
  value: ['value'],
  time: ['time', 'timestamp', 'ts'],
  quality: ['quality', 'q', 'statusCode'],
  unit: 'ms'
}
