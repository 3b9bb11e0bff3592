import type { Locks } from "./tabs.js";

/** Decides by a lock which tab leads: the one that has it. When that ends, another one has it. */
export class Election {
  /** Of the present request for the lock. */
  private term: AbortController | null = null;

  constructor(
    private readonly locks: Locks,
    private readonly name: string,
    /** Leads until it resolves or the signal aborts. */
    private readonly lead: (signal: AbortSignal) => Promise<void>,
  ) {}

  /** Waits for the lock, and again whenever it was lost. */
  run(): void {
    void this.campaign(false);
  }

  /** Takes the lock from a tab that leads and is silent. */
  steal(): void {
    void this.campaign(true);
  }

  stop(): void {
    this.term?.abort();
    this.term = null;
  }

  private async campaign(steal: boolean): Promise<void> {
    this.stop();
    const term = new AbortController();
    this.term = term;
    const { signal } = term;
    try {
      const how = steal ? { steal: true } : { signal };
      await this.locks.request(this.name, how, () => this.lead(signal));
    } catch {
      // It was stopped, or another tab has taken the lock while this one was silent.
    }
    if (this.term !== term) return;
    term.abort();
    void this.campaign(false);
  }
}
