import type { Appointment, CancelReason, Dentist, Slot } from "@chairtime/client";
import { useCommand, useReserve } from "@chairtime/client/react";
import { Button, Group, Stack, Text } from "@mantine/core";
import { type KeyboardEvent, useEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { Refused } from "../booking/Refused";
import { MoveForm } from "../move/MoveForm";
import type { Moving } from "../move/useMoving";
import { useBlocked } from "../useBlocked";
import { allowedVerbs, type PersonVerb } from "./allowed";
import { CancelForm } from "./CancelForm";
import { EditForm } from "./EditForm";

interface Props {
  appointment: Appointment;
  zone: string;
  dentists: readonly Dentist[];
  moving: Moving;
  onOpen: (id: string) => void;
  /** The button or form that had the focus is gone. */
  onFocusLost: () => void;
}

type Asks = "cancel" | "move" | "edit";

/** A button for each verb that the API allows now. */
export function Verbs(props: Props) {
  const { appointment, zone, dentists, moving, onOpen, onFocusLost } = props;
  const { t } = useTranslation("desk");
  const [asked, setAsked] = useState<Asks | null>(null);
  const blocked = useBlocked();
  const commands = useCommands();
  const hold = useReserve();
  const verbs = allowedVerbs(appointment);
  const { id, version } = appointment;
  const form = asked && verbs.includes(asked) ? asked : null;
  const busy = Object.values(commands).some((each) => each.isPending);
  const error = hold.error ?? Object.values(commands).find((each) => each.error)?.error;

  const acted = useRef(false);
  useEffect(() => {
    if (!acted.current || busy || document.activeElement !== document.body) return;
    acted.current = false;
    onFocusLost();
  });

  function leave() {
    acted.current = true;
    setAsked(null);
  }

  function reset() {
    hold.reset();
    for (const each of Object.values(commands)) each.reset();
  }

  /** Esc leaves the form first, then the panel. */
  function leaveByEscape(event: KeyboardEvent) {
    if (event.key !== "Escape" || form === null) return;
    event.preventDefault();
    leave();
  }

  function press(verb: PersonVerb) {
    reset();
    acted.current = true;
    if (verb === "cancel" || verb === "move" || verb === "edit") return setAsked(verb);
    setAsked(null);
    commands[verb].mutate({ id, version });
  }

  /** What ran out cannot be moved: its patient gets a hold at the other time. */
  async function holdInstead(slot: Slot) {
    const input = {
      startsAt: slot.starts_at,
      dentistId: slot.dentist_id,
      appointmentType: appointment.appointment_type,
      patientId: appointment.patient_id,
    };
    const held = await hold.mutateAsync(input).catch(() => null);
    if (held) onOpen(held.id);
  }

  if (verbs.length === 0 && !error) return null;
  return (
    <Stack gap="xs" onKeyDown={leaveByEscape}>
      <Group gap="xs" data-verbs>
        {verbs.map((verb, index) => (
          <Button
            key={verb}
            size="xs"
            variant={index === 0 && verb !== "cancel" ? "filled" : "default"}
            disabled={busy || blocked !== null}
            aria-expanded={
              verb === "cancel" || verb === "move" || verb === "edit" ? form === verb : undefined
            }
            data-verb={verb}
            onClick={() => press(verb)}
          >
            {t(`verb.${verb}`)}
          </Button>
        ))}
      </Group>
      {blocked && (
        <Text size="sm" role="status">
          {blocked}
        </Text>
      )}
      {error && <Refused error={error} zone={zone} dentists={dentists} onChoose={holdInstead} />}
      {form === "cancel" && (
        <CancelForm
          onCancel={(reason: CancelReason, note) => {
            reset();
            const input = { id, version, reason, ...(note ? { note } : {}) };
            commands.cancel.mutate(input, { onSuccess: leave });
          }}
          onLeave={leave}
        />
      )}
      {form === "move" && (
        <MoveForm
          appointment={appointment}
          zone={zone}
          dentists={dentists}
          moving={moving}
          onClose={leave}
        />
      )}
      {form === "edit" && (
        <EditForm
          appointment={appointment}
          onSave={(input) => {
            reset();
            commands.edit.mutate({ id, version, ...input }, { onSuccess: leave });
          }}
          onLeave={leave}
        />
      )}
    </Stack>
  );
}

function useCommands() {
  return {
    confirm: useCommand("confirm"),
    approve: useCommand("approve"),
    check_in: useCommand("check_in"),
    start: useCommand("start"),
    complete: useCommand("complete"),
    extend: useCommand("extend"),
    release: useCommand("release"),
    decline: useCommand("decline"),
    no_show: useCommand("no_show"),
    cancel: useCommand("cancel"),
    edit: useCommand("edit"),
  };
}
