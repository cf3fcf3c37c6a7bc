"""A client of another family than the server: finds a shell by its names, reads, monitors and writes a value."""

import asyncio
import json
import sys

from asyncua import Client, ua


class Changes:
    def __init__(self):
        self.values = asyncio.Queue()

    def datachange_notification(self, node, value, data):
        self.values.put_nowait(value)


async def main(url: str, user: str = "", password: str = "") -> None:
    client = Client(url, timeout=20)
    if user:
        client.set_user(user)
        client.set_password(password)
    async with client:
        stored = await client.get_namespace_index("urn:aas-hub:environment")
        types = await client.get_namespace_index("http://opcfoundation.org/UA/I4AAS/")
        names = ["AASEnvironment", "AssetAdministrationShells", "Press", "OperationalData", "Speed"]
        path = [f"{stored}:{name}" for name in names] + [f"{types}:Value"]
        value = await client.nodes.objects.get_child(path)
        element = await value.get_parent()
        kind = client.get_node(await element.read_type_definition())
        read = await value.read_data_value()
        changes = Changes()
        subscription = await client.create_subscription(100, changes)
        await subscription.subscribe_data_change(value)
        first = await asyncio.wait_for(changes.values.get(), 20)
        await value.write_value(ua.DataValue(ua.Variant(42.5, ua.VariantType.Double)))
        second = await asyncio.wait_for(changes.values.get(), 20)
        # A structure of the companion specification, by the definition that the server has of it.
        await client.load_data_type_definitions()
        plan = client.get_node(f"ns={stored};s=SM:urn:press#Plan/Value/Keys")
        keys = await plan.read_value()
        print(
            json.dumps(
                {
                    "type": (await kind.read_browse_name()).Name,
                    "value": read.Value.Value,
                    "hasTime": read.SourceTimestamp is not None,
                    "monitored": [first, second],
                    "key": keys[0].Value,
                }
            )
        )


asyncio.run(main(*sys.argv[1:4]))
