/** What is wrong in descriptions, with its place. */
import type { DescriptionProblem } from '../../../client/api/machines.ts'

/** Of more the first ones are shown. */
const MAX_SHOWN = 20

export function ProblemList({ problems }: { readonly problems: readonly DescriptionProblem[] }) {
  return (
    <ul class="machine-problems">
      {problems.slice(0, MAX_SHOWN).map(({ submodel, path, text }) => (
        <li key={`${submodel} ${path} ${text}`}>
          <span class="mono">{path}</span> <span lang="en">{text}</span>
        </li>
      ))}
    </ul>
  )
}
