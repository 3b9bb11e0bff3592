import { NativeSelect, Text } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { useClinic } from "../clinic";

/** The clinic of the page; a choice where there are several. */
export function ClinicSelect() {
  const { t } = useTranslation();
  const { clinic, clinics, choose } = useClinic();
  if (!clinic || !clinics) return null;
  if (clinics.length === 1)
    return (
      <Text size="sm" fw={600} truncate>
        {clinic.name}
      </Text>
    );
  return (
    <NativeSelect
      size="sm"
      aria-label={t("clinic")}
      value={clinic.id}
      onChange={(event) => choose(event.currentTarget.value)}
      data={clinics.map(({ id, name }) => ({ value: id, label: name }))}
    />
  );
}
