import type { Query } from "@tanstack/react-query";
import type { ServerClock } from "../clock.js";
import { dueOf } from "./shown.js";

/** Milliseconds by which a reading follows the deadline, so that the server has passed it too. */
const AFTER = 200;

/** Milliseconds over which readers of the same deadline spread. */
const SPREAD = 300;

/** The longest that a timer waits. */
const LONGEST = 2 ** 31 - 1;

/** Calls when a deadline passes that a shown query depends on. */
export class DeadlineTimer {
  private timer: ReturnType<typeof setTimeout> | undefined;
  private at = Number.POSITIVE_INFINITY;

  constructor(
    private readonly clock: ServerClock,
    private readonly queries: () => Query[],
    private readonly onDeadline: (query: Query) => void,
  ) {}

  /** Considers what a query shows now. */
  watch(query: Query): void {
    if (!query.isActive()) return;
    const due = dueOf(query, this.clock.now());
    if (due === null || due >= this.at) return;
    this.at = due;
    clearTimeout(this.timer);
    const wait = due - this.clock.now() + AFTER + Math.random() * SPREAD;
    this.timer = setTimeout(() => this.fire(), Math.min(wait, LONGEST));
  }

  close(): void {
    clearTimeout(this.timer);
    this.at = Number.POSITIVE_INFINITY;
  }

  private fire(): void {
    const [now, due] = [this.clock.now(), this.at];
    this.at = Number.POSITIVE_INFINITY;
    for (const query of this.queries()) {
      const at = query.isActive() ? dueOf(query, due - 1) : null;
      if (at !== null && at <= now) this.onDeadline(query);
      this.watch(query);
    }
  }
}
