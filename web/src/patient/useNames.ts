import type { Appointment, AppointmentType, Dentist } from "@chairtime/client";
import { useDentists, useGet } from "@chairtime/client/react";
import { useTranslation } from "react-i18next";
import { useFamily } from "./family/useFamily";

type Named = Pick<Appointment, "appointment_type" | "clinic_id" | "dentist_id"> & {
  patient_id?: string | null;
};

/** Says what a booking is in words: the type, the dentist, and for whom if not for oneself. */
export function useNames(): (it: Named) => string {
  const { t } = useTranslation("patient");
  const dentists: Dentist[] | undefined = useDentists().data;
  const types: AppointmentType[] | undefined = useGet("/api/appointment-types", {}).data;
  const family = useFamily().data;
  return (it) => {
    const type = types?.find(
      (each) => each.slug === it.appointment_type && each.clinic_id === it.clinic_id,
    );
    const dentist = dentists?.find(({ id }) => id === it.dentist_id);
    const what = type?.name ?? it.appointment_type;
    const text = dentist ? t("book.what_with", { what, dentist: dentist.full_name }) : what;
    const other = family?.find(({ id }) => id === it.patient_id);
    return other ? t("book.what_for", { what: text, name: other.full_name }) : text;
  };
}
