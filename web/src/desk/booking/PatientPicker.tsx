import type { Profile } from "@chairtime/client";
import { useGet } from "@chairtime/client/react";
import { Autocomplete, Button, Group, Text, TextInput } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import { describeFaults } from "../../shared/describeError";
import type { PatientChoice } from "./useNewPatient";

/** Finds a patient by name, or takes down somebody new. */
export function PatientPicker({ patient }: { patient: PatientChoice }) {
  const { t } = useTranslation(["desk", "errors"]);
  const [typed, setTyped] = useState("");
  const [search] = useDebouncedValue(typed.trim(), 200);
  const params = useMemo(
    () => ({ params: { query: { search, role: "patient" as const, limit: 8 } } }),
    [search],
  );
  const found = useGet("/api/profiles", params, { enabled: search.length > 0 && !patient.chosen });
  const people = found.data?.items ?? [];
  const { draft, setDraft } = patient;
  const fields = describeFaults(t, patient.error);

  if (draft)
    return (
      <>
        <TextInput
          size="xs"
          label={t("new.name")}
          data-autofocus
          autoFocus
          value={draft.name}
          error={fields.full_name ?? (patient.missing ? t("new.name_missing") : null)}
          onChange={(event) => setDraft({ ...draft, name: event.currentTarget.value })}
        />
        <TextInput
          size="xs"
          label={t("new.phone")}
          type="tel"
          value={draft.phone}
          error={fields.phone}
          onChange={(event) => setDraft({ ...draft, phone: event.currentTarget.value })}
        />
        <Button size="compact-xs" variant="subtle" onClick={() => setDraft(null)}>
          {t("new.known")}
        </Button>
      </>
    );
  return (
    <div>
      <Autocomplete
        size="xs"
        label={t("new.patient")}
        placeholder={t("new.patient_hint")}
        data-autofocus
        autoSelectOnBlur={false}
        selectFirstOptionOnChange
        value={typed}
        onChange={(text) => {
          setTyped(text);
          if (patient.chosen && text !== labelOf(patient.chosen, people)) patient.choose(null);
        }}
        onOptionSubmit={(value) =>
          patient.choose(people.find((each) => labelOf(each, people) === value) ?? null)
        }
        data={people.map((each) => labelOf(each, people))}
        filter={({ options }) => options}
        error={patient.missing ? t("new.patient_missing") : null}
      />
      <Group justify="space-between" mt={4}>
        <Text size="xs" c="dimmed" role="status">
          {search && found.isSuccess && people.length === 0 && !patient.chosen
            ? t("new.nobody")
            : ""}
        </Text>
        <Button
          size="compact-xs"
          variant="subtle"
          onClick={() => setDraft({ name: patient.chosen ? "" : typed, phone: "" })}
        >
          {t("new.somebody_new")}
        </Button>
      </Group>
    </div>
  );
}

/** The name, with the phone where the names of several are the same. */
function labelOf(profile: Profile, among: readonly Profile[]): string {
  const same = among.filter((each) => each.full_name === profile.full_name);
  if (same.length < 2) return profile.full_name;
  const contact = profile.phone ?? profile.email ?? String(same.indexOf(profile) + 1);
  return `${profile.full_name} · ${contact}`;
}
