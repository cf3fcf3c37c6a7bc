/** What all elements of a submodel have in common. */
import { createContext } from 'preact'
import { useContext } from 'preact/hooks'

export interface ElementsContext {
  /** Identifier of the submodel. */
  readonly submodel: string
  readonly canEdit: boolean
  /** Paths of the elements that have just changed. */
  readonly changed: ReadonlySet<string>
}

export const Elements = createContext<ElementsContext>({ submodel: '', canEdit: false, changed: new Set() })

export function useElements(): ElementsContext {
  return useContext(Elements)
}
