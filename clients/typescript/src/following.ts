import { connect, type Fetch, type GetToken } from "./connection.js";
import { Position } from "./position.js";
import { Refusal, Unreachable } from "./refusal.js";
import type { OnWake } from "./tabs.js";
import type { StreamItem } from "./types.js";

export interface FollowOptions {
  url: string;
  getToken: GetToken;
  fetch: Fetch;
  signal: AbortSignal;
  cursor?: string | null;
  /** Milliseconds without data after which a connection counts as lost. */
  silence?: number;
  onData?: () => void;
  /** Called when a connection has ended and another attempt follows. */
  onLost?: () => void;
  /** When it calls, a pause ends early and a connection that is silent is replaced. */
  onWake?: OnWake;
}

/** More than two heartbeats of the server. */
export const SILENCE = 40_000;

/** The longest pause between two attempts, in milliseconds. */
const LONGEST_PAUSE = 5_000;

/** The largest random extension of a pause, as a share, so that clients do not return at once. */
const JITTER = 0.5;

/**
 * All items from `cursor` on, each once and in order, across lost connections. Ends only when the
 * signal aborts or the caller leaves; throws Refusal where retrying cannot help.
 */
export async function* follow(options: FollowOptions): AsyncGenerator<StreamItem, void, undefined> {
  const position = new Position(options.cursor ?? null);
  let failures = 0;
  let renew = false;
  while (!options.signal.aborted) {
    let least = 0;
    try {
      const token = await options.getToken(renew);
      for await (const item of connect(options.url, position, {
        fetch: options.fetch,
        signal: options.signal,
        token,
        silence: options.silence ?? SILENCE,
        onData: options.onData,
        onWake: options.onWake,
      })) {
        failures = 0;
        renew = false;
        yield item;
      }
      // A token that is over is of no use, and a role that has changed needs a new one.
      renew = position.ending === "expired" || position.ending === "revoked";
    } catch (error) {
      if (options.signal.aborted) return;
      if (error instanceof Refusal) {
        if (error.status !== 401 || renew) throw error;
        renew = true;
      } else {
        least = ((error instanceof Unreachable && error.retryAfter) || 0) * 1000;
      }
    }
    if (options.signal.aborted) return;
    options.onLost?.();
    if (least > 0) await pause(least, { signal: options.signal });
    await pause(backOff(position.retry, failures), options);
    failures += 1;
  }
}

/** Milliseconds to wait: never less than the server asked for. */
export function backOff(
  retry: number,
  failures: number,
  random: () => number = Math.random,
): number {
  const longest = Math.max(retry, LONGEST_PAUSE);
  return Math.min(retry * 2 ** Math.min(failures, 16), longest) * (1 + JITTER * random());
}

async function pause(
  milliseconds: number,
  options: Pick<FollowOptions, "signal" | "onWake">,
): Promise<void> {
  const over = new AbortController();
  const end = () => over.abort();
  if (options.signal.aborted) return;
  options.signal.addEventListener("abort", end, { once: true });
  const timer = setTimeout(end, milliseconds);
  const ignoreWakes = options.onWake?.(end);
  if (!over.signal.aborted) {
    await new Promise<void>((resolve) =>
      over.signal.addEventListener("abort", () => resolve(), { once: true }),
    );
  }
  clearTimeout(timer);
  ignoreWakes?.();
  options.signal.removeEventListener("abort", end);
}
