import type { Slot } from "@chairtime/client";
import { useAvailability } from "@chairtime/client/react";
import { Button, Skeleton, Stack, Text, Title } from "@mantine/core";
import { useRef } from "react";
import { useTranslation } from "react-i18next";
import { addDays, cityOf, dayOf, dayText, minutesOf, timeText } from "../../shared/days";
import { ErrorMessage } from "../../shared/ErrorMessage";
import classes from "./Book.module.css";
import type { Search } from "./search";
import { TimeButton } from "./TimeButton";
import { type Start, startsOf } from "./times";
import { useNextFree } from "./useNextFree";
import { WhyNone } from "./WhyNone";

interface Props {
  search: Search;
  day: string;
  zone: string;
  chosen: { at: string | null; with: string | null };
  choose: (slot: Slot) => void;
  jump: (day: string) => void;
}

const PARTS = [
  { name: "morning", until: 12 * 60 },
  { name: "afternoon", until: 17 * 60 },
  { name: "evening", until: 24 * 60 },
] as const;

/** The times of a day: what is free, and what others hold and may give back. */
export function DayTimes({ search, day, zone, chosen, choose, jump }: Props) {
  const { t, i18n } = useTranslation("patient");
  const { data, isError, error, refetch } = useAvailability({
    ...search,
    date: day,
    days: 1,
    include: "all",
  });
  const starts = useKept(data && startsOf(data.slots), `${day} ${JSON.stringify(search)}`);
  const isFree = starts?.some((start) => start.state === "free") ?? false;
  const title = dayText(day, i18n.language, { weekday: "long", day: "numeric", month: "long" });

  return (
    <section aria-labelledby="day">
      <Title order={3} size="h4" id="day">
        {title}
      </Title>
      <Text size="sm" c="dimmed" mb="sm">
        {t("times.zone", { city: cityOf(zone) })}
      </Text>
      {isError && !data && <ErrorMessage error={error} retry={refetch} />}
      {!starts && !isError && <LoadingTimes />}
      {starts && !isFree && <NoTimes search={search} day={day} zone={zone} jump={jump} />}
      {starts &&
        PARTS.map((part, index) => {
          const from = PARTS[index - 1]?.until ?? 0;
          const within = starts.filter(({ at }) => {
            const minutes = minutesOf(at, zone);
            return minutes >= from && minutes < part.until;
          });
          if (within.length === 0) return null;
          return (
            <Stack key={part.name} gap="xs" mb="md">
              <Text component="h4" m={0} fw={600} size="sm">
                {t(`times.${part.name}`)}
              </Text>
              <ul className={classes.times}>
                {within.map((start) => (
                  <li key={start.at}>
                    <TimeButton
                      start={start}
                      zone={zone}
                      isChosen={chosen.at === start.at}
                      choose={choose}
                    />
                  </li>
                ))}
              </ul>
            </Stack>
          );
        })}
    </section>
  );
}

/** Without booked starts, but for those that were free or held when they were first seen: a time
 * that somebody takes stays in its place, so that no other moves under the finger. */
function useKept(starts: Start[] | undefined, of: string): Start[] | undefined {
  const seen = useRef<{ of: string; at: Set<string> }>({ of, at: new Set() });
  if (seen.current.of !== of) seen.current = { of, at: new Set() };
  return starts?.filter(({ at, state }) => {
    if (state !== "booked") seen.current.at.add(at);
    return seen.current.at.has(at);
  });
}

function LoadingTimes() {
  return (
    <div className={classes.times} data-loading>
      {Array.from({ length: 12 }, (_, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: the tiles are alike and never move
        <Skeleton key={index} height={60} />
      ))}
    </div>
  );
}

function NoTimes({
  search,
  day: empty,
  zone,
  jump,
}: Pick<Props, "search" | "day" | "zone" | "jump">) {
  const { t, i18n } = useTranslation("patient");
  const next = useNextFree(search, addDays(empty, 1));
  const day = next && dayOf(next.starts_at, zone);
  return (
    <Stack gap="xs" align="flex-start" mb="md">
      <Text>{next === null ? t("times.none_at_all") : t("times.none")}</Text>
      {search.dentistId && <WhyNone search={search} day={empty} zone={zone} />}
      {next && day && (
        <Button variant="light" onClick={() => jump(day)}>
          {t("times.next_free", {
            when: `${dayText(day, i18n.language)}, ${timeText(next.starts_at, zone, i18n.language)}`,
          })}
        </Button>
      )}
    </Stack>
  );
}
