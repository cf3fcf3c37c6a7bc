/** The release, as package.json says. */
import about from '../package.json' with { type: 'json' }

export const VERSION: string = about.version
