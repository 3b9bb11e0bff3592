import { useGet } from "@chairtime/client/react";
import { useMemo } from "react";
import { useTranslation } from "react-i18next";
import { useClinic } from "../../app/clinic";
import { useUser } from "../../app/session/SessionProvider";
import type { Field, Row, Values } from "./fields";
import { TablePage } from "./TablePage";
import { useSave } from "./useSave";

const FIELDS: readonly Field[] = [
  { name: "name", kind: "text", required: true },
  { name: "active", kind: "flag", start: true },
];

/** The chairs of a clinic. One that is off keeps what is booked on it. */
export default function ChairsPage() {
  const { t } = useTranslation("desk");
  const { clinic } = useClinic();
  const params = useMemo(
    () => ({ params: { query: { clinic_id: clinic?.id ?? "", kind: "chair" as const } } }),
    [clinic?.id],
  );
  const list = useGet("/api/resources", params, { enabled: clinic !== undefined });
  const save = useSave("/api/resources", "no");
  const create = ({ name = "" }: Values): Values => ({ name, clinic_id: clinic?.id ?? "" });
  return (
    <TablePage
      title={t("pages.chairs")}
      fields={FIELDS}
      rows={list.data as readonly Row[] | undefined}
      keyOf={(row) => String(row.no)}
      error={list.error}
      retry={list.refetch}
      save={(body, row) => save(row ? body : create(body), row)}
      editable={useUser()?.role === "admin"}
    />
  );
}
