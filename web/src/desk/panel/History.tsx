import { useGet } from "@chairtime/client/react";
import { Skeleton, Title } from "@mantine/core";
import { useMemo } from "react";
import { useTranslation } from "react-i18next";
import { ErrorMessage } from "../../shared/ErrorMessage";
import { When } from "../../shared/When";
import classes from "./Panel.module.css";

/** Who did what to a booking, newest last, each in a sentence. */
export function History({ id, zone }: { id: string; zone: string }) {
  const { t } = useTranslation(["desk", "common"]);
  const params = useMemo(() => ({ params: { path: { id } } }), [id]);
  const { data, error, refetch } = useGet("/api/appointments/{id}/history", params);
  return (
    <section aria-label={t("history.title")}>
      <Title order={3} size="h6" mb={4}>
        {t("history.title")}
      </Title>
      {error && <ErrorMessage error={error} retry={refetch} />}
      {!data && !error && <Skeleton height={40} />}
      <ol className={classes.history}>
        {data?.map((each) => (
          <li key={each.version}>
            <When at={each.at} zone={zone} />
            <span>
              {t(`history.${each.verb}`, {
                who: each.actor_name ?? t(`history.by.${each.actor}`, { defaultValue: each.actor }),
                defaultValue: each.verb,
              })}
              {each.moved_from && (
                <>
                  {" "}
                  {t("history.from")} <When at={each.moved_from} zone={zone} />
                </>
              )}
              {each.reason &&
                ` (${t([`reason.${each.reason}`, `why.${each.reason}`], { defaultValue: each.reason })})`}
            </span>
          </li>
        ))}
      </ol>
    </section>
  );
}
