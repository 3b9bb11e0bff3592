import {
  type AppointmentStatus,
  type AppointmentType,
  type Dentist,
  type HoldInput,
  isRefusal,
  type Slot,
} from "@chairtime/client";
import { useHold } from "@chairtime/client/react";
import { useEffect, useRef } from "react";
import { useTranslation } from "react-i18next";
import { useLocation, useNavigate } from "react-router";
import { useUser } from "../../app/session/SessionProvider";
import { useFamily } from "../family/useFamily";
import { useNames } from "../useNames";
import { BookedPanel } from "./BookedPanel";
import { ChoiceBar } from "./ChoiceBar";
import { ExpiredPanel } from "./ExpiredPanel";
import { ForWhom } from "./ForWhom";
import { HoldPanel } from "./HoldPanel";
import { keepHold, takeHold } from "./pendingHold";
import { Refused } from "./Refused";
import { TypeStep } from "./TypeStep";
import { useChoice } from "./useChoice";
import { WhenStep } from "./WhenStep";

interface Props {
  types: readonly AppointmentType[];
  dentists: readonly Dentist[];
  clinic: string;
  /** Begins anew. */
  again: () => void;
}

const DONE: readonly AppointmentStatus[] = ["booked", "pending_approval", "cancelled", "declined"];

/** The steps of a booking: what, who and when, yours until, booked. */
export function Booking({ types, dentists, clinic, again }: Props) {
  const { t } = useTranslation("patient");
  const user = useUser();
  const navigate = useNavigate();
  const place = useLocation();
  const nameOf = useNames();
  const [choice, change] = useChoice();
  const isPatient = user?.role === "patient";
  const hold = useHold({ resume: isPatient });
  const family = useFamily();
  const other = family.data?.find(({ id }) => id === choice.for)?.id;
  const patient = other ? { patientId: other } : {};
  const type = types.find(({ slug }) => slug === choice.type);
  const dentist = dentists.find(({ id }) => id === choice.dentist);
  const zone = (dentist ?? dentists[0])?.time_zone ?? "UTC";
  const { appointment } = hold;

  function take(input: HoldInput) {
    if (!isPatient) {
      keepHold(input);
      navigate(`/sign-in?next=${encodeURIComponent(place.pathname + place.search)}`);
      return;
    }
    takeHold();
    hold.hold(input).then(
      () => change({ at: null, with: null }, true),
      () => undefined, // shown as hold.error
    );
  }

  function restart() {
    change({ at: null, with: null }, true);
    again();
  }

  useAfterSignIn(family.isError ? 0 : family.data?.length, take);

  const isLate = isRefusal(hold.error, "hold_expired");
  if (appointment && hold.isHeld && !isLate)
    return <HoldPanel hold={hold} appointment={appointment} what={nameOf(appointment)} />;
  if (appointment && (hold.isExpired || (isLate && appointment.status === "held")))
    return (
      <ExpiredPanel
        hold={hold}
        appointment={appointment}
        what={nameOf(appointment)}
        holdAnew={(slot) =>
          take({
            ...inputOf(slot, appointment.appointment_type),
            ...(appointment.patient_id ? { patientId: appointment.patient_id } : {}),
          })
        }
        again={restart}
      />
    );
  if (appointment && DONE.includes(appointment.status))
    return <BookedPanel appointment={appointment} what={nameOf(appointment)} again={restart} />;

  const chosen = type && choice.at && choice.with ? { at: choice.at, with: choice.with } : null;
  const refused = hold.error && (
    <Refused
      error={hold.error}
      isPending={hold.isPending}
      choose={(slot) => type && take({ ...inputOf(slot, type.slug), ...patient })}
    />
  );
  return (
    <>
      <TypeStep
        types={types}
        chosen={type?.slug ?? null}
        choose={(slug) => {
          change({ type: slug, at: null, with: null });
          requestAnimationFrame(showNextStep);
        }}
      />
      {isPatient && type && (
        <ForWhom chosen={other ?? null} choose={(id) => change({ for: id }, true)} />
      )}
      {type && (
        <WhenStep
          search={{
            appointmentType: type.slug,
            dentistId: dentist?.id ?? null,
            clinicId: clinic,
          }}
          dentists={dentists}
          zone={zone}
          choice={choice}
          change={change}
        />
      )}
      {!chosen && refused}
      {chosen && type && (
        <ChoiceBar
          what={nameOf({
            appointment_type: type.slug,
            clinic_id: clinic,
            dentist_id: chosen.with,
            patient_id: other ?? null,
          })}
          startsAt={chosen.at}
          endsAt={new Date(Date.parse(chosen.at) + type.duration_minutes * 60_000).toISOString()}
          zone={zone}
          action={
            type.hold_seconds < 60
              ? t("book.hold_seconds", { count: type.hold_seconds })
              : t("book.hold", { count: Math.round(type.hold_seconds / 60) })
          }
          isPending={hold.isPending}
          run={() =>
            take({
              dentistId: chosen.with,
              startsAt: chosen.at,
              appointmentType: type.slug,
              ...patient,
            })
          }
        >
          {refused}
        </ChoiceBar>
      )}
    </>
  );
}

/** On a phone the next step begins below the fold. */
function showNextStep(): void {
  const step = document.getElementById("when");
  if (step && step.getBoundingClientRect().top > window.innerHeight * 0.6)
    step.scrollIntoView({ behavior: "smooth", block: "start" });
}

function inputOf(slot: Slot, appointmentType: string): HoldInput {
  return { dentistId: slot.dentist_id, startsAt: slot.starts_at, appointmentType };
}

/** Holds what a visitor had chosen, once they have signed in. Those who have linked patients are
 * asked first for whom it is. */
function useAfterSignIn(linked: number | undefined, take: (input: HoldInput) => void): void {
  const latest = useRef(take);
  latest.current = take;
  useEffect(() => {
    if (linked === undefined) return;
    const input = takeHold();
    if (input && linked > 0) document.getElementById("for-whom")?.focus();
    else if (input) latest.current(input);
  }, [linked]);
}
