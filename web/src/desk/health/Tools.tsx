import { Stack, Title } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { useSession } from "../../app/session/SessionProvider";
import { ToolLink } from "../../shared/ToolLink";

/** Links to the tools beside this app, where they are configured. */
export function Tools() {
  const { t } = useTranslation("health");
  const { config } = useSession();
  const tools = [
    { name: t("tools.temporal"), url: config?.temporal_ui_url },
    { name: t("tools.docs"), url: "/docs" },
    { name: t("tools.metrics"), url: config?.metrics_url },
  ];
  return (
    <section aria-labelledby="tools">
      <Title order={2} size="h3" id="tools" mb="xs">
        {t("tools.title")}
      </Title>
      <Stack gap="xs" align="flex-start">
        {tools.map(
          ({ name, url }) =>
            url && (
              <ToolLink key={name} href={url}>
                {name}
                <span className="visually-hidden"> {t("tools.new_tab")}</span>
              </ToolLink>
            ),
        )}
      </Stack>
    </section>
  );
}
