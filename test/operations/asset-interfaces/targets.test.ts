import t from 'tap'
import { parseTargets, resolveTarget } from '../../../src/operations/asset-interfaces/targets.ts'

/** @param addresses of all names */
async function resolved(list: string, host: string, port: number, ...addresses: string[]): Promise<string | undefined> {
  try {
    return await resolveTarget(parseTargets(list), host, port, async () => addresses)
  } catch {
    return undefined
  }
}

t.test('hosts, networks and ports that are listed are reached, and no others', async (t) => {
  const list = 'plc-1.plant, *.line-2.plant:502, 192.168.10.0/24:4840-4850, [2001:db8::]/32:80'
  t.equal(await resolved(list, 'plc-1.plant', 1234, '10.0.0.1'), '10.0.0.1')
  t.equal(await resolved(list, 'PLC-1.plant.', 1234, '10.0.0.1'), '10.0.0.1', 'however the name is written')
  t.equal(await resolved(list, 'press.line-2.plant', 502, '10.0.0.2'), '10.0.0.2')
  t.equal(await resolved(list, 'press.line-2.plant', 503, '10.0.0.2'), undefined, 'another port')
  t.equal(await resolved(list, 'line-2.plant', 502, '10.0.0.2'), undefined, 'not below the domain')
  t.equal(await resolved(list, '192.168.10.7', 4845), '192.168.10.7')
  t.equal(await resolved(list, '192.168.10.7', 502), undefined)
  t.equal(await resolved(list, '192.168.11.7', 4845), undefined)
  t.equal(await resolved(list, '2001:db8::7', 80), '2001:db8::7')
  t.equal(await resolved(list, 'other.plant', 4840, '192.168.10.9'), '192.168.10.9', 'a name in a listed network')
  t.equal(await resolved(list, 'other.plant', 4840, '10.9.9.9', '192.168.10.9'), '192.168.10.9')
  t.equal(await resolved('', 'plc-1.plant', 502, '10.0.0.1'), undefined, 'by default none')
})

t.test('this machine and its link are reached only where they are listed themselves', async (t) => {
  const wide = '0.0.0.0/0,[::]/0,plc.plant'
  for (const address of [
    '127.0.0.1',
    '127.9.9.9',
    '169.254.169.254',
    '0.0.0.0',
    '::1',
    'fe80::1',
    '::ffff:127.0.0.1',
    '::ffff:7f00:1'
  ]) {
    t.equal(await resolved(wide, address, 80), undefined, address)
    t.equal(await resolved(wide, 'plc.plant', 80, address), undefined, `a name that resolves to ${address}`)
  }
  t.equal(await resolved('127.0.0.1:502', '127.0.0.1', 502), '127.0.0.1')
  t.equal(await resolved('127.0.0.1:502', '::ffff:127.0.0.1', 502), '127.0.0.1')
  t.equal(await resolved('127.0.0.1:502', '127.0.0.1', 503), undefined)
  t.equal(await resolved('127.0.0.0/8', 'plc.plant', 502, '127.0.0.9'), '127.0.0.9')
  t.equal(await resolved('localhost', 'localhost', 502, '127.0.0.1'), '127.0.0.1')
  t.equal(await resolved('169.254.3.0/24', '169.254.3.4', 502), '169.254.3.4')
  t.equal(await resolved('0.0.0.0/0', '255.255.255.255', 502), undefined, 'broadcast')
  t.equal(await resolved('0.0.0.0/0', '224.0.0.1', 502), undefined, 'multicast')
})

t.test('a name that is not listed is not even looked up', async (t) => {
  const refused = resolveTarget(parseTargets('plc.plant'), 'attacker.example', 80, async () => {
    t.fail('it was looked up')
    return []
  })
  await t.rejects(refused, /attacker.example:80 is not among the targets/)
})

t.test('a list that cannot be understood is refused', async (t) => {
  for (const wrong of [
    'plc 1',
    '10.0.0.0/33',
    '10.0.0.1:0',
    '10.0.0.1:99999',
    '10.0.0.1:90-80',
    'a/24',
    '*',
    'http://plc'
  ]) {
    t.throws(
      () => parseTargets(wrong),
      { message: new RegExp(`"${wrong.replace(/[*/.]/g, '\\$&')}" is not one`) },
      wrong
    )
  }
})
