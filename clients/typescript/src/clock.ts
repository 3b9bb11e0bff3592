/** Samples that are remembered; the best of them counts. */
const SAMPLES = 8;

/** The server's clock, as its answers and events tell it. */
export class ServerClock {
  private samples: number[] = [];

  constructor(private readonly local: () => number = Date.now) {}

  /** Takes in a time that the server has just sent. */
  observe(serverTime: string | null | undefined): void {
    const time = serverTime ? Date.parse(serverTime) : Number.NaN;
    if (Number.isNaN(time)) return;
    this.samples = [...this.samples.slice(1 - SAMPLES), time - this.local()];
  }

  /** Forgets what was observed, as after the machine slept. */
  reset(): void {
    this.samples = [];
  }

  /** Milliseconds since 1970 at the server. Travel makes a sample too small, never too large. */
  now(): number {
    return this.local() + (this.samples.length > 0 ? Math.max(...this.samples) : 0);
  }

  /** Seconds until an instant, not below 0; null without one. */
  secondsUntil(instant: string | null | undefined): number | null {
    return instant ? Math.max(0, (Date.parse(instant) - this.now()) / 1000) : null;
  }
}
