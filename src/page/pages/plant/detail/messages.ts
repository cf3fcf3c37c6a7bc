import { defineMessages } from '../../../core/messages.ts'

export const detailMessages = defineMessages(
  {
    choose: 'Choose an asset',
    chooseHow: 'Its nameplate, data and documents appear here.',
    loading: 'Reading',
    back: 'Back to the list',
    breadcrumbs: 'Where you are',
    asset: 'Asset',
    kind: 'Kind',
    Instance: 'Instance',
    Type: 'Type',
    Role: 'Role',
    NotApplicable: 'Not applicable',
    template: 'Template',
    globalAssetId: 'Global asset ID',
    assetType: 'Asset type',
    derivedFrom: 'Derived from',
    identifier: 'Identifier',
    version: 'Version',
    semanticId: 'Semantic ID',
    submodels: 'Submodels',
    noSubmodels: 'It has no submodels.',
    uploadPicture: 'Upload a picture of the asset',
    nameplate: 'Nameplate',
    logoOf: (name: string) => `Logo of ${name}`,
    markings: 'Markings',
    documents: 'Documents',
    allElements: 'All elements',
    noElement: 'The submodel no longer has this element.',
    live: 'Live',
    offline: 'Reconnecting'
  },
  {
    ko: {
      choose: '자산을 선택하십시오',
      chooseHow: '명판, 데이터, 문서가 여기에 표시됩니다.',
      loading: '불러오는 중',
      back: '목록으로 돌아가기',
      breadcrumbs: '현재 위치',
      asset: '자산',
      kind: '종류',
      Instance: '인스턴스',
      Type: '타입',
      Role: '역할',
      NotApplicable: '해당 없음',
      template: '템플릿',
      globalAssetId: '글로벌 자산 ID',
      assetType: '자산 유형',
      derivedFrom: '원본',
      identifier: '식별자',
      version: '버전',
      semanticId: '시맨틱 ID',
      submodels: '서브모델',
      noSubmodels: '서브모델이 없습니다.',
      uploadPicture: '자산 사진 업로드',
      nameplate: '명판',
      logoOf: (name) => `${name} 로고`,
      markings: '인증 표시',
      documents: '문서',
      allElements: '모든 요소',
      noElement: '이 요소는 서브모델에 더 이상 없습니다.',
      live: '실시간',
      offline: '다시 연결하는 중'
    }
  }
)

/** The fields of a nameplate (IDTA 02006), by idShort. */
export const nameplateMessages = defineMessages(
  {
    ManufacturerProductFamily: 'Product family',
    ManufacturerProductType: 'Type',
    OrderCodeOfManufacturer: 'Order code',
    SerialNumber: 'Serial number',
    ProductArticleNumberOfManufacturer: 'Article number',
    YearOfConstruction: 'Year of construction',
    DateOfManufacture: 'Date of manufacture',
    CountryOfOrigin: 'Country of origin',
    HardwareVersion: 'Hardware version',
    FirmwareVersion: 'Firmware version',
    SoftwareVersion: 'Software version'
  },
  {
    ko: {
      ManufacturerProductFamily: '제품군',
      ManufacturerProductType: '형식',
      OrderCodeOfManufacturer: '주문 코드',
      SerialNumber: '일련번호',
      ProductArticleNumberOfManufacturer: '품목 번호',
      YearOfConstruction: '제조 연도',
      DateOfManufacture: '제조일',
      CountryOfOrigin: '원산지',
      HardwareVersion: '하드웨어 버전',
      FirmwareVersion: '펌웨어 버전',
      SoftwareVersion: '소프트웨어 버전'
    }
  }
)
