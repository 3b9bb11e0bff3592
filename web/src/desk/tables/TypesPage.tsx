import { useGet } from "@chairtime/client/react";
import { useMemo } from "react";
import { useTranslation } from "react-i18next";
import { useClinic } from "../../app/clinic";
import { useUser } from "../../app/session/SessionProvider";
import type { Field, Row } from "./fields";
import { TablePage } from "./TablePage";
import { useSave } from "./useSave";

const FIELDS: readonly Field[] = [
  { name: "name", kind: "text", required: true },
  { name: "slug", kind: "text", required: true },
  { name: "duration_minutes", kind: "number", start: 30 },
  { name: "buffer_before_minutes", kind: "number", start: 0, hidden: true },
  { name: "buffer_after_minutes", kind: "number", start: 0 },
  { name: "lead_time_minutes", kind: "number", start: 60, hidden: true },
  { name: "horizon_days", kind: "number", start: 90, hidden: true },
  { name: "hold_seconds", kind: "number", start: 300 },
  { name: "approval_minutes", kind: "number", start: 1440, hidden: true },
  { name: "cancel_notice_minutes", kind: "number", start: 1440 },
  { name: "needs_chair", kind: "flag", start: true },
  { name: "needs_approval", kind: "flag" },
  { name: "bookable_online", kind: "flag", start: true },
];

/** The types of visits of a clinic, and their terms. */
export default function TypesPage() {
  const { t } = useTranslation("desk");
  const { clinic } = useClinic();
  const params = useMemo(
    () => ({ params: { query: { clinic_id: clinic?.id ?? "" } } }),
    [clinic?.id],
  );
  const list = useGet("/api/appointment-types", params, { enabled: clinic !== undefined });
  const save = useSave("/api/appointment-types", "id");
  return (
    <TablePage
      title={t("pages.types")}
      fields={FIELDS}
      rows={list.data as readonly Row[] | undefined}
      keyOf={(row) => String(row.id)}
      error={list.error}
      retry={list.refetch}
      save={(body, row) => save(row || !clinic ? body : { ...body, clinic_id: clinic.id }, row)}
      editable={useUser()?.role === "admin"}
    />
  );
}
