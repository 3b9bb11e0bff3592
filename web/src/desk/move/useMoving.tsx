import { type Appointment, isRefusal } from "@chairtime/client";
import { useClient, useMove } from "@chairtime/client/react";
import { Button, Group, Text } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useCallback, useState } from "react";
import { useTranslation } from "react-i18next";
import { formatLocale } from "../../shared/locale";
import { useBlocked } from "../useBlocked";

export interface Target {
  startsAt: string;
  dentistId: string;
  override?: boolean;
}

export interface RefusedMove {
  /** As it is now, where somebody else changed it meanwhile; else as it was to be moved. */
  appointment: Appointment;
  target: Target;
  error: unknown;
}

export interface Moving {
  /** Moves a booking; true when it is done. A refusal is kept in `refused`. */
  move: (appointment: Appointment, target: Target) => Promise<boolean>;
  refused: RefusedMove | null;
  clear: () => void;
}

/** Milliseconds for which a move can be undone by one click. */
const UNDO = 10_000;

/** Moves bookings, offers to undo it, and keeps why a move was refused. */
export function useMoving(zone: string): Moving {
  const { t, i18n } = useTranslation("desk");
  const { api } = useClient();
  const { mutateAsync } = useMove();
  const [refused, setRefused] = useState<RefusedMove | null>(null);
  const blocked = useBlocked();

  const present = useCallback(
    async (id: string): Promise<Appointment | undefined> => {
      const answer = api.GET("/api/appointments/{id}", { params: { path: { id } } });
      return answer.then(({ data }) => data).catch(() => undefined);
    },
    [api],
  );

  const run = useCallback(
    async (appointment: Appointment, target: Target): Promise<Appointment | null> => {
      if (blocked) {
        notifications.show({ color: "red", message: blocked });
        return null;
      }
      const { id, version } = appointment;
      try {
        const moved = await mutateAsync({ id, version, ...target });
        setRefused(null);
        return moved;
      } catch (error) {
        const changed = isRefusal(error, "version_conflict") ? await present(id) : undefined;
        setRefused({ appointment: changed ?? appointment, target, error });
        return null;
      }
    },
    [mutateAsync, present, blocked],
  );

  const move = useCallback(
    async (appointment: Appointment, target: Target): Promise<boolean> => {
      const moved = await run(appointment, target);
      if (!moved) return false;
      const key = `moved ${moved.id} ${moved.version}`;
      const at = new Date(moved.starts_at).toLocaleString(formatLocale(i18n.language), {
        weekday: "short",
        hour: "2-digit",
        minute: "2-digit",
        timeZone: zone,
      });
      const undo = () => {
        notifications.hide(key);
        const before = { startsAt: appointment.starts_at, dentistId: appointment.dentist_id };
        void run(moved, { ...before, override: true });
      };
      notifications.show({
        id: key,
        autoClose: UNDO,
        closeButtonProps: { "aria-label": t("close") },
        message: (
          <Group justify="space-between" wrap="nowrap">
            <Text size="sm">
              {t("move.done", { name: moved.patient_name ?? t("card.no_name"), at })}
            </Text>
            <Button size="compact-sm" variant="default" onClick={undo}>
              {t("move.undo")}
            </Button>
          </Group>
        ),
      });
      return true;
    },
    [run, t, i18n.language, zone],
  );
  const clear = useCallback(() => setRefused(null), []);
  return { move, refused, clear };
}
