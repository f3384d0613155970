"""Lists and reads a city through a SensorThings client of others, and prints what it found as JSON.

Usage: client.py URL STATION
"""

import json
import sys

import frost_sta_client as fsc

url, station = sys.argv[1:]
service = fsc.SensorThingsService(url)

things = list(service.things().query().top(3).list())
counted = service.things().query().count().top(1).list()
thing = service.things().find(station)
expanded = service.things().query().filter(f"id eq '{station}'").expand(
    "Locations,Datastreams($expand=ObservedProperty,Sensor)"
).list()
found = expanded.get(0)
datastream = found.datastreams.get(0)
observations = service.datastreams().find(datastream.id).get_observations()
newest = observations.query().orderby("phenomenonTime", "DESC").top(5).list()
oldest = list(observations.query().orderby("phenomenonTime", "ASC").top(2).list())
third = oldest[2].phenomenon_time
before = observations.query().filter(f"phenomenonTime lt {third}").count().top(10).list()
windy = observations.query().filter("result ge 60").count().top(1).list()
properties = list(service.observed_properties().query().list())
locations = list(service.locations().query().top(2).list())

print(
    json.dumps(
        {
            "things": [one.id for one in things],
            "count": counted.count,
            "thing": thing.name,
            "location": str(found.locations.get(0).location),
            "unit": datastream.unit_of_measurement.symbol,
            "property": datastream.observed_property.name,
            "newest": [[one.phenomenon_time, one.result] for one in newest.entities],
            "oldest": [[one.phenomenon_time, one.result] for one in oldest],
            "before_third": before.count,
            "windy": windy.count,
            "properties": [one.name for one in properties],
            "locations": len(locations),
        }
    )
)
