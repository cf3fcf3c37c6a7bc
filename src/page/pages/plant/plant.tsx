import { listShells } from '../../../client/api/repository.ts'
import { textOf } from '../../core/format.ts'
import { hub } from '../../core/hub.ts'
import { useLoad } from '../../core/use-load.ts'
import { Failure } from '../../ui/failure.tsx'
import { Loading } from '../../ui/loading.tsx'
import { plantMessages } from './messages.ts'

/** The shells and submodels of the hub. */
export default function Plant() {
  const text = plantMessages()
  const { value, error, reload } = useLoad('shells', (signal) => listShells(hub(), { limit: 100, signal }))
  if (error !== undefined) return <Failure error={error} onRetry={reload} />
  if (value === undefined) return <Loading label={text.title} />
  return (
    <>
      <h1>{text.title}</h1>
      <ul>
        {value.result.map((shell) => (
          <li key={shell.id}>{textOf(shell.displayName) ?? shell.idShort ?? shell.id}</li>
        ))}
      </ul>
    </>
  )
}
