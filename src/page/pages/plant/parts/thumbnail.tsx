/** The picture of an asset; read with the caller's credentials, and kept for a while. */
import { useEffect, useState } from 'preact/hooks'
import { readThumbnail } from '../../../../client/api/repository.ts'
import { hub } from '../../../core/hub.ts'
import { onOtherCaller } from '../../../core/session.ts'
import { Icon } from '../../../ui/icon.tsx'

const MAX_PICTURES = 200

/** Object URLs by shell, the oldest first. */
const pictures = new Map<string, Promise<string | undefined>>()

onOtherCaller(() => {
  for (const shell of [...pictures.keys()]) forgetThumbnail(shell)
})

export interface ThumbnailProps {
  readonly shell: string
  /** Does the shell name a picture? */
  readonly isNamed: boolean
  readonly size: number
}

export function Thumbnail({ shell, isNamed, size }: ThumbnailProps) {
  const [url, setUrl] = useState<string>()
  useEffect(() => {
    setUrl(undefined)
    if (!isNamed) return
    let isWanted = true
    void pictureOf(shell).then((found) => {
      if (isWanted) setUrl(found)
    })
    return () => {
      isWanted = false
    }
  }, [shell, isNamed])
  if (url === undefined) return <Icon name="shell" />
  return <img src={url} alt="" width={size} height={size} />
}

function pictureOf(shell: string): Promise<string | undefined> {
  const known = pictures.get(shell)
  if (known !== undefined) return known
  const picture = readThumbnail(hub(), shell).then(
    (blob) => (blob.type.startsWith('image/') ? URL.createObjectURL(blob) : undefined),
    () => undefined
  )
  pictures.set(shell, picture)
  const [oldest] = pictures.keys()
  if (pictures.size > MAX_PICTURES && oldest !== undefined) forgetThumbnail(oldest)
  return picture
}

/** To be called where it was changed. */
export function forgetThumbnail(shell: string): void {
  void pictures.get(shell)?.then((url) => url !== undefined && URL.revokeObjectURL(url))
  pictures.delete(shell)
}
