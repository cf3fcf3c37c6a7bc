/** The text format of Prometheus. */

/** For a value without labels. */
export const NO_LABEL = ''

/** One metric. @param values by labels */
export function metricText(
  name: string,
  type: 'gauge' | 'counter',
  help: string,
  values: Readonly<Record<string, number>>
): string {
  const lines = Object.entries(values).map(([labels, value]) => `aas_hub_${name}${labels} ${value}`)
  return `# HELP aas_hub_${name} ${help}\n# TYPE aas_hub_${name} ${type}\n${lines.join('\n')}`
}
