"""Reads streams of Apache Arrow with its own reader, page after page, and prints what it found as JSON.

Usage: arrow.py URL [COOKIE]
"""

import json
import sys
import urllib.parse
import urllib.request

import pyarrow as pa

url, *cookie = sys.argv[1:]
headers = {"Accept": "application/vnd.apache.arrow.stream"}
headers.update({"Cookie": value for value in cookie})
pages, kinds, tables = 0, set(), []
while url:
    with urllib.request.urlopen(urllib.request.Request(url, headers=headers)) as answer:
        kinds.add(answer.headers["Content-Type"])
        link = answer.headers.get("Link")
        with pa.ipc.open_stream(answer.read()) as stream:
            tables.append(stream.read_all())
    tables[-1].validate(full=True)
    pages += 1
    url = urllib.parse.urljoin(url, link[1 : link.index(">")]) if link else None

table = pa.concat_tables(tables)
rows = table.set_column(0, "time", table.column("time").cast(pa.int64())).to_pylist()
print(
    json.dumps(
        {
            "pages": pages,
            "kinds": sorted(kinds),
            "types": {field.name: str(field.type) for field in table.schema},
            "nullable": [field.name for field in table.schema if field.nullable],
            "metadata": {name.decode(): text.decode() for name, text in table.schema.metadata.items()},
            "rows": [{**row, "tests": dict(row["tests"])} if "tests" in row else row for row in rows],
        }
    )
)
