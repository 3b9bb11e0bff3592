import { Alert, Container, Paper, Stack, Text, Title } from "@mantine/core";
import { lazy, Suspense } from "react";
import { useTranslation } from "react-i18next";
import { useNavigate, useSearchParams } from "react-router";
import { ErrorMessage } from "../../shared/ErrorMessage";
import { Skeletons } from "../../shared/Skeletons";
import { useSession } from "./SessionProvider";
import { home } from "./user";

const DevelopmentPicker = lazy(() => import("./DevelopmentPicker"));
const SupabaseForm = lazy(() => import("./SupabaseForm"));

/** The path, if it is one of this app; a crafted link leads nowhere else. */
function ownPath(path: string | null): string | null {
  if (!path || !URL.canParse(path, window.location.origin)) return null;
  const url = new URL(path, window.location.origin);
  // `/..//host` is of this origin, but its path is the address of another host.
  const isOwn = url.origin === window.location.origin && !url.pathname.startsWith("//");
  return isOwn ? url.pathname + url.search : null;
}

/** The page on which everybody signs in; it returns to `next`, a path of this app. */
export default function SignIn() {
  const { t } = useTranslation();
  const { state, config, enter } = useSession();
  const navigate = useNavigate();
  const [search] = useSearchParams();

  async function signedIn() {
    const user = await enter();
    if (!user) return;
    navigate(ownPath(search.get("next")) ?? home(user.role), { replace: true });
  }

  return (
    <Container size="xs" py="xl">
      <Paper withBorder p="lg">
        <Stack>
          <Title order={1} size="h2">
            {t("sign_in.title")}
          </Title>
          {state.status === "out" && state.ended && (
            <Alert role="status" color="gray" variant="light">
              <Text>{t(`sign_in.ended.${state.ended}`)}</Text>
            </Alert>
          )}
          {state.status === "failed" ? (
            <ErrorMessage error={state.error} retry={() => window.location.reload()} />
          ) : (
            <Suspense fallback={<Skeletons rows={4} />}>
              {config?.sign_in === "development" && <DevelopmentPicker onSignedIn={signedIn} />}
              {config?.sign_in === "supabase" && <SupabaseForm onSignedIn={signedIn} />}
              {config && config.sign_in === null && <Text>{t("sign_in.not_set_up")}</Text>}
            </Suspense>
          )}
        </Stack>
      </Paper>
    </Container>
  );
}
