import { type Dentist, isRefusal, type Slot } from "@chairtime/client";
import { Button, Group, Stack, Text } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { ErrorMessage } from "../../shared/ErrorMessage";
import { formatLocale } from "../../shared/locale";

interface Props {
  error: unknown;
  zone: string;
  dentists: readonly Dentist[];
  onChoose: (slot: Slot) => void;
}

/** Why it was refused, and the times that are offered instead. */
export function Refused({ error, zone, dentists, onChoose }: Props) {
  const { t, i18n } = useTranslation("desk");
  const refusal = isRefusal(error) ? error : null;
  const alternatives = refusal?.problem.alternatives ?? [];
  const reason = refusal?.problem.reason;
  const why = reason ? t(`why.${reason}`, { defaultValue: "" }) : "";
  return (
    <Stack gap="xs">
      <ErrorMessage error={error} {...(why ? { text: why } : {})} />
      {alternatives.length > 0 && (
        <>
          <Text size="sm">{t("refused.instead")}</Text>
          <Group gap="xs" data-alternatives>
            {alternatives.map((slot) => (
              <Button
                key={`${slot.dentist_id} ${slot.starts_at}`}
                size="xs"
                variant="light"
                onClick={() => onChoose(slot)}
              >
                {new Date(slot.starts_at).toLocaleString(formatLocale(i18n.language), {
                  weekday: "short",
                  day: "numeric",
                  hour: "2-digit",
                  minute: "2-digit",
                  timeZone: zone,
                })}{" "}
                · {dentists.find((each) => each.id === slot.dentist_id)?.full_name ?? ""}
              </Button>
            ))}
          </Group>
        </>
      )}
    </Stack>
  );
}
