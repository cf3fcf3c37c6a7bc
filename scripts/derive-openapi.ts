/** The OpenAPI documents in openapi/: one per profile of Part 2, and one for all endpoints of the hub. */

import { extensionEndpoints } from '../src/app/extension-endpoints.ts'
import { VERSION } from '../src/app/version.ts'
import { profiles } from '../src/operations/profiles.ts'
import { hubDocument, profileDocument } from '../src/transports/http/openapi.ts'

/** Derived files; the paths are relative to the project's root. */
export function openApiFiles(): readonly { readonly path: string; readonly value: unknown }[] {
  return [
    { path: 'openapi/aas-hub.json', value: hubDocument('/api/v3', extensionEndpoints, VERSION) },
    ...profiles.map((profile) => ({
      path: `openapi/${profile.service}_${profile.number}.json`,
      value: profileDocument(profile)
    }))
  ]
}
