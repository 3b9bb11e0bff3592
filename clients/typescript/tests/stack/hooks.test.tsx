import { afterEach, expect, test } from "vitest";
import { createClient, isRefusal } from "../../src/index.js";
import {
  createQueryClient,
  useAppointments,
  useAvailability,
  useCancel,
  useDentists,
  useHold,
  useLive,
  useMove,
} from "../../src/react/index.js";
import {
  api,
  clientOf,
  kill,
  type Person,
  person,
  slot,
  slots,
  start,
  until,
  visit,
} from "./harness.js";
import { Page } from "./rendered.js";

const open: Page<unknown>[] = [];

afterEach(() => {
  for (const page of open.splice(0)) page.close();
});

function page<Result>(who: Person, use: () => Result): Page<Result> {
  const made = new Page(clientOf(who), use);
  open.push(made as Page<unknown>);
  return made;
}

const dayOf = (startsAt: string) => startsAt.slice(0, 10);

test("what one patient holds is held for another, and free when it is given back", async () => {
  const [one, two] = [await person(), await person()];
  const place = await slot();
  const query = { ...place, date: dayOf(place.startsAt), include: "all" as const };
  const board = page(two, () => ({ slots: useAvailability(query), live: useLive() }));
  const holder = page(one, () => useHold());
  const state = () =>
    board.current?.slots.data?.slots.find(
      (it) => Date.parse(it.starts_at) === Date.parse(place.startsAt),
    )?.state;
  await until(() => board.current?.live.state === "live" && state() === "free");

  await holder.current?.hold(place);
  expect(holder.current?.appointment?.status ?? "held").toBe("held");
  await until(() => state() === "held");
  await until(() => (holder.current?.remainingSeconds ?? 0) > 200);
  await holder.current?.release();
  await until(() => state() === "free");
});

test("a hold that runs out is expired by the clock of the server, and told", async () => {
  const patient = await person();
  const place = { ...(await slot()), appointmentType: await visit(3) };
  const holder = page(patient, () => useHold());
  await until(() => holder.current);
  await holder.current?.hold(place);
  await until(() => holder.current?.isHeld);
  await until(() => holder.current?.isExpired);
  await until(() => holder.current?.appointment?.status === "expired");
  const seconds = holder.results.map((it) => it.remainingSeconds).filter((it) => it !== null);
  expect(seconds).toEqual([...seconds].sort((a, b) => b - a));
});

test("after the API was killed and things changed, the hooks show what the server says", async () => {
  const [patient, admin] = [await person(), await person("admin")];
  const other = clientOf(patient, { userId: null });
  const [one, two, three, four] = await slots(4);
  const [first, second] = [await other.commands.book(one), await other.commands.book(two)];
  const shown = page(patient, () => ({
    list: useAppointments(),
    booked: useAppointments({ status: ["booked"] }),
    live: useLive(),
  }));
  await until(
    () => shown.current?.live.state === "live" && shown.current.list.data?.items.length === 2,
  );

  await kill();
  await until(() => shown.current?.live.state !== "live");
  await start();
  await other.commands.run("cancel", first?.id ?? "", { reason: "ill" });
  await other.commands.run("move", second?.id ?? "", { startsAt: three.startsAt });
  await clientOf(admin).commands.run("edit", second?.id ?? "", { staffNotes: "was here" });
  const third = await other.commands.hold(four);
  await until(() => shown.current?.live.state === "live");

  const truth = async () => (await other.api.GET("/api/appointments")).data?.items ?? [];
  const plain = (items: { id: string; status: string; version: number; starts_at: string }[]) =>
    items.map(({ id, status, version, starts_at }) => ({ id, status, version, starts_at }));
  const list = () => plain(shown.current?.list.data?.items ?? []);
  const equal = async () => JSON.stringify(plain(await truth())) === JSON.stringify(list());
  await until(equal).catch(async () => expect(list()).toEqual(plain(await truth())));
  expect(shown.current?.list.data?.items.some((it) => it.id === third.id)).toBe(true);
  expect(shown.current?.booked.data?.items.map((it) => it.id)).toEqual([second.id]);
});

test("a refused change is shown and taken back, and its refusal is typed", async () => {
  const patient = await person();
  const other = clientOf(patient, { userId: null });
  const [taken, mine] = await slots(2);
  const stranger = await person();
  await clientOf(stranger).commands.book(taken);
  const booked = await other.commands.book(mine);
  const shown = page(patient, () => ({
    list: useAppointments(),
    move: useMove(),
    cancel: useCancel(),
  }));
  await until(() => shown.current?.list.data?.items.length === 1);
  const refusal = await shown.current?.move
    .mutateAsync({ id: booked.id, dentistId: taken.dentistId, startsAt: taken.startsAt })
    .catch((error: unknown) => error);
  expect(refusal).toMatchObject({ name: "Refusal", code: "slot_unavailable" });
  await until(() => shown.current?.list.data?.items[0]?.starts_at === booked.starts_at);
  const starts = shown.results.map((it) => it.list.data?.items[0]?.starts_at);
  expect(starts).toContain(new Date(taken.startsAt).toISOString());
  await shown.current?.cancel.mutateAsync({ id: booked.id, reason: "ill" });
  await until(() => shown.current?.list.data?.items[0]?.status === "cancelled");
});

test("dentists are read without a token and without a stream", async () => {
  const reader = new Page(createClient({ baseUrl: api }), () => ({
    dentists: useDentists(),
    live: useLive(),
  }));
  open.push(reader as Page<unknown>);
  await until(() => (reader.current?.dentists.data?.length ?? 0) > 2);
  expect(reader.current?.live.state).toBe("off");
});

test("a visitor sees holds come and go, and misses nothing while signing in", async () => {
  const [holder, patient] = [await person(), await person()];
  const place = await slot();
  const query = { ...place, date: dayOf(place.startsAt), days: 7, include: "all" as const };
  const visitor = createClient({ baseUrl: api, userId: null });
  const queries = createQueryClient();
  const shown = new Page(
    visitor,
    () => ({ slots: useAvailability(query), live: useLive() }),
    queries,
  );
  open.push(shown as Page<unknown>);
  const state = (of: { startsAt: string; dentistId: string }) =>
    shown.current?.slots.data?.slots.find(
      (it) =>
        Date.parse(it.starts_at) === Date.parse(of.startsAt) && it.dentist_id === of.dentistId,
    )?.state;
  await until(() => shown.current?.live.state === "live" && state(place) === "free");
  const { commands } = clientOf(holder, { userId: null });
  const held = await commands.hold(place);
  await until(() => state(place) === "held");

  const signedIn = clientOf(patient);
  const released = commands.run("release", held.id, {});
  shown.showTo(signedIn);
  await released;
  await until(() => signedIn.live.status.state === "live" && state(place) === "free");
  expect(visitor.live.status.state).toBe("off");
  await commands.hold(place);
  await until(() => state(place) === "held");
  const kept = queries.getQueryCache().getAll();
  expect(kept.every((it) => it.queryKey[1] === patient.id)).toBe(true);
});

test("a running hold is taken up after a reload and in another tab, and lives on there", async () => {
  const patient = await person();
  const first = page(patient, () => useHold());
  await until(() => first.current);
  const made = await first.current?.hold(await slot());
  first.close();
  const reloaded = page(patient, () => useHold({ resume: true }));
  const tab = page(patient, () => useHold({ resume: true }));
  await until(() => reloaded.current?.isHeld && tab.current?.isHeld);
  expect(reloaded.current?.appointment?.id).toBe(made?.id);
  const until0 = reloaded.current?.appointment?.hold_expires_at ?? "";
  const extended = await tab.current?.extend();
  expect(Date.parse(extended?.hold_expires_at ?? "")).toBeGreaterThan(Date.parse(until0));
  await until(() => reloaded.current?.appointment?.hold_expires_at === extended?.hold_expires_at);
  await tab.current?.confirm({ notes: "window seat" });
  await until(() => reloaded.current?.appointment?.status === "booked");
  await until(() => reloaded.current?.appointment?.notes === "window seat");
  expect([tab.current?.isHeld, tab.current?.isExpired]).toEqual([false, false]);
});

test("a hold that was taken up and is cleared stays forgotten", async () => {
  const patient = await person();
  const first = page(patient, () => useHold());
  await until(() => first.current);
  const made = await first.current?.hold(await slot());
  const reloaded = page(patient, () => useHold({ resume: true }));
  await until(() => reloaded.current?.isHeld);
  reloaded.current?.clear();
  await until(() => reloaded.current?.appointment === undefined);
  await first.current?.extend();
  await until(() => first.current?.appointment?.extensions_left === 1);
  expect(reloaded.current?.appointment).toBeUndefined();
  await first.current?.release();
  expect(made?.status).toBe("held");
});

test("a confirm after the deadline is refused with alternatives", async () => {
  const patient = await person();
  const holder = page(patient, () => useHold());
  await until(() => holder.current);
  await holder.current?.hold({ ...(await slot()), appointmentType: await visit(1) });
  await until(() => holder.current?.isExpired);
  const refusal = await holder.current?.confirm().catch((error: unknown) => error);
  expect(refusal).toMatchObject({ name: "Refusal", code: "hold_expired" });
  await until(() => holder.current?.error);
  expect(isRefusal(holder.current?.error, "hold_expired")).toBe(true);
});

test("what may be done follows each change, for patient and staff", async () => {
  const [patient, admin] = [await person(), await person("admin")];
  const place = await slot();
  const filter = { from: place.startsAt, dentistId: place.dentistId };
  const shown = [patient, admin].map((who) => page(who, () => useAppointments(filter)));
  await until(() => shown.every((it) => it.current?.data));
  const held = await clientOf(patient).commands.hold(place);
  const of = (it: (typeof shown)[number] | undefined) =>
    it?.current?.data?.items.find((item) => item.id === held.id);
  await until(() => shown.every((it) => of(it)?.allowed.includes("confirm")));
  expect(of(shown[1])?.patient_name).toBeDefined();
  await clientOf(patient).commands.run("confirm", held.id, {});
  await until(() => shown.every((it) => of(it)?.status === "booked"));
  await until(() => shown.every((it) => !of(it)?.allowed.includes("confirm")));
  await until(() => of(shown[0])?.cancel_until);
});

test("another user of the browser finds nothing of the one before", async () => {
  const [first, second] = [await person(), await person()];
  const queryClient = createQueryClient();
  const place = await slot();
  await clientOf(first, { userId: null }).commands.book(place);
  const one = new Page(clientOf(first), () => useAppointments(), queryClient);
  await until(() => one.current?.data?.items.length === 1);
  one.close();
  const two = new Page(clientOf(second), () => useAppointments(), queryClient);
  open.push(two as Page<unknown>);
  await until(() => two.current?.data);
  expect(two.results.flatMap((it) => it.data?.items ?? [])).toEqual([]);
  const kept = queryClient.getQueryCache().getAll();
  expect(kept.every((query) => query.queryKey[1] === second.id)).toBe(true);
});

test("signing out empties the cache, in all tabs", async () => {
  const patient = await person();
  const caches = [createQueryClient(), createQueryClient()];
  const tabs = caches.map(
    (cache) =>
      new Page(clientOf(patient), () => ({ list: useAppointments(), live: useLive() }), cache),
  );
  open.push(...(tabs as Page<unknown>[]));
  await until(() =>
    tabs.every((tab) => tab.current?.live.state === "live" && tab.current.list.data),
  );
  tabs[0]?.current?.live.signOut();
  await until(() => tabs.every((tab) => tab.current?.live.state === "signed_out"));
  const data = caches.flatMap((cache) =>
    cache
      .getQueryCache()
      .getAll()
      .map((it) => it.state.data),
  );
  expect(data.filter((it) => it !== undefined)).toEqual([]);
});
