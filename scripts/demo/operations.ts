/**
 * Executes the Operations of the sample plant; a module like this one is what the setting `OPERATIONS` names. It stands in
 * for the control of the machine, to which a real one would connect.
 */
import type { OperationVariable, Property } from '../../src/model/types.ts'
import { BASE } from './plant.ts'

interface Invocation {
  readonly inputArguments: readonly OperationVariable[]
}

export default {
  /** An order of at least one part is accepted. */
  [`${BASE}/sm/imm-01/control/StartProduction`]: async ({ inputArguments }: Invocation) => {
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
