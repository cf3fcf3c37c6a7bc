"""
Reads AASX files with the BaSyx Python SDK, and by the letter of the Open Packaging Conventions with nothing but the
standard library. Takes the path of a file a line, and answers a line of JSON for each: links of File elements and
thumbnails with digests of the files that they lead to, for either reader, and what is wrong.
"""

import hashlib
import json
import logging
import re
import sys
import urllib.parse
import xml.etree.ElementTree as ElementTree
import zipfile

from basyx.aas import model
from basyx.aas.adapter import aasx

logging.disable(logging.CRITICAL)
RELATIONSHIPS = "http://admin-shell.io/aasx/relationships/"


def digest(content):
    return hashlib.sha256(content).hexdigest()


def with_basyx(path):
    store, files = model.DictIdentifiableStore(), aasx.DictSupplementaryFileContainer()
    with aasx.AASXReader(path, failsafe=False) as reader:
        reader.read_into(store, files)
    return {"ids": sorted(item.id for item in store), "files": sorted(files.get_sha256(name).hex() for name in files)}


def by_the_letter(path):
    """Names are compared as text; a target or a link is resolved by RFC 3986 and taken as it stands."""
    archive = zipfile.ZipFile(path)
    parts = {"/" + name: archive.read(name) for name in archive.namelist()}
    faults = [f"{name} is no part name" for name in parts if name != "/[Content_Types].xml" and not is_part_name(name)]
    types = ElementTree.fromstring(parts["/[Content_Types].xml"])
    typed = {item.get("PartName") for item in types} | {item.get("Extension") for item in types}

    def related(source, kind):
        folder, _, name = source.rpartition("/")
        rels = parts.get(f"{folder}/_rels/{name}.rels")
        targets = [] if rels is None else ElementTree.fromstring(rels)
        return [urllib.parse.urljoin(source, item.get("Target")) for item in targets if item.get("Type").endswith(kind)]

    [origin] = related("/", RELATIONSHIPS + "aasx-origin")
    [spec] = related(origin, RELATIONSHIPS + "aas-spec")
    supplements = related(spec, RELATIONSHIPS + "aas-suppl")
    for name in supplements + related("/", "/metadata/thumbnail"):
        if name not in parts:
            faults.append(f"{name} is the target of a relationship and no part")
    faults += [f"{name} has no media type" for name in supplements if name not in typed]
    links = {}
    for link in links_in(parts[spec]):
        name = re.sub(r"^file:(//)?(?=/)", "", link)
        if not re.match(r"[a-zA-Z][a-zA-Z0-9+.-]*:", name):
            content = parts.get(urllib.parse.urljoin(spec, name))
            links[link] = None if content is None else digest(content)
    return {"links": links, "faults": faults}


def is_part_name(name):
    segments = name.split("/")[1:]
    grammar = r"(?:[A-Za-z0-9\-._~!$&'()*+,;=:@]|%(?!2F|5C|00)[0-9A-F]{2})+"
    return name == "/_rels/.rels" or all(re.fullmatch(grammar, it) and not it.endswith(".") for it in segments)


def links_in(spec):
    space = "{https://admin-shell.io/aas/3/1}"
    root = ElementTree.fromstring(spec)
    for element, member in (("file", "value"), ("defaultThumbnail", "path")):
        for found in root.iter(space + element):
            link = found.findtext(space + member)
            if link is not None:
                yield link


for line in sys.stdin:
    answer = {}
    for name, reader in (("basyx", with_basyx), ("opc", by_the_letter)):
        try:
            answer[name] = reader(line.rstrip("\n"))
        except Exception as error:
            answer[name] = {"error": f"{type(error).__name__}: {error}"}
    print(json.dumps(answer), flush=True)
