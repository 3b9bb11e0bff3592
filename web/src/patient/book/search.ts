/** Whose times are looked for. */
export interface Search {
  appointmentType: string;
  /** Null is any dentist. */
  dentistId: string | null;
  clinicId: string;
  /** The booking that is to move. */
  moving?: string;
}
