/** Declarations of `/compliance`, and of the keys that its reports are signed with. */
import { languages } from '../../operations/report-language.ts'
import {
  documentChoice,
  documentText,
  type ExtensionEndpoint,
  type QueryDeclaration
} from '../http/extension-endpoint.ts'
import { ref } from '../http/openapi-schemas.ts'
import { parseChoice, singleValue } from '../http/parameters.ts'

export const reportFormats = ['json', 'html', 'pdf'] as const
export type ReportFormat = (typeof reportFormats)[number]

export const mediaTypes: Readonly<Record<ReportFormat, string>> = {
  json: 'application/json',
  html: 'text/html',
  pdf: 'application/pdf'
}

const query = {
  format: {
    ...documentChoice('That of `Accept` by default, or JSON', reportFormats),
    parse: parseChoice(reportFormats)
  },
  language: {
    ...documentChoice('Of HTML and PDF; that of `Accept-Language` by default. The JSON has both', languages),
    parse: parseChoice(languages)
  },
  since: {
    ...documentText('Id of an earlier report: what changed since then, instead of the report'),
    parse: singleValue
  }
} as const satisfies QueryDeclaration

const json = (schema: string) => ({ 'application/json': { schema: ref(schema) } })
const text = { schema: { type: 'string' } }

const reportsEndpoint = {
  path: '/compliance',
  below: 'hub',
  get: {
    operationId: 'GetComplianceReports',
    right: 'READ',
    tag: 'Compliance',
    summary: 'The compliance reports that are kept',
    description:
      'The newest first, with the number of checks by verdict and what became worse since the report before; and the examination that is running.',
    gives: { 200: { description: 'The reports', content: json('ComplianceReportList') } },
    refuses: ['Unavailable', 'Internal']
  },
  post: {
    operationId: 'ExamineCompliance',
    right: 'EXECUTE',
    tag: 'Compliance',
    summary: 'The hub examines itself, and keeps a signed report',
    description:
      'One examination at a time. It sends requests like those of clients, also such that write, in a scope of its own, which it removes. `Location` is where its progress and then its report are. Who reads the report sees figures of all that is stored, and beginnings of answers.',
    gives: {
      202: {
        description: 'It is running',
        headers: { Location: { type: 'string' } },
        content: json('ComplianceExamination')
      }
    },
    refuses: ['Conflict', 'Unavailable', 'Internal']
  }
} as const satisfies ExtensionEndpoint

const reportEndpoint = {
  path: '/compliance/{id}',
  pathParameters: { id: documentText('Id of a report', '20261130T030000Z-5b1d0c') },
  below: 'hub',
  get: {
    operationId: 'GetComplianceReport',
    right: 'READ',
    tag: 'Compliance',
    summary: 'A compliance report, or what changed since another one',
    description:
      'As JSON it is signed: `signature` is a JWS with detached payload over the canonical JSON (RFC 8785) of all other members. `aas-hub audit verify` checks it offline, and repeats its requests. HTML and PDF are renderings; PDF needs Chromium on the machine of the hub.',
    query,
    gives: {
      200: {
        description: 'The report',
        content: {
          'application/json': { schema: { anyOf: [ref('ComplianceReport'), ref('ComplianceComparison')] } },
          'text/html': text,
          'application/pdf': text
        }
      },
      202: { description: 'The examination is running', content: json('ComplianceExamination') }
    },
    refuses: ['BadRequest', 'NotFound', 'NotAcceptable', 'Unavailable', 'Internal']
  },
  delete: {
    operationId: 'DeleteComplianceReport',
    right: 'DELETE',
    tag: 'Compliance',
    summary: 'Delete a report, or end the examination that makes it',
    description: 'Recorded in the audit.',
    gives: { 204: { description: 'Done' } },
    refuses: ['NotFound', 'Unavailable', 'Internal']
  }
} as const satisfies ExtensionEndpoint

const jwksEndpoint = {
  path: '/.well-known/jwks.json',
  below: 'hub',
  get: {
    operationId: 'GetSigningKeys',
    right: 'PUBLIC',
    tag: 'Compliance',
    summary: 'The public keys of the hub, as a JWK Set',
    description:
      'Compliance reports are signed with these; `kid` is the thumbprint (RFC 7638). The newest first; earlier ones stay, for the reports that they signed. Empty until the first report.',
    gives: { 200: { description: 'The keys', content: json('JwkSet') } },
    refuses: ['Unavailable', 'Internal']
  }
} as const satisfies ExtensionEndpoint

const signingKeysEndpoint = {
  path: '/security/signing-keys',
  below: 'hub',
  post: {
    operationId: 'RotateSigningKey',
    right: 'CREATE',
    tag: 'Security',
    summary: 'Sign compliance reports with a new key from now on',
    description: 'The earlier public keys stay published. Refused where the key is that of the setting `SIGNING_KEY`.',
    gives: { 201: { description: 'The new public key', content: json('Jwk') } },
    refuses: ['Conflict', 'Unavailable', 'Internal']
  }
} as const satisfies ExtensionEndpoint

export const complianceEndpoints = {
  reports: reportsEndpoint,
  report: reportEndpoint,
  jwks: jwksEndpoint,
  signingKeys: signingKeysEndpoint
}
