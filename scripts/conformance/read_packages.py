"""Reads packages with the BaSyx Python SDK, strictly: prints {path: [errors]} as JSON."""

import json
import logging
import sys

from basyx.aas import model
from basyx.aas.adapter import aasx

logging.disable(logging.CRITICAL)

faults = {}
for path in sys.argv[1:]:
    store, files = model.DictObjectStore(), aasx.DictSupplementaryFileContainer()
    try:
        with aasx.AASXReader(path, failsafe=False) as reader:
            reader.read_into(store, files)
        faults[path] = [] if len(list(store)) > 0 else ["nothing was read"]
    except Exception as error:
        faults[path] = [f"{type(error).__name__}: {error}"]
print(json.dumps(faults))
