/** Colours of series, distinguished also by those who do not see red and green alike; a contrast of 3 or more to the surface. */
import { currentTheme } from '../../core/theme.ts'

const LIGHT = ['#0b5c8a', '#b34700', '#14653a', '#8a2a6b', '#6b5b00', '#5340a8', '#a61b22', '#37474f']
const DARK = ['#6cc0f0', '#f2a65a', '#6bd49a', '#e69ad0', '#d9cc5c', '#b3a6ff', '#ff9a9a', '#b0bec5']

export function seriesColor(index: number): string {
  const colors = currentTheme() === 'dark' ? DARK : LIGHT
  return colors[index % colors.length] ?? '#888888'
}
