import { Button, Checkbox, Group, NativeSelect, Stack, TextInput, Title } from "@mantine/core";
import { type FormEvent, useState } from "react";
import { useTranslation } from "react-i18next";
import { formatLocale } from "../../shared/locale";
import type { DateException } from "../time/opening";
import { showDate } from "../time/zone";

interface Props {
  date: string;
  onAdd: (exception: DateException) => void;
  onLeave: () => void;
}

const KINDS = ["closed", "open", "hours"] as const;

/** How one day differs, from when to when, and why. */
export function ExceptionForm({ date, onAdd, onLeave }: Props) {
  const { t, i18n } = useTranslation("desk");
  const [kind, setKind] = useState<DateException["kind"]>("closed");
  const [wholeDay, setWholeDay] = useState(true);
  const [starts, setStarts] = useState("08:00");
  const [ends, setEnds] = useState("12:00");
  const [reason, setReason] = useState("");
  const whole = wholeDay && kind === "closed";
  function submit(event: FormEvent) {
    event.preventDefault();
    const text = reason.trim();
    onAdd({
      on_date: date,
      kind,
      ...(whole ? {} : { starts, ends }),
      ...(text ? { reason: text } : {}),
    });
  }
  return (
    <form onSubmit={submit}>
      <Stack gap="xs">
        <Title order={3} size="h6">
          {showDate(date, formatLocale(i18n.language), { dateStyle: "full" })}
        </Title>
        <NativeSelect
          size="xs"
          autoFocus
          label={t("schedule.differs")}
          value={kind}
          onChange={(event) =>
            setKind(KINDS.find((each) => each === event.currentTarget.value) ?? "closed")
          }
          data={KINDS.map((each) => ({ value: each, label: t(`schedule.kind_long.${each}`) }))}
        />
        {kind === "closed" && (
          <Checkbox
            size="xs"
            label={t("schedule.all_day")}
            checked={wholeDay}
            onChange={(event) => setWholeDay(event.currentTarget.checked)}
          />
        )}
        {!whole && (
          <Group grow>
            <TextInput
              size="xs"
              type="time"
              required
              label={t("schedule.from")}
              value={starts}
              onChange={(event) => setStarts(event.currentTarget.value)}
            />
            <TextInput
              size="xs"
              type="time"
              required
              label={t("schedule.to")}
              value={ends}
              onChange={(event) => setEnds(event.currentTarget.value)}
            />
          </Group>
        )}
        <TextInput
          size="xs"
          label={t("cancel.reason")}
          value={reason}
          onChange={(event) => setReason(event.currentTarget.value)}
        />
        <Group gap="xs">
          <Button size="xs" type="submit">
            {t("schedule.add_exception")}
          </Button>
          <Button size="xs" variant="default" onClick={onLeave}>
            {t("new.leave")}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
