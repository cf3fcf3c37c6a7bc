"""Executes a notebook; the last line of the output is what some of its variables are then, as JSON.

usage: run_notebook.py NOTEBOOK OUTPUT
"""

import json
import os
import sys

import nbformat
from nbclient import NotebookClient

# Predictions of a few rows: threads that wait for each other cost more than they help, where other tests run as well.
os.environ["OMP_NUM_THREADS"] = "1"
notebook = nbformat.read(sys.argv[1], as_version=4)
FACTS = """
import json
print(json.dumps({
    'results': results, 'features': FEATURES, 'parts': len(parts), 'connections': connections, 'leak': LEAK,
    'alarm': {'part': part, 'time': at, 'feature': feature, 'drift': drift}, 'predicted live': len(history) + WIDTH - 1,
    'sha256': hashlib.sha256(saved.getvalue()).hexdigest(), 'attachment': attachment,
    'prediction': PREDICTION, 'dataset': DATASET, 'nameplate': NAMEPLATE, 'checks': checks,
}))
"""
notebook.cells.append(nbformat.v4.new_code_cell(FACTS))
client = NotebookClient(notebook, timeout=120, kernel_name="python3")
client.execute()
facts = json.loads(notebook.cells.pop().outputs[0].text)
for cell in notebook.cells:
    # When each cell ran is of no use to a reader, and differs each time.
    cell.metadata.pop("execution", None)
nbformat.write(notebook, sys.argv[2])
print(json.dumps(facts))
