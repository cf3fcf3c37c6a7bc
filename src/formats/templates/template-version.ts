import type { Schema } from './schema.ts'
import type { Template } from './template.ts'

/** Name and version of a template: `Nameplate 3.0.1`. */
export function templateName({ name, source }: Template): string {
  return source.version === undefined ? name : `${name} ${source.version}`
}

/** The top-level `$comment` of a schema: origin and licence. */
export function provenance({ name, source, main }: Template): string {
  const { publication, version, licence } = source
  if (publication === undefined) return `Structure of the stored submodel ${name}, as it is.`
  return [
    `Derived from the submodel template ${publication} ${name}, version ${version}, semanticId ${main?.join(' / ').trim()}.`,
    `Licence of the template: ${licence}.`,
    'Do not edit: run scripts/derive.ts.'
  ].join(' ')
}

/** Was the top-level comment written by {@link provenance}? */
export function isGenerated({ $comment }: Schema): boolean {
  return (
    typeof $comment === 'string' && /^(?:Derived from the submodel template|Structure of the stored) /.test($comment)
  )
}

/** The version that {@link provenance} wrote into a schema. */
export function versionIn(schema: Schema): string | undefined {
  return /, version ([^,]*), semanticId /.exec(String(schema.$comment))?.[1]
}

/** The `$id`: the template's semanticId as a URI without fragment, with a query if one id has several schemas. */
export function schemaId({ main, name, source }: Template, form: 'normal' | 'value'): string {
  const id = (main ?? [name]).join('/').trim()
  const isUri = /^[a-z][a-z0-9+.-]*:[^\s#]+$/i.test(id)
  const base = isUri ? id : `urn:aas:semantic-id:${encodeURIComponent(id)}`
  const query = [
    ...(source.variant === undefined ? [] : [`variant=${source.variant}`]),
    ...(form === 'value' ? ['content=value'] : [])
  ]
  return query.length === 0 ? base : `${base}${base.includes('?') ? '&' : '?'}${query.join('&')}`
}
