import { defineMessages } from '../../../core/messages.ts'

export const treeMessages = defineMessages(
  {
    views: 'What is listed',
    assets: 'Assets',
    hierarchy: 'Hierarchy',
    submodels: 'Submodels',
    search: 'Search',
    searchHint: 'Search the plant',
    searchBy: 'Search in',
    any: 'Everywhere',
    name: 'Name',
    id: 'Identifier',
    semanticId: 'Semantic ID',
    assetId: 'Asset ID',
    value: 'Value',
    aasql: 'Query (AASQL)',
    aasqlHint: 'A condition of the AAS Query Language, e.g.',
    run: 'Run the query',
    notJson: (reason: string) => `This is not JSON: ${reason}`,
    clear: 'Clear the search',
    template: 'Template',
    loading: 'Reading',
    noAssets: 'There are no assets yet. Upload a package, or let a gateway create them.',
    noSubmodels: 'There are no submodels yet.',
    noHierarchy: 'No submodel of the template HierarchicalStructures says what consists of what.',
    noResults: 'Nothing was found.'
  },
  {
    ko: {
      views: '목록',
      assets: '자산',
      hierarchy: '계층',
      submodels: '서브모델',
      search: '검색',
      searchHint: '공장에서 검색',
      searchBy: '검색 대상',
      any: '전체',
      name: '이름',
      id: '식별자',
      semanticId: '시맨틱 ID',
      assetId: '자산 ID',
      value: '값',
      aasql: '질의(AASQL)',
      aasqlHint: 'AAS 질의 언어의 조건식. 예:',
      run: '질의 실행',
      notJson: (reason) => `JSON이 아닙니다: ${reason}`,
      clear: '검색 지우기',
      template: '템플릿',
      loading: '불러오는 중',
      noAssets: '아직 자산이 없습니다. 패키지를 업로드하거나 게이트웨이가 자산을 만들게 하십시오.',
      noSubmodels: '아직 서브모델이 없습니다.',
      noHierarchy: '구성 관계를 나타내는 HierarchicalStructures 서브모델이 없습니다.',
      noResults: '검색 결과가 없습니다.'
    }
  }
)
