/** The table of settings as a page, derived from src/config/settings.ts. */
import { settingsTable } from '../src/config/config.ts'

export function settingsPage(): string {
  const rows = settingsTable().map(([name, flag, standard, means]) => {
    return `| \`${name}\` | \`${flag}\` | ${standard === '' ? '–' : `\`${standard}\``} | ${means} |`
  })
  return `<!-- Derived from src/config/settings.ts by \`npm run derive\`; edit that file. -->

# Settings

A setting is an environment variable or a flag of the same name; the flag wins. Wrong settings are reported all at once, before anything
starts; \`npm start -- --help\` lists them too. What they are for in production: [operating.md](operating.md).

| Variable | Flag | Default | Meaning |
| --- | --- | --- | --- |
${rows.join('\n')}
`
}
