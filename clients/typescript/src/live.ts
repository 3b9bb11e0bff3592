import type { FollowOptions } from "./following.js";
import { SILENCE } from "./following.js";
import { isAfterOrAt } from "./position.js";
import { Refusal } from "./refusal.js";
import { type Channel, type Locks, openChannel, webLocks } from "./tabs.js";
import type { StreamItem } from "./types.js";

export type LiveState =
  /** Not opened, or nobody is signed in. */
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

export interface LiveOptions {
  /** Shared by the tabs of one user; null: nobody is signed in. */
  name: string | null;
  stream: (options: Omit<FollowOptions, "url" | "getToken" | "fetch">) => AsyncIterable<StreamItem>;
  /** Milliseconds of a lost connection until it counts as stale. */
  staleAfter: number;
  /** Milliseconds without data after which a connection, or the leading tab, counts as lost. */
  silence: number;
  locks: Locks | null;
  channel: ((name: string) => Channel) | null;
}

type Message =
  | { type: "hello" }
  | { type: "alive"; cursor: string | null; connected: boolean }
  | { type: "item"; from: string | null; item: StreamItem }
  | { type: "signed_out" };

/** Milliseconds between two messages that say that the leading tab lives. */
const ALIVE = 5000;

/**
 * One stream for all tabs of a user: the tab that holds the lock reads it and tells the others.
 * Where locks or channels are missing, each tab has a stream of its own.
 */
export class Live {
  private readonly options: LiveOptions;
  private readonly listeners = new Set<(item: StreamItem) => void>();
  private readonly observers = new Set<() => void>();
  private current: LiveStatus = { state: "off", since: 0, refusal: null };
  private session: AbortController | null = null;
  /** Of the present request for the lock. */
  private term: AbortController | null = null;
  private channel: Channel | null = null;
  private cursor: string | null = null;
  private leading = false;
  private connected = false;
  private lastData = 0;
  private lastTold = 0;
  private staleTimer: ReturnType<typeof setTimeout> | undefined;
  private silenceTimer: ReturnType<typeof setTimeout> | undefined;

  constructor(options: Partial<LiveOptions> & Pick<LiveOptions, "name" | "stream">) {
    this.options = {
      staleAfter: 10_000,
      silence: SILENCE,
      locks: webLocks(),
      channel: openChannel(),
      ...options,
    };
  }

  get status(): LiveStatus {
    return this.current;
  }

  /** Whether this tab reads the stream for the others. */
  get leads(): boolean {
    return this.leading;
  }

  /** Calls for each item; returns what ends it. */
  subscribe(listener: (item: StreamItem) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** Calls when the status has changed; returns what ends it. */
  observe(observer: () => void): () => void {
    this.observers.add(observer);
    return () => this.observers.delete(observer);
  }

  /** Begins; does nothing if it is open or nobody is signed in. */
  open(): void {
    const { name, channel, locks } = this.options;
    if (this.session !== null || name === null) return;
    this.session = new AbortController();
    this.become("connecting");
    if (channel === null || locks === null) {
      void this.lead(this.session.signal);
      return;
    }
    this.channel = channel(name);
    this.channel.onmessage = (event) => this.hear(event.data as Message);
    this.tell({ type: "hello" });
    this.listenForSilence();
    void this.campaign(this.session.signal, false);
  }

  /** Ends for this tab; another one takes over. It can be opened again. */
  close(): void {
    this.end("off");
  }

  /** Ends for all tabs of this user. */
  signOut(): void {
    this.tell({ type: "signed_out" });
    this.end("signed_out");
  }

  private end(state: LiveState, refusal: Refusal | null = null): void {
    this.session?.abort();
    this.session = null;
    this.term?.abort();
    this.channel?.close();
    this.channel = null;
    this.leading = false;
    this.connected = false;
    clearTimeout(this.staleTimer);
    clearTimeout(this.silenceTimer);
    this.become(state, refusal);
  }

  /**
   * Waits for the lock, or takes it, and leads while it has it. Waits again when it was taken away.
   */
  private async campaign(session: AbortSignal, steal: boolean): Promise<void> {
    const { name, locks } = this.options;
    if (name === null || locks === null) return;
    this.term?.abort();
    const term = new AbortController();
    this.term = term;
    const { signal } = term;
    try {
      const how = steal ? { steal: true } : { signal };
      await locks.request(name, how, () => this.lead(signal));
    } catch {
      // closed, or another tab has taken the lock while this one was silent
    }
    if (this.term !== term) return;
    term.abort();
    if (!session.aborted) void this.campaign(session, false);
  }

  private async lead(signal: AbortSignal): Promise<void> {
    if (signal.aborted) return;
    this.leading = true;
    clearTimeout(this.silenceTimer);
    try {
      const items = this.options.stream({
        signal,
        cursor: this.cursor,
        silence: this.options.silence,
        onData: () => this.alive(signal),
        onLost: () => this.setConnected(false),
      });
      for await (const item of items) {
        if (signal.aborted) return;
        const from = this.cursor;
        this.tell({ type: "item", from, item });
        this.deliver(item);
      }
    } catch (error) {
      if (!signal.aborted && error instanceof Refusal) this.end("refused", error);
    } finally {
      this.leading = false;
      this.listenForSilence();
    }
  }

  private alive(signal: AbortSignal): void {
    if (signal.aborted) return;
    this.lastData = Date.now();
    if (this.lastData - this.lastTold >= ALIVE) this.tellAlive();
  }

  private tellAlive(): void {
    this.lastTold = Date.now();
    this.tell({ type: "alive", cursor: this.cursor, connected: this.connected });
  }

  private hear(message: Message): void {
    if (this.session === null) return;
    switch (message.type) {
      case "hello":
        if (this.leading) this.tellAlive();
        return;
      case "signed_out":
        this.end("signed_out");
        return;
      case "alive":
        this.listenForSilence();
        if (this.leading) return;
        this.joinAt(message.cursor);
        this.setConnected(message.connected);
        return;
      case "item":
        this.listenForSilence();
        if (!this.leading) this.follow(message.from, message.item);
        return;
    }
  }

  /** Takes an item from the leading tab; one that came before `from` was missed. */
  private follow(from: string | null, item: StreamItem): void {
    if (item.type !== "event") {
      this.deliver(item);
      return;
    }
    if (from !== null) this.joinAt(from);
    if (!isAfterOrAt(this.cursor, item.cursor)) this.deliver(item);
  }

  /** What this tab has does not reach to `cursor`: it begins there, or has a gap before it. */
  private joinAt(cursor: string | null): void {
    if (cursor === null || isAfterOrAt(this.cursor, cursor)) return;
    if (this.cursor === null) this.deliver({ type: "ready", cursor, serverTime: null });
    else this.deliver({ type: "reset", cursor, reason: "gap" });
  }

  private deliver(item: StreamItem): void {
    this.cursor = item.cursor;
    if (item.type === "ready") this.setConnected(true);
    for (const listener of this.listeners) listener(item);
  }

  private setConnected(connected: boolean): void {
    if (connected) this.lastData = Date.now();
    if (connected === this.connected && this.current.state !== "connecting") return;
    this.connected = connected;
    if (this.leading) this.tellAlive();
    clearTimeout(this.staleTimer);
    if (connected) {
      this.become("live");
      return;
    }
    if (this.current.state === "live") this.become("reconnecting");
    const session = this.session;
    this.staleTimer = setTimeout(() => {
      if (this.session === session && !this.connected) this.become("stale");
    }, this.options.staleAfter);
  }

  /** A tab that leads and says nothing is frozen or gone: its lock is taken. */
  private listenForSilence(): void {
    clearTimeout(this.silenceTimer);
    const session = this.session;
    if (session === null || this.leading || this.channel === null) return;
    this.silenceTimer = setTimeout(() => {
      if (this.session === session && !this.leading) void this.campaign(session.signal, true);
    }, this.options.silence * 1.5);
  }

  private tell(message: Message): void {
    this.channel?.postMessage(message);
  }

  private become(state: LiveState, refusal: Refusal | null = null): void {
    const lost = state === "reconnecting" || state === "stale";
    const since = lost && this.lastData > 0 ? this.lastData : Date.now();
    this.current = { state, since, refusal };
    for (const observer of this.observers) observer();
  }
}
