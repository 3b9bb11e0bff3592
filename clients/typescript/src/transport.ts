import type { Fetch, GetToken } from "./connection.js";
import { KEYED_ROUTES } from "./generated/keyed-routes.js";
import { newKey } from "./keys.js";
import { type ClientError, errorOf, Refusal, Unreachable } from "./refusal.js";

export interface TransportOptions {
  fetch: Fetch;
  getToken: GetToken;
  /** Milliseconds that one attempt may take. */
  timeout: number;
  /** Milliseconds before each repeat of a request whose outcome is unknown. */
  repeats: readonly number[];
}

/** Seconds of Retry-After that a repeat waits; beyond it the caller is told. */
const PATIENCE = 5;

/**
 * `fetch` with the token. Rejects with Refusal or Unreachable unless the answer is a success. A
 * token that is refused is renewed once. Where the API takes an Idempotency-Key it gets one, and the
 * request is repeated while its outcome is unknown.
 */
export function transport(options: TransportOptions): Fetch {
  return async (request) => {
    if (takesKey(request) && !request.headers.has("Idempotency-Key")) {
      request.headers.set("Idempotency-Key", newKey());
    }
    const repeats = isRepeatable(request) ? options.repeats : [];
    for (let attempt = 0; ; attempt += 1) {
      const outcome = await admitted(request, options);
      if (outcome instanceof Response) return outcome;
      const pause = repeats[attempt];
      const after = outcome.retryAfter ?? 0;
      if (outcome instanceof Refusal || pause === undefined || after > PATIENCE) throw outcome;
      await sleep(Math.max(pause, after * 1000), request.signal);
    }
  };
}

const KEYED = KEYED_ROUTES.map((route) => new RegExp(`^${route.replace(/\{[^}]*\}/g, "[^/]+")}$`));

function takesKey(request: Request): boolean {
  const route = `${request.method} ${new URL(request.url).pathname}`;
  return KEYED.some((pattern) => pattern.test(route));
}

/** The verbs of a conversation have the same effect once or twice. */
function isRepeatable(request: Request): boolean {
  const isVerb = new URL(request.url).pathname.startsWith("/api/chatbot/");
  return isVerb || request.headers.has("Idempotency-Key");
}

/** One attempt, or two where the token has to be renewed. */
async function admitted(
  request: Request,
  options: TransportOptions,
): Promise<Response | ClientError> {
  const outcome = await attempt(request, options, false);
  const renewable = outcome instanceof Refusal && outcome.status === 401;
  return renewable ? attempt(request, options, true) : outcome;
}

async function attempt(
  request: Request,
  options: TransportOptions,
  renew: boolean,
): Promise<Response | ClientError> {
  const signal = AbortSignal.any([request.signal, AbortSignal.timeout(options.timeout)]);
  try {
    const token = await options.getToken(renew);
    const headers = new Headers(request.headers);
    if (token !== null) headers.set("Authorization", `Bearer ${token}`);
    const response = await options.fetch(new Request(request.clone(), { headers, signal }));
    if (response.ok) return response;
    const body: unknown = await response.json().catch(() => null);
    return errorOf(response, body) ?? response;
  } catch (error) {
    if (request.signal.aborted) throw error;
    return new Unreachable(null, null, { cause: error });
  }
}

function sleep(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, milliseconds);
    const stop = () => {
      clearTimeout(timer);
      reject(signal.reason);
    };
    if (signal.aborted) stop();
    else signal.addEventListener("abort", stop, { once: true });
  });
}
