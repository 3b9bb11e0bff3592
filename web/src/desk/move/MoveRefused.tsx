import { type Dentist, isRefusal } from "@chairtime/client";
import { Button, Group, Modal, Stack, Text } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { When } from "../../shared/When";
import { Refused } from "../booking/Refused";
import type { Moving, RefusedMove } from "./useMoving";

interface Props {
  moving: Moving;
  refused: RefusedMove;
  zone: string;
  dentists: readonly Dentist[];
}

/** Why a move was refused, and where the booking could go instead, each by one click. */
export function MoveRefused({ moving, refused, zone, dentists }: Props) {
  const { t } = useTranslation("desk");
  const { appointment, target, error } = refused;
  const reason = isRefusal(error, "slot_not_offered") ? error.problem.reason : undefined;
  const overridable = reason !== undefined && OVERRIDABLE.includes(reason);
  const changed = isRefusal(error, "version_conflict");
  return (
    <Modal
      opened
      onClose={moving.clear}
      title={t("move.refused")}
      closeButtonProps={{ "aria-label": t("close") }}
    >
      <Stack>
        {changed ? (
          <Text size="sm">
            {t("move.is_now")} <When at={appointment.starts_at} zone={zone} />
          </Text>
        ) : (
          <Text size="sm">{t("move.stays")}</Text>
        )}
        <Refused
          error={error}
          zone={zone}
          dentists={dentists}
          onChoose={(slot) =>
            void moving.move(appointment, { startsAt: slot.starts_at, dentistId: slot.dentist_id })
          }
        />
        <Group justify="flex-end">
          {(overridable || changed) && (
            <Button
              variant="default"
              onClick={() =>
                void moving.move(appointment, overridable ? { ...target, override: true } : target)
              }
            >
              {t("move.anyway")}
            </Button>
          )}
          <Button variant="default" onClick={moving.clear}>
            {t("move.leave")}
          </Button>
        </Group>
      </Stack>
    </Modal>
  );
}

/** What staff may set aside: hours and grid. */
export const OVERRIDABLE: readonly string[] = ["outside_hours", "off_grid", "closed"];
