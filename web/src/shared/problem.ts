import type { TFunction } from "i18next";

/** A refusal of the API (RFC 9457). */
export interface Problem {
  code: string;
  detail: string;
  status: number;
  request_id?: string;
  errors?: { field: string; message: string }[];
}

/** The problem that an error carries; null where the API was not reached or did not answer. */
export function problemOf(error: unknown): Problem | null {
  if (isProblem(error)) return error;
  if (typeof error === "object" && error !== null && "problem" in error && isProblem(error.problem))
    return error.problem;
  return null;
}

/** What to tell the person: our words for the code, or else the API's own sentence. */
export function describeError(t: TFunction, error: unknown): string {
  const problem = problemOf(error);
  if (!problem) return t("errors:no_answer");
  return t(`errors:code.${problem.code}`, { defaultValue: problem.detail });
}

function isProblem(value: unknown): value is Problem {
  return (
    typeof value === "object" &&
    value !== null &&
    "code" in value &&
    typeof value.code === "string" &&
    "detail" in value &&
    typeof value.detail === "string"
  );
}
