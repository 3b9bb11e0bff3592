import type { Clinic } from "@chairtime/client";
import { Button, Group, Stack, Text, Title } from "@mantine/core";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { ErrorMessage } from "../../shared/ErrorMessage";
import { Skeletons } from "../../shared/Skeletons";
import { useBlocked } from "../useBlocked";
import type { Draft, Outcome, Owner } from "./draft";
import { Exceptions } from "./Exceptions";
import { OutcomeList } from "./OutcomeList";
import { useHours, useReplaceHours } from "./useHours";
import { WeeklyBars } from "./WeeklyBars";

interface Props {
  owner: Owner;
  clinic: Clinic;
}

/** Changes hours: first it says what a change would do, then it can be saved. */
export function Editor({ owner, clinic }: Props) {
  const { t } = useTranslation("desk");
  const { saved, error, refetch } = useHours(owner);
  const replace = useReplaceHours(owner);
  const [draft, setDraft] = useState<Draft | null>(null);
  const [checked, setChecked] = useState<Outcome | null>(null);
  const [done, setDone] = useState(false);
  const blocked = useBlocked();
  if (error && !saved) return <ErrorMessage error={error} retry={refetch} />;
  if (!saved) return <Skeletons rows={9} />;
  const shown = draft ?? saved;
  const { version } = saved;

  function change(part: Partial<Draft>) {
    setDraft({ weekly: shown.weekly, exceptions: shown.exceptions, ...part });
    setChecked(null);
    setDone(false);
    replace.reset();
  }

  function leave() {
    setDraft(null);
    setChecked(null);
    replace.reset();
  }

  function send(dryRun: boolean) {
    if (!draft) return;
    replace.mutate(
      { draft, version, dryRun },
      {
        onSuccess: (outcome) => {
          setChecked(dryRun ? outcome : null);
          setDone(!dryRun);
          if (!dryRun) setDraft(null);
        },
      },
    );
  }

  return (
    <Stack>
      {owner.kind === "dentist" && (
        <section>
          <Title order={2} size="h5" mb="xs">
            {t("schedule.weekly")}
          </Title>
          <WeeklyBars
            weekly={shown.weekly}
            grid={clinic.slot_grid_minutes}
            onChange={(weekly) => change({ weekly })}
          />
        </section>
      )}
      <Exceptions
        exceptions={shown.exceptions}
        zone={clinic.time_zone}
        onChange={(exceptions) => change({ exceptions })}
      />
      {replace.error && <ErrorMessage error={replace.error} />}
      {checked && <OutcomeList outcome={checked} zone={clinic.time_zone} />}
      <Group>
        <Button
          variant={checked ? "default" : "filled"}
          disabled={!draft || blocked !== null}
          loading={replace.isPending}
          onClick={() => send(true)}
        >
          {t("schedule.check")}
        </Button>
        <Button
          variant={checked ? "filled" : "default"}
          disabled={!checked || blocked !== null}
          onClick={() => send(false)}
        >
          {checked && checked.total > 0 ? t("schedule.save_anyway") : t("edit.save")}
        </Button>
        <Button variant="subtle" color="gray" disabled={!draft} onClick={leave}>
          {t("schedule.discard")}
        </Button>
        <Text size="sm" role="status">
          {blocked ?? (done ? t("schedule.saved") : draft ? t("schedule.unsaved") : "")}
        </Text>
      </Group>
    </Stack>
  );
}
