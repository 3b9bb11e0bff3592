import type { Query, QueryClient, QueryKey } from "@tanstack/react-query";

/**
 * Loads queries again that are out of date, each at most once in a while: what comes meanwhile is
 * joined. A first load is never interrupted, but repeated.
 */
export class Reloader {
  private readonly timers = new Map<string, ReturnType<typeof setTimeout>>();
  private readonly last = new Map<string, number>();
  private closed = false;

  constructor(
    private readonly queries: QueryClient,
    /** Milliseconds between two loads of one query. */
    private readonly interval: number,
  ) {}

  /** Loads it again after `delay` milliseconds, or later if it was loaded a moment ago. */
  mark(query: Query, delay: number): void {
    if (this.closed || this.timers.has(query.queryHash)) return;
    const next = (this.last.get(query.queryHash) ?? 0) + this.interval - Date.now();
    const timer = setTimeout(
      () => {
        this.timers.delete(query.queryHash);
        this.last.set(query.queryHash, Date.now());
        void this.reload(query.queryKey);
      },
      Math.max(delay, next, 0),
    );
    this.timers.set(query.queryHash, timer);
  }

  close(): void {
    this.closed = true;
    for (const timer of this.timers.values()) clearTimeout(timer);
    this.timers.clear();
  }

  open(): void {
    this.closed = false;
  }

  private async reload(queryKey: QueryKey): Promise<void> {
    const query = this.queries.getQueryCache().find({ queryKey, exact: true });
    if (query?.state.fetchStatus === "fetching" && query.state.data === undefined) {
      await query.promise?.catch(() => undefined);
    }
    if (!this.closed) await this.queries.invalidateQueries({ queryKey, exact: true });
  }
}
