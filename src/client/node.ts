/** A gateway with a buffer on disk: samples survive network outages and a crash of the gateway's process. */
import { type Client, type ClientOptions, connect } from './client.ts'
import { type BufferOptions, DiskBuffer } from './disk-buffer.ts'

export * from './client.ts'
export { BufferFullError } from './disk-buffer.ts'

export interface GatewayOptions extends ClientOptions, BufferOptions {}

/** @param url of the hub, e.g. `http://hub.plant.kr:8080` */
export function gateway(url: string, options: GatewayOptions): Gateway {
  return new Gateway(connect(url, options), options)
}

export class Gateway extends DiskBuffer {
  readonly client: Client

  constructor(client: Client, options: GatewayOptions) {
    super((samples, key) => client.push(samples, key), options)
    this.client = client
  }

  /** Closes the connection; unacknowledged pushes stay in the folder for the next start. */
  override close(): void {
    super.close()
    this.client.close()
  }
}
