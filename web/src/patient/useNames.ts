import type { Appointment, AppointmentType, Dentist } from "@chairtime/client";
import { useDentists, useGet } from "@chairtime/client/react";
import { useTranslation } from "react-i18next";

type Named = Pick<Appointment, "appointment_type" | "clinic_id" | "dentist_id">;

/** Says what a booking is in words: the type and the dentist. */
export function useNames(): (it: Named) => string {
  const { t } = useTranslation("patient");
  const dentists: Dentist[] | undefined = useDentists().data;
  const types: AppointmentType[] | undefined = useGet("/api/appointment-types", {}).data;
  return (it) => {
    const type = types?.find(
      (each) => each.slug === it.appointment_type && each.clinic_id === it.clinic_id,
    );
    const dentist = dentists?.find(({ id }) => id === it.dentist_id);
    const what = type?.name ?? it.appointment_type;
    return dentist ? t("book.what_with", { what, dentist: dentist.full_name }) : what;
  };
}
