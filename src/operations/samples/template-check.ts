/** Checks samples against an enforced template, with the same outcome as for values written by other operations. */
import type { Violation } from '../../errors.ts'
import { parseStoredPath } from '../../model/path.ts'
import { lengthOf, membersAt, numberAt, type Run, textAt } from '../../model/samples.ts'
import type { Submodel } from '../../model/types.ts'
import { writeValueMembers } from '../../model/value-members.ts'
import { resolve } from '../../model/walk.ts'
import type { Store } from '../../store/store.ts'
import type { TemplateChecker } from '../validation/template-checker.ts'

/**
 * Distinct values of a run that are checked one by one. A template does not enumerate more values than these, so of the
 * others only minimum and maximum are checked: ranges are contiguous.
 */
const MAX_CHECKED = 100

/** Violations of an enforced template, by the text of the value; empty if none is enforced. */
export type TemplateCheck = (submodel: string, path: string, run: Run) => Promise<ReadonlyMap<string, Violation>>

export function templateCheckOf(store: Store, templates: TemplateChecker): TemplateCheck {
  return async (id, path, run) => {
    const wrong = new Map<string, Violation>()
    if (!(await templates.isEnforced(store, id))) return wrong
    const document = await store.document('Submodel', id)
    const steps = parseStoredPath(path)
    if (document === undefined || steps === undefined) return wrong
    const submodel = JSON.parse(document.bytes.toString()) as Submodel
    const element = resolve(submodel, steps)
    if (element === undefined) return wrong
    for (const [text, at] of valuesToCheck(run)) {
      writeValueMembers(element, JSON.parse(membersAt(run, at)))
      const [finding] = templates.refused(submodel)
      if (finding !== undefined) wrong.set(text, finding)
    }
    return wrong
  }
}

/** The values to be checked, each with the index of one sample. */
function valuesToCheck(run: Run): Map<string, number> {
  const places = new Map<string, number>()
  let [least, greatest] = [0, 0]
  for (let at = 0; at < lengthOf(run); at++) {
    if (places.size < MAX_CHECKED) places.set(textAt(run, at), at)
    if (numberAt(run, at) < numberAt(run, least)) least = at
    if (numberAt(run, at) > numberAt(run, greatest)) greatest = at
  }
  for (const at of [least, greatest]) places.set(textAt(run, at), at)
  return places
}
