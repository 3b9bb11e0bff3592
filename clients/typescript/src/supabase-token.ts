import type { GetToken } from "./connection.js";

export interface SupabaseCredentials {
  /** `https://REF.supabase.co` */
  url: string;
  /** The project's publishable (anon) key. */
  key: string;
  email: string;
  password: string;
}

interface Session {
  access_token: string;
  refresh_token: string;
  expires_in: number;
}

/** Milliseconds before its end at which a token is renewed. */
const MARGIN = 60_000;

/** Statuses by which the issuer refuses; after others it may be asked again. */
const REFUSED = new Set([400, 401, 403, 404, 422]);

/**
 * The token of a service, a user of a Supabase project. Signs in with a password, refreshes the
 * session before it ends, and signs in again if it is over. For servers: pages do not know passwords.
 * Share one between all clients, as each refresh token is good for one use.
 */
export function supabaseToken(credentials: SupabaseCredentials): GetToken {
  const { url, key, email, password } = credentials;
  let session: Session | null = null;
  let until = 0;
  let running: Promise<string> | null = null;

  async function ask(grant: string, body: object): Promise<Session | null> {
    const answer = await fetch(`${url}/auth/v1/token?grant_type=${grant}`, {
      method: "POST",
      headers: { apikey: key, "Content-Type": "application/json" },
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(10_000),
    });
    if (REFUSED.has(answer.status)) return null;
    if (!answer.ok) throw new Error(`${url} answered ${answer.status}`);
    return (await answer.json()) as Session;
  }

  async function renewed(): Promise<string> {
    const refresh_token = session?.refresh_token;
    const refreshed = refresh_token ? await ask("refresh_token", { refresh_token }) : null;
    session = refreshed ?? (await ask("password", { email, password }));
    if (!session) throw new Error(`${url} refuses the e-mail or the password of the service`);
    until = Date.now() + session.expires_in * 1000 - MARGIN;
    return session.access_token;
  }

  return (renew) => {
    if (running) return running;
    if (session && !renew && Date.now() < until) return session.access_token;
    running = renewed().finally(() => {
      running = null;
    });
    return running;
  };
}
