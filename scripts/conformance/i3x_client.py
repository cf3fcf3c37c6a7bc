"""The Python client of i3X, unmodified, at a hub with the sample plant; prints what it found as JSON.

i3x_client.py BASE_URL KEY_OF_AN_ENGINEER KEY_OF_AN_OPERATOR
"""

import json
import sys
import threading

import i3x

MACHINE = "https://plant.example/sm/imm-01/operational-data"
SHELL = "https://plant.example/aas/imm-01"
CYCLE_TIME = MACHINE + "#CycleTime"

base, engineer_key, operator_key = sys.argv[1:]
seen = {}


def refusal(act):
    """The status of the error that is raised; 0 where there is none."""
    try:
        act()
    except i3x.errors.I3XError as error:
        return getattr(error, "status_code", None) or type(error).__name__
    return 0


stranger = i3x.Client(base)
stranger.connect()
seen["info"] = stranger.server_info.capabilities
seen["stranger"] = refusal(stranger.get_namespaces)
stranger.disconnect()

with i3x.Client(base, token=engineer_key) as client:
    uris = {one.uri for one in client.get_namespaces()}
    types = {one.element_id: one for one in client.get_object_types()}
    objects = client.get_objects(include_metadata=True)
    seen["types"] = all(one.namespace_uri in uris for one in types.values())
    seen["typed"] = len(objects) > 50 and all(one.type_element_id in types for one in objects)
    seen["roots"] = sorted(one.element_id for one in client.get_objects(root=True))
    seen["queried"] = [one.element_id for one in client.query_object_types(list(types)[:3])] == list(types)[:3]
    reverse = {one.element_id: one.reverse_of for one in client.get_relationship_types()}
    seen["reverse"] = all(reverse[reverse[name]] == name for name in reverse)
    one = client.get_object(CYCLE_TIME, include_metadata=True)
    seen["object"] = [one.display_name, one.parent_id, one.metadata.description, one.metadata.system["unit"]]
    seen["children"] = any(
        edge.object.element_id == MACHINE for edge in client.get_related_objects([SHELL], relationship_type="HasChildren")
    )
    seen["absent"] = refusal(lambda: client.get_object("urn:nothing"))

    client.update_value(CYCLE_TIME, 12.75)
    client.update_history(CYCLE_TIME, {"value": 3.5, "quality": "Good", "timestamp": "2026-01-31T12:00:00Z"})
    value = client.get_value(CYCLE_TIME)
    seen["value"] = [value.value, value.quality, value.is_composition]
    whole = client.get_value(MACHINE, max_depth=0)
    seen["components"] = [whole.is_composition, whole.value["CycleTime"], whole.components[CYCLE_TIME].value]
    history = client.get_history(CYCLE_TIME, start_time="2026-01-31T00:00:00Z", end_time="2026-02-01T00:00:00Z")
    seen["history"] = [[one.value, one.quality] for one in history.values]
    seen["refused"] = refusal(lambda: client.update_value(CYCLE_TIME, "fast"))
    # A value as it is read is a value that can be written.
    client.update_value(MACHINE, client.get_value(MACHINE).value)

    subscription = client.create_subscription("conformance")
    client.register_items(subscription, [CYCLE_TIME])
    first = client.sync_subscription(subscription)
    client.update_value(CYCLE_TIME, 13.5)
    client.update_value(CYCLE_TIME, 14.5)
    second = client.sync_subscription(subscription, last_sequence_number=first[-1].sequence_number)
    third = client.sync_subscription(subscription, last_sequence_number=second[-1].sequence_number)
    seen["sync"] = [[one.value for batch in batches for one in batch.updates] for batches in (first, second, third)]
    client.unregister_items(subscription, [CYCLE_TIME])
    seen["monitored"] = len(client.get_subscription(subscription).monitored_objects)
    client.unsubscribe(subscription)
    seen["deleted"] = refusal(lambda: client.sync_subscription(subscription))

    streamed = []
    done = threading.Event()

    def receive(_client, change):
        streamed.append(change.value)
        if change.value == 15.5:
            done.set()

    client.on_value_change = receive
    stream = client.subscribe([CYCLE_TIME])
    client.update_value(CYCLE_TIME, 15.5)
    done.wait(20)
    seen["stream"] = streamed[-1:]
    client.unsubscribe(stream)

with i3x.Client(base, token=operator_key) as client:
    seen["read"] = client.get_value(CYCLE_TIME).value
    seen["forbidden"] = refusal(lambda: client.update_value(CYCLE_TIME, 1.5))

print(json.dumps(seen))
