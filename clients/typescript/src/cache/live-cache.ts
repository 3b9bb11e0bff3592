import type { Query, QueryClient } from "@tanstack/react-query";
import type { Client } from "../client.js";
import { isAfterOrAt, isOfAppointment } from "../position.js";
import { isRefusal, isTransient } from "../refusal.js";
import type { Appointment, EventData, StreamItem } from "../types.js";
import { type Availability, type AvailabilityQuery, concerns, patched } from "./board.js";
import { DeadlineTimer } from "./deadline-timer.js";
import { Failures } from "./failures.js";
import { type AppointmentFilter, matches, placed, without } from "./filter.js";
import { Keys } from "./keys.js";
import { Ledger } from "./ledger.js";
import { Loader } from "./loader.js";
import { Reloader } from "./reloader.js";
import { Rereads } from "./rereads.js";
import { bookingsOf, isList } from "./shown.js";

/** Milliseconds between two loads of one query. */
const INTERVAL = 1000;

/** Milliseconds until what could not be loaded is loaded again. */
const REPAIR = 500;

/** Milliseconds over which readers of the same change spread their loads of slots. */
const SPREAD = 1500;

/** Milliseconds for which the API caches what it answers visitors, unless an event comes. */
const CACHED = 2000;

/** Milliseconds in which what is loaded for several events is joined. */
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
  private readonly rereads: Rereads;
  private readonly deadlines: DeadlineTimer;
  private readonly failures = new Failures();
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
    const mine = () => this.mine();
    this.rereads = new Rereads(this.loader, this.ledger, this.reloader, mine, (id) =>
      this.publish(id),
    );
    this.deadlines = new DeadlineTimer(client.clock, mine, (query) =>
      this.reloader.mark(query, client.userId === null ? CACHED : 0),
    );
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
        if (this.isMine(event.query)) this.failures.watch(event);
        const loaded = event.type === "updated" && event.action.type === "success";
        if ((loaded || event.type === "observerAdded") && this.isMine(event.query)) {
          this.deadlines.watch(event.query);
        }
        const failed = event.type === "updated" && event.action.type === "error";
        if (failed && this.isLive && this.isMine(event.query)) this.repair();
      }),
    ];
    this.client.live.open();
  }

  close(): void {
    this.client.live.close();
    for (const end of this.ends) end();
    this.ends = [];
    this.reloader.close();
    this.rereads.close();
    this.deadlines.close();
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
  async optimistically(
    id: string,
    change: Partial<Appointment>,
    command: () => Promise<Appointment>,
  ): Promise<Appointment> {
    const takeBack = this.ledger.addOptimistic(id, change);
    this.publish(id);
    try {
      const answer = await command();
      this.ledger.receive(answer);
      return answer;
    } catch (error) {
      this.rereads.mark(id);
      throw error;
    } finally {
      takeBack();
      this.publish(id);
      if (!this.isLive) this.markSlots(null, 0);
    }
  }

  /** Loads all that is shown again. */
  reloadAll(): void {
    for (const query of this.mine()) this.reloader.mark(query, Math.random() * this.spread);
  }

  private take(item: StreamItem): void {
    switch (item.type) {
      case "ready":
        if (item.serverTime !== null) this.client.clock.reset();
        this.client.clock.observe(item.serverTime);
        if (!this.joined) this.join(item.cursor);
        this.repair();
        return;
      case "reset":
        this.joined = true;
        this.ledger.clear();
        this.reloadAll();
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
      if (at === null || !isAfterOrAt(at, cursor)) {
        this.reloader.mark(query, Math.random() * this.spread);
      }
    }
  }

  /** What could not be loaded while the server was away is loaded now. */
  private repair(): void {
    for (const query of this.mine()) {
      const { status, error, isInvalidated } = query.state;
      const refused = status === "error" && isRefusal(error) && !isTransient(error);
      if (!refused && (status === "error" || isInvalidated)) this.reloader.mark(query, REPAIR);
    }
  }

  private apply(event: EventData): void {
    if (isOfAppointment(event.kind)) {
      const isNew = this.ledger.apply(event);
      // Also if a load has brought this version before: it may have been for another query only.
      this.publish(event.entity_id);
      if (isNew && event.kind !== "appointment.removed") this.rereads.mark(event.entity_id);
      this.markGets((path) => path === "/api/appointments/{id}/history", event.entity_id);
    } else if (event.kind.startsWith("profile.")) {
      this.markGets((path) => path.startsWith("/api/profiles"));
      this.markPerson(event.entity_id);
    } else if (event.kind.startsWith("webhook.")) {
      this.markGets((path) => path.startsWith("/api/webhooks"));
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

  /** Bookings show the names of their patients. */
  private markPerson(id: string): void {
    for (const query of this.mine()) {
      if (bookingsOf(query).some((it) => it.patient_id === id)) this.reloader.mark(query, COLLECT);
    }
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
      delay + NEXT_FREE_AFTER,
    );
  }

  private markGets(which: (path: string) => boolean, id: string | null = null, delay = 0): void {
    for (const query of this.mine()) {
      const [, , kind, path, parameters] = query.queryKey;
      if (kind !== "get" || !which(String(path))) continue;
      if (id === null || JSON.stringify(parameters).includes(id)) this.reloader.mark(query, delay);
    }
  }

  private isMine(query: Query): boolean {
    return query.queryKey[0] === this.keys.all[0] && query.queryKey[1] === this.keys.all[1];
  }

  private mine(): Query[] {
    return this.queries.getQueryCache().findAll({ queryKey: this.keys.all });
  }
}

/** Milliseconds until dentists' next free times are read again; the API caches them for two seconds. */
const NEXT_FREE_AFTER = 5000;

const SCHEDULES = /^\/api\/(availability|clinics|appointment-types|resources)/;
