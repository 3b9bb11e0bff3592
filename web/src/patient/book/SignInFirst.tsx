import { Button, Stack, Text } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { Link, useLocation } from "react-router";

/** Where the API shows free times to signed-in people only. */
export function SignInFirst() {
  const { t } = useTranslation("patient");
  const place = useLocation();
  const next = encodeURIComponent(place.pathname + place.search);
  return (
    <Stack align="flex-start">
      <Text>{t("book.sign_in_first")}</Text>
      <Button component={Link} to={`/sign-in?next=${next}`}>
        {t("book.sign_in")}
      </Button>
    </Stack>
  );
}
