/** What readers of machines find wrong in descriptions, as findings among the validation results of their submodels. */

import type { TemplateFinding } from '../../formats/templates/templates.ts'
import { pointerTo } from '../../model/document-path.ts'
import { childrenMember } from '../../model/fields.ts'
import { parseStoredPath } from '../../model/path.ts'
import type { Submodel } from '../../model/types.ts'
import { type Container, child, childrenOf } from '../../model/walk.ts'
import type { InterfaceProblem } from '../asset-interfaces/asset-interface.ts'

/** No rule of a template, but what the hub needs to read a machine. */
const RULE = 'AssetInterface'

export function findingOf(submodel: Submodel, { path, text }: InterfaceProblem): TemplateFinding {
  return {
    ...{ pointer: pointerOf(submodel, path), idShortPath: path, rule: RULE, text },
    ...{
      schema: 'https://admin-shell.io/idta/AssetInterfacesDescription/1/1/Submodel',
      template: 'Asset interfaces',
      asks: 'a description by which the hub can read the machine'
    },
    ...{ found: text, hint: 'docs/collect.md and docs/opcua.md have the members that are understood' }
  }
}

/** Of the innermost element on the path that exists. */
function pointerOf(submodel: Submodel, path: string): string {
  const place: (string | number)[] = []
  let here: Container = submodel
  for (const step of parseStoredPath(path) ?? []) {
    const next = child(here, step)
    const member = childrenMember(here.modelType)
    if (next === undefined || member === undefined) break
    place.push(member, childrenOf(here).indexOf(next))
    here = next
  }
  return pointerTo(place)
}
