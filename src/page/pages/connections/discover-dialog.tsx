/** A machine that is described and stored by click: an OPC UA server is browsed, a Modbus device has a list of registers. */
import { useState } from 'preact/hooks'
import { type DiscoveredServer, type DiscoveryInput, discoverMachine } from '../../../client/api/machines.ts'
import { hub } from '../../core/hub.ts'
import { FormDialog } from '../../ui/dialog.tsx'
import { FileButton } from '../../ui/file-button.tsx'
import { Loading } from '../../ui/loading.tsx'
import { DiscoveredDialog } from './discovered-dialog.tsx'
import { machineMessages } from './machine-messages.ts'
import { type RegisterFile, readRegisterFile } from './register-file.ts'

const SECURITIES = ['SignAndEncrypt:Aes256_Sha256_RsaPss', 'SignAndEncrypt:Basic256Sha256', 'Sign:Basic256Sha256']

/** Beginning of an address, by its protocol. */
const SCHEMES = { opcua: 'opc.tcp://', modbus: 'modbus+tcp://' } as const
type Protocol = keyof typeof SCHEMES

const ADDRESSES: Readonly<Record<Protocol, RegExp>> = {
  opcua: /^opc\.tcp:\/\/./i,
  modbus: /^modbus\+(?:tcp|rtu\+tcp):\/\/./i
}

interface Fields {
  readonly address: string
  readonly idBase: string
  /** Of OPC UA; empty: the best that is offered, anonymous. */
  readonly security: string
  readonly secret: string
  readonly sampling: string
  /** Of Modbus. */
  readonly unit: string
  readonly list?: RegisterFile | undefined
}

const EMPTY: Fields = { address: SCHEMES.opcua, idBase: '', security: '', secret: '', sampling: '1', unit: '1' }

function inputOf(protocol: Protocol, fields: Fields): DiscoveryInput {
  const { idBase, list, unit, security, secret, sampling } = fields
  const isModbus = protocol === 'modbus'
  return {
    address: fields.address.trim(),
    ...(idBase !== '' && { idBase }),
    ...(isModbus && list !== undefined && { registers: list.text, title: list.title }),
    ...(isModbus && Number(unit) > 0 && { unit: Number(unit) }),
    ...(!isModbus && security !== '' && { security }),
    ...(!isModbus && secret !== '' && { secret }),
    ...(!isModbus && Number(sampling) > 0 && { sampling: Number(sampling) })
  }
}

export function DiscoverDialog({ onClose }: { readonly onClose: () => void }) {
  const text = machineMessages()
  const [discovered, setDiscovered] = useState<DiscoveredServer>()
  const [isBrowsing, setBrowsing] = useState(false)
  const [protocol, setProtocol] = useState<Protocol>('opcua')
  const [fields, setFields] = useState(EMPTY)
  if (discovered !== undefined) return <DiscoveredDialog discovered={discovered} onClose={onClose} />
  const isModbus = protocol === 'modbus'
  const change = (part: Partial<Fields>) => setFields((before) => ({ ...before, ...part }))
  const browse = async () => {
    setBrowsing(true)
    try {
      setDiscovered(await discoverMachine(hub(), inputOf(protocol, fields)))
    } finally {
      setBrowsing(false)
    }
  }
  const choose = (next: Protocol) => {
    setProtocol(next)
    change({ address: SCHEMES[next] })
  }
  return (
    <FormDialog
      title={text.discover}
      action={isModbus ? text.describe : text.browse}
      isComplete={ADDRESSES[protocol].test(fields.address.trim()) && (!isModbus || fields.list !== undefined)}
      onClose={onClose}
      onSubmit={browse}
    >
      <p>{text.discoverHow}</p>
      <label class="field">
        <span>{text.protocol}</span>
        <select value={protocol} onChange={({ currentTarget }) => choose(currentTarget.value as Protocol)}>
          <option value="opcua">OPC UA</option>
          <option value="modbus">Modbus</option>
        </select>
      </label>
      <TextField
        label={text.address}
        hint={isModbus ? text.modbusAddressHint : text.addressHint}
        value={fields.address}
        onChange={(address) => change({ address })}
      />
      {isModbus ? <ModbusFields {...{ fields, change }} /> : <OpcuaFields {...{ fields, change }} />}
      <TextField
        label={text.idBase}
        hint={isModbus ? text.idBaseFromTitle : text.idBaseHint}
        value={fields.idBase}
        onChange={(idBase) => change({ idBase })}
      />
      {isBrowsing && !isModbus && <Loading label={text.browsing} />}
    </FormDialog>
  )
}

interface FieldsProps {
  readonly fields: Fields
  readonly change: (part: Partial<Fields>) => void
}

function OpcuaFields({ fields, change }: FieldsProps) {
  const text = machineMessages()
  return (
    <>
      <label class="field">
        <span>{text.security}</span>
        <select value={fields.security} onChange={({ currentTarget }) => change({ security: currentTarget.value })}>
          <option value="">{text.securityBest}</option>
          {SECURITIES.map((one) => (
            <option key={one} value={one}>
              {one.replace(':', ', ')}
            </option>
          ))}
          <option value="none">{text.securityNone}</option>
        </select>
      </label>
      <TextField
        label={text.secret}
        hint={text.secretHint}
        value={fields.secret}
        onChange={(secret) => change({ secret })}
      />
      <TextField label={text.sampling} value={fields.sampling} onChange={(sampling) => change({ sampling })} />
    </>
  )
}

function ModbusFields({ fields: { list, unit }, change }: FieldsProps) {
  const text = machineMessages()
  const read = async (file: File) => {
    // The one before is no longer meant.
    change({ list: undefined })
    change({ list: await readRegisterFile(file) })
  }
  return (
    <>
      <div class="field">
        <span>{text.registers}</span>
        <div class="register-file">
          <FileButton
            kind="small"
            accept=".csv,.txt,text/csv"
            onFiles={([file]) => file !== undefined && void read(file)}
          >
            {text.chooseList}
          </FileButton>
          <span class="mono">{list?.name}</span>
        </div>
        <span class="field-hint">{text.registersHint}</span>
      </div>
      <TextField label={text.unit} hint={text.unitHint} value={unit} onChange={(next) => change({ unit: next })} />
    </>
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
