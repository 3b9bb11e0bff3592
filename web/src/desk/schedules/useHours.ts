import type { Client } from "@chairtime/client";
import { useClient, useGet } from "@chairtime/client/react";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useMemo } from "react";
import type { Draft, Outcome, Owner } from "./draft";

export interface Change {
  draft: Draft;
  version: number;
  /** Only says what it would do. */
  dryRun: boolean;
}

/** The hours of a dentist, or the exceptions of a clinic, as they are now. */
export function useHours(owner: Owner) {
  const params = useMemo(
    () => ({ params: { path: { dentist_id: owner.id, clinic_id: owner.id } } }),
    [owner.id],
  );
  const dentist = useGet("/api/availability/{dentist_id}", params, {
    enabled: owner.kind === "dentist",
  });
  const clinic = useGet("/api/clinics/{clinic_id}/exceptions", params, {
    enabled: owner.kind === "clinic",
  });
  const source = owner.kind === "dentist" ? dentist : clinic;
  const saved = useMemo(() => {
    if (owner.kind === "dentist")
      return dentist.data && { ...draftOf(dentist.data), version: dentist.data.version };
    return clinic.data && { ...draftOf(clinic.data), version: clinic.data.version };
  }, [owner.kind, dentist.data, clinic.data]);
  return { saved, error: source.error, refetch: source.refetch };
}

/** Replaces them as a whole; a dry run only says which bookings would fall outside. */
export function useReplaceHours(owner: Owner) {
  const client = useClient();
  const queries = useQueryClient();
  return useMutation({
    networkMode: "always",
    mutationFn: (change: Change) => replace(client, owner, change),
    onSuccess: (_, { dryRun }) => {
      if (!dryRun)
        void queries.invalidateQueries({ predicate: ({ queryKey }) => isHours(queryKey) });
    },
  });
}

async function replace(client: Client, owner: Owner, change: Change): Promise<Outcome> {
  const { draft, version, dryRun } = change;
  const query = dryRun ? { dry_run: true } : {};
  const header = { "If-Match": `"${version}"` };
  const exceptions = [...draft.exceptions];
  const { data } =
    owner.kind === "dentist"
      ? await client.api.PUT("/api/availability/{dentist_id}", {
          params: { path: { dentist_id: owner.id }, query, header },
          body: { weekly: [...draft.weekly], exceptions },
        })
      : await client.api.PUT("/api/clinics/{clinic_id}/exceptions", {
          params: { path: { clinic_id: owner.id }, query, header },
          body: { exceptions },
        });
  return { conflicts: data?.conflicts ?? [], total: data?.conflicts_total ?? 0 };
}

function draftOf(shown: Partial<Draft>): Draft {
  return { weekly: shown.weekly ?? [], exceptions: shown.exceptions ?? [] };
}

function isHours(key: readonly unknown[]): boolean {
  return key[2] === "get" && /^\/api\/(availability|clinics)/.test(String(key[3]));
}
