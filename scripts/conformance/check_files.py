"""Checks files with the official test engine, as its command `check_file` does: prints {path: [failed checks]} as JSON."""

import json
import sys

from aas_test_engines import file

CHECKS = {
    ".json": (file.check_json_file, "r"),
    ".xml": (file.check_xml_file, "r"),
    ".aasx": (file.check_aasx_file, "rb"),
}


def failures(result):
    own = [] if result.ok() or result.sub_results else [result.message]
    return own + [message for sub in result.sub_results for message in failures(sub)]


faults = {}
for path in sys.argv[1:]:
    check, mode = CHECKS[path[path.rindex("."):].lower()]
    try:
        with open(path, mode) as opened:
            result = check(opened)
        faults[path] = [] if result.ok() else failures(result)
    # The engine ends with an exception on some files that it should refuse.
    except Exception as error:
        faults[path] = [f"{type(error).__name__}: {error}"]
print(json.dumps(faults))
