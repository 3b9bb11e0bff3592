import { useQueryClient } from "@tanstack/react-query";
import {
  createContext,
  type ReactNode,
  useCallback,
  useContext,
  useEffect,
  useMemo,
  useState,
} from "react";
import { type Config, loadConfig } from "../config";
import { developmentIssuer } from "./developmentIssuer";
import type { Issuer } from "./issuer";
import * as tabStorage from "./tabStorage";
import { loadUser, type User } from "./user";

export type Ended = "signed_out" | "locked" | "refused" | null;

type State =
  | { status: "starting" }
  | { status: "failed"; error: unknown }
  | { status: "out"; ended: Ended }
  | { status: "in"; user: User };

export interface Session {
  state: State;
  config: Config | null;
  issuer: Issuer;
  /** A valid token; null where nobody is signed in. */
  token(): Promise<string | null>;
  /** Reads who the issuer's session belongs to. Called after each sign-in. */
  enter(): Promise<User | null>;
  /** Ends the session in all tabs, and forgets all that was loaded in it. */
  leave(ended: Ended): Promise<void>;
}

const Context = createContext<Session | null>(null);

export function useSession(): Session {
  const session = useContext(Context);
  if (!session) throw new Error("useSession outside SessionProvider");
  return session;
}

/** The signed-in person; null for a visitor. */
export function useUser(): User | null {
  const { state } = useSession();
  return state.status === "in" ? state.user : null;
}

export function SessionProvider({ children }: { children: ReactNode }) {
  const cache = useQueryClient();
  const [state, setState] = useState<State>({ status: "starting" });
  const [parts, setParts] = useState<{ config: Config; issuer: Issuer } | null>(null);
  const issuer = parts?.issuer ?? developmentIssuer;

  const forget = useCallback(
    (ended: Ended) => {
      tabStorage.own(undefined);
      // A page that opens without a session keeps what it has loaded for visitors meanwhile.
      if (ended !== null) cache.clear();
      setState({ status: "out", ended });
    },
    [cache],
  );

  const enterWith = useCallback(
    async (from: Issuer): Promise<User | null> => {
      const token = await from.token();
      const user = token ? await loadUser(token) : null;
      if (!user) {
        if (token) await from.signOut();
        forget(token ? "refused" : null);
        return null;
      }
      tabStorage.own(user.id, () => forget("signed_out"));
      cache.clear();
      setState({ status: "in", user });
      return user;
    },
    [cache, forget],
  );

  const start = useCallback(async () => {
    setState({ status: "starting" });
    try {
      const [config] = await Promise.all([loadConfig(), tabStorage.adopt()]);
      const from = await issuerOf(config);
      setParts({ config, issuer: from });
      await enterWith(from);
    } catch (error) {
      setState({ status: "failed", error });
    }
  }, [enterWith]);

  useEffect(() => {
    void start();
  }, [start]);

  const session = useMemo<Session>(
    () => ({
      state,
      config: parts?.config ?? null,
      issuer,
      token: () => issuer.token(),
      enter: () => enterWith(issuer),
      async leave(ended) {
        await issuer.signOut().catch(() => tabStorage.clear());
        forget(ended);
      },
    }),
    [state, parts, issuer, enterWith, forget],
  );
  return <Context value={session}>{children}</Context>;
}

async function issuerOf(config: Config): Promise<Issuer> {
  if (config.sign_in !== "supabase") return developmentIssuer;
  const { SupabaseIssuer } = await import("./supabaseIssuer");
  return new SupabaseIssuer(config);
}
