import { Election } from "./election.js";
import { type FollowOptions, SILENCE } from "./following.js";
import { type LiveStatus, StatusKeeper } from "./live-status.js";
import { isAfterOrAt } from "./position.js";
import { Refusal } from "./refusal.js";
import { type Channel, type Locks, onWake, openChannel, webLocks } from "./tabs.js";
import type { StreamItem } from "./types.js";

export interface LiveOptions {
  /** Shared by the tabs of one user, or of a visitor; null: no stream is opened. */
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
  private readonly keeper: StatusKeeper;
  private readonly listeners = new Set<(item: StreamItem) => void>();
  private session: AbortController | null = null;
  private election: Election | null = null;
  private channel: Channel | null = null;
  private cursor: string | null = null;
  /** Of this tab's lead; null while another tab leads. */
  private leadSignal: AbortSignal | null = null;
  private lastTold = 0;
  private silenceTimer: ReturnType<typeof setTimeout> | undefined;

  constructor(options: Partial<LiveOptions> & Pick<LiveOptions, "name" | "stream">) {
    this.options = {
      staleAfter: 10_000,
      silence: SILENCE,
      locks: webLocks(),
      channel: openChannel(),
      ...options,
    };
    this.keeper = new StatusKeeper(this.options.staleAfter);
  }

  get status(): LiveStatus {
    return this.keeper.current;
  }

  /** Whether this tab reads the stream for the others. */
  get leads(): boolean {
    return this.leadSignal !== null;
  }

  /** Calls for each item; returns what ends it. */
  subscribe(listener: (item: StreamItem) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** Calls when the status has changed; returns what ends it. */
  observe(observer: () => void): () => void {
    return this.keeper.observe(observer);
  }

  /** Begins; does nothing if it is open or has no name. */
  open(): void {
    const { name, channel, locks } = this.options;
    if (this.session !== null || name === null) return;
    this.session = new AbortController();
    this.keeper.begin();
    if (channel === null || locks === null) {
      void this.lead(this.session.signal);
      return;
    }
    this.channel = channel(name);
    this.channel.onmessage = (event) => this.hear(event.data as Message);
    this.tell({ type: "hello" });
    this.election = new Election(locks, name, (signal) => this.lead(signal));
    this.election.run();
    this.listenForSilence();
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

  private end(state: "off" | "signed_out" | "refused", refusal: Refusal | null = null): void {
    this.session?.abort();
    this.session = null;
    this.election?.stop();
    this.election = null;
    this.channel?.close();
    this.channel = null;
    this.leadSignal = null;
    clearTimeout(this.silenceTimer);
    this.keeper.end(state, refusal);
  }

  private async lead(signal: AbortSignal): Promise<void> {
    if (signal.aborted) return;
    this.leadSignal = signal;
    clearTimeout(this.silenceTimer);
    try {
      const items = this.options.stream({
        signal,
        cursor: this.cursor,
        silence: this.options.silence,
        onData: () => this.tellAlive(ALIVE),
        onLost: () => this.setConnected(false),
        onWake,
      });
      for await (const item of items) {
        if (signal.aborted) return;
        this.tell({ type: "item", from: this.cursor, item });
        this.deliver(item);
      }
    } catch (error) {
      if (!signal.aborted && error instanceof Refusal) this.end("refused", error);
    } finally {
      if (this.leadSignal === signal) this.leadSignal = null;
      this.listenForSilence();
    }
  }

  /** Says to the others that this tab leads and lives, unless it has within `pause` milliseconds. */
  private tellAlive(pause = 0): void {
    this.keeper.touch();
    if (Date.now() - this.lastTold < pause) return;
    this.lastTold = Date.now();
    this.tell({ type: "alive", cursor: this.cursor, connected: this.keeper.connected });
  }

  private hear(message: Message): void {
    if (this.session === null) return;
    switch (message.type) {
      case "hello":
        if (this.leads) this.tellAlive();
        return;
      case "signed_out":
        this.end("signed_out");
        return;
      case "alive":
        this.listenForSilence();
        if (this.leads) return;
        this.joinAt(message.cursor);
        this.setConnected(message.connected);
        return;
      case "item":
        this.listenForSilence();
        if (!this.leads) this.follow(message.from, message.item);
        return;
    }
  }

  /** Takes an item from the leading tab; what came before `from` and is not here was missed. */
  private follow(from: string | null, item: StreamItem): void {
    if (item.type !== "event") {
      this.deliver(item);
      return;
    }
    this.joinAt(from);
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
    if (this.keeper.setConnected(connected) && this.leads) this.tellAlive();
  }

  /** A tab that leads and says nothing is frozen or gone: its lock is taken. */
  private listenForSilence(): void {
    clearTimeout(this.silenceTimer);
    const { election } = this;
    if (election === null || this.leads) return;
    const patience = this.options.silence * (1.5 + Math.random() / 2);
    this.silenceTimer = setTimeout(() => {
      election.steal();
      this.listenForSilence();
    }, patience);
  }

  private tell(message: Message): void {
    this.channel?.postMessage(message);
  }
}
