import type { Appointment, Dentist, Resource } from "@chairtime/client";
import { useDentists, useGet } from "@chairtime/client/react";
import { useMemo } from "react";
import { useTranslation } from "react-i18next";

export interface ColumnOfBoard {
  id: string;
  label: string;
  note: string | null;
  dentistId: string | null;
}

export interface Columns {
  columns: readonly ColumnOfBoard[];
  dentists: readonly Dentist[];
  isPending: boolean;
  error: unknown;
  retry: () => unknown;
}

/** The dentists of a clinic by name, or its chairs. */
export function useColumns(clinicId: string, by: "dentists" | "chairs"): Columns {
  const { t } = useTranslation("desk");
  const everyone = useDentists();
  const params = useMemo(
    () => ({ params: { query: { clinic_id: clinicId, kind: "chair" as const } } }),
    [clinicId],
  );
  const chairs = useGet("/api/resources", params, { enabled: by === "chairs" });
  const dentists = useMemo(
    () =>
      (everyone.data ?? [])
        .filter((each) => each.clinic_id === clinicId)
        .sort((a, b) => a.full_name.localeCompare(b.full_name)),
    [everyone.data, clinicId],
  );
  const columns = useMemo<readonly ColumnOfBoard[]>(() => {
    if (by === "dentists") return dentists.map(ofDentist);
    const active = (chairs.data ?? []).filter((each) => each.active);
    return [
      ...active.map((chair) => ofChair(chair, chair.name ?? t("board.chair", { no: chair.no }))),
      { id: "none", label: t("board.no_chair"), note: null, dentistId: null },
    ];
  }, [by, chairs.data, dentists, t]);
  const source = by === "chairs" ? chairs : everyone;
  const isPending = source.isPending || everyone.isPending;
  const error = source.error ?? everyone.error;
  const retry = source.refetch;
  return useMemo(
    () => ({ columns, dentists, isPending, error, retry }),
    [columns, dentists, isPending, error, retry],
  );
}

/** The column in which a booking stands. */
export function columnOf(appointment: Appointment, by: "dentists" | "chairs"): string {
  return by === "dentists" ? appointment.dentist_id : String(appointment.chair ?? "none");
}

function ofDentist(dentist: Dentist): ColumnOfBoard {
  return {
    id: dentist.id,
    label: dentist.full_name,
    note: dentist.specialty,
    dentistId: dentist.id,
  };
}

function ofChair(chair: Resource, label: string): ColumnOfBoard {
  return { id: String(chair.no), label, note: null, dentistId: null };
}
