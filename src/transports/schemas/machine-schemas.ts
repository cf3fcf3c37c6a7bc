/** JSON Schemas of the discovery of machines, and of the certificates by which they are known. */
import type { JsonSchema } from '../../formats/json-schema.ts'
import { flag, list, number, object, text, whole } from './sample-schemas.ts'

const time = { ...text, format: 'date-time' }

/** @param ref makes a reference to a schema of the document */
export function machineSchemas(ref: (name: string) => JsonSchema): Readonly<Record<string, JsonSchema>> {
  return {
    DiscoveryRequest: {
      title: 'DiscoveryRequest',
      ...object(
        {
          address: { ...text, description: 'opc.tcp://host:4840, or modbus+tcp://host:502 of a Modbus device' },
          registers: { ...text, description: 'The list of registers of a Modbus device, as CSV' },
          title: { ...text, description: 'Of a Modbus device; absent: its host' },
          unit: { ...whole, description: 'Modbus unit of the registers for which the list names none; absent: 1' },
          security: { ...text, description: '`none`, or mode and policy, such as SignAndEncrypt:Basic256Sha256' },
          secret: { ...text, description: 'Name of the file in COLLECT_SECRETS with user:password; absent: anonymous' },
          idBase: { ...text, description: 'Beginning of all ids; absent: the URI of the server, or from the title' },
          sampling: { ...number, description: 'Seconds' }
        },
        ['address']
      )
    },
    Discovery: {
      title: 'Discovery',
      ...object(
        {
          found: object(
            {
              ...{ name: text, uri: text, address: text, policy: text, mode: text },
              ...{ values: whole, writable: whole, methods: whole },
              isCut: { ...flag, description: 'There are more nodes than are listed' }
            },
            ['name', 'address', 'values', 'writable', 'methods', 'isCut']
          ),
          problems: list(
            object(
              {
                row: { ...whole, description: 'Of the list of registers; absent: it concerns the machine' },
                text
              },
              ['text']
            )
          ),
          environment: { type: 'object', description: 'As POST /upload takes it' }
        },
        ['found', 'problems', 'environment']
      )
    },
    MachineCertificateList: {
      title: 'MachineCertificateList',
      ...object({ result: list(ref('MachineCertificate')) }, ['result'])
    },
    MachineCertificate: {
      title: 'MachineCertificate',
      ...object(
        {
          thumbprint: { ...text, description: 'SHA-1 in hexadecimal' },
          trust: { enum: ['own', 'trusted', 'rejected'] },
          ...{ subject: text, issuer: text, applicationUri: text, validFrom: time, validTo: time },
          isAuthority: { ...flag, description: 'Does it sign others? Trusting it trusts those' },
          certificate: { ...text, description: 'As PEM; only of the hub itself' }
        },
        ['thumbprint', 'trust', 'subject', 'issuer', 'validFrom', 'validTo', 'isAuthority']
      )
    },
    NewMachineCertificate: {
      title: 'NewMachineCertificate',
      ...object({ certificate: { ...text, description: 'As PEM' }, trust: { enum: ['trusted', 'rejected'] } }, [
        'certificate',
        'trust'
      ])
    }
  }
}
