import { Button, PasswordInput, SegmentedControl, Stack, Text, TextInput } from "@mantine/core";
import { type FormEvent, useState } from "react";
import { useTranslation } from "react-i18next";
import { ErrorMessage } from "../../shared/ErrorMessage";
import { useSession } from "./SessionProvider";
import { SupabaseIssuer } from "./supabaseIssuer";

type Way = "code" | "password";

/** Signs in with a code by e-mail, or with a password. */
export default function SupabaseForm({ onSignedIn }: { onSignedIn: () => Promise<void> }) {
  const { t } = useTranslation();
  const { issuer } = useSession();
  const [way, setWay] = useState<Way>("code");
  const [email, setEmail] = useState("");
  const [secret, setSecret] = useState("");
  const [sent, setSent] = useState(false);
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);

  async function submit(event: FormEvent) {
    event.preventDefault();
    if (!(issuer instanceof SupabaseIssuer)) return;
    setBusy(true);
    setError(null);
    try {
      if (way === "code" && !sent) {
        await issuer.sendCode(email);
        setSent(true);
        return;
      }
      if (way === "code") await issuer.signInWithCode(email, secret);
      else await issuer.signInWithPassword(email, secret);
      await onSignedIn();
    } catch (failure) {
      setError(failure);
    } finally {
      setBusy(false);
    }
  }

  function choose(next: Way) {
    setWay(next);
    setSecret("");
    setError(null);
  }

  return (
    <form onSubmit={(event) => void submit(event)}>
      <Stack>
        <SegmentedControl<Way>
          aria-label={t("sign_in.way")}
          value={way}
          onChange={choose}
          data={[
            { value: "code", label: t("sign_in.by_code") },
            { value: "password", label: t("sign_in.by_password") },
          ]}
        />
        <TextInput
          label={t("sign_in.email")}
          type="email"
          autoComplete="username"
          required
          value={email}
          readOnly={way === "code" && sent}
          onChange={(event) => setEmail(event.currentTarget.value)}
        />
        {way === "password" && (
          <PasswordInput
            label={t("sign_in.password")}
            autoComplete="current-password"
            required
            value={secret}
            onChange={(event) => setSecret(event.currentTarget.value)}
          />
        )}
        {way === "code" && sent && (
          <>
            <Text role="status">{t("sign_in.code_sent")}</Text>
            <TextInput
              label={t("sign_in.code")}
              autoComplete="one-time-code"
              inputMode="numeric"
              required
              value={secret}
              onChange={(event) => setSecret(event.currentTarget.value)}
            />
          </>
        )}
        {error !== null && <ErrorMessage error={error} text={t("sign_in.refused")} />}
        <Button type="submit" loading={busy}>
          {way === "code" && !sent ? t("sign_in.send_code") : t("sign_in.submit")}
        </Button>
        {way === "code" && sent && (
          <Button variant="subtle" onClick={() => setSent(false)}>
            {t("sign_in.other_address")}
          </Button>
        )}
      </Stack>
    </form>
  );
}
