/** The certificates by which the hub and OPC UA servers know each other. */
import { useState } from 'preact/hooks'
import { changeCertificate, listCertificates, renewCertificate } from '../../../client/api/machines.ts'
import { hub } from '../../core/hub.ts'
import { useLoad } from '../../core/use-load.ts'
import { FormDialog } from '../../ui/dialog.tsx'
import { Failure } from '../../ui/failure.tsx'
import { Loading } from '../../ui/loading.tsx'
import { type CertificateAction, CertificateTable, nameOf } from './certificate-table.tsx'
import { machineMessages } from './machine-messages.ts'
import { TrustDialog } from './trust-dialog.tsx'

export function Certificates({ mayChange }: { readonly mayChange: boolean }) {
  const text = machineMessages()
  const { value, error, reload } = useLoad('machine certificates', (signal) => listCertificates(hub(), signal))
  const [opened, setOpened] = useState<CertificateAction>()
  const [failure, setFailure] = useState<unknown>()
  const close = () => {
    setOpened(undefined)
    reload()
  }
  const act = async (action: CertificateAction) => {
    if (action.is !== 'remove') return setOpened(action)
    setFailure(undefined)
    await changeCertificate(hub(), action.certificate.thumbprint, 'remove').catch(setFailure)
    reload()
  }
  return (
    <section aria-labelledby="machine-certificates">
      <h2 id="machine-certificates" class="connections-heading">
        {text.certificates}
      </h2>
      <p class="muted">{text.certificatesHow}</p>
      {error !== undefined && <Failure error={error} onRetry={reload} />}
      {failure !== undefined && <Failure error={failure} />}
      {value === undefined && error === undefined && <Loading label={text.loading} />}
      {value !== undefined && value.length === 0 && <p class="empty">{text.noCertificates}</p>}
      {value !== undefined && value.length > 0 && (
        <CertificateTable certificates={value} mayChange={mayChange} onAction={(one) => void act(one)} />
      )}
      {opened?.is === 'trust' && <TrustDialog certificate={opened.certificate} onClose={close} />}
      {opened?.is === 'reject' && (
        <FormDialog
          title={text.rejectTitle}
          action={text.reject}
          isDangerous
          onClose={close}
          onSubmit={async () => {
            await changeCertificate(hub(), opened.certificate.thumbprint, 'reject')
            close()
          }}
        >
          <p>{nameOf(opened.certificate)}</p>
          <p>{text.rejectHow}</p>
        </FormDialog>
      )}
      {opened?.is === 'renew' && (
        <FormDialog
          title={text.renewTitle}
          action={text.renew}
          isDangerous
          onClose={close}
          onSubmit={async () => {
            await renewCertificate(hub())
            close()
          }}
        >
          <p>{text.renewHow}</p>
        </FormDialog>
      )}
    </section>
  )
}
