/**
 * A collection plan as a submodel: a collection `Points` with one collection per point, which has Properties `Process`,
 * `Machine`, `Kind`, `Method` and `Period`, and a ReferenceElement `Element` that refers to the element. The idShorts of
 * the points are free.
 */
import type { PlannedPoint } from '../../model/collection/planned-point.ts'
import { keyValues } from '../../model/reference.ts'
import type { Submodel, SubmodelElement } from '../../model/types.ts'
import { childrenOf } from '../../model/walk.ts'
import { type PlanColumn, pointOf, refuseRepeated } from './columns.ts'

/** @throws Error with the point and the element that are wrong */
export function pointsOfSubmodel(submodel: Submodel): PlannedPoint[] {
  const list = submodel.submodelElements?.find(({ idShort }) => idShort === 'Points')
  if (list === undefined) throw new Error('it has no collection "Points"')
  const all = childrenOf(list as Parameters<typeof childrenOf>[0])
  const nameOf = (index: number) => `point "${all[index]?.idShort ?? index}"`
  const points = all.map((point, index) => {
    const parts = childrenOf(point as Parameters<typeof childrenOf>[0])
    const named = (idShort: string) => parts.find((part) => part.idShort === idShort)
    const [target = '', ...steps] = stepsOf(named('Element'))
    const texts: Readonly<Record<PlanColumn, string>> = {
      process: textOf(named('Process')),
      machine: textOf(named('Machine')),
      submodel: target,
      element: pathOf(steps),
      kind: textOf(named('Kind')),
      method: textOf(named('Method')),
      period: textOf(named('Period'))
    }
    return pointOf(
      (column) => texts[column],
      (column) => `${nameOf(index)}, "${ELEMENT_OF[column]}"`
    )
  })
  refuseRepeated(points, nameOf)
  return points
}

const ELEMENT_OF: Readonly<Record<PlanColumn, string>> = {
  process: 'Process',
  machine: 'Machine',
  submodel: 'Element',
  element: 'Element',
  kind: 'Kind',
  method: 'Method',
  period: 'Period'
}

function textOf(element: SubmodelElement | undefined): string {
  return element?.modelType === 'Property' ? (element.value ?? '').trim() : ''
}

function stepsOf(element: SubmodelElement | undefined): readonly string[] {
  return element?.modelType === 'ReferenceElement' && element.value !== undefined ? keyValues(element.value) : []
}

/** Below a list the value of a key is an index. [AASd-128] */
function pathOf(steps: readonly string[]): string {
  return steps.map((step, at) => (/^\d+$/.test(step) ? `[${step}]` : at === 0 ? step : `.${step}`)).join('')
}
