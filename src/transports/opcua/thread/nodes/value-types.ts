/** Which data types of OPC UA the value types of Properties and Ranges become. */

interface ValueType {
  /** BrowseName of the data type. */
  readonly dataType: string
  /** In the enumeration AASValueTypeDataType. */
  readonly number: number
}

const NUMBERS = [
  ...['Boolean', 'SByte', 'Byte', 'Int16', 'UInt16', 'Int32', 'UInt32', 'Int64', 'UInt64', 'Float', 'Double', 'String'],
  ...['DateTime', 'ByteString', 'LocalizedText', 'UtcTime']
]

/** Others are texts: OPC UA has no type that holds all of their values. */
const TYPES: Readonly<Record<string, string>> = {
  'xs:boolean': 'Boolean',
  'xs:byte': 'SByte',
  'xs:unsignedByte': 'Byte',
  'xs:short': 'Int16',
  'xs:unsignedShort': 'UInt16',
  'xs:int': 'Int32',
  'xs:unsignedInt': 'UInt32',
  'xs:long': 'Int64',
  'xs:integer': 'Int64',
  'xs:negativeInteger': 'Int64',
  'xs:nonPositiveInteger': 'Int64',
  'xs:unsignedLong': 'UInt64',
  'xs:nonNegativeInteger': 'UInt64',
  'xs:positiveInteger': 'UInt64',
  'xs:float': 'Float',
  'xs:double': 'Double',
  'xs:decimal': 'Double',
  'xs:dateTime': 'DateTime',
  'xs:base64Binary': 'ByteString',
  'xs:hexBinary': 'ByteString'
}

export function valueTypeOf(valueType: string | undefined): ValueType {
  const dataType = TYPES[valueType ?? ''] ?? 'String'
  return { dataType, number: NUMBERS.indexOf(dataType) }
}

export function valueTypeNumber(valueType: string | undefined): number {
  return valueTypeOf(valueType).number
}
