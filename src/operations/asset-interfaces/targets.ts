/**
 * Where collectors may connect to: addresses in stored submodels are those of callers, so only what the operator lists is
 * reached. A name is resolved here and the address that was checked is the one to connect to, so that a name that
 * resolves to another address a moment later leads nowhere else.
 */
import { lookup } from 'node:dns/promises'
import { BlockList, isIP } from 'node:net'

/** The operator does not allow to connect to it. */
export class ForbiddenTarget extends Error {
  override readonly name = 'ForbiddenTarget'
}

/** One entry of the list: a host, or a network, with its ports. */
export interface Target {
  /** As it was written. */
  readonly text: string
  /** Does it name this host? Never for a network. */
  readonly names: (host: string) => boolean
  /** Undefined for a name. */
  readonly network: { readonly contains: (address: string) => boolean; readonly isLocal: boolean } | undefined
  readonly from: number
  readonly to: number
}

export type Resolve = (host: string) => Promise<readonly string[]>

const MAX_PORT = 65535

/** Addresses of this machine and of its link: they have to be listed by themselves, as other networks may contain them. */
const LOCAL = blockList([
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['0.0.0.0', 8],
  ['::1', 128],
  ['::', 128],
  ['fe80::', 10]
])

/** No machine has them. */
const NO_HOST = blockList([
  ['224.0.0.0', 4],
  ['240.0.0.0', 4],
  ['ff00::', 8]
])

/** @throws Error naming what was expected */
export function parseTargets(text: string): readonly Target[] {
  return text
    .split(',')
    .map((one) => one.trim())
    .filter((one) => one !== '')
    .map(parseTarget)
}

function parseTarget(text: string): Target {
  const [, bracketed, plain, bits, first, last] =
    /^(?:\[([\da-f:.]+)\]|([\da-z*][\w.*-]*|[\da-f]*:[\da-f:.]+))(?:\/(\d{1,3}))?(?::(\d{1,5})(?:-(\d{1,5}))?)?$/i.exec(
      text
    ) ?? []
  const host = (bracketed ?? plain ?? '').toLowerCase()
  const from = first === undefined ? 1 : Number(first)
  const to = last === undefined ? (first === undefined ? MAX_PORT : from) : Number(last)
  const family = isIP(host)
  const prefix = bits === undefined ? (family === 4 ? 32 : 128) : Number(bits)
  const isName = family === 0 && bits === undefined && /^(?:\*\.)?[a-z\d](?:[\w-]*(?:\.[\w-]+)*)$/.test(host)
  const isNetwork = family !== 0 && prefix <= (family === 4 ? 32 : 128)
  if ((!isName && !isNetwork) || from < 1 || from > to || to > MAX_PORT) {
    throw new Error(
      `hosts and networks, each with a port or ports if not all are meant, such as plc-1.plant, *.line-2.plant:502 or 192.168.10.0/24:4840-4850, separated by commas; "${text}" is not one`
    )
  }
  const network = isNetwork ? networkOf(host, prefix) : undefined
  return { text, from, to, network, names: isName ? namer(host) : () => false }
}

function namer(name: string): (host: string) => boolean {
  return name.startsWith('*.') ? (host) => host.endsWith(name.slice(1)) : (host) => host === name
}

function networkOf(address: string, prefix: number): NonNullable<Target['network']> {
  const list = blockList([[address, prefix]])
  return {
    contains: (other) => list.check(other, familyOf(other)),
    // The first address and the length decide: 0.0.0.0/0 contains 127.0.0.1, but does not name it.
    isLocal: LOCAL.check(address, familyOf(address)) && prefix >= (familyOf(address) === 'ipv4' ? 8 : 10)
  }
}

/**
 * The address to connect to.
 * @throws Error in one sentence, where the list does not contain it or there is none
 */
export async function resolveTarget(
  targets: readonly Target[],
  host: string,
  port: number,
  resolve: Resolve = addressesOf
): Promise<string> {
  const name = host.toLowerCase().replace(/\.$/, '')
  const open = targets.filter(({ from, to }) => port >= from && port <= to)
  // Before it is looked up, as a look-up alone sends what a caller wrote to a name server.
  const isListed = isIP(name) !== 0 || open.some(({ network, names }) => names(name) || network !== undefined)
  const addresses = !isListed ? [] : isIP(name) === 0 ? await resolve(name) : [name]
  const address = addresses.map(plainAddress).find((one) => isOpen(open, name, one))
  if (address === undefined) {
    throw new ForbiddenTarget(`${host}:${port} is not among the targets that the operator allows`)
  }
  return address
}

function isOpen(open: readonly Target[], name: string, address: string): boolean {
  const family = familyOf(address)
  if (NO_HOST.check(address, family)) return false
  const isLocal = LOCAL.check(address, family)
  return open.some(({ network, names }) => {
    if (network !== undefined) return network.contains(address) && (!isLocal || network.isLocal)
    // A name stands for whatever it resolves to, but for this machine only where it is its own name.
    return names(name) && (!isLocal || name === 'localhost')
  })
}

async function addressesOf(host: string): Promise<readonly string[]> {
  try {
    return (await lookup(host, { all: true })).map(({ address }) => address)
  } catch {
    throw new Error(`the name ${host} cannot be resolved`)
  }
}

/** An IPv4 address written as one of IPv6 is the IPv4 address. */
function plainAddress(address: string): string {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1]
  if (mapped !== undefined) return mapped
  const hex = /^::ffff:([\da-f]{1,4}):([\da-f]{1,4})$/i.exec(address)
  if (hex === null) return address.replace(/%.*$/, '')
  const [high, low] = [Number.parseInt(hex[1] ?? '', 16), Number.parseInt(hex[2] ?? '', 16)]
  return [high >> 8, high & 255, low >> 8, low & 255].join('.')
}

function familyOf(address: string): 'ipv4' | 'ipv6' {
  return isIP(address) === 4 ? 'ipv4' : 'ipv6'
}

function blockList(networks: readonly (readonly [string, number])[]): BlockList {
  const list = new BlockList()
  for (const [address, prefix] of networks) list.addSubnet(address, prefix, familyOf(address))
  return list
}
