import type { components } from "./generated/schema.js";

export type Problem = components["schemas"]["Problem"];

/** Every code with which the API refuses. New ones may come: keep a default case. */
export type RefusalCode = Problem["code"];

/** The API answered and did nothing. `code` says why; `problem` carries the rest. */
export class Refusal extends Error {
  override readonly name = "Refusal";

  constructor(
    readonly status: number,
    readonly problem: Partial<Problem> & { code: RefusalCode },
    /** Seconds to wait before it may succeed, where the API said so. */
    readonly retryAfter: number | null = null,
  ) {
    super(problem.detail ?? problem.code);
  }

  get code(): RefusalCode {
    return this.problem.code;
  }

  /** The messages of `validation_failed` by field; empty for other codes. */
  get fields(): Record<string, string> {
    return Object.fromEntries((this.problem.errors ?? []).map((e) => [e.field, e.message]));
  }
}

/** No answer came, or one that leaves open what happened. Safe to repeat with the same key. */
export class Unreachable extends Error {
  override readonly name = "Unreachable";

  constructor(
    /** The status of the last answer; null if there was none. */
    readonly status: number | null,
    readonly retryAfter: number | null = null,
    options?: ErrorOptions,
  ) {
    super(
      status === null ? "The server cannot be reached." : `The server failed (${status}).`,
      options,
    );
  }
}

export type ClientError = Refusal | Unreachable;

/** Whether an error is a refusal, with one of these codes if any are given. */
export function isRefusal(error: unknown, ...codes: RefusalCode[]): error is Refusal {
  return error instanceof Refusal && (codes.length === 0 || codes.includes(error.code));
}

/** Whether the same request may succeed in a while. */
export function isTransient(error: ClientError): boolean {
  return error instanceof Unreachable || isRefusal(error, "rate_limited", "request_timeout");
}

/** The error that an answer stands for; null if it is a success. */
export function errorOf(response: Response, body: unknown): ClientError | null {
  if (response.ok) return null;
  const retryAfter = secondsOf(response.headers.get("Retry-After"));
  const problem = isProblem(body) ? body : null;
  if (response.status >= 500 || problem === null) {
    return new Unreachable(response.status, retryAfter);
  }
  return new Refusal(response.status, problem, retryAfter);
}

/** The seconds in a Retry-After header; null for a date or nothing. */
export function secondsOf(header: string | null): number | null {
  return header !== null && /^\d+$/.test(header) ? Number(header) : null;
}

function isProblem(body: unknown): body is Problem {
  return typeof body === "object" && body !== null && typeof Reflect.get(body, "code") === "string";
}
