import { newKey } from "@chairtime/client";
import { useClient } from "@chairtime/client/react";
import { useQueryClient } from "@tanstack/react-query";
import { useCallback } from "react";
import type { Row } from "./fields";

/** The routes whose rows are made and changed in one way. */
export type Collection =
  | "/api/clinics"
  | "/api/appointment-types"
  | "/api/resources"
  | "/api/profiles";

type Call = (path: string, init: { params: object; body: object }) => Promise<{ data?: unknown }>;

/** Makes or changes a row; the lists that show it are loaded again. */
export function useSave(collection: Collection, key: "id" | "no") {
  const { api } = useClient();
  const queries = useQueryClient();
  return useCallback(
    async (body: object, row: Row | null): Promise<unknown> => {
      // The four routes have one shape; their bodies are checked by the server, field by field.
      const call = (row ? api.PUT : api.POST) as unknown as Call;
      const params = row
        ? { path: { [key]: row[key] }, header: { "If-Match": `"${row.version}"` } }
        : { header: { "Idempotency-Key": newKey() } };
      const { data } = await call(row ? `${collection}/{${key}}` : collection, { params, body });
      await queries.invalidateQueries({
        predicate: ({ queryKey }) => String(queryKey[3] ?? "").startsWith(collection),
      });
      return data;
    },
    [api, queries, collection, key],
  );
}
