/** Where tokens come from: the local issuer of development, or Supabase. */
export interface Issuer {
  /** A valid token, renewed where needed; null where nobody is signed in. */
  token(): Promise<string | null>;
  /** Ends the session at the issuer and forgets it here. */
  signOut(): Promise<void>;
}
