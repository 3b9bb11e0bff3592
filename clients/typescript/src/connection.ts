import { EventSourceParserStream } from "eventsource-parser/stream";
import type { Position } from "./position.js";
import { errorOf, Refusal, Unreachable } from "./refusal.js";
import type { OnWake } from "./tabs.js";
import type { StreamItem } from "./types.js";

/** Fetches a bearer token; null for a visitor. `renew`: the last one was refused or is over. */
export type GetToken = (renew: boolean) => Promise<string | null> | string | null;

export type Fetch = (input: Request) => Promise<Response>;

export interface ConnectionOptions {
  fetch: Fetch;
  signal: AbortSignal;
  token: string | null;
  /** Milliseconds without data after which the connection counts as lost. */
  silence: number;
  /** Called for every frame and heartbeat. */
  onData?: () => void;
  onWake?: OnWake;
}

/** Milliseconds without data after which a page that wakes up connects again: a heartbeat and more. */
const OVERDUE = 20_000;

/** Statuses that are retried, as are all from 500 on. */
const TRANSIENT = new Set([408, 425, 429]);

/**
 * The items of one connection until it ends. Throws Refusal for a permanent refusal, Unreachable for
 * a connection that failed or was lost.
 */
export async function* connect(
  url: string,
  position: Position,
  options: ConnectionOptions,
): AsyncGenerator<StreamItem, void, undefined> {
  const guard = new AbortController();
  const stop = () => guard.abort();
  options.signal.addEventListener("abort", stop, { once: true });
  if (options.signal.aborted) stop();
  let watch: ReturnType<typeof setTimeout> | undefined;
  let last = Date.now();
  const listen = () => {
    last = Date.now();
    clearTimeout(watch);
    watch = setTimeout(stop, options.silence);
  };
  const alive = () => {
    listen();
    options.onData?.();
  };
  const ignoreWakes = options.onWake?.(() => {
    if (Date.now() - last > OVERDUE) stop();
  });
  const onRetry = (milliseconds: number) => {
    position.retry = milliseconds;
  };
  try {
    listen();
    const response = await options.fetch(request(url, position, options.token, guard.signal));
    const body = await admitted(response);
    const frames = body
      .pipeThrough(new TextDecoderStream() as TransformStream<Uint8Array, string>)
      .pipeThrough(observed(alive))
      .pipeThrough(new EventSourceParserStream({ onRetry }));
    const reader = frames.getReader();
    // Node may forget the signal of a request that was collected as garbage.
    const leave = () => void reader.cancel().catch(() => undefined);
    guard.signal.addEventListener("abort", leave, { once: true });
    if (guard.signal.aborted) leave();
    try {
      for (;;) {
        const { done, value } = await reader.read();
        if (done) return;
        yield* position.take({ id: value.id ?? "", event: value.event ?? "", data: value.data });
      }
    } finally {
      leave();
    }
  } catch (error) {
    if (error instanceof Refusal || error instanceof Unreachable) throw error;
    throw new Unreachable(null, null, { cause: error });
  } finally {
    clearTimeout(watch);
    ignoreWakes?.();
    options.signal.removeEventListener("abort", stop);
    stop();
  }
}

function request(
  url: string,
  position: Position,
  token: string | null,
  signal: AbortSignal,
): Request {
  const headers = new Headers({ Accept: "text/event-stream" });
  if (token !== null) headers.set("Authorization", `Bearer ${token}`);
  if (position.cursor !== null) headers.set("Last-Event-ID", position.cursor);
  return new Request(url, { headers, signal, cache: "no-store" });
}

async function admitted(response: Response): Promise<ReadableStream<Uint8Array>> {
  if (response.ok && response.body !== null) return response.body;
  const body: unknown = await response.json().catch(() => null);
  const error = errorOf(response, body);
  if (error instanceof Refusal && TRANSIENT.has(error.status)) {
    throw new Unreachable(error.status, error.retryAfter);
  }
  throw error ?? new Unreachable(response.status);
}

function observed(alive: () => void): TransformStream<string, string> {
  return new TransformStream({
    transform(chunk, controller) {
      alive();
      controller.enqueue(chunk);
    },
  });
}
