"""Writes to the hub with the two official clients of InfluxDB, unchanged, and says what they saw, as JSON."""
import json
import sys
from datetime import datetime, timezone

url, host, port, key = sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4]

TEXTS = [
    "plain",
    "first\nVictim Dbl=666 1000000000000000000\nlast",
    "carriage\r\nreturn",
    "# no comment\n\n",
    'quotes " and \\ backslashes \\\\"',
    "comma, blank = sign",
    "정지 – 가동 😀",
    "",
]
WHOLE = [0, -1, 9007199254740993, 9223372036854775807, -9223372036854775808]
FLOATS = [20.0, 0.1, -0.0, 1e300, 5e-324, 1e21, 123456.789]
FLAGS = [True, False]
MEASUREMENT = "Line 1, press=2"
TAG = "a b,c=d"


def fields(at):
    return {
        "Text": TEXTS[at % len(TEXTS)],
        "Whole": WHOLE[at % len(WHOLE)],
        "Float": FLOATS[at % len(FLOATS)],
        "Flag": FLAGS[at % len(FLAGS)],
        "temp °C": float(at),
    }


def time_of(at):
    return 1_700_000_000_000_000_000 + at * 1_000_000_007


COUNT = 40
seen = {}

# --- 1.x
from influxdb import InfluxDBClient
from influxdb.exceptions import InfluxDBClientError

one = InfluxDBClient(host=host, port=port, username="gateway", password=key, database="plant", gzip=True)
seen["ping1"] = one.ping()
one.create_database("plant")
seen["databases"] = [entry["name"] for entry in one.get_list_database()]
points = [
    {
        "measurement": MEASUREMENT,
        "tags": {"submodel": "urn:one", "place": TAG},
        "time": time_of(at),
        "fields": fields(at),
    }
    for at in range(COUNT)
]
seen["write1"] = one.write_points(points, time_precision="n", batch_size=7)
try:
    one.write_points([{"measurement": "Unknown", "fields": {"a": 1.0}}])
except InfluxDBClientError as error:
    seen["refused1"] = [error.code, json.loads(error.content)["error"]]
try:
    stranger = InfluxDBClient(host=host, port=port, username="gateway", password="wrong", database="plant")
    stranger.write_points([{"measurement": "Unknown", "fields": {"a": 1.0}}])
except InfluxDBClientError as error:
    seen["stranger1"] = error.code
try:
    one.query("SELECT * FROM press")
except InfluxDBClientError as error:
    seen["query1"] = [error.code, json.loads(error.content)["error"]]

# --- 2.x
from influxdb_client import InfluxDBClient as Client2, Point, WriteOptions, WritePrecision
from influxdb_client.client.write_api import SYNCHRONOUS
from influxdb_client.rest import ApiException

two = Client2(url=url, token=key, org="plant", enable_gzip=True)
seen["ping2"] = two.ping()
seen["health2"] = two.health().status
seen["bucket2"] = two.buckets_api().find_bucket_by_name("plant").name


def point(at):
    made = Point(MEASUREMENT).tag("submodel", "urn:two").tag("place", TAG).time(time_of(at), WritePrecision.NS)
    for name, value in fields(at).items():
        made = made.field(name, value)
    return made


with two.write_api(write_options=WriteOptions(batch_size=7, flush_interval=100)) as batching:
    for at in range(COUNT):
        batching.write(bucket="plant", record=point(at))
api = two.write_api(write_options=SYNCHRONOUS)
api.write(bucket="plant", record=Point("any").tag("submodel", "urn:two").field("Date", 1.5).time(datetime(2024, 2, 29, tzinfo=timezone.utc)))
try:
    api.write(bucket="plant", record=Point("Unknown").field("a", 1.0))
except ApiException as error:
    body = json.loads(error.body)
    seen["refused2"] = [error.status, body["code"], body["message"]]
try:
    stranger = Client2(url=url, token="any", org="plant").write_api(write_options=SYNCHRONOUS)
    stranger.write(bucket="plant", record=Point("Unknown").field("a", 1.0))
except ApiException as error:
    seen["stranger2"] = error.status
try:
    two.query_api().query('from(bucket: "plant")')
except ApiException as error:
    body = json.loads(error.body)
    seen["query2"] = [error.status, body["code"], body["message"]]

expected = [[time_of(at), fields(at)] for at in range(COUNT)]
print(json.dumps({"seen": seen, "expected": expected}))
