/** The logo, machines around a hub, inlined into the HTML pages, so that they load nothing. */
export const LOGO = [
  '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32" width="40" height="40" role="img" aria-label="AAS Hub">',
  '<rect width="32" height="32" rx="7" fill="#0b5c8a"/>',
  '<path d="M16 16 8 9M16 16l8-7M16 16 8 24M16 16l8 8" stroke="#9fd3ee" stroke-width="2"/>',
  '<g fill="#fff"><circle cx="16" cy="16" r="5"/><circle cx="8" cy="9" r="2.5"/><circle cx="24" cy="9" r="2.5"/>',
  '<circle cx="8" cy="24" r="2.5"/><circle cx="24" cy="24" r="2.5"/></g>',
  '</svg>'
].join('')
