import type { Client } from "../client.js";
import { Unreachable } from "../refusal.js";
import type { Appointment } from "../types.js";
import type { Availability, AvailabilityQuery } from "./board.js";
import {
  type AppointmentFilter,
  type AppointmentList,
  placed,
  queryOf,
  without,
} from "./filter.js";
import type { Ledger } from "./ledger.js";

/** The most bookings that one request answers with. */
const PAGE = 200;

/** Reads from the API; what events said meanwhile is in the answer. */
export class Loader {
  constructor(
    private readonly client: Client,
    private readonly ledger: Ledger,
  ) {}

  async appointment(id: string, signal?: AbortSignal): Promise<Appointment> {
    const { data, response } = await this.client.api.GET("/api/appointments/{id}", {
      params: { path: { id } },
      ...(signal ? { signal } : {}),
    });
    if (data === undefined) throw new Unreachable(response.status);
    this.client.clock.observe(data.server_time);
    return this.ledger.receive(data);
  }

  /** The first `max` bookings of a filter. */
  async appointments(
    filter: AppointmentFilter,
    max: number,
    signal?: AbortSignal,
  ): Promise<AppointmentList> {
    const since = this.ledger.now;
    const items: Appointment[] = [];
    let list: AppointmentList = { items, hasMore: false, cursor: null };
    let cursor: string | undefined;
    do {
      const query = { ...queryOf(filter), limit: Math.min(PAGE, max - items.length), cursor };
      const { data, response } = await this.client.api.GET("/api/appointments", {
        params: { query },
        ...(signal ? { signal } : {}),
      });
      if (data === undefined) throw new Unreachable(response.status);
      for (const item of data.items) this.client.clock.observe(item.server_time);
      items.push(...data.items.map((item) => this.ledger.receive(item)));
      cursor = data.next_cursor ?? undefined;
      list = { ...list, cursor: list.cursor ?? response.headers.get("Event-Cursor") };
    } while (cursor !== undefined && items.length < max);
    list = { ...list, items, hasMore: cursor !== undefined };
    for (const item of items) list = placed(list, filter, item);
    for (const item of this.ledger.changedSince(since)) list = placed(list, filter, item);
    for (const item of items) if (this.ledger.isGone(item.id, since)) list = without(list, item.id);
    return list;
  }

  async availability(asked: AvailabilityQuery, signal?: AbortSignal): Promise<Availability> {
    const query = {
      appointment_type: asked.appointmentType,
      date: asked.date,
      days: asked.days,
      part_of_day: asked.partOfDay,
      include: asked.include,
      moving: asked.moving,
      tz: asked.tz,
    };
    const abort = signal ? { signal } : {};
    if (asked.dentistId) {
      const { data, response } = await this.client.api.GET("/api/availability/{dentist_id}/slots", {
        params: { path: { dentist_id: asked.dentistId }, query },
        ...abort,
      });
      if (data === undefined) throw new Unreachable(response.status);
      return { slots: data, nextAvailable: null };
    }
    const { data, response } = await this.client.api.GET("/api/availability/slots", {
      params: { query: { ...query, clinic_id: asked.clinicId, limit: ALL_SLOTS } },
      ...abort,
    });
    if (data === undefined) throw new Unreachable(response.status);
    return { slots: data.items, nextAvailable: data.next_available ?? null };
  }
}

const ALL_SLOTS = 20_000;
