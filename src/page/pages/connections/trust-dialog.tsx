/** Before a certificate is trusted: what it says of itself, to be compared with the machine. */
import { changeCertificate, type MachineCertificate } from '../../../client/api/machines.ts'
import { formatTime } from '../../core/format.ts'
import { hub } from '../../core/hub.ts'
import { FormDialog } from '../../ui/dialog.tsx'
import { FactList } from '../../ui/fact-list.tsx'
import { Notice } from '../../ui/notice.tsx'
import { machineMessages } from './machine-messages.ts'

export interface TrustDialogProps {
  readonly certificate: MachineCertificate
  readonly onClose: () => void
}

export function TrustDialog({ certificate, onClose }: TrustDialogProps) {
  const text = machineMessages()
  const { thumbprint, subject, issuer, validFrom, validTo } = certificate
  return (
    <FormDialog
      title={text.trustTitle}
      action={text.trustAction}
      onClose={onClose}
      onSubmit={async () => {
        await changeCertificate(hub(), thumbprint, 'trust')
        onClose()
      }}
    >
      <Notice kind="warning">{text.trustHow}</Notice>
      <p>{text.thumbprint}</p>
      <code class="machine-thumbprint">{inPairs(thumbprint)}</code>
      <FactList
        facts={[
          [text.certificate, subject],
          [text.issuer, issuer],
          [text.validity, text.period(formatTime(validFrom), formatTime(validTo))]
        ]}
      />
    </FormDialog>
  )
}

/** As machines show it. */
export function inPairs(thumbprint: string): string {
  return (thumbprint.toUpperCase().match(/../g) ?? []).join(' ')
}
