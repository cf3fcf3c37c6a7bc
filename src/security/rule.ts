/** Access rules (Part 4) after parsing: names are resolved, every rule stands for itself. */
import type { Attribute, Condition } from '../model/condition/condition.ts'
import type { FragmentFilter } from '../model/condition/filter.ts'
import type { Subject as DocumentKind } from '../model/condition/subject.ts'
import type { Step } from '../model/path.ts'
import type { Right } from './rights.ts'

export type { Subject as DocumentKind } from '../model/condition/subject.ts'

export interface AccessRule {
  /** Identifies the rule in messages: file and JSON Pointer. */
  readonly name: string
  /** False: the rule is DISABLED. */
  readonly enabled: boolean
  /** Without VIEW where READ is contained: READ implies it. */
  readonly rights: ReadonlySet<Right>
  /** All must be available to the subject. */
  readonly attributes: readonly Attribute[]
  /** One of them must cover the target. */
  readonly objects: readonly AccessObject[]
  readonly formula: Condition
  readonly filters: readonly AccessFilter[]
}

/** What a rule is about. */
export type AccessObject =
  | RoutePattern
  /** An identifiable or descriptor and everything below it; without id: every one of the kind. */
  | { readonly is: 'document'; readonly text: string; readonly kind: DocumentKind; readonly id?: string }
  /** An element and everything below it; without id: in every submodel; with an empty path: every element. */
  | { readonly is: 'element'; readonly text: string; readonly id?: string; readonly path: readonly Step[] }
  /** A fragment covers no resource by itself. */
  | { readonly is: 'fragment'; readonly text: string }

/** Segments of a path, each as the texts between its wildcards. */
export interface RoutePattern {
  readonly is: 'route'
  readonly text: string
  readonly segments: readonly (readonly string[])[]
  /** Whatever follows the last segment is covered too, also the rest of that segment. */
  readonly isPrefix: boolean
}

/** Each item of a list is judged by itself. */
export type AccessFilter = Omit<FragmentFilter, 'asWhole'>
