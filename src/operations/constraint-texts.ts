/** Rules of the standard in Korean, for findings whose text is written in English by the validation itself. */

const texts: Readonly<Record<string, string>> = {
  'AASd-002': 'idShort는 영문자로 시작하고 영문자·숫자·밑줄(_)만 쓸 수 있습니다',
  'AASd-005': 'revision이 있으면 version도 있어야 합니다',
  'AASd-014':
    'SelfManagedEntity에는 globalAssetId 또는 specificAssetIds가 있어야 하고, CoManagedEntity에는 없어야 합니다',
  'AASd-020': 'Qualifier의 값은 valueType에 맞아야 합니다',
  'AASd-021': '한 요소의 Qualifier type은 서로 달라야 합니다',
  'AASd-022': '같은 수준의 idShort는 서로 달라야 합니다',
  'AASd-077': '한 요소의 Extension 이름은 서로 달라야 합니다',
  'AASd-090': '데이터 요소의 category는 CONSTANT, PARAMETER, VARIABLE 중 하나이어야 합니다',
  'AASd-107': '목록 항목의 semanticId는 목록의 semanticIdListElement와 같아야 합니다',
  'AASd-108': '목록 항목의 종류는 typeValueListElement와 같아야 합니다',
  'AASd-109': 'Property·Range 목록에는 valueTypeListElement가 있어야 하고 항목의 valueType과 같아야 합니다',
  'AASd-114': '목록 항목의 semanticId는 서로 같아야 합니다',
  'AASd-116': 'specificAssetIds의 이름 globalAssetId는 예약되어 있습니다',
  'AASd-117': '목록 항목이 아닌 요소에는 idShort가 있어야 합니다',
  'AASd-118': 'supplementalSemanticIds가 있으면 semanticId도 있어야 합니다',
  'AASd-119': 'TemplateQualifier는 kind가 Template인 서브모델에만 쓸 수 있습니다',
  'AASd-120': '목록 항목에는 idShort가 없어야 합니다',
  'AASd-121': '참조의 첫 번째 키는 전역적으로 식별되는 것이어야 합니다',
  'AASd-122': 'ExternalReference의 첫 번째 키는 GlobalReference이어야 합니다',
  'AASd-123': 'ModelReference의 첫 번째 키는 식별 가능한 것(AAS, Submodel, ConceptDescription)이어야 합니다',
  'AASd-124': 'ExternalReference의 마지막 키는 GlobalReference 또는 FragmentReference이어야 합니다',
  'AASd-125': 'ModelReference의 두 번째 이후 키는 서브모델 요소이어야 합니다',
  'AASd-126': 'FragmentReference는 마지막 키에만 쓸 수 있습니다',
  'AASd-127': 'FragmentReference 앞의 키는 File 또는 Blob이어야 합니다',
  'AASd-128': 'SubmodelElementList 다음 키의 값은 목록의 순번이어야 합니다',
  'AASd-129': '요소의 TemplateQualifier는 kind가 Template인 서브모델에만 쓸 수 있습니다',
  'AASd-130': 'XML 1.0에서 쓸 수 없는 문자가 있습니다',
  'AASd-131': 'globalAssetId 또는 specificAssetIds가 있어야 합니다',
  'AASd-133': 'externalSubjectId는 ExternalReference이어야 합니다',
  'AASd-134': 'Operation 변수의 idShort는 서로 달라야 합니다',
  'AASc-3a-002': 'preferredName에 영어(en)가 있어야 합니다',
  'AASc-3a-004': 'category PROPERTY·VALUE의 dataType이 맞지 않거나, 검증기가 이 category를 거부합니다',
  'AASc-3a-005': 'category REFERENCE의 dataType이 맞지 않거나, 검증기가 이 category를 거부합니다',
  'AASc-3a-006': 'category DOCUMENT의 dataType이 맞지 않거나, 검증기가 이 category를 거부합니다',
  'AASc-3a-007': 'category QUALIFIER_TYPE에는 dataType이 있어야 합니다',
  'AASc-3a-008': '값(value)이 없는 개념에는 영어 정의(definition)가 있어야 합니다',
  'AASc-3a-009': '*_MEASURE, *_CURRENCY dataType에는 단위(unit 또는 unitId)가 있어야 합니다',
  'AASc-3a-010': 'value와 valueList는 함께 쓸 수 없습니다',
  'AASc-3a-050': 'dataSpecification의 값이 IEC 61360 템플릿의 IRI가 아닙니다',
  SMT: '공식 시험 엔진의 서브모델 템플릿 규칙에 맞지 않습니다',
  ValueDataType: '값이 valueType에 맞지 않습니다',
  LangStringSet: '한 언어에는 텍스트가 하나만 있어야 합니다',
  namespace: 'XML 네임스페이스가 요구되는 릴리스의 것이 아닙니다',
  OPC: '패키지의 관계가 없는 파트를 가리킵니다',
  XML: 'AAS XML로 읽을 수 없습니다',
  additionalProperties: '메타모델에 없는 속성이 있습니다',
  anyOf: '허용된 형태 가운데 어느 것에도 맞지 않습니다',
  const: '템플릿이 정한 값이어야 합니다',
  contains: '필요한 요소가 없거나 개수가 맞지 않습니다',
  contentType: 'contentType이 있어야 합니다',
  depth: '너무 깊이 중첩되어 있습니다',
  enum: '허용되지 않는 값입니다',
  format: '값의 형식이 맞지 않습니다',
  maxItems: '항목이 너무 많습니다',
  maxLength: '텍스트가 너무 깁니다',
  minItems: '목록이 비어 있습니다',
  maximum: '값이 허용 범위를 벗어났습니다',
  minimum: '값이 허용 범위를 벗어났습니다',
  minLength: '텍스트가 비어 있습니다',
  modelType: 'modelType이 없거나 여기에 쓸 수 없습니다',
  not: '여기에는 쓸 수 없습니다',
  oneOf: '허용된 형태 가운데 정확히 하나에 맞아야 합니다',
  pattern: '값의 형식이 맞지 않습니다',
  propertyNames: '허용되지 않는 이름입니다',
  required: '필수 속성이 없습니다',
  type: '값의 JSON 유형이 맞지 않습니다'
}

/** The rule in Korean, followed by what was found in the words of the validation. */
export function constraintText(rule: string, found: string): string {
  const text = Object.hasOwn(texts, rule) ? texts[rule] : undefined
  return text === undefined ? found : `${text} (${found})`
}

/** What rules of submodel templates are about, by the name of the rule: `SMT/Cardinality=One`, `valueType=xs:date`. */
const templateTexts: readonly (readonly [RegExp, string])[] = [
  [/cardinality/i, '템플릿이 요구하는 요소가 없거나 개수가 맞지 않습니다'],
  [/AllowedRange/, '값이 템플릿의 허용 범위를 벗어났습니다'],
  [/AllowedValue/, '템플릿이 허용하는 값이 아닙니다'],
  [/AllowedIdShort|^idShort=/, 'idShort가 템플릿과 다릅니다'],
  [/EitherOr/, '템플릿이 그중 하나만 허용하는 요소입니다'],
  [/RequiredLang/, '템플릿이 요구하는 언어의 텍스트가 없습니다'],
  [/^valueType=/, '값이 템플릿의 valueType에 맞지 않습니다'],
  [/^(?:modelType|content)=/, '요소의 종류가 템플릿과 다릅니다'],
  [/^semanticId=/, 'semanticId가 템플릿과 다릅니다']
]

/** What a submodel template asks for in Korean, followed by what was found in the words of the validation. */
export function templateText(rule: string, found: string): string {
  const text = templateTexts.find(([pattern]) => pattern.test(rule))?.[1] ?? texts[rule]
  return `${text ?? '템플릿의 요구에 맞지 않습니다'} (${found})`
}
