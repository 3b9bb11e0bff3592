/** What the API tells the page about the place it runs in; see api/web/config.py. */
export interface Config {
  environment: "production" | "development";
  sign_in: "development" | "supabase" | null;
  supabase_url: string | null;
  supabase_anon_key: string | null;
  temporal_ui_url: string | null;
  metrics_url: string | null;
}

let loading: Promise<Config> | undefined;

/** The configuration, loaded once. A failed load is tried again by the next call. */
export function loadConfig(): Promise<Config> {
  loading ??= load().catch((error: unknown) => {
    loading = undefined;
    throw error;
  });
  return loading;
}

async function load(): Promise<Config> {
  const answer = await fetch("/api/config");
  if (!answer.ok) throw new Error(`GET /api/config: ${answer.status}`);
  return (await answer.json()) as Config;
}
