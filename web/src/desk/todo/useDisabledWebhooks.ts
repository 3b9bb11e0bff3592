import { type GetData, useGet } from "@chairtime/client/react";
import { useUser } from "../../app/session/SessionProvider";

export type Webhook = GetData<"/api/webhooks">["items"][number];

/** The webhook endpoints that the system switched off, for admins. */
export function useDisabledWebhooks(): readonly Webhook[] {
  const enabled = useUser()?.role === "admin";
  const { data } = useGet("/api/webhooks", { params: { query: { disabled: true } } }, { enabled });
  return data?.items ?? [];
}
