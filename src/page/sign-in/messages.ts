import { defineMessages } from '../core/messages.ts'

export const signInMessages = defineMessages(
  {
    title: 'Sign in',
    ended: 'Your session has ended. Sign in again to go on where you were.',
    required: 'This hub shows nothing to readers who have not signed in.',
    user: 'User',
    password: 'Password',
    withPassword: 'Sign in',
    withKey: 'Use an API key instead',
    withUser: 'Use name and password instead',
    key: 'API key',
    keyHint: 'It stays in this browser tab, and is forgotten when the tab is closed.',
    useKey: 'Use this key',
    or: 'or',
    needsHttps: 'Signing in with an identity provider needs HTTPS.',
    provider: (host: string) => `Sign in with ${host}`,
    anonymously: 'Continue without signing in',
    wrong: 'Name and password do not fit together, or the user is disabled.',
    wrongKey: 'This key is not valid here: it may be mistyped, expired or revoked.',
    tooMany: 'Too many attempts. Wait a moment, then try again.'
  },
  {
    ko: {
      title: '로그인',
      ended: '세션이 만료되었습니다. 다시 로그인하면 하던 작업을 계속할 수 있습니다.',
      required: '이 허브는 로그인하지 않은 사용자에게 아무것도 보여 주지 않습니다.',
      user: '사용자',
      password: '비밀번호',
      withPassword: '로그인',
      withKey: 'API 키로 로그인',
      withUser: '사용자 이름과 비밀번호로 로그인',
      key: 'API 키',
      keyHint: '키는 이 브라우저 탭에만 보관되며 탭을 닫으면 지워집니다.',
      useKey: '이 키 사용',
      or: '또는',
      needsHttps: '인증 서버로 로그인하려면 HTTPS가 필요합니다.',
      provider: (host) => `${host} 계정으로 로그인`,
      anonymously: '로그인하지 않고 계속',
      wrong: '사용자 이름과 비밀번호가 맞지 않거나 사용이 중지된 사용자입니다.',
      wrongKey: '이 키는 사용할 수 없습니다. 잘못 입력했거나 만료 또는 폐기된 키일 수 있습니다.',
      tooMany: '시도 횟수가 너무 많습니다. 잠시 후 다시 시도하십시오.'
    }
  }
)
