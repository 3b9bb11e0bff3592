import type { Clinic } from "@chairtime/client";
import { useGet } from "@chairtime/client/react";
import { useSearchParams } from "react-router";
import { useUser } from "./session/SessionProvider";

export interface ClinicChoice {
  /** The clinic that everything on the page is of; undefined while it is loading. */
  clinic: Clinic | undefined;
  clinics: readonly Clinic[];
  choose(id: string): void;
}

/** The clinic named in the URL (`?clinic=`), else the first one. */
export function useClinic(): ClinicChoice {
  const user = useUser();
  const [search, setSearch] = useSearchParams();
  const { data } = useGet("/api/clinics", {}, { enabled: user !== null });
  const clinics = data ?? [];
  const named = search.get("clinic");
  return {
    clinic: clinics.find((clinic) => clinic.id === named) ?? clinics[0],
    clinics,
    choose: (id) =>
      setSearch((now) => {
        now.set("clinic", id);
        return now;
      }),
  };
}

/** The path of another page of the same clinic. */
export function useClinicPath(): (path: string) => string {
  const [search] = useSearchParams();
  const clinic = search.get("clinic");
  return (path) => (clinic ? `${path}?clinic=${encodeURIComponent(clinic)}` : path);
}
