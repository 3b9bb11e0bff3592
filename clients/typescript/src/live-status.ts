import type { Refusal } from "./refusal.js";

export type LiveState =
  /** Not opened. */
  | "off"
  | "connecting"
  | "live"
  /** The connection was lost a moment ago. */
  | "reconnecting"
  /** It has been lost for longer: what is shown may be out of date. */
  | "stale"
  /** The server does not let this user in. */
  | "refused"
  /** The user signed out, here or in another tab. */
  | "signed_out";

export interface LiveStatus {
  state: LiveState;
  /** Local milliseconds since when; of `reconnecting` and `stale`, when data last came. */
  since: number;
  /** Why, where the state is `refused`. */
  refusal: Refusal | null;
}

/** What is known of the connection, and who wants to hear of it. */
export class StatusKeeper {
  private readonly observers = new Set<() => void>();
  private status: LiveStatus = { state: "off", since: 0, refusal: null };
  private isConnected = false;
  private lastData = 0;
  private staleTimer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    /** Milliseconds of a lost connection until it counts as stale. */
    private readonly staleAfter: number,
  ) {}

  get current(): LiveStatus {
    return this.status;
  }

  get connected(): boolean {
    return this.isConnected;
  }

  /** Calls when the status has changed; returns what ends it. */
  observe(observer: () => void): () => void {
    this.observers.add(observer);
    return () => this.observers.delete(observer);
  }

  /** Data came. */
  touch(): void {
    this.lastData = Date.now();
  }

  /** Whether there is a connection, here or in the tab that leads. Returns whether that is news. */
  setConnected(connected: boolean): boolean {
    if (connected) this.touch();
    const first = this.status.state === "connecting";
    if (connected === this.isConnected && !first) return false;
    this.isConnected = connected;
    if (connected) {
      this.forgetStale();
      this.become("live");
    } else {
      if (!first) this.become("reconnecting");
      this.staleTimer ??= setTimeout(() => this.become("stale"), this.staleAfter);
    }
    return true;
  }

  /** A session begins. */
  begin(): void {
    this.become("connecting");
  }

  /** It is over. */
  end(state: LiveState, refusal: Refusal | null): void {
    this.isConnected = false;
    this.forgetStale();
    this.become(state, refusal);
  }

  private forgetStale(): void {
    clearTimeout(this.staleTimer);
    this.staleTimer = undefined;
  }

  private become(state: LiveState, refusal: Refusal | null = null): void {
    const lost = state === "reconnecting" || state === "stale";
    const since = lost && this.lastData > 0 ? this.lastData : Date.now();
    this.status = { state, since, refusal };
    for (const observer of this.observers) observer();
  }
}
