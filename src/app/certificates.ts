/** Where the certificates for OPC UA are. */
import { join } from 'node:path'
import type { Config } from '../config/config.ts'

export function certificateDirectory({ OPCUA_CERTIFICATES, DATA_DIR }: Config): string {
  return OPCUA_CERTIFICATES === '' ? join(DATA_DIR, 'opcua-certificates') : OPCUA_CERTIFICATES
}
