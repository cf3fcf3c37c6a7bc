/**
 * Conflicts between the official test engine (aas-test-engines 1.0.3) and the standard, each with the deciding clause.
 * Any other failure is a defect of the hub; an entry that no longer occurs must be removed.
 */
export interface Conflict {
  /** Check and message of the engine. */
  readonly check: RegExp
  readonly says: RegExp
  /** The clause of the standard. */
  readonly clause: string
}

export const conflicts: readonly Conflict[] = [
  {
    check: /GetAllSubmodelElements-Metadata/,
    says: /Missing attribute (first|second|contentType|observed|entityType)/,
    clause: 'Part 2: the schemas …Metadata have neither first and second, contentType, observed nor entityType'
  },
  {
    check: /GetAllSubmodelElements-ValueOnly/,
    says: /Cannot convert \{.*\} to list/,
    clause: 'Part 2, GetSubmodelElementsValueResult: `result` is an object since 3.0.4'
  },
  {
    check: /GetSubmodelElementByPath-ValueOnly/,
    says: /Expected JSON, got <class '(int|float|str|bool)'>/,
    clause: 'Part 1, ValueOnly: the value of a Property is a bare string, number or boolean'
  },
  {
    check: /GenerateSerializationByIds/,
    says: /unexpected status code 404/,
    clause: 'Part 2: the services of a single shell or submodel have no /shells'
  },
  {
    check: /GetDescription|GetSelfDescription/,
    says: /unexpected status code 404/,
    clause: 'Part 2: /description lies at the root of a service, not below /aas or /submodel'
  }
]
