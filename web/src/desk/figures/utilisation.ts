import type { components } from "@chairtime/client";

type Row = components["schemas"]["UtilisationDay"];

/** Minutes, and the number of visits. */
export interface Time {
  visits: number;
  booked: number;
  offered: number;
  missed: number;
}

/** The sums of the rows of each group, in the order in which the groups come. */
export function grouped(rows: readonly Row[], by: (row: Row) => string): [string, Time][] {
  const groups = new Map<string, Time>();
  for (const row of rows) {
    const known = groups.get(by(row)) ?? { visits: 0, booked: 0, offered: 0, missed: 0 };
    groups.set(by(row), {
      visits: known.visits + row.visits,
      booked: known.booked + row.booked_minutes,
      offered: known.offered + row.offered_minutes,
      missed: known.missed + row.no_show_minutes,
    });
  }
  return [...groups];
}
