import type { Clinic } from "@chairtime/client";
import { useGet } from "@chairtime/client/react";
import { useMemo } from "react";
import { useSearchParams } from "react-router";
import { useUser } from "./session/SessionProvider";

export interface ClinicChoice {
  /** The clinic that everything on the page is of; undefined while it is loading. */
  clinic: Clinic | undefined;
  /** Those that this person works with; undefined while they are loading. */
  clinics: readonly Clinic[] | undefined;
  error: unknown;
  retry: () => unknown;
  /** Whether the URL names another clinic, or none where there are several. */
  isAstray: boolean;
  choose(id: string, options?: { replace: boolean }): void;
}

/** The clinic named in the URL (`?clinic=`), else the first one. */
export function useClinic(): ClinicChoice {
  const user = useUser();
  const [search, setSearch] = useSearchParams();
  const { data, error, refetch } = useGet("/api/clinics", {});
  const ids = user?.clinicIds;
  const clinics = useMemo(
    () => (ids ? data?.filter(({ id }) => ids.includes(id)) : data),
    [data, ids],
  );
  const named = search.get("clinic");
  const clinic = clinics?.find(({ id }) => id === named) ?? clinics?.[0];
  return {
    clinic,
    clinics,
    isAstray:
      clinic !== undefined && clinic.id !== named && (named !== null || (clinics?.length ?? 0) > 1),
    error,
    retry: refetch,
    choose: (id, options) =>
      setSearch((now) => {
        now.set("clinic", id);
        return now;
      }, options),
  };
}

/** The path of another page of the same clinic. */
export function useClinicPath(): (path: string) => string {
  const [search] = useSearchParams();
  const clinic = search.get("clinic");
  return (path) => (clinic ? `${path}?clinic=${encodeURIComponent(clinic)}` : path);
}
