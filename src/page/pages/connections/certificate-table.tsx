/** Certificates with their trust, and what can be done about each. */
import type { MachineCertificate } from '../../../client/api/machines.ts'
import { formatTime } from '../../core/format.ts'
import { save } from '../../core/save.ts'
import { TableScroll } from '../../ui/table-scroll.tsx'
import { machineMessages } from './machine-messages.ts'
import { inPairs } from './trust-dialog.tsx'

export interface CertificateAction {
  readonly is: 'trust' | 'reject' | 'remove' | 'renew'
  readonly certificate: MachineCertificate
}

export interface CertificateTableProps {
  readonly certificates: readonly MachineCertificate[]
  readonly mayChange: boolean
  readonly onAction: (action: CertificateAction) => void
}

const BADGES: Readonly<Record<MachineCertificate['trust'], string>> = {
  own: 'accent',
  trusted: 'good',
  rejected: 'error'
}

export function CertificateTable({ certificates, mayChange, onAction }: CertificateTableProps) {
  const text = machineMessages()
  return (
    <TableScroll label={text.certificates} isCard>
      <table class="table">
        <thead>
          <tr>
            <th scope="col">{text.certificate}</th>
            <th scope="col">{text.trusts}</th>
            <th scope="col">{text.valid}</th>
            {mayChange && <th scope="col">{text.actions}</th>}
          </tr>
        </thead>
        <tbody>
          {certificates.map((certificate) => (
            <tr key={`${certificate.trust} ${certificate.thumbprint}`}>
              <th scope="row">
                {nameOf(certificate)}
                <span class="sender-place mono machine-pairs">{inPairs(certificate.thumbprint)}</span>
              </th>
              <td>
                <span class={`badge ${BADGES[certificate.trust]}`}>{text[certificate.trust]}</span>{' '}
                {certificate.isAuthority && <span class="badge">{text.authority}</span>}
              </td>
              <td>
                {formatTime(certificate.validTo)}{' '}
                {Date.parse(certificate.validTo) < Date.now() && <span class="badge error">{text.expired}</span>}
              </td>
              {mayChange && (
                <td>
                  <CertificateActions certificate={certificate} onAction={onAction} />
                </td>
              )}
            </tr>
          ))}
        </tbody>
      </table>
    </TableScroll>
  )
}

interface CertificateActionsProps {
  readonly certificate: MachineCertificate
  readonly onAction: (action: CertificateAction) => void
}

function CertificateActions({ certificate, onAction }: CertificateActionsProps) {
  const text = machineMessages()
  const { trust, certificate: pem = '' } = certificate
  const name = nameOf(certificate)
  const act = (is: CertificateAction['is']) => () => onAction({ is, certificate })
  const button = (label: string, long: string, onClick: () => void) => (
    <button type="button" class="button small" aria-label={long} onClick={onClick}>
      {label}
    </button>
  )
  return (
    <span class="row machine-actions">
      {trust === 'own' && button(text.downloadOwn, text.downloadOwn, () => save(new Blob([pem]), 'aas-hub.pem'))}
      {trust === 'own' && button(text.renew, text.renew, act('renew'))}
      {trust === 'rejected' && button(text.trust, text.trustOf(name), act('trust'))}
      {trust === 'trusted' && button(text.reject, text.rejectOf(name), act('reject'))}
      {trust !== 'own' && button(text.remove, text.removeOf(name), act('remove'))}
    </span>
  )
}

/** The common name of its subject. */
export function nameOf({ subject }: MachineCertificate): string {
  return /(?:^|, )CN=([^,]+)/.exec(subject)?.[1] ?? subject
}
