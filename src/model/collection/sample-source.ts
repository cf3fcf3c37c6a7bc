/** Who delivers the samples of a series, as far as the hub knows: the sender of the last push. */
export interface SampleSource {
  readonly transport: SampleTransport
  /** Absent: the hub is open. */
  readonly caller?: string
  /** A person or a machine, by how the caller proved who it is; absent: that does not tell. */
  readonly kind?: 'gateway' | 'user'
}

/** A standard format of samples, where it is not that of the transport itself. */
export type SampleFormat = 'senml' | 'sparkplug-b'

/** The last three: read from machines by the hub itself. */
export type SampleTransport =
  | 'http'
  | 'line-protocol'
  | 'websocket'
  | 'mqtt'
  | 'time-series-record'
  | 'http-client'
  | 'modbus'
  | 'opcua'
