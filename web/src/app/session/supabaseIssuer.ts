import { createClient, type SupabaseClient } from "@supabase/supabase-js";
import type { Config } from "../config";
import type { Issuer } from "./issuer";
import { clear, tabStorage } from "./tabStorage";

/** Supabase's sessions. Loaded only where the API names a Supabase project. */
export class SupabaseIssuer implements Issuer {
  private readonly client: SupabaseClient;

  constructor(config: Config) {
    if (!config.supabase_url || !config.supabase_anon_key)
      throw new Error("Supabase is not set up");
    this.client = createClient(config.supabase_url, config.supabase_anon_key, {
      auth: {
        storage: tabStorage,
        storageKey: "supabase",
        persistSession: true,
        autoRefreshToken: true,
        detectSessionInUrl: false,
      },
    });
  }

  async token(renew = false): Promise<string | null> {
    const { auth } = this.client;
    const { data } = await (renew ? auth.refreshSession() : auth.getSession());
    return data.session?.access_token ?? null;
  }

  async signOut(): Promise<void> {
    await this.client.auth.signOut({ scope: "local" });
    clear();
  }

  /** Sends a code to this address. The answer is the same whether somebody has it or not. */
  async sendCode(email: string): Promise<void> {
    const { error } = await this.client.auth.signInWithOtp({ email });
    if (error) throw error;
  }

  async signInWithCode(email: string, token: string): Promise<void> {
    const { error } = await this.client.auth.verifyOtp({ email, token, type: "email" });
    if (error) throw error;
  }

  async signInWithPassword(email: string, password: string): Promise<void> {
    const { error } = await this.client.auth.signInWithPassword({ email, password });
    if (error) throw error;
  }
}
