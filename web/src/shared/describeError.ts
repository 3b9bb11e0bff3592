import { isRefusal } from "@chairtime/client";
import type { TFunction } from "i18next";

/** What to tell the person: our words for the code of a refusal, or else the API's own sentence. */
export function describeError(t: TFunction, error: unknown): string {
  if (!isRefusal(error)) return t("errors:no_answer");
  return t(`errors:code.${error.code}`, { defaultValue: error.message });
}

/** What is wrong with each refused field, in the same way. */
export function describeFaults(t: TFunction, error: unknown): Record<string, string> {
  if (!isRefusal(error)) return {};
  return Object.fromEntries(
    (error.problem.errors ?? []).map(({ field, code, message, limit }) => [
      field,
      t(`errors:fault.${code}`, {
        defaultValue: message,
        ...(limit === undefined ? {} : { count: limit }),
      }),
    ]),
  );
}
