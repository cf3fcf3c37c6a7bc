/**
 * Who carries out the Operations of the sample plant: what `OPERATIONS` names is a module like this one. Here it stands
 * in for the machine's own control; in a plant it would talk to that.
 */
import type { OperationVariable, Property } from '../../src/model/types.ts'
import { BASE } from './plant.ts'

interface Given {
  readonly inputArguments: readonly OperationVariable[]
}

export default {
  /** An order of at least one part is accepted. */
  [`${BASE}/sm/imm-01/control/StartProduction`]: async ({ inputArguments }: Given) => {
    const isAccepted = textOf(inputArguments, 'OrderNumber') !== '' && Number(textOf(inputArguments, 'Quantity')) > 0
    const accepted: Property = {
      modelType: 'Property',
      idShort: 'Accepted',
      valueType: 'xs:boolean',
      value: String(isAccepted)
    }
    return { outputArguments: [{ value: accepted }] }
  }
}

function textOf(variables: readonly OperationVariable[], idShort: string): string {
  const value = variables.find((variable) => variable.value?.idShort === idShort)?.value
  return value?.modelType === 'Property' ? (value.value ?? '') : ''
}
