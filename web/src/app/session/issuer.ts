/** Where tokens come from: the local issuer of development, or Supabase. */
export interface Issuer {
  /** A valid token; null where nobody is signed in. `renew`: the last one was refused. */
  token(renew?: boolean): Promise<string | null>;
  /** Ends the session at the issuer and forgets it here. */
  signOut(): Promise<void>;
}
