/** The machines that the hub reads, with what can be done about each. */
import { useEffect, useState } from 'preact/hooks'
import { listCertificates, listConnections, switchConnection } from '../../../client/api/machines.ts'
import { formatNumber } from '../../core/format.ts'
import { hub } from '../../core/hub.ts'
import { useLoad } from '../../core/use-load.ts'
import { Failure } from '../../ui/failure.tsx'
import { Loading } from '../../ui/loading.tsx'
import { Notice } from '../../ui/notice.tsx'
import { DiscoverDialog } from './discover-dialog.tsx'
import { machineMessages } from './machine-messages.ts'
import { type MachineAction, MachineTable } from './machine-table.tsx'
import { ProblemList } from './problem-list.tsx'
import { TestDialog } from './test-dialog.tsx'
import { TrustDialog } from './trust-dialog.tsx'

/** Also how soon a machine that was just stored is seen. */
const REFRESH_MS = 2000

type Opened = MachineAction | { readonly is: 'discover' }

export function Machines({ mayChange }: { readonly mayChange: boolean }) {
  const text = machineMessages()
  const { value, error, isLoading, reload } = useLoad('machines', async (signal) => {
    const list = await listConnections(hub(), signal)
    const isOpcua = list.result.some(({ protocol }) => protocol === 'opcua')
    return { ...list, certificates: isOpcua ? await listCertificates(hub(), signal) : [] }
  })
  const [opened, setOpened] = useState<Opened>()
  const [failure, setFailure] = useState<unknown>()
  useEffect(() => {
    if (isLoading) return
    const timer = setTimeout(() => document.hidden || reload(), REFRESH_MS)
    return () => clearTimeout(timer)
  }, [isLoading, reload])
  const close = () => {
    setOpened(undefined)
    reload()
  }
  const act = async (action: MachineAction) => {
    if (action.is !== 'start' && action.is !== 'stop') return setOpened(action)
    try {
      await switchConnection(hub(), action.connection.id, action.is)
      setFailure(undefined)
    } catch (reason) {
      setFailure(reason)
    }
    reload()
  }
  return (
    <section class="machines" aria-labelledby="machines">
      <div class="machines-head">
        <h2 id="machines">{text.machines}</h2>
        {mayChange && value?.isCollecting === true && (
          <button type="button" class="button" onClick={() => setOpened({ is: 'discover' })}>
            {text.discover}
          </button>
        )}
      </div>
      {error !== undefined && <Failure error={error} onRetry={reload} />}
      {failure !== undefined && <Failure error={failure} />}
      {value === undefined && error === undefined && <Loading label={text.loading} />}
      {value !== undefined && (
        <>
          {value.problems.length > 0 && (
            <Notice kind="warning">
              <p>
                {text.wrongMappings} ({formatNumber(value.problems.length)})
              </p>
              <ProblemList problems={value.problems} />
            </Notice>
          )}
          {value.result.length === 0 ? (
            <p class="empty">{value.isCollecting ? text.noMachines : text.notCollecting}</p>
          ) : (
            <MachineTable
              {...value}
              connections={value.result}
              mayChange={mayChange}
              onAction={(one) => void act(one)}
            />
          )}
        </>
      )}
      {opened?.is === 'discover' && <DiscoverDialog onClose={close} />}
      {opened?.is === 'test' && <TestDialog connection={opened.connection} onClose={close} />}
      {opened?.is === 'trust' && <TrustDialog certificate={opened.certificate} onClose={close} />}
    </section>
  )
}
