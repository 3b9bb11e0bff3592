import { createClient } from "@chairtime/client";
import { ChairtimeProvider } from "@chairtime/client/react";
import { useQueryClient } from "@tanstack/react-query";
import { type ReactNode, useEffect, useMemo } from "react";
import { useSession, useUser } from "./SessionProvider";

/** Gives the pages one client and one stream; another person, or a visitor, gets others. */
export function ClientProvider({ children }: { children: ReactNode }) {
  const { state, issuer, leave } = useSession();
  const queryClient = useQueryClient();
  const userId = useUser()?.id ?? null;
  // Until it is known who this is, no stream is opened.
  const known = state.status === "in" || state.status === "out";
  const client = useMemo(
    () =>
      createClient({
        ...(known ? { userId } : {}),
        getToken: (renew) => (userId ? issuer.token(renew) : null),
      }),
    [known, userId, issuer],
  );

  useEffect(
    () =>
      client.live.observe(() => {
        const { state, refusal } = client.live.status;
        if (userId && state === "refused" && refusal?.status === 401) void leave("refused");
      }),
    [client, userId, leave],
  );

  return (
    <ChairtimeProvider client={client} queryClient={queryClient}>
      {children}
    </ChairtimeProvider>
  );
}
