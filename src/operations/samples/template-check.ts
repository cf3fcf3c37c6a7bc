/** Samples under a template that is in force get the verdict that the same values get through every other door. */
import type { Violation } from '../../errors.ts'
import { parseStoredPath } from '../../model/path.ts'
import { lengthOf, membersAt, numberAt, type Run, textAt } from '../../model/samples.ts'
import type { Submodel } from '../../model/types.ts'
import { writeValueMembers } from '../../model/value-members.ts'
import { resolve } from '../../model/walk.ts'
import type { Store } from '../../store/store.ts'
import type { TemplateChecker } from '../validation/template-checker.ts'

/**
 * So many different values of a run are judged one by one. Where there are more, the template cannot have listed them
 * all: of the rest the least and the greatest decide, as ranges have no holes.
 */
const MAX_CHECKED = 100

/** What a template has against values of a run, by the text of the value; empty where none is in force. */
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
    for (const [text, at] of judged(run)) {
      writeValueMembers(element, JSON.parse(membersAt(run, at)))
      const [finding] = templates.refused(submodel)
      if (finding !== undefined) wrong.set(text, finding)
    }
    return wrong
  }
}

/** Values to be judged, with the place of one sample that has it. */
function judged(run: Run): Map<string, number> {
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
