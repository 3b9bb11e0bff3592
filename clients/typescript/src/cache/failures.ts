import type { Query, QueryCacheNotifyEvent } from "@tanstack/react-query";

/**
 * Keeps the error of a query that never loaded while it is loaded again, which would set it back to
 * pending: a page would show skeletons for as long as the server fails, and never say so.
 */
export class Failures {
  private readonly errors = new WeakMap<Query, Error>();

  watch(event: QueryCacheNotifyEvent): void {
    if (event.type !== "updated") return;
    const { query, action } = event;
    if (action.type === "error" && query.state.data === undefined && query.state.error) {
      this.errors.set(query, query.state.error);
    }
    if (action.type === "success") this.errors.delete(query);
    const error = action.type === "fetch" ? this.errors.get(query) : undefined;
    if (error && query.state.status === "pending") query.setState({ status: "error", error });
  }
}
