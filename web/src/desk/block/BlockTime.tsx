import { Button, Group, Modal, Stack, Text, TextInput } from "@mantine/core";
import { type FormEvent, useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import { ErrorMessage } from "../../shared/ErrorMessage";
import type { Outcome } from "../schedules/draft";
import { OutcomeList } from "../schedules/OutcomeList";
import { useHours, useReplaceHours } from "../schedules/useHours";
import { clock } from "../time/zone";
import { useBlocked } from "../useBlocked";

interface Props {
  dentistId: string;
  date: string;
  minute: number;
  zone: string;
  onClose: () => void;
}

/** Closes a time of a dentist, with a reason; bookings in it are named before. */
export function BlockTime({ dentistId, date, minute, zone, onClose }: Props) {
  const { t } = useTranslation("desk");
  const owner = useMemo(() => ({ kind: "dentist" as const, id: dentistId }), [dentistId]);
  const { saved, error } = useHours(owner);
  const replace = useReplaceHours(owner);
  const blocked = useBlocked();
  const [starts, setStarts] = useState(clock(minute));
  const [ends, setEnds] = useState(clock(Math.min(minute + 60, 1439)));
  const [reason, setReason] = useState("");
  const [outside, setOutside] = useState<Outcome | null>(null);

  async function submit(event: FormEvent) {
    event.preventDefault();
    if (!saved || blocked) return;
    const text = reason.trim();
    const closed = { on_date: date, kind: "closed" as const, starts, ends };
    const exceptions = [...saved.exceptions, { ...closed, ...(text ? { reason: text } : {}) }];
    const change = { draft: { weekly: saved.weekly, exceptions }, version: saved.version };
    try {
      if (!outside) {
        const found = await replace.mutateAsync({ ...change, dryRun: true });
        if (found.total > 0) return setOutside(found);
      }
      await replace.mutateAsync({ ...change, dryRun: false });
      onClose();
    } catch {
      setOutside(null); // the form shows why
    }
  }

  return (
    <Modal
      opened
      onClose={onClose}
      title={t("block.title")}
      closeButtonProps={{ "aria-label": t("close") }}
    >
      <form onSubmit={(event) => void submit(event)} data-block-time>
        <Stack gap="xs">
          <Group grow>
            <TextInput
              type="time"
              required
              label={t("schedule.from")}
              value={starts}
              onChange={(event) => {
                setStarts(event.currentTarget.value);
                setOutside(null);
              }}
            />
            <TextInput
              type="time"
              required
              label={t("schedule.to")}
              value={ends}
              onChange={(event) => {
                setEnds(event.currentTarget.value);
                setOutside(null);
              }}
            />
          </Group>
          <TextInput
            data-autofocus
            label={t("cancel.reason")}
            value={reason}
            onChange={(event) => setReason(event.currentTarget.value)}
          />
          {outside && <OutcomeList outcome={outside} zone={zone} />}
          {(error ?? replace.error) && <ErrorMessage error={error ?? replace.error} />}
          {blocked && (
            <Text size="sm" role="status">
              {blocked}
            </Text>
          )}
          <Group justify="flex-end">
            <Button variant="default" onClick={onClose}>
              {t("new.leave")}
            </Button>
            <Button type="submit" loading={replace.isPending} disabled={!saved || blocked !== null}>
              {outside ? t("schedule.save_anyway") : t("block.submit")}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}
