/** Texts of the frame. */
import { defineMessages } from './core/messages.ts'

export const frameMessages = defineMessages(
  {
    product: 'AAS Hub',
    skip: 'Skip to the content',
    navigation: 'Pages',
    openNavigation: 'Open the navigation',
    closeNavigation: 'Close the navigation',
    language: 'Language',
    dark: 'Use dark colours',
    light: 'Use light colours',
    starting: 'Connecting to the hub',
    unreachable: 'The hub cannot be reached. It may be restarting, or this computer has no connection to it.',
    retry: 'Try again',
    openHub: 'This hub is open: it has no users, keys or identity providers, so every caller may do everything.',
    openHubHow: 'aas-hub setup changes that.',
    notFound: 'There is no such page',
    notFoundHow: 'The address may be misspelt, or of another version of the hub.',
    toStart: 'To the start page',
    signOut: 'Sign out',
    signIn: 'Sign in',
    signedInAs: (name: string) => `Signed in as ${name}`,
    anonymous: 'Not signed in',
    api: 'API reference',
    version: (version: string) => `Version ${version}`,
    crashed: 'This page has stopped working because of a mistake in it.'
  },
  {
    ko: {
      product: 'AAS Hub',
      skip: '본문으로 건너뛰기',
      navigation: '페이지',
      openNavigation: '메뉴 열기',
      closeNavigation: '메뉴 닫기',
      language: '언어',
      dark: '어두운 화면 사용',
      light: '밝은 화면 사용',
      starting: '허브에 연결하는 중',
      unreachable: '허브에 연결할 수 없습니다. 허브가 다시 시작되는 중이거나 네트워크가 끊겼을 수 있습니다.',
      retry: '다시 시도',
      openHub: '이 허브는 열려 있습니다. 사용자, 키, 인증 서버가 설정되지 않아 누구나 모든 작업을 할 수 있습니다.',
      openHubHow: 'aas-hub setup 명령으로 설정할 수 있습니다.',
      notFound: '페이지를 찾을 수 없습니다',
      notFoundHow: '주소가 잘못되었거나 다른 버전의 허브 주소일 수 있습니다.',
      toStart: '시작 페이지로',
      signOut: '로그아웃',
      signIn: '로그인',
      signedInAs: (name) => `${name} 님으로 로그인됨`,
      anonymous: '로그인하지 않음',
      api: 'API 문서',
      version: (version) => `버전 ${version}`,
      crashed: '오류가 발생하여 이 페이지가 멈췄습니다.'
    }
  }
)
