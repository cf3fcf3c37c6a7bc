/** Prompts for the three who work with a hub: who connects machines, who analyses data, who audits. */

interface PromptArgument {
  readonly name: string
  readonly description: string
  readonly required?: boolean
}

export interface Prompt {
  readonly name: string
  readonly title: string
  readonly description: string
  readonly arguments: readonly PromptArgument[]
  text(given: Readonly<Record<string, string>>): string
}

const ANSWER = (language: string | undefined) =>
  `Answer in ${language === 'ko' ? 'Korean' : (language ?? 'the language of the user')}.`
const LANGUAGE = { name: 'language', description: 'Of the answer, e.g. ko' }

export const prompts: readonly Prompt[] = [
  {
    name: 'connect_machine',
    title: 'Does a machine deliver what is planned?',
    description: 'For those who connect gateways: what arrives, what is missing, and how to send it',
    arguments: [{ name: 'machine', description: 'idShort or id of the shell', required: true }, LANGUAGE],
    text: ({ machine, language }) =>
      [
        `Examine how the machine "${machine}" delivers its data to this hub.`,
        '1. describe the machine, then its submodel of operational data: which elements exist, with which types and units?',
        '2. read_values of it: which have no sample, or an old one?',
        '3. check_collection: which points are silent, slow, late or have gaps? series_gaps of the past day for those.',
        '4. check_validation of the machine: is what is stored valid?',
        'Report per element: state, last sample, what to change at the gateway. Samples are sent to POST /ingest with submodel, path, time and value.',
        ANSWER(language)
      ].join('\n')
  },
  {
    name: 'analyse_machines',
    title: 'Answer a question about machines',
    description: 'For those who analyse: from a question to figures, in few calls',
    arguments: [
      { name: 'question', description: 'In own words', required: true },
      { name: 'timezone', description: 'Of the plant, e.g. Asia/Seoul' },
      LANGUAGE
    ],
    text: ({ question, timezone, language }) =>
      [
        `Answer this question about the plant: ${question}`,
        '1. find the concept of the quantity by "text" (any language); note its idShort.',
        '2. Over all machines: series_statistics with semanticId, the period, and a baseline period where "normal" is asked for. Sigmas above 3 are unusual.',
        '3. query_series only for the machines that matter, with as few points as the question needs.',
        '4. For further work offer export_link; do not copy raw samples into the answer.',
        `State unit, period and time zone${timezone === undefined ? '' : ` (${timezone})`} with every figure, and say where data is missing (series_gaps).`,
        ANSWER(language)
      ].join('\n')
  },
  {
    name: 'audit_hub',
    title: 'Audit the stored twins and the collection',
    description: 'For auditors: validity, completeness and traceability, with the evidence of each statement',
    arguments: [LANGUAGE],
    text: ({ language }) =>
      [
        'Audit this hub. Use only what its tools answer, and cite the tool and arguments behind each statement.',
        '1. find without arguments: which machines are there? describe each: does it have a nameplate, technical data, operational data?',
        '2. check_validation with result "invalid": which findings, by template? How many submodels are valid (result "valid")?',
        '3. check_collection: how many points by verdict? For silent points, when was the last sample?',
        '4. series_gaps of the past week for one element of each machine.',
        'Report: a table of statements with finding, evidence and severity; then what remains to be examined by a person, such as POST /compliance for the signed report.',
        ANSWER(language)
      ].join('\n')
  }
]
