import type { Query } from "@tanstack/react-query";
import type { Ledger } from "./ledger.js";
import type { Loader } from "./loader.js";
import type { Reloader } from "./reloader.js";
import { bookingsOf } from "./shown.js";

/** More bookings than these at once are loaded as lists, not one by one. */
const FEW = 5;

/** Milliseconds in which changed bookings are collected before they are read. */
const COLLECT = 30;

/** The same after BURST readings within PERIOD milliseconds: a busy clinic is read less often. */
const COLLECT_WHEN_BUSY = 1000;
const BURST = 10;
const PERIOD = 5000;

/** Reads bookings again of which an event does not say all, such as what is allowed now. */
export class Rereads {
  private readonly ids = new Set<string>();
  private timer: ReturnType<typeof setTimeout> | undefined;
  /** When the latest readings were. */
  private latest: number[] = [];

  constructor(
    private readonly loader: Loader,
    private readonly ledger: Ledger,
    private readonly reloader: Reloader,
    private readonly queries: () => Query[],
    /** Shows what was read. */
    private readonly publish: (id: string) => void,
  ) {}

  /** Reads it again soon, if it is shown. */
  mark(id: string): void {
    this.ids.add(id);
    const busy = this.latest.filter((at) => at > Date.now() - PERIOD).length >= BURST;
    this.timer ??= setTimeout(() => void this.readAll(), busy ? COLLECT_WHEN_BUSY : COLLECT);
  }

  close(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    this.ids.clear();
  }

  private async readAll(): Promise<void> {
    this.timer = undefined;
    const ids = [...this.ids].filter((id) => this.showing(id).length > 0);
    this.ids.clear();
    this.latest = [...this.latest, ...ids.map(() => Date.now())].slice(-BURST);
    if (ids.length <= FEW) {
      await Promise.all(ids.map((id) => this.read(id)));
      return;
    }
    for (const query of new Set(ids.flatMap((id) => this.showing(id))))
      this.reloader.mark(query, 0);
  }

  private async read(id: string): Promise<void> {
    const since = this.ledger.now;
    try {
      await this.loader.appointment(id);
      this.publish(id);
    } catch {
      // Where it cannot be read now, what shows it is loaded again, which retries by itself.
      if (this.ledger.isGone(id, since)) return;
      for (const query of this.showing(id)) this.reloader.mark(query, 0);
    }
  }

  private showing(id: string): Query[] {
    return this.queries().filter(
      (query) =>
        (query.queryKey[2] === "appointment" && query.queryKey[3] === id) ||
        bookingsOf(query).some((it) => it.id === id),
    );
  }
}
