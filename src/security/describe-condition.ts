/** A condition in the JSON form of AASQL, for messages. */
import type { Attribute, Condition, FieldIdentifier, Operand } from '../model/condition/condition.ts'
import { formatSteps } from '../model/condition/field.ts'
import { isReference } from '../model/condition/grammar.ts'
import type { TypedValue } from '../model/condition/values.ts'

export function describeCondition(condition: Condition): unknown {
  switch (condition.is) {
    case 'constant':
      return { $boolean: condition.value }
    case 'not':
      return { $not: describeCondition(condition.of) }
    case 'comparison':
      return { [condition.operator]: [describeOperand(condition.left), describeOperand(condition.right)] }
    case 'some': {
      const [only, ...more] = condition.of
      return only !== undefined && more.length === 0
        ? describeCondition(only)
        : { $or: condition.of.map(describeCondition) }
    }
    default:
      return { [`$${condition.is}`]: condition.of.map(describeCondition) }
  }
}

function describeOperand(operand: Operand): unknown {
  switch (operand.is) {
    case 'field':
      return { $field: describeField(operand.field) }
    case 'literal':
      return describeLiteral(operand.value)
    case 'texts':
      return operand.texts.length === 1 ? { $strVal: operand.texts[0] } : { anyOf: operand.texts }
    case 'attribute':
      return { $attribute: describeAttribute(operand.attribute) }
    case 'cast':
      return { [`$${operand.to}Cast`]: describeOperand(operand.of) }
    case 'part':
      return { [operand.part]: describeOperand(operand.of) }
  }
}

export function describeAttribute(attribute: Attribute): Readonly<Record<string, string>> {
  switch (attribute.is) {
    case 'claim':
      return { CLAIM: attribute.name }
    case 'global':
      return { GLOBAL: attribute.name }
    case 'reference':
      return { REFERENCE: attribute.reference.text }
    case 'unsupported':
      return { unsupported: attribute.text }
  }
}

function describeField({ root, path, attribute, steps }: FieldIdentifier): string {
  // A reference alone stands for the value of its first key.
  const written = isReference(root, attribute) ? steps.slice(0, -3) : steps
  return `${root}${path.length === 0 ? '' : `.${formatSteps(path)}`}#${formatSteps(written)}`
}

function describeLiteral(value: TypedValue): unknown {
  switch (value.type) {
    case 'str':
      return { $strVal: value.value }
    case 'num':
      return { $numVal: value.value }
    case 'bool':
      return { $boolean: value.value }
    case 'hex':
      return { $hexVal: `16#${value.value}` }
    case 'dateTime':
      return { $dateTimeVal: value.value.text }
    case 'time':
      return { $timeVal: value.value.text }
  }
}
