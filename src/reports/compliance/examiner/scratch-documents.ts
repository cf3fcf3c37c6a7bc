/** What an examination stores to try the operations on: small documents under an id that cannot be guessed. */
import { SCRATCH_PREFIX } from '../../../model/examination.ts'
import { encodeId } from '../../../model/identifier.ts'

/** The names of the documents of one examination. */
const names = ['shell', 'submodel', 'series', 'concept', 'far', 'new', 'package'] as const
export type ScratchName = (typeof names)[number]

/** Of all scratch documents of a kind that can be filtered by idShort. */
export const SCRATCH_ID_SHORT = 'ExaminationScratch'

/** The element that samples are sent to. */
export const SERIES_PATH = 'Metadata.Record.Measured'

export class ScratchDocuments {
  /** A UUID. */
  readonly run: string

  constructor(run: string) {
    this.run = run
  }

  id(name: ScratchName): string {
    return `${SCRATCH_PREFIX}${this.run}:${name}`
  }

  /** In the form that stands in a path. */
  encoded(name: ScratchName): string {
    return encodeId(this.id(name))
  }

  /** A value that only the shell of this examination has. */
  get serialNumber(): string {
    return `examination-${this.run}`
  }

  get assetLinks(): readonly object[] {
    return [{ name: 'serialNumber', value: this.serialNumber }]
  }

  get assetInformation(): object {
    return { assetKind: 'Instance', globalAssetId: this.id('shell'), specificAssetIds: this.assetLinks }
  }

  shell(name: ScratchName = 'shell'): object {
    return {
      modelType: 'AssetAdministrationShell',
      id: this.id(name),
      idShort: SCRATCH_ID_SHORT,
      assetInformation: this.assetInformation,
      submodels: [this.reference('submodel'), this.reference('series')]
    }
  }

  reference(name: ScratchName): object {
    return { type: 'ModelReference', keys: [{ type: 'Submodel', value: this.id(name) }] }
  }

  submodel(name: ScratchName = 'submodel'): object {
    return {
      modelType: 'Submodel',
      id: this.id(name),
      idShort: SCRATCH_ID_SHORT,
      submodelElements: [group, { modelType: 'File', idShort: 'doc', contentType: 'text/plain' }]
    }
  }

  /** A time series of IDTA 02008: its operation is one that every hub can run. */
  series(): object {
    const time = { ...property('Time', 'xs:long'), semanticId: timeSeriesId('RelativePointInTime/') }
    const record = collection('Record', 'Record/', [time, property('Measured', 'xs:int')])
    const name = {
      modelType: 'MultiLanguageProperty',
      idShort: 'Name',
      semanticId: timeSeriesId('Metadata/Name/'),
      value: [{ language: 'en', text: 'Examination' }]
    }
    const timespan = {
      modelType: 'Range',
      idShort: 'Timespan',
      valueType: 'xs:dateTime',
      semanticId: timeSeriesId('Timespan/')
    }
    return {
      modelType: 'Submodel',
      id: this.id('series'),
      idShort: SCRATCH_ID_SHORT,
      semanticId: timeSeriesId(''),
      submodelElements: [
        collection('Metadata', 'Metadata/', [name, record]),
        collection('Segments', 'Segments/', []),
        {
          modelType: 'Operation',
          idShort: 'ReadRecords',
          semanticId: timeSeriesId('ReadRecords/'),
          inputVariables: [{ value: timespan }],
          outputVariables: [{ value: collection('Records', 'Records/', []) }]
        }
      ]
    }
  }

  concept(name: ScratchName = 'concept'): object {
    return { modelType: 'ConceptDescription', id: this.id(name), idShort: SCRATCH_ID_SHORT }
  }

  submodelDescriptor(name: ScratchName): object {
    const href = `https://scratch.invalid/${this.encoded(name)}`
    return { id: this.id(name), endpoints: [{ interface: 'SUBMODEL-3.1', protocolInformation: { href } }] }
  }

  shellDescriptor(name: ScratchName): object {
    return { id: this.id(name), submodelDescriptors: [this.submodelDescriptor('submodel')] }
  }
}

/** Property `inner` in a collection `group`. */
export const group = {
  modelType: 'SubmodelElementCollection',
  idShort: 'group',
  value: [property('inner', 'xs:int', '1')]
}

export function property(idShort: string, valueType: string, value?: string): object {
  return { modelType: 'Property', idShort, valueType, ...(value !== undefined && { value }) }
}

function collection(idShort: string, term: string, value: readonly object[]): object {
  const semanticId = timeSeriesId(term)
  return { modelType: 'SubmodelElementCollection', idShort, semanticId, ...(value.length > 0 && { value }) }
}

function timeSeriesId(term: string): object {
  const value = `https://admin-shell.io/idta/TimeSeries/${term}1/1`
  return { type: 'ExternalReference', keys: [{ type: 'GlobalReference', value }] }
}
