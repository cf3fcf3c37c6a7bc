/** The table of settings as a page, derived from src/config/. */
import { settingsTable } from '../src/config/config.ts'

export function settingsPage(): string {
  return `<!-- Derived from src/config/settings.ts by \`npm run derive\`; edit that file. -->

# Settings

[한국어](settings.ko.md)

A setting is an environment variable or a flag of the same name; the flag wins. Wrong settings are reported all at once, before anything
starts; \`npm start -- --help\` lists them too. What they are for in production: [operating.md](operating.md).

| Variable | Flag | Default | Meaning |
| --- | --- | --- | --- |
${rows('en')}
`
}

export function settingsPageKo(): string {
  return `<!-- Derived from src/config/settings-ko.ts by \`npm run derive\`; edit that file. -->

# 설정

[English](settings.md)

설정은 환경 변수 또는 같은 이름의 플래그로 하며, 플래그가 우선합니다. 잘못된 설정은 시작하기 전에 한꺼번에 알려 줍니다. 모든 설정은
\`npm start -- --help\`로도 볼 수 있습니다. 운영할 때의 쓰임새: [operating.md](operating.md).

| 환경 변수 | 플래그 | 기본값 | 뜻 |
| --- | --- | --- | --- |
${rows('ko')}
`
}

function rows(language: 'en' | 'ko'): string {
  return settingsTable(language)
    .map(([name, flag, standard, means]) => {
      return `| \`${name}\` | \`${flag}\` | ${standard === '' ? '–' : `\`${standard}\``} | ${means} |`
    })
    .join('\n')
}
