// A bot that holds a time, reads it back, and books it when the person agrees. If the hold expires
// first, it hears of that by the event stream and offers another time.
//
// CHAIRTIME_URL=… CHAIRTIME_TOKEN=$(chairtime token --role agent) npx -y tsx --conditions=chairtime-source ./examples/bot.ts PATIENT_ID checkup
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { createClient, type Offer, supabaseToken } from "@chairtime/client";

const [patient_id = "", appointment_type = "checkup"] = process.argv.slice(2);
const { CHAIRTIME_URL = "", CHAIRTIME_TOKEN, SUPABASE_URL = "", SUPABASE_KEY = "" } = process.env;
const { AGENT_EMAIL: email = "", AGENT_PASSWORD: password = "" } = process.env;
// Development: of the local issuer. Production: of a Supabase user whose role is agent.
const getToken = CHAIRTIME_TOKEN
  ? () => CHAIRTIME_TOKEN
  : supabaseToken({ url: SUPABASE_URL, key: SUPABASE_KEY, email, password });

const client = createClient({ baseUrl: CHAIRTIME_URL, getToken });
const bot = client.conversation({ conversation_id: randomUUID(), language: "en" });
const say = (text: string) => process.stdout.write(`Bot: ${text}\n`);
const tried = new Set<string>();

/** Holds a time that was not tried before: one that is found, or that a refusal offers. */
async function hold() {
  let offers: Offer[] = [];
  for (;;) {
    if (offers.length === 0) {
      const found = await bot.tool("find_slots", { appointment_type });
      offers = found.ok ? found.slots : found.alternatives;
    }
    const offer = offers.find((each) => !tried.has(each.starts_at));
    if (!offer) throw new Error("I found no free time.");
    const { dentist_id, starts_at } = offer;
    tried.add(starts_at);
    const visit = { dentist_id, starts_at, appointment_type, patient_id };
    const held = await bot.tool("hold_slot", visit);
    if (held.ok) return held;
    say(held.say);
    offers = held.alternatives;
  }
}

/** Resolves when the hold has expired. */
async function expired(id: string, signal: AbortSignal): Promise<null> {
  for await (const item of client.appointmentEvents(id, { signal })) {
    if (item.type === "event" && item.kind === "appointment.expired") break;
    if (item.type === "snapshot" && item.appointment.status === "expired") break;
  }
  return null;
}

const stdin = process.stdin.setEncoding("utf8");
const answer = once(stdin, "data").then(([line]) => String(line));
for (let agreed: string | null = null; agreed === null; ) {
  const held = await hold();
  say(`${held.read_back} Shall I book it?`);
  const leave = new AbortController();
  agreed = await Promise.race([answer, expired(held.booking_id, leave.signal)]);
  leave.abort();
  const { booking_id, hold_token, read_back_hash } = held;
  if (agreed === null) say("The held time has expired. I look for another.");
  else if (agreed.trim().toLowerCase() !== "yes")
    say((await bot.tool("cancel_booking", { booking_id, hold_token })).say);
  else say((await bot.tool("confirm_booking", { booking_id, hold_token, read_back_hash })).say);
}
stdin.destroy();
