/** Something is on its way. Appears only after a moment, so that quick answers do not flicker. */
export function Loading({ label }: { readonly label: string }) {
  return (
    <p class="loading" role="status">
      <span class="spinner" aria-hidden="true" />
      <span>{label}</span>
    </p>
  )
}
