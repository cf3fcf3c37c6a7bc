"""Reads with the two official clients of InfluxDB, unchanged, and says what they saw, as JSON."""
import json
import sys
from urllib.parse import urlparse

url, key, database = sys.argv[1:4]
address = urlparse(url)
first, second = {}, {}

# --- 1.x
from influxdb import InfluxDBClient
from influxdb.exceptions import InfluxDBClientError

one = InfluxDBClient(address.hostname, address.port, "operator", key, database)
first["measurements"] = one.get_list_measurements()
first["series"] = one.get_list_series()
first["retention policies"] = [policy["name"] for policy in one.get_list_retention_policies()]
result = one.query('SELECT mean("Speed") FROM "OperationalData" WHERE time < 1795489800s GROUP BY time(1m), "shell" fill(none)')
first["keys"] = [[name, tags] for name, tags in result.keys()]
first["points"] = list(result.get_points())
first["points of a shell"] = list(result.get_points(tags={"shell": "https://plant.example/aas/press 2"}))
shell = {"shell": "https://plant.example/aas/press 1"}
first["bound"] = list(one.query("SELECT count(Power) FROM Energy WHERE shell = $shell", bind_params=shell).get_points())
first["epoch"] = list(one.query("SELECT Power FROM Energy LIMIT 5", epoch="ms").get_points())
several = one.query("SELECT count(Power) FROM Energy; SELECT last(State) FROM OperationalData GROUP BY shell", epoch="ns")
first["several"] = [list(one_result.get_points()) for one_result in several]
first["nothing"] = list(one.query("SELECT Absent FROM Energy").get_points())
first["by post"] = list(one.query("SHOW TAG KEYS FROM Energy", method="POST").get_points())
try:
    one.query("SELECT FROM")
except InfluxDBClientError as error:
    first["refused"] = [error.code, "error parsing query" in json.loads(error.content)["error"]]

# --- 2.x
if one.ping().startswith("aas-hub"):
    from influxdb_client import InfluxDBClient as Client2
    from influxdb_client.rest import ApiException

    # InfluxDB itself sends chunks in an encoding that this client cannot read.
    speeds = "SELECT Speed FROM OperationalData"
    chunks = list(one.query(speeds, chunked=True, chunk_size=100))
    points = [point for chunk in chunks for point in chunk.get_points()]
    second["chunks"] = len(chunks) > 5 and points == list(one.query(speeds).get_points())

    two = Client2(url=url, token=key, org="plant")
    second["health"] = two.health().status
    try:
        two.query_api().query('from(bucket: "plant")')
    except ApiException as error:
        second["flux"] = f"{error.status} {json.loads(error.body)['message']}"
    query = [("q", "SELECT count(Power) FROM Energy"), ("epoch", "s")]
    options = {"response_type": "object", "auth_settings": [], "_return_http_data_only": True}
    answer = two.api_client.call_api("/query", "GET", query_params=query, **options)
    second["rows"] = answer["results"][0]["series"][0]["values"]

print(json.dumps({"first": first, "second": second}))
