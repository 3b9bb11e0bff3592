import { NativeSelect, Text } from "@mantine/core";
import { useEffect } from "react";
import { useTranslation } from "react-i18next";
import { useClinic } from "../clinic";

/** The clinic of the page; where there are several, a choice, which stands in the URL. */
export function ClinicSelect() {
  const { t } = useTranslation();
  const { clinic, clinics, isAstray, choose } = useClinic();
  const id = clinic?.id;
  // biome-ignore lint/correctness/useExhaustiveDependencies: `choose` is new at each render
  useEffect(() => {
    if (id && isAstray) choose(id, { replace: true });
  }, [id, isAstray]);
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
