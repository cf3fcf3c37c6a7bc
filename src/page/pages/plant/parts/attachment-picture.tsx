/** The picture in a File element, read with the caller's credentials; nothing where there is none. */
import { signal } from '@preact/signals'
import { useEffect, useState } from 'preact/hooks'
import type { Element } from '../../../../client/api/aas.ts'
import { readAttachment } from '../../../../client/api/elements.ts'
import { hub } from '../../../core/hub.ts'

/** How many files were sent: their pictures may be shown elsewhere on the page, and are read again. */
const sentFiles = signal(0)

/** To be called where the file of an element was changed. */
export function rereadPictures(): void {
  sentFiles.value++
}

export interface AttachmentPictureProps {
  readonly submodel: string
  /** idShortPath of the File. */
  readonly path: string
  readonly alt: string
  readonly class: string
}

export function AttachmentPicture({ submodel, path, alt, class: name }: AttachmentPictureProps) {
  const [url, setUrl] = useState<string>()
  useEffect(() => {
    let made: string | undefined
    let isWanted = true
    readAttachment(hub(), submodel, path).then(
      (blob) => {
        if (!isWanted || !blob.type.startsWith('image/')) return
        made = URL.createObjectURL(blob)
        setUrl(made)
      },
      // The element is listed below with what is wrong with it.
      () => {}
    )
    return () => {
      isWanted = false
      if (made !== undefined) URL.revokeObjectURL(made)
      setUrl(undefined)
    }
  }, [submodel, path, sentFiles.value])
  return url === undefined ? null : <img class={name} src={url} alt={alt} />
}

/** Does a File hold a picture that the hub has? */
export function holdsPicture(file: Element | undefined): boolean {
  return (
    file?.modelType === 'File' &&
    typeof file.value === 'string' &&
    file.value !== '' &&
    !/^https?:/.test(file.value) &&
    file.contentType?.startsWith('image/') === true
  )
}
