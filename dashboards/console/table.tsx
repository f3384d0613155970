// A table: rows under heads where there is room, and on a telephone rows that stand under one another, each value with the
// head it belongs to. It stays a table for those who hear it: styles that make no table of it would take that away, so its
// parts are named.

import type { ComponentChildren } from "preact";

export interface Column<Row> {
  head: string;
  /** What stands before a value that stands under no head, where that is not the head itself. */
  label?: string;
  cell: (row: Row) => ComponentChildren;
  class?: string | ((row: Row) => string);
}

interface Props<Row> {
  label: string;
  /** The first one names the row. */
  columns: Column<Row>[];
  rows: Row[];
  keyOf: (row: Row) => string | number;
  rowClass?: (row: Row) => string;
  /** As tall as its rows: the page is scrolled, not the table. */
  tall?: boolean;
  class?: string;
}

/** A head before its value: a question needs no colon. */
const before = ({ head, label = head }: Column<never>): string => (label.endsWith("?") ? label : `${label}:`);

export function Table<Row>({ label, columns, rows, keyOf, rowClass, tall = false, class: name = "" }: Props<Row>) {
  const classOf = (column: Column<Row>, row: Row): string | undefined => (typeof column.class === "function" ? column.class(row) : column.class);
  return (
    <div class={tall ? "scroll tall" : "scroll"} role="group" aria-label={label} tabIndex={0}>
      <table class={`stack ${name}`} role="table">
        <thead role="rowgroup"><tr role="row">{columns.map((column) => (
          <th key={column.head} role="columnheader" scope="col" class={typeof column.class === "string" ? column.class : undefined}>{column.head}</th>
        ))}</tr></thead>
        <tbody role="rowgroup">{rows.map((row) => (
          <tr key={keyOf(row)} role="row" class={rowClass?.(row)}>{columns.map((column, at) => (at === 0
            ? <th key={column.head} role="rowheader" scope="row" class={classOf(column, row)}>{column.cell(row)}</th>
            : <td key={column.head} role="cell" class={classOf(column, row)} data-head={before(column)}>{column.cell(row)}</td>))}</tr>
        ))}</tbody>
      </table>
    </div>
  );
}
