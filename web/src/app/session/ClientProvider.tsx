import { createClient } from "@chairtime/client";
import { ChairtimeProvider } from "@chairtime/client/react";
import { useQueryClient } from "@tanstack/react-query";
import { type ReactNode, useEffect, useMemo } from "react";
import { useSession, useUser } from "./SessionProvider";

/** Gives the pages one client and one stream; another person gets others. */
export function ClientProvider({ children }: { children: ReactNode }) {
  const { issuer, leave } = useSession();
  const queryClient = useQueryClient();
  const userId = useUser()?.id ?? null;
  const client = useMemo(
    () => createClient({ userId, getToken: (renew) => (userId ? issuer.token(renew) : null) }),
    [userId, issuer],
  );

  useEffect(
    () =>
      client.live.observe(() => {
        const { state, refusal } = client.live.status;
        if (state === "refused" && refusal?.status === 401) void leave("refused");
      }),
    [client, leave],
  );

  return (
    <ChairtimeProvider client={client} queryClient={queryClient}>
      {children}
    </ChairtimeProvider>
  );
}
