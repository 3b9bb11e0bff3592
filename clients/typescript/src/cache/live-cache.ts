import type { Query, QueryClient } from "@tanstack/react-query";
import type { Client } from "../client.js";
import { isAfterOrAt, isOfAppointment } from "../position.js";
import type { Appointment, EventData, StreamItem } from "../types.js";
import {
  type Availability,
  type AvailabilityQuery,
  concerns,
  firstRelease,
  patched,
} from "./board.js";
import {
  type AppointmentFilter,
  type AppointmentList,
  matches,
  placed,
  without,
} from "./filter.js";
import { Keys } from "./keys.js";
import { Ledger } from "./ledger.js";
import { Loader } from "./loader.js";
import { Reloader } from "./reloader.js";

/** Milliseconds between two loads of one query. */
const INTERVAL = 1000;

/** Milliseconds over which readers of the same change spread their loads of slots. */
const SPREAD = 1500;

/** More bookings than these at once are loaded as lists, not one by one. */
const FEW = 5;

/** Milliseconds in which changed bookings are collected before they are read. */
const COLLECT = 30;

/**
 * Keeps a QueryClient equal to the server: events patch what is shown at once, and what an event
 * cannot say is loaded again. After a gap everything is.
 */
export class LiveCache {
  readonly keys: Keys;
  readonly ledger = new Ledger();
  readonly loader: Loader;
  private readonly reloader: Reloader;
  private readonly stale = new Set<string>();
  private staleTimer: ReturnType<typeof setTimeout> | undefined;
  private alarm: ReturnType<typeof setTimeout> | undefined;
  private alarmAt = Number.POSITIVE_INFINITY;
  private ends: (() => void)[] = [];
  private joined = false;

  constructor(
    readonly client: Client,
    readonly queries: QueryClient,
    private readonly spread: number = SPREAD,
  ) {
    this.keys = new Keys(client.userId);
    this.loader = new Loader(client, this.ledger);
    this.reloader = new Reloader(queries, INTERVAL);
  }

  /** Whether events keep what is shown up to date. */
  get isLive(): boolean {
    return this.client.live.status.state === "live";
  }

  open(): void {
    this.reloader.open();
    this.joined = false;
    const cache = this.queries.getQueryCache();
    this.ends = [
      this.client.live.subscribe((item) => this.take(item)),
      cache.subscribe((event) => {
        if (event.type === "updated" && event.action.type === "success") this.setAlarm(event.query);
        if (event.type === "observerAdded") this.setAlarm(event.query);
      }),
    ];
    this.client.live.open();
  }

  close(): void {
    this.client.live.close();
    for (const end of this.ends) end();
    this.ends = [];
    this.reloader.close();
    clearTimeout(this.staleTimer);
    clearTimeout(this.alarm);
    this.alarmAt = Number.POSITIVE_INFINITY;
  }

  /** Takes in the answer to a command: it is shown at once. */
  receive(answer: Appointment): void {
    this.ledger.receive(answer);
    this.publish(answer.id);
    if (!this.isLive) this.markSlots(null, 0);
  }

  /**
   * Shows a change while `command` runs; then its answer, or what was before. What is shown may be
   * out of date where it fails, so it is read again.
   */
  async hopeful(
    id: string,
    change: Partial<Appointment>,
    command: () => Promise<Appointment>,
  ): Promise<Appointment> {
    const takeBack = this.ledger.hope(id, change);
    this.publish(id);
    try {
      const answer = await command();
      this.ledger.receive(answer);
      return answer;
    } catch (error) {
      this.reread(id);
      throw error;
    } finally {
      takeBack();
      this.publish(id);
      if (!this.isLive) this.markSlots(null, 0);
    }
  }

  /** Reads these bookings again soon. */
  reread(id: string): void {
    this.stale.add(id);
    this.staleTimer ??= setTimeout(() => void this.readStale(), COLLECT);
  }

  /** Loads all that is shown again. */
  reloadAll(): Promise<void> {
    return this.reloader.all(this.keys.all);
  }

  private take(item: StreamItem): void {
    switch (item.type) {
      case "ready":
        if (item.serverTime !== null) this.client.clock.reset();
        this.client.clock.observe(item.serverTime);
        if (!this.joined) this.join(item.cursor);
        return;
      case "reset":
        this.joined = true;
        this.ledger.clear();
        void this.reloadAll();
        return;
      case "event":
        this.client.clock.observe(item.data.server_time);
        this.apply(item.data);
        return;
      case "snapshot":
        return;
    }
  }

  /** What was loaded before the stream began may lack what happened in between. */
  private join(cursor: string): void {
    this.joined = true;
    for (const query of this.mine()) {
      const data: unknown = query.state.data;
      const at = isList(data) ? data.cursor : null;
      if (at === null || !isAfterOrAt(at, cursor)) this.reloader.mark(query, 0);
    }
  }

  private apply(event: EventData): void {
    if (isOfAppointment(event.kind)) {
      if (this.ledger.apply(event)) {
        this.publish(event.entity_id);
        if (event.kind !== "appointment.removed") this.reread(event.entity_id);
      }
      this.markGets((path) => path === "/api/appointments/{id}/history", event.entity_id);
    } else if (event.kind.startsWith("profile.")) {
      this.markGets((path) => path.startsWith("/api/profiles"));
    } else {
      this.markSlots(event, Math.random() * this.spread);
      if (event.kind === "schedule.changed") this.markGets((path) => SCHEDULES.test(path));
    }
  }

  /** Brings all queries that show a booking to its newest state. */
  private publish(id: string): void {
    const it = this.ledger.get(id);
    for (const query of this.mine()) {
      const kind = query.queryKey[2];
      const data: unknown = query.state.data;
      if (kind === "appointment" && query.queryKey[3] === id) {
        if (it === undefined) this.reloader.mark(query, 0);
        else this.set(query, it);
      } else if (kind === "appointments" && isList(data)) {
        const filter = query.queryKey[3] as AppointmentFilter;
        this.set(query, it === undefined ? without(data, id) : placed(data, filter, it));
        if (it !== undefined && matches(filter, it) === null) this.reloader.mark(query, COLLECT);
      }
    }
  }

  private set(query: Query, data: unknown): void {
    if (query.state.data === data) return;
    const invalidated = query.state.isInvalidated;
    this.queries.setQueryData(query.queryKey, data);
    if (invalidated) query.invalidate();
  }

  private async readStale(): Promise<void> {
    this.staleTimer = undefined;
    const ids = [...this.stale].filter((id) => this.isShown(id));
    this.stale.clear();
    if (ids.length > FEW) {
      for (const query of this.mine()) {
        const kind = query.queryKey[2];
        const shows = kind === "appointment" && ids.includes(String(query.queryKey[3]));
        if (shows || kind === "appointments") this.reloader.mark(query, 0);
      }
      return;
    }
    await Promise.all(ids.map((id) => this.read(id)));
  }

  private async read(id: string): Promise<void> {
    const since = this.ledger.now;
    try {
      await this.loader.appointment(id);
      this.publish(id);
    } catch {
      // Where it cannot be read now, its lists are loaded again, which retry by themselves.
      for (const query of this.mine()) {
        if (query.queryKey[2] === "appointments" && !this.ledger.isGone(id, since)) {
          this.reloader.mark(query, 0);
        }
      }
    }
  }

  private isShown(id: string): boolean {
    return this.mine().some((query) => {
      const data: unknown = query.state.data;
      if (query.queryKey[2] === "appointment") return query.queryKey[3] === id;
      return isList(data) && data.items.some((item) => item.id === id);
    });
  }

  private markSlots(event: EventData | null, delay: number): void {
    for (const query of this.mine()) {
      if (query.queryKey[2] === "availability") {
        const asked = query.queryKey[3] as AvailabilityQuery;
        const shown = query.state.data as Availability | undefined;
        if (event !== null && !concerns(asked, shown, event)) continue;
        if (event !== null && shown !== undefined) this.set(query, patched(asked, shown, event));
        this.reloader.mark(query, delay);
      }
    }
    this.markGets(
      (path) => path.startsWith("/api/profiles/dentists"),
      null,
      delay + DENTISTS_CACHED,
    );
  }

  private markGets(which: (path: string) => boolean, id: string | null = null, delay = 0): void {
    for (const query of this.mine()) {
      const [, , kind, path, parameters] = query.queryKey;
      if (kind !== "get" || !which(String(path))) continue;
      if (id === null || JSON.stringify(parameters).includes(id)) this.reloader.mark(query, delay);
    }
  }

  /** Loads again when a deadline passes: what is allowed changes then, and held slots are free. */
  private setAlarm(query: Query): void {
    if (!query.isActive() || query.queryKey[0] !== this.keys.all[0]) return;
    const due = dueOf(query, this.client.clock.now());
    if (due === null || due >= this.alarmAt) return;
    this.alarmAt = due;
    clearTimeout(this.alarm);
    const wait = Math.min(due - this.client.clock.now() + 200 + Math.random() * 300, 2 ** 31 - 1);
    this.alarm = setTimeout(() => this.ring(), wait);
  }

  private ring(): void {
    const now = this.client.clock.now();
    const due = this.alarmAt;
    this.alarmAt = Number.POSITIVE_INFINITY;
    for (const query of this.mine()) {
      if (!query.isActive()) continue;
      const at = dueOf(query, due - 1);
      if (at !== null && at <= now) this.reloader.mark(query, 0);
      this.setAlarm(query);
    }
  }

  private mine(): Query[] {
    return this.queries.getQueryCache().findAll({ queryKey: this.keys.all });
  }
}

/** Milliseconds for which the API answers with the same list of dentists. */
const DENTISTS_CACHED = 2100;

const SCHEDULES = /^\/api\/(availability|clinics|appointment-types|resources)/;

function isList(data: unknown): data is AppointmentList {
  return typeof data === "object" && data !== null && "items" in data && "hasMore" in data;
}

/** The first instant after `now` at which what a query shows changes by itself. */
function dueOf(query: Query, now: number): number | null {
  const data: unknown = query.state.data;
  if (data === undefined) return null;
  const kind = query.queryKey[2];
  if (kind === "availability") {
    const at = firstRelease(data as Availability);
    return at !== null && at > now ? at : null;
  }
  const items = kind === "appointment" ? [data as Appointment] : isList(data) ? data.items : [];
  const instants = items.flatMap((it) => BOUNDARIES.map((name) => Reflect.get(it, name)));
  const due = instants.map((at) => Date.parse(String(at))).filter((at) => at > now);
  return due.length > 0 ? Math.min(...due) : null;
}

const BOUNDARIES = ["hold_expires_at", "cancel_until", "starts_at", "ends_at"] as const;
