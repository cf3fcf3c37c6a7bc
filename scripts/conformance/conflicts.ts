/**
 * Where the official test engine (aas-test-engines 1.0.3) and the standard disagree, each with the clause that decides
 * it. A failure that fits none of these is a fault of the hub; one that no longer shows is to be taken off the list.
 */
export interface Conflict {
  /** What the engine checks, and what it says. */
  readonly check: RegExp
  readonly says: RegExp
  /** What the standard says instead. */
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
