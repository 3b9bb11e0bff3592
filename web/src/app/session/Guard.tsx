import type { ReactNode } from "react";
import { Navigate, useLocation } from "react-router";
import { ErrorMessage } from "../../shared/ErrorMessage";
import { Skeletons } from "../../shared/Skeletons";
import { useSession } from "./SessionProvider";
import { home, type Role } from "./user";

/** Shows a page to these roles only; everybody else goes to sign-in or to their own app. */
export function Guard({ roles, children }: { roles: readonly Role[]; children: ReactNode }) {
  const { state } = useSession();
  const place = useLocation();
  switch (state.status) {
    case "starting":
      return <Skeletons rows={6} />;
    case "failed":
      return <ErrorMessage error={state.error} retry={() => window.location.reload()} />;
    case "out":
      return (
        <Navigate
          to={`/sign-in?next=${encodeURIComponent(place.pathname + place.search)}`}
          replace
        />
      );
    case "in":
      if (!roles.includes(state.user.role)) return <Navigate to={home(state.user.role)} replace />;
      return children;
  }
}
