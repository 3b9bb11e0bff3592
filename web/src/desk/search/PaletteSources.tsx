import type { Appointment, Profile } from "@chairtime/client";
import { useClient, useDentists } from "@chairtime/client/react";
import { useTranslation } from "react-i18next";
import { useNavigate } from "react-router";
import { useClinic } from "../../app/clinic";
import { type PaletteItem, usePaletteSource } from "../../app/palette/sources";
import { formatLocale } from "../../shared/locale";
import { localOf, showDate } from "../time/zone";

/** Patients, their bookings and dentists, for the palette. */
export function PaletteSources() {
  const { t, i18n } = useTranslation("desk");
  const { api } = useClient();
  const { clinic } = useClinic();
  const dentists = useDentists().data ?? [];
  const navigate = useNavigate();
  const zone = clinic?.time_zone ?? "UTC";
  const day = (date: string, more: string) =>
    navigate(`/desk?clinic=${clinic?.id ?? ""}&date=${date}${more}`);

  async function people(search: string, signal: AbortSignal): Promise<readonly Profile[]> {
    if (!search) return [];
    const query = { search, role: "patient" as const, limit: 5 };
    const { data } = await api.GET("/api/profiles", { params: { query }, signal });
    return data?.items ?? [];
  }

  async function bookingsOf(patient: Profile, signal?: AbortSignal): Promise<PaletteItem[]> {
    const query = {
      patient_id: patient.id,
      limit: 200,
      ...(clinic ? { clinic_id: clinic.id } : {}),
    };
    const { data } = await api.GET("/api/appointments", {
      params: { query },
      ...(signal ? { signal } : {}),
    });
    return (data?.items ?? [])
      .slice(-6)
      .reverse()
      .map((each) => itemOf(each, patient.full_name));
  }

  function itemOf({ id, starts_at, status }: Appointment, name: string): PaletteItem {
    const { date } = localOf(starts_at, zone);
    return {
      id,
      label: `${name} · ${showDate(date, formatLocale(i18n.language))}`,
      description: t(`status.${status}`),
      run: () => day(date, `&booking=${id}`),
    };
  }

  usePaletteSource(t("search.patients"), async (search, signal) =>
    (await people(search, signal)).map((patient) => ({
      id: patient.id,
      label: patient.full_name,
      description: patient.phone ?? patient.email ?? "",
      run: async () => {
        const [last] = await bookingsOf(patient);
        if (last) last.run();
        else navigate(`/desk/people?clinic=${clinic?.id ?? ""}`);
      },
    })),
  );
  usePaletteSource(t("search.bookings"), async (search, signal) => {
    const found = (await people(search, signal)).slice(0, 2);
    return (await Promise.all(found.map((each) => bookingsOf(each, signal)))).flat();
  });
  usePaletteSource(t("search.dentists"), (search) =>
    dentists
      .filter((each) => each.full_name.toLowerCase().includes(search.toLowerCase()))
      .map((each) => ({
        id: each.id,
        label: each.full_name,
        description: each.specialty,
        run: () => navigate(`/desk?clinic=${each.clinic_id}&dentist=${each.id}`),
      })),
  );
  return null;
}
