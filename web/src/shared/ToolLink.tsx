import { useClient } from "@chairtime/client/react";
import { Anchor, type AnchorProps } from "@mantine/core";
import { IconExternalLink } from "@tabler/icons-react";
import { type ReactNode, useCallback, useEffect } from "react";
import { useUser } from "../app/session/SessionProvider";

/**
 * A link to a tool beside this app. Tools below /tools are for admins: others see no link, and
 * admins get a cookie for it, because a browser sends no token when it follows a link.
 */
export function ToolLink({
  href,
  children,
  ...props
}: AnchorProps & { href: string; children: ReactNode }) {
  const client = useClient();
  const isAdmin = useUser()?.role === "admin";
  const forAdmins = href.startsWith("/tools/");
  const openTools = useCallback(() => {
    // A refusal shows in the tool's own page.
    if (forAdmins && isAdmin) client.api.POST("/api/admin/tools").catch(() => undefined);
  }, [client, forAdmins, isAdmin]);
  useEffect(openTools, [openTools]);

  if (forAdmins && !isAdmin) return null;
  return (
    <Anchor
      {...props}
      href={href}
      target="_blank"
      rel="noreferrer"
      onFocus={openTools}
      onPointerEnter={openTools}
    >
      {children} <IconExternalLink size={14} aria-hidden />
    </Anchor>
  );
}
