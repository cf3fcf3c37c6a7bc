/** Who is connected: machines that the hub reads, with their certificates, and all that send to it. */
import { config } from '../../core/hub.ts'
import { linkTo } from '../../core/router.ts'
import { roles } from '../../core/session.ts'
import { isAdministratorOrAuditor, type PageProps } from '../../page-definition.ts'
import { PageHead } from '../../ui/page-head.tsx'
import { Tabs } from '../../ui/tabs.tsx'
import { Certificates } from './certificates.tsx'
import { machineMessages } from './machine-messages.ts'
import { Machines } from './machines.tsx'
import { connectionMessages } from './messages.ts'
import { Traffic } from './traffic.tsx'
import './connections.css'

export default function Connections({ params }: PageProps) {
  const text = connectionMessages()
  const machine = machineMessages()
  const isOpen = config.value?.open === true
  const mayChange = isOpen || ['administrator', 'engineer'].some((role) => roles.value.includes(role))
  const maySeeTraffic = isAdministratorOrAuditor({ roles: roles.value, isOpen })
  const view = params.view === 'certificates' ? 'certificates' : 'connections'
  return (
    <>
      <PageHead title={text.title} about={text.about}>
        <a class="button" href={linkTo('collection-points')}>
          {text.points}
        </a>
      </PageHead>
      <Tabs
        label={machine.views}
        path="connections"
        chosen={view}
        views={[
          ['connections', machine.connectionsView],
          ['certificates', machine.certificatesView]
        ]}
      />
      {view === 'certificates' && <Certificates mayChange={mayChange} />}
      {view === 'connections' && <Machines mayChange={mayChange} />}
      {view === 'connections' && maySeeTraffic && <Traffic />}
    </>
  )
}
