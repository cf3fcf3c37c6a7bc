/** A digital nameplate (IDTA 02006) as it would be on the machine. */
import type { Element, LangString, SubmodelDocument } from '../../../../client/api/aas.ts'
import { textOf } from '../../../core/format.ts'
import { formatValue } from '../../../core/format-value.ts'
import { AttachmentPicture, holdsPicture } from '../parts/attachment-picture.tsx'
import { childrenOf } from '../parts/element-tree.ts'
import { WebLink } from '../parts/reference-link.tsx'
import { Markings } from './markings.tsx'
import { detailMessages, nameplateMessages } from './messages.ts'

export function isNameplate({ semanticId }: SubmodelDocument): boolean {
  return /\/nameplate\/\d/i.test(semanticId?.keys[0]?.value ?? '')
}

/** What is large on a nameplate, and what follows in its order. */
const HEADLINES = ['ManufacturerName', 'ManufacturerProductDesignation'] as const
const FIELDS = [
  ...(['ManufacturerProductFamily', 'ManufacturerProductType', 'OrderCodeOfManufacturer', 'SerialNumber'] as const),
  ...(['ProductArticleNumberOfManufacturer', 'YearOfConstruction', 'DateOfManufacture', 'CountryOfOrigin'] as const),
  ...(['HardwareVersion', 'FirmwareVersion', 'SoftwareVersion'] as const)
]
const ADDRESSES = ['AddressInformation', 'ContactInformation']
/** A collection of the address, and what it holds. */
const CONTACTS = [
  ['Phone', 'TelephoneNumber'],
  ['Email', 'EmailAddress']
] as const
const ADDRESS_PARTS = ['Street', 'Zipcode', 'CityTown', 'StateCounty', 'NationalCode']

export function Nameplate({ submodel }: { readonly submodel: SubmodelDocument }) {
  const text = detailMessages()
  const fields = nameplateMessages()
  const elements = submodel.submodelElements ?? []
  const find = (idShort: string) => elements.find((element) => element.idShort === idShort)
  const [manufacturer, designation] = HEADLINES.map((name) => plainText(find(name)))
  const address = ADDRESSES.map(find).find((found) => found !== undefined)
  const product = plainText(find('URIOfTheProduct'))
  const [logo, markings] = ['CompanyLogo', 'Markings'].map(find)
  return (
    <section class="nameplate" aria-label={text.nameplate}>
      {holdsPicture(logo) && (
        <AttachmentPicture
          submodel={submodel.id}
          path="CompanyLogo"
          alt={text.logoOf(manufacturer ?? '')}
          class="nameplate-logo"
        />
      )}
      <p class="nameplate-maker">{manufacturer}</p>
      <p class="nameplate-product">{designation}</p>
      {address !== undefined && <Contact address={address} />}
      <dl class="nameplate-fields">
        {FIELDS.map((name) => [name, plainText(find(name))] as const)
          .filter(([, value]) => value !== undefined)
          .map(([name, value]) => (
            <div key={name}>
              <dt>{fields[name]}</dt>
              <dd>{value}</dd>
            </div>
          ))}
      </dl>
      {markings !== undefined && <Markings submodel={submodel.id} markings={{ element: markings, path: 'Markings' }} />}
      {product !== undefined && (
        <p class="nameplate-link">
          <WebLink text={product} />
        </p>
      )}
    </section>
  )
}

/** Where the manufacturer is, and how it is reached. */
function Contact({ address }: { readonly address: Element }) {
  const [phone, email] = CONTACTS.map(([group, name]) => {
    const found = childrenOf(address).find(({ idShort = '' }) => idShort.startsWith(group))
    return plainText(found && childrenOf(found).find(({ idShort = '' }) => idShort.startsWith(name)))
  })
  return (
    <p class="nameplate-address">
      <span>{addressLine(address)}</span>
      {phone !== undefined && <a href={`tel:${phone.replace(/[^\d+]/g, '')}`}>{phone}</a>}
      {email !== undefined && <a href={`mailto:${encodeURIComponent(email).replace('%40', '@')}`}>{email}</a>}
    </p>
  )
}

function addressLine(address: Element): string {
  const parts = childrenOf(address)
  return ADDRESS_PARTS.map((name) => plainText(parts.find(({ idShort }) => idShort === name)))
    .filter((part) => part !== undefined)
    .join(', ')
}

function plainText(element: Element | undefined): string | undefined {
  if (element === undefined) return undefined
  if (element.modelType === 'MultiLanguageProperty') return textOf(element.value as readonly LangString[] | undefined)
  return typeof element.value === 'string' ? formatValue(element.value, element.valueType) : undefined
}
