import type { Appointment } from "@chairtime/client";

export interface Placed {
  appointment: Appointment;
  lane: number;
  lanes: number;
}

/** Puts bookings that overlap, such as a missed one and its successor, side by side. */
export function inLanes(items: readonly Appointment[]): Placed[] {
  const placed: Placed[] = [];
  let group: Placed[] = [];
  let until = 0;
  for (const appointment of items) {
    const [starts, ends] = [Date.parse(appointment.starts_at), Date.parse(appointment.ends_at)];
    if (starts >= until) group = [];
    const taken = group
      .filter((each) => Date.parse(each.appointment.ends_at) > starts)
      .map((each) => each.lane);
    let lane = 0;
    while (taken.includes(lane)) lane += 1;
    const lanes = Math.max(lane + 1, group[0]?.lanes ?? 1);
    const it = { appointment, lane, lanes };
    group.push(it);
    for (const each of group) each.lanes = lanes;
    placed.push(it);
    until = Math.max(until, ends);
  }
  return placed;
}
