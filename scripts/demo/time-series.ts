/** The history of the machine in the template IDTA 02008: one variable, whose samples the hub stores. */
import type { Property, Reference, Submodel, SubmodelElementCollection } from '../../src/model/types.ts'

/** @param id of the submodel */
export function timeSeries(id: string): Submodel {
  const name = [
    { language: 'en', text: 'Cycle times of the machine' },
    { language: 'ko', text: '사이클 시간 이력' }
  ]
  const time = { ...property('Time', 'xs:long'), semanticId: means('RelativePointInTime/') }
  const record = collection('Record', 'Record/', [time, property('CycleTime', 'xs:double')])
  return {
    modelType: 'Submodel',
    id,
    idShort: 'TimeSeries',
    semanticId: means(''),
    submodelElements: [
      collection('Metadata', 'Metadata/', [
        { modelType: 'MultiLanguageProperty', idShort: 'Name', semanticId: means('Metadata/Name/'), value: name },
        record
      ]),
      collection('Segments', 'Segments/', [])
    ]
  }
}

type Elements = NonNullable<SubmodelElementCollection['value']>

function collection(idShort: string, term: string, value: Elements): SubmodelElementCollection {
  const semanticId = means(term)
  return { modelType: 'SubmodelElementCollection', idShort, semanticId, ...(value.length > 0 && { value }) }
}

function property(idShort: string, valueType: NonNullable<Property['valueType']>): Property {
  return { modelType: 'Property', idShort, valueType }
}

function means(term: string): Reference {
  return {
    type: 'ExternalReference',
    keys: [{ type: 'GlobalReference', value: `https://admin-shell.io/idta/TimeSeries/${term}1/1` }]
  }
}
