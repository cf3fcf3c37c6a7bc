/** Addresses of the machine itself. */

/** Can only programs on this machine connect? @param host a name, or an address without brackets */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127\.\d+\.\d+\.\d+$/.test(host)
}
