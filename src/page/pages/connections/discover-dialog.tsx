/** An OPC UA server that is browsed, described, and stored by click. */
import { useState } from 'preact/hooks'
import { type DiscoveredServer, discoverMachine } from '../../../client/api/machines.ts'
import { storeFile } from '../../../client/api/upload.ts'
import { formatNumber } from '../../core/format.ts'
import { hub } from '../../core/hub.ts'
import { save } from '../../core/save.ts'
import { Dialog, FormDialog } from '../../ui/dialog.tsx'
import { Failure } from '../../ui/failure.tsx'
import { Loading } from '../../ui/loading.tsx'
import { Notice } from '../../ui/notice.tsx'
import { machineMessages } from './machine-messages.ts'

const SECURITIES = ['SignAndEncrypt:Aes256_Sha256_RsaPss', 'SignAndEncrypt:Basic256Sha256', 'Sign:Basic256Sha256']

export function DiscoverDialog({ onClose }: { readonly onClose: () => void }) {
  const text = machineMessages()
  const [discovered, setDiscovered] = useState<DiscoveredServer>()
  const [isBrowsing, setBrowsing] = useState(false)
  const [address, setAddress] = useState('opc.tcp://')
  const [security, setSecurity] = useState('')
  const [secret, setSecret] = useState('')
  const [idBase, setIdBase] = useState('')
  const [sampling, setSampling] = useState('1')
  if (discovered !== undefined) return <Found discovered={discovered} onClose={onClose} />
  const browse = async () => {
    setBrowsing(true)
    try {
      setDiscovered(
        await discoverMachine(hub(), {
          address: address.trim(),
          ...(security !== '' && { security }),
          ...(secret !== '' && { secret }),
          ...(idBase !== '' && { idBase }),
          ...(Number(sampling) > 0 && { sampling: Number(sampling) })
        })
      )
    } finally {
      setBrowsing(false)
    }
  }
  return (
    <FormDialog
      title={text.discover}
      action={text.browse}
      isComplete={/^opc\.tcp:\/\/./i.test(address.trim())}
      onClose={onClose}
      onSubmit={browse}
    >
      <p>{text.discoverHow}</p>
      <TextField label={text.address} hint={text.addressHint} value={address} onChange={setAddress} />
      <label class="field">
        <span>{text.security}</span>
        <select value={security} onChange={({ currentTarget }) => setSecurity(currentTarget.value)}>
          <option value="">{text.securityBest}</option>
          {SECURITIES.map((one) => (
            <option key={one} value={one}>
              {one.replace(':', ', ')}
            </option>
          ))}
          <option value="none">{text.securityNone}</option>
        </select>
      </label>
      <TextField label={text.secret} hint={text.secretHint} value={secret} onChange={setSecret} />
      <TextField label={text.idBase} hint={text.idBaseHint} value={idBase} onChange={setIdBase} />
      <TextField label={text.sampling} value={sampling} onChange={setSampling} />
      {isBrowsing && <Loading label={text.browsing} />}
    </FormDialog>
  )
}

interface TextFieldProps {
  readonly label: string
  readonly hint?: string
  readonly value: string
  readonly onChange: (value: string) => void
}

function TextField({ label, hint, value, onChange }: TextFieldProps) {
  return (
    <label class="field">
      <span>{label}</span>
      <input
        value={value}
        maxLength={500}
        autocomplete="off"
        spellcheck={false}
        onInput={({ currentTarget }) => onChange(currentTarget.value)}
      />
      {hint !== undefined && <span class="field-hint">{hint}</span>}
    </label>
  )
}

interface FoundProps {
  readonly discovered: DiscoveredServer
  readonly onClose: () => void
}

function Found({ discovered: { found, environment }, onClose }: FoundProps) {
  const text = machineMessages()
  const [state, setState] = useState<'found' | 'storing' | 'stored'>('found')
  const [error, setError] = useState<unknown>()
  const file = () => new Blob([JSON.stringify(environment, null, 2)], { type: 'application/json' })
  const store = async () => {
    setState('storing')
    setError(undefined)
    try {
      await storeFile(hub(), { content: file(), name: 'machine.json' }, 'refuse')
      setState('stored')
    } catch (reason) {
      setError(reason)
      setState('found')
    }
  }
  return (
    <Dialog title={text.found(found.name, found.address)} onClose={onClose}>
      <p>
        {text.foundCounts(formatNumber(found.values), formatNumber(found.methods))} ({found.policy}, {found.mode})
      </p>
      {found.isCut && <Notice kind="warning">{text.isCut}</Notice>}
      {state === 'stored' && <Notice kind="success">{text.stored}</Notice>}
      {error !== undefined && <Failure error={error} />}
      <footer class="dialog-foot">
        <button type="button" class="button" onClick={() => save(file(), 'machine.json')}>
          {text.download}
        </button>
        {state !== 'stored' && (
          <button type="button" class="button primary" disabled={state === 'storing'} onClick={() => void store()}>
            {text.store}
          </button>
        )}
      </footer>
    </Dialog>
  )
}
