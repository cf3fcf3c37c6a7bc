/** The sample plant, as a person uploads it. */
import { plant } from '../../scripts/demo/plant.ts'

/** @param api URL of the API @throws Error unless it is stored */
export async function uploadPlant({ api }: { readonly api: string }): Promise<void> {
  const form = new FormData()
  form.append('file', new Blob([JSON.stringify(plant())], { type: 'application/json' }), 'plant.json')
  const response = await fetch(`${api}/upload`, { method: 'POST', body: form })
  if (!response.ok) throw new Error(await response.text())
}
