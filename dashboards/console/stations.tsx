// The table of stations, the map's equal: how each stands, what it says and since when.

import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import type { Station } from "./api";
import { doubtOf } from "./quality";
import { StandingSign } from "./sign";
import { mainStream, type Standing, systemName, systemOf } from "./system";
import { type Column, Table } from "./table";
import { moment, quantity } from "./time";
import { say } from "./words";

const ROWS = 100;

export interface Placed { station: Station; standing: Standing }

interface Props {
  shown: Placed[];
  /** Names of areas by code. */
  names: Map<string, string>;
  /** The moment they are shown at. */
  now: number;
  /** A station's name, and what it leads to. */
  named: (station: Station) => ComponentChildren;
}

export function StationTable({ shown, names, now, named }: Props) {
  const [rows, setRows] = useState(ROWS);
  const columns: Column<Placed>[] = [
    { head: say("station"), cell: ({ station }) => named(station) },
    {
      head: say("state"),
      cell: ({ station, standing }) => {
        const stream = mainStream(station);
        return <><StandingSign standing={standing} />{standing.trouble && stream && <span class="mut"> {doubtOf(stream, now)}</span>}</>;
      },
    },
    {
      head: say("value"), class: "num",
      cell: ({ station }) => {
        const stream = mainStream(station);
        return <>{stream ? quantity(stream.value, stream.unit) : "–"}{stream?.nature === "counter" && ` (${say("total")})`}</>;
      },
    },
    { head: say("system"), cell: ({ station }) => systemName(systemOf(station)) },
    { head: say("district"), cell: ({ station }) => names.get(station.area) ?? station.area },
    { head: say("time"), class: "num", cell: ({ station }) => moment(mainStream(station)?.time) },
  ];
  return (
    <>
      <Table label={say("stations")} columns={columns} rows={shown.slice(0, rows)} keyOf={({ station }) => station.id} />
      {shown.length > rows && <p><button type="button" onClick={() => setRows(rows + ROWS)}>{say("more")} ({rows} / {shown.length})</button></p>}
    </>
  );
}
