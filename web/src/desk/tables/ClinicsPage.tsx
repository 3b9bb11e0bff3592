import { useGet } from "@chairtime/client/react";
import { useTranslation } from "react-i18next";
import { useUser } from "../../app/session/SessionProvider";
import type { Field, Row } from "./fields";
import { TablePage } from "./TablePage";
import { useSave } from "./useSave";
import { useTrial } from "./useTrial";

const ZONES = Intl.supportedValuesOf("timeZone").map((zone) => ({ value: zone, label: zone }));

const FIELDS: readonly Field[] = [
  { name: "name", kind: "text", required: true },
  { name: "time_zone", kind: "choice", choices: ZONES, start: "Europe/Berlin" },
  { name: "slot_grid_minutes", kind: "number", start: 15 },
];

/** The clinics. */
export default function ClinicsPage() {
  const { t } = useTranslation("desk");
  const { data, error, refetch } = useGet("/api/clinics", {});
  const ask = useTrial();
  return (
    <TablePage
      title={t("pages.clinics")}
      fields={FIELDS}
      rows={data as readonly Row[] | undefined}
      keyOf={(row) => String(row.id)}
      error={error}
      retry={refetch}
      save={useSave("/api/clinics", "id")}
      tryOut={{ ask, zone: (row) => String(row.time_zone) }}
      editable={useUser()?.role === "admin"}
    />
  );
}
