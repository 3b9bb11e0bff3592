import type { Role } from "@chairtime/client";
import { useGet } from "@chairtime/client/react";
import { Group, NativeSelect, TextInput } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import { useClinic } from "../../app/clinic";
import { useUser } from "../../app/session/SessionProvider";
import type { Field, Row, Values } from "./fields";
import { TablePage } from "./TablePage";
import { useSave } from "./useSave";

const ROLES = ["patient", "dentist", "desk", "admin"] as const satisfies readonly Role[];

const isDentist = (values: Values) => values.role === "dentist";
const isReceptionist = (values: Values) => values.role === "desk";

/** Patients and staff. Staff with an e-mail address take up their profile at their first sign-in. */
export default function PeoplePage() {
  const { t } = useTranslation(["desk", "common"]);
  const { clinics = [], clinic } = useClinic();
  const isAdmin = useUser()?.role === "admin";
  const [role, setRole] = useState<(typeof ROLES)[number]>("patient");
  const [typed, setTyped] = useState("");
  const [search] = useDebouncedValue(typed.trim(), 200);
  const params = useMemo(
    () => ({ params: { query: { role, limit: 100, ...(search ? { search } : {}) } } }),
    [role, search],
  );
  const list = useGet("/api/profiles", params);
  const save = useSave("/api/profiles", "id");
  const roles = ROLES.map((each) => ({ value: each, label: t(`common:role.${each}`) }));
  const start = clinic?.id;
  const fields: readonly Field[] = [
    { name: "full_name", kind: "text", required: true },
    {
      name: "role",
      kind: "choice",
      choices: isAdmin ? roles : roles.slice(0, 1),
      fixed: true,
      hidden: true,
      start: role,
    },
    { name: "email", kind: "text" },
    { name: "phone", kind: "text" },
    {
      name: "clinic_id",
      kind: "choice",
      choices: clinics.map(({ id, name }) => ({ value: id, label: name })),
      hidden: role !== "dentist",
      when: isDentist,
      ...(start ? { start } : {}),
    },
    {
      name: "clinic_ids",
      kind: "choices",
      choices: clinics.map(({ id, name }) => ({ value: id, label: name })),
      hidden: role !== "desk",
      when: isReceptionist,
      ...(start ? { start: [start] } : {}),
    },
    { name: "invited", kind: "flag", hidden: role === "patient", when: () => false },
    { name: "specialty", kind: "text", hidden: role !== "dentist", when: isDentist },
    { name: "bio", kind: "long", hidden: true, when: isDentist },
    { name: "bookable", kind: "flag", hidden: role !== "dentist", start: true, when: isDentist },
    ...(isAdmin ? [{ name: "active", kind: "flag", start: true } as const] : []),
  ];
  return (
    <TablePage
      title={t("pages.people")}
      fields={fields}
      rows={list.data?.items as readonly Row[] | undefined}
      keyOf={(row) => String(row.id)}
      error={list.error}
      retry={list.refetch}
      save={save}
      tools={
        <Group>
          <TextInput
            aria-label={t("table.search")}
            placeholder={t("table.search")}
            value={typed}
            onChange={(event) => setTyped(event.currentTarget.value)}
          />
          {isAdmin && (
            <NativeSelect
              aria-label={t("field.role")}
              value={role}
              data={roles}
              onChange={(event) =>
                setRole(ROLES.find((each) => each === event.currentTarget.value) ?? "patient")
              }
            />
          )}
        </Group>
      }
    />
  );
}
