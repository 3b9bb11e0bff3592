import type { Conversation, Offer, ToolArguments } from "@chairtime/client";
import type { Wishes } from "./understanding";

/** Times or bookings that are offered at once. */
export const OFFERED = 3;

/** What the person wishes, and the times that were last offered. */
export class Search {
  offers: readonly Offer[] = [];
  /** Whether the person said no to them: one may still be chosen, but not by a plain “yes”. */
  rejected = false;
  private wishes: Wishes = {};

  constructor(
    private readonly tool: Conversation["tool"],
    private readonly says: (name: string) => string,
  ) {}

  /** Forgets what was wished before. */
  begin(wishes: Wishes): void {
    this.wishes = wishes;
    this.offers = [];
  }

  /** Searches with these wishes too. `later`: after the times that were offered. */
  async refine(wishes: Wishes, later: boolean): Promise<string[]> {
    this.wishes = { ...this.wishes, not_before: null, earliest: null, ...wishes };
    const last = this.offers.at(-1);
    if (later && last) this.wishes.not_before = last.starts_at;
    return this.run();
  }

  async run(): Promise<string[]> {
    if (!this.wishes.appointment_type) return [this.says("treatment")];
    // A null counts as an absent argument.
    const asked = this.wishes as ToolArguments<"find_slots">;
    const answer = await this.tool("find_slots", asked);
    if (!answer.ok) return [answer.say];
    const after = answer.slots.filter((each) => each.starts_at !== asked.not_before);
    const next = answer.next_available ? [answer.next_available] : [];
    return this.offer(after.length > 0 ? after : next, answer.say);
  }

  /** Offers the first of these times. */
  offer(offers: readonly Offer[], said: string): string[] {
    this.offers = offers.slice(0, OFFERED);
    this.rejected = false;
    const lines = this.offers.map((each, n) => `${n + 1}. ${each.say}`);
    return [said, ...lines, this.says(lines.length > 0 ? "choose" : "other")];
  }
}
