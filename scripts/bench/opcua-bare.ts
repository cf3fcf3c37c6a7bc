/** The client library alone: counts the notifications of all items of the machine, and prints their number each second. */
import {
  AttributeIds,
  ClientMonitoredItemGroup,
  MessageSecurityMode,
  OPCUAClient,
  SecurityPolicy,
  TimestampsToReturn
} from 'node-opcua-client'

const [url = '', items = '0', namespace = '2'] = process.argv.slice(2)
const client = OPCUAClient.create({
  ...{ securityMode: MessageSecurityMode.None, securityPolicy: SecurityPolicy.None, endpointMustExist: false },
  requestedSessionTimeout: 120_000
})
await client.connect(url)
const session = await client.createSession()
let count = 0
for (let from = 0; from < Number(items); from += 5000) {
  const subscription = await session.createSubscription2({
    ...{ requestedPublishingInterval: 100, requestedMaxKeepAliveCount: 50, requestedLifetimeCount: 1200 },
    ...{ maxNotificationsPerPublish: 10_000, publishingEnabled: true, priority: 1 }
  })
  for (let at = from; at < Math.min(from + 5000, Number(items)); at += 1000) {
    const nodes = Array.from({ length: Math.min(1000, Number(items) - at) }, (_, index) => ({
      ...{ nodeId: `ns=${namespace};i=${100_000 + at + index}`, attributeId: AttributeIds.Value }
    }))
    const parameters = { samplingInterval: 0, queueSize: 1000, discardOldest: true }
    const group = ClientMonitoredItemGroup.create(subscription, nodes, parameters, TimestampsToReturn.Both)
    group.on('changed', () => {
      count++
    })
  }
}
setInterval(() => console.log(count), 1000)
