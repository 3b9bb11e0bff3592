import type { Dentist } from "@chairtime/client";
import { useServerNow } from "@chairtime/client/react";
import { Button, NativeSelect, Skeleton, Stack, Title } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { dayOf, dayText, timeText } from "../../shared/days";
import classes from "./Book.module.css";
import { DayTimes } from "./DayTimes";
import { MonthCalendar } from "./MonthCalendar";
import type { Search } from "./search";
import type { Choice } from "./useChoice";
import { useNextFree } from "./useNextFree";

interface Props {
  search: Search;
  dentists: readonly Dentist[];
  zone: string;
  choice: Choice;
  change: (change: Partial<Choice>, replace?: boolean) => void;
}

/** 2 Who and when? Without a chosen day, the first one with free times is shown. */
export function WhenStep({ search, dentists, zone, choice, change }: Props) {
  const { t, i18n } = useTranslation("patient");
  const today = dayOf(useServerNow(), zone);
  const next = useNextFree(search, today);
  const first = next && dayOf(next.starts_at, zone);
  const day = choice.day ?? first ?? (next === null ? today : null);
  const jump = (to: string) => change({ day: to, at: null, with: null });

  return (
    <section aria-labelledby="when">
      <Title order={2} size="h3" id="when" mb="xs">
        {t("book.when")}
      </Title>
      <div className={classes.when}>
        <Stack>
          <NativeSelect
            size="md"
            label={t("book.dentist")}
            value={search.dentistId ?? ""}
            onChange={(event) =>
              change({
                dentist: event.currentTarget.value || null,
                day: null,
                at: null,
                with: null,
              })
            }
            data={[
              { value: "", label: t("book.any_dentist") },
              ...dentists.map(({ id, full_name, specialty }) => ({
                value: id,
                label: `${full_name} · ${specialty}`,
              })),
            ]}
          />
          <MonthCalendar search={search} today={today} chosen={day} choose={jump} />
          {next === undefined ? (
            <Skeleton height={36} data-loading />
          ) : (
            next &&
            first && (
              <Button variant="light" onClick={() => jump(first)}>
                {t("times.next_free", {
                  when: `${dayText(first, i18n.language)}, ${timeText(next.starts_at, zone, i18n.language)}`,
                })}
              </Button>
            )
          )}
        </Stack>
        {day ? (
          <DayTimes
            search={search}
            day={day}
            zone={zone}
            chosen={choice}
            choose={(slot) => change({ day, at: slot.starts_at, with: slot.dentist_id })}
            jump={jump}
          />
        ) : (
          <Skeleton height={320} data-loading />
        )}
      </div>
    </section>
  );
}
